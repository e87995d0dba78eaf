"""Cubic interpolants: given slopes (Hermite), shape-preserving, Akima's, and the spline."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.scipy.dispatch import is_traced, known
from wengert.scipy.interpolate.common import (
    as_data,
    as_real,
    axis_of,
    column,
    require_fit,
    require_increasing,
    scipy_interpolate,
    solve_band,
)
from wengert.scipy.interpolate.piecewise import PPoly


def _data(owner: str, x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    """Places, data with the axis of the places first, that axis."""
    x, y = as_real(x, "x", owner), as_data(y)
    require_increasing(owner, x, least=2)
    axis = axis_of(owner, y, axis)
    require_fit(owner, x, y, axis)
    return x, np.moveaxis(y, axis, 0) if axis else y, axis


def hermite_coefficients(x: Any, y: Any, slopes: Any) -> Any:
    """Power coefficients of the cubics with these values and slopes at the places."""
    h = column(x[1:] - x[:-1], y)
    chord = (y[1:] - y[:-1]) / h
    bend = (slopes[:-1] + slopes[1:] - 2 * chord) / h
    return np.stack([bend / h, (chord - slopes[:-1]) / h - bend, slopes[:-1], y[:-1]])


class _Cubic(PPoly):
    """What the cubics share: their coefficients come from slopes at the places."""

    def _from_slopes(self, x: Any, y: Any, slopes: Any, extrapolate: Any, axis: int) -> None:
        if extrapolate != "periodic":
            extrapolate = bool(extrapolate)
        self._hold(hermite_coefficients(x, y, slopes), x, extrapolate, axis)


class CubicHermiteSpline(_Cubic, scipy_interpolate.CubicHermiteSpline):  # type: ignore[name-defined]  # a module found by name
    """The piecewise cubic with given values and first derivatives.

    Parameters
    ----------
    x : array, shape (n,)
        Places, increasing.
    y, dydx : array
        Values and slopes, n of them along `axis`.
    axis : int
    extrapolate : bool or "periodic", optional
    """

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        if not is_traced((x, y, dydx)):
            scipy_interpolate.CubicHermiteSpline.__init__(self, x, y, dydx, axis, extrapolate)
            return
        x, y, axis = _data("CubicHermiteSpline", x, y, axis)
        slopes = np.moveaxis(as_data(dydx), axis, 0)
        if slopes.shape != y.shape:
            raise ShapeError(
                "CubicHermiteSpline: the values and the slopes differ in shape.",
                got=describe(y=y, dydx=slopes),
                expected="one shape",
            )
        self._from_slopes(x, y, slopes, True if extrapolate is None else extrapolate, axis)


def _pchip_slopes(x: Any, y: Any) -> Any:
    """Weighted harmonic means of neighboring chords, 0 where these differ in sign."""
    h = column(x[1:] - x[:-1], y)
    chord = (y[1:] - y[:-1]) / h
    if x.shape[0] == 2:
        return np.concatenate([chord, chord])
    before, after = chord[:-1], chord[1:]
    sign = np.sign(chord)
    is_monotone = np.logical_and(sign[1:] == sign[:-1], sign[1:] != 0)
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    mean = w1 / np.where(is_monotone, before, 1.0) + w2 / np.where(is_monotone, after, 1.0)
    inner = np.where(is_monotone, (w1 + w2) / np.where(is_monotone, mean, 1.0), 0.0)
    first = _pchip_end(h[:1], h[1:2], chord[:1], chord[1:2])
    last = _pchip_end(h[-1:], h[-2:-1], chord[-1:], chord[-2:-1])
    return np.concatenate([first, inner, last])


def _pchip_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope of the parabola through three places, limited to keep the shape."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    is_steep = np.logical_and(np.sign(m0) != np.sign(m1), np.abs(d) > 3 * np.abs(m0))
    return np.where(np.sign(d) != np.sign(m0), 0.0, np.where(is_steep, 3 * m0, d))


def _require_real(owner: str, y: Any) -> None:
    if y.dtype.kind == "c":
        raise ArgumentError(
            f"{owner}: the data are complex.",
            got=describe(y=y),
            expected="real numbers",
            try_="one interpolant for np.real and one for np.imag",
        )


class PchipInterpolator(_Cubic, scipy_interpolate.PchipInterpolator):  # type: ignore[name-defined]  # a module found by name
    """The monotone piecewise cubic: no overshoot, continuous first derivative.

    Parameters
    ----------
    x : array, shape (n,)
        Places, increasing.
    y : array
        Real values, n of them along `axis`.
    axis : int
    extrapolate : bool, optional

    Notes
    -----
    Where two neighboring chords differ in sign, or one is level, the slope is held at 0, and its
    derivative in the data is 0.

    Source: F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5 (1984), 300,
    doi:10.1137/0905021; ends after C. Moler, Numerical Computing with Matlab (2004), section 3.6.
    """

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        if not is_traced((x, y)):
            scipy_interpolate.PchipInterpolator.__init__(self, x, y, axis, extrapolate)
            return
        x, y, axis = _data("PchipInterpolator", x, y, axis)
        _require_real("PchipInterpolator", y)
        extrapolate = True if extrapolate is None else extrapolate
        self._from_slopes(x, y, _pchip_slopes(x, y), extrapolate, axis)


def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """`PchipInterpolator(xi, yi, axis)` at `x`, or its derivatives of the orders `der`."""
    spline = PchipInterpolator(xi, yi, axis=axis)
    if np.ndim(der) == 0:
        return spline(x) if der == 0 else spline.derivative(der)(x)
    return [spline.derivative(nu)(x) for nu in der]


_BREAK = 1e-9  # SciPy's: weights below this part of the largest count as none


def _akima_slopes(x: Any, y: Any, method: str) -> Any:
    """Mean of the chords beside a place, each weighted by the change beyond the other."""
    m = (y[1:] - y[:-1]) / column(x[1:] - x[:-1], y)
    if x.shape[0] == 2:
        return np.concatenate([m, m])
    before = 2 * m[:1] - m[1:2]
    after = 2 * m[-1:] - m[-2:-1]
    m = np.concatenate([2 * before - m[:1], before, m, after, 2 * after - m[-1:]])
    weight = np.abs(m[1:] - m[:-1])
    if method == "makima":
        weight = weight + 0.5 * np.abs(m[1:] + m[:-1])
    right, left = weight[2:], weight[:-2]
    both = right + left
    is_weighted = both > _BREAK * np.max(both)
    share = left / np.where(is_weighted, both, 1.0)
    mean = m[1:-2] + share * (m[2:-1] - m[1:-2])
    return np.where(is_weighted, mean, 0.5 * (m[3:] + m[:-3]))


class Akima1DInterpolator(_Cubic, scipy_interpolate.Akima1DInterpolator):  # type: ignore[name-defined]  # a module found by name
    """Akima's piecewise cubic, whose slopes depend on five places each.

    Parameters
    ----------
    x : array, shape (n,)
        Places, increasing.
    y : array
        Real values, n of them along `axis`.
    axis : int
    method : {"akima", "makima"}
    extrapolate : bool, optional
        False by default: NaN beyond the ends.

    Notes
    -----
    A weight is an absolute value: where neighboring chords are equal it has a kink, and the
    derivative there is that of `abs` at 0, which is 0.

    Source: H. Akima, J. ACM 17 (1970), 589, doi:10.1145/321607.321609.
    """

    def __init__(
        self, x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None
    ) -> None:
        if not is_traced((x, y)):
            scipy_interpolate.Akima1DInterpolator.__init__(
                self, x, y, axis, method=method, extrapolate=extrapolate
            )
            return
        if method not in ("akima", "makima"):
            raise ArgumentError(
                "Akima1DInterpolator: there is no such method.",
                got=repr(method),
                expected="'akima' or 'makima'",
            )
        x, y, axis = _data("Akima1DInterpolator", x, y, axis)
        _require_real("Akima1DInterpolator", y)
        self._from_slopes(x, y, _akima_slopes(x, y, method), bool(extrapolate), axis)


# -- the spline ------------------------------------------------------------------------------------


class CubicSpline(_Cubic, scipy_interpolate.CubicSpline):  # type: ignore[name-defined]  # a module found by name
    """The piecewise cubic with continuous second derivative.

    Parameters
    ----------
    x : array, shape (n,)
        Places, increasing.
    y : array
        Values, n of them along `axis`.
    axis : int
    bc_type : str or pair
        "not-a-knot", "periodic", "clamped", "natural", or for each end one of these (except
        "periodic") or a pair (order 1 or 2, value of that derivative); values may be traced.
    extrapolate : bool or "periodic", optional
        By default True, and "periodic" for periodic splines.

    Notes
    -----
    The slopes solve a tridiagonal system; value and derivatives cost O(n). A periodic spline takes
    y[0] and y[-1] as equal: its derivative is shared between the two.

    Source: C. de Boor, A Practical Guide to Splines (1978), chapter IV.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> wg.grad(lambda y: interpolate.CubicSpline(x, y)(1.5))(x**2)
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        axis: int = 0,
        bc_type: Any = "not-a-knot",
        extrapolate: Any = None,
    ) -> None:
        if not is_traced((x, y, bc_type)):
            scipy_interpolate.CubicSpline.__init__(self, x, y, axis, bc_type, extrapolate)
            return
        x, y, axis = _data("CubicSpline", x, y, axis)
        start, end = _conditions(bc_type, y)
        if extrapolate is None:
            extrapolate = "periodic" if isinstance(bc_type, str) and bc_type == "periodic" else True
        slopes = _spline_slopes(x, y, start, end)
        self._from_slopes(x, y, slopes, extrapolate, axis)


