"""Which pages, in what order."""
