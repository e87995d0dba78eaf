"""The modes of a convolution: each is a window of the full one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe

MODES = ("full", "same", "valid")


def check_mode(name: str, mode: Any) -> str:
    """One of the three modes."""
    if mode not in MODES:
        raise ArgumentError(
            f"{name}: there is no such mode.",
            got=f"mode={mode!r}",
            expected="'full', 'same' or 'valid'",
        )
    return str(mode)


def operands_of(name: str, in1: Any, in2: Any) -> tuple[Any, Any]:
    in1, in2 = as_operand(in1), as_operand(in2)
    if len(in1.shape) != len(in2.shape):
        raise ShapeError(
            f"{name}: the operands have different numbers of axes.",
            got=describe(in1=in1, in2=in2),
            expected="as many axes in both",
            try_="add axes with x[:, None]",
        )
    return in1, in2


def window_of_mode(
    name: str, mode: str, shape1: Sequence[int], shape2: Sequence[int], axes: Sequence[int]
) -> list[tuple[int, int]]:
    """Start and length, along each of `axes`, of the part of the full convolution."""
    sizes = [(shape1[a], shape2[a]) for a in axes]
    if mode == "full":
        return [(0, n + m - 1) for n, m in sizes]
    if mode == "same":
        return [((m - 1) // 2, n) for n, m in sizes]
    if not (all(n >= m for n, m in sizes) or all(n <= m for n, m in sizes)):
        raise ShapeError(
            f"{name}: neither operand lies inside the other.",
            got=f"shapes {tuple(shape1)} and {tuple(shape2)}",
            expected="for mode 'valid', one that is at least as large along every axis",
        )
    return [(min(n, m) - 1, abs(n - m) + 1) for n, m in sizes]


def cut(x: Any, axes: Sequence[int], window: Sequence[tuple[int, int]]) -> Any:
    index = [slice(None)] * len(x.shape)
    for a, (start, length) in zip(axes, window, strict=True):
        index[a] = slice(start, start + length)
    return x[tuple(index)]
