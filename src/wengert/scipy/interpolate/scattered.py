"""Radial basis functions through scattered data."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.taking import take
from wengert.scipy.dispatch import is_traced
from wengert.scipy.interpolate.common import as_data, as_real, scipy_interpolate


def _guarded(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`f` of the squared distance, 0 at distance 0, with derivative 0 there."""

    def kernel(s: Any) -> Any:
        is_zero = s == 0
        return np.where(is_zero, 0.0, f(np.where(is_zero, 1.0, s)))

    return kernel


# By the squared distance: smooth kernels have no square root to differentiate at 0.
_KERNELS: dict[str, Callable[[Any], Any]] = {
    "linear": _guarded(lambda s: -np.sqrt(s)),
    "thin_plate_spline": _guarded(lambda s: 0.5 * s * np.log(s)),
    "cubic": _guarded(lambda s: s * np.sqrt(s)),
    "quintic": _guarded(lambda s: -s * s * np.sqrt(s)),
    "multiquadric": lambda s: -np.sqrt(s + 1.0),
    "inverse_multiquadric": lambda s: 1.0 / np.sqrt(s + 1.0),
    "inverse_quadratic": lambda s: 1.0 / (s + 1.0),
    "gaussian": lambda s: np.exp(-s),
}
_SCALE_INVARIANT = ("linear", "thin_plate_spline", "cubic", "quintic")
_LEAST_DEGREE = {
    "multiquadric": 0,
    "linear": 0,
    "thin_plate_spline": 1,
    "cubic": 1,
    "quintic": 2,
}


class RBFInterpolator(scipy_interpolate.RBFInterpolator):  # type: ignore[name-defined]  # a module found by name
    """A sum of radial functions around the data points, and a polynomial.

    Parameters
    ----------
    y : array, shape (n, d)
        Data points.
    d : array, shape (n, ...)
        Data.
    neighbors : int, optional
        Use only so many nearest data points for each point; all by default.
    smoothing : number or array of shape (n,)
        0 interpolates.
    kernel : str
        "linear", "thin_plate_spline", "cubic", "quintic", "multiquadric",
        "inverse_multiquadric", "inverse_quadratic" or "gaussian".
    epsilon : number, optional
        Scale of distances; required by the last four kernels. May be traced.
    degree : int, optional
        Degree of the polynomial, -1 for none.

    Notes
    -----
    Differentiable in points, data points, data, smoothing and epsilon; with `neighbors` the choice
    of neighbors is constant. At a data point "linear" has a kink: its derivative there is 0. The
    second derivative of "thin_plate_spline" in two dimensions is infinite at a data point; it
    counts as 0.

    Source: G. Fasshauer, Meshfree Approximation Methods with Matlab (2007), chapters 2 and 6.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import interpolate
    >>> y = np.array([[0.0], [1.0], [2.0]])
    >>> f = lambda d: interpolate.RBFInterpolator(y, d, kernel="cubic")(np.array([[0.5]]))[0]
    >>> wg.grad(f)(np.zeros(3))
    array([ 0.40625,  0.6875 , -0.09375])
    """

    def __init__(
        self,
        y: Any,
        d: Any,
        neighbors: int | None = None,
        smoothing: Any = 0.0,
        kernel: str = "thin_plate_spline",
        epsilon: Any = None,
        degree: int | None = None,
    ) -> None:
        self._is_plain = not is_traced((y, d, smoothing, epsilon))
        if self._is_plain:
            super().__init__(y, d, neighbors, smoothing, kernel, epsilon, degree)
            self._items, self._columns = self.d_shape, as_data(d)
            self._columns = np.reshape(self._columns, (self._columns.shape[0], -1))
            return
        self._read(y, d, smoothing, kernel, epsilon, degree)
        self.neighbors = None if neighbors is None else int(min(neighbors, self.y.shape[0]))
        if self.powers.shape[0] > (self.neighbors or self.y.shape[0]):
            raise ArgumentError(
                "RBFInterpolator: there are too few data points for the degree.",
                got=f"{self.neighbors or self.y.shape[0]} points, {self.powers.shape[0]} monomials",
                expected="at least as many points as monomials",
            )
        if self.neighbors is None:
            self._system = _solve(self, self.y, self._columns, self.smoothing)

    def _read(
        self, y: Any, d: Any, smoothing: Any, kernel: str, epsilon: Any, degree: int | None
    ) -> None:
        y, d = as_real(y, "y", "RBFInterpolator"), as_data(d)
        if len(y.shape) != 2 or not d.shape or d.shape[0] != y.shape[0]:
            raise ShapeError(
                "RBFInterpolator: the data points and the data do not fit.",
                got=describe(y=y, d=d),
                expected="y: [n, d], d: [n, ...]",
            )
        kernel = kernel.lower()
        if kernel not in _KERNELS or (epsilon is None and kernel not in _SCALE_INVARIANT):
            raise ArgumentError(
                "RBFInterpolator: there is no such kernel, or it needs epsilon.",
                got=f"kernel={kernel!r}, epsilon={epsilon!r}",
                expected=", ".join(_KERNELS) + "; epsilon for the last four",
            )
        least = _LEAST_DEGREE.get(kernel, -1)
        self.y, self.d, self.kernel = y, d, kernel
        self.epsilon = 1.0 if epsilon is None else epsilon
        self.powers = _powers(y.shape[1], max(least, 0) if degree is None else int(degree))
        self.smoothing = np.broadcast_to(as_operand(smoothing), (y.shape[0],))
        self._items, self._columns = d.shape[1:], np.reshape(d, (d.shape[0], -1))

    def __call__(self, x: Any) -> Any:
        if self._is_plain and not is_traced((x,)):
            return super().__call__(x)
        x = as_real(x, "x", "RBFInterpolator")
        if len(x.shape) != 2 or x.shape[1] != self.y.shape[1]:
            raise ShapeError(
                "RBFInterpolator: the points do not have the dimension of the data points.",
                got=describe(x=x, y=self.y),
                expected=f"x: [m, {self.y.shape[1]}]",
            )
        if self.neighbors is None:
            system = self._plain_system() if self._is_plain else self._system
            values = _evaluate(self, x, self.y, *system)
        else:
            values = self._among_neighbors(x)
        return np.reshape(values, (x.shape[0], *self._items))

    def _plain_system(self) -> tuple[Any, Any, Any]:
        coefficients = self._coeffs
        if self._columns.dtype.kind == "c":
            coefficients = np.ascontiguousarray(coefficients).view(np.complex128)
        return self._shift, self._scale, coefficients

    def _among_neighbors(self, x: Any) -> Any:
        """A small system for each point, all at once; the choice of neighbors is constant."""
        far = np.sum((x[:, None, :] - self.y) ** 2, axis=-1)
        order = np.argsort(far, axis=1, kind="stable")[:, : self.neighbors]
        order = np.sort(order, axis=1)
        y, d = take(self.y, order, axis=0), take(self._columns, order, axis=0)
        system = _solve(self, y, d, take(self.smoothing, order))
        return _evaluate(self, x[:, None, :], y, *system)[:, 0]


