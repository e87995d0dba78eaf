"""Programs that compiled code once got wrong, or stopped at; found by random ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.native.executable import Executable
from wengert.passes import optimize
from wengert.trace.evaluate import evaluate


def same(f: Callable[..., Any], *args: Any) -> None:
    """Passes and native code compute what the interpreter does."""
    program = wg.trace(f)(*args)
    values = [*args, *program.captured]
    expected = evaluate(program, values)
    made = Executable(program, is_poisoned=True, optimize=optimize)
    for got in (evaluate(optimize(program), values), made.run(values)):
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
            assert np.asarray(a).dtype == np.asarray(b).dtype


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.uniform(-1.0, 1.0, s) for s in shapes]


def distances(u: Any) -> Any:
    centers = u[:7]
    return np.sum((u[:, None, :] - centers[None, :, :]) ** 2, axis=2)


def nearest(u: Any) -> Any:
    return np.sum(np.log1p(np.min(distances(u), axis=1))[:, None] * u)


def farthest(u: Any) -> Any:
    return np.sum(np.sin(np.max(-distances(u), axis=0)))


@pytest.mark.parametrize("size", [2, 3, 9])
@pytest.mark.parametrize("loss", [nearest, farthest])
def test_sums_added_in_memory_with_all_outputs_written_out(loss, size):
    """A loop over terms only took lanes, which would have added to one place."""
    (x,) = arrays((size, 40, 3))
    same(wg.vmap(wg.grad(loss)), x)
    same(wg.grad(lambda u: wg.vmap(loss)(u).sum()), x)


def test_the_row_of_a_single_place_is_known_outside():
    """The place of the largest term along the outermost loop was asked for inside of it."""
    (x,) = arrays((40, 3))
    same(wg.grad(farthest), x)
    (x,) = arrays((3, 40, 3))
    same(wg.grad(lambda u: wg.vmap(farthest)(u).sum()), x)


def test_nothing_of_a_kept_axis_of_a_sum():
    """An empty slice of an axis that a sum kept was made into a sum."""
    (x,) = arrays((7,))
    same(lambda a: np.sum(a, axis=0, keepdims=True)[:0] * 2.0, x)
    same(wg.grad(lambda a: np.sum(np.concatenate([np.sum(a, keepdims=True)[:0], a]) ** 2)), x)


def test_bytes_in_the_other_order():
    """Were read as they are, and compiled into the result's type."""
    native = np.linspace(0.1, 0.9, 5)
    swapped = native.astype(native.dtype.newbyteorder())
    for f in (lambda a: a * 2.0, lambda a: np.sum(np.sin(a)), lambda a: a + swapped):
        for order in ((swapped, native, swapped), (native, swapped, native)):
            j = wg.jit(f)
            for x in order:
                np.testing.assert_array_equal(j(x), f(native))
                assert np.asarray(j(x)).dtype.isnative
    for g in (wg.grad(np.sum), wg.grad(wg.jit(np.sum)), wg.jit(wg.grad(np.sum))):
        np.testing.assert_array_equal(g(swapped), np.ones(5))
    assert wg.trace(np.sin)(swapped).inputs[0].type.dtype.isnative


def test_arrays_that_are_not_aligned():
    raw = np.zeros(41, np.uint8)[1:]
    x = raw.view(np.float64)
    x[:] = np.arange(5.0)
    assert not x.flags.aligned
    for f in (lambda a: a * 2.0 + x, lambda a: np.cumsum(a)):
        j = wg.jit(f)
        for _ in range(3):
            np.testing.assert_array_equal(j(x), f(x))


def test_products_whose_columns_are_split_by_the_rows():
    """A stack that one operand of a product has, larger than that operand's matrices are wide."""
    x, y = arrays((16, 8), (3, 8, 2))
    same(lambda a, b: a @ np.sin(b), x, y)
    same(np.matmul, x, np.ascontiguousarray(np.swapaxes(y, 1, 2)).swapaxes(1, 2))
    same(lambda a, b: np.einsum("ik,jkc->jic", a, b), x, y)

    def gram(a: Any) -> Any:
        u = a.reshape(2, -1)
        return u @ u.T * 0.125

    (x,) = arrays((3, 16))
    same(wg.vmap(wg.jacfwd(gram)), x)
