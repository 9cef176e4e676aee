"""The `koubei` command, a file per group of commands; the one place that may import every room."""
