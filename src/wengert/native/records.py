"""What an entry must know of a kernel: `InSpec`, `OutSpec`, and the record packed from them."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import InternalError
from wengert.native import entry_words as words
from wengert.native import layout
from wengert.native.pool_ir import LARGE

_PYTHON_TYPES: dict[str, type] = {"float64": float, "complex128": complex}
STRUCTURES = {"leaf": words.LEAF, "tuple": words.TUPLE, "list": words.LIST}


@dataclass(frozen=True)
class InSpec:
    """One input of a kernel that is an argument of the call.

    Parameters
    ----------
    shape, dtype
        Of the value, exactly.
    is_array : bool, default True
        False accepts a number instead of an array: a NumPy scalar of the dtype or, for float64,
        int64, complex128 and bool, the exact Python type.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_array: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", np.dtype(self.dtype))

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Same:
    """An argument that must be this very object; the kernel sees a null pointer for it."""

    value: Any


@dataclass(frozen=True)
class OutSpec:
    """One output of a kernel.

    Parameters
    ----------
    shape, dtype
        Of the value.
    is_array : bool, default True
        False returns a NumPy scalar.
    donor : int, optional
        The argument whose contents the kernel finds in this output and overwrites, its own input
        pointer being the same. The argument's buffer is used, and the argument returned, if the
        array owns its memory, may be written, and overlaps no other input; a copy otherwise.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_array: bool = True
    donor: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", np.dtype(self.dtype))

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class Record:
    """The words that machine code reads; owns everything they point to."""

    def __init__(
        self,
        kernel: int,
        env: int,
        in_specs: Sequence[InSpec | Same],
        captured: Sequence[np.ndarray[Any, Any]],
        out_specs: Sequence[OutSpec],
        structure: str,
        releases_gil: bool,
    ) -> None:
        check_specs(in_specs, out_specs, structure)
        self._kept: list[Any] = [*in_specs, *captured, *out_specs]
        self._scratch_size = 0
        ins = [self._input(spec) for spec in in_specs] + [self._captured(a) for a in captured]
        _assign_slots(ins)
        outs = [self._output(spec) for spec in out_specs]
        for row, spec in zip(outs, out_specs, strict=True):
            row["donor_slot"] = 0 if spec.donor is None else ins[spec.donor]["slot"]
        self._words = _pack(
            words.RECORD,
            {
                "kernel": kernel,
                "env": env,
                "releases_gil": int(releases_gil),
                "structure": STRUCTURES[structure],
                "n_args": len(in_specs),
                "n_in": len(ins),
                "n_out": len(outs),
                "in_specs": self._table(words.IN_SPEC, ins),
                "out_specs": self._table(words.OUT_SPEC, outs),
                "scratch_size": self._scratch_size,
            },
        )

    @property
    def address(self) -> int:
        return ctypes.addressof(self._words)

    def _table(self, names: list[str], rows: list[dict[str, int]]) -> int:
        values = [word for row in rows for word in _pack(names, row)]
        table = (ctypes.c_int64 * max(1, len(values)))(*values)
        self._kept.append(table)
        return ctypes.addressof(table)

    def _dimensions(self, shape: tuple[int, ...]) -> int:
        sizes = (ctypes.c_int64 * max(1, len(shape)))(*shape)
        self._kept.append(sizes)
        return ctypes.addressof(sizes)

    def _scratch(self, size: int) -> int:
        place = self._scratch_size
        self._scratch_size += -(-size // 16) * 16  # every place is aligned for any dtype
        return place

    def _descr(self, dtype: np.dtype[Any]) -> int:
        self._kept.append(dtype)
        return id(dtype)

    def _input(self, spec: InSpec | Same) -> dict[str, int]:
        if isinstance(spec, Same):
            return {"mode": words.SAME, "type": id(spec.value)}
        dtype = spec.dtype
        if spec.is_array:
            return {
                "mode": words.ARRAY,
                "type": id(np.ndarray),
                "descr": self._descr(dtype),
                "type_num": dtype.num,
                "ndim": len(spec.shape),
                "dimensions": self._dimensions(spec.shape),
                "n_bytes": spec.n_bytes,
            }
        if dtype.kind == "b":
            return {"mode": words.BOOLEAN, "place": self._scratch(1)}
        if not layout.holds_value_inline(dtype):
            raise InternalError(f"a native entry cannot read numbers of dtype {dtype}.")
        other = id(dtype.type)
        if dtype == np.int64:
            place = self._scratch(8)
            return {
                "mode": words.INTEGER,
                "type": id(int),
                "other_type": other,
                "place": place,
            }
        kind = _PYTHON_TYPES.get(dtype.name, dtype.type)
        return {"mode": words.INLINE, "type": id(kind), "other_type": other}

    def _captured(self, value: np.ndarray[Any, Any]) -> dict[str, int]:
        if not (value.flags.c_contiguous and value.flags.aligned and value.dtype.isnative):
            raise InternalError("a captured array of a kernel must be contiguous, aligned, native.")
        return {"mode": words.POINTER, "type": value.ctypes.data, "n_bytes": value.nbytes}

    def _output(self, spec: OutSpec) -> dict[str, int]:
        dtype = spec.dtype
        row = {"descr": self._descr(dtype), "n_bytes": spec.n_bytes, "item_size": dtype.itemsize}
        if spec.is_array:
            row["mode"] = words.ARRAY
            row["ndim"] = len(spec.shape)
            row["dimensions"] = self._dimensions(spec.shape)
            row["donor"] = -1 if spec.donor is None else spec.donor
            row["in_pool"] = int(spec.n_bytes >= LARGE)
            return row
        row["place"] = self._scratch(dtype.itemsize)
        if dtype.kind == "b":
            row["mode"] = words.TRUTH
        elif layout.holds_value_inline(dtype):
            row["mode"] = words.COPIED
            row["type"] = id(dtype.type)
            row["allocator"] = layout.allocator_of(dtype.type)
        else:
            row["mode"] = words.SCALAR
        return row


def _assign_slots(ins: Sequence[dict[str, int]]) -> None:
    """Places in the kernel's table of inputs: objects that are only compared come last."""
    order = sorted(range(len(ins)), key=lambda i: ins[i]["mode"] == words.SAME)
    for slot, i in enumerate(order):
        ins[i]["slot"] = slot


