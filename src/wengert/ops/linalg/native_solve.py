"""The native form of what rests on elimination: systems, inverses, determinants, LU factors.

Small matrices are written out, several of a stack at once; larger ones go to LAPACK, on which
NumPy's functions rest too. The same pivots are taken, so that the same matrices are singular.
"""

from __future__ import annotations

from typing import Any

from wengert.ir.emission import Whole
from wengert.ops.linalg import native_small as straight
from wengert.ops.linalg.failures import SINGULAR
from wengert.ops.linalg.native_stacks import (
    REALS,
    Factored,
    cost,
    each,
    is_numeric,
    is_small,
    small,
)

MINORS = 4  # rows of a matrix whose adjugate is made of minors
_WELL_CONDITIONED = 1e4  # as in `determinant.py`

# -- systems ---------------------------------------------------------------------------------------


def _solve(m: Any, a: Any, b: Any, x: Any) -> None:
    if is_small(a, b):

        def compute(a: Any, b: Any) -> Any:
            factors = straight.eliminate(m.b, a)
            m.fail_if(factors.is_singular(m.b), SINGULAR)
            return (factors.solve(m.b, b),)

        small(m, (a, b), (x,), (2, 2, 2), compute)
        return
    n = a.shape[-1]
    if len(a.shape) == 2:
        factors = Factored(m, a.kind, n, n)
        m.fail_if(factors.factor(a), SINGULAR)
        with each(m, (b, x), (2, 2)) as (columns, result):
            factors.solve(columns, result)
        factors.release()
        return
    ns = cost(0.1, n, n, n + x.shape[-1])
    with each(m, (a, b, x), (2, 2, 2), ns) as (matrix, columns, result):
        factors = Factored(m, a.kind, n, n)
        m.fail_if(factors.factor(matrix), SINGULAR)
        factors.solve(columns, result)
        factors.release()


def _solve_keep(m: Any, a: Any, b: Any, x: Any, lu: Any, pivots: Any) -> None:
    if is_small(a, b) and len(b.shape) == 2:

        def compute(a: Any, b: Any) -> Any:
            factors = straight.eliminate(m.b, a)
            m.fail_if(factors.is_singular(m.b), SINGULAR)
            return factors.solve(m.b, b), factors.lu, factors.pivots

        small(m, (a, b), (x, lu, pivots), (2, 2, 2, 2, 1), compute)
        return
    n = a.shape[-1]
    factors = Factored(m, a.kind, n, n)
    m.fail_if(factors.factor(a), SINGULAR)
    with each(m, (b, x), (2, 2)) as (columns, result):
        factors.solve(columns, result)
    m.copy(factors.lu, lu)
    _store_pivots(m, factors.pivots, pivots)
    factors.release()


def _store_pivots(m: Any, counted: Any, pivots: Any) -> None:
    """LAPACK counts from 1."""
    with m.loop(pivots.shape[0]) as i:
        m.store(pivots, (i,), m.b.sub(m.load(counted, (i,)), m.b.constant(1, "i4")))


def _solve_again(m: Any, a: Any, lu: Any, pivots: Any, b: Any, x: Any, *, is_adjoint: bool) -> None:
    if is_small(a, b) and len(b.shape) == 2:
        # The elimination of a few rows costs less than following stored pivots.
        def compute(a: Any, b: Any) -> Any:
            factors = straight.eliminate(m.b, a)
            return ((factors.solve_adjoint if is_adjoint else factors.solve)(m.b, b),)

        small(m, (a, b), (x,), (2, 2, 2), compute)
        return
    n = a.shape[-1]
    factors = Factored(m, a.kind, n, n)
    m.copy(lu, factors.lu)
    with m.loop(n) as i:
        m.store(factors.pivots, (i,), m.b.add(m.load(pivots, (i,)), m.b.constant(1, "i4")))
    with each(m, (b, x), (2, 2)) as (columns, result):
        factors.solve(columns, result, "C" if is_adjoint else "N")
    factors.release()


def _inverse(m: Any, a: Any, x: Any) -> None:
    if is_small(a):

        def compute(a: Any) -> Any:
            factors = straight.eliminate(m.b, a)
            m.fail_if(factors.is_singular(m.b), SINGULAR)
            return (factors.solve(m.b, _identity(m, a)),)

        small(m, (a,), (x,), (2, 2), compute)
        return
    n = a.shape[-1]
    with each(m, (a, x), (2, 2), cost(0.4, n, n, n)) as (matrix, result):
        factors = Factored(m, a.kind, n, n)
        m.fail_if(factors.factor(matrix), SINGULAR)
        factors.invert(result)
        factors.release()


def _identity(m: Any, like: Any) -> Any:
    n = len(like)
    return [[straight.constant(m.b, float(i == j), like[0][0]) for j in range(n)] for i in range(n)]


