"""The pool of threads for large loops: linking, how many there are, and forks.

The number of threads is `WENGERT_THREADS`, by default that of the processors this process may run
on; 1 switches them off. No result depends on it: blocks are cut by shape alone (`parallel.py`).
Workers start with the first large loop, run machine code only (`threads_ir.py`) and end with the
process.
"""

from __future__ import annotations

import ctypes
import functools
import os

from wengert.native import engine, symbols
from wengert.native.threads_ir import EXPORTS, THREADS_IR

LARGEST = 1024  # threads


def wanted() -> int:
    """How many threads a large loop may use, the caller's included."""
    try:
        asked = int(os.environ.get("WENGERT_THREADS", ""))
    except ValueError:
        asked = 0
    if asked > 0:
        return min(asked, LARGEST)
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), LARGEST)
    return min(os.cpu_count() or 1, LARGEST)


@functools.lru_cache(maxsize=1)
def _module() -> engine.Linked:
    linked = engine.link(THREADS_IR, "wengert_threads", exports=EXPORTS)
    linked.keep_forever()  # workers wait in this code until the process ends
    reset = ctypes.CFUNCTYPE(None)(linked.address("wg_threads_reset"))
    reset()
    _word(linked, "wg_threads_limit").value = wanted()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=reset)
    return linked


def _word(linked: engine.Linked, name: str) -> ctypes.c_int64:
    return ctypes.c_int64.from_address(linked.address(name))


def n_threads() -> int:
    """The threads that large loops are shared between."""
    return _word(_module(), "wg_threads_limit").value


def n_started() -> int:
    """The workers that have been started, which is 0 until a large loop has run."""
    return _word(_module(), "wg_threads_started").value


def _resolve(name: str) -> int | None:
    return _module().address(name) if name == "wg_parallel" else None


def register() -> None:
    """Let native code find `wg_parallel`; the pool is linked with the first kernel that does."""
    symbols.register_resolver("wg_parallel", _resolve)
