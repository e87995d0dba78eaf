"""Every ufunc of NumPy on every dtype, its keyword arguments and methods, and all operators.

Under a recording the result must be NumPy's own: value, dtype, shape, array or scalar, or an error
where NumPy raises one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from primitives.harness import same_kind
from wengert.errors import (
    ArgumentError,
    ConversionError,
    DtypeError,
    MissingRuleError,
    MutationError,
    ShapeError,
)

DTYPES = [
    np.dtype(d)
    for d in (
        "bool int8 uint8 int32 int64 uint64 float16 float32 float64 complex64 complex128"
    ).split()
]
SCALARS = [2, 2.5, True, 1j, 0]
UFUNCS = [
    u
    for u in dict.fromkeys(v for v in vars(np).values() if isinstance(v, np.ufunc))
    if u.signature is None and u is not np.isnat
]
# `x**2` of booleans is int8 in NumPy as an operator, int64 as a ufunc: we take the operator's.
KNOWN = {("power", "bool", 2)}
REFUSALS = (TypeError, ValueError, OverflowError)


def outcome(f: Callable[..., Any], args: Any) -> Any:
    """The results of a call as a tuple, or the fact that it was refused."""
    with np.errstate(all="ignore"):
        try:
            result = f(*args)
        except REFUSALS as error:
            return type(error)
    return result if isinstance(result, tuple) else (result,)


def check_same(f: Callable[..., Any], *args: Any) -> None:
    """`f` of recorded arguments gives what NumPy gives, or both refuse."""
    expected = outcome(f, args)
    found = outcome(lambda *xs: wg.vjp(f, *xs)[0], args)
    if isinstance(expected, type):
        assert isinstance(found, type), f"NumPy refuses, we give {found}"
        return
    assert not isinstance(found, type), f"NumPy gives {expected}, we refuse"
    for x, y in zip(found, expected, strict=True):
        same_kind(x, y)
        np.testing.assert_allclose(x, y, rtol=1e-6)


def first(dtype: Any) -> Any:
    return np.array([1, 2, 3, 0]).astype(dtype)


def second(dtype: Any) -> Any:
    return np.array([2, 1, 3, 1]).astype(dtype)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda u: u.__name__)
def test_dtypes(ufunc: np.ufunc) -> None:
    for d in DTYPES:
        if ufunc.nin == 1:
            for x in (first(d), first(d)[0], np.array(first(d)[1]), first(d)[:0]):
                check_same(ufunc, x)
            continue
        for e in DTYPES:
            check_same(ufunc, first(d), second(e))
        for s in SCALARS:
            if (ufunc.__name__, d.name, s) not in KNOWN:
                check_same(lambda x: ufunc(x, s), first(d))
            check_same(lambda x: ufunc(s, x), second(d))
            check_same(lambda x: ufunc(s, x), second(d)[0])


# -- operators -------------------------------------------------------------------------------------

BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.and_,
    operator.or_,
    operator.xor,
    operator.lshift,
    operator.rshift,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
    divmod,
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", BINARY, ids=lambda f: f.__name__)
def test_operators(op: Any) -> None:
    for d in (np.dtype(bool), np.dtype(np.int32), np.dtype(np.float32), np.dtype(np.complex128)):
        x, y = first(d), second(d)
        check_same(op, x, y)
        check_same(lambda x: op(x, y), x)
        check_same(lambda y: op(x, y), y)
        check_same(lambda x: op(x, y[0]), x)
        check_same(lambda y: op(x[0], y), y)
        check_same(lambda x: op(x, [2, 1, 3, 1]), x)
        check_same(lambda y: op([1, 2, 3, 0], y), y)
        check_same(op, x[0], y[0])
        for s in SCALARS:
            if ("power", d.name, s) not in KNOWN:
                check_same(lambda x: op(x, s), x)
            check_same(lambda y: op(s, y), y)


@pytest.mark.parametrize("op", [operator.neg, operator.pos, operator.abs, operator.invert])
def test_unary_operators(op: Any) -> None:
    for d in DTYPES:
        check_same(op, first(d))
        check_same(op, first(d)[1])


IN_PLACE = [
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ifloordiv,
    operator.imod,
    operator.ipow,
    operator.iand,
    operator.ior,
    operator.ixor,
    operator.ilshift,
    operator.irshift,
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", IN_PLACE, ids=lambda f: f.__name__)
def test_in_place_operators(op: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        buffer = x.copy()
        alias = buffer
        part = buffer[1:]
        buffer = op(buffer, y)
        assert buffer is alias
        return buffer, part

    for d in (np.dtype(np.int32), np.dtype(np.float64), np.dtype(np.float32)):
        for e in (np.dtype(np.int32), np.dtype(np.float64)):
            check_same(f, first(d), second(e))
        check_same(lambda x: f(x, 2), first(d))
        check_same(lambda x: f(x, 2.5), first(d))


def test_an_in_place_operator_on_a_scalar_makes_a_new_one() -> None:
    def f(x: Any) -> Any:
        a = x[0]
        b = a
        b += 1.0
        return a * 2 + b

    value, gradient = wg.value_and_grad(f)(np.array([3.0]))
    assert value == 10.0
    np.testing.assert_array_equal(gradient, [3.0])


def test_positive_and_conjugate_make_new_arrays() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        for copied in (+y, np.positive(y), np.conjugate(y)):
            copied[0] = 100.0
        assert y.conj() is y
        return np.sum(y * y)

    np.testing.assert_array_equal(wg.grad(f)(np.array([2.0, 3.0])), [4.0, 6.0])


def test_comparison_with_None_is_false_everywhere() -> None:
    def f(x: Any) -> Any:
        assert (x == None).tolist() == [False, False]  # noqa: E711  # the operator is under test
        assert (x != None).tolist() == [True, True]  # noqa: E711  # as above
        assert x[0] != object()
        return np.sum(x)

    wg.grad(f)(np.ones(2))


def test_sum_of_a_list_begins_with_the_number_0() -> None:
    np.testing.assert_array_equal(wg.grad(lambda x: sum([x[0], x[1] * 2]))(np.ones(2)), [1, 2])


# -- keyword arguments -----------------------------------------------------------------------------

X = np.array([0.5, -1.0, 2.0, 0.0])
MASK = np.array([True, False, True, False])


def test_where_takes_the_rest_from_out() -> None:
    def f(x: Any) -> Any:
        out = wnp.full(4, 7.0) + 0 * x
        result = np.log(x, where=MASK, out=out)
        assert result is out
        return result

    value, pullback = wg.vjp(f, X)
    np.testing.assert_allclose(value, [np.log(0.5), 7.0, np.log(2.0), 7.0])
    np.testing.assert_allclose(pullback(np.ones(4))[0], [2.0, 0.0, 0.5, 0.0])


def test_where_without_out_gives_zeros_and_no_derivative_elsewhere() -> None:
    value, pullback = wg.vjp(lambda x: np.divide(1.0, x, where=MASK), X)
    np.testing.assert_array_equal(value, [2.0, 0.0, 0.5, 0.0])
    np.testing.assert_array_equal(pullback(np.ones(4))[0], [-4.0, 0.0, -0.25, 0.0])


def test_where_may_be_traced_and_broadcasts() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sqrt(x, where=x > 0) * np.add(x, 1.0, where=np.array([[True], [False]])))

    expected = np.where(X > 0, 1.5 * np.sqrt(np.abs(X)) + 0.5 / np.sqrt(np.where(X > 0, X, 1)), 0)
    np.testing.assert_allclose(wg.grad(f)(X), expected)


@pytest.mark.parametrize("dtype", ["float32", "complex128", np.float64])
def test_dtype_chooses_the_loop(dtype: Any) -> None:
    check_same(lambda x: np.add(x, 1, dtype=dtype), np.arange(3))
    check_same(lambda x: np.exp(x, dtype=dtype), np.arange(3, dtype=np.float32))
    check_same(lambda x: np.multiply(x, 2.5, dtype=dtype, casting="unsafe"), np.arange(3.0))


def test_signature_and_casting() -> None:
    check_same(lambda x: np.add(x, x, signature="ff->f"), np.arange(3, dtype=np.float32))
    check_same(lambda x: np.add(x, x, signature=(None, None, np.float64)), np.arange(3))
    check_same(lambda x: np.add(x, 2.5, casting="safe"), np.arange(3, dtype=np.float32))
    check_same(lambda x: np.add(x, x, dtype=np.float32, casting="no"), np.arange(3.0))


def test_out_of_the_recording_is_written() -> None:
    def f(x: Any) -> Any:
        out = wnp.zeros(4)
        view = out[1:3]
        np.multiply(x, 3.0, out=out)
        np.exp(x[:2], view)
        return out

    value, pullback = wg.vjp(f, X)
    np.testing.assert_allclose(value, [1.5, np.exp(0.5), np.exp(-1.0), 0.0])
    np.testing.assert_allclose(pullback(np.ones(4))[0], [3 + np.exp(0.5), np.exp(-1.0), 0, 3])


def test_two_outputs() -> None:
    def f(x: Any) -> Any:
        whole, rest = wnp.zeros(4), wnp.zeros(4)
        np.divmod(x, 0.75, out=(whole, rest))
        np.modf(rest * 2, out=(rest, None))
        return whole, rest

    def plain(x: Any) -> Any:
        whole, rest = np.divmod(x, 0.75)
        return whole, np.modf(rest * 2)[0]

    for a, b in zip(wg.vjp(f, X)[0], plain(X), strict=True):
        np.testing.assert_allclose(a, b)


def test_plain_out_is_refused_and_names_the_fix() -> None:
    buffer = np.zeros(4)
    with pytest.raises(ConversionError, match=r"wengert\.numpy\.zeros instead of np") as error:
        wg.grad(lambda x: np.sum(np.exp(x, out=buffer)))(X)
    assert "test_ufuncs.py" in str(error.value)
    with pytest.raises(ConversionError, match=r"wengert\.numpy\.zeros"):
        wg.grad(lambda x: np.sum(np.add(buffer, x, out=buffer)))(X)
    with pytest.raises(ConversionError, match=r"wengert.numpy.zeros"):
        wg.grad(lambda x: operator.iadd(buffer, x))(X)
    np.testing.assert_array_equal(buffer, 0.0)


def test_scalar_out_is_refused() -> None:
    with pytest.raises((MutationError, TypeError)):
        wg.grad(lambda x: np.exp(x, out=x[0]))(X)


def test_out_of_another_dtype_or_shape_is_refused() -> None:
    def narrow(x: Any) -> Any:
        return np.exp(x, out=wnp.zeros(4, dtype=np.int64) + 0 * np.sum(x).astype(int))

    with pytest.raises(DtypeError, match="cannot be written into an array of this dtype"):
        wg.vjp(narrow, X)
    with pytest.raises(ShapeError, match="does not fit into the array"):
        wg.vjp(lambda x: np.exp(x, out=wnp.zeros(3) + 0 * x[:3]), X)


def test_other_keywords_are_refused() -> None:
    with pytest.raises((ArgumentError, TypeError), match="axis"):
        wg.vjp(lambda x: np.exp(x, axis=0), X)
    with pytest.raises(DtypeError, match="no loop for these dtypes"):
        wg.vjp(lambda x: np.bitwise_and(x, x, dtype=np.float64), X)


def test_an_unknown_ufunc_is_named() -> None:
    twice = np.frompyfunc(lambda x: 2 * x, 1, 1)
    with pytest.raises(MissingRuleError, match="has no derivative in Wengert"):
        wg.vjp(lambda x: twice(x), X)


# -- methods ---------------------------------------------------------------------------------------

A = np.array([[1.5, -2.0, 0.5], [3.0, 1.0, 2.5]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.add.reduce(x),
        lambda x: np.add.reduce(x, axis=None, initial=3),
        lambda x: np.add.reduce(x, axis=(0, 1), keepdims=True),
        lambda x: np.add.reduce(x, axis=1, where=x > 0, dtype=np.float32),
        lambda x: np.multiply.reduce(x, axis=-1, initial=2.0),
        lambda x: np.maximum.reduce(x, axis=1, initial=2.0, where=x < 2),
        lambda x: np.minimum.reduce(x),
        lambda x: np.fmin.reduce(x, axis=1),
        lambda x: np.logical_and.reduce(x > 0, axis=1),
        lambda x: np.logical_or.reduce(x > 2),
        lambda x: np.logical_xor.reduce(x > 2, axis=None),
        lambda x: np.bitwise_or.reduce(x.astype(int), axis=1),
        lambda x: np.hypot.reduce(x, axis=1, keepdims=True),
        lambda x: np.subtract.reduce(x, axis=0),
        lambda x: np.logaddexp.reduce(x, axis=1),
        lambda x: np.logaddexp2.reduce(x, axis=None, keepdims=True),
        lambda x: np.add.accumulate(x),
        lambda x: np.add.accumulate(x, axis=1, dtype=np.float32),
        lambda x: np.multiply.accumulate(x, axis=-1),
        lambda x: np.maximum.accumulate(x, axis=1),
        lambda x: np.subtract.accumulate(x, axis=1),
        lambda x: np.logical_or.accumulate(x > 2, axis=1),
        lambda x: np.add.reduceat(x, [0, 2, 1], axis=1),
        lambda x: np.maximum.reduceat(x, [1, 0]),
        lambda x: np.add.outer(x, x[0]),
        lambda x: np.less.outer(x[0], x[1]),
        lambda x: np.multiply.outer(x[0], 2.0),
        lambda x: np.power.outer(np.abs(x[0]), np.arange(3), dtype=np.float64),
    ],
)
def test_methods(f: Any) -> None:
    check_same(f, A)


def test_methods_write_into_out() -> None:
    def f(x: Any) -> Any:
        total, running = wnp.zeros(3), wnp.zeros((2, 3))
        np.add.reduce(x, axis=0, out=total)
        np.cumsum(x, axis=1, out=running)
        np.add.accumulate(x, axis=0, out=running)
        return np.sum(total * running)

    np.testing.assert_allclose(wg.grad(f)(A), wg.grad(lambda x: np.sum(x.sum(0) * x.cumsum(0)))(A))


def test_at_takes_repeated_places_in_turn() -> None:
    places = np.array([0, 2, 0, 0])

    def f(x: Any) -> Any:
        out = np.ones(3) + 0 * x[:3]
        np.multiply.at(out, places, x)
        np.add.at(out, places[:2], x[:2])
        np.negative.at(out, [1])
        return out

    expected = np.ones(3)
    values = np.array([2.0, 3.0, 5.0, 7.0])
    np.multiply.at(expected, places, values)
    np.add.at(expected, places[:2], values[:2])
    np.negative.at(expected, [1])
    value, pullback = wg.vjp(f, values)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(pullback(np.ones(3))[0], [36.0, 2.0, 14.0, 10.0])


def test_methods_of_the_wrong_kind_are_refused() -> None:
    for call in (
        lambda x: np.exp.reduce(x),
        lambda x: np.exp.accumulate(x),
        lambda x: np.divmod.reduce(x),
    ):
        with pytest.raises((ArgumentError, ValueError)):
            wg.vjp(call, X)
    with pytest.raises(ShapeError, match="no such axis"):
        wg.vjp(lambda x: np.add.reduce(x, axis=3), X)
    with pytest.raises(ShapeError, match="no such axis, or one named twice"):
        wg.vjp(lambda x: np.add.reduce(x, axis=(0, -2)), A)
    with pytest.raises(ShapeError, match="an index is out of bounds"):
        wg.vjp(lambda x: np.add.reduceat(x, [9]), X)
    with pytest.raises(ShapeError, match="nothing to reduce and no identity"):
        wg.vjp(lambda x: np.hypot.reduce(x[:0], initial=None), X)
    with pytest.raises(ArgumentError, match="where needs a value to start from"):
        wg.vjp(lambda x: np.arctan2.reduce(x, where=MASK), X)
