"""The parts of the page 设置, a file each."""
