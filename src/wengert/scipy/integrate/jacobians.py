"""The Jacobian of a right-hand side, filled in for SciPy's implicit methods.

Small systems get a dense one, larger ones a sparse one whose pattern is found; LSODA, which takes
no sparse matrices, a banded one where the bandwidth is small. Whatever stands in the way of a
Jacobian, at the start or on the way, leaves the problem to SciPy as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wengert.api.jacobians import jacobian
from wengert.implicit.functions import as_number, recordable, vector
from wengert.sparse import jacobian as sparse_jacobian
from wengert.types import Type

IMPLICIT = ("Radau", "BDF", "LSODA")
_SMALL = 32  # states up to which a dense Jacobian, made without compiling, is faster
_LONG = 400  # equations of single numbers from which on compiling costs more than it saves
_FULL = 0.3  # part of the entries from which on a matrix is better dense

Jacobian = Callable[[Any, Any], Any]


class JacobianUnusableError(Exception):
    """A Jacobian asked for on the way cannot be computed, or has entries that are not finite.

    It never reaches the user: the problem is then solved again without it.
    """


def solved_with_jacobian(
    solve: Callable[..., Any],
    fun: Callable[..., Any],
    t0: Any,
    y0: Any,
    method: Any,
    vectorized: bool,
    args: Any,
    options: dict[str, Any],
) -> Any:
    """`solve(**options)` with `jac` filled in where the method uses one and there is none."""
    extra = () if args is None else tuple(args)
    filled = with_jacobian(fun, t0, y0, method, vectorized, extra, options)
    if filled is options:
        return solve(**options)
    if args is not None:
        # SciPy hands `args` to a Jacobian as well, and ours knows them already.
        ours = filled["jac"]
        filled = {**filled, "jac": lambda t, y, *args: ours(t, y)}
    try:
        return solve(**filled)
    except JacobianUnusableError:
        return solve(**options)


def with_jacobian(
    fun: Callable[..., Any],
    t0: Any,
    y0: Any,
    method: Any,
    vectorized: bool,
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> dict[str, Any]:
    """The options with `jac` filled in, or the same object where there is none to be had.

    A right-hand side that cannot be recorded is left to SciPy's differences.
    """
    name = method if isinstance(method, str) else getattr(method, "__name__", "")
    start = vector(y0)
    if name not in IMPLICIT or options.get("jac") is not None or start.dtype.kind == "c":
        return options
    start = start.astype(np.float64)

    def field(y: Any, t: Any) -> Any:
        if vectorized:
            value = np.reshape(as_number(fun(t, np.expand_dims(y, 1), *args)), (-1,))
        else:
            value = vector(fun(t, y, *args))
        return value.astype(np.float64)

    kept = {k: v for k, v in options.items() if k not in ("jac_sparsity", "lband", "uband")}
    for derivative in _derivatives(field, start, options.get("jac_sparsity")):
        exact = _usable(derivative)
        try:
            first = exact(float(t0), start)
        except JacobianUnusableError:  # not recordable, or wrong: SciPy will say what is wrong
            continue
        if first.shape == 2 * start.shape:
            return {**kept, **_in_the_form_for(name, exact, first)}
    return options


def _derivatives(field: Callable[..., Any], start: Any, given: Any) -> Iterator[Any]:
    """What to try, first to last. The dense one has t as a plain number: `math.sin(t)` will do."""
    if given is not None:
        yield sparse_jacobian(field, pattern=given, format="csc")
        return
    if len(start) > _SMALL and not _is_written_by_elements(field, start):
        yield sparse_jacobian(field, format="csc")
    yield jacobian(field)


def _usable(derivative: Callable[..., Any]) -> Jacobian:
    """(t, y) → the Jacobian, or `JacobianUnusableError`.

    A right-hand side may take another path later, one that cannot be recorded or has no derivative.
    """

    def exact(t: Any, y: Any) -> Any:
        try:
            with np.errstate(all="ignore"):
                found = derivative(y, float(t))
        except Exception as problem:  # whatever goes wrong in the user's function on tracers
            raise JacobianUnusableError from problem
        if not np.isfinite(found if isinstance(found, np.ndarray) else found.data).all():
            raise JacobianUnusableError
        return found

    return exact


def _is_written_by_elements(field: Callable[..., Any], start: Any) -> bool:
    """Whether it is long because it computes one number at a time, as loops over states do."""
    found = recordable("solve_ivp", field, Type(start.shape, start.dtype), Type((), np.float64))
    if found is None:
        return False
    kinds = [{getattr(v.type, "shape", None) for v in e.outputs} for e in found.program.equations]
    return kinds.count({()}) > _LONG


def _in_the_form_for(name: str, exact: Jacobian, first: Any) -> dict[str, Any]:
    """As the options that hand it to the method: sparse, dense, or the bands of LSODA."""
    if isinstance(first, np.ndarray):
        return {"jac": exact}
    if first.nnz > _FULL * first.shape[0] ** 2:
        return {"jac": lambda t, y: exact(t, y).toarray()}
    return _banded(exact, first) if name == "LSODA" else {"jac": exact}


def _banded(exact: Jacobian, first: Any) -> dict[str, Any]:
    """For LSODA: entry (i, j) of a banded matrix stands at (upper + i - j, j)."""
    n = first.shape[0]
    below = _offsets(first.tocoo())
    lower, upper = int(max(below.max(initial=0), 0)), int(max(-below.min(initial=0), 0))
    if lower + upper + 1 > _FULL * n:
        return {"jac": lambda t, y: exact(t, y).toarray()}

    def packed(t: Any, y: Any) -> Any:
        entries = exact(t, y).tocoo()
        rows = upper + _offsets(entries)
        if rows.size and (rows.min() < 0 or rows.max() > lower + upper):
            raise JacobianUnusableError  # another path of the function, and wider
        bands = np.zeros((lower + upper + 1, n))
        bands[rows, entries.col] = entries.data
        return bands

    return {"jac": packed, "lband": lower, "uband": upper}


def _offsets(entries: Any) -> Any:
    """How far each entry of a matrix in coordinates lies below the diagonal."""
    return entries.row.astype(np.int64) - entries.col
