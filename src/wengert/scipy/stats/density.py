"""Kernel density estimates."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import MissingRuleError
from wengert.ops.special.family import as_real
from wengert.scipy import special as sc
from wengert.scipy.dispatch import is_traced, scipy_function
from wengert.scipy.linalg import solve_triangular
from wengert.scipy.stats.family import LOG_2PI

__all__ = ["gaussian_kde"]


class gaussian_kde:
    """SciPy's kernel density estimate; data, weights, bandwidth and points may be traced.

    Parameters
    ----------
    dataset : array, shape (n,) or (d, n)
    bw_method : "scott", "silverman" or number, optional
        The bandwidth as a factor of the data's covariance.
    weights : array, shape (n,), optional

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy.stats import gaussian_kde
    >>> kde = gaussian_kde(np.array([-1.0, 1.0]))
    >>> float(wg.grad(lambda x: kde(x)[0])(0.0))
    0.0
    """

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        self.arguments = (dataset, bw_method, weights)
        self.is_traced = is_traced(self.arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.is_traced:
            raise MissingRuleError(
                f"scipy.stats.gaussian_kde.{name} has no derivative in Wengert.",
                got="an estimate of traced data",
                expected="evaluate, pdf or logpdf",
            )
        original = scipy_function("stats", "gaussian_kde")(*self.arguments)
        object.__setattr__(self, name, getattr(original, name))
        return getattr(original, name)

    def evaluate(self, points: Any) -> Any:
        """The density at points of shape (m,) or (d, m)."""
        if self.is_traced or is_traced(points):
            return np.exp(self._logpdf(points))
        return scipy_function("stats", "gaussian_kde")(*self.arguments).evaluate(points)

    __call__ = pdf = evaluate

    def logpdf(self, x: Any) -> Any:
        """The logarithm of the density."""
        if self.is_traced or is_traced(x):
            return self._logpdf(x)
        return scipy_function("stats", "gaussian_kde")(*self.arguments).logpdf(x)

    def _logpdf(self, points: Any) -> Any:
        data, bandwidth, weights = self.arguments
        data = _columns(data)
        dim, n = data.shape
        weights = np.full(n, 1.0 / n) if weights is None else as_real(weights)
        weights = weights / np.sum(weights)
        n_effective = 1.0 / np.sum(weights * weights)
        factor = _bandwidth(bandwidth, n_effective, dim)
        middle = np.sum(data * weights, axis=1, keepdims=True)
        spread = (data - middle) * np.sqrt(weights)
        covariance = spread @ np.transpose(spread) / (1.0 - np.sum(weights * weights))
        root = np.linalg.cholesky(covariance) * factor
        points = _columns(points)
        if points.shape[0] != dim and points.shape == (1, dim):
            points = np.transpose(points)
        z_data = solve_triangular(root, data, lower=True)
        z_points = solve_triangular(root, points, lower=True)
        deviations = z_points[:, :, None] - z_data[:, None, :]
        distances = np.sum(deviations * deviations, axis=0)
        log_det = np.sum(np.log(np.diagonal(root)))
        total = sc.logsumexp(np.log(weights) - 0.5 * distances, axis=1)
        return total - log_det - 0.5 * dim * LOG_2PI


def _columns(x: Any) -> Any:
    """Points as columns of a matrix."""
    x = as_real(x) if is_traced(x) else np.asarray(x, float)
    return np.reshape(x, (1, -1)) if x.ndim < 2 else x


def _bandwidth(method: Any, n: Any, dim: int) -> Any:
    if method is None or (isinstance(method, str) and method == "scott"):
        return n ** (-1.0 / (dim + 4))
    if isinstance(method, str) and method == "silverman":
        return (n * (dim + 2.0) / 4.0) ** (-1.0 / (dim + 4))
    return as_real(method)
