"""Piecewise polynomials in powers, and what those in Bernstein's basis share with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError, ShapeError
from wengert.ops.contraction import describe
from wengert.ops.taking import take
from wengert.scipy.dispatch import is_traced, known
from wengert.scipy.interpolate.common import (
    as_data,
    as_real,
    column,
    intervals,
    placed,
    scipy_interpolate,
)


def _falling(p: int, nu: int) -> float:
    """p (p - 1) … (p - nu + 1): the factor of x^(p - nu) in the derivative of x^p."""
    return float(math.perm(p, nu))


def _is_decreasing(x: Any) -> bool:
    value = known(x)
    return value is not None and bool(value[-1] < value[0])


def into_period(points: Any, first: Any, last: Any) -> Any:
    return first + np.mod(points - first, last - first)


class Pieces:
    """Where points lie: their intervals, their distances from the left ends, what is outside."""

    def __init__(self, x: Any, points: Any, extrapolate: Any) -> None:
        if extrapolate == "periodic":
            points = into_period(points, x[0], x[-1])
        if _is_decreasing(x):
            self.place = intervals(-x, -points)
        else:
            self.place = intervals(x, points)
        self.left = take(x, self.place)
        self.offset = points - self.left
        self.outside = None
        if not extrapolate:
            low, high = (x[-1], x[0]) if _is_decreasing(x) else (x[0], x[-1])
            self.outside = np.logical_or(points < low, points > high)

    def finish(self, values: Any) -> Any:
        """`values`, NaN outside."""
        if self.outside is None:
            return values
        return np.where(column(self.outside, values), np.nan, values)


def evaluate_powers(c: Any, x: Any, points: Any, nu: int, extrapolate: Any) -> Any:
    """The derivative of order `nu` at a vector of points, by Horner's rule."""
    pieces = Pieces(x, points, extrapolate)
    order = c.shape[0]
    own = take(c, pieces.place, axis=1)
    t = np.reshape(pieces.offset, (-1, *(1,) * (len(c.shape) - 2)))
    total: Any = own[0] * (0.0 * t) if nu >= order else None  # NaN of NaN
    for row in range(order - nu):
        term = own[row] * _falling(order - 1 - row, nu) if nu else own[row]
        total = term if total is None else total * t + term
    if order - nu == 1:
        total = total + 0.0 * t
    return pieces.finish(total)


def integrated(c: Any, x: Any) -> Any:
    """Coefficients of the continuous antiderivative that is 0 at the first place."""
    order = c.shape[0]
    divided = c / np.reshape(np.arange(order, 0, -1.0), (order, *(1,) * (len(c.shape) - 1)))
    h = column(x[1:] - x[:-1], divided[0])
    gain = divided[0] * h
    for row in range(1, order):
        gain = (gain + divided[row]) * h
    start = np.concatenate([0.0 * gain[:1], np.cumsum(gain[:-1], axis=0)])
    return np.concatenate([divided, np.expand_dims(start, 0)])


class Held:
    """Coefficients and breakpoints that may be traced, in an object of one of SciPy's classes."""

    _held: Any = None

    def _hold(self, c: Any, x: Any, extrapolate: Any, axis: int) -> None:
        self._held = (c, x)
        self.extrapolate = extrapolate
        self.axis = axis

    def _same(self, c: Any, x: Any, extrapolate: Any) -> Any:
        """A new object of this class, as SciPy's `construct_fast` makes it."""
        if not is_traced((c, x)):
            return type(self).construct_fast(c, x, extrapolate, self.axis)  # type: ignore[attr-defined]  # SciPy's
        new = object.__new__(type(self))
        new._hold(c, x, extrapolate, self.axis)
        return new


def checked(owner: str, c: Any, x: Any, extrapolate: Any, axis: int) -> tuple[Any, Any, Any, int]:
    """The arguments of a piecewise polynomial as SciPy stores them: order, pieces, items."""
    c, x = as_data(c), as_real(x, "x", owner)
    rank = len(c.shape)
    if rank < 2 or not 0 <= axis < rank - 1 or len(x.shape) != 1 or x.shape[0] < 2:
        raise ShapeError(
            f"{owner}: the coefficients need two axes, the breakpoints one.",
            got=f"{describe(c=c, x=x)}, axis={axis}",
            expected="c: [order, ..., m, ...] with the pieces at axis + 1, x: [m + 1], m >= 1",
        )
    if axis:
        c = np.moveaxis(np.moveaxis(c, axis + 1, 0), axis + 1, 0)
    if c.shape[0] == 0 or c.shape[1] != x.shape[0] - 1:
        raise ShapeError(
            f"{owner}: the number of pieces is not the number of breakpoints less one.",
            got=describe(c=c, x=x),
            expected="c: [order, m, ...], x: [m + 1]",
        )
    if extrapolate is None:
        extrapolate = True
    return c, x, extrapolate if extrapolate == "periodic" else bool(extrapolate), axis


