"""What the machine does, one step a file."""
