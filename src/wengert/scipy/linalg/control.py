"""The algebraic Riccati equations: the cost and gain of linear-quadratic control."""

from __future__ import annotations

from typing import Any

from wengert.ops.linalg import riccati
from wengert.ops.linalg.common import adjoint, as_matrices, as_square, chain, misfit
from wengert.ops.linalg.solve import solve
from wengert.scipy.dispatch import follows_scipy


def _solved(kind: str, name: str, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
    """The equation with e = 1 and s = 0 that has the same solution, and its solution."""
    given = [x for x in (e, s) if x is not None]
    a, b, q, r, *given = as_matrices(name, a, b, q, r, *given)
    for x in (a, q, r):
        as_square(name, x)
    m, n = b.shape[-2:]
    if a.shape[-1] != m or q.shape[-1] != m or r.shape[-1] != n:
        raise misfit(name, "a, q: [m, m], b: [m, n], r: [n, n]", a=a, b=b, q=q, r=r)
    q, r = (q + adjoint(q)) / 2, (r + adjoint(r)) / 2
    if e is not None:  # y = e^H x e has the equation of e^-1 a and e^-1 b
        e = given.pop(0)
        a, b = solve(e, a), solve(e, b)
    if s is not None:  # u + r^-1 s^H x is a control without mixed terms
        s = given.pop(0)
        coupling = solve(r, adjoint(s))
        a, q = a - chain(b, coupling), q - chain(s, coupling)
        q = (q + adjoint(q)) / 2
    x = riccati.riccati(kind, a, b, q, r)
    return x if e is None else adjoint(solve(adjoint(e), adjoint(solve(adjoint(e), x))))


@follows_scipy("linalg")
def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """The stabilizing solution x of a^H x e + e^H x a - (e^H x b + s) r^-1 (b^H x e + s^H) + q = 0.

    Parameters
    ----------
    a, q : array, shape (..., m, m)
    b : array, shape (..., m, n)
    r : array, shape (..., n, n)
        The Hermitian parts of q and r are read.
    e, s : array, shape (..., m, m) and (..., m, n), optional
        One and zero by default.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import linalg
    >>> one = np.eye(1)
    >>> cost = lambda q: linalg.solve_continuous_are(0 * one, one, q * one, one)[0, 0]  # sqrt(q)
    >>> float(wg.grad(cost)(4.0))
    0.25
    """
    return _solved("care", "solve_continuous_are", a, b, q, r, e, s)


@follows_scipy("linalg")
def solve_discrete_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """The stabilizing solution in discrete time; arguments as in the continuous equation.

    a^H x a - e^H x e - (a^H x b + s) (r + b^H x b)^-1 (b^H x a + s^H) + q = 0.
    """
    return _solved("dare", "solve_discrete_are", a, b, q, r, e, s)
