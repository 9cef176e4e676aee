"""From a page that somebody saw to a fixture that may be committed."""