class PPoly(Held, scipy_interpolate.PPoly):  # type: ignore[name-defined]  # a module found by name
    """A piecewise polynomial in powers of the distance from the left end of each piece.

    Parameters
    ----------
    c : array, shape (order, m, ...)
        Coefficients, the highest power first.
    x : array, shape (m + 1,)
        Breakpoints, increasing or decreasing; traced without values they count as increasing.
    extrapolate : bool or "periodic", optional
        Whether the first and last piece hold beyond the ends (the default); NaN otherwise.
    axis : int
        The axis of the points in results.

    Notes
    -----
    Differentiable in points, coefficients and breakpoints. At a breakpoint the derivative in the
    points is that of the piece on the right, at the last one that of the last piece.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import interpolate
    >>> c, x = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([0.0, 1.0, 2.0])
    >>> wg.grad(lambda c: interpolate.PPoly(c, x)(1.5))(c)
    array([[0. , 0.5],
           [0. , 1. ]])
    """

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        if is_traced((c, x)):
            self._hold(*checked("PPoly", c, x, extrapolate, axis))
        else:
            scipy_interpolate.PPoly.__init__(self, c, x, extrapolate, axis)

    @property
    def c(self) -> Any:
        return super().c if self._held is None else self._held[0]

    @c.setter
    def c(self, value: Any) -> None:
        scipy_interpolate.PPoly.c.__set__(self, value)

    @property
    def x(self) -> Any:
        return super().x if self._held is None else self._held[1]

    @x.setter
    def x(self, value: Any) -> None:
        scipy_interpolate.PPoly.x.__set__(self, value)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if self._held is None and not is_traced((x,)):
            return super().__call__(x, nu, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        require_order(nu)
        points = as_real(x, "x", type(self).__name__)
        flat = np.reshape(points, (-1,))
        values = evaluate_powers(self.c, self.x, flat, int(nu), extrapolate)
        return placed(values, points.shape, self.axis)

    def derivative(self, nu: int = 1) -> Any:
        """The derivative of order `nu`, as a piecewise polynomial."""
        if self._held is None or nu < 0:
            return super().derivative(nu)
        c = self.c
        kept = c[: c.shape[0] - nu] if nu else c
        if not kept.shape[0]:
            kept = 0.0 * c[:1]
        factors = [_falling(kept.shape[0] - 1 - row + nu, nu) for row in range(kept.shape[0])]
        return self._same(kept * column(np.array(factors), c), self.x, self.extrapolate)

    def antiderivative(self, nu: int = 1) -> Any:
        """The antiderivative of order `nu`, 0 at the first breakpoint."""
        if self._held is None or nu <= 0:
            return super().antiderivative(nu)
        c = self.c
        for _ in range(nu):
            c = integrated(c, self.x)
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return self._same(c, self.x, extrapolate)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from `a` to `b`."""
        if self._held is None and not is_traced((a, b)):
            return super().integrate(a, b, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        ends = np.stack([as_real(a, "a", "integrate"), as_real(b, "b", "integrate")])
        return between(primitive_at(self.c, self.x, ends, extrapolate))

    def solve(self, y: Any = 0.0, discontinuity: bool = True, extrapolate: Any = None) -> Any:
        """Where the polynomial takes the value `y`; plain arrays only."""
        if self._held is not None or is_traced((y,)):
            raise MissingRuleError(
                "PPoly: solve and roots need plain coefficients.",
                got="traced coefficients or a traced value",
                expected="plain arrays",
                try_="wengert.implicit_root, which differentiates a root by the implicit function",
            )
        return super().solve(y, discontinuity, extrapolate)

    def extend(self, c: Any, x: Any, *args: Any) -> Any:
        """Add pieces at an end; plain arrays only."""
        if self._held is not None or is_traced((c, x)):
            raise MissingRuleError(
                "PPoly: extend works in place, on plain arrays only.",
                got="traced coefficients or breakpoints",
                expected="plain arrays",
                try_="a new PPoly of np.concatenate of the coefficients along axis 1",
            )
        return super().extend(c, x, *args)


def require_order(nu: Any) -> None:
    if int(nu) < 0:
        raise ArgumentError(
            "an interpolant: the order of a derivative is negative.",
            got=f"nu={nu}",
            expected="0, 1, 2 ...",
            try_="antiderivative()",
        )


def between(values: Any) -> Any:
    """The second row less the first, an array even of no axes."""
    return np.reshape(values[1:] - values[:1], values.shape[1:])


def primitive_at(c: Any, x: Any, points: Any, extrapolate: Any) -> Any:
    """The antiderivative that is 0 at the first breakpoint, beyond the ends as asked for."""
    whole = integrated(c, x)
    if extrapolate != "periodic":
        return evaluate_powers(whole, x, points, 0, extrapolate)
    turns = np.floor((points - x[0]) / (x[-1] - x[0]))
    # Inside one period, reached without rounding across its end.
    rest = points - turns * (x[-1] - x[0])
    total = evaluate_powers(whole, x, x[-1:], 0, True)
    return evaluate_powers(whole, x, rest, 0, True) + column(turns, total) * total
