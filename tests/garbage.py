"""Python's search for cycles, kept from what lives to the end of the run.

Thousands of collected tests and every module they import are looked through again at each full
collection; that was a fifth of the time of a run. What there is when the tests begin is set apart
(`gc.freeze`), and what a test leaves behind is still found: a file or a connection that nobody
closed is a ResourceWarning, and so a failure.
"""

import gc
from typing import Final

_YOUNG: Final = 20_000
"""New containers before the youngest are looked through; Python's own 700 suits small heaps."""
_ROUNDS: Final = 20


def pytest_collection_finish() -> None:
    """Set apart what was imported and collected."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _ROUNDS, _ROUNDS)
