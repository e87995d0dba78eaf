"""Addresses that native code refers to by name.

Object code that is kept on disk must hold no address of this process, so it calls BLAS, the C API
and the library's own helpers as external symbols, which the engine binds here when it links.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from wengert.errors import InternalError

_addresses: dict[str, int] = {}
_resolvers: dict[str, Callable[[str], int | None]] = {}


def register(name: str, address: int) -> None:
    """Let native code refer to `address` as the external symbol `name`.

    A name keeps its address for the life of the process: code already linked holds the first one.
    """
    known = _addresses.setdefault(name, address)
    if known != address or not address:
        raise InternalError(
            f"the native symbol {name!r} cannot be bound to this address.",
            got=f"{address:#x}",
            expected="an address other than 0" if not address else f"{known:#x}, as before",
        )


def register_function(name: str, function: ctypes._NamedFuncPointer) -> None:
    """Register the address of a function that ctypes has found in a shared library."""
    register(name, ctypes.cast(function, ctypes.c_void_p).value or 0)


def register_resolver(prefix: str, resolve: Callable[[str], int | None]) -> None:
    """Ask `resolve(name)` for names that begin with `prefix`, once each, when they are needed."""
    _resolvers[prefix] = resolve


def address(name: str) -> int | None:
    """The address registered for `name`, or found by a resolver; None where there is none."""
    known = _addresses.get(name)
    if known is None:
        for prefix, resolve in _resolvers.items():
            if name.startswith(prefix):
                found = resolve(name)
                if found is not None:
                    return _addresses.setdefault(name, found)
    return known
