"""Cases of distributions and statistics, in their variables and parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.scipy import stats

POINTS = np.array([0.3, 0.9, 1.7])
COUNTS = np.array([0.0, 2.0, 5.0])
OTHERS = np.array([0.1, -0.7, 1.2, 0.4])


def near(*centers: Any) -> Callable[..., Any]:
    """Arguments within a tenth of given ones."""
    arrays = [np.asarray(c, float) for c in centers]
    return lambda rng: tuple([c + rng.uniform(-0.1, 0.1, c.shape) for c in arrays])


def covariance(a: Any) -> Any:
    return a @ a.T + np.eye(2)


CASES = [
    Case("norm logpdf", stats.norm.logpdf, near(POINTS, 0.4, 1.3), ("log",)),
    Case("norm logcdf", stats.norm.logcdf, near(POINTS, 0.4, 1.3), ("log_ndtr",)),
    Case("gamma logpdf", lambda x, a: stats.gamma.logpdf(x, a), near(POINTS, 2.0), ("gammaln",)),
    Case("t cdf", stats.t.cdf, near(POINTS, 4.0), ("stdtr",), float32=False),
    Case("weibull ppf", stats.weibull_min.ppf, near([0.3, 0.6], 1.6, 0.0, 2.0), ("log1p",)),
    Case(
        "genextreme logpdf",
        stats.genextreme.logpdf,
        near(POINTS, 0.15),
        ("log1p_ratio_derivative",),
        float32=False,
    ),
    Case(
        "outside the support",
        lambda x, a: stats.beta.pdf(x, a, 2.0),
        near([-0.5, 0.4, 1.5], 2.5),
        ("select",),
    ),
    Case("binom logpmf", lambda p: stats.binom.logpmf(COUNTS, 7, p), near(0.4), ("xlogy",)),
    Case(
        "nbinom cdf",
        lambda n, p: stats.nbinom.cdf(COUNTS, n, p),
        near(2.5, 0.4),
        ("betainc",),
        float32=False,
        tol=1e-6,
    ),
    Case(
        "multivariate normal",
        lambda x, m, a: stats.multivariate_normal.logpdf(x, m, covariance(a)),
        near([[0.1, 0.2], [0.5, -1.0]], [0.3, 0.1], [[1.0, 0.2], [0.3, 0.8]]),
        ("cholesky",),
    ),
    Case("skew", stats.skew, near([0.3, 1.4, -0.9, 2.2])),
    Case(
        "wasserstein distance",
        lambda u: stats.wasserstein_distance(u, OTHERS),
        near([0.65, -0.3, 1.7]),
    ),
    Case(
        "kernel density",
        lambda data, x: stats.gaussian_kde(data).logpdf(x),
        near([-1.0, 0.3, 0.9], [0.2, 0.6]),
        ("cholesky",),
    ),
]
