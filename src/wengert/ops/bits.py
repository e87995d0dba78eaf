"""Functions about arrays that have no derivative: bits, texts, and plans of einsum."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import DtypeError
from wengert.ops.core import convert, full, reshape, sum_axes
from wengert.ops.functions import as_operand
from wengert.ops.masks import as_mask
from wengert.trace.tracer import Tracer, implements

_WEIGHTS = {"big": 1 << np.arange(8)[::-1], "little": 1 << np.arange(8)}


def _weights(bitorder: str) -> Any:
    """The value of each of eight bits."""
    return _WEIGHTS["little" if bitorder.startswith("l") else "big"].astype(np.uint8)


@implements(np.packbits)
def packbits(a: Any, axis: int | None = None, bitorder: str = "big") -> Any:
    """Truth values, eight to a byte, along `axis`; zeros fill the last byte."""
    a = as_mask(as_operand(a))
    if axis is None:
        a, axis = reshape(a, (a.size,)), 0
    bits = np.moveaxis(a, axis, -1)
    *stack, n = bits.shape
    missing = full((*stack, -n % 8), False, np.dtype(bool))
    bits = reshape(np.concatenate([bits, missing], axis=-1), (*stack, -(-n // 8), 8))
    bytes_ = sum_axes(convert(bits, np.uint8) * _weights(bitorder), (len(stack) + 1,))
    return np.moveaxis(convert(bytes_, np.uint8), -1, axis)


@implements(np.unpackbits)
def unpackbits(
    a: Any, axis: int | None = None, count: int | None = None, bitorder: str = "big"
) -> Any:
    """The bits of bytes along `axis`, all of them or the first `count` (fewer if negative)."""
    a = as_operand(a)
    if a.dtype != np.uint8:
        raise DtypeError("unpackbits: only bytes have bits.", got=str(a.dtype), expected="uint8")
    if axis is None:
        a, axis = reshape(a, (a.size,)), 0
    bytes_ = np.moveaxis(a, axis, -1)
    *stack, n = bytes_.shape
    bits = convert((bytes_[..., None] & _weights(bitorder)) != 0, np.uint8)
    bits = reshape(bits, (*stack, 8 * n))
    if count is not None and count > 8 * n:
        zeros = full((*stack, count - 8 * n), 0, np.dtype(np.uint8))
        bits = np.concatenate([bits, zeros], axis=-1)
    elif count is not None:
        bits = bits[..., :count]
    return np.moveaxis(bits, -1, axis)


@implements(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """The order of contractions that NumPy would take: it depends on shapes alone."""
    plain = [np.empty(x.shape, x.dtype) if isinstance(x, Tracer) else x for x in operands]
    options: dict[str, Any] = {"optimize": optimize, "einsum_call": einsum_call}
    return np.einsum_path(*plain, **options)


@implements(np.array_repr, np.array_str, np.array2string)
def array_text(a: Any, *args: Any, **kwargs: Any) -> str:
    """How a traced array shows itself; NumPy's options for digits do not apply."""
    return repr(a)