def _pack(names: list[str], values: dict[str, int]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * len(names))(*[values.get(name, 0) for name in names])


def check_specs(
    in_specs: Sequence[InSpec | Same], out_specs: Sequence[OutSpec], structure: str
) -> None:
    """Refuse what would make machine code read what is not there."""
    if structure not in STRUCTURES or (structure == "leaf" and len(out_specs) != 1):
        raise InternalError(f"structure {structure!r} with {len(out_specs)} outputs.")
    donors = [spec.donor for spec in out_specs if spec.donor is not None]
    if len(set(donors)) != len(donors):
        raise InternalError("an argument of a kernel is donated twice.")
    for spec in out_specs:
        if not spec.is_array and spec.shape:
            raise InternalError(f"an output of shape {spec.shape} cannot be a scalar.")
        if spec.donor is not None:
            donor = in_specs[spec.donor]
            same = isinstance(donor, InSpec) and (donor.shape, donor.dtype, donor.is_array) == (
                spec.shape,
                spec.dtype,
                spec.is_array,
            )
            if not same or not spec.is_array:
                raise InternalError("a donated argument differs from the output that reuses it.")
    for item in (*in_specs, *out_specs):
        if not isinstance(item, Same) and not (item.dtype.isnative and item.dtype.kind in "biufc"):
            raise InternalError(f"a kernel cannot take or return dtype {item.dtype}.")