def _conditions(bc_type: Any, y: Any) -> list[Any]:
    """Both end conditions: a name, or (order, value)."""
    if isinstance(bc_type, str):
        bc_type = (bc_type, bc_type)
        value = known(y)
        is_known = bc_type[0] == "periodic" and value is not None
        if is_known and not np.allclose(value[0], value[-1], rtol=1e-15, atol=1e-15):
            raise ArgumentError(
                "CubicSpline: the first and last value of a periodic spline differ.",
                got=f"{value[0]} and {value[-1]}",
                expected="equal values",
            )
    elif any(isinstance(bc, str) and bc == "periodic" for bc in bc_type):
        bc_type = ()
    found = [_condition(bc, y) for bc in bc_type]
    if len(found) != 2 or any(bc is None for bc in found):
        raise ArgumentError(
            "CubicSpline: bc_type is no condition for both ends.",
            got=repr(bc_type),
            expected="'not-a-knot', 'periodic', 'clamped', 'natural', or a pair of names "
            f"and (1 or 2, value of shape {y.shape[1:]})",
        )
    return found


def _condition(bc: Any, y: Any) -> Any:
    items = y.shape[1:]
    if isinstance(bc, str):
        named = {"clamped": (1, np.zeros(items)), "natural": (2, np.zeros(items))}
        return bc if bc in ("not-a-knot", "periodic") else named.get(bc)
    if len(bc) != 2 or bc[0] not in (1, 2):
        return None
    value = as_operand(bc[1])
    return (int(bc[0]), value) if value.shape == items else None


