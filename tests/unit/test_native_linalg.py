"""Products of arrays and linear algebra in native code, against the interpreter."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

import wengert as wg
from wengert.native import engine, library
from wengert.native.executable import Executable
from wengert.ops.linalg import banded
from wengert.ops.linalg.lu import lu_factor, permute_rows, pivots_to_permutation
from wengert.ops.linalg.norm import euclidean
from wengert.ops.linalg.structure import DegenerateSpectrumWarning
from wengert.ops.linalg.triangular import triangular_solve

pytestmark = pytest.mark.skipif(not engine.available(), reason="needs native code")

DTYPES = "dfDF"
SIZES = [(1, 1), (3, 3), (5, 5), (9, 3, 3), (2, 1, 5, 5)]


def numbers(shape, dtype="d", seed=0):
    rng = np.random.default_rng([seed, *shape])
    x = rng.standard_normal(shape)
    if dtype in "DF":
        x = x + 1j * rng.standard_normal(shape)
    return x.astype(dtype)


def general(shape, dtype="d"):
    return numbers(shape, dtype) + (2 * np.eye(shape[-1])).astype(dtype)


def definite(shape, dtype="d"):
    a = numbers(shape, dtype)
    n = shape[-1]
    return (a @ np.conj(np.swapaxes(a, -1, -2)) + n * np.eye(n)).astype(dtype)


def compiled(f, *args):
    program = wg.trace(f)(*args)
    return Executable(program, is_poisoned=True), [*args, *program.captured], program


def outputs_of(result):
    return result if isinstance(result, tuple) else (result,)


def check(f, *args, n_callbacks=0, rtol=None):
    """Native results are the interpreter's, to rounding, and the same at every call."""
    executable, values, program = compiled(f, *args)
    expected = outputs_of(program(*args))
    first = executable.run(values)
    for native, exact in zip(first, expected, strict=True):
        exact = np.asarray(exact)
        single = exact.dtype.char in "fF"
        tolerance = rtol or (2e-4 if single else 1e-10)
        size = np.max(np.abs(exact[np.isfinite(exact)]), initial=1.0)
        assert native.dtype == exact.dtype
        np.testing.assert_allclose(native, exact, rtol=tolerance, atol=tolerance * size)
    for native, again in zip(first, executable.run(values), strict=True):
        assert native.tobytes() == again.tobytes()
    assert executable.n_callbacks == n_callbacks


# -- products --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [3, 7, 60])
def test_matrix_products(n, dtype):
    a, b = numbers((n, n + 1), dtype), numbers((n + 1, n + 2), dtype, 1)
    check(lambda a, b: (a @ b, (b.T @ a.T).T), a, b)


@pytest.mark.parametrize("shape", [(100, 80), (80, 100), (1, 5000), (5000, 1)])
def test_matrix_and_vector(shape):
    a, x, y = numbers(shape), numbers(shape[1:]), numbers(shape[:1])
    check(lambda a, x, y: (a @ x, y @ a, a.T @ y, x @ a.T), a, x, y)


def test_operands_are_read_where_they_lie():
    def f(a, b):
        return (
            a[:60, 20:80] @ b[3:63, ::-1],
            a[::2].T @ b[1::2],
            a.reshape(2, 50, 100)[1] @ b,
            np.broadcast_to(a[0], (100, 100)) @ b,
            a[:, None, :60][:, 0] @ b[:60],
        )

    check(f, numbers((100, 100)), numbers((100, 100), seed=1))


def test_views_of_inputs_are_not_copied():
    executable, _, _ = compiled(lambda a, b: a[:, :80].T @ b, numbers((70, 90)), numbers((70, 80)))
    assert executable.facts.arena_bytes == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((20, 8, 8), (20, 8, 8)),
        ((20, 30, 40), (40, 50)),
        ((30, 40), (5, 40, 50)),
        ((3, 1, 30, 40), (4, 40, 30)),
        ((6, 40), (3, 40, 200)),
        ((3, 200, 40), (40,)),
        ((4, 2, 3), (4, 3, 2)),
    ],
)
def test_stacks_of_products(a, b):
    check(lambda a, b: a @ b, numbers(a), numbers(b, seed=1))


