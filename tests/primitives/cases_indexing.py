"""Reading and writing of elements: basic, advanced, boolean and mixed indices."""

from __future__ import annotations

import numpy as np

import wengert.numpy as wnp
from primitives.harness import Case


def _vector(rng):
    return rng.uniform(0.3, 2.0, 5)


def _apart(rng):
    return rng.permutation(5) * 0.4 + rng.uniform(0.3, 0.6, 5)


def _matrix(rng):
    return rng.uniform(0.3, 2.0, (3, 4))


def _cube(rng):
    return rng.uniform(0.3, 2.0, (3, 4, 5))


def _matrix_and_row(rng):
    return rng.uniform(0.3, 2.0, (3, 4)), rng.uniform(0.3, 2.0, 4)


def _matrix_and_scalar(rng):
    return rng.uniform(0.3, 2.0, (3, 4)), rng.uniform(0.3, 2.0)


def _matrix_and_block(rng):
    return rng.uniform(0.3, 2.0, (3, 4)), rng.uniform(0.3, 2.0, (2, 4))


def _vector_and_vector(rng):
    return rng.uniform(0.3, 2.0, 5), rng.uniform(0.3, 2.0, 3)


def _cube_and_value(*shape):
    return lambda rng: (rng.uniform(0.3, 2.0, (3, 4, 5)), rng.uniform(0.3, 2.0, shape))


def written(index, repeat=False):
    """A function that squares, writes at `index`, and reads everything."""

    def f(x, v):
        y = wnp.array(x * x)
        y[index] = v
        if repeat:
            y[index] = v * y[index]
        return y

    return f


def added(index):
    def f(x, v):
        y = wnp.array(x * x)
        y[index] += v
        return y

    return f


def read(index):
    return lambda x: (x * x)[index]


I, J = np.array([0, 2, 2]), np.array([3, 1, 1])
GRID = np.array([[0, 1], [2, 0]])
MASK = np.array(
    [[True, False, True, False], [False, False, True, True], [True, True, False, False]]
)
ROWS = np.array([True, False, True])
ORDER = np.array([[2, 0, 1, 1], [0, 1, 2, 0], [1, 1, 1, 2]])

BASIC = {
    "int": 1,
    "negative": -1,
    "slice": slice(1, None),
    "step": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "column": (slice(None), 2),
    "block": (slice(1, 3), slice(0, 4, 2)),
    "newaxis": (slice(None), None, 1),
    "added": (None, slice(None)),
    "ellipsis": (Ellipsis, 1),
    "element": (2, 1),
    "array0d": (2, 1, Ellipsis),
    "nothing": (slice(2, 1),),
    "all": Ellipsis,
}
ADVANCED = {
    "rows": (I,),
    "list": ([0, 0, 2],),
    "columns": (slice(None), J),
    "pairs": (I, J),
    "pairs_grid": (GRID, 1),
    "split": (I, slice(None), np.array([0, 4, 4])),
    "inner": (slice(1, 3), I, J),
    "inner_one": (slice(None), J, slice(1, 4)),
    "newaxis_between": (I, None, J),
    "int_and_array": (1, slice(None), np.array([4, 0])),
    "broadcast": (np.array([[0], [2]]), np.array([1, 3])),
    "negative": (np.array([-1, -3]),),
    "zero_d": (np.array(1),),
    "none": (np.array([], int),),
    "mask": (MASK,),
    "mask_rows": (ROWS,),
    "mask_columns": (slice(None), np.array([True, False, False, True])),
    "mask_and_int": (ROWS, np.array([1, 3])),
}

CASES = [
    *[Case(f"index_{k}", read(i), _matrix, complex=k == "block") for k, i in BASIC.items()],
    *[Case(f"gather_{k}", read(i), _cube, complex=k == "inner") for k, i in ADVANCED.items()],
    *[Case(f"set_{k}", written(i), _matrix_and_scalar) for k, i in BASIC.items()],
    *[Case(f"add_{k}", added(i), _matrix_and_scalar) for k, i in BASIC.items()],
    *[Case(f"scatter_{k}", written(i), _cube_and_value(1)) for k, i in ADVANCED.items()],
    *[Case(f"scatter_twice_{k}", written(i, True), _cube_and_value()) for k, i in ADVANCED.items()],
    *[Case(f"scatter_iadd_{k}", added(i), _cube_and_value(1)) for k, i in ADVANCED.items()],
    Case("set_value_row", written(1), _matrix_and_row, ("index_set",), complex=True),
    Case("set_value_rows", written(slice(0, 2)), _matrix_and_row, ("index_set",)),
    Case("set_value_block", written(slice(0, 2)), _matrix_and_block, ("index_set",)),
    Case(
        "scatter_value_rows", written(([2, 0],)), _matrix_and_block, ("scatter_set",), complex=True
    ),
    Case("scatter_rows_last_wins", written(([1, 1],)), _matrix_and_block),
    Case(
        "scatter_value_columns",
        written((slice(None), [0, 2, 2])),
        lambda rng: (rng.uniform(0.3, 2.0, (3, 4)), rng.uniform(0.3, 2.0, (3, 3))),
        ("scatter_set",),
    ),
    Case("scatter_value_inner", written((slice(1, 3), I, J)), _cube_and_value(2, 3)),
    Case("scatter_value_split", written((I, slice(None), J)), _cube_and_value(3, 4)),
    Case(
        "scatter_value_inner_slice",
        written((slice(None), J, slice(1, 4))),
        _cube_and_value(3, 1, 3),
    ),
]


