"""The embedded mention store."""