def _spline_slopes(x: Any, y: Any, start: Any, end: Any) -> Any:
    n = x.shape[0]
    h = x[1:] - x[:-1]
    hc = column(h, y)
    chord = (y[1:] - y[:-1]) / hc
    if n == 2:
        start = (1, chord[0]) if isinstance(start, str) else start
        end = (1, chord[0]) if isinstance(end, str) else end
    if isinstance(start, str) and start == "periodic":
        return _periodic_slopes(h, hc, chord)
    inner = 3 * (hc[1:] * chord[:-1] + hc[:-1] * chord[1:])
    one = np.ones(1)
    if (
        n == 3 and isinstance(start, str) and isinstance(end, str)
    ):  # not-a-knot twice: one parabola through three points
        first, last = (one, one, 2 * chord[:1]), (one, one, 2 * chord[1:])
    else:
        first = _end_row(start, h, hc, chord, 1)
        last = _end_row(end, h[::-1], hc[::-1], chord[::-1], -1)
    zero = np.zeros(1)
    ab = np.stack(
        [
            np.concatenate([zero, first[1], h[:-1]]),
            np.concatenate([first[0], 2 * (h[:-1] + h[1:]), last[0]]),
            np.concatenate([h[1:], last[1], zero]),
        ]
    )
    return solve_band(ab, np.concatenate([first[2], inner, last[2]]), 1, 1)


def _end_row(condition: Any, h: Any, hc: Any, chord: Any, side: int) -> tuple[Any, Any, Any]:
    """Diagonal, its neighbor, right-hand side; steps are counted from the end in question."""
    one = np.ones(1)
    if isinstance(condition, str):
        reach, d = h[:1] + h[1:2], hc[:1] + hc[1:2]
        right = ((hc[:1] + 2 * d) * hc[1:2] * chord[:1] + hc[:1] ** 2 * chord[1:2]) / d
        return h[1:2], reach, right
    order, value = condition
    value = np.reshape(value, (1, *np.shape(value)))
    if order == 1:
        return one, 0 * one, value + 0 * chord[:1]
    return 2 * h[:1], h[:1], 3 * chord[:1] * hc[:1] - side * 0.5 * value * hc[:1] ** 2


def _periodic_slopes(h: Any, hc: Any, chord: Any) -> Any:
    """A cyclic tridiagonal system: solved without its last unknown, which is then found."""
    m = h.shape[0]
    if m == 2:
        mean = np.sum(chord / hc, axis=0) / np.sum(1 / hc, axis=0)
        return np.stack([mean] * 3)
    before, before_c = np.roll(h, 1), np.roll(hc, 1, axis=0)
    diagonal = 2 * (before + h)
    right = 3 * (hc * np.roll(chord, 1, axis=0) + before_c * chord)
    zero = np.zeros(1)
    ab = np.stack(
        [
            np.concatenate([zero, before[: m - 2]]),
            diagonal[:-1],
            np.concatenate([h[1 : m - 1], zero]),
        ]
    )
    unit = -np.concatenate([h[:1], np.zeros(m - 3), before[m - 2 : m - 1]])
    s1 = solve_band(ab, right[:-1], 1, 1)
    s2 = column(solve_band(ab, unit, 1, 1), s1)
    top, low = before[m - 1], h[m - 1]
    last = right[-1] - top * s1[0] - low * s1[-1]
    last = last / (diagonal[-1] + top * s2[0] + low * s2[-1])
    return np.concatenate([s1 + last * s2, np.stack([last, s1[0] + last * s2[0]])])
