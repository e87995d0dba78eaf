"""Cases of the elementwise family: every ufunc with a derivative, and functions made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case

Draw = Callable[[np.random.Generator], Any]


def between(low: float, high: float, shape: tuple[int, ...] = (2, 3)) -> Draw:
    return lambda rng: rng.uniform(low, high, shape)


def pair(low: float, high: float) -> Draw:
    return lambda rng: (rng.uniform(low, high, (2, 3)), rng.uniform(low, high, (2, 3)))


def broadcast(low: float, high: float) -> Draw:
    return lambda rng: (rng.uniform(low, high, (2, 1)), rng.uniform(low, high, (3,)))


def apart(rng: np.random.Generator) -> Any:
    """Two arrays whose elements differ by at least 0.1, with either one larger."""
    x = rng.uniform(-1, 1, (2, 3))
    return x, x + rng.choice([-1, 1], (2, 3)) * rng.uniform(0.1, 1, (2, 3))


def off_integers(rng: np.random.Generator) -> Any:
    """Numbers of both signs, away from integers and half integers."""
    return rng.integers(-3, 4, (2, 3)) + rng.choice([-1, 1], (2, 3)) * rng.uniform(0.1, 0.4, (2, 3))


def nonzero(rng: np.random.Generator) -> Any:
    return rng.choice([-1, 1], (2, 3)) * rng.uniform(0.2, 1.5, (2, 3))


def thirds(rng: np.random.Generator) -> Any:
    """Numbers away from multiples of 0.7."""
    return 0.7 * off_integers(rng)


GAPS = np.array([0.0, np.nan, np.inf, 0.0])


def gapped(rng: np.random.Generator) -> Any:
    return rng.uniform(1, 2, (2, 4))


def _unary(f: Any, args: Draw, complex: bool = False, name: str = "", **options: Any) -> Case:
    name = name or f.__name__
    return Case(
        name,
        f,
        args,
        (options.pop("primitive", name),),
        complex=complex,
        is_elementwise=True,
        **options,
    )


UNARY = [
    _unary(np.negative, between(-2, 2), True, primitive="neg"),
    _unary(np.positive, between(-2, 2), True),
    _unary(np.reciprocal, nonzero, True),
    _unary(np.square, between(-2, 2), True),
    _unary(np.sqrt, between(0.3, 2), True),
    _unary(np.cbrt, nonzero),
    _unary(np.absolute, nonzero, True),
    _unary(np.fabs, nonzero),
    _unary(np.sign, nonzero, True),
    _unary(np.exp, between(-2, 2), True),
    _unary(np.exp2, between(-2, 2), True),
    _unary(np.expm1, between(-2, 2), True),
    _unary(np.log, between(0.3, 2), True),
    _unary(np.log2, between(0.3, 2), True),
    _unary(np.log10, between(0.3, 2), True),
    _unary(np.log1p, between(-0.6, 2), True),
    _unary(np.sin, between(-2, 2), True),
    _unary(np.cos, between(-2, 2), True),
    _unary(np.tan, between(-1, 1), True),
    _unary(np.arcsin, between(-0.8, 0.8), True),
    _unary(np.arccos, between(-0.8, 0.8), True),
    _unary(np.arctan, between(-2, 2), True),
    _unary(np.sinh, between(-2, 2), True),
    _unary(np.cosh, between(-2, 2), True),
    _unary(np.tanh, between(-2, 2), True),
    _unary(np.arcsinh, between(-2, 2), True),
    _unary(np.arccosh, between(1.3, 3), True),
    _unary(np.arctanh, between(-0.8, 0.8), True),
    _unary(np.deg2rad, between(-90, 90)),
    _unary(np.radians, between(-90, 90), primitive="deg2rad"),
    _unary(np.rad2deg, between(-2, 2)),
    _unary(np.degrees, between(-2, 2), primitive="rad2deg"),
    _unary(np.conjugate, between(-2, 2), primitive="positive"),
    Case(
        "conjugate-complex",
        np.conjugate,
        lambda rng: rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)),
        ("conj",),
        is_elementwise=True,
    ),
    *[_unary(f, off_integers, order=0) for f in (np.floor, np.ceil, np.trunc, np.rint, np.spacing)],
    Case("modf", np.modf, off_integers, ("modf_fraction", "modf_integer"), is_elementwise=True),
    Case(
        "frexp",
        np.frexp,
        lambda rng: rng.uniform(1.1, 1.9, (2, 3)) * 2.0 ** rng.integers(-3, 3, (2, 3)),
        ("frexp_mantissa", "frexp_exponent"),
        is_elementwise=True,
    ),
]

BINARY = [
    Case("add", np.add, broadcast(-1, 1), ("add",), complex=True),
    Case("subtract", np.subtract, broadcast(-1, 1), ("sub",), complex=True),
    Case("multiply", np.multiply, broadcast(-1, 1), ("mul",), complex=True),
    Case("divide", np.divide, broadcast(0.3, 2), ("div",), complex=True),
    Case("power", np.power, broadcast(0.3, 2), ("power",), complex=True),
    Case("float_power", np.float_power, broadcast(0.3, 2), ("power",), complex=True),
    Case("hypot", np.hypot, broadcast(0.3, 2), ("hypot",)),
    Case("logaddexp", np.logaddexp, broadcast(-2, 2), ("logaddexp",)),
    Case("logaddexp2", np.logaddexp2, broadcast(-2, 2), ("logaddexp2",)),
    Case("arctan2", np.arctan2, pair(0.3, 2), ("arctan2",)),
    Case("maximum", np.maximum, apart, ("maximum",)),
    Case("minimum", np.minimum, apart, ("minimum",)),
    Case("fmax", np.fmax, apart, ("fmax",)),
    Case("fmin", np.fmin, apart, ("fmin",)),
    Case(
        "maximum-complex",
        np.maximum,
        lambda rng: tuple([a + 1j * rng.normal(size=(2, 3)) for a in apart(rng)]),
    ),
    Case(
        "remainder",
        np.remainder,
        lambda rng: (off_integers(rng) * 0.7, np.full(3, 0.7)),
        ("remainder",),
    ),
    Case("fmod", np.fmod, lambda rng: (off_integers(rng) * 0.7, np.full(3, -0.7)), ("fmod",)),
    Case(
        "floor_divide",
        np.floor_divide,
        lambda rng: (off_integers(rng) * 0.7, np.full(3, 0.7)),
        ("floor_divide",),
        order=0,
    ),
    Case(
        "divmod",
        np.divmod,
        lambda rng: (off_integers(rng) * 0.7, np.full(3, 0.7)),
        ("floor_divide", "remainder"),
    ),
    Case("copysign", np.copysign, lambda rng: (nonzero(rng), nonzero(rng)), ("copysign",)),
    Case("heaviside", np.heaviside, lambda rng: (nonzero(rng), rng.normal(size=3)), ("heaviside",)),
    Case(
        "heaviside-at-0",
        lambda h: np.heaviside(np.array([-1.0, 0.0, 2.0]), h),
        between(-1, 1, (3,)),
        ("heaviside",),
    ),
    Case("nextafter", np.nextafter, apart, ("nextafter",)),
    Case("ldexp", lambda x: np.ldexp(x, np.array([-2, 0, 3])), between(-1, 1), ("ldexp",)),
    Case(
        "where",
        lambda x, y: np.where(np.array([True, False, True]), x, y),
        apart,
        ("select",),
        complex=True,
    ),
]


def _literal(name: str, f: Any, args: Draw | None = None, **options: Any) -> Case:
    return Case(name, f, args or between(0.3, 2), is_elementwise=True, **options)


LITERALS = [
    _literal("x**2", lambda x: x**2, between(-1, 1), complex=True),
    _literal("x**3", lambda x: x**3, between(-1, 1), complex=True),
    _literal("x**1", lambda x: x**1, complex=True),
    _literal("x**0", lambda x: x**0, order=0),
    _literal("x**0.5", lambda x: x**0.5, complex=True),
    _literal("x**-1.5", lambda x: x**-1.5, complex=True),
    _literal("x**(1+2j)", lambda x: x ** (1 + 2j)),
    _literal("2**x", lambda x: 2**x, complex=True),
    _literal("0.7**x", lambda x: 0.7**x),
    Case("power-int-array", lambda x: x ** np.array([0, 1, 3]), between(-1, 1), ("power",)),
    _literal("arctan2-int", lambda x: np.arctan2(x, 2) + np.arctan2(3, x)),
    _literal("hypot-int", lambda x: np.hypot(x, 2) + np.hypot(3, x)),
    _literal("logaddexp-int", lambda x: np.logaddexp(x, 2) + np.logaddexp2(3, x)),
    _literal("maximum-int", lambda x: np.maximum(x, 5) * x + np.maximum(-5, x) * x),
    _literal("fmax-int", lambda x: np.fmax(x, 5) * x + np.fmin(-5, x) * x),
    _literal("copysign-int", lambda x: np.copysign(x, -1) + np.copysign(2, x)),
    _literal("remainder-int", lambda x: np.remainder(x, 5) + np.remainder(5, x), between(1.1, 1.2)),
    _literal("fmod-int", lambda x: np.fmod(x, -5) + np.fmod(5, x), between(1.1, 1.2)),
    _literal("divide-int", lambda x: x / 3 + 2 / x, complex=True),
    _literal("complex-scalars", lambda x: x * (1 + 2j) + (2 - 1j) / x),
]

FUNCTIONS = [
    Case("real", np.real, between(-1, 1), complex=True, is_elementwise=True),
    Case("imag", np.imag, between(-1, 1), complex=True, is_elementwise=True),
    Case("angle", np.angle, nonzero, complex=True, is_elementwise=True),
    Case("angle-degrees", lambda z: np.angle(z + 1j, deg=True), nonzero),
    Case("real_if_close", lambda x: np.real_if_close(x * (1 + 1e-20j)), nonzero, traces=False),
    Case("polar", lambda r, t: r * np.exp(1j * t), pair(0.3, 2)),
    Case("abs-of-complex", lambda x, y: np.abs(x + 1j * y) ** 3, pair(0.3, 2), ("absolute",)),
    Case("round", lambda x: x + np.round(x), off_integers, ("round",), complex=True),
    Case("round-method", lambda x: x * x.round(0), off_integers, ("round",)),
    Case("around-fix", lambda x: x * (np.around(x) + np.fix(x)), off_integers),
    Case("i0", np.i0, between(-3, 3), ("i0",), is_elementwise=True),
    Case("sinc", np.sinc, between(-3, 3), ("sinc",), is_elementwise=True),
    Case("sinc-near-0", lambda x: np.sinc(x * 1e-2), between(-3, 3), ("sinc",)),
    Case("clip", lambda x: np.clip(x, -1.03, 1.08), off_integers),
    Case("clip-below", lambda x: np.clip(x, None, 1.08) * x, off_integers),
    Case("clip-method", lambda x: x.clip(-1.03) + x.clip(max=1.08) * x.clip(), off_integers),
    Case("clip-keywords", lambda x: np.clip(x, min=-1.03, max=1.08), off_integers),
    Case(
        "clip-bounds",
        lambda x, low, high: np.clip(x, low, high),
        lambda rng: (off_integers(rng), np.full(3, -1.03), np.full((2, 1), 1.08)),
        ("maximum", "minimum"),
    ),
    Case("nan_to_num", lambda x: np.nan_to_num(x + GAPS, nan=2.0, posinf=3, neginf=-3), gapped),
    Case(
        "nan_to_num-complex",
        lambda x: np.nan_to_num(x + GAPS.astype(complex), nan=2, posinf=3),
        gapped,
    ),
    Case("isclose", lambda x: x * np.isclose(x, 1.0, rtol=0.2), between(-2, 0.7)),
    Case(
        "select",
        lambda x, y: np.select([x > 0.5, x > -0.5], [x**2, x * y], default=y),
        lambda rng: (off_integers(rng) + 0.05, rng.normal(size=3)),
        ("select",),
    ),
    Case(
        "piecewise",
        lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [lambda t: -(t**2), np.exp, 0.25]),
        lambda rng: off_integers(rng) + 0.05,
        traces=False,
    ),
    Case("where-broadcast", lambda x: np.where(x > 0, x, 0) * np.where(x < 0, [1.0], x), nonzero),
    Case("float-divmod", lambda x: divmod(x, 0.7)[1] * (x // 0.7) + x % 0.7, thirds),
    Case("reflected", lambda x: 2 / x + 3 - x + 2**x + 7.1 % x + 7.1 // x, between(1.1, 1.15)),
    Case("logit", lambda p: np.log(p / (1 - p)), between(0.2, 0.8), is_elementwise=True),
    Case("softplus", lambda x: np.logaddexp(0, x), between(-3, 3), is_elementwise=True),
    Case("dtype-argument", lambda x: np.exp(x, dtype=np.float64), nonzero),
]

CASES = [*UNARY, *BINARY, *LITERALS, *FUNCTIONS]
