"""The native elementary functions: accuracy against mpmath, NumPy's special values, lanes.

Bounds are in units in the last place; `python -m benchmarks.elementary` measures more points.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

pytest.importorskip("benchmarks", reason="the harness is not part of an installed package")

from benchmarks.elementary import DTYPES, Kernel, errors_in_ulp, largest_error
from benchmarks.elementary_cases import CASES
from mpmath import mp

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import Complex
from wengert.native.elementary import COMPLEX_FUNCTIONS, FUNCTIONS, emit

BOUNDS = dict.fromkeys(CASES, 1.0) | {
    "cosh": 1.3,
    "tanh": 1.1,
    "sinh": 1.2,
    "expit": 2.0,
    "log_expit": 1.6,
    "softplus": 1.6,
    "power": 1.2,
    "erfc": 2.0,
    "gamma": 4.0,  # the C library's
    "lgamma": 3.0,
}
BINARY = frozenset("arctan2 hypot power fmod remainder nextafter logaddexp logaddexp2".split())
REFERENCES: dict[str, Any] = {
    "expit": scipy.special.expit,
    "log_expit": scipy.special.log_expit,
    "softplus": lambda x: np.logaddexp(x.dtype.type(0), x),
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
    "frexp_mantissa": lambda x: np.frexp(x)[0],
    "frexp_exponent": lambda x: np.frexp(x)[1],
}
SPECIAL = np.array(
    [0.0, 1.0, 0.5, 2.0, 3.0, 0.1, 1e-20, 1e-310, 5e-324, 2.2250738585072014e-308, 1e-45]
    + [np.inf, 1e17, 1e5, 1e22, 4503599627370497.5, 9007199254740993.0, 1.7976931348623157e308]
    + [709.9, 710.5, 720.0, 744.9, 745.14, 746.0, 88.7, 89.5, 103.9, 104.1, 1074.0, 1075.0, 1024.0]
    + [3.4028234663852886e38, 128.0, 149.0, 150.0, 1e-38]
)
SPECIAL = np.concatenate([SPECIAL, -SPECIAL, [np.nan]])


def specials(name: str, kind: str) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        values = SPECIAL.astype(DTYPES[kind])
    return [a.ravel() for a in np.meshgrid(values, values)] if name in BINARY else [values]


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("name", CASES)
def test_error_in_units_in_the_last_place(name: str, kind: str) -> None:
    error, where = largest_error(name, kind, 150, seed=1)
    assert error <= BOUNDS[name], where


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"ldexp", "sinc", "gamma", "lgamma"}))
def test_special_values_are_those_of_numpy(name: str, kind: str) -> None:
    xs = specials(name, kind)
    with np.errstate(all="ignore"):
        want = (REFERENCES.get(name) or getattr(np, name))(*xs)
    got = Kernel(name, kind, 4, len(xs))(*xs).astype(want.dtype)
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    info = np.finfo(want.dtype)
    is_same = (got == want) | (np.isnan(got) & np.isnan(want))
    is_same &= np.isnan(want) | (np.signbit(got) == np.signbit(want))
    with np.errstate(all="ignore"):
        distance = np.abs(got.astype(float) - want.astype(float))
        tolerance = 3 * info.eps * np.abs(want.astype(float)) + 3 * info.smallest_subnormal
        if name.startswith("logaddexp"):  # the terms may cancel
            tolerance += info.eps
        if name == "expit":  # SciPy's is 0 where the result is subnormal
            tolerance = tolerance + info.smallest_normal
        is_same |= (distance <= tolerance) & np.isfinite(want)
    wrong = np.flatnonzero(~is_same)
    assert not wrong.size, [(*[x[i] for x in xs], got[i], want[i]) for i in wrong[:5]]


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"ldexp"}))
def test_lanes_give_the_bits_of_one_number(name: str, kind: str) -> None:
    rng = np.random.default_rng(2)
    xs = specials(name, kind)
    if name in CASES:
        with np.errstate(all="ignore"):
            more = CASES[name].points(rng, 50, kind == "f8")
            xs = [np.concatenate([x, y.astype(x.dtype)]) for x, y in zip(xs, more, strict=True)]
    one = Kernel(name, kind, 0, len(xs))(*xs)
    for lanes in (2, 8, 16) if kind == "f4" else (2, 4):
        several = Kernel(name, kind, lanes, len(xs))(*xs)
        is_same = np.isnan(one) & np.isnan(several) if one.dtype.kind == "f" else one == several
        if one.dtype.kind == "f":
            integers = f"i{one.dtype.itemsize}"
            is_same |= one.view(integers) == several.view(integers)
        assert is_same.all(), (lanes, [x[~is_same][:5] for x in xs])


def test_reduction_of_the_angles_closest_to_multiples_of_a_right_angle() -> None:
    """Continued fractions of pi/2 in units of the last place, binade by binade."""
    found = []
    with mp.workdps(60):
        for exponent in range(17):
            unit = mp.mpf(2) ** (exponent - 52)
            rest = mp.pi / 2 / unit
            before, now = 1, int(mp.floor(rest))
            rest -= mp.floor(rest)
            while now < 2**53:
                found.append(float(now * unit))
                rest = 1 / rest
                term = int(mp.floor(rest))
                rest -= term
                before, now = now, term * now + before
    x = np.array([v for v in found if 1 < v < 1e5])
    assert min(np.abs(np.sin(x)).min(), np.abs(np.cos(x)).min()) < 1e-18
    for name, exact in (("sin", mp.sin), ("cos", mp.cos), ("tan", mp.tan)):
        assert errors_in_ulp("f8", Kernel(name, "f8", 4)(x), exact, x).max() < 0.9


def test_sinc_is_zero_at_integers_and_one_at_zero() -> None:
    x = np.array([0.0, -0.0, 1e-300, 1.0, -3.0, 1e15, 1e300, np.inf])
    want = [1, 1, 1, 0, 0, 0, 0, np.nan]
    np.testing.assert_array_equal(Kernel("sinc", "f8", 4)(x), want)


def test_exact_results_are_exact() -> None:
    powers = np.arange(-1074, 1024)
    x = np.ldexp(1.0, powers)
    np.testing.assert_array_equal(Kernel("log2", "f8", 4)(x), powers)
    np.testing.assert_array_equal(Kernel("exp2", "f8", 4)(powers.astype(float)), x)
    np.testing.assert_array_equal(Kernel("power", "f8", 4, 2)(np.full(x.size, 2.0), powers), x)
    tens = np.arange(23)
    np.testing.assert_array_equal(Kernel("log10", "f8", 4)(10.0**tens), tens)
    n = np.arange(-300.0, 300.0)
    np.testing.assert_array_equal(Kernel("cbrt", "f8", 4)(n**3), n)


def test_one_function_of_one_value_is_written_once() -> None:
    b = Arithmetic("f", [("f8", "x")])
    (x,) = b.parameters
    first = emit(b, "sin", x)
    count = b.n_instructions
    assert emit(b, "sin", x) is first and b.n_instructions == count
    emit(b, "cos", x)
    shared = b.n_instructions - count
    assert shared < 0.5 * count  # the reduction and both polynomials are there already


def test_contraction_is_off_inside_and_back_afterwards() -> None:
    b = Arithmetic("f", [("f8", "x")])
    emit(b, "exp", b.parameters[0])
    assert b.flags == "contract " and "contract" not in b.text()


def test_unknown_functions_are_key_errors() -> None:
    b = Arithmetic("f", [("f8", "x"), ("f8", "y")])
    with pytest.raises(KeyError):
        emit(b, "digamma", b.parameters[0])
    with pytest.raises(KeyError):
        emit(b, "erf", Complex(*b.parameters))


# -- complex numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("name", COMPLEX_FUNCTIONS)
def test_complex_functions(name: str, kind: str) -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=(2, 400)) * np.exp(rng.uniform(-8, 3, 400))
    x, y = z.astype(DTYPES[kind])
    re, im = (Kernel(name, kind, 4, 2, part)(x, y) for part in ("re", "im"))
    exact = getattr(mp, name)
    errors = []
    for i in range(x.size):
        want = exact(mp.mpc(float(x[i]), float(y[i])))
        errors.append(abs(mp.mpc(float(re[i]), float(im[i])) - want) / abs(want))
    assert max(errors) < 5 * np.finfo(DTYPES[kind]).eps


@pytest.mark.parametrize("name", COMPLEX_FUNCTIONS)
def test_complex_functions_on_the_axes_keep_the_signs_of_zero(name: str) -> None:
    values = np.array([0.0, -0.0, 0.5, -0.5, 2.0, -2.0])
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    z = np.empty(x.size, complex)
    z.real, z.imag = x, y
    with np.errstate(all="ignore"):
        want = getattr(np, name)(z)
    for part, reference in (("re", want.real), ("im", want.imag)):
        got = Kernel(name, "f8", 4, 2, part)(x, y)
        np.testing.assert_allclose(got, reference, rtol=1e-14, atol=0)
        np.testing.assert_array_equal(np.signbit(got), np.signbit(reference))
