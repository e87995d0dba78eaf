"""Messages of products, sorting, calculus and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg

MATRIX = np.ones((5, 3))
OTHER = np.ones((4, 2))
VECTOR = np.ones(3)


def test_the_message_of_dot() -> None:
    def loss(a: Any) -> Any:
        return np.sum(np.dot(a, OTHER))

    with pytest.raises(wg.WengertError) as caught:
        wg.grad(loss)(MATRIX)
    lines = str(caught.value).splitlines()
    assert lines[0] == "dot: the inner sizes differ."
    assert lines[1] == "  got       a: float64[5, 3], b: float64[4, 2]"
    assert lines[2] == "  expected  a: [m, k], b: [k, n] with one k"
    assert lines[3].startswith("  where     test_products.py:")
    assert lines[3].endswith(" in loss")
    assert lines[4] == "  try       transpose b, or contract other axes with np.einsum"
    assert isinstance(caught.value, ValueError)


CALLS: list[tuple[str, Any, Any, str]] = [
    ("@", lambda a: a @ OTHER, MATRIX, "matmul: the inner sizes differ."),
    ("@ vector", lambda a: a @ np.ones(4), VECTOR, "a: [k], b: [k] with one k"),
    ("@ reflected", lambda a: OTHER @ a, VECTOR, "a: [m, k], b: [k] with one k"),
    ("@ stack", lambda a: a @ OTHER, np.ones((2, 3, 3)), "a: [..., m, k], b: [k, n] with one k"),
    ("@ number", lambda a: a @ np.float64(2), VECTOR, "matmul: an operand has no axes."),
    ("@ batches", lambda a: a @ np.ones((3, 3, 2)), np.ones((2, 3, 3)), "the stacks do not broad"),
    ("@=", lambda a: _matmul_in_place(a), np.ones((3, 3)), "does not fit into its first operand"),
    ("linalg.matmul", lambda a: np.linalg.matmul(a, OTHER), MATRIX, "linalg.matmul: the inner"),
    ("dot 3", lambda a: np.dot(a, np.ones((2, 4, 2))), MATRIX, "dot: the inner sizes differ."),
    ("inner", lambda a: np.inner(a, np.ones(4)), VECTOR, "inner: the last sizes differ."),
    ("vdot", lambda a: np.vdot(a, np.ones(4)), VECTOR, "vdot: the numbers of elements differ."),
    ("outer", lambda a: np.linalg.outer(a, a), MATRIX, "linalg.outer: the operands must be vec"),
    ("tensordot", lambda a: np.tensordot(a, OTHER), MATRIX, "tensordot: the axes that are summed"),
    ("tensordot many", lambda a: np.tensordot(a, a, 3), MATRIX, "tensordot: the axes that are su"),
    ("cross", lambda a: np.cross(a, np.ones(4)), VECTOR, "the vectors must have 3 components"),
    ("cross shapes", lambda a: np.cross(a, np.ones((2, 3))), MATRIX, "cross: the shapes do not br"),
    ("cross axis", lambda a: np.cross(a, a, axis=3), MATRIX, "cross: the array has no such axis."),
    ("linalg.cross", lambda a: np.linalg.cross(a, a), np.ones(2), "linalg.cross: the vectors must"),
    ("vecdot", lambda a: np.vecdot(a, np.ones(4)), VECTOR, "vecdot: the core axes do not fit."),
    ("vecdot 0-d", lambda a: np.vecdot(a, a), np.float64(1.0), "vecdot: the core axes do not fit"),
    ("vecmat", lambda a: np.vecmat(a, MATRIX), VECTOR, "vecmat: the inner sizes differ."),
    ("matvec", lambda a: np.matvec(a, OTHER), MATRIX, "matvec: the core axes do not fit."),
    ("axes", lambda a: np.matmul(a, a, axes=[0, 1, 2]), MATRIX, "axes does not name the core axes"),
    ("axis", lambda a: np.matmul(a, a.T, keepdims=True), MATRIX, "axis and keepdims are for produ"),
    ("dtype", lambda a: np.matmul(a, a.T, dtype=int), MATRIX, "cannot be cast to the dtype asked"),
    ("einsum none", lambda a: np.einsum(a), MATRIX, "there are no operands, or no subscripts"),
    ("einsum count", lambda a: np.einsum("ij,jk", a), MATRIX, "do not name as many operands"),
    ("einsum rank", lambda a: np.einsum("i->i", a), MATRIX, "the subscripts do not fit the number"),
    ("einsum letter", lambda a: np.einsum("i!->i", a), MATRIX, "a subscript is not a letter."),
    ("einsum twice", lambda a: np.einsum("ij->ii", a), MATRIX, "the output has a letter twice"),
    ("einsum unknown", lambda a: np.einsum("ij->k", a), MATRIX, "or one that no operand has"),
    ("einsum dots", lambda a: np.einsum("...i->i", a), MATRIX, "axes of an ellipsis cannot be sum"),
    (
        "einsum sizes",
        lambda a: np.einsum("ij,jk", a, OTHER),
        MATRIX,
        "axes that are multiplied have",
    ),
    (
        "einsum diagonal",
        lambda a: np.einsum("ii", a),
        MATRIX,
        "axes of one operand with one letter",
    ),
    (
        "einsum dtype",
        lambda a: np.einsum("ij->", a, dtype=int),
        MATRIX,
        "an operand cannot be cast",
    ),
    ("convolve", lambda a: np.convolve(a, a), MATRIX, "convolve: the operands must be vectors."),
    ("convolve empty", lambda a: np.convolve(a, []), VECTOR, "convolve: an operand is empty."),
    (
        "convolve mode",
        lambda a: np.convolve(a, a, "some"),
        VECTOR,
        "convolve: there is no such mode.",
    ),
    ("correlate", lambda a: np.correlate(a, np.ones(0)), VECTOR, "correlate: an operand is empty."),
    ("sort axis", lambda a: np.sort(a, axis=2), MATRIX, "sort: the array has no such axis."),
    ("sort 0-d", lambda a: np.sort(a), np.float64(1.0), "sort: a 0-d array has no axis"),
    ("sort kind", lambda a: np.sort(a, kind="bubble"), VECTOR, "sort: kind is not one of NumPy's"),
    (
        "sort order",
        lambda a: np.sort(a, order="x"),
        VECTOR,
        "sort: order is for arrays with fields",
    ),
    ("partition", lambda a: np.partition(a, 3), VECTOR, "argpartition: kth is no place"),
    ("partition kind", lambda a: np.partition(a, 0, kind="q"), VECTOR, "there is no such kind."),
    ("lexsort", lambda a: np.lexsort((a, np.ones(4))), VECTOR, "the keys must have one shape."),
    (
        "searchsorted",
        lambda a: np.searchsorted(a, 1.0),
        MATRIX,
        "the sorted array must be a vector",
    ),
    (
        "side",
        lambda a: np.searchsorted(a, 1.0, "up"),
        VECTOR,
        "searchsorted: there is no such side",
    ),
    ("digitize", lambda a: np.digitize(a, MATRIX), VECTOR, "digitize: the bins must be a vector."),
    ("bincount", lambda a: np.bincount([0, 1], a), VECTOR, "one real weight an integer"),
    ("bincount floats", lambda a: np.bincount(a), VECTOR, "must be a vector of integers"),
    ("bincount negative", lambda a: np.bincount([0, -1, 1], a), VECTOR, "must not be negative"),
    (
        "histogram",
        lambda a: np.histogram(a, [1.0, 0.0])[0],
        VECTOR,
        "vector that does not decrease",
    ),
    ("histogram bins", lambda a: np.histogram(a, 0)[0], VECTOR, "histogram: there must be a bin."),
    ("histogram range", lambda a: np.histogram(a, 2, (1, 0))[0], VECTOR, "its ends are exchanged"),
    ("weights", lambda a: np.histogram(a, weights=MATRIX)[0], VECTOR, "one weight an element"),
    (
        "estimated",
        lambda a: np.histogram(a, "auto", weights=a)[0],
        VECTOR,
        "cannot be estimated for",
    ),
    ("interp", lambda a: np.interp(0.5, a, np.ones(4)), VECTOR, "vectors of one length, not empty"),
    (
        "interp complex",
        lambda a: np.interp(a * 1j, [0, 1], [0, 1]),
        VECTOR,
        "interp: x is complex.",
    ),
    ("interp period", lambda a: np.interp(a, [0, 1], [0, 1], period=0), VECTOR, "period is zero"),
    ("diff", lambda a: np.diff(a, -1), VECTOR, "diff: the order is negative."),
    ("diff 0-d", lambda a: np.diff(a), np.float64(1.0), "diff: a 0-d array has no differences."),
    ("ediff1d", lambda a: np.ediff1d(a, to_end=1j), VECTOR, "to_end does not fit the dtype"),
    ("gradient", lambda a: np.gradient(a), np.ones(1), "gradient: the array is too short"),
    ("gradient edge", lambda a: np.gradient(a, edge_order=3), VECTOR, "the order at the edges"),
    ("gradient spacing", lambda a: np.gradient(a, 1.0, 2.0), VECTOR, "the spacings do not match"),
    (
        "gradient points",
        lambda a: np.gradient(a, np.ones(4)),
        VECTOR,
        "the coordinates do not match",
    ),
    ("polyint", lambda a: np.polyint(a, 3, k=[1, 2]), VECTOR, "too few constants of integration"),
    ("polyder", lambda a: np.polyder(a, -1), VECTOR, "polyder: the order is negative."),
    ("polyadd", lambda a: np.polyadd(a, a), MATRIX, "polyadd: the coefficients of a polynomial"),
    ("vander", np.vander, MATRIX, "vander: x must be a vector."),
    ("poly", lambda a: np.poly(a), MATRIX, "poly: the roots must be a vector"),
    ("polyfit", lambda a: np.polyfit(a, np.ones(4), 1), VECTOR, "the points, values and degree do"),
    (
        "polyfit w",
        lambda a: np.polyfit(a, a, 1, w=np.ones(2)),
        VECTOR,
        "must be one weight a point",
    ),
    ("polyfit cov", lambda a: np.polyfit(a, a, 2, cov=True), np.arange(3.0), "are too few points"),
    ("cov", lambda a: np.cov(a), np.ones((2, 2, 2)), "cov: the data must be a vector or a matrix"),
    ("cov weights", lambda a: np.cov(a, aweights=[1.0]), VECTOR, "one weight an observation"),
    ("cov negative", lambda a: np.cov(a, aweights=-np.ones(3)), VECTOR, "aweights are negative"),
    ("cov counts", lambda a: np.cov(a, fweights=np.full(3, 0.5)), VECTOR, "are not integers"),
    ("cov ddof", lambda a: np.cov(a, ddof=0.5), VECTOR, "cov: ddof is not an integer."),
    (
        "along",
        lambda a: np.apply_along_axis(np.sum, 0, a),
        np.ones((2, 0)),
        "there is no vector to",
    ),
    (
        "over",
        lambda a: np.apply_over_axes(lambda x, i: x[None], a, 0),
        MATRIX,
        "changes the number",
    ),
]


def _matmul_in_place(a: Any) -> Any:
    a = a * 1.0
    a @= np.ones((3, 2))
    return a


@pytest.mark.parametrize("f, x, message", [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
def test_message(f: Any, x: Any, message: str) -> None:
    with pytest.raises(wg.WengertError) as caught:
        wg.vjp(f, x)
    text = str(caught.value)
    assert message in text
    assert "where     test_products.py:" in text


def test_the_number_of_estimated_bins_needs_values() -> None:
    with pytest.raises(wg.WengertError, match="here there is no single value"):
        wg.vmap(lambda x: np.histogram(x, "auto")[1])(np.ones((2, 4)))
