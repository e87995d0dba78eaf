"""Associated Legendre functions, spherical harmonics, and Dirichlet's kernel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.families import broadcast_shapes, elementwise
from wengert.ops.functions import as_operand
from wengert.ops.special.family import FUNCTIONS, as_real, refused, special
from wengert.ops.special.integers import choose, with_order
from wengert.ops.special.orthogonal import gegenbauer_p
from wengert.ops.ufuncs import is_number
from wengert.trace.tracer import bind
from wengert.types import Type

# -- P_v^m -----------------------------------------------------------------------------------------


def _lpmv(out: Any, m: Any, v: Any, x: Any) -> Any:
    """By both neighboring m, after DLMF 14.10.1; the ends have a slope of their own for m = 0."""
    above = FUNCTIONS["lpmv"](m + 1.0, v, x)
    factor = (v + m) * (v - m + 1.0)
    # SciPy has no value beyond m = -v, where the factor is zero.
    below = factor * FUNCTIONS["lpmv"](choose(factor == 0, 0.0, m - 1.0), v, x)
    is_end = np.logical_and(np.abs(x) == 1, m == 0)
    root = np.sqrt((1.0 - x) * (1.0 + x))
    inside = 0.5 * (below - above) / np.where(is_end, 1.0, root)
    at_end = 0.5 * v * (v + 1.0) * x * np.where(x > 0, 1.0, out)
    return np.where(is_end, at_end, inside)


special(
    "lpmv",
    refused("lpmv", "its order"),
    refused("lpmv", "its degree"),
    _lpmv,
    domain="-1 < x < 1; for m = 0 and integer degree the first derivative at the ends too",
)

# -- Y_n^m -----------------------------------------------------------------------------------------


def _harmonic(n: Any, m: Any, theta: Any, phi: Any) -> Any:
    import scipy.special

    return np.asarray(scipy.special.sph_harm_y(n, m, theta, phi))


def _harmonic_type(*types: Any) -> Type:
    """In double precision beside integers, as SciPy's."""
    return Type(broadcast_shapes("sph_harm_y", *types), np.complex128)


def _root(n: Any) -> Any:
    return math.sqrt(max(n, 0)) if is_number(n) else np.sqrt(1.0 * np.maximum(n, 0))


def _by_polar_angle(out: Any, n: Any, m: Any, theta: Any, phi: Any) -> Any:
    """Both neighboring m, with the factors of the ladder operators; no cotangent, no pole."""
    turn = np.exp(-1j * phi)
    up = _root((n - m) * (n + m + 1)) * turn * sph_harm_y(n, m + 1, theta, phi)
    down = _root((n + m) * (n - m + 1)) * np.conj(turn) * sph_harm_y(n, m - 1, theta, phi)
    # SciPy's values are even in theta and have the period 2 pi.
    return np.where(np.sin(theta) < 0, -0.5, 0.5) * (up - down)


def _refused_index(out: Any, *xs: Any) -> Any:
    return refused("sph_harm_y", "degree or order")(out, *xs)


sph_harm_y_p: Primitive = elementwise(
    "sph_harm_y",
    _harmonic,
    type_rule=_harmonic_type,
    partials=(
        _refused_index,
        _refused_index,
        _by_polar_angle,
        lambda out, n, m, theta, phi: 1j * m * out,
    ),
    flops=100,
    render=lambda ins, params: f"scipy.special.sph_harm_y({', '.join(ins)})",
    emit=Unsupported("SciPy computes it"),
    kinks="none on the sphere: at the poles the derivative is that from inside",
)
sph_harm_y_p.gives_array = True


def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any) -> Any:
    """Spherical harmonics of integer degree and order and real angles."""
    n, m = [x if is_number(x) else as_operand(x) for x in (n, m)]
    return bind(sph_harm_y_p, n, m, as_real(theta), as_real(phi))


# -- Dirichlet's kernel ----------------------------------------------------------------------------


def _kernel(x: Any, n: Any) -> Any:
    import scipy.special

    return np.asarray(scipy.special.diric(x, n), np.float64)


def _kernel_slope(out: Any, x: Any, n: Any) -> Any:
    """sin(n y) / sin(y) = U_(n-1)(cos y), y = x / 2: no division at multiples of 2 pi."""
    y = 0.5 * x
    return -np.sin(y) * with_order(gegenbauer_p, n - 2, 2.0, np.cos(y)) / n


diric_p: Primitive = elementwise(
    "diric",
    _kernel,
    type_rule=lambda x, n: Type(broadcast_shapes("diric", x, n), np.float64),
    partials=(_kernel_slope, refused("diric", "its number of terms")),
    flops=60,
    render=lambda ins, params: f"scipy.special.diric({', '.join(ins)})",
    emit=Unsupported("SciPy computes it"),
    at_zero="exact, to any order, as at every multiple of 2 pi",
)


diric_p.gives_array = True


def diric(x: Any, n: Any) -> Any:
    """sin(n x / 2) / (n sin(x / 2)) for a positive integer n."""
    return bind(diric_p, as_real(x), n if is_number(n) else as_operand(n))
