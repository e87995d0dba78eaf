"""The messages of `scipy.stats`: what they name, and when they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, MissingRuleError
from wengert.scipy import stats

X = np.array([0.3, 1.2, 2.0, 0.7])

CASES: list[tuple[type[Exception], str, Callable[[Any], Any]]] = [
    (ArgumentError, "gamma.pdf: the parameters do not fit", stats.gamma.pdf),
    (
        ArgumentError,
        "norm.pdf: the parameters do not fit",
        lambda x: stats.norm.pdf(x, 0.0, loc=1.0),
    ),
    (
        ArgumentError,
        "norm.pdf: the variable is missing",
        lambda x: stats.norm.pdf(loc=x),
    ),
    (
        MissingRuleError,
        "scipy.stats.norm.rvs has no derivative in Wengert",
        lambda x: stats.norm.rvs(loc=x),
    ),
    (
        MissingRuleError,
        "scipy.stats.vonmises_line.pdf has no derivative in Wengert",
        lambda x: stats.vonmises_line.pdf(x, 1.0),
    ),
    (
        MissingRuleError,
        "scipy.stats.hypergeom.pmf has no derivative in Wengert",
        lambda x: stats.hypergeom.pmf(1, x, 4, 3),
    ),
    (
        MissingRuleError,
        "scipy.stats.norm.pmf has no derivative in Wengert",
        lambda x: stats.norm(x).pmf(1),
    ),
    (
        MissingRuleError,
        "scipy.stats.multivariate_normal.cdf has no derivative in Wengert",
        lambda x: stats.multivariate_normal.cdf(x, cov=np.eye(4)),
    ),
    (
        MissingRuleError,
        "scipy.stats.ttest_1samp has no derivative in Wengert",
        lambda x: stats.ttest_1samp(x, 0.0),
    ),
    (
        MissingRuleError,
        "scipy.stats.gaussian_kde.integrate_box_1d has no derivative in Wengert",
        lambda x: stats.gaussian_kde(x).integrate_box_1d(0.0, 1.0),
    ),
    (
        ArgumentError,
        "zscore: of traced data NaN can only be propagated",
        lambda x: stats.zscore(x, nan_policy="omit"),
    ),
    (
        ArgumentError,
        "multivariate_normal: allow_singular=True has no derivative",
        lambda x: stats.multivariate_normal.logpdf(x, cov=np.eye(4), allow_singular=True),
    ),
    (
        ArgumentError,
        "multivariate_normal: the number of components differs",
        lambda x: stats.multivariate_normal.logpdf(x, cov=np.eye(3)),
    ),
    (
        ArgumentError,
        "multivariate_normal: a covariance must be an array where an argument is traced",
        lambda x: stats.multivariate_normal.logpdf(x, cov=covariance()),
    ),
]


def covariance() -> Any:
    from scipy.stats import Covariance

    return Covariance.from_diagonal(np.ones(4))


@pytest.mark.parametrize("error, text, f", CASES, ids=[text for _, text, _ in CASES])
def test_messages(error: type[Exception], text: str, f: Callable[[Any], Any]) -> None:
    with pytest.raises(error) as caught:
        wg.vjp(f, X)
    assert text in str(caught.value)
