"""`python -m cli` is `koubei`."""

from cli.main import main

main()
