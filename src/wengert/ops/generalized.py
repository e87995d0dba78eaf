"""NumPy's generalized ufuncs: products of vectors and matrices along core axes, over stacks.

`np.matmul`, `matvec`, `vecmat` and `vecdot` broadcast every axis but the core ones. `call` serves
their keyword arguments (`axes`, `axis`, `keepdims`, `out`, `dtype`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, contract, describe
from wengert.ops.core import conj, convert, reshape, transpose
from wengert.ops.matmul import dot_p, matmul
from wengert.ops.output import deliver
from wengert.ops.products import move_axis_last, normalize_axis
from wengert.trace.tracer import bind, implements


def _stacked(
    name: str, a: Any, core_a: str, b: Any, core_b: str, core_out: str, expected: str
) -> Any:
    """The product over the letters shared by the cores; the other axes broadcast."""
    n, m = len(a.shape) - len(core_a), len(b.shape) - len(core_b)
    sizes = dict(zip(core_a, a.shape[n:], strict=False)) if n >= 0 else {}
    fits = (
        n >= 0
        and m >= 0
        and all(sizes.get(x, size) == size for x, size in zip(core_b, b.shape[m:], strict=True))
    )
    if not fits:
        raise ShapeError(
            f"{name}: the core axes do not fit.", got=describe(a=a, b=b), expected=expected
        )
    stack_a, stack_b = list(range(n, 0, -1)), list(range(m, 0, -1))  # counted from the last
    stack = stack_a if n > m else stack_b
    return contract(a, [*stack_a, *core_a], b, [*stack_b, *core_b], [*stack, *core_out], name)


@implements(np.vecdot)
def vecdot(a: Any, b: Any) -> Any:
    """Sum of conj(a) * b over the last axis."""
    a, b = as_operand(a), as_operand(b)
    if len(a.shape) == len(b.shape) == 1 and a.shape == b.shape:
        return bind(dot_p, conj(a), b)
    return _stacked("vecdot", conj(a), "k", b, "k", "", "a: [..., k], b: [..., k] with one k")


@implements(np.matvec)
def matvec(a: Any, b: Any) -> Any:
    """Stacks of matrices times stacks of vectors."""
    a, b = as_operand(a), as_operand(b)
    if len(b.shape) == 1 and len(a.shape) > 1:
        return matmul(a, b, "matvec")
    return _stacked("matvec", a, "mk", b, "k", "m", "a: [..., m, k], b: [..., k] with one k")


@implements(np.vecmat)
def vecmat(a: Any, b: Any) -> Any:
    """Stacks of conjugated vectors times stacks of matrices."""
    a, b = as_operand(a), as_operand(b)
    if len(a.shape) == 1 and len(b.shape) > 1:
        return matmul(conj(a), b, "vecmat")
    return _stacked("vecmat", conj(a), "k", b, "kn", "n", "a: [..., k], b: [..., k, n] with one k")


@implements(np.linalg.vecdot)
def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """`np.vecdot` along an axis."""
    x1, x2 = as_operand(x1), as_operand(x2)
    return vecdot(
        move_axis_last(x1, axis, "linalg.vecdot"), move_axis_last(x2, axis, "linalg.vecdot")
    )


# -- keyword arguments -----------------------------------------------------------------------------

FUNCTIONS: dict[Any, tuple[Callable[[Any, Any], Any], tuple[int, int, int]]] = {
    np.matmul: (matmul, (2, 2, 2)),
    np.vecdot: (vecdot, (1, 1, 0)),
    np.matvec: (matvec, (2, 1, 1)),
    np.vecmat: (vecmat, (1, 2, 1)),
}


def call(
    ufunc: Any,
    a: Any,
    b: Any,
    out: Any = None,
    *,
    axes: Any = None,
    axis: int | None = None,
    keepdims: bool = False,
    dtype: Any = None,
    casting: Any = "same_kind",
    order: str = "K",
    subok: bool = True,
) -> Any:
    """A generalized ufunc called with keyword arguments."""
    name = ufunc.__name__
    function, cores = FUNCTIONS[ufunc]
    a, b = as_operand(a), as_operand(b)
    if dtype is not None:
        for x in (a, b):
            if not np.can_cast(x.dtype, dtype, casting):
                raise ArgumentError(
                    f"{name}: the operands cannot be cast to the dtype asked for.",
                    got=f"{describe(a=a, b=b)}, dtype={np.dtype(dtype)}, casting={casting!r}",
                    expected="a dtype that holds both, or casting='unsafe'",
                )
        a, b = convert(a, dtype), convert(b, dtype)
    if (axis is not None or keepdims) and cores != (1, 1, 0):
        raise ArgumentError(
            f"{name}: axis and keepdims are for products of vectors only.",
            got=f"axis={axis}, keepdims={keepdims}",
            expected="axes, one tuple an operand",
        )
    if axis is not None:
        axes = [(axis,), (axis,), (axis,) if keepdims else ()]
    ranks = [min(core, max(len(x.shape), 1)) for x, core in zip((a, b), cores, strict=False)]
    if axes is not None:
        axes = _checked_axes(name, axes, ranks, cores[2], keepdims)
        a = _core_last(name, a, axes[0])
        b = _core_last(name, b, axes[1])
    result = function(a, b)
    if keepdims:
        result = reshape(result, (*result.shape, 1))
    n_core = len(result.shape) - _n_stack(a, b, ranks)
    if axes is not None and n_core and len(axes) > 2:
        result = _core_placed(name, result, axes[2][-n_core:])
    return deliver(result, out, name)


def _n_stack(a: Any, b: Any, ranks: Sequence[int]) -> int:
    return max(len(a.shape) - ranks[0], len(b.shape) - ranks[1])


def _checked_axes(
    name: str, axes: Any, ranks: Sequence[int], core_out: int, keepdims: bool
) -> list[tuple[int, ...]]:
    """`axes` as tuples; an output without core axes may be left out."""
    tuples = [(x,) if np.ndim(x) == 0 else tuple(x) for x in axes]
    fits = len(tuples) in (2, 3) and [len(t) for t in tuples[:2]] == list(ranks)
    if not fits or (len(tuples) == 2 and core_out):
        raise ArgumentError(
            f"{name}: axes does not name the core axes.",
            got=f"axes={axes!r}",
            expected=f"tuples of {ranks[0]}, {ranks[1]} and {core_out or int(keepdims)} axes",
        )
    return tuples


def _core_last(name: str, x: Any, axes: Sequence[int]) -> Any:
    n = len(x.shape)
    core = [normalize_axis(i, n, name) for i in axes]
    return transpose(x, (*[i for i in range(n) if i not in core], *core))


def _core_placed(name: str, x: Any, axes: Sequence[int]) -> Any:
    """The last axes of `x` moved to `axes`."""
    n = len(x.shape)
    core = [normalize_axis(i, n, name) for i in axes]
    stack = iter(range(n - len(core)))
    order = [n - len(core) + core.index(i) if i in core else next(stack) for i in range(n)]
    return transpose(x, order)
