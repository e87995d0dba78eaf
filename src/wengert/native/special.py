"""SciPy's special functions in native code: the C functions that `cython_special` exports.

A function of real numbers is called number by number through the symbol
`wg_special_<name>_<letters>`, which is resolved when the kernel is linked. They need no interpreter
lock. An integer in front, a degree or an order, is passed as one. What has no such form (complex
arguments, functions with several results) calls the interpreter back.
"""

from __future__ import annotations

import ctypes
import importlib
import re
from functools import lru_cache
from typing import Any

from wengert.ir.emission import NotNative
from wengert.native import symbols
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, Value

_PREFIX = "wg_special_"
# Cython adds an argument that says whether to look for an overriding Python method.
_SIGNATURE = re.compile(r"double \(((?:\w+, )+)int __pyx_skip_dispatch\)")
# A letter for each C type; `long` has the width of a pointer wherever it is used (LP64).
_LETTERS = {"double": "d", "long": "l", "Py_ssize_t": "l"}
_KINDS = {"d": "f8", "l": "i8"}


def emit(b: Arithmetic, name: str, *xs: Any) -> Value:
    """A call for each lane, in double precision as SciPy's own."""
    if not all([isinstance(x, Value) for x in xs]):
        raise NotNative
    letters = "".join([_letter(x.kind) for x in xs])
    if "d" not in letters or _exported(name, letters) is None:
        raise NotNative
    # Beside an integer SciPy computes in double precision only.
    kind = "f8" if "l" in letters else xs[0].kind
    operands, lanes = b.together(
        *[b.convert(x, _KINDS[c]) for x, c in zip(xs, letters, strict=True)]
    )
    symbol = f"{_PREFIX}{name}_{letters}"
    b.declare(symbol, "double", [*[LLVM_TYPES[_KINDS[c]] for c in letters], "i32"])
    if lanes:
        parts = [_call(b, symbol, [b.extract(x, i) for x in operands]) for i in range(lanes)]
        return b.convert(b.gather_lanes(parts), kind)
    return b.convert(_call(b, symbol, operands), kind)


def _letter(kind: str) -> str:
    if kind in ("f4", "f8"):
        return "d"
    if kind[0] == "i" and ctypes.sizeof(ctypes.c_long) == ctypes.sizeof(ctypes.c_int64):
        return "l"
    raise NotNative


def _call(b: Arithmetic, symbol: str, xs: list[Value]) -> Value:
    arguments = ", ".join([x.operand for x in xs])
    return b.pure(
        (symbol, *[x.text for x in xs]),
        f"call {LLVM_TYPES['f8']} @{symbol}({arguments}, i32 0)",
        "f8",
        0,
        max([x.depth for x in xs]),
    )


@lru_cache(maxsize=1000)
def _exported(name: str, letters: str) -> Any:
    """The capsule of the function of such numbers; None if SciPy does not export it."""
    table = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    pattern = re.compile(rf"(__pyx_fuse_[0-9_]+)?{re.escape(name)}")
    for key, capsule in table.items():
        if pattern.fullmatch(key):
            found = _SIGNATURE.fullmatch(_signature(capsule).decode())
            types = found[1].split(", ")[:-1] if found is not None else []
            if [_LETTERS.get(t) for t in types] == list(letters):
                return capsule
    return None


def _signature(capsule: Any) -> bytes:
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return get_name(capsule)


def _resolve(symbol: str) -> int | None:
    name, _, letters = symbol.removeprefix(_PREFIX).rpartition("_")
    capsule = _exported(name, letters)
    if capsule is None:
        return None
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype = ctypes.c_void_p
    get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return int(get_pointer(capsule, _signature(capsule)))


symbols.register_resolver(_PREFIX, _resolve)
