"""Coefficients of splines on a grid of equal steps, along one axis.

    spline_filter(x; order, axis, mode, is_adjoint)    c with sum over j of c[j] B(i - j) = x[i]

`mode` says how c goes on beyond the ends: "mirror" (about the end points), "reflect" (about the
edges half a step outside) or "grid-wrap" (periodic). The map is the inverse of a band, which is
symmetric for "reflect" and "grid-wrap", and for "mirror" after its first and last row are halved;
so the adjoint is the filter itself, scaled at the ends. On short lines SciPy's "reflect" is not
that inverse but near it; there the adjoint multiplies by the transposed matrix of the filter.

Source: M. Unser, IEEE Signal Processing Magazine 16 (1999), no. 6, 22, doi:10.1109/79.799930.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.ir.dependence import Mixes
from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.families import linear
from wengert.trace.tracer import bind

# SciPy starts its "reflect" recursion with a sum that leaves out terms of the size of z^n, z the
# largest pole: |z| <= 0.431, and 0.431^44 < 1e-16.
_SHORT = 44


def spline_coefficients(x: Any, order: int, axis: int, mode: str) -> Any:
    """Coefficients of the spline of degree `order` (2 to 5) through `x`, float64 or complex128."""
    return bind(spline_filter_p, x, order=order, axis=axis, mode=mode, is_adjoint=False)


def _spline_filter(x: Any, *, order: int, axis: int, mode: str, is_adjoint: bool) -> Any:
    n = x.shape[axis]
    if not x.size or n == 1:
        return np.array(x)
    scale = np.ones((n, *(1,) * (x.ndim - 1 - axis)))
    if is_adjoint and mode == "mirror":
        scale[[0, -1]] = 2.0
    elif is_adjoint and mode == "reflect" and n <= _SHORT:
        matrix = _filter(np.eye(n), order, 0, mode)
        return np.moveaxis(np.tensordot(matrix, x, (0, axis)), 0, axis)
    return _filter(x * scale, order, axis, mode) / scale


def _filter(x: Any, order: int, axis: int, mode: str) -> Any:
    filter1d = importlib.import_module("scipy.ndimage").spline_filter1d
    return filter1d(x, order, axis, output=x.dtype, mode=mode)


_SUPPORT = """
def spline_filter(x, order, axis, mode):
    import scipy.ndimage
    return scipy.ndimage.spline_filter1d(x, order, axis, x.dtype, mode)


def spline_filter_adjoint(x, order, axis, mode):
    import scipy.ndimage
    matrix = scipy.ndimage.spline_filter1d(np.eye(x.shape[axis]), order, 0, float, mode)
    return np.moveaxis(np.tensordot(matrix, x, (0, axis)), 0, axis)
"""


def _render(ins: Any, params: Any) -> str:
    name = "spline_filter_adjoint" if params["is_adjoint"] else "spline_filter"
    return f"{name}({ins[0]}, {params['order']}, {params['axis']}, {params['mode']!r})"


spline_filter_p: Primitive = linear(
    "spline_filter",
    _spline_filter,
    lambda x, **params: x,
    transpose={
        0: lambda ct, args, *, is_adjoint, **line: bind(
            spline_filter_p, ct, is_adjoint=not is_adjoint, **line
        )
    },
    batch=lambda size, args, is_batched, *, axis, **params: (
        bind(spline_filter_p, args[0], axis=axis + 1, **params),
        True,
    ),
    flops=lambda in_types, out_types, *, order, **params: 4 * (order // 2) * out_types[0].size,
    gives_array=True,
    render=_render,
    support=_SUPPORT,
    emit=Unsupported("SciPy's recursion runs over whole lines"),
    facts={"ends": "mirror, reflect or periodic"},
    sparsity=Mixes(lambda k, *, axis, **params: (axis,)),
)
