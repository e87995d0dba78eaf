"""Shapes, joins, splits, repeats, pads, diagonals and triangles."""

from __future__ import annotations

import numpy as np

import wengert.numpy as wnp
from primitives.harness import Case


def _shape(*shape):
    return lambda rng: rng.uniform(0.3, 2.0, shape)


def _pair(first, second):
    return lambda rng: (rng.uniform(0.3, 2.0, first), rng.uniform(0.3, 2.0, second))


def _apart(rng):
    """A matrix whose elements differ, for maximum and median."""
    return (rng.permutation(12) * 0.2 + rng.uniform(0.3, 0.4, 12)).reshape(3, 4)


def square(f):
    """`f` of the squares, so that second derivatives are not zero."""
    return lambda *xs: f(*[x * x for x in xs])


VECTOR, MATRIX, CUBE = _shape(5), _shape(3, 4), _shape(2, 3, 4)
TWO = _pair((3, 4), (2, 4))
SAME = _pair((3, 4), (3, 4))

ONE_ARRAY = {
    "reshape": (lambda x: np.reshape(x, (2, -1)), MATRIX),
    "reshape_F": (lambda x: np.reshape(x, (2, 6), order="F"), MATRIX),
    "reshape_F_cube": (lambda x: x.reshape(4, 3, 2, order="F"), CUBE),
    "reshape_A": (lambda x: wnp.array(x, order="C").T.reshape(-1, order="A"), MATRIX),
    "reshape_method": (lambda x: x.reshape(6, 2), MATRIX),
    "ravel": (np.ravel, CUBE),
    "ravel_F": (lambda x: x.ravel(order="F"), CUBE),
    "ravel_K": (lambda x: np.ravel(wnp.array(x, order="C").transpose(1, 0, 2), order="K"), CUBE),
    "flatten": (lambda x: x.flatten(), MATRIX),
    "flatten_F": (lambda x: x.T.flatten("F"), MATRIX),
    "transpose": (np.transpose, CUBE),
    "transpose_axes": (lambda x: np.transpose(x, (1, -1, 0)), CUBE),
    "transpose_method": (lambda x: x.transpose(2, 0, 1), CUBE),
    "T": (lambda x: x.T, MATRIX),
    "mT": (lambda x: x.mT, CUBE),
    "swapaxes": (lambda x: np.swapaxes(x, 0, -1), CUBE),
    "moveaxis": (lambda x: np.moveaxis(x, [0, 1], [-1, 0]), CUBE),
    "rollaxis": (lambda x: np.rollaxis(x, 2), CUBE),
    "rollaxis_start": (lambda x: np.rollaxis(x, 0, 3), CUBE),
    "matrix_transpose": (np.matrix_transpose, CUBE),
    "squeeze": (np.squeeze, _shape(1, 3, 1)),
    "squeeze_axis": (lambda x: x.squeeze(axis=-1), _shape(1, 3, 1)),
    "squeeze_all": (np.squeeze, _shape(1, 1)),
    "expand_dims": (lambda x: np.expand_dims(x, (0, -1)), MATRIX),
    "atleast_1d": (np.atleast_1d, _shape()),
    "atleast_2d": (np.atleast_2d, VECTOR),
    "atleast_3d": (np.atleast_3d, VECTOR),
    "atleast_3d_matrix": (np.atleast_3d, MATRIX),
    "flip": (np.flip, MATRIX),
    "flip_axis": (lambda x: np.flip(x, (0, -1)), CUBE),
    "fliplr": (np.fliplr, MATRIX),
    "flipud": (np.flipud, MATRIX),
    **{f"rot90_{k}": (lambda x, k=k: np.rot90(x, k), MATRIX) for k in range(4)},
    "rot90_axes": (lambda x: np.rot90(x, 1, (2, 1)), CUBE),
    "roll": (lambda x: np.roll(x, 2), MATRIX),
    "roll_axis": (lambda x: np.roll(x, -1, axis=1), MATRIX),
    "roll_axes": (lambda x: np.roll(x, (1, 5), axis=(0, 1)), MATRIX),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 3, 5)), VECTOR),
    "broadcast_arrays": (lambda x: np.broadcast_arrays(x, np.ones((3, 1))), VECTOR),
    "meshgrid": (lambda x: np.meshgrid(x, np.arange(3.0)), VECTOR),
    "meshgrid_ij": (lambda x: np.meshgrid(x, x[:2], indexing="ij", sparse=True), VECTOR),
    "split": (lambda x: np.split(x, 2, axis=1), MATRIX),
    "split_at": (lambda x: np.split(x, [1, 3]), VECTOR),
    "array_split": (lambda x: np.array_split(x, 3), VECTOR),
    "hsplit": (lambda x: np.hsplit(x, 2), MATRIX),
    "vsplit": (lambda x: np.vsplit(x, [1]), MATRIX),
    "dsplit": (lambda x: np.dsplit(x, 2), CUBE),
    "unstack": (lambda x: np.unstack(x, axis=1), MATRIX),
    "stack_rows": (lambda x: np.stack(list(x), axis=1), MATRIX),
    "stack_scalars": (lambda x: np.stack([x[0], x[2], x[0]]), VECTOR),
    "array_nested": (lambda x: wnp.array([[x[0], -x[1]], [1, x[0]]]), VECTOR),
    "array_of_rows": (lambda x: wnp.array([x[0], x[2]]), MATRIX),
    "array_mixed": (lambda x: wnp.array([x[0], [1.0, 2.0, 3.0, 4.0]]), MATRIX),
    "tile": (lambda x: np.tile(x, (2, 1, 3)), MATRIX),
    "tile_one": (lambda x: np.tile(x, 2), VECTOR),
    "tile_none": (lambda x: np.tile(x, 1), VECTOR),
    "repeat": (lambda x: np.repeat(x, 2), MATRIX),
    "repeat_axis": (lambda x: x.repeat(3, axis=1), MATRIX),
    "repeat_counts": (lambda x: np.repeat(x, [0, 2, 1], axis=0), MATRIX),
    "resize": (lambda x: np.resize(x, (3, 7)), VECTOR),
    "resize_less": (lambda x: np.resize(x, 3), VECTOR),
    "resize_much": (lambda x: np.resize(x, 103), VECTOR),
    "diag": (np.diag, VECTOR),
    "diag_offset": (lambda x: np.diag(x, -2), VECTOR),
    "diag_up": (lambda x: np.diag(x, 1), VECTOR),
    "diag_read": (lambda x: np.diag(x, 1), MATRIX),
    "diagonal": (lambda x: np.diagonal(x, -1, 1, 2), CUBE),
    "diagonal_axes": (lambda x: x.diagonal(0, 2, 0), CUBE),
    "diagonal_empty": (lambda x: np.diagonal(x, 9), MATRIX),
    "linalg_diagonal": (lambda x: np.linalg.diagonal(x, offset=1), CUBE),
    "diagflat": (lambda x: np.diagflat(x[:2, :2], 1), MATRIX),
    "trace": (np.trace, MATRIX),
    "trace_axes": (lambda x: np.trace(x, 1, 1, 2), CUBE),
    "linalg_trace": (np.linalg.trace, CUBE),
    "tril": (np.tril, MATRIX),
    "triu": (lambda x: np.triu(x, 1), CUBE),
    "tril_vector": (lambda x: np.tril(x, -1), VECTOR),
    "triu_indices": (lambda x: x[np.triu_indices_from(x, 1)], MATRIX),
    "tril_indices": (lambda x: x[np.tril_indices(3, -1)], MATRIX),
    "vander": (lambda x: np.vander(x, 3), VECTOR),
    "vander_increasing": (lambda x: np.vander(x, increasing=True), _shape(3)),
    "copy": (np.copy, MATRIX),
    "astype": (lambda x: x.astype(complex), MATRIX),
    "astype_same": (lambda x: x.astype(x.dtype, copy=False), MATRIX),
    "zeros_like": (lambda x: x + np.zeros_like(x), MATRIX),
    "ones_like": (lambda x: x * np.ones_like(x), MATRIX),
    "full_like": (lambda x: np.full_like(x, x[0, 0]), MATRIX),
    "full_like_const": (lambda x: x * np.full_like(x, 2.5), MATRIX),
    "linspace": (lambda x: np.linspace(x[0], x[1], 4), VECTOR),
    "linspace_vectors": (lambda x: np.linspace(x, 1.0, 3, axis=1, endpoint=False), VECTOR),
    "linspace_step": (lambda x: np.linspace(0, x[0], 5, retstep=True), VECTOR),
    "logspace": (lambda x: np.logspace(x[0], x[1], 3, base=2.0), VECTOR),
    "geomspace": (lambda x: np.geomspace(x[0], x[1] + 3.0, 4), VECTOR),
    "newaxis_product": (lambda x: x[:, None] * x[None, :], VECTOR),
}
PAD = {
    "zeros": ((1, 2), {}),
    "constant": (
        ((1, 0), (2, 3)),
        {"mode": "constant", "constant_values": ((1.5, 2.5), (0.5, 3.5))},
    ),
    "edge": (2, {"mode": "edge"}),
    "linear_ramp": (((2, 1), (1, 2)), {"mode": "linear_ramp", "end_values": (1.0, -2.0)}),
    "maximum": (1, {"mode": "maximum"}),
    "maximum_some": (((1, 2), (2, 0)), {"mode": "maximum", "stat_length": 2}),
    "minimum": (((0, 1), (1, 1)), {"mode": "minimum", "stat_length": ((1, 2), (3, 1))}),
    "mean": (2, {"mode": "mean"}),
    "mean_some": (2, {"mode": "mean", "stat_length": 2}),
    "median": (1, {"mode": "median", "stat_length": 3}),
    "reflect": (2, {"mode": "reflect"}),
    "reflect_far": (((7, 1), (0, 9)), {"mode": "reflect"}),
    "reflect_odd": (((5, 3), (4, 9)), {"mode": "reflect", "reflect_type": "odd"}),
    "symmetric": (3, {"mode": "symmetric"}),
    "symmetric_far": (((7, 4), (0, 11)), {"mode": "symmetric"}),
    "symmetric_odd": (((8, 2), (5, 9)), {"mode": "symmetric", "reflect_type": "odd"}),
    "wrap": (((2, 1), (0, 3)), {"mode": "wrap"}),
    "wrap_far": (((7, 8), (5, 9)), {"mode": "wrap"}),
    "dictionary": ({-1: (1, 2)}, {"mode": "edge"}),
}
SEVERAL = {
    "concatenate": (lambda x, y: np.concatenate([x, y, x]), TWO),
    "concatenate_axis": (lambda x, y: np.concatenate((x, y), axis=-1), SAME),
    "concatenate_flat": (lambda x, y: np.concatenate([x, y], axis=None), TWO),
    "stack": (lambda x, y: np.stack([x, y]), SAME),
    "stack_last": (lambda x, y: np.stack([x, y], axis=-1), SAME),
    "vstack": (lambda x, y: np.vstack([x, y]), TWO),
    "vstack_vectors": (lambda x, y: np.vstack([x, y]), _pair((3,), (3,))),
    "hstack": (lambda x, y: np.hstack([x, y]), SAME),
    "hstack_vectors": (lambda x, y: np.hstack([x, y]), _pair((3,), (2,))),
    "hstack_scalars": (lambda x, y: np.hstack([x, y, 1.0]), _pair((), ())),
    "dstack": (lambda x, y: np.dstack([x, y]), SAME),
    "column_stack": (lambda x, y: np.column_stack([x, y]), _pair((3,), (3, 2))),
    "block": (lambda x, y: np.block([[x, np.ones((3, 1))], [y, np.zeros((2, 1))]]), TWO),
    "block_flat": (lambda x, y: np.block([x, y]), _pair((3,), (2,))),
    "block_scalar": (lambda x, y: np.block([[x, 2.0], [3.0, y]]), _pair((), ())),
    "full": (lambda x, y: wnp.full((2, 3), x) * y, _pair((), (3,))),
    "pad_traced": (
        lambda x, y: wnp.pad(x, 1, constant_values=y),
        _pair((2, 3), ()),
    ),
}

CASES = [
    *[
        Case(name, square(f), args, complex=name in ("reshape_F", "diag", "tril", "tile"))
        for name, (f, args) in ONE_ARRAY.items()
    ],
    *[
        Case(f"pad_{name}", square(lambda x, w=w, o=o: np.pad(x, w, **o)), _apart)
        for name, (w, o) in PAD.items()
    ],
    *[
        Case(name, square(f), args, complex=name in ("concatenate", "stack"))
        for name, (f, args) in SEVERAL.items()
    ],
]