# -- functions that read ---------------------------------------------------------------------------

CASES += [
    Case("take_flat", lambda x: np.take(x * x, [1, 5, 5]), _matrix),
    Case("take_axis", lambda x: np.take(x * x, GRID, axis=1), _matrix, ("gather",), complex=True),
    Case("take_scalar", lambda x: np.take(x * x, 1, axis=1), _matrix),
    Case("take_wrap", lambda x: np.take(x, [-7, 9, 2], axis=1, mode="wrap"), _matrix),
    Case("take_clip", lambda x: np.take(x, [-7, 9, 2], mode="clip"), _matrix),
    Case("take_along", lambda x: np.take_along_axis(x * x, ORDER[:, :2], axis=1), _matrix),
    Case("take_along_0", lambda x: np.take_along_axis(x * x, ORDER, axis=0), _matrix),
    Case("take_along_flat", lambda x: np.take_along_axis(x * x, I, axis=None), _matrix),
    Case("compress", lambda x: np.compress([True, False, True], x * x, axis=0), _matrix),
    Case("compress_flat", lambda x: np.compress([False, True, True], x * x), _matrix),
    Case("extract", lambda x: np.extract(MASK, x * x), _matrix),
    Case(
        "extract_traced", lambda x: np.extract(x > 1.0, x * x), _matrix, batch=False, traces=False
    ),
    Case("mask_traced", lambda x: (x * x)[x > 1.0], _matrix, batch=False, traces=False),
    Case("choose", lambda x, y: np.choose([[0, 1, 1, 0]], [x * x, y]), _matrix_and_row),
    Case(
        "choose_wrap",
        lambda x, y: np.choose([0, 3, -1, 4], [x, y * y], mode="wrap"),
        _matrix_and_row,
    ),
    Case("select", lambda x, y: wnp.select([x > 1.5, x > 0.8], [x * x, y], 3.0), _matrix_and_row),
    Case("select_default", lambda x, y: wnp.select([MASK], [x * x], y), _matrix_and_row),
    Case("where", lambda x, y: np.where(x > 1.0, x * x, y), _matrix_and_row, ("select",)),
    Case(
        "where_one",
        lambda x: np.sum((x * x)[np.where(x > 1.0)]),
        _matrix,
        batch=False,
        traces=False,
    ),
    Case("insert", lambda x, y: np.insert(x * x, 1, y, axis=0), _matrix_and_row, complex=True),
    Case("insert_many", lambda x, v: np.insert(x, [0, 3, 3], v * v), _vector_and_vector),
    Case("insert_slice", lambda x, v: np.insert(x, slice(0, 3), v * v), _vector_and_vector),
    Case("insert_block", lambda x, v: np.insert(x, 2, v), _vector_and_vector),
    Case(
        "insert_columns",
        lambda x, v: np.insert(x, [1], v[:, None], axis=1),
        lambda rng: (rng.uniform(0.3, 2.0, (3, 4)), rng.uniform(0.3, 2.0, 3)),
    ),
    Case("delete", lambda x: np.delete(x * x, [0, 2]), _vector),
    Case("delete_axis", lambda x: np.delete(x * x, slice(1, 3), axis=1), _matrix),
    Case("delete_mask", lambda x: np.delete(x * x, ROWS, axis=0), _matrix),
    Case("append", lambda x, v: np.append(x * x, v), _matrix_and_row),
    Case("append_axis", lambda x, v: np.append(x * x, v, axis=0), _matrix_and_block),
    Case(
        "trim_zeros",
        lambda x: np.trim_zeros(np.concatenate([np.zeros(2), x])),
        _vector,
        batch=False,
        traces=False,
    ),
    Case(
        "unique",
        lambda x: np.unique(np.concatenate([x, x[1:3]])),
        _vector,
        batch=False,
        traces=False,
    ),
    Case("ix", lambda x: (x * x)[np.ix_([0, 2], [1, 1, 3])], _matrix),
    Case("item", lambda x: x.item(3) * x.item(1, 2), _matrix, float32=False),
    Case("flat", lambda x: np.array([1.0]) * sum(v * v for v in x.flat), _matrix),
    Case("iterate", lambda x: sum(row[0] * row[1] for row in x), _matrix),
    Case("unpack", lambda x: (lambda a, b, c: a * b + c)(*x), _matrix),
    Case("argmax_item", lambda x: (x * x)[np.argmax(x)], _vector, ("item",)),
    Case("argsort_gather", lambda x: (x * x)[np.argsort(x)], _apart, ("gather",)),
    Case("traced_row", lambda x: (x * x)[np.argmax(x[:, 0])], _matrix, ("item",)),
    Case(
        "traced_element", lambda x: (x * x)[np.argmax(x[:, 0]), np.argmin(x[0])], _matrix, ("item",)
    ),
]


