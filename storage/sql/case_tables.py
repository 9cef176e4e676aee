"""Cases and what belongs to one: leads, promises, drafts."""
