"""What is said of NumPy functions called as NumPy refuses too, or as cannot be traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from wengert.errors import (
    ArgumentError,
    ConversionError,
    DtypeError,
    IndexingError,
    MissingRuleError,
    MutationError,
    OptionError,
    ShapeError,
)
from wengert.scipy import linalg
from wengert.trace.views import rebind

M = np.arange(1.0, 7.0).reshape(2, 3)
V = np.array([3.0, 1.0, 2.0])
ONE = np.float64(1.0)
Z = np.array(1.0)


def writing(operation: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that does something to an array of its own."""

    def f(x: Any) -> Any:
        y = x * 1.0
        operation(y)
        return np.sum(y)

    return f


def store(y: Any, index: Any, value: Any) -> None:
    y[index] = value


CALLS: list[tuple[str, Callable[[Any], Any], Any, type[Exception], str]] = [
    (
        "copyto array",
        writing(lambda y: np.copyto(y, np.full(3, 1j))),
        V,
        DtypeError,
        "copyto: the values cannot be cast to the target's dtype.",
    ),
    (
        "ediff1d",
        lambda x: np.ediff1d(x, to_end=1j),
        V,
        ArgumentError,
        "ediff1d: to_end does not fit the dtype of the array.",
    ),
    ("roots", np.roots, M, ShapeError, "roots: the coefficients of a polynomial must be a vector."),
    (
        "transpose count",
        lambda x: np.transpose(x, (0,)),
        M,
        ShapeError,
        "transpose: the axes do not fit the array.",
    ),
    ("mT", lambda x: x.mT, V, ShapeError, "matrix_transpose: there are fewer than two axes."),
    (
        "array_split",
        lambda x: np.array_split(x, 0),
        V,
        ArgumentError,
        "split: the number of parts is not positive.",
    ),
    (
        "ix_ rank",
        lambda x: np.ix_(np.argsort(x)[None]),
        V,
        ShapeError,
        "ix_: a sequence is not 1-d.",
    ),
    (
        "rebind",
        lambda x: rebind(x * 1.0, x[:2]),
        V,
        MutationError,
        "an in-place operation would change the shape or dtype of its target.",
    ),
    (
        "iadd shape",
        writing(lambda y: y.__iadd__(np.ones((4, 3)))),
        V,
        ShapeError,
        "+=: the result does not fit into the array it is written to.",
    ),
    (
        "iadd complex",
        writing(lambda y: y.__iadd__(1j)),
        V,
        DtypeError,
        "+=: the result cannot be written into an array of this dtype.",
    ),
    (
        "copyto scalar",
        lambda x: np.copyto(x, 1.0),
        ONE,
        MutationError,
        "np.copyto: the target is a scalar, which NumPy does not let be written.",
    ),
    (
        "copyto cast",
        writing(lambda y: np.copyto(y, 1j)),
        V,
        DtypeError,
        "a complex number was assigned to an element of a real array.",
    ),
    (
        "place size",
        writing(lambda y: np.place(y, [True], [1.0])),
        V,
        ShapeError,
        "place: the mask and the array differ in size.",
    ),
    (
        "place none",
        writing(lambda y: np.place(y, y > 0, [])),
        V,
        ArgumentError,
        "place: there are no values to be stored.",
    ),
    (
        "at traced",
        writing(lambda y: np.maximum.at(y, np.argsort(y)[:1], 1.0)),
        V,
        ArgumentError,
        "ufunc.at with traced indices is there for np.add and np.subtract only.",
    ),
    (
        "gradient bool",
        lambda x: np.gradient(x > 0),
        V,
        DtypeError,
        "gradient: booleans cannot be subtracted.",
    ),
    ("reshape", lambda x: x.reshape(4), V, ShapeError, "reshape: the number of elements changes."),
    (
        "broadcast_to",
        lambda x: np.broadcast_to(x, (2, 2)),
        V,
        ShapeError,
        "broadcast_to: the shape does not broadcast to the one asked for.",
    ),
    (
        "linspace",
        lambda x: np.linspace(x, 1.0, -1),
        ONE,
        ArgumentError,
        "linspace: the number of samples is negative.",
    ),
    (
        "diagonal",
        lambda x: np.diagonal(x),
        V,
        ShapeError,
        "diagonal: there are fewer than two axes.",
    ),
    (
        "diag",
        lambda x: np.diag(x[None, None]),
        V,
        ShapeError,
        "diag: neither a vector nor a matrix.",
    ),
    (
        "diag_indices_from",
        lambda x: np.diag_indices_from(x),
        M,
        ShapeError,
        "diag_indices_from: the axes differ in length, or there are too few.",
    ),
    ("add", lambda x: x + np.ones(4), V, ShapeError, "add: the shapes do not broadcast."),
    (
        "getitem float array",
        lambda x: x[np.array([0.5])],
        V,
        IndexingError,
        "an index is of the wrong kind.",
    ),
    (
        "stack number",
        lambda x: wnp.concatenate(3, x),
        V,
        ArgumentError,
        "concatenate: the arrays are not given as a sequence.",
    ),
    (
        "concat shapes",
        lambda x: np.concatenate([x, np.ones((2, 2))]),
        V,
        ShapeError,
        "concatenate: the shapes do not fit.",
    ),
    (
        "concat 0d",
        lambda x: np.concatenate([x, x]),
        ONE,
        ShapeError,
        "concatenate: 0-d arrays have no axis to be joined along.",
    ),
    (
        "qr raw",
        lambda x: np.linalg.qr(x, "raw"),
        M,
        MissingRuleError,
        "qr: Householder vectors (mode 'raw') have no derivative in Wengert.",
    ),
    ("nonzero 0d", lambda x: np.nonzero(x), ONE, ArgumentError, "nonzero of a 0-d array."),
    (
        "out plain",
        lambda x: np.add(x, 1.0, out=np.zeros(3)),
        V,
        ConversionError,
        "add: a traced result would be written into a plain array and lose its derivative.",
    ),
    (
        "out list",
        lambda x: np.sum(x, out=[1]),
        V,
        MutationError,
        "sum: out is not an array that can be written.",
    ),
    (
        "out scalar",
        lambda x: np.sum(x, out=x[0]),
        V,
        MutationError,
        "sum: out is not an array that can be written.",
    ),
    (
        "pad function",
        lambda x: np.pad(x, 1, lambda *a: None),
        V,
        MissingRuleError,
        "pad: a function as mode cannot be traced.",
    ),
    (
        "pad empty",
        lambda x: np.pad(x[:0], 1, "edge"),
        V,
        ShapeError,
        "pad: an empty axis cannot be extended with mode 'edge'.",
    ),
    (
        "pad option",
        lambda x: np.pad(x, 1, "edge", stat_length=2),
        V,
        ArgumentError,
        "pad: the mode 'edge' does not take this option.",
    ),
    (
        "pad negative",
        lambda x: np.pad(x, -1),
        V,
        ArgumentError,
        "pad: pad_width has a negative number.",
    ),
    (
        "pad none",
        lambda x: np.pad(x, 1, "maximum", stat_length=0),
        V,
        ShapeError,
        "pad: maximum of no elements.",
    ),
    (
        "pad reflect",
        lambda x: np.pad(x, 1, "reflect", reflect_type="x"),
        V,
        ArgumentError,
        "pad: no such reflect_type.",
    ),
    (
        "pad width",
        lambda x: np.pad(x, [1, 2, 3]),
        V,
        ShapeError,
        "pad: pad_width does not fit the array.",
    ),
    (
        "index arrays",
        lambda x: x[[0, 1], [0, 1, 0]],
        M,
        IndexingError,
        "index arrays do not broadcast with each other.",
    ),
    (
        "quantile none",
        lambda x: np.quantile(x[:0], 0.5),
        V,
        ArgumentError,
        "quantile: there are no elements.",
    ),
    (
        "repeat counts",
        lambda x: np.repeat(x, [1, 2]),
        V,
        ShapeError,
        "repeat: the counts do not fit the axis.",
    ),
    ("repeat negative", lambda x: np.repeat(x, -1), V, ShapeError, "repeat: a count is negative."),
    (
        "order",
        lambda x: x.reshape(3, order="Z"),
        V,
        ArgumentError,
        "an order of elements that does not exist.",
    ),
    (
        "reshape copy",
        lambda x: np.reshape(x.T, 6, copy=False),
        M,
        OptionError,
        "reshape: a copy is needed and copy=False forbids it.",
    ),
    (
        "moveaxis",
        lambda x: np.moveaxis(x, [0, 1], 0),
        M,
        ArgumentError,
        "moveaxis: source and destination differ in length.",
    ),
    (
        "rollaxis",
        lambda x: np.rollaxis(x, 0, 5),
        M,
        ArgumentError,
        "rollaxis: start is no place among the axes.",
    ),
    (
        "matrix_transpose",
        lambda x: np.matrix_transpose(x),
        V,
        ShapeError,
        "matrix_transpose: the operand is no matrix.",
    ),
    (
        "squeeze",
        lambda x: np.squeeze(x, 0),
        V,
        ShapeError,
        "squeeze: an axis to be dropped is longer than one.",
    ),
    (
        "sort 0d",
        lambda x: np.sort(x),
        ONE,
        ArgumentError,
        "sort: a 0-d array has no axis to work along.",
    ),
    (
        "sort kind",
        lambda x: np.sort(x, kind="q", stable=True),
        V,
        ArgumentError,
        "sort: kind is not one of NumPy's, or kind and stable are both given.",
    ),
    (
        "sort scalar",
        lambda x: x.sort(),
        ONE,
        ArgumentError,
        "sort: a scalar cannot be sorted in place.",
    ),
    (
        "partition scalar",
        lambda x: x.partition(0),
        ONE,
        ArgumentError,
        "partition: a scalar cannot be sorted in place.",
    ),
    (
        "partition kth",
        lambda x: np.partition(x, 3),
        V,
        ArgumentError,
        "argpartition: kth is no place of the array.",
    ),
    (
        "meshgrid",
        lambda x: np.meshgrid(x, x, indexing="zz"),
        V,
        ArgumentError,
        "meshgrid: no such indexing.",
    ),
    ("hsplit 0d", lambda x: np.hsplit(x, 1), ONE, ShapeError, "hsplit: there are too few axes."),
    ("vsplit", lambda x: np.vsplit(x, 1), V, ShapeError, "vsplit: there are too few axes."),
    (
        "split 2",
        lambda x: np.split(x, 2),
        V,
        ShapeError,
        "split: the axis cannot be cut into equal parts.",
    ),
    (
        "concat dtype",
        lambda x: np.concatenate([x, x], dtype=int),
        V,
        DtypeError,
        "concatenate: the dtype asked for cannot hold the values.",
    ),
    (
        "block",
        lambda x: wnp.block([x, [x]]),
        V,
        ShapeError,
        "block: lists are nested to different depths, or empty.",
    ),
    (
        "complex set",
        writing(lambda y: store(y, 0, 1j)),
        V,
        DtypeError,
        "a complex number was assigned to an element of a real array.",
    ),
    (
        "take mode",
        lambda x: np.take(x, 0, mode="x"),
        V,
        ArgumentError,
        "a mode that does not exist.",
    ),
    (
        "compress",
        lambda x: np.compress([[True]], x),
        V,
        ShapeError,
        "compress: the condition is not 1-d.",
    ),
    ("ix", lambda x: np.ix_(x), M, IndexingError, "an index is of the wrong kind."),
    (
        "accumulate 0d",
        lambda x: np.add.accumulate(x),
        ONE,
        ShapeError,
        "add.accumulate: a scalar has no axis.",
    ),
    (
        "reduceat none",
        lambda x: np.add.reduceat(x, []),
        V,
        ShapeError,
        "add.reduceat: there is no index.",
    ),
    (
        "banded",
        lambda x: linalg.solve_banded((1, 1), x, V),
        M,
        ShapeError,
        "solve_banded: the diagonals and the right-hand side do not fit.",
    ),
    (
        "view",
        lambda x: x.view(np.int64),
        V,
        ConversionError,
        "view: the bytes of a traced array cannot be read as another dtype.",
    ),
    (
        "astype casting",
        lambda x: x.astype(int, casting="safe"),
        V,
        ArgumentError,
        "astype: the casting rule does not allow this conversion.",
    ),
    (
        "astype str",
        lambda x: x.astype(str),
        V,
        ArgumentError,
        "astype: a dtype that cannot be traced.",
    ),
    (
        "asarray_chkfinite",
        lambda x: wnp.asarray_chkfinite(x / 0.0),
        V,
        ArgumentError,
        "asarray_chkfinite: there are NaNs or infinities.",
    ),
    (
        "object",
        lambda x: x * np.array([None]),
        V,
        ArgumentError,
        "an array of this dtype cannot take part in a traced computation.",
    ),
    (
        "bool many",
        lambda x: bool(x),
        V,
        ConversionError,
        "a truth value was asked of an array with 3 elements.",
    ),
    ("len", lambda x: len(x), Z, ArgumentError, "len() of a 0-d array."),
    ("iter", lambda x: list(x), Z, ArgumentError, "iteration over a 0-d array."),
    (
        "readonly",
        lambda x: np.broadcast_to(x * 1.0, (2, 3)).__setitem__(0, 1.0),
        V,
        MutationError,
        "a write into a view that NumPy makes read-only.",
    ),
    (
        "diag readonly",
        lambda x: np.diag(x * 1.0).__setitem__(0, 1.0),
        np.ones((2, 2)),
        MutationError,
        "a write into a view that NumPy makes read-only.",
    ),
    (
        "einsum sizes",
        lambda x: np.einsum("ij,jk->ik", x, np.ones((2, 2))),
        M,
        ShapeError,
        "einsum: axes that are multiplied have different sizes.",
    ),
    (
        "fortran ravel",
        lambda x: x.ravel("Q"),
        V,
        ArgumentError,
        "an order of elements that does not exist.",
    ),
]


@pytest.mark.parametrize("f, x, error, first", [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
def test_message(f: Any, x: Any, error: Any, first: str) -> None:
    with pytest.raises(error) as caught:
        wg.vjp(f, x)
    lines = str(caught.value).splitlines()
    assert lines[0] == first
    if first != "sort: a scalar cannot be sorted in place.":
        assert any(line.startswith("  got       ") for line in lines)
    assert any(line.startswith("  where     test_calls.py:") for line in lines)
