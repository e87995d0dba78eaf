"""Identities of matrix calculus: determinant, inverse, solve, eigenvalues, Cholesky, and others.

Source of the identities: M. B. Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008); J. R. Magnus and H. Neudecker, "Matrix Differential
Calculus" (1999).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert import numeric

RNG = np.random.default_rng(11)
A = RNG.normal(size=(4, 4)) + 3 * np.eye(4)
DA = RNG.normal(size=(4, 4))
B = RNG.normal(size=(4, 2))
SYMMETRIC = A + A.T
POSITIVE = A @ A.T + np.eye(4)


def symmetric_part(m: np.ndarray) -> np.ndarray:
    return 0.5 * (m + np.swapaxes(m, -1, -2))


def tangent(f: Callable[..., Any], x: np.ndarray, dx: np.ndarray) -> Any:
    return wg.jvp(f, (x,), (dx,))[1]


class TestDeterminants:
    def test_determinant(self) -> None:
        det, inverse = np.linalg.det(A), np.linalg.inv(A)
        assert wg.grad(np.linalg.det)(A) == pytest.approx(det * inverse.T, rel=1e-11)
        assert tangent(np.linalg.det, A, DA) == pytest.approx(det * np.trace(inverse @ DA))

    def test_log_determinant(self) -> None:
        inverse = np.linalg.inv(A)

        def logdet(a: Any) -> Any:
            return np.linalg.slogdet(a)[1]

        assert wg.grad(logdet)(A) == pytest.approx(inverse.T, rel=1e-11)
        # second order: d² logdet = −tr(A⁻¹ dA A⁻¹ dA)
        second = wg.jvp(lambda a: tangent_of(logdet, a, DA), (A,), (DA,))[1]
        assert second == pytest.approx(-np.trace(inverse @ DA @ inverse @ DA), rel=1e-10)
        hessian = wg.hessian(logdet)(A)
        expected = -np.einsum("li,jk->ijkl", inverse, inverse)
        assert hessian == pytest.approx(expected, rel=1e-9, abs=1e-11)

    def test_negative_determinant(self) -> None:
        a = A.copy()
        a[0] *= -1.0
        assert np.linalg.det(a) * np.linalg.det(A) < 0
        for m in (a, A):
            g = wg.grad(lambda a: np.linalg.slogdet(a)[1])(m)
            assert g == pytest.approx(np.linalg.inv(m).T, rel=1e-10)

    def test_batches(self) -> None:
        stack = np.stack([A, 2 * A.T, POSITIVE])
        g = wg.grad(lambda a: np.sum(np.linalg.slogdet(a)[1]))(stack)
        assert g == pytest.approx(np.swapaxes(np.linalg.inv(stack), 1, 2), rel=1e-10)


def tangent_of(f: Callable[..., Any], x: Any, dx: Any) -> Any:
    return wg.jvp(f, (x,), (dx,))[1]


class TestInverseAndSolve:
    def test_inverse(self) -> None:
        inverse = np.linalg.inv(A)
        assert tangent(np.linalg.inv, A, DA) == pytest.approx(-inverse @ DA @ inverse, rel=1e-10)
        jacobian = wg.jacrev(np.linalg.inv)(A)
        expected = -np.einsum("ik,lj->ijkl", inverse, inverse)
        assert jacobian == pytest.approx(expected, rel=1e-10, abs=1e-12)
        assert wg.jacfwd(np.linalg.inv)(A) == pytest.approx(expected, rel=1e-10, abs=1e-12)

    @pytest.mark.parametrize("b", [B, B[:, 0]], ids=["matrix", "vector"])
    def test_solve(self, b: np.ndarray) -> None:
        x, w = np.linalg.solve(A, b), RNG.normal(size=b.shape)

        def f(a: Any, b: Any) -> Any:
            return np.sum(w * np.linalg.solve(a, b))

        by_b = np.linalg.solve(A.T, w)
        assert wg.grad(f, argnums=1)(A, b) == pytest.approx(by_b, rel=1e-11)
        expected = -np.outer(by_b, x) if b.ndim == 1 else -by_b @ x.T
        assert wg.grad(f)(A, b) == pytest.approx(expected, rel=1e-10)

    def test_second_order_of_solve(self) -> None:
        b = B[:, 0]
        inverse = np.linalg.inv(A)
        x = inverse @ b
        second = wg.jvp(lambda a: tangent_of(lambda m: np.linalg.solve(m, b), a, DA), (A,), (DA,))[
            1
        ]
        assert second == pytest.approx(2 * inverse @ DA @ inverse @ DA @ x, rel=1e-10)

    def test_pseudo_inverse(self) -> None:
        """Golub and Pereyra's formula, at full column rank."""
        m, dm = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3))
        p = np.linalg.pinv(m)
        expected = -p @ dm @ p + p @ p.T @ dm.T @ (np.eye(5) - m @ p)
        assert tangent(np.linalg.pinv, m, dm) == pytest.approx(expected, rel=1e-9, abs=1e-11)


