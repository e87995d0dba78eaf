"""Reductions and mixtures: log-sum-exp, k-means and the Gaussian mixture.

Those of the ADBench collection (Šrajer, Kukelová, Fitzgibbon, 2018) and of its revision
GradBench, with their formulas.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import multigammaln

from benchmarks.compiled.cases import Case, Pair
from benchmarks.compiled.toolkits import Toolkit

# ---- the logarithm of a sum of exponentials ----------------------------------------------------


def lse(tools: Toolkit) -> Pair:
    """``a + log sum exp(x - a)`` with a = max x, and its gradient."""
    xp = tools.xp

    def function(x: Any) -> Any:
        a = xp.max(x)
        return a + xp.log(xp.sum(xp.exp(x - a)))

    return Pair(function, tools.gradient(function, 1))


def lse_data(n: int) -> tuple[Any, ...]:
    """Uniform numbers."""
    return (np.random.default_rng(0).uniform(size=n),)


# ---- k-means -----------------------------------------------------------------------------------


def kmeans(tools: Toolkit, has_product: bool) -> Pair:
    """The cost of centroids, and its gradient over the diagonal of its Hessian (Newton's step).

    The Hessian is diagonal, so that its product with ones is its diagonal. Written by differences,
    or as |p|^2 - 2 p.c + |c|^2, whose product spares libraries that do not fuse an array of
    n x k x d. Peers always get the latter, which is faster in each of them.
    """
    xp = tools.xp

    def differences(centroids: Any, points: Any) -> Any:
        return xp.sum((points[:, None, :] - centroids[None, :, :]) ** 2, axis=2)

    def product(centroids: Any, points: Any) -> Any:
        squares = xp.sum(points**2, axis=1)[:, None] + xp.sum(centroids**2, axis=1)
        return squares - 2.0 * (points @ centroids.T)

    squared = product if has_product or tools.library != "wengert" else differences

    def function(centroids: Any, points: Any) -> Any:
        return xp.sum(xp.min(squared(centroids, points), axis=1))

    return Pair(function, newton_step(tools, function))


def newton_step(tools: Toolkit, function: Any) -> Any:
    """``gradient / diagonal`` by each library's nested differentiation."""
    if tools.library == "torch":
        grad = import_module("torch").autograd.grad

        def step(centroids: Any, points: Any) -> Any:
            leaf = centroids.detach().requires_grad_()
            (gradient,) = grad(function(leaf, points), leaf, create_graph=True)
            (diagonal,) = grad(gradient.sum(), leaf)
            return gradient.detach() / diagonal

        return step
    gradient = tools.gradient(function, 1)
    if tools.library == "autograd":
        total = tools.gradient(lambda c, points: tools.xp.sum(gradient(c, points)[0]), 1)
        return lambda c, points: gradient(c, points)[0] / total(c, points)[0]
    jvp = import_module(tools.library).jvp

    def nested(centroids: Any, points: Any) -> Any:
        ones = tools.xp.ones_like(centroids)
        found, diagonal = jvp(lambda c: gradient(c, points)[0], (centroids,), (ones,))
        return found / diagonal

    return nested


def kmeans_data(k: int, n: int, d: int) -> tuple[Any, ...]:
    """Points, the last k of which are the centroids."""
    points = np.random.default_rng(1).uniform(size=(n, d))
    return points[-k:].copy(), points


# ---- Gaussian mixtures -------------------------------------------------------------------------


def gmm(tools: Toolkit, d: int, k: int, n: int) -> Pair:
    """The log-likelihood with its Wishart prior (m = 0, gamma = 1); gradient in all parameters."""
    xp, freedom = tools.xp, d + 1
    diagonal = np.arange(d)
    # l fills the strictly lower part column by column
    columns, rows = np.triu_indices(d, 1)
    constant = -0.5 * n * d * np.log(2.0 * np.pi)
    constant += k * (-0.5 * freedom * d * np.log(2.0) - float(multigammaln(freedom / 2.0, d)))

    def log_sum_exp(x: Any) -> Any:
        a = xp.max(x, axis=0)
        return a + xp.log(xp.sum(xp.exp(x - a), axis=0))

    def function(alpha: Any, mu: Any, q: Any, lower: Any, x: Any) -> Any:
        scales = xp.exp(q)
        stores = [
            ((slice(None), diagonal, diagonal), scales),
            ((slice(None), rows, columns), lower),
        ]
        factors = tools.place((k, d, d), stores)
        centered = x[None, :, :] - mu[:, None, :]
        whitened = xp.matmul(centered, xp.swapaxes(factors, 1, 2))
        terms = (alpha + xp.sum(q, axis=1))[:, None] - 0.5 * xp.sum(whitened**2, axis=2)
        likelihood = xp.sum(log_sum_exp(terms)) - n * log_sum_exp(alpha)
        prior = -0.5 * (xp.sum(scales**2) + xp.sum(lower**2))
        return constant + likelihood + prior

    return Pair(function, tools.gradient(function, 4))


def gmm_data(d: int, k: int, n: int) -> tuple[Any, ...]:
    """Parameters of k components in d dimensions, and n points."""
    random = np.random.default_rng(2)
    return (
        random.normal(size=k),
        random.uniform(size=(k, d)),
        0.3 * random.normal(size=(k, d)),
        0.3 * random.normal(size=(k, d * (d - 1) // 2)),
        random.normal(size=(n, d)),
    )


def cases() -> Iterator[Case]:
    """Every row."""
    for n in (2500, 40_000, 320_000, 1_280_000):
        yield Case("lse", f"n={n}", lse, partial(lse_data, n), is_small=n <= 40_000)
    for sizes in ((10, 1000, 8), (100, 10_000, 8), (1000, 10_000, 16)):
        for form in ("differences", "product"):
            yield Case(
                "kmeans",
                "k={} n={} d={}, {}".format(*sizes, form),
                partial(kmeans, has_product=form == "product"),
                partial(kmeans_data, *sizes),
                is_small=sizes[0] <= 100,
                peers=("jax", "torch", "autograd"),
            )
    for sizes in ((2, 5, 1000), (10, 25, 1000), (32, 100, 1000), (64, 200, 10_000)):
        yield Case(
            "gmm",
            "d={} k={} n={}".format(*sizes),
            partial(gmm, d=sizes[0], k=sizes[1], n=sizes[2]),
            partial(gmm_data, *sizes),
            is_small=sizes[0] <= 10,
        )
