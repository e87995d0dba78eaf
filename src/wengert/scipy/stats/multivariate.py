"""Distributions of vectors and matrices, by Cholesky factors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError
from wengert.ops.special.family import as_real
from wengert.scipy import special as sc
from wengert.scipy.dispatch import is_traced, scipy_function
from wengert.scipy.linalg import solve_triangular
from wengert.scipy.stats.family import LOG_2PI

__all__ = [
    "dirichlet",
    "dirichlet_multinomial",
    "invwishart",
    "matrix_normal",
    "multinomial",
    "multivariate_normal",
    "multivariate_t",
    "wishart",
]


class Multivariate:
    """A multivariate distribution: SciPy's object, with rules for some methods.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy.stats import multivariate_normal
    >>> wg.grad(lambda m: multivariate_normal.logpdf(np.ones(2), m, np.eye(2)))(np.zeros(2))
    array([1., 1.])
    """

    def __init__(self, name: str, log: str = "logpdf", **rules: Callable[..., Any]) -> None:
        self.name = name
        self.rules = rules
        plain = log.removeprefix("log")
        self.rules[plain] = lambda *args, **kwargs: np.exp(rules[log](*args, **kwargs))

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        found = getattr(scipy_function("stats", self.name), method)

        def chosen(*args: Any, **kwargs: Any) -> Any:
            if not (is_traced(args) or is_traced(tuple(kwargs.values()))):
                return found(*args, **kwargs)
            if method not in self.rules:
                raise MissingRuleError(
                    f"scipy.stats.{self.name}.{method} has no derivative in Wengert.",
                    got="a traced argument",
                    expected=f"plain ones, or one of {', '.join(sorted(self.rules))}",
                )
            return self.rules[method](*args, **kwargs)

        chosen.__name__ = chosen.__qualname__ = method
        return chosen

    def __call__(self, *args: Any, **kwargs: Any) -> FrozenMultivariate:
        return FrozenMultivariate(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<wengert.scipy.stats.{self.name}>"


class FrozenMultivariate:
    """A multivariate distribution with its parameters."""

    def __init__(self, of: Multivariate, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.of, self.args, self.kwds = of, args, kwargs

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        is_frozen_traced = is_traced(self.args) or is_traced(tuple(self.kwds.values()))

        def chosen(*args: Any, **kwargs: Any) -> Any:
            if is_frozen_traced or is_traced(args) or is_traced(tuple(kwargs.values())):
                return getattr(self.of, method)(*args, *self.args, **self.kwds, **kwargs)
            frozen = scipy_function("stats", self.of.name)(*self.args, **self.kwds)
            return getattr(frozen, method)(*args, **kwargs)

        return chosen


def _factor(matrix: Any) -> tuple[Any, Any]:
    """The Cholesky factor of a covariance, and the logarithm of its determinant.

    The gradient in a covariance is a symmetric matrix, though SciPy reads the lower triangle only.
    """
    matrix = as_real(matrix)
    factor = np.linalg.cholesky(0.5 * (matrix + np.swapaxes(matrix, -1, -2)))
    diagonal = np.diagonal(factor, axis1=-2, axis2=-1)
    return factor, 2.0 * np.sum(np.log(diagonal), axis=-1)


def _as_covariance(cov: Any, dim: int) -> Any:
    """A matrix from a matrix, a vector of variances or a number."""
    cov = np.asarray(cov) if isinstance(cov, (float, int, list, tuple)) else cov
    if getattr(cov, "ndim", 2) == 0:
        return cov * np.eye(dim)
    return cov[..., :, None] * np.eye(dim) if getattr(cov, "ndim", 2) == 1 else cov


def _distances(factor: Any, deviations: Any) -> Any:
    """Squared lengths of the rows of `deviations` under the inverse of factor factor^T."""
    dim = factor.shape[-1]
    rows = np.reshape(deviations, (-1, dim))
    whitened = solve_triangular(factor, np.transpose(rows), lower=True)
    return np.reshape(np.sum(whitened * whitened, axis=0), deviations.shape[:-1])


def _points(name: str, x: Any, mean: Any, cov: Any) -> tuple[Any, Any, int]:
    """Quantiles with components last, less the mean; the covariance; the dimension."""
    if not (is_traced(cov) or isinstance(cov, (np.ndarray, np.generic, float, int, list, tuple))):
        raise ArgumentError(
            f"{name}: a covariance must be an array where an argument is traced.",
            got=type(cov).__name__,
            expected="an array of shape (d, d), a vector of variances or a number",
            try_="pass the matrix itself",
        )
    x = as_real(np.asarray(x) if isinstance(x, (int, float)) else x)
    mean = None if mean is None else as_real(mean)
    dim = max(np.size(mean) if mean is not None else 1, _dimension(cov))
    if x.ndim == 0:
        x = np.reshape(x, (1,))
    elif x.ndim == 1:
        x = x[:, None] if dim == 1 else x[None, :]
    if x.shape[-1] != dim:
        raise ArgumentError(
            f"{name}: the number of components differs.",
            got=f"x with {x.shape[-1]} in its last axis, and parameters of {dim}",
            expected="one number of components",
        )
    deviations = x if mean is None else x - np.reshape(mean, (-1,))
    return deviations, _as_covariance(cov, dim), dim


def _dimension(cov: Any) -> int:
    shape = np.shape(cov) if not hasattr(cov, "shape") else cov.shape
    return shape[-1] if shape else 1


def _squeezed(value: Any) -> Any:
    """SciPy drops all axes of length one."""
    return np.squeeze(value)


def _no_singular(allow_singular: bool) -> None:
    if allow_singular:
        raise ArgumentError(
            "multivariate_normal: allow_singular=True has no derivative.",
            got="a traced argument and allow_singular=True",
            expected="a positive definite covariance",
            try_="project onto the range of the covariance first",
        )


def _normal_logpdf(x: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False) -> Any:
    _no_singular(allow_singular)
    deviations, cov, dim = _points("multivariate_normal", x, mean, cov)
    factor, log_det = _factor(cov)
    return _squeezed(-0.5 * (_distances(factor, deviations) + log_det + dim * LOG_2PI))


def _normal_entropy(mean: Any = None, cov: Any = 1.0) -> Any:
    dim = max(np.size(mean) if mean is not None else 1, _dimension(cov))
    _, log_det = _factor(_as_covariance(cov, dim))
    return 0.5 * (log_det + dim * (LOG_2PI + 1.0))


multivariate_normal = Multivariate(
    "multivariate_normal", logpdf=_normal_logpdf, entropy=_normal_entropy
)


def _t_logpdf(
    x: Any, loc: Any = None, shape: Any = 1.0, df: Any = 1.0, allow_singular: bool = False
) -> Any:
    _no_singular(allow_singular)
    deviations, shape, dim = _points("multivariate_t", x, loc, shape)
    factor, log_det = _factor(shape)
    df = as_real(df)
    half = 0.5 * (df + dim)
    constant = sc.gammaln(half) - sc.gammaln(0.5 * df) - 0.5 * dim * np.log(df * math.pi)
    spread = half * np.log1p(_distances(factor, deviations) / df)
    return _squeezed(constant - 0.5 * log_det - spread)


multivariate_t = Multivariate("multivariate_t", logpdf=_t_logpdf)


def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    x, alpha = as_real(x), as_real(alpha)
    if x.shape[0] == alpha.shape[0] - 1:
        x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
    columns = np.reshape(alpha, (-1,) + (1,) * (x.ndim - 1))
    constant = sc.gammaln(np.sum(alpha)) - np.sum(sc.gammaln(alpha))
    return constant + np.sum(sc.xlogy(columns - 1.0, x), axis=0)


def _dirichlet_mean(alpha: Any) -> Any:
    return alpha / np.sum(alpha)


def _dirichlet_var(alpha: Any) -> Any:
    total = np.sum(alpha)
    return alpha * (total - alpha) / (total * total * (total + 1.0))


def _dirichlet_entropy(alpha: Any) -> Any:
    total = np.sum(alpha)
    log_beta = np.sum(sc.gammaln(alpha)) - sc.gammaln(total)
    spread = (total - alpha.shape[0]) * sc.psi(total) - np.sum((alpha - 1.0) * sc.psi(alpha))
    return log_beta + spread


dirichlet = Multivariate(
    "dirichlet",
    logpdf=_dirichlet_logpdf,
    mean=_dirichlet_mean,
    var=_dirichlet_var,
    entropy=_dirichlet_entropy,
)


def _matrices(x: Any) -> Any:
    """Symmetric matrices with their axes last; SciPy has them first."""
    x = as_real(x)
    return np.moveaxis(x, (0, 1), (-2, -1)) if x.ndim > 2 else x


def _trace_of_quotient(below: Any, above: Any) -> Any:
    return np.trace(np.linalg.solve(below, above), axis1=-2, axis2=-1)


def _wishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, df, scale = _matrices(x), as_real(df), as_real(scale)
    dim = x.shape[-1]
    _, log_det_x = _factor(x)
    _, log_det = _factor(scale)
    constant = 0.5 * df * (dim * math.log(2.0) + log_det) + sc.multigammaln(0.5 * df, dim)
    return 0.5 * ((df - dim - 1.0) * log_det_x - _trace_of_quotient(scale, x)) - constant


def _invwishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, df, scale = _matrices(x), as_real(df), as_real(scale)
    dim = x.shape[-1]
    _, log_det_x = _factor(x)
    _, log_det = _factor(scale)
    constant = 0.5 * df * (log_det - dim * math.log(2.0)) - sc.multigammaln(0.5 * df, dim)
    return constant - 0.5 * ((df + dim + 1.0) * log_det_x + _trace_of_quotient(x, scale))


wishart = Multivariate("wishart", logpdf=_wishart_logpdf, mean=lambda df, scale: df * scale)
invwishart = Multivariate("invwishart", logpdf=_invwishart_logpdf)


def _matrix_logpdf(X: Any, mean: Any = None, rowcov: Any = 1, colcov: Any = 1) -> Any:
    x = as_real(X)
    rows, columns = x.shape[-2:]
    row_factor, row_det = _factor(_as_covariance(rowcov, rows))
    column_factor, column_det = _factor(_as_covariance(colcov, columns))
    deviation = x if mean is None else x - as_real(mean)
    whitened = np.linalg.solve(row_factor, deviation)
    whitened = np.linalg.solve(column_factor, np.swapaxes(whitened, -1, -2))
    distance = np.sum(whitened * whitened, axis=(-2, -1))
    return -0.5 * (rows * columns * LOG_2PI + columns * row_det + rows * column_det + distance)


matrix_normal = Multivariate("matrix_normal", logpdf=_matrix_logpdf)

# -- counts ----------------------------------------------------------------------------------------


def _multinomial_logpmf(x: Any, n: Any, p: Any) -> Any:
    """As SciPy, with the last probability what the others leave."""
    x, n, p = as_real(x), as_real(n), as_real(p)
    first = p[..., :-1]
    p = np.concatenate([first, 1.0 - np.sum(first, axis=-1, keepdims=True)], axis=-1)
    value = sc.gammaln(n + 1.0) + np.sum(sc.xlogy(x, p) - sc.gammaln(x + 1.0), axis=-1)
    fits = (np.sum(x, axis=-1) == n) & np.all(x >= 0.0, axis=-1)
    return np.where(fits & np.all(x == np.floor(x), axis=-1), value, -math.inf)


multinomial = Multivariate("multinomial", "logpmf", logpmf=_multinomial_logpmf)


def _dirichlet_multinomial_logpmf(x: Any, alpha: Any, n: Any) -> Any:
    x, alpha, n = as_real(x), as_real(alpha), as_real(n)
    total = np.sum(alpha, axis=-1)
    constant = sc.gammaln(total) + sc.gammaln(n + 1.0) - sc.gammaln(n + total)
    terms = sc.gammaln(x + alpha) - sc.gammaln(alpha) - sc.gammaln(x + 1.0)
    value = constant + np.sum(terms, axis=-1)
    return np.where(np.sum(x, axis=-1) == n, value, -math.inf)


dirichlet_multinomial = Multivariate(
    "dirichlet_multinomial", "logpmf", logpmf=_dirichlet_multinomial_logpmf
)