def _powers(n_axes: int, degree: int) -> Any:
    """Exponents of all monomials up to `degree`, one row each."""
    rows = [
        [chosen.count(i) for i in range(n_axes)]
        for total in range(degree + 1)
        for chosen in combinations_with_replacement(range(n_axes), total)
    ]
    return np.array(rows, np.int64).reshape(len(rows), n_axes)


def _monomials(x: Any, powers: Any) -> Any:
    columns = []
    for row in powers:
        product: Any = np.ones(()) + 0.0 * x[..., 0]
        for i, p in enumerate(row):
            for _ in range(int(p)):
                product = product * x[..., i]
        columns.append(product)
    return np.stack(columns, axis=-1) if columns else None


def _radial(of: Any, x: Any, y: Any) -> Any:
    """The kernel of all distances between rows of `x` and rows of `y`."""
    gap = (np.expand_dims(x, -2) - np.expand_dims(y, -3)) * of.epsilon
    return _KERNELS[of.kernel](np.sum(gap * gap, axis=-1))


def _solve(of: Any, y: Any, d: Any, smoothing: Any) -> tuple[Any, Any, Any]:
    """Shift and scale of the monomials, and all coefficients; leading axes are systems."""
    low, high = np.min(y, axis=-2, keepdims=True), np.max(y, axis=-2, keepdims=True)
    shift, scale = (high + low) / 2, (high - low) / 2
    scale = np.where(scale == 0.0, 1.0, scale)
    n, extra = y.shape[-2], of.powers.shape[0]
    left = _radial(of, y, y) + np.expand_dims(smoothing, -1) * np.eye(n)
    p = _monomials((y - shift) / scale, of.powers)
    if p is not None:
        corner = np.zeros((*y.shape[:-2], extra, extra))
        top = np.concatenate([left, p], axis=-1)
        left = np.concatenate([top, np.concatenate([np.swapaxes(p, -1, -2), corner], -1)], axis=-2)
        d = np.concatenate([d, np.zeros((*d.shape[:-2], extra, d.shape[-1]))], axis=-2)
    return shift, scale, np.linalg.solve(left, d)


def _evaluate(of: Any, x: Any, y: Any, shift: Any, scale: Any, coefficients: Any) -> Any:
    rows = _radial(of, x, y)
    p = _monomials((x - shift) / scale, of.powers)
    if p is not None:
        rows = np.concatenate([rows, p], axis=-1)
    return rows @ coefficients
