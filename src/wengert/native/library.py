"""BLAS and LAPACK for native code: the functions that SciPy exports, on one thread each.

Native code calls `wg_blas_dgemm` or `wg_lapack_dgetrf` with Fortran's conventions: every argument
by address, integers of 32 bits. The names are resolved when a kernel that uses them is linked, and
only then is SciPy imported.

A function with such calls runs between `wg_blas_enter` and `wg_blas_leave`. In between SciPy's
OpenBLAS works on one thread, because its results depend on how many it has; before and after, it
has what the user gave it. NumPy brings another copy of the library, which is left alone.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import itertools
import os
from typing import Any

import numpy as np

from wengert.errors import InternalError
from wengert.native import engine, symbols, threads

ENTER, LEAVE = "wg_blas_enter", "wg_blas_leave"
_FORK = "wg_blas_forked"
_CUT = "wg_blas_cut_"
_MODULES = {"wg_blas_": "cython_blas", "wg_lapack_": "cython_lapack"}

# `lock` is held for a few instructions; `n` counts the functions between enter and leave.
_IR = f"""
@lock = internal global i32 0
@n = internal global i64 0
@before = internal global i32 0
declare i32 @wg_openblas_get()
declare void @wg_openblas_set(i32)

define internal void @acquire() nounwind {{
  br label %try
try:
  %was = atomicrmw xchg ptr @lock, i32 1 acquire
  %taken = icmp ne i32 %was, 0
  br i1 %taken, label %try, label %done
done:
  ret void
}}

define void @{ENTER}() nounwind {{
  call void @acquire()
  %n = load i64, ptr @n
  %more = add i64 %n, 1
  store i64 %more, ptr @n
  %first = icmp eq i64 %n, 0
  br i1 %first, label %set, label %done
set:
  %threads = call i32 @wg_openblas_get()
  store i32 %threads, ptr @before
  call void @wg_openblas_set(i32 1)
  br label %done
done:
  store atomic i32 0, ptr @lock release, align 4
  ret void
}}

define void @{LEAVE}() nounwind {{
  call void @acquire()
  %n = load i64, ptr @n
  %less = sub i64 %n, 1
  store i64 %less, ptr @n
  %last = icmp eq i64 %less, 0
  br i1 %last, label %set, label %done
set:
  %threads = load i32, ptr @before
  call void @wg_openblas_set(i32 %threads)
  br label %done
done:
  store atomic i32 0, ptr @lock release, align 4
  ret void
}}