@pytest.mark.parametrize(
    ("subscripts", "a", "b"),
    [
        ("ijk,kl->ijl", (20, 30, 40), (40, 50)),
        ("ijk,ljk->il", (20, 30, 40), (25, 30, 40)),
        ("ijk,jil->kl", (20, 30, 40), (30, 20, 25)),
        ("ijk,jil->lk", (20, 30, 40), (30, 20, 25)),
        ("bqhd,bkhd->bhqk", (2, 20, 3, 16), (2, 24, 3, 16)),
        ("bhqk,bkhd->bqhd", (2, 3, 20, 24), (2, 24, 3, 16)),
        ("nd,kd->nk", (200, 10), (30, 10)),
        ("iajb,jcb->aic", (6, 7, 8, 9), (8, 5, 9)),
        ("ab,cd->acbd", (5, 6), (7, 8)),
    ],
)
def test_contractions(subscripts, a, b):
    check(lambda a, b: np.einsum(subscripts, a, b), numbers(a), numbers(b, seed=1))


def test_products_in_loops_and_gradients():
    w = numbers((30, 30)) * 0.1

    def f(a):
        return wg.scan(lambda c, v: (np.tanh(c @ w.T + v), np.sum(c)), a, numbers((5,)))[0]

    check(lambda a: wg.grad(lambda a: np.sum(f(a) ** 2))(a), numbers((20, 30)))


def test_mixed_dtypes_and_empty_products():
    check(lambda a, b: a @ b, numbers((20, 20), "f"), numbers((20, 20)), rtol=1e-9)
    check(lambda a, b: a @ b, np.arange(200.0).reshape(10, 20), np.arange(400).reshape(20, 20))
    check(lambda a, b: a @ b, numbers((20, 0)), numbers((0, 30)))


# -- systems ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SIZES)
def test_systems_and_inverses(shape, dtype):
    n = shape[-1]
    a, b, v = general(shape, dtype), numbers((*shape[:-1], 2), dtype), numbers((n,), dtype)
    check(lambda a, b, v: (np.linalg.solve(a, b), np.linalg.solve(a, v), np.linalg.inv(a)), a, b, v)


def test_one_matrix_many_right_hand_sides():
    a = general((6, 6))
    check(lambda a, b: np.linalg.solve(a, b), a, numbers((6, 20)))
    check(lambda a, b: wg.vmap(lambda b: np.linalg.solve(a, b))(b), a, numbers((4, 6, 3)))
    check(lambda a, b: np.linalg.solve(a, b), numbers((4, 1, 3, 3)), numbers((5, 3, 2)))


@pytest.mark.parametrize("dtype", "dF")
@pytest.mark.parametrize("shape", SIZES)
def test_triangular_systems(shape, dtype):
    a, b = general(shape, dtype), numbers((*shape[:-1], 2), dtype)
    kinds = [(l, h, u) for l in (True, False) for h in (True, False) for u in (True, False)]
    kinds = kinds if len(shape) == 2 else kinds[::3]
    check(lambda a, b: tuple([triangular_solve(a, b, *kind) for kind in kinds]), a, b)
    check(lambda a, b: triangular_solve(a, b[..., :1], True, True), a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SIZES)
def test_determinants_and_factors(shape, dtype):
    a, s = general(shape, dtype), definite(shape, dtype)
    check(
        lambda a, s: (
            np.linalg.det(a),
            *np.linalg.slogdet(a),
            np.linalg.cholesky(s),
            np.linalg.cholesky(s, upper=True),
        ),
        a,
        s,
    )


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 4)])
def test_lu(shape):
    def f(a, b):
        packed, pivots, order = lu_factor(a)
        return (
            packed,
            pivots,
            order,
            permute_rows(b, order, False),
            permute_rows(b, order, True),
            pivots_to_permutation(pivots, shape[-2]),
        )

    check(f, numbers(shape), numbers((*shape[:-1], 3)))


@pytest.mark.parametrize("dtype", "dD")
def test_banded_systems(dtype):
    ab, b = numbers((4, 7), dtype) + np.eye(4, 7, 1) * 9, numbers((7, 2), dtype)
    check(lambda ab, b: banded.banded_solve(ab, b, 2, 1), ab, b)
    half = np.concatenate([np.full((1, 7), 9.0), numbers((2, 7))]).astype(dtype)
    check(lambda ab, b: banded.hermitian_banded_solve(ab, b, True), half, b)
    check(lambda ab, b: banded.hermitian_banded_solve(ab, b, False), half[::-1].copy(), b)


