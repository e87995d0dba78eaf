"""Samples that are vectors and matrices. Conventions as in `continuous`; `shape` is that of the
batch, in front of the axes of one sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.random.continuous import (
    as_float,
    chisquare,
    exponential,
    loggamma,
    normal,
    sample_shape,
)
from wengert.random.discrete import rademacher
from wengert.random.keys import Shape, as_key, as_shape, split


def multivariate_normal(
    key: Any,
    mean: Any,
    cov: Any,
    shape: Shape = None,
    dtype: Any = np.float64,
    method: str = "cholesky",
) -> Any:
    """Normal vectors.

    Parameters
    ----------
    key : array, uint64, shape (2,)
    mean : array, shape (..., d)
    cov : array, shape (..., d, d)
    shape : tuple of int, optional
        The batch; by default that of `mean` and `cov`.
    dtype : dtype
    method : {"cholesky", "eigh", "svd"}
        The factor of `cov`; the others also take singular matrices (whose derivatives do not exist
        where eigenvalues coincide).

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> cov = np.array([[2.0, 0.5], [0.5, 1.0]])
    >>> key, mean = wg.random.key(0), np.zeros(2)
    >>> draws = lambda cov: wg.random.multivariate_normal(key, mean, cov, 10_000)
    >>> wg.grad(lambda cov: np.mean(draws(cov)[:, 0] ** 2))(cov).round(1)  # the mean is cov[0, 0]
    array([[1., 0.],
           [0., 0.]])
    """
    mean, cov = as_float("multivariate_normal", mean), as_float("multivariate_normal", cov)
    d = mean.shape[-1] if mean.shape else 0
    if not mean.shape or cov.shape[-2:] != (d, d):
        raise ShapeError(
            "multivariate_normal: mean and covariance do not fit.",
            got=f"mean of shape {mean.shape}, cov of shape {cov.shape}",
            expected="(..., d) and (..., d, d)",
        )
    shape = sample_shape("multivariate_normal", shape, [mean.shape[:-1], cov.shape[:-2]])
    z = normal(key, (*shape, d))
    if method == "cholesky":
        factor = np.linalg.cholesky(cov)
    elif method == "eigh":
        values, vectors = np.linalg.eigh(cov)
        factor = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    elif method == "svd":
        vectors, values, _ = np.linalg.svd(cov)
        factor = vectors * np.sqrt(values)[..., None, :]
    else:
        raise ArgumentError(
            "multivariate_normal: there is no such method.",
            got=repr(method),
            expected='"cholesky", "eigh" or "svd"',
        )
    return (mean + (factor @ z[..., None])[..., 0]).astype(dtype)


def dirichlet(key: Any, alpha: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Vectors of probabilities with density proportional to the product of x_i^(alpha_i - 1).

    `alpha` has shape (..., k). Gamma samples divided by their sum, from their logarithms, so that
    small parameters do no harm.
    """
    alpha = as_float("dirichlet", alpha)
    if not alpha.shape:
        raise ShapeError("dirichlet: alpha has no axis.", got="a number", expected="(..., k)")
    shape = sample_shape("dirichlet", shape, [alpha.shape[:-1]])
    logs = loggamma(key, alpha, (*shape, alpha.shape[-1]))
    parts = np.exp(logs - np.max(logs, axis=-1, keepdims=True))
    return (parts / np.sum(parts, axis=-1, keepdims=True)).astype(dtype)


def orthogonal(key: Any, n: int, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Orthogonal matrices, uniform in Haar's sense.

    Source: F. Mezzadri, Notices AMS 54 (2007) 592: Q of a normal matrix, signs by R's diagonal.
    """
    (n,) = as_shape("orthogonal", n)
    q, r = np.linalg.qr(normal(key, (*as_shape("orthogonal", shape), n, n)))
    signs = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0.0, -1.0, 1.0)
    return (q * signs[..., None, :]).astype(dtype)


def ball(key: Any, d: int, p: Any = 2.0, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Points in the unit ball of `d` dimensions under the p-norm, uniform.

    Source: F. Barthe, O. Guédon, S. Mendelson, A. Naor, Ann. Probab. 33 (2005) 480, Theorem 1.
    """
    (d,) = as_shape("ball", d)
    if not isinstance(p, (int, float)) or not p > 0:
        raise ArgumentError("ball: the norm is none.", got=f"p={p!r}", expected="p > 0")
    shape = as_shape("ball", shape)
    first, second, third = split(as_key("ball", key), 3)
    size = np.exp(loggamma(first, 1.0 / p, (*shape, d)) / p)
    x = rademacher(second, (*shape, d)) * size
    total = np.sum(size**p, axis=-1) + exponential(third, shape)
    return (x / total[..., None] ** (1.0 / p)).astype(dtype)


def wishart(key: Any, df: Any, scale: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Wishart matrices of `df` > d - 1 degrees of freedom and scale matrix `scale` (..., d, d).

    By Bartlett's decomposition. Source: W. B. Smith, R. R. Hocking, Algorithm AS 53, Applied
    Statistics 21 (1972) 341.
    """
    df, scale = as_float("wishart", df), as_float("wishart", scale)
    d = scale.shape[-1] if scale.shape else 0
    if scale.ndim < 2 or scale.shape[-2] != d:
        raise ShapeError("wishart: the scale is no square matrix.", got=f"shape {scale.shape}")
    shape = sample_shape("wishart", shape, [df.shape, scale.shape[:-2]])
    first, second = split(as_key("wishart", key))
    diagonal = np.sqrt(chisquare(first, df[..., None] - np.arange(d), (*shape, d)))
    below = np.tril(normal(second, (*shape, d, d)), -1)
    factor = np.linalg.cholesky(scale) @ (below + diagonal[..., None] * np.eye(d))
    return (factor @ np.swapaxes(factor, -1, -2)).astype(dtype)
