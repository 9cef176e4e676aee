"""A person's corrections of what the model said."""
