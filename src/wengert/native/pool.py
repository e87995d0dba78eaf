"""Linking of the result pool, and what may be asked of it."""

from __future__ import annotations

import ctypes
import functools
import os

from wengert.native import engine, symbols
from wengert.native.pool_ir import DEFAULT_LIMIT, POOL


class _Handler(ctypes.Structure):
    """PyDataMem_Handler of NEP 49: what a NumPy array frees its memory with."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", ctypes.c_void_p),
        ("malloc", ctypes.c_void_p),
        ("calloc", ctypes.c_void_p),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    )


@functools.lru_cache(maxsize=1)
def _module() -> engine.Linked:
    """Link the pool and register its functions and its handler as symbols."""
    linked = engine.link(
        POOL,
        "wengert_pool",
        exports=[f"wg_pool_{n}" for n in "malloc calloc realloc free flush bytes limit".split()],
    )
    limit = ctypes.c_int64.from_address(linked.address("wg_pool_limit"))
    try:
        limit.value = max(0, int(os.environ.get("WENGERT_POOL_SIZE", DEFAULT_LIMIT)))
    except ValueError:
        limit.value = DEFAULT_LIMIT
    names = ("malloc", "calloc", "realloc", "free")
    handler = _Handler(b"wengert_pool", 1, None, *[linked.address(f"wg_pool_{n}") for n in names])
    prototype = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
    )
    name = b"mem_handler"  # the capsule keeps this pointer
    make = prototype(("PyCapsule_New", ctypes.pythonapi))
    capsule = make(ctypes.addressof(handler), name, None)
    # Arrays may outlive every module: what frees them is never taken down.
    linked.keep_forever()
    for needed in (handler, name, capsule):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(needed))
    symbols.register("wg_pool_malloc", linked.address("wg_pool_malloc"))
    symbols.register("wg_pool_free", linked.address("wg_pool_free"))
    symbols.register("wg_pool_handler", id(capsule))
    return linked


def ensure() -> None:
    """Link the pool, once."""
    _module()


def free_bytes() -> int:
    """Bytes held in blocks that no array uses; at most `WENGERT_POOL_SIZE`, by default 256 MiB."""
    return ctypes.c_int64.from_address(_module().address("wg_pool_bytes")).value


def release() -> None:
    """Give all free blocks back to the system."""
    # PYFUNCTYPE keeps Python's lock, under which the pool is used.
    ctypes.PYFUNCTYPE(None)(_module().address("wg_pool_flush"))()
