"""Functions of matrices: exponential, logarithm, square root; and the Sylvester equation.

    sylvester            a x + x b = q
    expm logm            with `frechet`, their directional derivative, as a primitive
    sqrtm                through the Sylvester equation

`frechet(a, e)` is linear in `e`; its own derivative is the same primitive on block matrices, as
f([[a, e], [0, a]]) = [[f(a), frechet(a, e)], [0, f(a)]], so that every order exists, also where
eigenvalues coincide.

Sources: R. Mathias, "A chain rule for matrix functions and applications", SIAM J. Matrix Anal.
Appl. 17 (1996), for the block form; N. J. Higham, "Functions of Matrices" (2008);
A. H. Al-Mohy, N. J. Higham, S. D. Relton, "Computing the Fréchet derivative of the matrix logarithm
and estimating the condition number", SIAM J. Sci. Comput. 35 (2013).
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.ir.dependence import Mixes
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import convert, neg, real, unfit
from wengert.ops.families import align_batch
from wengert.ops.linalg.common import (
    adjoint,
    as_matrices,
    as_square,
    batch_leading,
    batch_stacks,
    complex_dtype,
    misfit,
    over_stack,
    stack_shape,
    sum_terms,
)
from wengert.ops.linalg.eigen import is_real_result
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind
from wengert.types import Type


def scipy_linalg() -> Any:
    """SciPy's module, imported when first needed."""
    return importlib.import_module("scipy.linalg")


# -- the Sylvester equation ------------------------------------------------------------------------


def sylvester(a: Any, b: Any, q: Any) -> Any:
    """The solution x of a x + x b = q."""
    return bind(sylvester_p, a, b, q)


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """SciPy's function of this name, on traced arrays."""
    a, b, q = as_matrices("solve_sylvester", a, b, q)
    as_square("solve_sylvester", a)
    as_square("solve_sylvester", b)
    if q.shape[-2:] != (a.shape[-1], b.shape[-1]):
        raise misfit("solve_sylvester", "a: [m, m], b: [n, n], q: [m, n]", a=a, b=b, q=q)
    return sylvester(a, b, q)


def _sylvester(a: Any, b: Any, q: Any) -> Any:
    solve = scipy_linalg().solve_sylvester

    def one(a: Any, b: Any, q: Any) -> Any:
        return (np.asarray(solve(a, b, q), q.dtype) if q.size else q.copy(),)

    return over_stack(one, (a, b, q), (2, 2, 2))[0]


def _sylvester_jvp(args: Any, out: Any, tangents: Any) -> Any:
    a, b, _ = args
    da, db, dq = tangents
    rhs = sum_terms(
        dq,
        None if da is None else neg(matmul(da, out)),
        None if db is None else neg(matmul(out, db)),
    )
    return sylvester(a, b, rhs)


sylvester_p: Primitive = define(
    Primitive(
        "sylvester",
        _sylvester,
        lambda a, b, q: Type(
            (*stack_shape("solve_sylvester", a=a, b=b, q=q), *q.shape[-2:]), q.dtype
        ),
        linear_in=(frozenset({2}),),
        jvp=_sylvester_jvp,
        transpose={
            2: lambda ct, args: unfit(sylvester(adjoint(args[0]), adjoint(args[1]), ct), args[2])
        },
        batch=batch_stacks("sylvester"),
        cost=lambda in_types, out_types: 25 * sum(t.size * t.shape[-1] for t in in_types[:2]),
        render=lambda ins, params: f"scipy.linalg.solve_sylvester({', '.join(ins)})",
        facts={"domain": "no eigenvalue of a is minus one of b"},
        sparsity=Mixes((-2, -1)),
        emit=Unsupported("SciPy computes it"),
    )
)

# -- exponential and logarithm ---------------------------------------------------------------------


def expm(a: Any) -> Any:
    """The exponential of a matrix."""
    return bind(expm_p, as_square("expm", a))


def logm(a: Any) -> Any:
    """The principal logarithm; of a real matrix real where SciPy's is.

    That is a decision on the values; in a recording without values the result is complex.
    """
    a = as_square("logm", a)
    # SciPy computes the logarithm in double precision whatever the operand's.
    a = convert(a, "D" if a.dtype.kind == "c" else "d")
    result = bind(logm_p, a)
    return real(result) if is_real_result(a, result) else result


def frechet(a: Any, e: Any, function: str) -> Any:
    """The derivative of "expm" or "logm" at `a` along `e`."""
    return bind(frechet_p, a, e, function=function)


def _each(name: str) -> Any:
    def function(a: Any) -> Any:
        if a.size == 0:
            return a.copy()
        return over_stack(lambda m: (getattr(scipy_linalg(), name)(m),), (a,), (2,))[0]

    return function


def _expm_array(a: Any) -> Any:
    return np.asarray(scipy_linalg().expm(a), a.dtype) if a.size else a.copy()


def _complex_result(name: str) -> Any:
    def function(a: Any) -> Any:
        return _each(name)(a).astype(complex_dtype(a.dtype), copy=False)

    return function


def _complex_type(a: Type) -> Type:
    return Type(a.shape, complex_dtype(a.dtype))


