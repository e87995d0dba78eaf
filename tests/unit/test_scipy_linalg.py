"""`wengert.scipy`: identities, higher orders, SciPy's conventions, and what is refused by name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import wengert as wg
from wengert.errors import ArgumentError, MissingRuleError, ShapeError
from wengert.ops.linalg.structure import DegenerateSpectrumWarning
from wengert.scipy import linalg, special

RNG = np.random.default_rng(8)
A = RNG.normal(size=(3, 3)) + 4 * np.eye(3)
DA = RNG.normal(size=(3, 3))
P = A @ A.T


def along(f: Callable[..., Any], x: Any, dx: Any) -> Any:
    return wg.jvp(f, (x,), (dx,))[1]


class TestNamespace:
    def test_plain_arrays_go_to_scipy(self) -> None:
        for name in ("expm", "logm", "sqrtm", "inv", "cosm"):
            expected = getattr(scipy.linalg, name)(P)
            np.testing.assert_array_equal(getattr(linalg, name)(P), expected)
        c, lower = linalg.cho_factor(P)
        np.testing.assert_array_equal(
            c, scipy.linalg.cho_factor(P)[0]
        )  # with SciPy's other triangle
        assert linalg.LinAlgError is np.linalg.LinAlgError
        assert linalg.hilbert(2).tolist() == [[1.0, 0.5], [0.5, 1 / 3]]

    def test_other_names_are_refused_for_traced_arrays(self) -> None:
        with pytest.raises(
            MissingRuleError, match=r"scipy\.linalg\.schur has no derivative"
        ) as error:
            wg.vjp(lambda a: linalg.schur(a)[0], A)
        assert "test_scipy_linalg.py" in str(error.value)
        with pytest.raises(MissingRuleError, match=r"scipy\.special\.wright_bessel has no"):
            wg.grad(lambda x: special.wright_bessel(1.0, 1.0, x))(1.0)
        with pytest.raises(AttributeError):
            linalg.no_such_function

    def test_scipy_is_imported_late(self) -> None:
        code = (
            "import sys, wengert, wengert.scipy.linalg, wengert.scipy.special\n"
            "assert not [m for m in sys.modules if m.startswith('scipy.')], sys.modules\n"
            "wengert.scipy.linalg.det([[2.0]])\n"
            "assert 'scipy.linalg' in sys.modules\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(wg.__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr


class TestMatrixFunctions:
    def test_exponential_along_the_matrix(self) -> None:
        """d^k/dt^k exp(t a) = a^k exp(t a)."""

        def f(t: Any) -> Any:
            return linalg.expm(t * A / 4)

        for order in range(1, 5):
            g = f
            for _ in range(order):
                g = wg.jacfwd(g)
            expected = np.linalg.matrix_power(A / 4, order) @ scipy.linalg.expm(0.7 * A / 4)
            assert g(0.7) == pytest.approx(expected, rel=1e-10)

    def test_exponential_of_the_zero_matrix(self) -> None:
        """exp(e) = 1 + e + e^2/2 + ...: every derivative at the fully degenerate point."""
        zero = np.zeros((3, 3))
        assert along(linalg.expm, zero, DA) == pytest.approx(DA)
        second = along(lambda a: along(linalg.expm, a, DA), zero, A)
        assert second == pytest.approx((DA @ A + A @ DA) / 2)
        third = along(lambda a: along(lambda b: along(linalg.expm, b, DA), a, DA), zero, DA)
        assert third == pytest.approx(DA @ DA @ DA)

    def test_logarithm_at_the_identity(self) -> None:
        """log(1 + e) = e - e^2/2 + e^3/3: eigenvalues coincide, derivatives are right."""
        one = np.eye(3)
        assert along(linalg.logm, one, DA) == pytest.approx(DA)
        second = along(lambda a: along(linalg.logm, a, DA), one, DA)
        assert second == pytest.approx(-DA @ DA, abs=1e-12)
        third = along(lambda a: along(lambda b: along(linalg.logm, b, DA), a, DA), one, DA)
        assert third == pytest.approx(2 * DA @ DA @ DA, abs=1e-10)

    def test_square_root_at_a_multiple_of_the_identity(self) -> None:
        """sqrt(4 (1 + e)) = 2 (1 + e/2 - e^2/8 + ...)."""
        four = 4 * np.eye(3)
        assert along(linalg.sqrtm, four, DA) == pytest.approx(DA / 4)
        second = along(lambda a: along(linalg.sqrtm, a, DA), four, DA)
        assert second == pytest.approx(-DA @ DA / 32)

    def test_logarithm_undoes_the_exponential(self) -> None:
        small = DA / 3
        found = along(lambda a: linalg.logm(linalg.expm(a)), small, A)
        assert found == pytest.approx(A, rel=1e-9, abs=1e-11)

    @pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
    def test_logarithm_of_other_sizes(self, scale: float) -> None:
        """tr log a = log det a, whatever the size of a."""
        g = wg.grad(lambda a: np.trace(linalg.logm(a)))(scale * P)
        assert g == pytest.approx(np.linalg.inv(scale * P).T, rel=1e-9, abs=1e-10)

    def test_logarithm_of_a_matrix_with_negative_eigenvalues(self) -> None:
        m = np.diag([-2.0, 1.0, 3.0]) + 0.1 * DA
        value, derivative = wg.jvp(linalg.logm, (m,), (DA,))
        assert value.dtype == derivative.dtype == complex
        # exp(log a) = a gives the derivative of a back
        back = scipy.linalg.expm_frechet(value, derivative, compute_expm=False)
        assert back == pytest.approx(DA, abs=1e-10)

    def test_square_root_squared(self) -> None:
        found = along(lambda a: linalg.sqrtm(a) @ linalg.sqrtm(a), P, DA)
        assert found == pytest.approx(DA, abs=1e-11)

    def test_frechet_derivative_of_scipy(self) -> None:
        expected = scipy.linalg.expm_frechet(A, DA, compute_expm=False)
        assert along(linalg.expm, A, DA) == pytest.approx(expected, rel=1e-12)
        only = wg.vjp(lambda e: linalg.expm_frechet(A, e, compute_expm=False), DA)[0]
        assert only == pytest.approx(expected, rel=1e-12)

    def test_power(self) -> None:
        by_t = wg.jacfwd(lambda t: linalg.fractional_matrix_power(P, t))(0.5)
        expected = scipy.linalg.logm(P) @ scipy.linalg.sqrtm(P)
        assert by_t == pytest.approx(expected, rel=1e-9)
        cube = wg.vjp(lambda a: linalg.fractional_matrix_power(a, 3), A)[0]
        assert cube == pytest.approx(A @ A @ A)

    def test_stack(self) -> None:
        stack = np.stack([A, P, A @ P])
        for f in (linalg.expm, linalg.sqrtm, linalg.logm):
            value, derivative = wg.jvp(f, (stack,), (np.stack([DA] * 3),))
            for i, a in enumerate(stack):
                one, along_one = wg.jvp(f, (a,), (DA,))
                np.testing.assert_allclose(value[i], one, rtol=1e-10, atol=1e-12)
                np.testing.assert_allclose(derivative[i], along_one, rtol=1e-8, atol=1e-12)

    @pytest.mark.parametrize("n", [0, 1])
    def test_small(self, n: int) -> None:
        for f in (linalg.expm, linalg.sqrtm, linalg.logm):
            value, derivative = wg.jvp(f, (np.eye(n),), (np.eye(n),))
            assert value.shape == derivative.shape == (n, n)


class TestFactorizations:
    @pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
    def test_lu(self, shape: tuple[int, int]) -> None:
        m = RNG.normal(size=shape)
        for options in ({}, {"permute_l": True}, {"p_indices": True}):
            expected = scipy.linalg.lu(m, **options)
            found = wg.vjp(lambda a, o=options: linalg.lu(a, **o), m)[0]
            for x, y in zip(found, expected, strict=True):
                assert x.dtype == y.dtype
                np.testing.assert_allclose(x, y, atol=1e-13)

    def test_lu_factor(self) -> None:
        m = RNG.normal(size=(4, 4))
        found = wg.vjp(linalg.lu_factor, m)[0]
        for x, y in zip(found, scipy.linalg.lu_factor(m), strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_allclose(x, y)
        b = RNG.normal(size=4)
        x = wg.vmap(lambda a: linalg.lu_solve(linalg.lu_factor(a), b))(np.stack([m, m.T]))
        assert x[1] == pytest.approx(np.linalg.solve(m.T, b))

    @pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
    def test_qr(self, shape: tuple[int, int]) -> None:
        m = RNG.normal(size=shape)
        for mode in ("full", "economic", "r"):
            for pivoting in (False, True):
                expected = scipy.linalg.qr(m, mode=mode, pivoting=pivoting)
                found = wg.vjp(lambda a, k=mode, p=pivoting: linalg.qr(a, mode=k, pivoting=p), m)[0]
                for x, y in zip(found, expected, strict=True):
                    np.testing.assert_allclose(x, y, atol=1e-13)
        with pytest.raises(ArgumentError, match="this mode does not exist for traced arrays"):
            wg.vjp(lambda a: linalg.qr(a, mode="raw"), m)

    @pytest.mark.parametrize("kind", [1, 2, 3])
    def test_generalized_eigenvalues(self, kind: int) -> None:
        s = A + A.T
        expected = scipy.linalg.eigh(s, P, type=kind)
        found = wg.vjp(lambda a: linalg.eigh(a, P, type=kind), s)[0]
        assert found[0] == pytest.approx(expected[0])
        assert np.abs(found[1]) == pytest.approx(np.abs(expected[1]))

    def test_generalized_eigenvalues_by_perturbation(self) -> None:
        """dw_k = v_k^T (da - w_k db) v_k with v^T b v = 1."""
        s, ds, dp = A + A.T, DA + DA.T, DA @ DA.T
        w, v = scipy.linalg.eigh(s, P)
        found = wg.jvp(linalg.eigvalsh, (s, P), (ds, dp))[1]
        expected = [v[:, k] @ (ds - w[k] * dp) @ v[:, k] for k in range(3)]
        assert found == pytest.approx(np.array(expected), rel=1e-10)

    def test_refusals(self) -> None:
        with pytest.raises(MissingRuleError, match="subset_by_value has no derivative"):
            wg.vjp(lambda a: linalg.eigh(a, subset_by_value=[0, 1]), P)
        with pytest.raises(ArgumentError, match="eigh: there is no such type"):
            wg.vjp(lambda a: linalg.eigh(a, type=4), P)
        with pytest.raises(MissingRuleError, match="eig: this form has no derivative") as error:
            wg.vjp(lambda a: linalg.eig(a, left=True), P)
        assert "left" in str(error.value)
        with pytest.raises(ShapeError, match="eigh: the sizes of the matrices do not fit"):
            wg.vjp(lambda a: linalg.eigh(a, np.eye(2)), P)
        with pytest.raises(ArgumentError, match="polar: side is neither"):
            wg.vjp(lambda a: linalg.polar(a, side="up"), P)

    def test_general_eigenvalues(self) -> None:
        for m in (P, np.array([[0.0, -1.0], [1.0, 0.0]])):
            w, v = wg.vjp(linalg.eig, m)[0]
            expected_w, expected_v = scipy.linalg.eig(m)
            assert w == pytest.approx(expected_w)
            assert v.dtype == expected_v.dtype
            assert wg.vjp(linalg.eigvals, m)[0] == pytest.approx(expected_w)
            assert wg.vjp(lambda a: linalg.eig(a, right=False), m)[0] == pytest.approx(expected_w)

    def test_subspaces(self) -> None:
        m = np.outer([1.0, 2.0, 2.0], [1.0, 1.0])
        for f, reference in (
            (linalg.orth, scipy.linalg.orth),
            (linalg.null_space, scipy.linalg.null_space),
        ):
            found, expected = wg.vjp(f, m)[0], reference(m)
            assert found.shape == expected.shape
            assert found @ found.T == pytest.approx(expected @ expected.T)

        def null_projector(a: Any) -> Any:
            basis = linalg.null_space(a)
            return basis @ basis.T

        wide = RNG.normal(size=(2, 3))
        d = RNG.normal(size=(2, 3))
        projector = np.eye(3) - np.linalg.pinv(wide) @ wide
        half = -np.linalg.pinv(wide) @ d @ projector
        assert along(null_projector, wide, d) == pytest.approx(half + half.T, abs=1e-12)

    def test_svd_and_polar(self) -> None:
        m = RNG.normal(size=(3, 2))
        found = wg.vjp(linalg.svd, m)[0]
        for x, y in zip(found, scipy.linalg.svd(m), strict=True):
            np.testing.assert_allclose(x, y, atol=1e-13)
        values = wg.vjp(lambda a: linalg.svd(a, compute_uv=False), m)[0]
        assert values == pytest.approx(found[1])
        assert wg.vjp(linalg.svdvals, m)[0] == pytest.approx(found[1])
        # at an orthogonal matrix all singular values coincide: p = sqrt(a^T a), dp = sym(a^T da)
        q, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
        with pytest.warns(DegenerateSpectrumWarning):
            _, dp = along(linalg.polar, q, DA)
        assert dp == pytest.approx((q.T @ DA + DA.T @ q) / 2, abs=1e-12)


class TestSystems:
    @pytest.mark.parametrize(
        "structure",
        [
            "general", "symmetric", "hermitian", "positive definite", "diagonal", "tridiagonal",
            "upper triangular", "lower triangular",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("lower", [False, True])
    @pytest.mark.parametrize("transposed", [False, True])
    def test_structures(self, structure: str, lower: bool, transposed: bool) -> None:
        """Values and directional derivatives agree with SciPy's, along the structure."""
        masks = {
            "diagonal": np.eye(3),
            "tridiagonal": np.tri(3, k=1) * np.tri(3, k=1).T,
            "upper triangular": np.tri(3).T,
            "lower triangular": np.tri(3),
        }
        mask = masks.get(structure, np.ones((3, 3)))
        m, d = mask * P, mask * (DA + DA.T)
        b = RNG.normal(size=(3, 2))

        def ours(a: Any) -> Any:
            return linalg.solve(a, b, assume_a=structure, lower=lower, transposed=transposed)

        value, derivative = wg.jvp(ours, (m,), (d,))
        op = m.T if transposed else m
        assert value == pytest.approx(ours(m))
        assert value == pytest.approx(np.linalg.solve(op, b))
        expected = -np.linalg.solve(op, (d.T if transposed else d) @ value)
        assert derivative == pytest.approx(expected, rel=1e-10, abs=1e-12)
        assert wg.vjp(lambda a: linalg.inv(a, assume_a=structure, lower=lower), m)[0] == (
            pytest.approx(np.linalg.inv(m))
        )

    def test_complex_structures(self) -> None:
        z = P + 5 * np.eye(3) + 1j * (DA - DA.T)
        symmetric = P + 1j * (DA + DA.T)
        b = RNG.normal(size=3) + 0j
        for m, structure in ((z, "her"), (z, "pos"), (symmetric, "sym")):
            for lower in (False, True):
                found = wg.vjp(
                    lambda a, s=structure, k=lower: linalg.solve(a, b, assume_a=s, lower=k), m
                )[0]
                assert found == pytest.approx(np.linalg.solve(m, b))
        for structure in ("gen", "her", "pos", "upper triangular", "diagonal", "sym"):
            m = {"sym": symmetric, "gen": A + 1j * DA}.get(structure, z)
            m = np.triu(m) if structure.startswith("upper") else m
            m = np.diag(np.diag(m)) if structure == "diagonal" else m
            found = wg.vjp(
                lambda a, s=structure: linalg.solve(a, b, assume_a=s, transposed=True), m
            )[0]
            assert found == pytest.approx(np.linalg.solve(m.T, b))

    def test_not_positive_definite(self) -> None:
        with pytest.raises(np.linalg.LinAlgError):
            wg.vjp(lambda a: linalg.solve(a, np.ones(3), assume_a="pos"), -P)
        with pytest.raises(np.linalg.LinAlgError):
            wg.vjp(lambda ab: linalg.solveh_banded(ab, np.ones(3)), -np.ones((1, 3)))

    def test_singular_triangle(self) -> None:
        m = np.diag([1.0, 0.0, 2.0])
        with pytest.raises(np.linalg.LinAlgError, match="diagonal element 1"):
            wg.vjp(lambda a: linalg.solve_triangular(a, np.ones(3)), m)

    def test_errors(self) -> None:
        with pytest.raises(ArgumentError, match="solve: assume_a names no structure") as error:
            wg.vjp(lambda a: linalg.solve(a, np.ones(3), assume_a="round"), A)
        assert "positive definite" in str(error.value)
        with pytest.raises(ArgumentError, match="solve_triangular: trans names no transposition"):
            wg.vjp(lambda a: linalg.solve_triangular(a, np.ones(3), trans=3), A)
        with pytest.raises(ShapeError, match="solve_banded: the diagonals and the right-hand side"):
            wg.vjp(lambda ab: linalg.solve_banded((1, 1), ab, np.ones(3)), np.ones((2, 3)))
        with pytest.raises(ShapeError, match="solve_toeplitz: the column, the row and the right"):
            wg.vjp(lambda c: linalg.solve_toeplitz(c, np.ones(2)), np.ones(3))
        with pytest.raises(
            ShapeError, match="solve_sylvester: the sizes of the matrices do not fit"
        ):
            wg.vjp(lambda q: linalg.solve_sylvester(A, A, q), np.ones((2, 2)))
        with pytest.raises(ShapeError, match="expm_frechet: the sizes of the matrices do not fit"):
            wg.vjp(lambda a: linalg.expm_frechet(a, np.eye(2)), A)
        with pytest.raises(ShapeError, match="solve_discrete_lyapunov: the sizes of the matrices"):
            wg.vjp(lambda a: linalg.solve_discrete_lyapunov(a, np.eye(2)), A)
        with pytest.raises(ShapeError, match="khatri_rao: the numbers of columns differ"):
            wg.vjp(lambda a: linalg.khatri_rao(a, np.ones((2, 2))), A)
        with pytest.raises(ArgumentError, match="solve_discrete_lyapunov: there is no such method"):
            wg.vjp(lambda a: linalg.solve_discrete_lyapunov(a, A, method="magic"), A)

    def test_banded_against_dense(self) -> None:
        """The gradient in the stored diagonals is that of the dense matrix, read off."""
        l, u, n = 2, 1, 6
        ab = RNG.normal(size=(l + u + 1, n))
        ab[u] += 5
        b, w = RNG.normal(size=n), RNG.normal(size=n)
        dense = np.zeros((n, n))
        for i in range(n):
            for j in range(max(0, i - l), min(n, i + u + 1)):
                dense[i, j] = ab[u + i - j, j]
        g = wg.grad(lambda ab: w @ linalg.solve_banded((l, u), ab, b))(ab)
        by_dense = wg.grad(lambda a: w @ np.linalg.solve(a, b))(dense)
        for i in range(n):
            for j in range(n):
                if -u <= i - j <= l:
                    assert g[u + i - j, j] == pytest.approx(by_dense[i, j], rel=1e-10)
        assert g[0, 0] == 0  # outside of the matrix

    def test_wide_band_of_a_small_matrix(self) -> None:
        for n in (1, 2):
            ab = RNG.normal(size=(5, n))
            ab[2] += 5
            value, pullback = wg.vjp(lambda a, n=n: linalg.solve_banded((2, 2), a, np.ones(n)), ab)
            np.testing.assert_allclose(value, scipy.linalg.solve_banded((2, 2), ab, np.ones(n)))
            assert pullback(value)[0].shape == ab.shape

    def test_lyapunov_equations(self) -> None:
        q = P
        x = wg.vjp(lambda a: linalg.solve_continuous_lyapunov(a, q), A)[0]
        assert A @ x + x @ A.T == pytest.approx(q)
        assert wg.vjp(lambda a: linalg.solve_lyapunov(a, q), A)[0] == pytest.approx(x)
        for n in (3, 10):
            a = RNG.normal(size=(n, n)) / (2 * n)
            q = np.eye(n)
            x, dx = wg.jvp(lambda a: linalg.solve_discrete_lyapunov(a, q), (a,), (a,))
            assert a @ x @ a.T - x + q == pytest.approx(np.zeros((n, n)), abs=1e-12)
            assert 2 * a @ x @ a.T + a @ dx @ a.T - dx == pytest.approx(np.zeros((n, n)), abs=1e-12)

    def test_pseudo_inverse(self) -> None:
        m = np.diag([1.0, 0.1, 1e-3])
        for options in ({}, {"atol": 1e-2}, {"rtol": 1e-2}, {"atol": 0.05, "rtol": 0.01}):
            expected = scipy.linalg.pinv(m, return_rank=True, **options)
            found = wg.vjp(lambda a, o=options: linalg.pinv(a, return_rank=True, **o), m)[0]
            assert found[0] == pytest.approx(expected[0])
            assert int(found[1]) == expected[1]

    def test_least_squares(self) -> None:
        m = RNG.normal(size=(4, 2))
        for b in (RNG.normal(size=4), RNG.normal(size=(4, 2))):
            expected = scipy.linalg.lstsq(m, b)
            found = wg.vjp(lambda a, b=b: linalg.lstsq(a, b), m)[0]
            for x, y in zip(found, expected, strict=True):
                assert np.shape(x) == np.shape(y)
                np.testing.assert_allclose(x, y, atol=1e-13)

    def test_norm(self) -> None:
        for order in (None, 1, "nuc"):
            assert wg.vjp(lambda a, k=order: linalg.norm(a, k), A)[0] == pytest.approx(
                scipy.linalg.norm(A, order)
            )


