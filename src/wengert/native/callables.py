"""`NativeCallable`: a Python class whose instances are called through machine code.

CPython calls an object through the function pointer at a fixed offset in it (vectorcall, PEP 590).
A class statement cannot ask for that, so one small base type is made with `PyType_FromSpec`: an
object head, the pointer, and one more word. All else (references, garbage collection, `__dict__`,
weak references, subclassing) comes from ordinary `__slots__` in the classes derived from it, whose
offsets machine code is told.

    _Base           head · vectorcall · record
    NativeEntry     + fallback, finish, kept, on_status    one kernel
    NativeCallable  + target                               what a user holds
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from wengert.native import layout

_VECTORCALL, RECORD = 16, 24
_BASIC_SIZE = 32
_HAS_VECTORCALL = 1 << 11  # Py_TPFLAGS_HAVE_VECTORCALL
_IS_BASE = 1 << 10  # Py_TPFLAGS_BASETYPE
_TP_FLAGS = 168  # offset of tp_flags in a PyTypeObject, checked below


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("function", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("basic_size", ctypes.c_int),
        ("item_size", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )


_kept: list[Any] = []  # CPython refers to the name and the members for good


def _make_base() -> Any:
    """The type of objects that start with a vectorcall pointer and a record."""
    members = (_Member * 2)()
    # T_PYSSIZET and READONLY of structmember.h
    members[0] = _Member(b"__vectorcalloffset__", 19, _VECTORCALL, 1, None)
    call = ctypes.cast(ctypes.pythonapi.PyVectorcall_Call, ctypes.c_void_p).value
    slots = (_Slot * 3)()
    slots[0] = _Slot(72, ctypes.cast(members, ctypes.c_void_p).value)  # Py_tp_members
    slots[1] = _Slot(50, call)  # Py_tp_call
    spec = _Spec(b"wengert.native.callables._Base", _BASIC_SIZE, 0, _IS_BASE | _HAS_VECTORCALL)
    spec.slots = slots
    _kept.extend((members, slots, spec))
    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)
    base = prototype(("PyType_FromSpec", ctypes.pythonapi))(ctypes.addressof(spec))
    if base.__basicsize__ != _BASIC_SIZE or _flags_of(base) != base.__flags__:
        raise RuntimeError("the layout of a type is not the expected one")
    return base


def _flags_of(cls: type) -> int:
    return ctypes.c_ulong.from_address(id(cls) + _TP_FLAGS).value


def _enable_vectorcall(cls: type) -> None:
    """Let calls of `cls` go through the pointer where it is not null.

    Classes of Python 3.11 do not inherit that, nor does a class that defines `__call__`. Where the
    pointer is null CPython goes on to `__call__`, so an object may have both.
    """
    if not _flags_of(cls) & _HAS_VECTORCALL:
        word = ctypes.c_ulong.from_address(id(cls) + _TP_FLAGS)
        word.value |= _HAS_VECTORCALL
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))


def _slot_offsets(cls: type, names: tuple[str, ...]) -> dict[str, int]:
    """Where the slots of a class lie, found by looking for what was put there."""
    probe: Any = object.__new__(cls)
    offsets = {}
    for name in names:
        mark = object()
        setattr(probe, name, mark)
        words = range(_BASIC_SIZE, cls.__basicsize__, 8)
        offsets[name] = next(w for w in words if layout._read(probe, w) == id(mark))
        delattr(probe, name)
    return offsets


def _set_word(instance: Any, offset: int, value: int) -> None:
    """Write a word of an object that is not a reference."""
    ctypes.c_void_p.from_address(id(instance) + offset).value = value


IS_NATIVE = layout.problem() is None
_Base: Any = object
if IS_NATIVE:
    try:
        _Base = _make_base()
    except Exception:  # an unknown build: everything works without, only slower
        IS_NATIVE = False
_forward_address = 0  # of wg_forward, once the runtime is linked


class NativeEntry(_Base):
    """The machine-code entry of one kernel; made by `make_entry`.

    `fallback` may be replaced, to chain specializations: each one tries its own signature and
    guards and hands the call on.
    """

    __slots__ = ("__weakref__", "fallback", "finish", "kept", "on_status")

    fallback: Callable[..., Any]
    finish: Callable[[Any], Any]
    on_status: Callable[[int], Any]
    kept: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"<native entry at {id(self):#x}>"


class NativeCallable(_Base):
    """Base of callables whose calls may go straight to machine code.

    An instance without a target is called through its class's `__call__`, as usual. With one
    (see `retarget`), calls go to the target and `__call__` is not run; a target that is a
    `NativeEntry` hands what it does not accept to its `fallback`, usually `self.__call__`.

    Examples
    --------
    >>> class Doubled(NativeCallable):
    ...     def __call__(self, x):
    ...         return 2 * x
    >>> f = Doubled()
    >>> f(4)
    8
    """

    __slots__ = ("target",)

    target: Callable[..., Any] | None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # A class further down that has a `__call__` of its own means it to be run.
        if IS_NATIVE and (NativeCallable in cls.__bases__ or "__call__" not in vars(cls)):
            _enable_vectorcall(cls)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        target = getattr(self, "target", None)
        if target is None:
            raise TypeError(f"{type(self).__name__} has neither a target nor a __call__")
        return target(*args, **kwargs)

    def retarget(self, target: Callable[..., Any] | None) -> None:
        """Send calls to `target`, or back to `__call__` if None; calls under way are not affected.

        Where there is no native code this only notes the target: `__call__` goes on being run.
        """
        if target is None:
            _point(self, 0)
            self.target = None
        else:
            self.target = target
            _point(self, _forward_address)


def _point(instance: Any, address: int) -> None:
    if IS_NATIVE:
        _set_word(instance, _VECTORCALL, address)


def field_offsets() -> dict[str, int]:
    """Where machine code finds the fields of entries and callables."""
    names = ("fallback", "finish", "on_status")
    offsets = _slot_offsets(NativeEntry, names) | _slot_offsets(NativeCallable, ("target",))
    return {"record": RECORD, **offsets}


def set_forward(address: int) -> None:
    """Tell where the machine code of `NativeCallable` is."""
    global _forward_address
    _forward_address = address


def set_entry(entry: NativeEntry, address: int, record: int) -> None:
    """Give an entry its machine code and its record."""
    _set_word(entry, RECORD, record)
    _point(entry, address)


if IS_NATIVE:
    _enable_vectorcall(NativeEntry)
    _enable_vectorcall(NativeCallable)
