"""The algebraic Riccati equations of optimal control, and the discrete Lyapunov equation.

    care   a^H x + x a - x b r^-1 b^H x + q = 0
    dare   a^H x a - x - a^H x b (r + b^H x b)^-1 b^H x a + q = 0

With the optimal gain k and the closed loop c = a - b k, the solution is the cost of the closed
loop, and the gain may be held constant in its derivative (it is a minimum): so x' solves the
Lyapunov equation of c whose right-hand side is made of a' - b' k, q' and r'.

Source: P. Lancaster, L. Rodman, "Algebraic Riccati Equations" (1995), chapters 9, 11 and 14.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import full, neg, reshape
from wengert.ops.linalg.common import (
    adjoint,
    batch_stacks,
    chain,
    over_stack,
    real_dtype,
    stack_shape,
    sum_terms,
)
from wengert.ops.linalg.matrix_functions import scipy_linalg, sylvester
from wengert.ops.linalg.solve import inv, solve
from wengert.ops.linalg.structure import put_diagonal
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind
from wengert.types import Type


def discrete_lyapunov(a: Any, q: Any, method: str) -> Any:
    """The solution x of a x a^H - x + q = 0.

    By the linear system of n^2 unknowns ("direct"), or by the continuous equation after a bilinear
    transform.
    """
    n = a.shape[-1]
    ah = adjoint(a)
    if method == "direct":
        stack = a.shape[:-2]
        # vec(a x a^H) = (a kron conj(a)) vec(x), rows first
        kron = reshape(
            a[..., :, None, :, None] * np.conj(a)[..., None, :, None, :], (*stack, n * n, n * n)
        )
        vec = reshape(q, (*q.shape[:-2], n * n, 1))
        return reshape(solve(_identity(n * n, a) - kron, vec), q.shape)
    one = _identity(n, a)
    inverse = inv(ah + one)
    b = adjoint(chain(ah - one, inverse))
    c = chain(inv(a + one), q, inverse) * 2.0
    return sylvester(b, adjoint(b), neg(c))


def _identity(n: int, like: Any) -> Any:
    """Made by operations: a derivative rule captures no arrays."""
    return put_diagonal(full((n,), 1.0, real_dtype(like.dtype)), (n, n))


def riccati(kind: str, a: Any, b: Any, q: Any, r: Any) -> Any:
    """The stabilizing solution of the equation "care" or "dare"."""
    return bind(riccati_p, a, b, q, r, kind=kind)


def _riccati(a: Any, b: Any, q: Any, r: Any, *, kind: str) -> Any:
    module = scipy_linalg()
    function = module.solve_continuous_are if kind == "care" else module.solve_discrete_are
    result = over_stack(
        lambda *item: (np.asarray(function(*item), q.dtype),), (a, b, q, r), (2, 2, 2, 2)
    )
    return result[0]


def _riccati_jvp(args: Any, out: Any, tangents: Any, *, kind: str) -> Any:
    a, b, _, r = args
    da, db, dq, dr = tangents
    bx = matmul(adjoint(b), out)
    gain = solve(r, bx) if kind == "care" else solve(r + matmul(bx, b), matmul(bx, a))
    closed = a - matmul(b, gain)
    moved = sum_terms(da, None if db is None else neg(matmul(db, gain)))
    cost = sum_terms(dq, None if dr is None else chain(adjoint(gain), dr, gain))
    if moved is not None:
        half = matmul(out, moved) if kind == "care" else chain(adjoint(closed), out, moved)
        cost = sum_terms(cost, half, adjoint(half))
    if kind == "care":
        return sylvester(adjoint(closed), closed, neg(cost))
    method = "direct" if a.shape[-1] < 10 else "bilinear"
    return discrete_lyapunov(adjoint(closed), cost, method)


riccati_p: Primitive = define(
    Primitive(
        "riccati",
        _riccati,
        lambda a, b, q, r, *, kind: Type(
            (*stack_shape(f"solve_{kind}", a=a, b=b, q=q, r=r), *q.shape[-2:]), q.dtype
        ),
        jvp=_riccati_jvp,
        batch=batch_stacks("riccati"),
        cost=lambda in_types, out_types, **params: 200 * out_types[0].size * out_types[0].shape[-1],
        facts={"domain": "(a, b) stabilizable; q and r Hermitian", "gives": "the stabilizing x"},
        emit=Unsupported("SciPy computes it"),
    )
)
