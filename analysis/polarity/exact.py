"""Arithmetic whose result is the same on every machine and in every batch.

Sums are of whole numbers. What is not whole goes through additions, multiplications, divisions and
roots of one number at a time, which IEEE 754 rounds in one way only; `exp` of a maths library does
not have that property, so there is one here, made of those.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_LN2_HIGH: Final = 6.93147180369123816490e-01
_LN2_LOW: Final = 1.90821492927058770002e-10
_LOG2_E: Final = 1.4426950408889634
_SMALLEST: Final = -700.0
_TAYLOR: Final = tuple(1.0 / f for f in (6227020800, 479001600, 39916800, 3628800, 362880, 40320,
                                         5040, 720, 120, 24, 6, 2, 1, 1))  # fmt: skip

Floats = NDArray[np.float64]


def exp(values: Floats) -> Floats:
    """Return e to the values (at most 0; below −700 counts as −700), to 15 digits."""
    values = np.maximum(values, _SMALLEST)
    twos = np.rint(values * _LOG2_E)
    rest = values - twos * _LN2_HIGH
    rest = rest - twos * _LN2_LOW
    total = np.full_like(rest, _TAYLOR[0])
    for factor in _TAYLOR[1:]:
        total *= rest
        total += factor
    return np.ldexp(total, twos.astype(np.int32))


def softmax(logits: Floats) -> Floats:
    """Return probabilities along the last axis, summed from its first to its last element."""
    powers = exp(logits - logits.max(axis=-1, keepdims=True))
    return shares(powers)


def shares(parts: Floats) -> Floats:
    """Return parts of the last axis as shares of their sum, summed from first to last."""
    total = parts[..., 0].copy()
    for column in range(1, parts.shape[-1]):
        total = total + parts[..., column]
    return parts / total[..., None]
