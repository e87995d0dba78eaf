"""Where CPython and NumPy keep what native code reads, checked against real objects.

The offsets are those of the published headers (`ndarraytypes.h`, `floatobject.h`). `problem()`
compares them once with live objects; if anything differs, or this is not a CPython that the native
entry knows, calls go through ctypes instead.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import platform
import sys
import sysconfig
from typing import Any

import numpy as np

from wengert.native import symbols

# PyObject, PyFloatObject
TYPE = 8
VALUE = 16  # of a float, a complex, and of NumPy's scalars
# PyArrayObject_fields
DATA, NDIM, DIMENSIONS, BASE, DESCR, FLAGS, HANDLER = 16, 24, 32, 48, 56, 64, 88
# PyArray_Descr
BYTEORDER, TYPE_NUM = 26, 28
# Flags of an array
C_CONTIGUOUS, OWNDATA, ALIGNED, WRITEABLE = 0x1, 0x4, 0x100, 0x400
# Entries of NumPy's table of C functions
_API_SCALAR, _API_NEW_FROM_DESCR, _API_DEFAULT_HANDLER = 60, 94, 306

_PYTHON_FUNCTIONS = (
    "PyErr_Clear",
    "PyErr_NoMemory",
    "PyErr_Occurred",
    "PyErr_SetString",
    "PyEval_RestoreThread",
    "PyEval_SaveThread",
    "PyList_New",
    "PyList_SetItem",
    "PyLong_AsLongLongAndOverflow",
    "PyLong_FromLongLong",
    "PyMem_RawFree",
    "PyMem_RawMalloc",
    "PyObject_CallOneArg",
    "PyObject_Vectorcall",
    "PyTuple_New",
    "PyTuple_SetItem",
    "Py_DecRef",
    "Py_IncRef",
)


@functools.lru_cache(maxsize=1)
def problem() -> str | None:
    """Why machine code may not read Python's objects here, or None."""
    if platform.python_implementation() != "CPython":
        return f"{platform.python_implementation()} is not CPython"
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):
        return f"Python {sys.version_info.major}.{sys.version_info.minor} is not known"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "Python was built without its global lock"
    if hasattr(sys, "gettotalrefcount"):
        return "a debug build lays objects out differently"
    if ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        return "not a 64-bit little-endian machine"
    try:
        return _differs()
    except Exception as error:  # whatever reading a foreign layout raises: the slower way is taken
        return f"{type(error).__name__}: {error}"


def _differs() -> str | None:
    bad = np.empty((3, 2), np.dtype("f4").newbyteorder())
    for a in (np.zeros((2, 3)), np.ones(4, "i4")[::2], np.zeros((), "c16"), bad):
        if _read(a, TYPE) != id(np.ndarray) or _read(a, DATA) != a.ctypes.data:
            return "an array's type or data is elsewhere"
        if _read32(a, NDIM) != a.ndim or _read(a, DESCR) != id(a.dtype):
            return "an array's ndim or dtype is elsewhere"
        at = _read(a, DIMENSIONS)
        sizes = [ctypes.c_int64.from_address(at + 8 * i).value for i in range(a.ndim)]
        if tuple(sizes) != a.shape:
            return "an array's shape is elsewhere"
        base = a.base
        if _read(a, BASE) != (0 if base is None else id(base)):
            return "an array's base is elsewhere"
        if _read32(a, FLAGS) & 0x505 != a.flags.num & 0x505:
            return "an array's flags are elsewhere"
        kind = ctypes.c_char.from_address(id(a.dtype) + BYTEORDER).value.decode()
        if kind != a.dtype.byteorder or _read32(a.dtype, TYPE_NUM) != a.dtype.num:
            return "a dtype's number or byte order is elsewhere"
    owner = np.zeros(3)
    handler = ctypes.c_void_p.from_address(_api(_API_DEFAULT_HANDLER)).value
    if _read(owner, HANDLER) != handler:
        return "an array's memory handler is elsewhere, or not NumPy's own"
    if ctypes.c_double.from_address(id(1.5) + VALUE).value != 1.5:
        return "a float's value is elsewhere"
    return None


def holds_value_inline(dtype: np.dtype[Any]) -> bool:
    """Whether a NumPy scalar of this dtype keeps its bytes at `VALUE`."""
    if dtype.kind not in "iufc" or dtype.itemsize > 16:
        return False
    probe = np.frombuffer(bytes(range(1, dtype.itemsize + 1)), dtype)[0]
    return ctypes.string_at(id(probe) + VALUE, dtype.itemsize) == probe.tobytes()


def allocator_of(scalar_type: type) -> int:
    """The address of a type's `tp_alloc`."""
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_int)
    get_slot = prototype(("PyType_GetSlot", ctypes.pythonapi))
    return int(get_slot(scalar_type, 47))  # Py_tp_alloc in typeslots.h


@functools.lru_cache(maxsize=1)
def register() -> None:
    """Register the C functions and objects that the native entry refers to."""
    for name in _PYTHON_FUNCTIONS:
        symbols.register_function(name, getattr(ctypes.pythonapi, name))
    symbols.register("npy_scalar", _api(_API_SCALAR))
    symbols.register("npy_new_from_descr", _api(_API_NEW_FROM_DESCR))
    symbols.register("npy_array_type", id(np.ndarray))
    symbols.register("npy_true", id(np.True_))
    symbols.register("npy_false", id(np.False_))
    symbols.register("py_true", id(True))
    symbols.register("py_false", id(False))
    type_error = ctypes.c_void_p.in_dll(ctypes.pythonapi, "PyExc_TypeError").value or 0
    system_error = ctypes.c_void_p.in_dll(ctypes.pythonapi, "PyExc_SystemError").value or 0
    symbols.register("py_type_error", type_error)
    symbols.register("py_system_error", system_error)


def _api(index: int) -> int:
    _multiarray_umath = importlib.import_module("numpy._core._multiarray_umath")
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    get_pointer = prototype(("PyCapsule_GetPointer", ctypes.pythonapi))
    table = get_pointer(_multiarray_umath._ARRAY_API, None)
    found = ctypes.c_void_p.from_address(table + 8 * index).value
    if not found:
        raise RuntimeError("an entry of NumPy's table of functions is missing")
    return found


def _read(owner: Any, offset: int) -> int:
    return ctypes.c_void_p.from_address(id(owner) + offset).value or 0


def _read32(owner: Any, offset: int) -> int:
    return ctypes.c_int32.from_address(id(owner) + offset).value
