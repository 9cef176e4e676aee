"""The garbage collector, in work that makes many small objects."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def settled_heap() -> Iterator[None]:
    """Keep what is held by now out of the collector's rounds meanwhile.

    Modules, tables and statements stay anyway; to walk them whenever some ten thousand mentions'
    objects were made costs a tenth of an ingest. A heap that is settled already stays as it is.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