# -- determinants ----------------------------------------------------------------------------------


def _determinant(m: Any, a: Any, out: Any) -> None:
    if is_small(a):
        small(
            m,
            (a,),
            (out,),
            (2, 0),
            lambda a: (straight.eliminate(m.b, a).determinant(m.b),),
        )
        return
    n = a.shape[-1]
    with each(m, (a, out), (2, 0), cost(0.2, n, n, n)) as (matrix, result):
        factors = Factored(m, a.kind, n, n)
        factors.factor(matrix)
        sign, logarithm = _sign_and_logarithm(m, factors)
        size = m.b.call_math("exp", logarithm)
        m.store(result, (), straight.scaled(m.b, sign, size))
        factors.release()


def _sign_and_logarithm(m: Any, factors: Factored) -> tuple[Any, Any]:
    """Of the determinant: 0 and -Inf where a pivot is zero."""
    b, lu = m.b, factors.lu
    real = REALS[lu.kind]
    one, zero = b.constant(1.0, real), b.constant(0.0, real)

    def step(i: Any, sign: Any, logarithm: Any) -> Any:
        d = m.load(lu, (i, i))
        size = b.abs(d)
        is_zero = b.compare("eq", size, zero)
        phase = _phase(b, d, b.select(is_zero, one, size))
        row = b.add(m.number(i), b.index(1))
        pivot = b.convert(m.load(factors.pivots, (i,)), "i8")
        is_exchanged = b.compare("ne", pivot, row)
        sign = b.mul(sign, phase)
        sign = b.select(is_exchanged, b.neg(sign), sign)
        return sign, b.add(logarithm, b.call_math("log", size))

    start = straight.as_number(b, one, b.constant(1.0, lu.kind))
    sign, logarithm = m.fold(factors.n, [start, zero], step)
    is_singular = b.compare("eq", logarithm, b.constant(float("-inf"), real))
    return b.select(is_singular, b.constant(0.0, lu.kind), sign), logarithm


def _phase(b: Any, d: Any, size: Any) -> Any:
    if d.kind[0] == "c":
        return straight.scaled(b, d, b.div(b.constant(1.0, size.kind), size))
    negative = b.compare("lt", d, b.constant(0.0, d.kind))
    return b.select(negative, b.constant(-1.0, d.kind), b.constant(1.0, d.kind))


def _sign_logarithm(m: Any, a: Any, sign: Any, logarithm: Any) -> None:
    n = a.shape[-1]
    with each(m, (a, sign, logarithm), (2, 0, 0), cost(0.2, n, n, n)) as (matrix, s, l):
        factors = Factored(m, a.kind, n, n)
        factors.factor(matrix)
        values = _sign_and_logarithm(m, factors)
        m.store(s, (), values[0])
        m.store(l, (), values[1])
        factors.release()


def _sign_logarithm_inverse(m: Any, a: Any, sign: Any, logarithm: Any, inverse: Any) -> None:
    n = a.shape[-1]
    arrays, ns = (a, sign, logarithm, inverse), cost(0.4, n, n, n)
    with each(m, arrays, (2, 0, 0, 2), ns) as (matrix, s, l, x):
        factors = Factored(m, a.kind, n, n)
        factors.factor(matrix)
        values = _sign_and_logarithm(m, factors)
        m.store(s, (), values[0])
        m.store(l, (), values[1])
        is_finite = m.b.compare("eq", m.b.sub(values[1], values[1]), m.b.constant(0.0, l.kind))
        factors.invert(x)
        branch = m.b.branch(is_finite)
        branch.otherwise()
        nan = straight.as_number(m.b, m.b.constant(float("nan"), l.kind), m.b.constant(0.0, x.kind))
        with m.loops((n, n)) as at:
            m.store(x, at, nan)
        branch.join()
        factors.release()


def _adjugate(m: Any, a: Any, det: Any, adjugate: Any) -> None:
    if a.shape[-1] > MINORS:
        _adjugate_by_inverse(m, a, det, adjugate)
        return

    def compute(a: Any) -> Any:
        minors = straight.adjugate(m.b, a)
        n = len(a)
        total = straight.dot(m.b, a[0], [minors[j][0] for j in range(n)])
        return total, minors

    small(m, (a,), (det, adjugate), (2, 0, 2), compute)


