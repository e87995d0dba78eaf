"""A special function with its derivatives, held against mpmath at 40 digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import scipy.special as sc

import wengert as wg


@dataclass(frozen=True)
class Row:
    """A function, its points, and the tolerances of value, first and second derivatives."""

    name: str
    exact: Callable[..., Any]
    points: list[tuple[float, ...]]
    tol: tuple[float, float, float] = (1e-14, 1e-13, 1e-12)

    @property
    def f(self) -> Any:
        return getattr(sc, self.name)


def one(*xs: float) -> list[tuple[float, ...]]:
    return [(x,) for x in xs]


def compare(row: Row) -> None:
    """Assert value, gradient and Hessian at every point of a row."""
    for point in row.points:
        p = tuple(map(float, point))
        argnums = tuple(range(len(p)))
        with mp.workdps(40):
            check(row.f(*p), row.exact(*map(mp.mpf, p)), row.tol[0])
            gradient = wg.grad(row.f, argnums=argnums)(*p)
            hessian = wg.hessian(lambda xs: row.f(*xs))(p)
            for i in argnums:
                check(gradient[i], differential(row.exact, p, i), row.tol[1])
                for j in argnums[i:]:
                    check(hessian[i][j], differential(row.exact, p, i, j), row.tol[2])


def check(found: Any, exact: Any, tol: float) -> None:
    scale = max(abs(exact), mp.mpf(10) ** -300)
    assert abs(found - exact) <= tol * scale, (float(found), float(exact))


def differential(f: Callable[..., Any], p: tuple[float, ...], *along: int) -> Any:
    """A partial derivative by mpmath's differences."""
    x = list(map(mp.mpf, p))
    if len(set(along)) == 1:
        i = along[0]
        return mp.diff(lambda t: f(*x[:i], t, *x[i + 1 :]), x[i], len(along))
    return mp.diff(f, x, [along.count(i) for i in range(len(p))])