class TestMatrices:
    def test_values(self) -> None:
        c, r = np.arange(1.0, 4.0), np.arange(5.0, 10.0)
        for f in (linalg.toeplitz, linalg.hankel):
            assert wg.vjp(f, c, r)[0].tolist() == f(c, r).tolist()
        z = c + 1j * c[::-1]
        for f in (linalg.toeplitz, linalg.hankel, linalg.circulant):
            for v in (c, z, np.arange(1.0, 2.0)):
                assert wg.vjp(f, v)[0].tolist() == f(v).tolist()

    def test_block_diag(self) -> None:
        parts = (np.ones((2, 1)), np.ones(3), np.float64(2.0))
        found = wg.vjp(linalg.block_diag, *parts)[0]
        assert found.tolist() == scipy.linalg.block_diag(*parts).tolist()
        g = wg.grad(lambda a: np.sum(linalg.block_diag(a, 2 * a) ** 2))(A)
        assert g == pytest.approx(10 * A)


class TestSpecial:
    def test_logsumexp(self) -> None:
        x = RNG.normal(size=(2, 3))
        b = RNG.uniform(0.5, 1, size=(2, 3))
        for options in (
            {}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}, {"b": b}, {"axis": 1, "b": b},
            {"axis": 1, "b": -b, "return_sign": True}, {"b": b, "keepdims": True, "axis": 0},
        ):  # fmt: skip
            expected = scipy.special.logsumexp(x, **options)
            found = wg.vjp(lambda x, o=options: special.logsumexp(x, **o), x)[0]
            np.testing.assert_allclose(found, expected, rtol=1e-13)
        weights = wg.grad(lambda b: special.logsumexp(x, b=b))(b)
        assert weights == pytest.approx(np.exp(x) / np.sum(b * np.exp(x)))
        g = wg.grad(lambda x: special.logsumexp(x, b=b))(x)
        assert g == pytest.approx(b * np.exp(x) / np.sum(b * np.exp(x)))

    def test_extremes(self) -> None:
        g = wg.grad(special.logsumexp)
        assert g(np.array([1000.0, 0.0])).tolist() == [1.0, 0.0]
        assert g(np.array([-np.inf, 0.0])).tolist() == [0.0, 1.0]
        assert g(np.array([-np.inf, -np.inf])).tolist() == [0.0, 0.0]

    def test_softmax(self) -> None:
        x = RNG.normal(size=(2, 3))
        for axis in (None, 0, 1, (0, 1)):
            for f in (special.softmax, special.log_softmax):
                found = wg.vjp(lambda x, f=f, k=axis: f(x, axis=k), x)[0]
                np.testing.assert_allclose(found, f(x, axis=axis), rtol=1e-13)
        p = scipy.special.softmax(x[0])
        assert wg.jacobian(special.softmax)(x[0]) == pytest.approx(np.diag(p) - np.outer(p, p))
