"""The lowest point of a smooth function, by limited-memory BFGS (Nocedal, Math. Comp. 35, 1980)."""

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Slope = Callable[[Floats], tuple[float, Floats]]
"""A place → how high it is there, and which way is up."""

_REMEMBERED: Final = 7
_HALVINGS: Final = 12
_ENOUGH: Final = 1e-4
"""The share of what the slope promises that a step must win, and of the height that ends it."""


def lowest(slope: Slope, start: Floats, *, steps: int) -> Floats:
    """Return the place that at most `steps` steps down from `start` reach."""
    place = start
    height, up = slope(place)
    past: deque[tuple[Floats, Floats]] = deque(maxlen=_REMEMBERED)
    for _ in range(steps):
        way = -_bent(up, past)
        promised = float(up @ way)
        length = 1.0
        for _ in range(_HALVINGS):
            new = place + length * way
            new_height, new_up = slope(new)
            if new_height <= height + _ENOUGH * length * promised:
                break
            length /= 2
        else:
            return place
        if float((new - place) @ (new_up - up)) > 0:
            past.append((new - place, new_up - up))
        won = height - new_height
        place, height, up = new, new_height, new_up
        if won < _ENOUGH * abs(height):
            break
    return place


def _bent(up: Floats, past: deque[tuple[Floats, Floats]]) -> Floats:
    """Return the slope times what is known of the inverse of the curvature."""
    if not past:
        return up / max(float(np.linalg.norm(up)), 1e-9)
    way = up.copy()
    shares = []
    for moved, turned in reversed(past):
        share = float(moved @ way) / float(turned @ moved)
        shares.append(share)
        way -= share * turned
    moved, turned = past[-1]
    way *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), share in zip(past, reversed(shares), strict=True):
        way += (share - float(turned @ way) / float(turned @ moved)) * moved
    return way