# -- functions that write --------------------------------------------------------------------------


def writing(write):
    """A function of (x, v) that returns `x * x` after `write` changed it."""

    def f(x, v):
        y = wnp.array(x * x, order="C")
        write(y, v)
        return y

    return f


def _through_views(y, v):
    flat = y.ravel()
    flat[3] = v[0] * v[1]
    y.T[1, 2] += v[2]
    y[1][::2] = v[:2]
    y.reshape(2, 6)[1, :2] *= v[1]
    y[:, ::-1][0] -= v


def _argument_order(y, v):
    y[np.argmax(y[:, 1])] = v
    y[0, np.argmin(y[0])] = v[1] * v[1]


CASES += [
    Case("through_views", writing(_through_views), _matrix_and_row, ("index_set",)),
    Case("traced_places", writing(_argument_order), _matrix_and_row, ("scatter_set",)),
    Case(
        "mask_scalar",
        writing(lambda y, v: y.__setitem__(y > 1.0, v[0])),
        _matrix_and_row,
        ("select",),
    ),
    Case(
        "add_at",
        writing(lambda y, v: np.add.at(y, (I, J), v[:3])),
        _matrix_and_row,
        ("scatter_add",),
        complex=True,
    ),
    Case(
        "add_at_rows", writing(lambda y, v: np.add.at(y, I, v)), _matrix_and_row, ("scatter_add",)
    ),
    Case(
        "add_at_columns",
        writing(lambda y, v: np.add.at(y, (slice(None), J), v[0])),
        _matrix_and_row,
    ),
    Case("subtract_at", writing(lambda y, v: np.subtract.at(y, I, v)), _matrix_and_row),
    Case("multiply_at", writing(lambda y, v: np.multiply.at(y, I, v)), _matrix_and_row),
    Case("negative_at", writing(lambda y, v: np.negative.at(y, [0, 2])), _matrix_and_row),
    Case("put", writing(lambda y, v: np.put(y, [0, 5, 11, 5, 2], v)), _matrix_and_row),
    Case("put_wrap", writing(lambda y, v: y.put([14, -1], v[:2], mode="wrap")), _matrix_and_row),
    Case("place", writing(lambda y, v: np.place(y, MASK, v)), _matrix_and_row),
    Case("putmask", writing(lambda y, v: np.putmask(y, MASK, v)), _matrix_and_row),
    Case("putmask_traced", writing(lambda y, v: np.putmask(y, y > 1.0, v[0])), _matrix_and_row),
    Case("copyto", writing(lambda y, v: np.copyto(y, v)), _matrix_and_row),
    Case("copyto_where", writing(lambda y, v: np.copyto(y, v, where=MASK)), _matrix_and_row),
    Case("fill", writing(lambda y, v: y.fill(v[0])), _matrix_and_row),
    Case(
        "put_along",
        writing(lambda y, v: np.put_along_axis(y, ORDER[:, :2], v[:2], 1)),
        _matrix_and_row,
    ),
    Case(
        "put_along_flat",
        writing(lambda y, v: np.put_along_axis(y, I, v[:3], None)),
        _matrix_and_row,
    ),
    Case("fill_diagonal", writing(lambda y, v: np.fill_diagonal(y, v[:3])), _matrix_and_row),
    Case("flat_write", writing(lambda y, v: y.flat.__setitem__(slice(2, 6), v)), _matrix_and_row),
    Case("flat_item", writing(lambda y, v: y.T.flat.__setitem__(4, v[1])), _matrix_and_row),
    Case("iadd", writing(lambda y, v: y.__iadd__(v)), _matrix_and_row),
    Case("out", writing(lambda y, v: np.add(y, v, out=y)), _matrix_and_row),
    Case(
        "real_write",
        lambda x, v: _set_real(wnp.array(x * (1 + 2j)), v),
        _matrix_and_row,
        ("real_set",),
    ),
    Case("buffer", lambda x, v: _recurrence(x, v), _matrix_and_row, ("index_set",)),
]


def _set_real(z, v):
    z.real[1] = v * v
    z.imag[0, 2] = v[0]
    return z


def _recurrence(x, v):
    y = wnp.zeros(6)
    y[0] = x[0, 0]
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1]) + v[i % 4]
    return y
