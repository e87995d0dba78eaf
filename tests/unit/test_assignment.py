"""Reading and writing with every form of index; what it costs; what the errors say."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import wengert as wg
import wengert.numpy as wnp
from wengert.errors import (
    ConversionError,
    DecisionError,
    DtypeError,
    IndexingError,
    MutationError,
    ShapeError,
    WengertError,
)
from wengert.ops.core import set_all_p
from wengert.ops.gather import scatter_add_p, scatter_set_p
from wengert.ops.indexing import index_add_p, index_p, index_set_p

HERE = Path(__file__).name
X = np.arange(1.0, 61.0).reshape(3, 4, 5) / 10

# -- every index that NumPy takes -----------------------------------------------------------------

ENTRIES = st.one_of(
    st.integers(-6, 6),
    st.builds(
        slice,
        *[st.one_of(st.none(), st.integers(-6, 6))] * 2,
        st.sampled_from([None, 1, 2, -1, -3]),
    ),
    st.none(),
    st.just(Ellipsis),
    st.lists(st.integers(-3, 2), max_size=4),
    st.lists(st.lists(st.integers(-3, 2), min_size=2, max_size=2), min_size=1, max_size=3),
    st.sampled_from(
        [np.array(1), np.int32(-1), np.array([[0], [2]]), np.array([True, False, True])]
    ),
    st.sampled_from([np.arange(12).reshape(3, 4) % 3 == 0, np.zeros(4, bool), np.ones(5, bool)]),
)
INDICES = st.lists(ENTRIES, max_size=5).map(tuple)


@settings(max_examples=600, deadline=None)
@example((0, Ellipsis, 0, np.array(1)))
@given(INDICES)
def test_reads_are_numpys(index):
    try:
        expected = X[index]
    except IndexError:
        with pytest.raises(IndexError):
            wg.vjp(lambda x: x[index], X)
        return
    out, pullback = wg.vjp(lambda x: (x * 1.0)[index], X)
    assert np.shape(out) == np.shape(expected)
    assert isinstance(out, np.ndarray) == isinstance(expected, np.ndarray)
    np.testing.assert_array_equal(out, expected)
    ct = np.cos(np.arange(np.size(expected))).reshape(np.shape(expected))
    reference = np.zeros_like(X)
    np.add.at(reference, index, ct)
    np.testing.assert_allclose(pullback(ct)[0], reference, rtol=1e-13, atol=1e-13)


@settings(max_examples=600, deadline=None)
@given(INDICES, st.integers(0, 3))
def test_writes_are_numpys(index, kept):
    try:
        shape = np.shape(X[index])
    except IndexError:
        with pytest.raises(IndexError):
            wg.vjp(lambda x: wnp.array(x).__setitem__(index, 0.0), X)
        return
    value_shape = shape[len(shape) - min(kept, len(shape)) :]
    value = np.sin(np.arange(1.0, 1 + np.prod(value_shape, dtype=int))).reshape(value_shape)
    plain = X * 2.0
    plain[index] = value

    def f(x, v):
        y = x * 2.0
        y[index] = v
        return y

    out, pullback = wg.vjp(f, X, value)
    np.testing.assert_array_equal(out, plain)
    ct = np.cos(np.arange(X.size)).reshape(X.shape)
    numbers = np.full(X.shape, -1)  # which element of the value each place holds now
    numbers[index] = np.arange(value.size).reshape(value_shape)
    held = numbers.reshape(-1)
    expected = np.bincount(held[held >= 0], ct.reshape(-1)[held >= 0], minlength=value.size)
    dx, dv = pullback(ct)
    np.testing.assert_allclose(dx, np.where(numbers < 0, 2 * ct, 0.0))
    np.testing.assert_allclose(np.reshape(dv, -1), expected[: value.size], atol=1e-13)


@settings(max_examples=200, deadline=None)
@given(INDICES)
def test_additions_are_numpys(index):
    try:
        shape = np.shape(X[index])
    except IndexError:
        return
    value = np.sin(np.arange(1.0, 1 + np.prod(shape, dtype=int))).reshape(shape)
    plain, unbuffered = X * 2.0, X * 2.0
    plain[index] += value
    np.add.at(unbuffered, index, value)

    def f(x, v):
        y, z = x * 2.0, x * 2.0
        y[index] += v
        np.add.at(z, index, v)
        return y, z

    out, pullback = wg.vjp(f, X, value)
    np.testing.assert_array_equal(out[0], plain)
    np.testing.assert_allclose(out[1], unbuffered, rtol=1e-13, atol=1e-14)
    ct = np.cos(np.arange(X.size)).reshape(X.shape)
    np.testing.assert_allclose(pullback((np.zeros_like(ct), ct))[1], ct[index], atol=1e-13)


def traced(entry):
    """An entry of an index as a traced value of the current recording, if it is a number."""
    if isinstance(entry, int):
        return wnp.array([entry])[0]
    if isinstance(entry, (list, np.ndarray)):
        entry = np.asarray(entry)
        return wnp.array(entry.astype(int) if not entry.size and entry.dtype != bool else entry)
    return entry


@settings(max_examples=300, deadline=None)
@given(INDICES)
def test_traced_indices_are_numpys(index):
    plain = tuple([np.int64(e) if isinstance(e, int) else e for e in index])
    try:
        expected = X[plain]
    except IndexError:
        with pytest.raises(IndexError):
            wg.vjp(lambda x: (x * 1.0)[tuple(map(traced, index))], X)
        return
    value = np.sin(np.arange(1.0, 1 + expected.size)).reshape(expected.shape)
    written, added = X * 2.0, X * 2.0
    written[plain] = value
    added[plain] += value

    def f(x, v):
        places = tuple(map(traced, index))
        y, z = x * 2.0, x * 2.0
        y[places] = v
        z[places] += v
        return (x * 1.0)[places], y, z

    out, pullback = wg.vjp(f, X, value)
    np.testing.assert_array_equal(out[0], expected)
    np.testing.assert_array_equal(out[1], written)
    np.testing.assert_array_equal(out[2], added)
    ct = np.cos(np.arange(X.size)).reshape(X.shape)
    zeros = np.zeros_like(ct)
    wanted = wg.vjp(lambda v: f_plain(v, plain), value)[1](ct)[0]
    np.testing.assert_allclose(pullback((0.0 * value, ct, zeros))[1], wanted, atol=1e-13)
    if not any(isinstance(e, np.ndarray) and e.dtype == bool for e in index):
        mapped = wg.vmap(f, in_axes=(0, None))(np.stack([X, X * 3.0]), value)
        np.testing.assert_array_equal(mapped[0][0], expected)
        np.testing.assert_array_equal(mapped[1][0], written)
        np.testing.assert_array_equal(mapped[2][0], added)


def f_plain(v, index):
    y = wnp.array(X * 2.0)
    y[index] = v
    return y


def test_traced_integers_as_index():
    """Traced integers index as plain ones do: scalars give views, arrays copies."""

    def f(x):
        i = np.argmax(x[:, 0, 0])
        j = np.argsort(x[0, :, 0])
        y = np.sin(x)
        row = y[i]
        row[0] = 2.0 * x[0, 0]
        y[i, 1] += x[0, 1]
        y[i, 2:, i] *= 3.0
        y[i] -= 0.5
        copy = y[j[:2]]
        copy *= 5.0
        y[:, j[1:3]] = x[:, :2] ** 2
        y[0, j[0], i] = 1.5
        np.add.at(y, (i, j), x[0])
        element = y[0, 0][i, ...]
        element += 1.0
        return np.sum(y * y) + np.sum(copy)

    def plain(x):
        return f(x)

    dx = np.cos(np.arange(60.0)).reshape(X.shape)
    value, gradient = wg.value_and_grad(f)(X)
    assert value == pytest.approx(plain(X), rel=1e-13)
    slope = (plain(X + 1e-5 * dx) - plain(X - 1e-5 * dx)) / 2e-5
    assert np.sum(gradient * dx) == pytest.approx(slope, rel=1e-7)
    mapped = wg.vmap(f)(np.stack([X, X[::-1]]))
    np.testing.assert_allclose(mapped, [plain(X), plain(X[::-1].copy())])
    gradients = wg.vmap(wg.grad(f))(np.stack([X, X[::-1]]))
    np.testing.assert_allclose(gradients[0], gradient)
    np.testing.assert_allclose(gradients[1], wg.grad(f)(X[::-1].copy()))


def test_masks():
    x = np.array([-1.0, 0.5, 2.0, -3.0])

    def f(x):
        y = x * 1.0
        y[y < 0] = 0.0
        y[y > 1] *= x[1]
        z = x[x < 0]
        return np.sum(y) + np.prod(z)

    np.testing.assert_allclose(wg.grad(f)(x), [-3.0, 1.0 + 2.0, 0.5, -1.0])
    assert wg.jit(f)(x) == pytest.approx(f(x))
    assert wg.jit(f)(-x) == pytest.approx(f(-x))

    def clipped(x):
        y = x * 1.0
        y[y < 0] = 0.0
        y[x > 1] = x[1]
        return y

    np.testing.assert_allclose(wg.vmap(clipped)(np.stack([x, -x])), [clipped(x), clipped(-x)])
    with pytest.raises(DecisionError, match=r"np\.where"):
        wg.vmap(lambda x: np.sum(x[x > 0]))(np.stack([x, x]))


def test_mask_of_a_zero_d_array():
    def f(x):
        y = wnp.array(x) * 1.0
        z = np.zeros_like(y)
        z[y > 0] = y * 2.0
        z[y < 0] = 7.0
        return np.sum(z[z > 1]) + np.sum(z)

    assert wg.grad(f)(3.0) == 4.0


# -- assignment again what was written already -----------------------------------------------------


def equations(f, *args):
    return [eq.primitive.name for eq in wg.trace(f)(*args).equations]


def test_augmented_assignment_of_a_slice_writes_once():
    def f(x):
        y = np.sin(x)
        y[1:] += 2.0
        y[0] *= x[1]
        return y

    names = equations(f, np.ones((3, 2)))
    assert names.count("index_set") == 2, names


def test_augmented_assignment_through_transposed_and_strided_views():
    def f(x):
        y = np.sin(x)
        y.T[1] += x[0, 0]
        y[::2][1] *= 2.0
        y[1:][0][1] -= 3.0
        return y

    x = np.linspace(0.1, 0.9, 12).reshape(3, 4)
    np.testing.assert_allclose(wg.vjp(f, x)[0], f(x))
    assert equations(f, x).count("index_set") <= 4


# -- what loops cost -------------------------------------------------------------------------------


class Copies:
    """Counts the whole buffers that the writing primitives copy."""

    def __init__(self, monkeypatch):
        self.count = 0
        for primitive in (index_set_p, index_add_p, scatter_set_p, scatter_add_p, set_all_p):
            monkeypatch.setattr(primitive, "array", self.counting(primitive.array))
        specialize = index_p.specialize

        def reading(**params):
            read = specialize(**params)

            def index(x):
                return read(x)

            return index

        monkeypatch.setattr(index_p, "specialize", reading)

    def counting(self, array):
        def counted(base, *args, **params):
            self.count += np.size(base)
            return array(base, *args, **params)

        return counted


def recurrence(n):
    def f(x):
        y = wnp.zeros(n)
        y[0] = x[0]
        for i in range(1, n):
            y[i] = 0.5 * y[i - 1] + np.sin(x[i])
        return np.sum(y * y)

    return f


def through_views(n):
    def f(x):
        y = wnp.zeros((2, n))
        flat, turned, row = y.ravel(), y.T, y[1]
        for i in range(1, n):
            flat[i] = x[i] + turned[i - 1, 0]
            row[i] = flat[i] * 0.5
            y.reshape(-1)[n + i - 1] += x[i]
        return np.sum(y * y)

    return f


def accumulation(n):
    def f(x):
        y = wnp.zeros(n)
        for i in range(1, n):
            y[i : i + 2] += x[i]
            y[[i - 1, 0]] = x[i] * y[i]
            np.add.at(y, [i, i], x[i])
            y[np.argmax(x[i - 1 : i + 1])] += 1.0
        return np.sum(y * y)

    return f


def reads(n):
    return lambda x: sum(x[i] * x[n - 1 - i] for i in range(n))


@pytest.mark.parametrize("make", [recurrence, through_views, accumulation, reads])
def test_loops_of_single_elements_copy_buffers_a_fixed_number_of_times(make, monkeypatch):
    """In the forward run, in tangents and in adjoints."""
    copies = Copies(monkeypatch)
    found = []
    for n in (41, 82):
        f = make(n)
        x = np.linspace(0.1, 0.9, n)
        dx = np.cos(np.arange(n))
        copies.count = 0
        gradient = wg.grad(f)(x)
        reverse = copies.count / n
        copies.count = 0
        tangent = wg.jvp(f, (x,), (dx,))[1]
        forward = copies.count / n
        assert np.sum(gradient * dx) == pytest.approx(tangent, rel=1e-12)
        found.append((reverse, forward))
    assert 0 <= max(itertools.chain(*found)) <= 12, found
    assert found[1][0] <= found[0][0]
    assert found[1][1] <= found[0][1]


@pytest.mark.parametrize("make", [recurrence, through_views, accumulation, reads])
def test_linear_programs_of_loops_grow_linearly(make):
    sizes = []
    for n in (20, 40, 80):
        f = make(n)
        program = wg.trace(wg.grad(f))(np.linspace(0.1, 0.9, n))
        cells = sum(
            v.type.size
            for eq in program.equations
            if eq.primitive.in_place is None and not eq.primitive.is_view
            for v in eq.outputs
        )
        sizes.append((len(program.equations), cells))
    for (a, b), (c, d) in itertools.pairwise(sizes):
        assert c <= 2.2 * a, sizes
        assert d <= 2.2 * b, sizes


# -- casting and broadcasting ----------------------------------------------------------------------


def test_values_are_cast_as_numpy_casts_them():
    def f(x):
        y = wnp.zeros(4, np.float32)
        y[0] = x
        y[1:] = np.array([1, 2, 3])
        z = wnp.zeros(2, int)
        z[0] = 2.9
        c = wnp.zeros(2, complex)
        c[1] = x * 1j
        return y, z, c

    y, z, c = wg.vjp(f, 1.5)[0]
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [1.5, 1, 2, 3])
    np.testing.assert_array_equal(z, [2, 0])
    np.testing.assert_array_equal(c, [0, 1.5j])


MESSAGES = {
    "out of bounds": (lambda x: x[3], IndexingError, ["index 3 for axis 0", "from -3 to 2"]),
    "out of bounds, written": (
        lambda x: (x * 1.0).__setitem__((0, 7), 1.0),
        IndexingError,
        ["index 7 for axis 1"],
    ),
    "too many": (lambda x: x[0, 0, 0], IndexingError, ["too many indices", "3 indices for shape"]),
    "two ellipses": (lambda x: x[..., ...], IndexingError, ["more than one Ellipsis"]),
    "float index": (lambda x: x[1.0], IndexingError, ["of the wrong kind", "1.0 of type float"]),
    "traced float index": (
        lambda x: x[x[0, 0]],
        IndexingError,
        ["float64 values", "x.astype(int)"],
    ),
    "mask of another shape": (
        lambda x: x[np.ones(2, bool)],
        IndexingError,
        ["mask of shape (2,) for axes of shape (3,)"],
    ),
    "value of another shape": (
        lambda x: (x * 1.0).__setitem__(0, x[:, 0]),
        ShapeError,
        ["does not fit the selected elements", "a value of shape (3,)", "broadcasts to (4,)"],
    ),
    "values at places": (
        lambda x: (x * 1.0).__setitem__([0, 1], x[:, :3]),
        ShapeError,
        ["broadcasts to (2, 4)"],
    ),
    "complex into real": (
        lambda x: (x * 1.0).__setitem__((0, 0), x[0, 0] * 1j),
        DtypeError,
        ["np.real"],
    ),
    "in-place changes the dtype": (lambda x: x.astype(int).__iadd__(x), DtypeError, ["float64"]),
    "in-place changes the shape": (lambda x: (x[0] * 1.0).__iadd__(x), ShapeError, ["(3, 4)"]),
    "read-only view": (lambda x: np.diagonal(x).__setitem__(0, 1.0), MutationError, ["x.copy()"]),
    "item of many": (lambda x: x.item(), ConversionError, ["one element was asked of an array"]),
    "element number": (lambda x: x.item(12), IndexingError, ["element 12 of an array with 12"]),
    "nonzero of 0-d": (lambda x: np.nonzero(x[0, 0]), WengertError, ["np.atleast_1d"]),
    "copyto cast": (
        lambda x: np.copyto(wnp.zeros(2, int), x[0, :2]),
        DtypeError,
        ["float64 to int64"],
    ),
    "put mode": (
        lambda x: np.put(x * 1.0, [0], 1.0, mode="no"),
        WengertError,
        ["raise, wrap, clip"],
    ),
    "place sizes": (
        lambda x: np.place(x * 1.0, np.ones(2, bool), [1.0]),
        ShapeError,
        ["2 truth values for 12"],
    ),
    "place nothing": (lambda x: np.place(x * 1.0, x > 0, []), WengertError, ["no values"]),
    "fill_diagonal": (lambda x: np.fill_diagonal(x[0] * 1.0, 1.0), ShapeError, ["main diagonal"]),
    "take floats": (lambda x: np.take(x, [0.5]), DtypeError, ["astype(int)"]),
    "along axis rank": (
        lambda x: np.take_along_axis(x, np.array([0]), 1),
        ShapeError,
        ["differ in rank"],
    ),
    "compress": (lambda x: np.compress(np.ones((2, 2)), x), ShapeError, ["not 1-d"]),
    "choose": (lambda x: np.choose([5, 0, 0, 0], [x, x]), WengertError, ["out of bounds"]),
    "select": (
        lambda x: np.select([x > 0], [x, x]),
        WengertError,
        ["one choice for each condition"],
    ),
    "select dtype": (lambda x: np.select([x], [x]), WengertError, ["not boolean"]),
    "ix_": (lambda x: np.ix_(x.astype(int)), ShapeError, ["not 1-d"]),
    "traced ufunc.at": (
        lambda x: np.multiply.at(x * 1.0, np.argsort(x[0]), 2.0),
        WengertError,
        ["np.add and"],
    ),
    "where with one value": (lambda x: np.where(x > 0, x), WengertError, ["where(condition)"]),
    "single truth value": (lambda x: x[np.array(True), 0], IndexingError, ["single truth value"]),
    "traced index of a list": (lambda x: [1, 2][x[0, 0]], WengertError, ["only integers"]),
}


@pytest.mark.parametrize("f, kind, parts", MESSAGES.values(), ids=MESSAGES)
def test_messages(f, kind, parts):
    x = np.linspace(0.1, 0.9, 12).reshape(3, 4)
    with pytest.raises(kind) as caught:
        wg.vjp(f, x)
    text = str(caught.value)
    assert HERE in text
    for part in parts:
        assert part in text


def test_ufunc_at_on_a_scalar_raises():
    with pytest.raises(MutationError, match="scalar"):
        wg.grad(lambda x: np.add.at(x[0], (), 1.0))(np.ones(2))


def test_scalars_are_no_sequences():
    """As in NumPy; and so a store into a plain array raises our error, not one of NumPy's."""
    for f in (lambda x: x[0, 0][0], lambda x: list(x[0, 0]), lambda x: len(x[0, 0])):
        with pytest.raises((TypeError, IndexError)):
            wg.grad(f)(np.ones((2, 2)))
    with pytest.raises(ConversionError, match=r"wengert\.numpy\.zeros"):
        wg.grad(lambda x: np.zeros(2).__setitem__(0, x[0, 0]))(np.ones((2, 2)))
