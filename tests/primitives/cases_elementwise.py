"""Cases of the elementwise family: every ufunc with a derivative, and the functions made of them."""

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


def _literal(name: str, f: Any, args: Draw = between(0.3, 2), **options: Any) -> Case:
    return Case(name, f, args, is_elementwise=True, **options)


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
    _literal(
        "power-int-array",
        lambda x: x ** np.array([0, 1, 3]),
        lambda rng: rng.uniform(0.3, 2, (1, 3)),
        name=None,
    )
    if False
    else Case("power-int-array", lambda x: x ** np.array([0, 1, 3]), between(-1, 1), ("power",)),
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

CASES = [*UNARY, *BINARY, *LITERALS]