class TestDecompositions:
    def test_eigenvalues_of_a_symmetric_matrix(self) -> None:
        """dλ_k = v_kᵀ dA v_k."""
        _, v = np.linalg.eigh(SYMMETRIC)
        ds = symmetric_part(DA)
        expected = np.einsum("ik,ij,jk->k", v, ds, v)
        assert tangent(np.linalg.eigvalsh, SYMMETRIC, ds) == pytest.approx(expected, rel=1e-10)
        weights = np.arange(1.0, 5.0)
        g = wg.grad(lambda a: weights @ np.linalg.eigvalsh(a))(SYMMETRIC)
        assert symmetric_part(g) == pytest.approx(v @ np.diag(weights) @ v.T, rel=1e-10)

    def test_second_order_perturbation_theory(self) -> None:
        """d²λ_k = 2 Σ_{j≠k} (v_jᵀ dA v_k)² / (λ_k − λ_j)."""
        values, v = np.linalg.eigh(SYMMETRIC)
        ds = symmetric_part(DA)
        m = v.T @ ds @ v
        gaps = values[:, None] - values[None, :] + np.eye(4)
        expected = 2 * np.sum(np.where(np.eye(4, dtype=bool), 0.0, m**2 / gaps), axis=1)
        second = wg.jvp(lambda a: tangent_of(np.linalg.eigvalsh, a, ds), (SYMMETRIC,), (ds,))[1]
        assert second == pytest.approx(expected, rel=1e-9)

    def test_eigenvectors_through_an_invariant_function(self) -> None:
        """V f(Λ) Vᵀ does not depend on the signs of the eigenvectors: here it is the inverse."""

        def inverse(a: Any) -> Any:
            values, v = np.linalg.eigh(a)
            return (v / values) @ v.T

        ds = symmetric_part(DA)
        inv = np.linalg.inv(POSITIVE)
        assert tangent(inverse, POSITIVE, ds) == pytest.approx(-inv @ ds @ inv, rel=1e-8, abs=1e-10)

    def test_cholesky(self) -> None:
        """dL = L Φ(L⁻¹ dA L⁻ᵀ), Φ the lower triangle with half of the diagonal."""
        ds = symmetric_part(DA)
        l = np.linalg.cholesky(POSITIVE)
        li = np.linalg.inv(l)
        m = li @ ds @ li.T
        expected = l @ (np.tril(m) - 0.5 * np.diag(np.diag(m)))
        got = tangent(np.linalg.cholesky, POSITIVE, ds)
        assert got == pytest.approx(expected, rel=1e-10, abs=1e-12)

        def along(t: float) -> Any:
            return np.linalg.cholesky(POSITIVE + t * ds)

        differences = numeric.derivative(along, method="richardson")(0.0)
        assert got == pytest.approx(differences, rel=1e-8, abs=1e-9)

    def test_cholesky_reverse_through_the_log_determinant(self) -> None:
        def logdet(a: Any) -> Any:
            return 2 * np.sum(np.log(np.diagonal(np.linalg.cholesky(a))))

        g = wg.grad(logdet)(POSITIVE)
        assert symmetric_part(g) == pytest.approx(np.linalg.inv(POSITIVE), rel=1e-9)

    def test_singular_values(self) -> None:
        m, dm = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3))
        u, s, vt = np.linalg.svd(m, full_matrices=False)
        expected = np.einsum("ik,ij,kj->k", u, dm, vt)
        got = tangent(lambda m: np.linalg.svd(m, compute_uv=False), m, dm)
        assert got == pytest.approx(expected, rel=1e-10)

    def test_qr_through_an_invariant_function(self) -> None:
        """The projector Q Qᵀ on the column space: dP = (1 − P) dM M⁺ + transpose."""
        m, dm = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3))
        projector = m @ np.linalg.pinv(m)
        half = (np.eye(5) - projector) @ dm @ np.linalg.pinv(m)

        def project(m: Any) -> Any:
            q, _ = np.linalg.qr(m)
            return q @ q.T

        assert tangent(project, m, dm) == pytest.approx(half + half.T, rel=1e-9, abs=1e-11)


