"""Linear programs and assignments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.implicit.functions import BOOL, INT, as_number, solved, vector
from wengert.implicit.programs import capture
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.optimize.kkt import active_sets, both_bounds, differentiable
from wengert.scipy.optimize.minimization import _messages, dense, last_message, optimize
from wengert.trace.tracer import Tracer
from wengert.types import Type


@follows_scipy("optimize")
def linprog(
    c: Any,
    A_ub: Any = None,
    b_ub: Any = None,
    A_eq: Any = None,
    b_eq: Any = None,
    bounds: Any = (0, None),
    method: str = "highs",
    **options: Any,
) -> Any:
    """The x that minimizes c @ x under linear constraints, as `scipy.optimize.linprog` finds it.

    Parameters
    ----------
    c : array, shape (n,)
    A_ub, b_ub : arrays, optional
        A_ub @ x <= b_ub.
    A_eq, b_eq : arrays, optional
        A_eq @ x == b_eq.
    bounds : pair, or sequence of pairs
        Of each variable; None is infinite.
    method, **options
        As in SciPy; `integrality` is refused where anything is traced by the derivative's being
        that of the continuous program.

    Returns
    -------
    OptimizeResult
        `x`, `fun`, `slack` and `con` are differentiable in all of the data: the vertex moves with
        the constraints that are active in it, and stays where `c` alone changes.

    Raises
    ------
    numpy.linalg.LinAlgError
        When a derivative is asked for at a degenerate vertex, or where the minimum is not unique.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> def best(b):
    ...     return optimize.linprog([-1.0, -2.0], A_ub=np.array([[1.0, 1.0]]), b_ub=b).x
    >>> wg.jacobian(best)(np.array([4.0])) + 0.0
    array([[0.],
           [1.]])
    """
    c = vector(c)
    n = c.shape[0]
    point = Type((n,), np.float64)
    pairs = list(bounds) if np.ndim(bounds[0]) or isinstance(bounds[0], tuple) else [bounds]
    lower, upper = both_bounds(pairs * n if len(pairs) == 1 else pairs, n)
    a_ub, b_ub = _rows(A_ub, b_ub, n)
    a_eq, b_eq = _rows(A_eq, b_eq, n)
    m_ub, m_eq = b_ub.shape[0], b_eq.shape[0]
    m = m_ub + m_eq
    x, side, held, multipliers, success, status, nit = solved(
        "linprog",
        _linprog_on_values,
        [],
        [c, a_ub, b_ub, a_eq, b_eq, lower, upper],
        {"method": method, **options},
        [point, Type((n,), np.int64), Type((m,), np.int64), Type((m,), np.float64), BOOL, INT, INT],
    )
    joint = None
    if m:
        joint = capture(
            "the constraints of linprog",
            lambda x: np.concatenate([a_ub @ x, a_eq @ x]),
            [point],
        )
    right = np.concatenate([b_ub, b_eq])
    error = np.where(success, 0.0, np.inf)
    x = differentiable(
        "linprog", lambda x: c + 0.0 * x, x, side, (lower, upper), joint, held, multipliers,
        (right, right), error,
    )  # fmt: skip
    return optimize().OptimizeResult(
        x=x,
        fun=c @ x,
        slack=b_ub - a_ub @ x,
        con=b_eq - a_eq @ x,
        success=success,
        status=status,
        nit=nit,
        message=last_message(),
    )


def _rows(a: Any, b: Any, n: int) -> tuple[Any, Any]:
    if a is None:
        return np.zeros((0, n)), np.zeros(0)
    a = a if isinstance(a, Tracer) else np.atleast_2d(dense(a))
    return a, np.reshape(vector(b), (-1,))


def _linprog_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    c, a_ub, b_ub, a_eq, b_eq, lower, upper = operands
    found = optimize().linprog(
        c,
        a_ub if b_ub.size else None,
        b_ub if b_ub.size else None,
        a_eq if b_eq.size else None,
        b_eq if b_eq.size else None,
        np.stack([lower, upper], 1),
        **settings,
    )
    _messages[-1] = str(found.message)
    n, m = c.size, b_ub.size + b_eq.size
    if found.x is None:
        # With everything held the equations are regular: the error is that nothing was found.
        blank = np.full(n, -1), np.zeros(m, int), np.zeros(m)
        return [np.full(n, np.nan), *blank, False, found.status, found.nit]
    jac = np.concatenate([a_ub, a_eq])
    low = np.concatenate([np.full(b_ub.size, -np.inf), b_eq])
    high = np.concatenate([b_ub, b_eq])
    side, held, multipliers, _ = active_sets(
        found.x, c, lower, upper, jac @ found.x, jac, low, high
    )
    return [found.x, side, held, multipliers, found.success, found.status, found.nit]


@follows_scipy("optimize")
def linear_sum_assignment(cost_matrix: Any, maximize: bool = False) -> Any:
    """The assignment of least total cost: rows and their columns, integers without derivative.

    Parameters
    ----------
    cost_matrix : array, shape (m, n)
    maximize : bool

    Returns
    -------
    row_ind, col_ind : arrays of int
        The cost `cost_matrix[row_ind, col_ind].sum()` is differentiable: the assignment holds.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> def least(c):
    ...     return np.sum(c[optimize.linear_sum_assignment(c)])
    >>> wg.grad(least)(np.array([[4.0, 1.0], [2.0, 5.0]]))
    array([[0., 1.],
           [1., 0.]])
    """
    c = as_number(cost_matrix)
    k = min(c.shape)
    indices = Type((k,), np.int64)
    rows, columns = solved(
        "linear_sum_assignment",
        _assignment_on_values,
        [],
        [c],
        {"maximize": bool(maximize)},
        [indices, indices],
    )
    return rows, columns


def _assignment_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    return optimize().linear_sum_assignment(operands[0], **settings)


__all__ = ["linear_sum_assignment", "linprog"]
