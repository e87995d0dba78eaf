"""Linear algebra beyond the generated cases: errors, kinks, degenerate spectra, edges."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, DtypeError, MissingRuleError, ShapeError
from wengert.ops.linalg import cholesky, determinant
from wengert.ops.linalg import solve as systems
from wengert.ops.linalg.structure import DegenerateSpectrumWarning

RNG = np.random.default_rng(5)
A = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
DA = RNG.normal(size=(4, 4))
B = RNG.normal(size=(4, 2))


def along(f: Callable[..., Any], x: Any, dx: Any) -> Any:
    return wg.jvp(f, (x,), (dx,))[1]


def symmetric(a: np.ndarray) -> np.ndarray:
    return (a + a.T) / 2


def differences(f: Callable[[float], Any], h: float = 1e-3) -> Any:
    """Central differences at 0, extrapolated."""
    coarse = (f(h) - f(-h)) / (2 * h)
    fine = (f(h / 2) - f(-h / 2)) / h
    return (4 * fine - coarse) / 3


class TestErrors:
    def test_not_square(self) -> None:
        with pytest.raises(ShapeError) as error:
            wg.grad(lambda a: np.sum(np.linalg.solve(a, a)))(np.ones((2, 3)))
        text = str(error.value)
        assert "solve: the matrix is not square." in text
        assert "float64[2, 3]" in text
        assert "[..., n, n]" in text
        assert "test_linalg.py" in text
        assert "np.linalg.lstsq" in text

    @pytest.mark.parametrize(
        "f",
        [
            np.linalg.inv, np.linalg.det, np.linalg.slogdet, np.linalg.cholesky, np.linalg.eigh,
            np.linalg.eigvalsh, np.linalg.eig, np.linalg.eigvals,
            lambda a: np.linalg.matrix_power(a, 2), lambda a: np.linalg.cond(a, 1),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("shape", [(2, 3), (3,)])
    def test_caught_as_numpys_error(self, f: Callable[..., Any], shape: tuple[int, ...]) -> None:
        with pytest.raises(np.linalg.LinAlgError):
            wg.vjp(f, np.ones(shape))

    def test_no_matrix(self) -> None:
        with pytest.raises(ShapeError, match="qr: the operand is no matrix"):
            wg.vjp(np.linalg.qr, np.ones(3))

    def test_sizes_that_do_not_fit(self) -> None:
        with pytest.raises(
            ShapeError, match="solve: the sizes of the matrices do not fit"
        ) as error:
            wg.vjp(np.linalg.solve, A, np.ones(3))
        assert "a: float64[4, 4], b: float64[3]" in str(error.value)
        with pytest.raises(ShapeError, match="lstsq: the sizes of the matrices do not fit"):
            wg.vjp(lambda a: np.linalg.lstsq(a, np.ones(3))[0], A)
        with pytest.raises(ShapeError, match="solve: the stacks of matrices do not broadcast"):
            wg.vjp(np.linalg.solve, np.stack([A] * 2), np.stack([B] * 3))

    @pytest.mark.parametrize(
        "f, a",
        [
            (lambda a: np.linalg.solve(a, B), np.ones((4, 4))),
            (lambda a: np.linalg.solve(a, B), np.ones((2, 4, 4))),
            (np.linalg.inv, np.zeros((2, 2))),
            (np.linalg.cholesky, -np.eye(3)),
        ],
    )
    def test_singular(self, f: Callable[..., Any], a: np.ndarray) -> None:
        with pytest.raises(np.linalg.LinAlgError) as expected:
            f(a)
        for run in (wg.vjp, lambda f, a: wg.jvp(f, (a,), (a,)), lambda f, a: wg.vmap(f)(a[None])):
            with pytest.raises(np.linalg.LinAlgError) as error:
                run(f, a)
            assert str(error.value) == str(expected.value)

    def test_dtype(self) -> None:
        with pytest.raises(DtypeError, match="inv: LAPACK does not have this dtype") as error:
            wg.vjp(np.linalg.inv, A.astype(np.float16))
        assert "float16" in str(error.value)
        assert "x.astype(np.float64)" in str(error.value)

    def test_options(self) -> None:
        with pytest.raises(ArgumentError, match="eigh: UPLO names no triangle") as error:
            wg.vjp(lambda a: np.linalg.eigh(a, "X"), A)
        assert "'L' or 'U'" in str(error.value)
        with pytest.raises(ArgumentError, match="qr: there is no such mode"):
            wg.vjp(lambda a: np.linalg.qr(a, mode="thin"), A)
        with pytest.raises(MissingRuleError, match=r"Householder vectors .* have no derivative"):
            wg.vjp(lambda a: np.linalg.qr(a, mode="raw"), A)

    @pytest.mark.parametrize(
        "f, text",
        [
            (lambda a: np.linalg.norm(a, "nuc", axis=0), "not defined for vectors"),
            (lambda a: np.linalg.norm(a, 3), "not defined for matrices"),
            (lambda a: np.linalg.norm(a, axis=5), "norm: the array has no such axis"),
            (lambda a: np.linalg.norm(a, axis=(0, 0)), "the two axes are the same"),
            (lambda a: np.linalg.norm(a[None], 1), "neither one nor two"),
            (lambda a: np.linalg.matrix_power(a, 0.5), "the exponent is no integer"),
            (lambda a: np.linalg.multi_dot([a]), "there are too few factors"),
            (lambda a: np.linalg.tensorinv(a, 0), "ind must be positive"),
        ],
    )
    def test_arguments(self, f: Callable[..., Any], text: str) -> None:
        with pytest.raises(ArgumentError, match=text):
            wg.vjp(f, A)

    @pytest.mark.parametrize(
        "f, text",
        [
            (lambda a: np.linalg.matrix_norm(a[0]), "matrix_norm: the operand is no matrix"),
            (lambda a: np.linalg.multi_dot([a, a[0], a]), "multi_dot: a factor is no matrix"),
            (lambda a: np.linalg.tensorsolve(a[:2], np.ones(2)), "the tensor is not square"),
            (lambda a: np.linalg.tensorinv(a[:2], 1), "tensorinv: the tensor is not square"),
            (lambda a: np.linalg.matrix_transpose(a[0]), "matrix_transpose: the operand is no"),
        ],
    )
    def test_shapes(self, f: Callable[..., Any], text: str) -> None:
        with pytest.raises(ShapeError, match=text):
            wg.vjp(f, A)


class TestResults:
    def test_named_tuples(self) -> None:
        found = {}

        def f(a: Any) -> Any:
            for name in ("eigh", "eig", "svd", "qr", "slogdet"):
                found[name] = type(getattr(np.linalg, name)(a))
            return np.sum(a)

        wg.grad(f)(A)
        assert found == {name: type(getattr(np.linalg, name)(A)) for name in found}
        assert wg.grad(lambda a: np.linalg.slogdet(a).logabsdet)(A) == pytest.approx(
            np.linalg.inv(A).T
        )

    def test_integers(self) -> None:
        m = np.array([[2, 1], [1, 3]])
        x = wg.grad(lambda b: np.sum(np.linalg.solve(m, b)))(np.ones(2))
        assert x == pytest.approx(np.linalg.solve(m.T, np.ones(2)))
        value, _ = wg.vjp(lambda b: np.linalg.inv(m) * b, np.float64(1.0))
        assert value.dtype == np.float64

    def test_mixed_precision(self) -> None:
        b = np.ones(4, np.float32)
        value, pullback = wg.vjp(np.linalg.solve, A, b)
        assert value.dtype == np.float64
        assert [ct.dtype for ct in pullback(value)] == [np.float64, np.float32]

    @pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3), (2, 0, 0)])
    def test_empty(self, shape: tuple[int, ...]) -> None:
        a = np.zeros(shape)
        for f in (
            np.linalg.inv, np.linalg.det, np.linalg.cholesky, np.linalg.eigh, np.linalg.qr,
            np.linalg.svdvals, np.linalg.slogdet, lambda a: np.linalg.solve(a, a),
        ):  # fmt: skip
            expected = f(a)
            value, pullback = wg.vjp(f, a)
            first = value if isinstance(value, (np.ndarray, np.generic)) else value[0]
            reference = expected if isinstance(expected, (np.ndarray, np.generic)) else expected[0]
            assert first.shape == reference.shape
            assert pullback(value)[0].shape == shape

    def test_rank_is_a_constant(self) -> None:
        low = np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
        assert int(wg.vjp(np.linalg.matrix_rank, low)[0]) == 1
        assert wg.grad(lambda a: np.linalg.matrix_rank(a) * np.sum(a))(low) == pytest.approx(1.0)
        tolerant = wg.vmap(lambda a: np.linalg.matrix_rank(a, tol=100.0))(low[None])
        assert tolerant.tolist() == [0]
        assert int(wg.vjp(lambda a: np.linalg.matrix_rank(a, rtol=1e-3), np.ones(3))[0]) == 1

    def test_condition_of_a_singular_matrix(self) -> None:
        with np.errstate(divide="ignore"):
            assert wg.vjp(np.linalg.cond, np.diag([1.0, 0.0]))[0] == np.inf

    def test_real_and_complex_eigenvalues(self) -> None:
        turn = np.array([[0.0, -1.0], [1.0, 0.0]])
        assert wg.vjp(np.linalg.eigvals, turn)[0].dtype == complex
        assert wg.vjp(np.linalg.eigvals, A @ A.T)[0].dtype == float
        assert wg.vmap(np.linalg.eigvals)((A @ A.T)[None]).dtype == complex  # nothing to decide on
        w, v = wg.vjp(np.linalg.eig, A @ A.T)[0]
        assert (w.dtype, v.dtype) == (float, float)

    def test_one_factorization_serves_value_and_derivatives(self, monkeypatch: Any) -> None:
        count = 0
        factor, *others = systems.lu_routines(np.dtype(float))

        def counted(a: Any) -> Any:
            nonlocal count
            count += 1
            return factor(a)

        for module in (systems, determinant):
            monkeypatch.setattr(module, "lu_routines", lambda dtype: (counted, *others))
        b = B[:, 0]
        jacobian = wg.jacrev(lambda a: np.linalg.solve(a, b))(A)
        assert count == 1
        inverse, x = np.linalg.inv(A), np.linalg.solve(A, b)
        assert jacobian == pytest.approx(-np.einsum("ij,k->ijk", inverse, x), abs=1e-12)
        for f in (np.linalg.det, lambda a: np.linalg.slogdet(a)[1]):
            count = 0
            wg.value_and_grad(f)(A)
            assert count == 1

    def test_unread_triangle(self) -> None:
        p = A @ A.T
        for f in (np.linalg.cholesky, np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[1][0]):
            g = wg.grad(lambda a, f=f: np.sum(np.sin(f(a))))(p)
            assert np.all(np.triu(g, 1) == 0)
            assert np.all(np.tril(g, -1)[np.tril_indices(4, -1)] != 0)
        for f in (
            lambda a: np.linalg.cholesky(a, upper=True),
            lambda a: np.linalg.eigvalsh(a, "U"),
        ):
            g = wg.grad(lambda a, f=f: np.sum(np.sin(f(a))))(p)
            assert np.all(np.tril(g, -1) == 0)
            assert np.all(g[np.triu_indices(4, 1)] != 0)

    def test_imaginary_diagonal_is_not_read(self) -> None:
        p = (A @ A.T).astype(complex) + 0.1j * np.diag([1.0, 2.0, 3.0, 4.0])
        for f in (np.linalg.cholesky, np.linalg.eigvalsh):
            g = wg.grad(lambda a, f=f: np.sum(np.abs(f(a)) ** 2))(p)
            assert np.all(np.diagonal(g).imag == 0)


class TestDeterminant:
    @pytest.mark.parametrize("rank", [3, 2, 1, 0])
    def test_singular_matrices(self, rank: int) -> None:
        """The gradient is the matrix of cofactors, whatever the rank."""
        m = RNG.normal(size=(4, rank)) @ RNG.normal(size=(rank, 4))
        cofactors = np.array(
            [
                [
                    (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(m, i, 0), j, 1))
                    for j in range(4)
                ]
                for i in range(4)
            ]
        )
        assert wg.grad(np.linalg.det)(m) == pytest.approx(cofactors, abs=1e-12)

    @pytest.mark.parametrize("rank", [4, 3, 2, 1, 0])
    @pytest.mark.parametrize("kind", [float, complex])
    def test_second_derivative_of_singular_matrices(self, rank: int, kind: type) -> None:
        """det(m + t d) is a polynomial in t, whose coefficients are known from its values."""
        m = (RNG.normal(size=(4, rank)) @ RNG.normal(size=(rank, 4))).astype(kind)
        d = RNG.normal(size=(4, 4)).astype(kind)
        if kind is complex:
            m, d = m * (1 + 0.5j), d + 1j * RNG.normal(size=(4, 4))
        t = np.arange(-2.0, 3.0)
        values = [np.linalg.det(m + s * d) for s in t]
        coefficients = np.linalg.solve(np.vander(t).astype(kind), np.array(values))
        second = along(lambda a: along(np.linalg.det, a, d), m, d)
        assert second == pytest.approx(2 * coefficients[2], abs=1e-9)
        assert along(np.linalg.det, m, d) == pytest.approx(coefficients[3], abs=1e-9)
        if kind is float:
            reverse = np.sum(wg.hvp(np.linalg.det, (m,), (d,)) * d)
            assert reverse == pytest.approx(2 * coefficients[2], abs=1e-9)

    def test_third_derivative(self) -> None:
        t = np.arange(-2.0, 3.0)
        coefficients = np.linalg.solve(np.vander(t), [np.linalg.det(A + s * DA) for s in t])
        third = along(lambda a: along(lambda b: along(np.linalg.det, b, DA), a, DA), A, DA)
        assert third == pytest.approx(6 * coefficients[1], rel=1e-9)

    def test_ill_conditioned(self) -> None:
        """diag(1, 1, 1e-9): the cofactors are 1e-9, 1e-9 and 1, to full relative accuracy."""
        q, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
        m = q @ np.diag([1.0, 1.0, 1e-9]) @ q.T
        expected = np.linalg.det(q) ** 2 * (q @ np.diag([1e-9, 1e-9, 1.0]) @ q.T)
        assert wg.grad(np.linalg.det)(m) == pytest.approx(expected, abs=5e-15)

    def test_large_ill_conditioned(self) -> None:
        """Derivatives by singular values agree with those by the inverse."""
        m = np.stack([np.eye(40) * 1.1 + 0.01 * RNG.normal(size=(40, 40)) for _ in range(2)])
        e = RNG.normal(size=(2, 40, 40))
        gradient, second = wg.grad(lambda a: np.sum(np.linalg.det(a)))(m), None
        det, inverse = np.linalg.det(m)[:, None, None], np.linalg.inv(m)
        left = inverse @ e
        second = det * (np.trace(left, axis1=1, axis2=2)[:, None, None] * inverse - left @ inverse)
        assert gradient == pytest.approx(np.swapaxes(det * inverse, 1, 2))
        swap = np.swapaxes
        assert determinant._adjugate_by_svd(m) == pytest.approx(det * inverse, abs=1e-9)
        assert along(wg.grad(lambda a: np.sum(np.linalg.det(a))), m, e) == pytest.approx(
            swap(second, 1, 2), abs=1e-8
        )
        original = determinant._WELL_CONDITIONED
        try:
            determinant._WELL_CONDITIONED = 0.0
            by_svd = determinant._adjugate_derivative(m, e)
        finally:
            determinant._WELL_CONDITIONED = original
        assert by_svd == pytest.approx(second, abs=1e-8)

    def test_logarithm_at_a_singular_matrix(self) -> None:
        for m in (np.zeros((2, 2)), np.stack([np.zeros((2, 2)), np.eye(2)])):
            (sign, logarithm), pullback = wg.vjp(lambda a: tuple(np.linalg.slogdet(a)), m)
            assert np.all(np.isneginf(np.ravel(logarithm)[:1]))
            g = pullback((sign, np.ones_like(logarithm)))[0]
            assert np.all(np.isnan(g.reshape(-1, 2, 2)[0]))
            assert g.reshape(-1, 2, 2)[1:] == pytest.approx(np.eye(2)[None] if g.ndim > 2 else 0)

    def test_phase(self) -> None:
        m = A + 1j * DA
        sign = along(lambda a: np.linalg.slogdet(a)[0], m, 1j * m)
        # det(e^{it} m) = e^{4it} det(m)
        assert sign == pytest.approx(4j * np.linalg.slogdet(m)[0])


class TestCholeskyInBlocks:
    """Matrices larger than a block, where the adjoint undoes the factorization step by step."""

    @pytest.mark.parametrize("n", [64, 65, 150])
    @pytest.mark.parametrize("kind", ["real", "complex"])
    def test_adjoint(self, n: int, kind: str) -> None:
        def draw() -> Any:
            z = RNG.normal(size=(n, n))
            return z + 1j * RNG.normal(size=(n, n)) if kind == "complex" else z

        z, e, ct = draw(), draw(), np.tril(draw())
        p = z @ np.conj(z.T) / n + np.eye(n)
        l, dl = wg.jvp(np.linalg.cholesky, (p,), (e,))
        (g,) = wg.vjp(np.linalg.cholesky, p)[1](ct)
        h = np.tril(e, -1) + np.conj(np.tril(e, -1).T) + np.diag(np.diag(e).real)
        assert dl @ np.conj(l.T) + l @ np.conj(dl.T) == pytest.approx(h, abs=1e-10)
        assert np.all(np.triu(dl, 1) == 0)
        assert np.all(np.triu(g, 1) == 0)
        left, right = np.vdot(ct, dl).real, np.vdot(g, e).real
        assert left == pytest.approx(right, rel=1e-11)
        stacked = cholesky._pull(l, np.stack([ct, 2 * ct]))
        assert stacked[1] == pytest.approx(2 * g)
        by_stack = cholesky._pull(l[None], ct[None])[0]
        assert by_stack == pytest.approx(g, abs=1e-10)


class TestNorms:
    @pytest.mark.parametrize("order", [None, 1, 2, 3, np.inf])
    def test_vector_at_zero(self, order: Any) -> None:
        def f(x: Any) -> Any:
            return np.linalg.norm(x, order)

        assert wg.grad(f)(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
        assert np.all(np.isfinite(wg.jvp(f, (np.zeros(3),), (np.ones(3),))[1]))

    @pytest.mark.parametrize("order", ["fro", "nuc", 2])
    def test_matrix_at_zero(self, order: Any) -> None:
        g = wg.grad(lambda x: np.linalg.norm(x, order))(np.zeros((3, 2)))
        assert np.all(g == 0)

    def test_second_order(self) -> None:
        x = RNG.normal(size=3)
        n = np.linalg.norm(x)
        expected = (np.eye(3) - np.outer(x, x) / n**2) / n
        assert wg.hessian(np.linalg.norm)(x) == pytest.approx(expected, rel=1e-12)
        assert np.all(wg.hessian(np.linalg.norm)(np.zeros(3)) == 0)
        rows = wg.hessian(lambda x: np.sum(np.linalg.norm(x, axis=1)))(np.array([[0.0, 0], [3, 4]]))
        assert np.all(rows[0] == 0)
        assert rows[1, :, 1] == pytest.approx(np.array([[16, -12], [-12, 9]]) / 125)

    def test_nuclear_norm_of_low_rank(self) -> None:
        """The singular values that are zero do not count: the gradient is u v^H of the others."""
        u, v = np.array([0.6, 0.8, 0.0]), np.array([1.0, 0.0])
        g = wg.grad(lambda a: np.linalg.norm(a, "nuc"))(np.outer(u, v))
        assert g == pytest.approx(np.outer(u, v), abs=1e-14)

    def test_spectral_norm_at_a_tie(self) -> None:
        g = wg.grad(lambda a: np.linalg.norm(a, 2))(np.eye(2))
        assert g == pytest.approx(np.eye(2) / 2)


class TestDegenerateSpectra:
    """What docs/notes/degenerate-spectra.md promises."""

    def test_symmetric_functions_of_eigenvalues(self) -> None:
        q, _ = np.linalg.qr(RNG.normal(size=(4, 4)))
        m = q @ np.diag([1.0, 2.0, 2.0, 2.0]) @ q.T
        m = symmetric(m)
        ds = symmetric(DA)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for f, expected in [
                (lambda a: np.sum(np.linalg.eigvalsh(a) ** 3), 3 * np.trace(m @ m @ ds)),
                (lambda a: np.sum(np.exp(np.linalg.eigh(a)[0])), None),
                (lambda a: np.sum(np.linalg.svdvals(a) ** 2), 2 * np.trace(m @ ds)),
                (lambda a: np.prod(np.linalg.eigvalsh(a)), 8 * np.trace(np.linalg.inv(m) @ ds)),
            ]:
                found = along(f, m, ds)
                assert found == pytest.approx(np.sum(wg.grad(f)(m) * ds))
                assert found == pytest.approx(differences(lambda t, f=f: f(m + t * ds)), rel=1e-8)
                if expected is not None:
                    assert found == pytest.approx(expected)

    def test_eigenvalues_alone_have_no_nan(self) -> None:
        jacobian = wg.jacobian(np.linalg.eigvalsh)(np.eye(3))
        assert jacobian == pytest.approx(np.array([np.diag(row) for row in np.eye(3)]))

    def test_projector_on_whole_eigenspaces(self) -> None:
        """The projector on the lowest, degenerate, eigenspace: first-order perturbation theory."""
        q, _ = np.linalg.qr(RNG.normal(size=(4, 4)))
        m = symmetric(q @ np.diag([1.0, 1.0, 3.0, 3.0]) @ q.T)
        ds = symmetric(DA)

        def projector(a: Any) -> Any:
            v = np.linalg.eigh(a)[1][:, :2]
            return v @ v.T

        p, rest = q[:, :2] @ q[:, :2].T, q[:, 2:] @ q[:, 2:].T
        expected = -(rest @ ds @ p + p @ ds @ rest) / 2.0
        with pytest.warns(DegenerateSpectrumWarning, match="degenerate-spectra"):
            found = along(projector, m, ds)
        assert found == pytest.approx(expected, abs=1e-12)

    def test_polar_factor(self) -> None:
        """u v^H of an orthogonal matrix, where all singular values are one."""
        q, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
        d = RNG.normal(size=(3, 3))

        def polar(a: Any) -> Any:
            u, _, vh = np.linalg.svd(a)
            return u @ vh

        with pytest.warns(DegenerateSpectrumWarning):
            found = along(polar, q, d)
        expected = (d - q @ d.T @ q) / 2
        assert found == pytest.approx(expected, abs=1e-12)
        assert found == pytest.approx(differences(lambda t: polar(q + t * d)), abs=1e-8)

    def test_function_of_a_matrix_warns(self) -> None:
        """V f(w) V^T has a derivative at the identity, and eigenvectors cannot give it."""

        def logarithm(a: Any) -> Any:
            w, v = np.linalg.eigh(a)
            return (v * np.log(w)) @ v.T

        with pytest.warns(DegenerateSpectrumWarning):
            wg.jvp(logarithm, (np.eye(3),), (symmetric(DA[:3, :3]),))

    def test_no_warning_without_need(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            wg.jacobian(lambda a: np.linalg.eigh(a)[1])(A @ A.T)
            wg.grad(lambda a: np.sum(np.linalg.svd(a)[0]))(A)

    def test_nearly_equal_eigenvalues(self) -> None:
        """A gap far above rounding is a gap."""
        m = np.diag([1.0, 1.0 + 1e-6])
        d = np.array([[0.0, 1.0], [1.0, 0.0]])
        w, v = wg.jvp(np.linalg.eigh, (m,), (d,))[1]
        assert np.abs(v) == pytest.approx(np.array([[0, 1e6], [1e6, 0]]), rel=1e-8)


class TestGauge:
    def test_phase_of_complex_eigenvectors(self) -> None:
        m = A + A.T + 1j * (DA - DA.T)
        d = DA + 1j * A
        for f in (np.linalg.eigh, np.linalg.eig):
            (_, v), (_, dv) = wg.jvp(f, (m,), (d,))
            assert np.sum(np.conj(v) * dv, axis=0) == pytest.approx(np.zeros(4), abs=1e-12)

    def test_phase_of_complex_singular_vectors(self) -> None:
        (u, _, vh), (du, _, dvh) = wg.jvp(np.linalg.svd, (A + 1j * DA,), (DA + 1j * A,))
        left = np.diagonal(np.conj(u.T) @ du)
        right = np.diagonal(vh @ np.conj(dvh.T))
        assert left == pytest.approx(-right, abs=1e-12)

    def test_orthonormality_is_kept(self) -> None:
        for matrix in (A[:, :2], A[:2], A[:, :2] + 1j * DA[:, :2]):
            (u, _, vh), (du, _, dvh) = wg.jvp(
                np.linalg.svd, (matrix,), (matrix * DA[0, 0] ** 2 + 1,)
            )
            for q, dq in ((u, du), (np.conj(vh.T), np.conj(dvh.T))):
                drift = np.conj(q.T) @ dq
                assert drift + np.conj(drift.T) == pytest.approx(np.zeros_like(drift), abs=1e-12)


class TestLeastSquares:
    def test_normal_equations(self) -> None:
        m, b = RNG.normal(size=(5, 2)), RNG.normal(size=5)

        def residual(a: Any) -> Any:
            return np.linalg.lstsq(a, b)[1][0]

        x = np.linalg.lstsq(m, b)[0]
        expected = -2 * np.outer(b - m @ x, x)
        assert wg.grad(residual)(m) == pytest.approx(expected, rel=1e-9)

    def test_constant_rank(self) -> None:
        """a = u v^T stays of rank one when u and v change."""
        u, v, b = RNG.normal(size=4), RNG.normal(size=3), RNG.normal(size=4)

        def solution(u: Any, v: Any) -> Any:
            return np.linalg.lstsq(np.outer(u, v), b, rcond=1e-10)[0]

        expected = wg.jvp(lambda u, v: v * (u @ b) / (u @ u) / (v @ v), (u, v), (b, v + 1))[1]
        assert wg.jvp(solution, (u, v), (b, v + 1))[1] == pytest.approx(expected, rel=1e-9)

    def test_outputs(self) -> None:
        m, b = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 3))
        for a in (m, m.T, np.ones((5, 2))):
            rhs = b if len(a) == 5 else b[:2]
            expected = np.linalg.lstsq(a, rhs)
            found = wg.vjp(lambda a, rhs=rhs: np.linalg.lstsq(a, rhs), a)[0]
            assert int(found[2]) == int(expected[2])
            for x, y in zip(found, expected, strict=True):
                assert np.shape(x) == np.shape(y)
                np.testing.assert_allclose(x, y, atol=1e-12)

    def test_batched_matrix(self) -> None:
        stack = RNG.normal(size=(3, 5, 2))
        b = RNG.normal(size=5)

        def f(a: Any) -> Any:
            x, residuals, rank, s = np.linalg.lstsq(a, b)
            return x, residuals, rank, s

        found = wg.vmap(f)(stack)
        for i, a in enumerate(stack):
            for x, y in zip(found, np.linalg.lstsq(a, b), strict=True):
                np.testing.assert_allclose(x[i], y, atol=1e-12)


class TestPseudoInverse:
    def test_cutoff(self) -> None:
        m = np.diag([1.0, 1e-3])
        for options in ({"rcond": 1e-2}, {"rtol": 1e-2}, {"rcond": np.array(1e-2)}):
            value = wg.vjp(lambda a, o=options: np.linalg.pinv(a, **o), m)[0]
            assert value == pytest.approx(np.diag([1.0, 0.0]))
        value = wg.vjp(lambda a: np.linalg.pinv(a, rtol=None), m)[0]
        assert value == pytest.approx(np.diag([1.0, 1e3]))

    def test_two_cutoffs(self) -> None:
        with pytest.raises(ValueError, match="rtol"):
            wg.vjp(lambda a: np.linalg.pinv(a, rcond=0.1, rtol=0.1), A)

    def test_batched_cutoff(self) -> None:
        m = np.stack([np.diag([1.0, 0.1, 0.01])] * 3)
        cutoffs = np.array([0.5, 0.05, 0.005])
        for axes in ((0, 0), (None, 0), (0, None)):
            args = (m if axes[0] == 0 else m[0], cutoffs if axes[1] == 0 else cutoffs[1])
            found = wg.vmap(lambda a, r: np.linalg.pinv(a, r), in_axes=axes)(*args)
            for i, x in enumerate(found):
                np.testing.assert_allclose(
                    x, np.linalg.pinv(m[0], cutoffs[i if axes[1] == 0 else 1])
                )
