"""The Jacobian of a right-hand side, filled in for SciPy's implicit methods.

Small systems get a dense one, larger ones a sparse one whose pattern is found; LSODA, which takes
no sparse matrices, a banded one where the bandwidth is small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.api.jacobians import jacobian
from wengert.implicit.functions import as_number, vector
from wengert.sparse import jacobian as sparse_jacobian

IMPLICIT = ("Radau", "BDF", "LSODA")
_SMALL = 32  # states up to which a dense Jacobian, made without compiling, is faster
_FULL = 0.3  # part of the entries from which on a matrix is better dense


def with_jacobian(
    fun: Callable[..., Any],
    t0: Any,
    y0: Any,
    method: Any,
    vectorized: bool,
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> dict[str, Any]:
    """The options with `jac` filled in, where the method uses one and there is none.

    A right-hand side that cannot be recorded is left to SciPy's differences.
    """
    name = method if isinstance(method, str) else getattr(method, "__name__", "")
    start = vector(y0)
    if name not in IMPLICIT or options.get("jac") is not None or start.dtype.kind == "c":
        return options
    given = options.get("jac_sparsity")
    start = start.astype(np.float64)

    def field(y: Any, t: Any) -> Any:
        if vectorized:
            value = np.reshape(as_number(fun(t, np.expand_dims(y, 1), *args)), (-1,))
        else:
            value = vector(fun(t, y, *args))
        return value.astype(np.float64)

    make = _dense if len(start) <= _SMALL and given is None else _sparse
    try:
        kept = {k: v for k, v in options.items() if k not in ("jac", "jac_sparsity")}
        return {**kept, **make(name, field, float(t0), start, given)}
    except Exception:  # not recordable, or wrong: SciPy runs it as it is and says what is wrong
        return options


def _dense(name: str, field: Callable[..., Any], t0: float, y0: Any, given: Any) -> dict[str, Any]:
    derivative = jacobian(field)
    derivative(y0, t0)
    return {"jac": lambda t, y: derivative(y, float(t))}


def _sparse(name: str, field: Callable[..., Any], t0: float, y0: Any, given: Any) -> dict[str, Any]:
    derivative = sparse_jacobian(field, pattern=given, format="csc")
    first = derivative(y0, t0)
    if name == "LSODA":
        return _banded(derivative, first)
    if first.nnz > _FULL * first.shape[0] ** 2:
        return {"jac": lambda t, y: derivative(y, float(t)).toarray()}
    return {"jac": lambda t, y: derivative(y, float(t))}


def _banded(derivative: Callable[..., Any], first: Any) -> dict[str, Any]:
    """For LSODA: entry (i, j) of a banded matrix stands at (upper + i - j, j)."""
    places = first.tocoo()
    offsets = places.row.astype(np.int64) - places.col
    lower, upper = int(max(offsets.max(initial=0), 0)), int(max(-offsets.min(initial=0), 0))
    n = first.shape[0]
    if lower + upper + 1 > _FULL * n:
        return {"jac": lambda t, y: derivative(y, float(t)).toarray()}
    at = offsets + upper, places.col

    def packed(t: Any, y: Any) -> Any:
        bands = np.zeros((lower + upper + 1, n))
        bands[at] = derivative(y, float(t)).data
        return bands

    return {"jac": packed, "lband": lower, "uband": upper}
