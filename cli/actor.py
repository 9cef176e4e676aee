"""Who acts at a terminal."""

import getpass
import os


def actor() -> str:
    """Return whom an audit row names: the account of the machine that typed the command."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container whose user has no name
        return f"cli:uid-{os.getuid()}"
