"""Coefficients of splines on a grid of equal steps, along one axis.

    spline_filter(x; order, axis, mode)    c with sum over j of c[j] B(i - j) = x[i]

`mode` says how c goes on beyond the ends: "mirror" (about the end points), "reflect" (about the
edges half a step outside) or "grid-wrap" (periodic). The map is the inverse of a band; the band is
symmetric for "reflect" and "grid-wrap", and for "mirror" after its first and last row are halved.
So the primitive is its own transpose, up to that factor.

Source: M. Unser, IEEE Signal Processing Magazine 16 (1999), no. 6, 22, doi:10.1109/79.799930.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.core import mul, reshape
from wengert.ops.families import linear
from wengert.trace.tracer import bind


def spline_coefficients(x: Any, order: int, axis: int, mode: str) -> Any:
    """Coefficients of the spline of degree `order` (2 to 5) through `x`, float64 or complex128."""
    return bind(spline_filter_p, x, order=order, axis=axis, mode=mode)


def _spline_filter(x: Any, *, order: int, axis: int, mode: str) -> Any:
    if not x.size:
        return x.copy()
    filter1d = importlib.import_module("scipy.ndimage").spline_filter1d
    return filter1d(x, order, axis, output=x.dtype, mode=mode)


def _ends(n: int, axis: int, rank: int, value: float) -> Any:
    """Ones, but `value` at both ends of the axis."""
    factors = np.ones(n)
    factors[[0, -1]] = value
    return reshape(factors, (*(1,) * axis, n, *(1,) * (rank - 1 - axis)))


def _transpose(ct: Any, args: Any, *, order: int, axis: int, mode: str) -> Any:
    n, rank = ct.shape[axis], len(ct.shape)
    if mode != "mirror" or n < 2:
        return spline_coefficients(ct, order, axis, mode)
    doubled = mul(ct, _ends(n, axis, rank, 2.0))
    return mul(spline_coefficients(doubled, order, axis, mode), _ends(n, axis, rank, 0.5))


spline_filter_p: Primitive = linear(
    "spline_filter",
    _spline_filter,
    lambda x, *, order, axis, mode: x,
    transpose={0: _transpose},
    batch=lambda size, args, is_batched, *, order, axis, mode: (
        spline_coefficients(args[0], order, axis + 1, mode),
        True,
    ),
    flops=lambda in_types, out_types, *, order, axis, mode: (
        4 * (order // 2) * out_types[0].size
    ),
    gives_array=True,
    render=lambda ins, params: (
        f"scipy.ndimage.spline_filter1d({ins[0]}, {params['order']}, {params['axis']}, "
        f"{ins[0]}.dtype, {params['mode']!r})"
    ),
    emit=Unsupported("SciPy's recursion runs over whole lines"),
    facts={"ends": "mirror, reflect or periodic, exactly"},
)
