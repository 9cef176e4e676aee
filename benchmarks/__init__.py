"""What `koubei bench` runs: ratios against named peers, measured in one run."""
