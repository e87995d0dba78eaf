"""Products: which primitive does the work, dtypes, buffers, and shapes of derivatives' Programs."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.ops.convolution import convolve_window
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import record_function
from wengert.types import Type

rng = np.random.default_rng(0)


def program_of(f: Any, *shapes: tuple[int, ...]) -> Any:
    """`f` recorded without values on float64 arguments."""
    return record_function(f, [Type(shape, float) for shape in shapes], "a test")[0]


def primitives(program: Any) -> list[str]:
    return [eq.primitive.name for eq in program.equations]


# -- which primitive -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subscripts, shapes",
    [
        ("ij,jk->ik", ((2, 3), (3, 4))),
        ("ij,kj->ik", ((2, 3), (4, 3))),
        ("ij,jk->ki", ((2, 3), (3, 4))),
        ("ji,kj->ik", ((3, 2), (4, 3))),
        ("ij,j", ((2, 3), (3,))),
        ("i,ij", ((2,), (2, 3))),
        ("i,i", ((3,), (3,))),
    ],
)
def test_an_einsum_that_is_a_matrix_product_is_recorded_as_one(
    subscripts: str, shapes: tuple[tuple[int, ...], ...]
) -> None:
    names = primitives(program_of(lambda a, b: np.einsum(subscripts, a, b), *shapes))
    assert set(names) <= {"dot", "transpose"}
    assert names.count("dot") == 1


def test_three_operands_are_multiplied_in_the_cheapest_order() -> None:
    program = program_of(
        lambda a, b, c: np.einsum("ij,jk,k->i", a, b, c), (50, 50), (50, 50), (50,)
    )
    assert primitives(program) == ["dot", "dot"]
    assert sum(eq.primitive.cost(*costs_of(eq)) for eq in program.equations) == 2 * 2 * 50 * 50


def costs_of(eq: Any) -> Any:
    return [a.type for a in eq.inputs], [v.type for v in eq.outputs]


def test_an_axis_that_only_one_operand_has_is_summed_before_the_product() -> None:
    program = program_of(lambda a, b: np.einsum("ij,ik->i", a, b), (3, 40), (3, 50))
    assert primitives(program) == ["sum", "sum", "einsum"]
    assert program.equations[-1].params["subscripts"] == "a,a->a"


def test_the_adjoint_of_a_matrix_product_is_two_matrix_products() -> None:
    def adjoint(a: Any, b: Any, ct: Any) -> Any:
        return wg.vjp(np.dot, a, b)[1](ct)

    program = program_of(adjoint, (2, 3), (3, 4), (2, 4))
    assert primitives(program).count("dot") in (2, 3)  # the value itself may be left in
    assert set(primitives(program)) <= {"dot", "transpose"}


def test_an_operand_without_the_batch_axis_is_not_repeated() -> None:
    weights = rng.normal(size=(4, 2))
    program = wg.trace(wg.vmap(lambda x: x @ weights))(np.ones((100, 4)))
    assert primitives(program) == ["dot"]
    assert program.out_types == (Type((100, 2), float),)
    program = wg.trace(wg.vmap(lambda x: weights @ x))(np.ones((100, 2)))
    assert primitives(program) == ["dot"]
    program = wg.trace(wg.vmap(lambda x, y: x @ y))(np.ones((100, 3, 4)), np.ones((100, 4)))
    assert primitives(program) == ["einsum"]


def test_a_sum_over_the_batch_in_an_adjoint_is_one_product() -> None:
    def adjoint(w: Any, x: Any, ct: Any) -> Any:
        return wg.vjp(lambda w: x @ w, w)[1](ct)

    program = program_of(adjoint, (4, 2), (100, 3, 4), (100, 3, 2))
    assert max(v.type.size for eq in program.equations for v in eq.outputs) <= 100 * 3 * 4
    assert "broadcast_to" not in primitives(program)


def test_kron_of_identities_does_not_make_the_products_of_its_derivative() -> None:
    program = program_of(lambda a, b: wg.grad(lambda a: np.sum(np.kron(a, b)))(a), (3, 3), (4, 4))
    assert primitives(program).count("einsum") <= 2


# -- dtypes ----------------------------------------------------------------------------------------

DTYPES = "bool int8 uint8 int64 float16 float32 float64 complex64 complex128".split()
BINARY: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = [
    (np.dot, (2, 3), (3,)),
    (np.dot, (), (3,)),
    (np.dot, (2, 2, 3), (2, 3, 2)),
    (np.matmul, (2, 2, 3), (3, 2)),
    (np.inner, (3,), (3,)),
    (np.outer, (2,), (3,)),
    (np.vdot, (3,), (3,)),
    (np.kron, (2,), (2, 2)),
    (np.tensordot, (2, 3), (2, 3)),
    (np.vecdot, (2, 3), (3,)),
    (np.matvec, (2, 2, 3), (2, 3)),
    (np.vecmat, (2, 3), (3, 2)),
    (np.convolve, (3,), (2,)),
    (np.correlate, (3,), (2,)),
    (lambda a, b: np.einsum("ij,jk", a, b), (2, 1), (3, 2)),
    (lambda a, b: np.einsum("ij,ij->j", a, b), (2, 3), (2, 3)),
]


def draw(shape: tuple[int, ...], dtype: Any) -> Any:
    dtype = np.dtype(dtype)
    if dtype.kind in "biu":
        return np.asarray(rng.integers(0, 5, shape)).astype(dtype)
    x = rng.uniform(-1, 1, shape)
    return np.asarray(x + 1j * rng.uniform(-1, 1, shape) if dtype.kind == "c" else x).astype(dtype)


@pytest.mark.parametrize("f, left, right", BINARY)
def test_dtypes_are_numpys(f: Any, left: Any, right: Any) -> None:
    for dtypes in itertools.product(DTYPES, DTYPES):
        args = [draw(left, dtypes[0]), draw(right, dtypes[1])]
        expected = np.asarray(f(*args))
        program, _ = record_function(f, [Type(a.shape, a.dtype) for a in args], "a test")
        (found,) = evaluate(program, args)
        assert program.out_types == (Type(expected.shape, expected.dtype),)
        assert found.dtype == expected.dtype
        eps = np.finfo(expected.dtype).eps if expected.dtype.kind in "fc" else 0
        np.testing.assert_allclose(found, expected, rtol=20 * eps, atol=20 * eps)


def test_the_cross_product_of_booleans_is_refused_as_in_numpy() -> None:
    with pytest.raises(TypeError, match="cross: booleans cannot be subtracted"):
        record_function(np.cross, [Type((3,), bool)] * 2, "a test")


def test_a_gradient_through_an_integer_operand() -> None:
    counts = np.arange(6).reshape(2, 3)
    gradient = wg.grad(lambda x: np.sum(counts @ x))(np.ones(3, np.float32))
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, [3, 5, 7])


# -- cross products of pairs -----------------------------------------------------------------------


@pytest.mark.parametrize("n, m", [(2, 2), (2, 3), (3, 2)])
def test_vectors_of_two_components(n: int, m: int) -> None:
    a, b = rng.normal(size=(4, n)), rng.normal(size=(4, m))
    with pytest.warns(DeprecationWarning, match="Arrays of 2-dimensional vectors are deprecated"):
        value, pullback = wg.vjp(np.cross, a, b)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(value, np.cross(a, b), rtol=1e-14)
        jacobian = wg.jacobian(np.cross)(a[0], b[0])
        step = 1e-6 * np.eye(n)
        differences = [(np.cross(a[0] + e, b[0]) - np.cross(a[0] - e, b[0])) / 2e-6 for e in step]
    np.testing.assert_allclose(jacobian, np.stack(differences, axis=-1), atol=1e-9)


# -- writing ---------------------------------------------------------------------------------------


def test_results_go_into_buffers_of_the_recording() -> None:
    def f(a: Any) -> Any:
        buffer = a * 0.0
        returned = np.dot(a, a, out=buffer)
        assert returned is buffer
        np.matmul(buffer, a, out=buffer)
        return np.sum(buffer)

    a = rng.normal(size=(3, 3))
    value, gradient = wg.value_and_grad(f)(a)
    np.testing.assert_allclose(value, np.sum(a @ a @ a))
    expected = wg.grad(lambda a: np.sum(a @ a @ a))(a)
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda a, out: np.dot(a, a, out=out),
        lambda a, out: np.matmul(a, a, out=out),
        lambda a, out: np.einsum("ij,jk", a, a, out=out),
        lambda a, out: np.outer(a[0], a[0], out=out),
    ],
)
def test_a_plain_buffer_is_refused(f: Any) -> None:
    out = np.zeros((2, 2))
    with pytest.raises(TypeError, match=r"wengert\.numpy\.zeros"):
        wg.grad(lambda a: np.sum(f(a, out)))(np.ones((2, 2)))


def test_in_place_product() -> None:
    def f(a: Any, b: Any) -> Any:
        a = a * 1.0
        alias = a[0]
        a @= b
        return np.sum(alias**2)

    a, b = rng.normal(size=(2, 3)), rng.normal(size=(3, 3))
    assert wg.value_and_grad(f)(a, b)[0] == pytest.approx(np.sum((a @ b)[0] ** 2))
    found = wg.grad(f, argnums=(0, 1))(a, b)[1]
    np.testing.assert_allclose(found, np.outer(a[0], 2 * (a @ b)[0]), rtol=1e-12)


# -- convolution -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n, m", [(1, 1), (4, 2), (2, 4), (40, 3), (70, 40)])
def test_windows_of_a_convolution(n: int, m: int) -> None:
    a, v = rng.normal(size=n), rng.normal(size=m)
    full = np.concatenate([np.zeros(100), np.convolve(a, v), np.zeros(100)])
    for start, length in [(0, n + m - 1), (-3, 5), (1, n), (m - 1, n), (n + m, 2), (0, 0), (-9, 4)]:
        expected = full[100 + start : 100 + start + length]
        np.testing.assert_allclose(convolve_window(a, v, start, length), expected, atol=1e-12)
        stacked = convolve_window(np.stack([a, 2 * a])[:, None], v, start, length)
        np.testing.assert_allclose(stacked[1, 0], 2 * expected, atol=1e-12)


def test_a_convolution_costs_what_its_window_needs() -> None:
    program = program_of(lambda a, v: np.convolve(a, v, "valid"), (100,), (10,))
    (equation,) = program.equations
    assert equation.primitive.cost(*costs_of(equation), **equation.params) == 2 * 91 * 10


# -- source text -----------------------------------------------------------------------------------


def run_source(f: Any, *args: Any) -> Any:
    program = wg.trace(f)(*args)
    namespace: dict[str, Any] = {}
    exec(program.source("recorded"), namespace)
    return namespace["recorded"](*args, *program.captured)


@pytest.mark.parametrize(
    "f, shapes",
    [
        (lambda a, b: np.einsum("bij,bkj->bik", a, b), ((2, 3, 4), (2, 2, 4))),
        (lambda a, b: np.matmul(a, b), ((2, 3, 4), (4, 2))),
        (lambda a, b: np.dot(a, b), ((3, 4), (4,))),
        (lambda a, b: np.cross(a, b), ((2, 3), (3,))),
        (lambda a, b: np.convolve(a, b, "same"), ((4,), (3,))),
        (lambda a, b: np.correlate(a, b, "full"), ((4,), (3,))),
        (wg.vmap(np.convolve), ((2, 4), (2, 3))),
        (lambda a, b: np.interp(a, np.sort(b), b), ((4,), (3,))),
        (wg.vmap(lambda a, b: np.interp(a, np.sort(b), b)), ((2, 4), (2, 3))),
        (wg.vmap(lambda a, b: np.searchsorted(np.sort(a), b)), ((2, 4), (2, 3))),
        (wg.vmap(lambda a, b: np.digitize(a, np.sort(b))), ((2, 4), (2, 3))),
        (lambda a, b: np.lexsort((a, b)), ((4,), (4,))),
        (lambda a, b: np.partition(a, 1) * np.argpartition(b, 2), ((4,), (4,))),
    ],
)
def test_the_source_of_a_program_runs(f: Any, shapes: Any) -> None:
    args = [rng.normal(size=shape) for shape in shapes]
    np.testing.assert_allclose(run_source(f, *args), f(*args), rtol=1e-13)
