"""Conventions at kinks and ties, at zeros, NaN and infinities, and on empty and 0-d arrays."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import wengert as wg
from primitives.harness import same_kind
from wengert.errors import ArgumentError, DtypeError, ShapeError

INF, NAN = np.inf, np.nan


def gradient(f: Any, *x: Any) -> Any:
    """The gradient of the sum of `f` in all arguments."""
    args = tuple([np.asarray(a, float) for a in x])
    with np.errstate(all="ignore"):
        result = wg.grad(lambda xs: np.sum(f(*xs)))(args)
    return result[0] if len(args) == 1 else result


def both_modes(f: Any, x: Any) -> Any:
    """The gradient, after checking that forward mode gives the same."""
    x = np.asarray(x, float)
    reverse = gradient(f, x)
    forward = [wg.jvp(lambda x: np.sum(f(x)), (x,), (e,))[1] for e in np.eye(x.size)]
    np.testing.assert_array_equal(np.reshape(forward, x.shape), reverse)
    return reverse


# -- ties split evenly -----------------------------------------------------------------------------

TIES = [
    (np.max, [1, 3, 3, 2], [0, 0.5, 0.5, 0]),
    (np.max, [3, 3, 3], [1 / 3, 1 / 3, 1 / 3]),
    (np.min, [1, 3, 1, 1], [1 / 3, 0, 1 / 3, 1 / 3]),
    (np.min, [1, 3, 2], [1, 0, 0]),
    (lambda x: np.max(x, initial=3), [1, 3], [0, 0.5]),
    (lambda x: np.maximum(x[0], x[1]), [2, 2], [0.5, 0.5]),
    (lambda x: np.minimum(x[0], x[1]), [2, 2], [0.5, 0.5]),
    (lambda x: np.fmax(x[0], x[1]), [2, 2], [0.5, 0.5]),
    (lambda x: np.fmin(x[0], x[1]), [2, 2], [0.5, 0.5]),
    (lambda x: np.maximum(x, 0), [-1, 0, 1], [0, 0.5, 1]),
    (lambda x: np.clip(x, -1, 1), [-2, -1, 0, 1, 2], [0, 0.5, 1, 0.5, 0]),
    (np.abs, [-2, 0, 3], [-1, 0, 1]),
    (np.fabs, [-2, 0, 3], [-1, 0, 1]),
    (np.sign, [-2, 0, 3], [0, 0, 0]),
    (lambda x: np.copysign(x, -1), [-2, 0, 3], [1, 0, -1]),
    (lambda x: np.heaviside(x, 0.5), [-1, 0, 1], [0, 0, 0]),
    (np.ptp, [1, 4, 4], [-1, 0.5, 0.5]),
    (lambda x: np.maximum.accumulate(x), [1, 3, 3, 2], [1, 3, 0, 0]),
    (lambda x: np.minimum.accumulate(x), [2, 2, 1], [2, 0, 1]),
    (np.median, [1, 2, 2, 5], [0, 0.5, 0.5, 0]),
    (np.median, [3, 3, 3], [0, 1, 0]),
]


@pytest.mark.parametrize("f, x, expected", TIES)
def test_ties_and_kinks(f: Any, x: Any, expected: Any) -> None:
    np.testing.assert_allclose(both_modes(f, x), expected, rtol=1e-15)


def test_only_rows_with_ties_share() -> None:
    x = np.array([[1.0, 2.0, 2.0], [4.0, 0.0, 1.0], [5.0, 5.0, 5.0]])
    expected = [[0, 0.5, 0.5], [1, 0, 0], [1 / 3] * 3]
    np.testing.assert_allclose(gradient(lambda x: np.max(x, axis=1), x), expected)
    np.testing.assert_allclose(gradient(lambda x: np.max(x.T, axis=0), x), expected)
    batched = wg.vmap(wg.grad(np.max))(x)
    np.testing.assert_allclose(batched, expected)
    jacobian = wg.jacobian(lambda x: np.max(x, axis=(0, 1), keepdims=True))(x)
    np.testing.assert_allclose(jacobian[0, 0], [[0] * 3, [0] * 3, [1 / 3] * 3])


# -- zeros -----------------------------------------------------------------------------------------


def test_powers_at_zero() -> None:
    x = np.array([0.0, 2.0])
    for p, expected in [(0, [0, 0]), (1, [1, 1]), (2, [0, 4]), (3, [0, 12]), (1.0, [1, 1])]:
        np.testing.assert_array_equal(both_modes(lambda x: x**p, x), expected)
    np.testing.assert_array_equal(gradient(lambda x: x**0.5, x)[0], INF)
    exponents = np.array([0.0, 0.0])
    dx, dp = gradient(lambda x, p: x**p, x, exponents)
    np.testing.assert_array_equal(dx, [0, 0])
    np.testing.assert_allclose(dp, [0, np.log(2.0)])
    dx, dp = gradient(lambda x, p: x**p, x, [2.0, 3.0])
    np.testing.assert_allclose(dx, [0, 12])
    np.testing.assert_allclose(dp, [0, 8 * np.log(2)])
    np.testing.assert_array_equal(gradient(lambda p: 0**p, [2.0, 1.0]), [0, 0])
    np.testing.assert_array_equal(gradient(lambda p: 0.0**p, [2.0, 1.0]), [0, 0])


def test_mixed_second_derivative_of_a_power_at_exponent_zero() -> None:
    """d2/dx dp of x**p at p = 0 is 1/x: the dropped term must not drop it."""
    mixed = wg.grad(lambda p: wg.grad(lambda x: x**p)(3.0))(0.0)
    np.testing.assert_allclose(mixed, 1 / 3)
    mixed = wg.grad(lambda x: wg.grad(lambda p: x**p)(0.0))(3.0)
    np.testing.assert_allclose(mixed, 1 / 3)


def test_infinite_slopes_are_kept_and_subgradients_of_lengths_are_zero() -> None:
    assert gradient(np.sqrt, 0.0) == INF
    assert gradient(np.cbrt, 0.0) == INF
    np.testing.assert_array_equal(gradient(np.hypot, 0.0, 0.0), (0, 0))
    np.testing.assert_array_equal(gradient(np.std, [2.0, 2.0, 2.0]), [0, 0, 0])
    np.testing.assert_array_equal(gradient(np.nanstd, [2.0, NAN, 2.0]), [0, 0, 0])
    assert np.isnan(gradient(np.arctan2, 0.0, 0.0)).all()
    np.testing.assert_array_equal(wg.grad(lambda z: np.abs(z))(0j), 0)


def test_hypot_and_arctan2_do_not_overflow() -> None:
    big, small = 1e300, 1e-300
    np.testing.assert_allclose(gradient(np.hypot, 3 * big, 4 * big), (0.6, 0.8))
    np.testing.assert_allclose(gradient(np.arctan2, 3 * big, 4 * big), (0.16 / big, -0.12 / big))
    np.testing.assert_allclose(
        gradient(np.arctan2, 3 * small, 4 * small), (0.16 / small, -0.12 / small)
    )


@pytest.mark.parametrize("zeros", [[1], [1, 3], [0, 4], [0, 1, 2, 3, 4]])
def test_products_with_zeros(zeros: Any) -> None:
    x = np.array([2.0, -1.5, 0.5, 3.0, 1.25])
    x[zeros] = 0
    expected = [np.prod(np.delete(x, i)) for i in range(5)]
    np.testing.assert_array_equal(both_modes(np.prod, x), expected)
    hessian = [
        [0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(5)] for i in range(5)
    ]
    np.testing.assert_allclose(wg.jacobian(wg.grad(np.prod))(x), hessian)
    np.testing.assert_allclose(wg.jacfwd(wg.jacfwd(np.prod))(x), hessian)
    third = wg.jacobian(wg.jacobian(wg.grad(np.prod)))(x)
    np.testing.assert_allclose(third[0, 1, 2], x[3] * x[4])
    running = np.array(
        [[np.prod(np.delete(x[: i + 1], j)) if j <= i else 0.0 for j in range(5)] for i in range(5)]
    )
    np.testing.assert_allclose(wg.jacobian(np.cumprod)(x), running)


def test_sinc_and_its_derivatives_near_zero() -> None:
    points = [0.0, 1e-9, 1e-4, 0.03, 0.32, 0.64, 1.0, 2.5, 40.3]
    f: Any = np.sinc
    for order in range(6):
        found = [f(p) for p in points]
        with mpmath.workdps(40):
            expected = [
                float(mpmath.diff(lambda t: mpmath.sinc(mpmath.pi * t), p, order)) for p in points
            ]
        scale = np.pi**order
        np.testing.assert_allclose(
            np.array(found) / scale, np.array(expected) / scale, rtol=0, atol=4e-15 * (1 + order)
        )
        f = wg.grad(f)


# -- NaN and infinity ------------------------------------------------------------------------------


def test_nan_passes_through_and_is_not_dropped() -> None:
    np.testing.assert_array_equal(gradient(np.max, [1, NAN, 3]), [0, 1, 0])
    np.testing.assert_array_equal(gradient(np.min, [NAN, 1, NAN]), [1, 0, 0])
    np.testing.assert_array_equal(gradient(np.maximum, 1.0, NAN), (0.5, 0.5))
    np.testing.assert_array_equal(gradient(np.fmax, 1.0, NAN), (1, 0))
    np.testing.assert_array_equal(gradient(np.fmin, NAN, 1.0), (0, 1))
    np.testing.assert_array_equal(gradient(np.fmin, NAN, NAN), (0.5, 0.5))
    np.testing.assert_array_equal(gradient(lambda x: np.fmax(x, 2), [NAN, 3]), [0, 1])
    assert np.isnan(gradient(np.abs, NAN))
    assert np.isnan(wg.value_and_grad(np.median)(np.array([1.0, NAN, 2.0]))[0])


def test_infinities() -> None:
    np.testing.assert_array_equal(gradient(np.maximum, INF, INF), (0.5, 0.5))
    np.testing.assert_array_equal(gradient(np.logaddexp, -INF, -INF), (0.5, 0.5))
    np.testing.assert_array_equal(gradient(np.logaddexp, -INF, 0.0), (0, 1))
    np.testing.assert_array_equal(gradient(np.logaddexp2, INF, 1.0), (NAN, 0))
    np.testing.assert_array_equal(gradient(np.logaddexp.reduce, [-INF, 0.0]), [0, 1])
    np.testing.assert_array_equal(gradient(np.logaddexp.reduce, [-INF, -INF]), [0, 0])
    np.testing.assert_array_equal(gradient(np.nan_to_num, [NAN, INF, -INF, 2]), [0, 0, 0, 1])
    np.testing.assert_array_equal(gradient(np.tanh, [-INF, INF]), [0, 0])
    np.testing.assert_array_equal(gradient(np.arctan, [-INF, INF]), [0, 0])


def test_logsumexp_does_not_overflow() -> None:
    x = np.array([1000.0, 1001.0, -5000.0])
    value, grad = wg.value_and_grad(np.logaddexp.reduce)(x)
    np.testing.assert_allclose(value, 1001 + np.log1p(np.exp(-1.0)))
    np.testing.assert_allclose(grad, [1 / (1 + np.e), np.e / (1 + np.e), 0])
    hessian = wg.hessian(np.logaddexp.reduce)(x)
    np.testing.assert_allclose(hessian, np.diag(grad) - np.outer(grad, grad), atol=1e-16)


def test_branches_not_taken_by_where_arguments_leave_no_nan() -> None:
    x = np.array([-1.0, 0.0, 4.0])
    np.testing.assert_array_equal(gradient(lambda x: np.sqrt(x, where=x > 0), x), [0, 0, 0.25])
    np.testing.assert_array_equal(gradient(lambda x: np.log(x, where=x > 0), x), [0, 0, 0.25])
    np.testing.assert_array_equal(gradient(lambda x: np.arccosh(x, where=x > 1), x)[:2], [0, 0])


# -- empty and 0-d ---------------------------------------------------------------------------------

REDUCTIONS = [
    np.sum,
    np.prod,
    np.max,
    np.min,
    np.mean,
    np.var,
    np.std,
    np.median,
    np.ptp,
    np.average,
    np.nansum,
    np.nanmean,
    np.nanmax,
    np.nanvar,
    np.cumsum,
    np.cumprod,
    np.any,
    np.all,
    np.argmax,
    np.count_nonzero,
    np.nanmedian,
    lambda x: np.quantile(x, 0.3),
]


@pytest.mark.parametrize("f", REDUCTIONS)
def test_scalars_and_0d_arrays(f: Any) -> None:
    for x in (np.float64(2.5), np.array(2.5), np.array([2.5])):
        value, pullback = wg.vjp(f, x)
        same_kind(value, f(x))
        np.testing.assert_array_equal(value, f(x))
        if np.asarray(value).dtype.kind == "f":
            ct = pullback(np.ones_like(value))[0]
            is_spread = f in (np.var, np.std, np.ptp, np.nanvar)
            np.testing.assert_array_equal(ct, np.zeros_like(x) if is_spread else np.ones_like(x))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", REDUCTIONS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays(f: Any, shape: Any) -> None:
    x = np.empty(shape)
    try:
        expected = f(x)
    except (ValueError, IndexError):
        with pytest.raises((ValueError, ArgumentError)):
            wg.vjp(f, x)
        return
    value, pullback = wg.vjp(f, x)
    same_kind(value, expected)
    np.testing.assert_array_equal(value, expected)
    if np.asarray(value).dtype.kind == "f":
        assert pullback(np.ones_like(value))[0].shape == shape


@pytest.mark.parametrize("f", [np.max, np.min, np.argmax, np.argmin])
def test_an_empty_extreme_is_refused(f: Any) -> None:
    with pytest.raises(ShapeError, match="an empty array has no extreme"):
        wg.vjp(f, np.empty(0))
    if f in (np.max, np.min):
        assert wg.vjp(lambda x: f(x, initial=2.0), np.empty(0))[0] == 2.0
        with pytest.raises(ShapeError, match="where needs a value"):
            wg.vjp(lambda x: f(x, where=x > 0), np.ones(3))


# -- integers and booleans promote as in NumPy -----------------------------------------------------


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float16", "float32"])
@pytest.mark.parametrize("f", [*REDUCTIONS, np.argmin, np.percentile])
def test_dtypes_of_reductions(f: Any, dtype: str) -> None:
    x = np.array([[1, 0, 3], [1, 1, 2]]).astype(dtype)
    g = (lambda x: f(x, 30)) if f is np.percentile else f
    for h in (g, (lambda x: f(x, 30, axis=0)) if f is np.percentile else lambda x: h0(f, x)):
        try:
            expected = h(x)
        except TypeError:
            with pytest.raises((TypeError, DtypeError)):
                wg.vjp(h, x)
            continue
        value, _ = wg.vjp(h, x)
        same_kind(value, expected)
        np.testing.assert_allclose(value, expected, rtol=1e-3 if "16" in dtype else 1e-6)


def h0(f: Any, x: Any) -> Any:
    """`f` over the first axis, if it takes one."""
    return f(x) if f is REDUCTIONS[-1] else f(x, axis=0)


def test_messages_of_wrong_arguments() -> None:
    x = np.ones((2, 3))
    for f, kind, text in [
        (lambda x: np.sum(x, axis=2), ShapeError, "no such axis"),
        (lambda x: np.var(x, ddof=1, correction=1), ArgumentError, "both were given"),
        (lambda x: np.nanvar(x, ddof=1, correction=1), ArgumentError, "both were given"),
        (lambda x: np.average(x, weights=np.ones(2)), ShapeError, "the weights do not fit"),
        (lambda x: np.quantile(x, 0.5, method="best"), ArgumentError, "no such method"),
        (lambda x: np.quantile(x, 1.5), ValueError, "q must be between 0 and 1"),
        (lambda x: np.percentile(x, 150), ValueError, "q must be between 0 and 100"),
        (lambda x: np.quantile(x * 1j, 0.5), ArgumentError, "complex numbers have no order"),
        (lambda x: np.cumulative_sum(x), ArgumentError, "the axis is needed"),
        (lambda x: np.where(x > 0, x), ArgumentError, "one of x and y is missing"),
        (lambda x: np.clip(x, 0, 1, min=0), ArgumentError, "bounds were given twice"),
        (lambda x: np.select([x > 0], [x, x]), ArgumentError, "one choice for each condition"),
        (lambda x: np.select([x], [x]), ArgumentError, "a condition is not boolean"),
        (lambda x: np.piecewise(x, [x > 0], [1, 2, 3]), ArgumentError, "one function for each"),
        (lambda x: np.modf(x * 1j), DtypeError, "modf is not defined for this dtype"),
        (lambda x: np.i0(x * 1j), DtypeError, "i0: not defined for complex numbers"),
        (lambda x: np.floor(x * 1j), DtypeError, "floor is not defined for these dtypes"),
    ]:
        with pytest.raises(kind, match=text):
            wg.vjp(f, x)
    with pytest.raises(ArgumentError, match="imaginary part of a real array"):
        wg.vjp(lambda x: setattr(x * 1, "imag", 1), x)
