"""`PythonEntry`: what a `NativeEntry` does, in Python and ctypes.

The reference for the machine code, and what runs where that cannot (see `layout.problem`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.native.records import InSpec, OutSpec, Same, check_specs

# PYFUNCTYPE: an exception set by the kernel is raised on return.
_KERNEL = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_PYTHON_TYPES = {np.float64: float, np.int64: int, np.complex128: complex, np.bool: bool}
_MISMATCH = object()


class PythonEntry:
    """A kernel called through ctypes; arguments as those of `make_entry`."""

    def __init__(
        self,
        kernel_address: int,
        env: int,
        in_specs: tuple[InSpec | Same, ...],
        captured: tuple[np.ndarray[Any, Any], ...],
        out_specs: tuple[OutSpec, ...],
        structure: str,
        fallback: Callable[..., Any],
        on_status: Callable[[int], Any],
        finish: Callable[[Any], Any] | None,
        kept: tuple[Any, ...],
    ) -> None:
        check_specs(in_specs, out_specs, structure)
        self._kernel = _KERNEL(kernel_address)
        self._env = env
        self._in_specs = in_specs
        self._captured = captured
        self._out_specs = out_specs
        self._structure = structure
        self.fallback = fallback
        self.on_status = on_status
        self.finish = finish
        self.kept = kept

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != len(self._in_specs):
            return self.fallback(*args, **kwargs)
        inputs = []
        for arg, spec in zip(args, self._in_specs, strict=True):
            value = _accepted(arg, spec)
            if value is _MISMATCH:
                return self.fallback(*args)
            inputs.append(value)
        inputs += self._captured
        outputs = [self._output(spec, args, inputs) for spec in self._out_specs]
        status = self._kernel(
            _pointers([v for v in inputs if v is not None]), _pointers(outputs), self._env
        )
        if status > 0:
            return self.fallback(*args)
        if status < 0:
            self.on_status(status)
            raise SystemError("a native error status raised no exception")
        leaves = [
            value if spec.is_array else value[()]
            for value, spec in zip(outputs, self._out_specs, strict=True)
        ]
        result: Any = leaves
        if self._structure != "list":
            result = leaves[0] if self._structure == "leaf" else tuple(leaves)
        return result if self.finish is None else self.finish(result)

    def _output(self, spec: OutSpec, args: tuple[Any, ...], inputs: list[Any]) -> Any:
        if spec.donor is None:
            return np.empty(spec.shape, spec.dtype)
        given = args[spec.donor]
        others = [v for i, v in enumerate(inputs) if i != spec.donor and v is not None]
        is_ours = given.flags.owndata and given.flags.writeable and given.base is None
        if not is_ours or any(np.may_share_memory(given, v) for v in others):
            given = given.copy()
        inputs[spec.donor] = given
        return given


def _accepted(arg: Any, spec: InSpec | Same) -> Any:
    """The argument as an array, or `_MISMATCH`."""
    if isinstance(spec, Same):
        return None if arg is spec.value else _MISMATCH
    if spec.is_array:
        fits = (
            type(arg) is np.ndarray
            and arg.dtype == spec.dtype
            and arg.shape == spec.shape
            and arg.flags.c_contiguous
            and arg.flags.aligned
        )
        return arg if fits else _MISMATCH
    scalar_type = spec.dtype.type
    if type(arg) is not scalar_type and type(arg) is not _PYTHON_TYPES.get(scalar_type):
        return _MISMATCH
    if type(arg) is int and not -(2**63) <= arg < 2**63:
        return _MISMATCH
    return np.array(arg, spec.dtype)


def _pointers(values: list[Any]) -> ctypes.Array[ctypes.c_void_p]:
    addresses = [None if v is None else v.ctypes.data for v in values]
    return (ctypes.c_void_p * max(1, len(addresses)))(*addresses)
