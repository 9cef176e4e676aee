"""Placeholder until the presentation branch lands."""


def mask_name(name: str) -> str:
    """Mask."""
    return name[:1] + "**" if name else ""
