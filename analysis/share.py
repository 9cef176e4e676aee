"""The negative share: is this hour's share of negatives below, at, or above what is usual?

A positive wave raises counts, not the share; the test keeps it from looking like a crisis.
"""

from math import exp, lgamma

MIN_VOICES = 20
MIN_NEGATIVES = 5
BELOW_NORMAL = 0.7
"""A share is below normal when it is smaller than usual, and more than this part of usual windows
would hold as many negatives."""

_WHOLE_TAIL = 1.0


def upper_tail(negative: int, total: int, share: float, correlation: float) -> float:
    """Return P(X ≥ negative), X beta-binomial of `total` with mean `share`; small is surprising.

    `correlation` ρ gives α = p(1/ρ − 1), β = (1 − p)(1/ρ − 1). It is held within what makes the
    standard deviation of the share at most half of the share, ρ ≤ p / 4(1 − p): a share that has
    halved is then below normal for every brand, however restless its history was.
    """
    if negative <= 0:
        return _WHOLE_TAIL
    share = min(max(share, 1e-4), 1 - 1e-4)
    rho = min(max(correlation, 1e-4), share / (4 * (1 - share)), 0.5)
    size = 1 / rho - 1
    alpha, beta = share * size, (1 - share) * size
    if negative > total / 2:
        return min(_mass(range(negative, total + 1), total, alpha, beta), _WHOLE_TAIL)
    return max(_WHOLE_TAIL - _mass(range(negative), total, alpha, beta), 0.0)


def _mass(counts: range, total: int, alpha: float, beta: float) -> float:
    """P(X in counts) of the beta-binomial, by the ratio of neighbouring terms."""
    if not counts:
        return 0.0
    first = counts[0]
    term = exp(
        lgamma(total + 1)
        - lgamma(first + 1)
        - lgamma(total - first + 1)
        + lgamma(first + alpha)
        + lgamma(total - first + beta)
        - lgamma(total + alpha + beta)
        + lgamma(alpha + beta)
        - lgamma(alpha)
        - lgamma(beta)
    )
    mass = 0.0
    for count in counts:
        mass += term
        if count < total:
            odds = (total - count) * (count + alpha) / (total - count - 1 + beta)
            term *= odds / (count + 1)
    return mass