@pytest.mark.parametrize("dtype", "dD")
@pytest.mark.parametrize(("lower", "upper"), [(2, 1), (0, 2), (1, 0), (3, 3)])
def test_products_with_bands(lower, upper, dtype):
    ab, x, y = (
        numbers((3, lower + upper + 1, 7), dtype),
        numbers((7, 2), dtype),
        numbers((3, 7, 2), dtype),
    )
    check(
        lambda ab, x, y: (
            banded.banded_product(ab, x, lower, upper),
            banded.banded_outer(y, x, lower, upper),
            banded.banded_transpose(ab, lower, upper),
        ),
        ab,
        x,
        y,
    )


@pytest.mark.parametrize("dtype", "dD")
@pytest.mark.parametrize("is_lower", [True, False])
def test_halves_of_bands(is_lower, dtype):
    for depth, n in ((1, 4), (3, 7), (4, 3)):
        half, band = numbers((2, depth, n), dtype), numbers((2 * depth - 1, n), dtype)
        check(
            lambda half, band: (
                banded.hermitian_band(half, is_lower),
                banded.fold_band(band, is_lower),
            ),
            half,
            band,
        )


def test_norms():
    for shape, axes in (((3,), (0,)), ((4, 5), (0, 1)), ((400, 3), (1,)), ((400, 30), (0,))):
        for dtype in "dF":
            check(lambda x: euclidean(x, axes), numbers(shape, dtype))


# -- spectra ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 6, 6)])
def test_hermitian_spectra(shape, dtype):
    s = definite(shape, dtype)
    check(lambda s: (np.linalg.eigvalsh(s), np.linalg.eigvalsh(s, "U")), s)
    check(
        lambda s: (*np.linalg.eigh(s), *np.linalg.eigh(s, "U")),
        s,
        n_callbacks=2 * (dtype in "fF"),
    )


@pytest.mark.parametrize("dtype", "dD")
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 5), (30, 4), (4, 30), (2, 4, 4)])
def test_svd_and_qr(shape, dtype):
    a = numbers(shape, dtype)
    check(
        lambda a: (*np.linalg.svd(a), *np.linalg.svd(a, False), np.linalg.svdvals(a)),
        a,
    )
    check(
        lambda a: (
            *np.linalg.qr(a),
            *np.linalg.qr(a, "complete"),
            np.linalg.qr(a, "r"),
        ),
        a,
    )


def test_single_precision_of_rectangular_factors():
    check(lambda a: (*np.linalg.qr(a), np.linalg.svdvals(a)), numbers((5, 3), "f"))


# -- derivatives -----------------------------------------------------------------------------------

LOSSES = {
    "cholesky": lambda a: np.sum(np.abs(np.linalg.cholesky(a)) ** 2 * 1.5),
    "solve": lambda a: np.sum(np.abs(np.linalg.solve(a, a[..., :2] + 1)) ** 2),
    "inv": lambda a: np.sum(np.abs(np.linalg.inv(a)) ** 2),
    "det": lambda a: np.sum(np.abs(np.linalg.det(a))),
    "slogdet": lambda a: np.sum(np.linalg.slogdet(a)[1] ** 2),
    "eigh": lambda a: np.sum(np.abs(np.linalg.eigh(a)[1]) ** 4) + np.sum(np.linalg.eigh(a)[0]),
    "svd": lambda a: np.sum(np.abs(np.linalg.svd(a, False)[0]) ** 4),
    "qr": lambda a: np.sum(np.abs(np.linalg.qr(a)[1])),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(3, 3), (5, 5), (20, 3, 3)])
def test_gradients(name, shape):
    s = definite(shape)
    program = wg.trace(wg.grad(LOSSES[name]))(s)
    executable = Executable(program, is_poisoned=True)
    expected = program(s)
    size = np.max(np.abs(expected))
    (native,) = executable.run([s, *program.captured])
    np.testing.assert_allclose(native, expected, rtol=1e-7, atol=1e-9 * size)


@pytest.mark.parametrize("name", ["cholesky", "solve", "det"])
def test_complex_gradients(name):
    check(lambda a: wg.grad(LOSSES[name])(a), definite((3, 3), "D"), rtol=1e-8)


def test_second_derivative():
    def f(a):
        return wg.grad(lambda a: np.sum(wg.grad(LOSSES["cholesky"])(a) ** 2))(a)

    check(f, definite((4, 4)), rtol=1e-8)