class TestNormsAndTraces:
    def test_frobenius_norm(self) -> None:
        assert wg.grad(np.linalg.norm)(A) == pytest.approx(A / np.linalg.norm(A), rel=1e-12)

    def test_nuclear_and_spectral_norm(self) -> None:
        u, _, vt = np.linalg.svd(A)
        nuclear = wg.grad(lambda a: np.linalg.norm(a, "nuc"))(A)
        assert nuclear == pytest.approx(u @ vt, rel=1e-9, abs=1e-11)
        spectral = wg.grad(lambda a: np.linalg.norm(a, 2))(A)
        assert spectral == pytest.approx(np.outer(u[:, 0], vt[0]), rel=1e-9, abs=1e-11)

    @pytest.mark.parametrize(
        "f, gradient",
        [
            (lambda x: np.trace(x), lambda x: np.eye(4)),
            (lambda x: np.trace(DA @ x), lambda x: DA.T),
            (lambda x: np.trace(DA @ x.T), lambda x: DA),
            (lambda x: np.trace(x @ x), lambda x: 2 * x.T),
            (lambda x: np.trace(x.T @ x), lambda x: 2 * x),
            (lambda x: np.trace(x.T @ DA @ x), lambda x: (DA + DA.T) @ x),
            (
                lambda x: np.trace(np.linalg.inv(x) @ DA),
                lambda x: -(np.linalg.inv(x) @ DA @ np.linalg.inv(x)).T,
            ),
            (
                lambda x: np.trace(np.linalg.matrix_power(x, 3)),
                lambda x: 3 * np.linalg.matrix_power(x.T, 2),
            ),
        ],
        ids=["X", "AX", "AXᵀ", "XX", "XᵀX", "XᵀAX", "X⁻¹A", "X³"],
    )
    def test_traces(self, f: Callable[..., Any], gradient: Callable[..., Any]) -> None:
        assert wg.grad(f)(A) == pytest.approx(gradient(A), rel=1e-10, abs=1e-12)
        assert wg.jacfwd(f)(A) == pytest.approx(gradient(A), rel=1e-10, abs=1e-12)

    def test_kronecker_and_vectorization(self) -> None:
        """d vec(A X B) / d vec(X) = A ⊗ Bᵀ with row-major vec."""
        b = RNG.normal(size=(4, 4))
        jacobian = wg.jacobian(lambda x: (DA @ x @ b).reshape(-1))(A).reshape(16, 16)
        assert jacobian == pytest.approx(np.kron(DA, b.T), rel=1e-12, abs=1e-12)
