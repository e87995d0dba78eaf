"""Native rules at sizes that need loops, over axes, dtypes and special values."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from primitives.native import check_compiled
from wengert import numpy as wnp
from wengert.native.compiler import can_compile
from wengert.native.executable import Executable
from wengert.ops.extremes import locate_p, logsumexp
from wengert.ops.indexing import index_add_p
from wengert.trace.tracer import bind

SPECIAL = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 1e300, -1e-310, 2.5, 3.5])
with np.errstate(all="ignore"):
    SINGLE = SPECIAL.astype(np.float32)
SHAPES = [(70, 33), (9, 17, 33), (1000, 3), (40, 40)]


def draw(shape: Any, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def compiled(f: Callable[..., Any], *args: Any, rtol: float = 1e-12) -> Executable:
    """Check `f` at `args`; the Executable."""
    program = wg.trace(f)(*args)
    return check_compiled(program, [*args, *program.captured], rtol, 1.0)


def with_gradient(f: Callable[..., Any], x: Any) -> None:
    """Check several results of `f`, and the gradient of a weighted sum of each, in one Program."""

    results = [np.asarray(v) for v in wg.vjp(f, x)[0]]
    weights = tuple([np.cos(np.arange(1.0 * v.size)).reshape(v.shape) for v in results])

    def both(x: Any) -> Any:
        values, pullback = wg.vjp(f, x)
        return (*values, *pullback(weights))

    compiled(both, x, rtol=1e-11)


# -- structure -------------------------------------------------------------------------------------


def moved(x: Any, axis: int, f: Callable[[Any], Any]) -> Any:
    """`f` applied along the first axis of `x` after `axis` was moved there."""
    return np.moveaxis(f(np.moveaxis(x, axis, 0)), 0, axis)


def along(axis: int) -> Callable[[Any], Any]:
    """Operations along an axis, several in one Program."""

    def f(x: Any) -> Any:
        n = x.shape[axis]
        return (
            np.flip(x, axis) * 2.0,
            np.roll(x, 3, axis) - x,
            np.diff(x, axis=axis),
            np.take(x, np.array([0, -1, n // 2, 0]), axis=axis),
            np.concatenate([x, 2.0 * x, x], axis=axis),
            np.stack([x, np.sqrt(np.abs(x) + 1.0)], axis=axis),
            moved(x, axis, lambda y: y[1::2] * 3.0),
            np.repeat(x, 2, axis=axis),
        )

    return f


def reduced(axis: Any) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        return (
            np.sum(x, axis=axis),
            np.max(x, axis=axis),
            np.min(x, axis=axis, keepdims=True),
            np.var(x, axis=axis),
            (x - np.mean(x, axis=axis, keepdims=True)) * np.sum(x * x, axis=axis, keepdims=True),
            logsumexp(x, axis),
        )

    return f


def running(axis: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        return (
            np.cumsum(x, axis=axis),
            np.cumprod(1.0 + 0.1 * np.tanh(x), axis=axis),
            np.maximum.accumulate(x, axis=axis),
            np.minimum.accumulate(x, axis=axis),
            np.sort(x, axis=axis),
        )

    return f


AXES = [(shape, axis) for shape in SHAPES for axis in range(len(shape))]


@pytest.mark.parametrize("shape, axis", AXES, ids=str)
def test_along_an_axis(shape, axis):
    x = draw(shape)
    compiled(along(axis), x)
    with_gradient(running(axis), x)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reductions_over_axes(shape):
    n = len(shape)
    for axis in [*range(n), (0, n - 1), None]:
        with_gradient(reduced(axis), draw(shape))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100])
def test_sizes_around_the_width_of_vectors(size):
    def f(x: Any) -> Any:
        rows = x * np.arange(1.0, 4.0)[:, None]
        return (
            np.sqrt(x * x + 1.0) - x,
            np.sum(x * x),
            np.sum(rows, axis=0),
            np.sum(rows, axis=1),
            np.cumsum(x[::-1]),
            np.max(x),
            x[::2],
            rows.T,
        )

    with_gradient(f, draw(size))
    compiled(lambda x: (x * np.float32(2.0) + 1, np.sum(x), x.T), draw((size, 3)).astype("f4"))


def test_transposes_and_reshapes():
    def f(x: Any) -> Any:
        return (
            np.transpose(x, (2, 0, 1)) * 2.0,
            np.reshape(x, (17, 9 * 33)) + 1.0,
            np.reshape(x, (33, -1), order="F"),
            np.ravel(np.swapaxes(x, 0, 2)),
            np.broadcast_to(x[:, :1], (4, *x.shape)) * x,
            x[2, ::-2, 5:30:3],
            x[:, None, 3],
        )

    with_gradient(f, draw((9, 17, 33)))


def test_products():
    def f(x: Any) -> Any:
        stack = np.reshape(x[:30], (5, 6, 33))
        return (
            x @ x.T,
            x @ x[0],
            x[:, 0] @ x,
            np.matmul(stack, np.swapaxes(stack, 1, 2)),
            np.matmul(stack, x[:33]),
            np.matmul(stack[:, None], stack[None, :, :33].swapaxes(-1, -2)),
            np.einsum("ij,ik->jk", x, 2.0 * x),
            np.einsum("bij,bkj->bi", stack, stack),
            np.cross(x[:, :3], x[:, 3:6]),
            np.outer(x[0], x[1]),
        )

    with_gradient(f, draw((70, 33)))


def test_triangles_and_diagonals():
    def f(x: Any) -> Any:
        return (
            np.tril(x, -1) @ np.triu(x, 2),
            np.diagonal(x, 3),
            np.diag(x[0]),
            np.trace(x, -2),
            np.linalg.cholesky(x @ x.T + 50.0 * np.eye(40)),
        )

    with_gradient(f, draw((40, 40)))


def test_convolutions():
    def f(x: Any) -> Any:
        short = x[:7]
        modes = ("full", "same", "valid")
        both = [np.convolve(x, short, mode) for mode in modes]
        return (*both, *[np.correlate(short, x, mode) for mode in modes], np.convolve(x, x))

    with_gradient(f, draw(100))


# -- places ----------------------------------------------------------------------------------------


def test_gathers_and_scatters():
    rng = np.random.default_rng(3)
    rows, columns = rng.integers(-70, 70, 200), rng.integers(-33, 33, 200)

    def f(x: Any) -> Any:
        target = wnp.zeros((70, 33)) + x
        target[rows, columns] = np.arange(200.0) * x[0, 0]
        counted = wnp.zeros((70, 33))
        np.add.at(counted, rows, x[:1] * np.arange(200.0)[:, None])
        lists = wnp.zeros((70, 33)) + x
        lists[:, columns] = x[:, :1] * np.arange(200.0)
        return x[rows], x[:, columns], x[rows, columns], target, counted, lists

    with_gradient(f, draw((70, 33)))


def test_places_that_were_computed():
    def f(x: Any) -> Any:
        order = np.argsort(x[:, 0])
        best = np.argmax(x, axis=1)
        return x[order], np.take_along_axis(x, best[:, None], 1), x[5:9][order[:3] % 4]

    with_gradient(f, draw((70, 33)))


def test_small_places_in_registers():
    def f(x: Any, i: Any) -> Any:
        v = np.sum(x, axis=1)
        return v[i], v[i[::-1]] * x[i, 0], np.sum(x[i])

    compiled(f, draw((5, 4)), np.array([4, -5, 0]))


@pytest.mark.parametrize("place", [5, -6, 1000])
def test_places_out_of_bounds_raise(place):
    def reads(x: Any, i: Any) -> Any:
        return x[i]

    def writes(x: Any, i: Any) -> Any:
        y = 1.0 * x
        y[:, i] = 2.0
        return y

    x, good, bad = draw((5, 5)), np.array([1, -5, 4]), np.array([1, place, 0])
    axes = {reads: 0, writes: 1}
    for f, axis in axes.items():
        executable = Executable(wg.trace(f)(x, good))
        np.testing.assert_array_equal(executable.run([x, good])[0], f(wnp.array(x), good))
        with pytest.raises(IndexError, match=f"out of bounds for axis {axis} with size 5"):
            executable.run([x, bad])
        np.testing.assert_array_equal(executable.run([x, good])[0], f(wnp.array(x), good))


def test_masks_have_the_recorded_number_of_elements():
    def f(x: Any, mask: Any) -> Any:
        return x[mask] * 2.0, np.nonzero(mask)

    x = draw((20, 30))
    executable = compiled(lambda x: (x[x > 0.5] * 2.0, np.argwhere(x > 0.5)), x)
    with pytest.raises(wg.errors.ArgumentError, match="number of true elements"):
        executable.run([np.ones_like(x)])


def test_last_writers_and_repeated_sums():
    places = np.array([3, 1, 3, 3, -1, 4, 1])

    def f(x: Any) -> Any:
        y = wnp.zeros(5) + x[0]
        y[places] = x
        z = wnp.zeros((5, 7))
        np.add.at(z, places, np.outer(x, x))
        return y, z

    with_gradient(f, draw(7))


def test_an_update_counts_where_its_index_selects():
    def f(x: Any) -> Any:
        y = 1.0 * x
        y[2:60:3, 5] *= 3.0
        y[:, ::2] += x[:, :17]
        y[3] = 2.0
        return bind(index_add_p, y, x[:4], index=((10, 14, 1),))

    with_gradient(lambda x: (f(x),), draw((70, 33)))


# -- extremes, order, search -----------------------------------------------------------------------


def test_ties_and_nans_of_extremes():
    x = np.array([[1.0, 3.0, 3.0, np.nan], [2.0, 2.0, 2.0, 2.0], [-np.inf, 5.0, 5.0, -0.0]])
    wide = np.tile(x, (1, 10))
    for a, axis in itertools.product((x, wide, wide.T), (0, 1)):
        compiled(
            lambda a, axis=axis: (
                np.argmax(a, axis),
                np.argmin(a, axis),
                *bind(locate_p, a, axes=(axis,), largest=True),
                np.max(a, axis),
                np.maximum.accumulate(a, axis),
            ),
            a,
        )
    rows = np.round(draw((30, 40)))  # many ties
    with_gradient(lambda x: (np.max(x, 0), np.min(x, 1), np.max(x), np.max(x[:, :3], 1)), rows)


@pytest.mark.parametrize("dtype", "f8 f4 c16 c8 i8 i4 i2 i1 u8 u4 u2 u1 b1".split())
def test_orders_of_every_dtype(dtype):
    rng = np.random.default_rng(4)
    x = rng.integers(0, 5, (23, 7)).astype(dtype)
    if dtype[0] == "f":
        x[::3, ::2] = np.nan
        x[1::3, ::2] = -np.inf
    if dtype[0] == "c":
        x[::3, ::2] += 1j * np.nan
        x[1::3] -= 1j
    compiled(
        lambda x: (
            np.argsort(x, axis=0, kind="stable"),
            np.argsort(x, axis=1, kind="stable"),
            np.lexsort((x[:, 0], x[:, 1])),
            np.searchsorted(np.sort(x[:, 2]), x, "left"),
            np.searchsorted(np.sort(x[:, 2]), x, "right"),
        ),
        x,
    )


def test_interpolation():
    knots, values = np.array([0.0, 1.0, 1.0, 2.5, 4.0]), np.array([1.0, 2.0, -np.inf, 3.0, 0.0])
    x = np.array([-1.0, 0.0, 0.5, 1.0, 1.7, 4.0, 5.0, np.nan, np.inf, -np.inf])
    compiled(lambda x: np.interp(x, knots, values), x)
    compiled(lambda x: np.interp(x, knots[:1], values[:1]), x)
    with_gradient(lambda x: (np.interp(x, np.linspace(0, 1, 50), np.sin(np.arange(50))),), draw(99))
    lanes = wg.vmap(lambda x, k, v: np.interp(x, k, v))
    compiled(lanes, draw((4, 9)), np.sort(draw((4, 5))), draw((4, 5)))


# -- numbers ---------------------------------------------------------------------------------------

UNARY: list[Callable[[Any], Any]] = [
    np.negative, np.abs, np.sign, np.floor, np.ceil, np.rint, np.trunc, np.isnan, np.isinf,
    np.isfinite, np.signbit, np.square, np.sqrt, np.conj, np.reciprocal, np.logical_not,
    lambda x: np.round(x, 2), lambda x: np.round(x, -2), lambda x: x.astype(np.float32),
    lambda x: x.astype(np.complex128), np.sinc, lambda x: np.modf(x)[0], lambda x: np.modf(x)[1],
    lambda x: np.frexp(x)[0], lambda x: np.frexp(x)[1], np.spacing, np.deg2rad,
    lambda x: np.where(x > 0, x, 2), lambda x: np.clip(x, -1, 2), lambda x: x > 1,
]  # fmt: skip
BINARY: list[Callable[[Any, Any], Any]] = [
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.fmax, np.fmin,
    np.floor_divide, np.remainder, np.copysign, np.heaviside, np.equal, np.less, np.greater_equal,
    np.logical_and, np.logical_xor, np.logaddexp, np.nextafter, np.hypot, np.arctan2, np.fmod,
    np.bitwise_and, np.left_shift, np.right_shift, np.gcd, np.ldexp,
]  # fmt: skip
VALUES: dict[str, Any] = {
    "f8": SPECIAL,
    "f4": SINGLE,
    "c16": np.stack([SPECIAL, SPECIAL[::-1]], axis=1).reshape(-1).view(complex),
    "i8": np.array([0, 1, -1, 7, -7, 63, 1 << 40, -(1 << 62), np.iinfo(np.int64).min]),
    "i1": np.arange(-128, 128, 17).astype(np.int8),
    "u1": np.arange(0, 256, 17).astype(np.uint8),
    "b1": np.array([True, False, True]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", VALUES)
def test_special_values(dtype):
    x = VALUES[dtype]
    defined = [f for f in UNARY if is_defined(f, x)]
    compiled(lambda x: tuple([f(x) for f in defined]), x, rtol=3e-15)
    y = np.repeat(x, x.size)
    z = np.tile(x, x.size)
    pairs = [f for f in BINARY if is_defined(f, x, x)]
    compiled(lambda y, z: tuple([f(y, z) for f in pairs]), y, z, rtol=3e-15)


def is_defined(f: Callable[..., Any], *args: Any) -> bool:
    """Whether NumPy and the library take these dtypes, and nothing is in half precision."""
    try:
        return can_compile(wg.trace(f)(*args))
    except (TypeError, AttributeError, ValueError, OverflowError, wg.errors.WengertError):
        return False


def test_nothing_is_read_before_it_is_written():
    """Sums of empty rows, products over nothing, and results of size zero."""
    for shape in [(0,), (0, 3), (100, 0), (0, 100), (5, 0, 40)]:
        x = np.zeros(shape)
        for axis in range(x.ndim):
            compiled(
                lambda x, axis=axis: (
                    np.sum(x, axis) / 2.0,
                    np.prod(x, axis),
                    np.any(x, axis),
                    np.cumsum(x, axis),
                    np.sort(x, axis),
                    np.concatenate([x, x + 1.0], axis),
                    np.stack([x, x], axis),
                    x.T * 3.0,
                ),
                x,
            )
    compiled(lambda a, b: a @ b + 1.0, np.ones((100, 0)), np.ones((0, 50)))
    with np.errstate(all="ignore"):
        compiled(lambda x: np.sum(x, 0) / 0.0, np.zeros((0, 2)))


def test_layouts_and_dtypes_of_arguments():
    x = draw((40, 66))
    executable = Executable(wg.trace(lambda x: x * 2.0 + x.T)(draw((33, 33))))
    for view in (x[:33, ::2], x[::-1, ::-2][:33], np.asfortranarray(x[:33, :33])):
        (found,) = executable.run([view])
        np.testing.assert_array_equal(found, view * 2.0 + view.T)
