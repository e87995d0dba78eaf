"""Cases for sorting, partitioning, counting: permutations follow the stable sort."""

from __future__ import annotations

from typing import Any

import numpy as np

from primitives.harness import Case

_WEIGHTS = np.array([0.3, -1.2, 2.0, 0.7, -0.4])
_PLACES = np.array([2, 0, 2, 5, 1])


def _apart(*shape: int) -> Any:
    """Draws arrays whose elements are at least 0.1 apart."""

    def args(rng: np.random.Generator) -> Any:
        n = int(np.prod(shape))
        return (rng.permutation(n) * 0.2 + rng.uniform(-0.04, 0.04, n)).reshape(shape)

    return args


def _uniform(*shape: int) -> Any:
    return lambda rng: rng.uniform(-1.0, 1.0, shape)


def _method(name: str, *args: Any, **kwargs: Any) -> Any:
    """A method that works in place, on a copy."""

    def f(x: Any) -> Any:
        x = x.copy()
        assert getattr(x, name)(*args, **kwargs) is None
        return x

    return f


CASES = [
    Case("sort", np.sort, _apart(5), ("argsort",), complex=True),
    Case("sort matrix", np.sort, _apart(3, 4), ("argsort",)),
    Case("sort first axis", lambda x: np.sort(x, axis=0), _apart(3, 4)),
    Case("sort flat", lambda x: np.sort(x, axis=None), _apart(2, 3)),
    Case("sort stable", lambda x: np.sort(x, stable=True) ** 2, _apart(4)),
    Case("sort empty", np.sort, _uniform(0)),
    Case("sort method", _method("sort"), _apart(2, 4)),
    Case("sort method axis", _method("sort", axis=0), _apart(3, 2)),
    Case("sort_complex", np.sort_complex, _apart(4), complex=True, float32=False),
    Case("sort_complex matrix", np.sort_complex, _apart(2, 3), float32=False),
    Case("partition", lambda x: np.partition(x, 2), _apart(6), ("argpartition",)),
    Case("partition several", lambda x: np.partition(x, (1, -2), axis=0), _apart(5, 2)),
    Case("partition flat", lambda x: np.partition(x, 3, axis=None), _apart(2, 3)),
    Case("partition method", _method("partition", 1), _apart(4)),
    Case("argsort", lambda x: x[np.argsort(-x)], _apart(5)),
    Case("argsort method", lambda x: x[x.argsort()] * x, _apart(5)),
    Case("argpartition", lambda x: np.sum(x[np.argpartition(x, 2)[:2]]), _apart(5)),
    Case("lexsort", lambda x: x[np.lexsort((x, x > 0.5))], _apart(6)),
    Case("searchsorted", lambda x: x * np.searchsorted(np.array([0.1, 0.4, 0.9]), x), _apart(5)),
    Case(
        "searchsorted in traced",
        lambda x: x * np.searchsorted(np.sort(x), np.array([0.1, 0.5, 0.3, 0.7]), "right"),
        _apart(4),
    ),
    Case("digitize", lambda x: x * np.digitize(x, [0.1, 0.5, 0.7]), _apart(5)),
    Case("digitize decreasing", lambda x: x * np.digitize(x, [0.7, 0.5, 0.1], True), _apart(5)),
    Case(
        "digitize traced",
        lambda x: x[:2] * np.digitize(np.array([0.3, 0.5]), np.sort(x)),
        _apart(4),
    ),
    Case("bincount", lambda w: np.bincount(_PLACES, w), _uniform(5), ("scatter_add",)),
    Case("bincount longer", lambda w: np.bincount(_PLACES, w, minlength=8), _uniform(5)),
    Case("histogram weights", lambda w: np.histogram(_WEIGHTS, 3, weights=w)[0], _uniform(5)),
    Case(
        "histogram weights and edges",
        lambda w: np.histogram(_WEIGHTS, [-1.0, 0.5, 0.6, 1.0], weights=w)[0],
        _uniform(5),
    ),
    Case(
        "histogram density",
        lambda w: np.histogram(_WEIGHTS, 4, range=(-1, 2), weights=w, density=True)[0],
        lambda rng: rng.uniform(0.5, 1.5, 5),
        float32=False,
    ),
    Case("histogram counts", lambda x: np.histogram(x, 4)[0] * x[:4], _apart(7)),
    Case("histogram edges", lambda x: np.histogram(x, 4)[1], _apart(6), float32=False),
    Case(
        "histogram_bin_edges",
        lambda x: np.histogram_bin_edges(x, 3, (0, 1)),
        _apart(6),
        order=0,
        float32=False,
    ),
    Case(
        "histogram estimated",
        lambda x: np.histogram(x, "sturges")[1],
        _apart(6),
        float32=False,
        traces=False,
        batch=False,
    ),
]