define void @{_FORK}() nounwind {{
  store i32 0, ptr @lock
  %n = load i64, ptr @n
  store i64 0, ptr @n
  %open = icmp ne i64 %n, 0
  br i1 %open, label %set, label %done
set:
  %threads = load i32, ptr @before
  call void @wg_openblas_set(i32 %threads)
  br label %done
done:
  ret void
}}
"""

# Where the library is another one, or does not say how it counts its threads.
_IR_PLAIN = f"""
define void @{ENTER}() nounwind {{
  ret void
}}
define void @{LEAVE}() nounwind {{
  ret void
}}
define void @{_FORK}() nounwind {{
  ret void
}}
"""

_CUT_IR = """
@cut = global i64 1, align 8
define i64 @wg_blas_cut() nounwind {
  %is_cut = load i64, ptr @cut, align 8
  ret i64 %is_cut
}
"""


def register() -> None:
    """Let the linker ask here for names that begin like those of this file."""
    for prefix in _MODULES:
        symbols.register_resolver(prefix, resolve)


def resolve(name: str) -> int | None:
    """The address of a function that native code names; None if there is none."""
    if name in (ENTER, LEAVE):
        return _thread_guard().address(name)
    if name.startswith(_CUT):
        return _cut_function(name.removeprefix(_CUT)).address("wg_blas_cut")
    prefix = next(p for p in _MODULES if name.startswith(p))
    return _capsule_address(_MODULES[prefix], name.removeprefix(prefix))


def _capsule_address(module: str, function: str) -> int | None:
    table = importlib.import_module(f"scipy.linalg.{module}").__pyx_capi__
    capsule = table.get(function)
    if capsule is None:
        return None
    api = ctypes.pythonapi
    get_name, get_pointer = api.PyCapsule_GetName, api.PyCapsule_GetPointer
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer.restype = ctypes.c_void_p
    get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    signature = get_name(capsule)
    if b"int *" not in signature:
        raise InternalError(
            "SciPy's BLAS does not count in C integers.",
            got=signature.decode(),
            expected="arguments of type int *",
        )
    return int(get_pointer(capsule, signature))


@functools.lru_cache(maxsize=1)
def _thread_guard() -> engine.Linked:
    found = thread_functions()
    if found is not None:
        symbols.register_function("wg_openblas_get", found[0])
        symbols.register_function("wg_openblas_set", found[1])
    linked = engine.link(
        _IR_PLAIN if found is None else _IR, "wengert_blas", exports=(ENTER, LEAVE, _FORK)
    )
    linked.keep_forever()
    forked = ctypes.CFUNCTYPE(None)(linked.address(_FORK))
    if hasattr(os, "register_at_fork"):
        # Of the threads that were between enter and leave, the child has none.
        os.register_at_fork(after_in_child=forked)
    return linked


def thread_functions() -> tuple[Any, Any] | None:
    """How SciPy's OpenBLAS is asked for its number of threads, and told one; None if it cannot.

    The names are looked up in SciPy's extension module: the search goes on in the libraries that
    it was linked with, so that it finds the copy which the module itself calls.
    """
    path = importlib.import_module("scipy.linalg.cython_blas").__file__
    library = ctypes.CDLL(path)
    for start in ("scipy_openblas", "openblas"):
        for end in ("", "64_", "_64"):
            get = getattr(library, f"{start}_get_num_threads{end}", None)
            put = getattr(library, f"{start}_set_num_threads{end}", None)
            if get is not None and put is not None:
                return get, put
    return None


# -- products in blocks ----------------------------------------------------------------------------

_PROBED = (296, 407, 151)  # rows, summed, columns: no multiple of anything
_PROBED_ROWS = 144


def cut_symbol(kind: str) -> str:
    """A native function: whether to call gemm for blocks of rows, also on one thread."""
    return _CUT + kind


@functools.cache
def _cut_function(kind: str) -> engine.Linked:
    linked = engine.link(_CUT_IR, f"wengert_cut_{kind}", exports=("wg_blas_cut", "cut"))
    linked.keep_forever()
    is_cut = threads.n_threads() > 1 or not is_separable(kind)
    ctypes.c_int64.from_address(linked.address("cut")).value = is_cut
    return linked


def is_separable(kind: str) -> bool:
    """Whether gemm gives blocks of rows the bits that it gives all rows together; tried out."""
    rows, summed, columns = _PROBED
    random = np.random.default_rng(0)
    for trans_a, trans_b in itertools.product("NT", repeat=2):
        a, b = random.normal(size=(2, rows * summed)).astype(kind)
        whole, parts = np.zeros((2, rows, columns), kind)
        multiply(trans_a, trans_b, a, b, whole, summed, 0, rows)
        for first in (0, _PROBED_ROWS):
            count = _PROBED_ROWS if first == 0 else rows - first
            multiply(trans_a, trans_b, a, b, parts, summed, first, count)
        if whole.tobytes() != parts.tobytes():
            return False
    return True


def multiply(
    trans_a: str, trans_b: str, a: Any, b: Any, out: Any, summed: int, first: int, count: int
) -> None:
    """Rows of `out` = a b by gemm on one thread; "T" for an operand that lies transposed."""
    kind, (rows, columns) = out.dtype.str[1:], out.shape
    letter = {"f4": "s", "f8": "d", "c8": "c", "c16": "z"}[kind]
    address = resolve(f"wg_blas_{letter}gemm")
    guard = _thread_guard()
    gemm = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(address or 0)
    one, zero = np.ones(1, kind), np.zeros(1, kind)
    ld_a, ld_b = rows if trans_a == "T" else summed, summed if trans_b == "T" else columns
    start = first if trans_a == "T" else first * summed
    ctypes.CFUNCTYPE(None)(guard.address(ENTER))()
    gemm(
        trans_b.encode(),
        trans_a.encode(),
        *[ctypes.byref(ctypes.c_int(n)) for n in (columns, count, summed)],
        one.ctypes.data,
        b.ctypes.data,
        ctypes.byref(ctypes.c_int(ld_b)),
        a.ctypes.data + start * a.itemsize,
        ctypes.byref(ctypes.c_int(ld_a)),
        zero.ctypes.data,
        out.ctypes.data + first * columns * out.itemsize,
        ctypes.byref(ctypes.c_int(columns)),
    )
    ctypes.CFUNCTYPE(None)(guard.address(LEAVE))()


register()
