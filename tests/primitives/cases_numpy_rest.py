"""Cases of NumPy functions beside the families.

Weighted quantiles, histograms, sets, windows, ufunc methods with `where`, the polynomial package
and the helpers that NumPy writes in Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import wengert.numpy as wnp
from primitives.harness import Case

M = (3, 4)
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
WEIGHTS = np.array([[1.0, 0.5, 2.0, 0.3], [0.2, 0.0, 1.5, 1.0], [1.0, 1.0, 1.0, 1.0]])


def normal(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape)


def positive(*shape: int) -> Any:
    return lambda rng: rng.uniform(0.5, 1.5, shape)


def distinct(*shape: int) -> Any:
    """Numbers at least 0.2 apart, in random order."""
    size = int(np.prod(shape))
    return lambda rng: (
        (rng.permutation(size) * 0.3 + rng.uniform(0, 0.1, size)).reshape(shape) - 1.7
    )


def weighted(f: Any, q: Any, **options: Any) -> Any:
    return lambda x: f(x, q, method="inverted_cdf", **options)


SAMPLES = np.array([0.1, 0.4, 0.7, 1.3, 0.2, 1.9])

REDUCTIONS = [
    Case("quantile-weights", weighted(np.quantile, 0.4, weights=WEIGHTS, axis=1), distinct(*M)),
    Case(
        "quantile-weights-axis",
        weighted(np.quantile, [0.1, 0.6], weights=WEIGHTS[0], axis=-1, keepdims=True),
        distinct(*M),
    ),
    Case("percentile-weights", weighted(np.percentile, 70.0, weights=WEIGHTS), distinct(*M)),
    Case(
        "nanquantile-weights",
        lambda x: np.nanquantile(
            np.where(MASK, x, np.nan), 0.5, axis=1, weights=WEIGHTS + 1, method="inverted_cdf"
        ),
        distinct(*M),
    ),
    Case("hypot-reduce-where", lambda x: np.hypot.reduce(x, axis=1, where=MASK), positive(*M)),
    Case(
        "fmax-reduce-where",
        lambda x: np.fmax.reduce(x, axis=0, where=MASK, initial=-9.0),
        distinct(*M),
    ),
]


def applied_at(x: Any) -> Any:
    y = x.copy()
    np.negative.at(y, [0, 0, 1])
    np.exp.at(y, [1, 2, 2])
    return y


SETS = [
    Case(
        "unique-axis",
        lambda x: np.unique(np.stack([x, x[::-1], x]), axis=0),
        distinct(4),
        batch=False,
        traces=False,
    ),
    Case(
        "unique-axis-last",
        lambda x: np.unique(np.concatenate([x, x], axis=1), axis=-1),
        distinct(2, 3),
        batch=False,
        traces=False,
    ),
    Case("ufunc-at-unary", applied_at, normal(4)),
    Case("sliding-windows", lambda x: np.lib.stride_tricks.sliding_window_view(x, 3), normal(5)),
    Case(
        "sliding-windows-axes",
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3), axis=(1, 0)),
        normal(4, 3),
        complex=True,
    ),
    Case(
        "histogram2d-weights",
        lambda w: np.histogram2d(SAMPLES, SAMPLES[::-1], bins=(2, 3), weights=w)[0],
        normal(6),
    ),
    Case(
        "histogram2d-density",
        lambda w: np.histogram2d(SAMPLES, SAMPLES[::-1], bins=2, weights=w, density=True)[0],
        positive(6),
    ),
    Case(
        "histogramdd-edges",
        lambda x: np.histogramdd(np.stack([x, x[::-1]], axis=1), bins=3)[1],
        distinct(6),
    ),
]

# -- numpy.polynomial ------------------------------------------------------------------------------

P = wnp.polynomial
KINDS = {
    "poly": P.polynomial,
    "cheb": P.chebyshev,
    "leg": P.legendre,
    "lag": P.laguerre,
    "herm": P.hermite,
    "herme": P.hermite_e,
}


def _of_kind(kind: str) -> list[Case]:
    module = KINDS[kind]
    function = lambda name: getattr(module, kind + name)
    x = np.array([-0.4, 0.1, 0.7])

    def both(rng: np.random.Generator) -> Any:
        return rng.uniform(-0.8, 0.8, 3), rng.normal(size=4)

    return [
        Case(f"{kind}val", function("val"), both, complex=kind == "cheb"),
        Case(f"{kind}val-columns", lambda c: function("val")(x, c), normal(4, 2)),
        Case(
            f"{kind}val2d",
            function("val2d"),
            lambda rng: (*rng.uniform(-0.8, 0.8, (2, 3)), rng.normal(size=(3, 2))),
        ),
        Case(f"{kind}vander", lambda x: function("vander")(x, 3), normal(3)),
        Case(f"{kind}der-int", lambda c: (function("der")(c, 2), function("int")(c)), normal(5)),
        Case(
            f"{kind}mul-sub",
            lambda a, b: (function("mul")(a, b), function("sub")(a, b)),
            lambda rng: (rng.normal(size=4), rng.normal(size=3)),
        ),
        Case(f"{kind}fromroots", function("fromroots"), normal(3)),
        Case(
            f"{kind}fit",
            lambda y: function("fit")(np.linspace(-1, 1, 6), y, 2),
            normal(6),
            float32=False,
        ),
    ]


POLYNOMIALS = [case for kind in KINDS for case in _of_kind(kind)]
POLYNOMIALS += [
    Case(
        "Chebyshev-class",
        lambda c, x: (P.Chebyshev(c, domain=[0, 2])(x), P.Chebyshev(c).deriv()(x)),
        lambda rng: (rng.normal(size=4), rng.uniform(0.1, 1.9, 3)),
    ),
    Case(
        "Polynomial-algebra",
        lambda a, b: (P.Polynomial(a) * P.Polynomial(b) + P.Polynomial(b)).coef,
        lambda rng: (rng.normal(size=3), rng.normal(size=2)),
    ),
]

# -- helpers that NumPy writes in Python -----------------------------------------------------------

HELPERS = [
    Case("r_", lambda x: wnp.r_[x, 1.0, x[:2], 0:2], normal(3), complex=True),
    Case("r_-axis", lambda x: wnp.r_["1,2,0", x, x], normal(3)),
    Case("c_", lambda x: wnp.c_[x, x**2], normal(3)),
    Case("vectorize", lambda x: wnp.vectorize(lambda a, b: a * b + 1.0)(x, x[:1]), normal(2, 3)),
    Case(
        "vectorize-signature",
        lambda x: wnp.vectorize(lambda r: np.sum(r) * r, signature="(n)->(n)")(x),
        normal(2, 3),
    ),
    Case("ndenumerate", lambda x: sum([v * i for (i, _), v in wnp.ndenumerate(x)]), normal(2, 3)),
    Case("kaiser", lambda beta: wnp.kaiser(5, beta), lambda rng: rng.uniform(2.0, 5.0)),
    Case("scalar-subscripts", lambda x: np.sum(x)[()] * np.prod(x)[None], normal(3)),
]

CASES = [*REDUCTIONS, *SETS, *POLYNOMIALS, *HELPERS]
