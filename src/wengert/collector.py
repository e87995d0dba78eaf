"""Python's garbage collector, paused while large Programs are made.

Building a Program allocates many small objects and no garbage; the collector would walk all of them
again and again (measured: half the time of a first gradient of ten thousand loop turns).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_depth = 0
_was_enabled = False


@contextmanager
def paused_collector() -> Iterator[None]:
    """No cyclic garbage collection inside; as it was before, afterwards. Nests, in any thread."""
    global _depth, _was_enabled
    with _lock:
        if _depth == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0 and _was_enabled:
                gc.enable()