def _adjugate_by_inverse(m: Any, a: Any, det: Any, adjugate: Any) -> None:
    """det(a) a^-1 where all matrices are well conditioned, else the interpreter's way."""
    b, n = m.b, a.shape[-1]
    real = REALS[a.kind]
    factors = Factored(m, a.kind, n, n)
    failed = m.temporary("b1", ())
    m.store(failed, (), b.constant(False, "b1"))
    with each(m, (a, det, adjugate), (2, 0, 2)) as (matrix, total, x):
        factors.factor(matrix)
        sign, logarithm = _sign_and_logarithm(m, factors)
        value = straight.scaled(b, sign, b.call_math("exp", logarithm))
        m.store(total, (), value)
        factors.invert(x)
        condition = b.mul(_square_norm(m, matrix), _square_norm(m, x))
        is_good = b.compare("lt", condition, b.constant(_WELL_CONDITIONED**2, real))
        m.store(failed, (), b.or_(m.load(failed, ()), b.not_(is_good)))
        with m.loops((n, n)) as at:
            m.store(x, at, b.mul(m.load(x, at), value))
    factors.release()
    branch = m.b.branch(m.load(failed, ()))
    m.fallback()
    branch.otherwise()
    branch.join()
    m.release(failed)


def _square_norm(m: Any, a: Any) -> Any:
    b = m.b
    zero = b.constant(0.0, REALS[a.kind])

    def step(i: Any, total: Any) -> tuple[Any]:
        def inner(j: Any, total: Any) -> tuple[Any]:
            x = m.load(a, (i, j))
            square = straight.real_part(b.mul(x, b.conj(x)))
            return (b.add(total, square),)

        return tuple(m.fold(a.shape[1], [total], inner))

    return m.fold(a.shape[0], [zero], step)[0]


def _adjugate_along(m: Any, a: Any, e: Any, out: Any) -> None:
    small(m, (a, e), (out,), (2, 2, 2), lambda a, e: (straight.adjugate_along(m.b, a, e),))


def _has_minors(in_types: Any, out_types: Any) -> bool:
    return is_numeric(in_types, out_types) and in_types[0].shape[-1] <= MINORS


# -- factors ---------------------------------------------------------------------------------------


def _lu(m: Any, a: Any, packed: Any, pivots: Any, permutation: Any) -> None:
    rows, columns = a.shape[-2:]
    arrays, ns = (a, packed, pivots, permutation), cost(0.2, rows, columns, min(rows, columns))
    with each(m, arrays, (2, 2, 1, 1), ns) as (matrix, lu, own, order):
        factors = Factored(m, a.kind, rows, columns)
        factors.factor(matrix)
        m.copy(factors.lu, lu)
        _store_pivots(m, factors.pivots, own)
        _follow(m, own, order)
        factors.release()


def _follow(m: Any, pivots: Any, order: Any) -> None:
    """The permutation that row exchanges make, one after the other."""
    n = order.shape[0]
    with m.loop(n) as i:
        m.store(order, (i,), m.number(i))
    with m.loop(pivots.shape[0]) as i:
        j = m.opaque(m.b.convert(m.load(pivots, (i,)), "i8"), n)
        here, there = m.load(order, (i,)), m.load(order, (j,))
        m.store(order, (i,), there)
        m.store(order, (j,), here)


def _permutation(m: Any, pivots: Any, order: Any, *, n: int) -> None:
    with each(m, (pivots, order), (1, 1)) as (own, result):
        _follow(m, own, result)


def _permute(m: Any, x: Any, order: Any, out: Any, *, is_inverse: bool) -> None:
    n, columns = out.shape[-2:]
    with each(m, (x, order, out), (2, 1, 2)) as (rows, own, result), m.loop(n) as i:
        j = m.opaque(m.b.convert(m.load(own, (i,)), "i8"), n)
        here, there = (j, i) if is_inverse else (i, j)
        with m.loops((columns,)) as (c,):
            m.store(result, (here, c), m.load(rows, (there, c)))


def _is_not_empty(in_types: Any, out_types: Any, **params: Any) -> bool:
    return all([t.size for t in (*in_types, *out_types)])


SOLVE = Whole(_solve, accepts=is_numeric)
SOLVE_KEEP = Whole(_solve_keep, accepts=is_numeric)
SOLVE_AGAIN = Whole(_solve_again, accepts=is_numeric)
INVERSE = Whole(_inverse, accepts=is_numeric)
DETERMINANT = Whole(_determinant, accepts=is_numeric)
SIGN_LOGARITHM = Whole(_sign_logarithm, accepts=is_numeric)
SIGN_LOGARITHM_INVERSE = Whole(_sign_logarithm_inverse, accepts=is_numeric)
ADJUGATE = Whole(_adjugate, accepts=is_numeric)
ADJUGATE_ALONG = Whole(_adjugate_along, accepts=_has_minors)
LU = Whole(_lu, accepts=is_numeric)
PERMUTATION = Whole(_permutation, accepts=_is_not_empty)
PERMUTE_ROWS = Whole(_permute, accepts=_is_not_empty)