expm_p: Primitive = define(
    Primitive(
        "expm",
        _expm_array,
        lambda a: a,
        jvp=lambda args, out, tangents: frechet(args[0], tangents[0], "expm"),
        batch=batch_leading("expm"),
        cost=lambda in_types, out_types: 30 * out_types[0].size * out_types[0].shape[-1],
        render=lambda ins, params: f"scipy.linalg.expm({ins[0]})",
        emit=Unsupported("SciPy computes it"),
    )
)
logm_p: Primitive = define(
    Primitive(
        "logm",
        _complex_result("logm"),
        _complex_type,
        jvp=lambda args, out, tangents: frechet(
            convert(args[0], out.dtype), convert(tangents[0], out.dtype), "logm"
        ),
        batch=batch_leading("logm"),
        cost=lambda in_types, out_types: 100 * out_types[0].size * out_types[0].shape[-1],
        render=lambda ins, params: f"scipy.linalg.logm({ins[0]}) + 0j",
        facts={"domain": "no eigenvalue on the closed negative real axis"},
        emit=Unsupported("SciPy computes it"),
    )
)


def _frechet(a: Any, e: Any, *, function: str) -> Any:
    one = {"expm": _expm_derivative, "logm": _logm_derivative}[function]
    if e.size == 0:
        return e.copy()
    return over_stack(lambda a, e: (np.asarray(one(a, e), e.dtype),), (a, e), (2, 2))[0]


def _expm_derivative(a: Any, e: Any) -> Any:
    return scipy_linalg().expm_frechet(a, e, compute_expm=False, check_finite=False)


# Roots are taken until |x - 1| is below this bound; then eight nodes of the Gauss-Legendre rule for
# log(1 + y) = ∫ y / (1 + t y) dt are exact to rounding.
_NEAR_IDENTITY = 0.25
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def _logm_derivative(a: Any, e: Any) -> Any:
    """By inverse scaling and squaring: the derivative goes through each square root."""
    linalg = scipy_linalg()
    one = np.eye(a.shape[-1])
    n_roots = 0
    while np.linalg.norm(a - one, 1) > _NEAR_IDENTITY and n_roots < 100:
        a = linalg.sqrtm(a)
        e = linalg.solve_sylvester(a, a, e)
        n_roots += 1
    total = np.zeros(e.shape, np.result_type(a, e))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        inverse = np.linalg.inv(one + 0.5 * (node + 1) * (a - one))
        total += 0.5 * weight * (inverse @ e @ inverse)
    return total * 2.0**n_roots


def _frechet_jvp(args: Any, out: Any, tangents: Any, *, function: str) -> Any:
    a, e = args
    da, de = tangents
    total = None if de is None else frechet(a, de, function)
    if da is None:
        return total
    n = a.shape[-1]
    big, along = blocks(a, e), blocks(da, None)
    return sum_terms(total, frechet(big, along, function)[..., :n, n:])


def blocks(x: Any, corner: Any) -> Any:
    """[[x, corner], [0, x]], with zeros for a corner that is None."""
    from wengert.ops.core import broadcast_to, zeros_of

    if corner is None:
        corner = zeros_of(x)
    stack = np.broadcast_shapes(x.shape[:-2], corner.shape[:-2])
    x, corner = (broadcast_to(m, stack + m.shape[-2:]) for m in (x, corner))
    top = np.concatenate([x, corner], axis=-1)
    return np.concatenate([top, np.concatenate([zeros_of(x), x], axis=-1)], axis=-2)


frechet_p: Primitive = define(
    Primitive(
        "frechet",
        _frechet,
        lambda a, e, *, function: Type((*stack_shape(function, a=a, e=e), *e.shape[-2:]), e.dtype),
        linear_in=(frozenset({1}),),
        jvp=_frechet_jvp,
        transpose={
            1: lambda ct, args, *, function: unfit(frechet(adjoint(args[0]), ct, function), args[1])
        },
        sparsity=Mixes((-2, -1)),
        batch=lambda size, args, is_batched, *, function: (
            bind(frechet_p, *align_batch(args, is_batched), function=function),
            True,
        ),
        cost=lambda in_types, out_types, **params: 90 * out_types[0].size * out_types[0].shape[-1],
        facts={"of": "expm, logm; linear in its second operand"},
        emit=Unsupported("SciPy computes it"),
    )
)

# -- square root -----------------------------------------------------------------------------------


def sqrtm(a: Any) -> Any:
    """The principal square root; real or complex as for `logm`."""
    a = as_square("sqrtm", a)
    result = bind(sqrtm_p, a)
    return real(result) if is_real_result(a, result) else result


def _sqrtm_jvp(args: Any, out: Any, tangents: Any) -> Any:
    return sylvester(out, out, convert(tangents[0], out.dtype))


sqrtm_p: Primitive = define(
    Primitive(
        "sqrtm",
        _complex_result("sqrtm"),
        _complex_type,
        jvp=_sqrtm_jvp,
        batch=batch_leading("sqrtm"),
        cost=lambda in_types, out_types: 30 * out_types[0].size * out_types[0].shape[-1],
        render=lambda ins, params: f"scipy.linalg.sqrtm({ins[0]}) + 0j",
        facts={"domain": "no eigenvalue on the closed negative real axis"},
        emit=Unsupported("SciPy computes it"),
    )
)