def test_adjugate_of_a_singular_matrix():
    a = numbers((6, 6))
    a[0] = a[1]
    check(lambda a: wg.grad(LOSSES["det"])(a), a + 0.0, n_callbacks=1, rtol=1e-6)


def test_coinciding_eigenvalues_warn():
    executable, _, program = compiled(wg.grad(LOSSES["eigh"]), definite((5, 5)))
    values = [np.eye(5)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (native,) = executable.run(values)
    assert any(w.category is DegenerateSpectrumWarning for w in caught)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(native, program(*values), atol=1e-12)


# -- failures --------------------------------------------------------------------------------------


def failure_of(f, *args):
    with pytest.raises(np.linalg.LinAlgError) as caught:
        f(*args)
    return caught.value


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (7, 7), (20, 3, 3), (3, 7, 7)])
def test_what_has_no_result_raises_as_in_numpy(shape):
    singular = general(shape)
    singular[..., 0, :] = 0
    singular[..., :, -1] = 0
    b = numbers((*shape[:-1], 1))
    lower = np.tril(general(shape))
    lower[..., shape[-1] // 2, shape[-1] // 2] = 0
    good = definite(shape)
    cases = [
        (np.linalg.solve, (good, b), (singular, b)),
        (np.linalg.inv, (good,), (singular,)),
        (np.linalg.cholesky, (good,), (-good,)),
        (lambda a, b: triangular_solve(a, b, True), (good, b), (lower, b)),
    ]
    for f, fine, args in cases:
        executable, _, program = compiled(f, *fine)
        expected = failure_of(program, *args)
        got = failure_of(executable.run, args)
        assert str(got) == str(expected)
        assert "test_native_linalg.py" in got.__notes__[0]


def test_one_bad_matrix_of_a_stack_fails():
    a = definite((40, 3, 3))
    executable, _, _ = compiled(np.linalg.cholesky, a)
    a[37, 0, 0] = -1
    failure_of(executable.run, [a])
    a[37] = np.eye(3)
    np.testing.assert_allclose(executable.run([a])[0], np.linalg.cholesky(a), atol=1e-12)


def test_determinants_of_singular_matrices():
    for shape in ((3, 3), (7, 7)):
        a = np.ones(shape)
        check(lambda a: (np.linalg.det(a), *np.linalg.slogdet(a)), a)


def test_nan_is_no_failure_where_it_is_none_in_numpy():
    for n in (3, 7):
        a = np.full((n, n), np.nan)
        with np.errstate(invalid="ignore"):
            check(lambda a: (np.linalg.det(a), np.linalg.solve(a, a[:, :1])), a)


def test_empty_matrices():
    check(np.linalg.inv, np.zeros((0, 3, 3)), n_callbacks=1)
    check(np.linalg.cholesky, np.zeros((0, 0)), n_callbacks=1)


# -- the library -----------------------------------------------------------------------------------


def test_scipy_is_imported_only_for_kernels_that_call_it():
    code = """
import sys
import numpy as np
import wengert as wg
from wengert.native.executable import Executable
x = np.ones((3, 3))
Executable(wg.trace(lambda x: x @ x)(x)).run([x])
assert not any(m.startswith("scipy") for m in sys.modules), "imported too early"
y = np.ones((100, 100))
Executable(wg.trace(lambda x: x @ x)(y)).run([y])
assert "scipy.linalg.cython_blas" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_users_number_of_threads_stays():
    found = library.thread_functions()
    if found is None:
        pytest.skip("SciPy's library does not tell its threads")
    get, put = found
    before = get()
    try:
        put(2)
        check(lambda a: a @ a, numbers((100, 100)))
        executable, values, _ = compiled(np.linalg.inv, general((10, 10)))
        executable.run(values)
        assert get() == 2
        failure_of(executable.run, [np.zeros((10, 10))])
        assert get() == 2
    finally:
        put(before)


def test_results_do_not_depend_on_threads():
    found = library.thread_functions()
    if found is None:
        pytest.skip("SciPy's library does not tell its threads")
    get, put = found
    before = get()
    executable, values, _ = compiled(lambda a: (a @ a, np.linalg.inv(a)), numbers((300, 300)))
    results = []
    try:
        for n in (1, 2):
            put(n)
            results.append([x.tobytes() for x in executable.run(values)])
    finally:
        put(before)
    assert results[0] == results[1]


def test_unknown_functions_are_missing():
    assert library.resolve("wg_blas_dnothing") is None
