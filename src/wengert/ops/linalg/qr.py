"""QR factorization: a = q r.

    qr      modes "reduced", "complete"
    qr_r    mode "r"

With q1 and r1 the first min(m, n) columns, w = q1^H da r1^-1 splits into an antisymmetric part, by
which q turns, and an upper triangle. LAPACK keeps the diagonal of r real, and so does the
derivative; columns of a complete q beyond min(m, n) turn as little as they can.

Source: S. F. Walter, L. Lehmann, R. Lamour, "On evaluating higher-order derivatives of the QR
decomposition of tall matrices with full column rank in forward and reverse mode algorithmic
differentiation", Optim. Methods Softw. 27 (2012); for complex matrices our own, by the same steps.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import add, convert, imag, mul, neg, sub
from wengert.ops.linalg import native_spectral
from wengert.ops.linalg.common import adjoint, as_matrices, batch_leading, over_stack
from wengert.ops.linalg.structure import put_diagonal, take_diagonal, triangle
from wengert.ops.linalg.triangular import solve_from_right
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type

QRResult = type(np.linalg.qr(np.eye(1)))


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """q and r of a = q r; with mode "r" only r."""
    a = as_matrices("qr", a)
    if mode == "r":
        return bind(qr_r_p, a, mode="reduced")[0]
    if mode in ("reduced", "complete"):
        r, q = bind(qr_p, a, mode=mode)
        return QRResult(q, r)
    if mode == "raw":
        raise MissingRuleError(
            "qr: Householder vectors (mode 'raw') have no derivative in Wengert.",
            got="mode='raw'",
            expected="mode 'reduced', 'complete' or 'r'",
            try_="q, r = np.linalg.qr(a)",
        )
    raise ArgumentError(
        "qr: there is no such mode.",
        got=f"mode={mode!r}",
        expected="'reduced', 'complete' or 'r'",
    )


def _qr_type(a: Type, *, mode: str) -> tuple[Type, Type]:
    *stack, m, n = a.shape
    k = m if mode == "complete" else min(m, n)
    return Type((*stack, k, n), a.dtype), Type((*stack, m, k), a.dtype)


def _qr_jvp(args: Any, out: Any, tangents: Any, *, mode: str) -> Any:
    r, q = out
    (da,) = tangents
    m, n = da.shape[-2:]
    k = min(m, n)
    q1 = q[..., :k] if q.shape[-1] > k else q
    r1 = r[..., :k, :k] if r.shape[-2:] != (k, k) else r
    image = solve_from_right(da[..., :k] if n > k else da, r1, lower=False)
    w = matmul(adjoint(q1), image)
    turn = _turn(w)
    dq = matmul(q1, turn)
    if m > k:
        dq = add(dq, sub(image, matmul(q1, w)))
    r_top = r[..., :k, :] if r.shape[-2] > k else r
    dr = triangle(sub(matmul(adjoint(q1), da), matmul(turn, r_top)), "upper")
    if q.shape[-1] > k:
        others = q[..., k:]
        dq = np.concatenate([dq, neg(matmul(q1, matmul(adjoint(dq), others)))], axis=-1)
        below = mul(r[..., k:, :], 0.0)
        dr = np.concatenate([dr, below], axis=-2)
    return dr, dq


def _turn(w: Any) -> Any:
    """The antisymmetric matrix with the strict lower triangle of `w`, its diagonal imaginary."""
    below = triangle(w, "strict_lower")
    turn = sub(below, adjoint(below))
    if w.dtype.kind != "c":
        return turn
    phases = mul(convert(imag(take_diagonal(w)), w.dtype), 1j)
    return add(turn, put_diagonal(phases, w.shape[-2:]))


qr_p: Primitive = define(
    Primitive(
        "qr",
        lambda a, *, mode: tuple(np.linalg.qr(a, mode))[::-1],
        _qr_type,
        jvp=_qr_jvp,
        emit=native_spectral.QR,
        batch=lambda size, args, is_batched, *, mode: (
            bind(qr_p, *args, mode=mode),
            (True, True),
        ),
        cost=lambda in_types, out_types, **params: (
            4 * in_types[0].size * min(in_types[0].shape[-2:])
        ),
        is_multiple=True,
        render=lambda ins, params: f"np.linalg.qr({ins[0]}, {params['mode']!r})[::-1]",
        facts={
            "gauge": "the diagonal of r is real",
            "domain": "the first min(m, n) columns are independent",
        },
    )
)
qr_r_p: Primitive = define(
    Primitive(
        "qr_r",
        lambda a, *, mode: (np.linalg.qr(a, "r"),),
        lambda a, *, mode: (_qr_type(a, mode=mode)[0],),
        emit=native_spectral.QR_R,
        batch=lambda size, args, is_batched, *, mode: (
            bind(qr_r_p, *args, mode=mode),
            (True,),
        ),
        cost=lambda in_types, out_types, **params: (
            2 * in_types[0].size * min(in_types[0].shape[-2:])
        ),
        extended=qr_p,
        is_multiple=True,
        render=lambda ins, params: f"(np.linalg.qr({ins[0]}, 'r'),)",
    )
)


def qr_pivots(a: Any) -> Any:
    """The order of columns that QR with pivoting takes; locally constant."""
    return bind(qr_pivots_p, a)


def _qr_pivots(a: Any) -> Any:
    qr = importlib.import_module("scipy.linalg").qr
    return over_stack(lambda a: (qr(a, mode="r", pivoting=True)[1],), (a,), (2,))[0]


qr_pivots_p: Primitive = define(
    Primitive(
        "qr_pivots",
        _qr_pivots,
        lambda a: Type((*a.shape[:-2], a.shape[-1]), np.int32),
        batch=batch_leading("qr_pivots"),
        cost=lambda in_types, out_types, **params: 2 * in_types[0].size * in_types[0].shape[-1],
        gives_array=True,
        facts={"derivative": "zero: integers"},
        emit=Unsupported("SciPy chooses the pivots"),
    )
)
