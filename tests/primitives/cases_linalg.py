"""Linear algebra: systems, factorizations, norms, matrix functions, NumPy's and SciPy's.

Eigenvectors and singular vectors of complex matrices are defined up to a phase: cases that have a
complex twin combine them to something that does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.ops.linalg import banded, cholesky
from wengert.ops.linalg import toeplitz as diagonals
from wengert.ops.linalg.determinant import adjugate_derivative_p, det_keep_p, slogdet_keep_p
from wengert.ops.linalg.lu import permute_rows
from wengert.ops.linalg.matrix_functions import frechet
from wengert.ops.linalg.norm import reciprocal_or_zero
from wengert.ops.linalg.solve import solve_again, solve_keep_p
from wengert.ops.linalg.structure import (
    fold_hermitian,
    hermitian_from,
    inverse_gaps,
    put_diagonal,
    take_diagonal,
    triangle,
)
from wengert.scipy import linalg
from wengert.trace.tracer import bind

Draw = Callable[[np.random.Generator], Any]


def square(n: int = 3, stack: tuple[int, ...] = ()) -> Draw:
    """Well-conditioned square matrices with distinct singular values."""
    return lambda rng: rng.uniform(-1, 1, (*stack, n, n)) + np.diag(np.arange(2.0, 2.0 + n))


def rectangle(m: int, n: int, stack: tuple[int, ...] = ()) -> Draw:
    def draw(rng: np.random.Generator) -> Any:
        a = rng.uniform(-1, 1, (*stack, m, n))
        i = np.arange(min(m, n))
        a[..., i, i] += 2.0 + i
        return a

    return draw


def system(n: int = 3, columns: tuple[int, ...] = (), stack: tuple[int, ...] = ()) -> Draw:
    matrix = square(n, stack)
    return lambda rng: (matrix(rng), rng.uniform(-1, 1, (*stack, n, *columns)))


def pair(n: int = 3) -> Draw:
    return lambda rng: (square(n)(rng), rng.uniform(-1, 1, (n, n)))


def adjoint(a: Any) -> Any:
    return np.conj(np.swapaxes(a, -1, -2))


def positive(a: Any) -> Any:
    return a @ adjoint(a) + np.eye(a.shape[-1], dtype=a.real.dtype)


def hermitian(a: Any) -> Any:
    return a + adjoint(a)


def spectral(a: Any) -> Any:
    """V exp(w/10) V^H, and the projector on the first two eigenvectors."""
    w, v = np.linalg.eigh(hermitian(a))
    first = v[..., :, :2]
    return (v * np.exp(w / 10)[..., None, :]) @ adjoint(v), first @ adjoint(first)


def singular_parts(a: Any) -> Any:
    """The singular values, the polar factor, and the projector on the first singular vector."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    first = u[..., :, :1]
    return s, u @ vh, first @ adjoint(first)


def complements(a: Any) -> Any:
    """What the further columns of a full decomposition span."""
    u, _, vh = np.linalg.svd(a)
    k = min(a.shape[-2:])
    left, right = u[..., k:], adjoint(vh)[..., k:]
    return left @ adjoint(left), right @ adjoint(right)


def eigenprojectors(a: Any) -> Any:
    """V exp(w/4) V^-1: the same in whatever order LAPACK finds the eigenvalues."""
    w, v = np.linalg.eig(a)
    return np.sum(np.sin(w), axis=-1), (v * np.exp(w / 4)[..., None, :]) @ np.linalg.inv(v)


def unit_eigenvectors(a: Any) -> Any:
    """Sum of w_k v_k v_k^H: depends on the length of the eigenvectors, not on their phase."""
    w, v = np.linalg.eig(a)
    return (v * w[..., None, :]) @ adjoint(v)


def full_q(a: Any) -> Any:
    q, r = np.linalg.qr(a, mode="complete")
    k = min(a.shape[-2:])
    return q[..., :k], q[..., k:] @ adjoint(q[..., k:]), r


def lu_parts(a: Any) -> Any:
    p, l, u = linalg.lu(a)
    return l, u, p @ l @ u


def band(lower: int, upper: int, n: int = 5, columns: tuple[int, ...] = ()) -> Draw:
    def draw(rng: np.random.Generator) -> Any:
        ab = rng.uniform(-1, 1, (lower + upper + 1, n))
        ab[upper] += 4.0
        return ab, rng.uniform(-1, 1, (n, *columns))

    return draw


def half_band(ab: Any, lower: bool) -> Any:
    """A diagonally dominant half band, with a real diagonal."""
    d = ab[:1] if lower else ab[-1:]
    d = np.real(d * np.conj(d)) + 4.0 + 0 * d
    return np.concatenate([d, ab[1:]] if lower else [ab[:-1], d])


def toeplitz_parts(rng: np.random.Generator) -> Any:
    c, r, b = rng.uniform(-1, 1, 4), rng.uniform(-1, 1, 4), rng.uniform(-1, 1, (4, 2))
    c[0] += 5.0
    return c, r, b


def distinct(rng: np.random.Generator) -> Any:
    return np.array([1.0, 2.0, 3.5]) + rng.uniform(-0.2, 0.2, (2, 3))


def vectors(rng: np.random.Generator) -> Any:
    return rng.uniform(0.3, 2.0, (2, 3)) * rng.choice([-1.0, 1.0], (2, 3))


def residual_and_values(a: Any, b: Any) -> Any:
    x, residuals, _, s = np.linalg.lstsq(a, b, rcond=None)
    return x, residuals, s


def graded(n_kept: int) -> Draw:
    """Three singular values, so many of them above half of the largest."""
    scale = np.array([4.0, 3.0 if n_kept > 1 else 0.8, 2.8 if n_kept > 2 else 0.3])
    return lambda rng: np.diag(scale) + 0.1 * rng.uniform(-1, 1, (3, 3))


def overdetermined(rng: np.random.Generator) -> Any:
    return rectangle(4, 2)(rng), rng.uniform(-1, 1, (4, 2))


def underdetermined(rng: np.random.Generator) -> Any:
    return rectangle(2, 4)(rng), rng.uniform(-1, 1, (2, 2))


def stable(a: Any) -> Any:
    """Eigenvalues inside the unit circle."""
    return a * 0.15


def chain_of_factors(rng: np.random.Generator) -> Any:
    return tuple([rng.uniform(-1, 1, s) for s in ((3,), (3, 4), (4, 2), (2, 3))])


def solve_by_lu(trans: int) -> Callable[..., Any]:
    return lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, trans)


def solve_by_cholesky(lower: bool) -> Callable[..., Any]:
    return lambda a, b: linalg.cho_solve(linalg.cho_factor(positive(a), lower), b)


def solve_as(structure: str, **options: Any) -> Callable[..., Any]:
    return lambda a, b: linalg.solve(a, b, assume_a=structure, **options)


def lower_part(a: Any) -> Any:
    """The two smallest eigenvalues, and the projector on their eigenvectors."""
    w, v = linalg.eigh(a, subset_by_index=[0, 1])
    return w, v @ adjoint(v)


SYSTEMS = [
    Case("solve_vector", np.linalg.solve, system(), ("solve",), complex=True),
    Case("solve_matrix", np.linalg.solve, system(3, (2,)), ("solve",), complex=True),
    Case("solve_stack", np.linalg.solve, system(2, (2,), (2,)), ("solve_many",), complex=True),
    Case(
        "solve_broadcast",
        np.linalg.solve,
        lambda rng: (square(2, (3, 1))(rng), rng.uniform(-1, 1, (2, 2, 1))),
        ("solve_many",),
    ),
    Case(
        "solve_stack_of_sides",
        np.linalg.solve,
        lambda rng: (square(2)(rng), rng.uniform(-1, 1, (3, 2, 2))),
        ("solve",),
    ),
    Case("inv", np.linalg.inv, square(), ("inv",), complex=True),
    Case("inv_stack", np.linalg.inv, square(2, (2,)), ("inv",)),
    Case("det", np.linalg.det, square(), ("det",), complex=True),
    Case("det_stack", np.linalg.det, square(2, (2,)), ("det",), complex=True),
    Case("slogdet", lambda a: tuple(np.linalg.slogdet(a)), square(), ("slogdet",), complex=True),
    Case(
        "solve_triangular", linalg.solve_triangular, system(), ("triangular_solve",), complex=True
    ),
    Case(
        "solve_triangular_lower_transposed",
        lambda a, b: linalg.solve_triangular(a, b, trans=1, lower=True),
        system(3, (2,)),
        ("triangular_solve",),
        complex=True,
    ),
    Case(
        "solve_triangular_adjoint_unit",
        lambda a, b: linalg.solve_triangular(a, b, trans="C", unit_diagonal=True),
        system(3, (2,)),
        complex=True,
    ),
    Case("cho_solve_upper", solve_by_cholesky(False), system(), complex=True),
    Case("cho_solve_lower", solve_by_cholesky(True), system(3, (2,)), complex=True),
    Case("lu_solve", solve_by_lu(0), system(3, (2,)), ("lu_factor",), complex=True),
    Case("lu_solve_transposed", solve_by_lu(1), system(), complex=True),
    Case("lu_solve_adjoint", solve_by_lu(2), system(), complex=True),
    Case("scipy_solve", linalg.solve, system(), ("solve",), complex=True),
    Case("scipy_solve_transposed", lambda a, b: linalg.solve(a, b, transposed=True), system()),
    Case("scipy_solve_pos", lambda a, b: linalg.solve(positive(a), b, assume_a="pos"), system()),
    Case("scipy_solve_sym", solve_as("sym"), system(), complex=True),
    Case("scipy_solve_her", solve_as("her", lower=True), system(), complex=True),
    Case("scipy_inv", linalg.inv, square(), ("inv",)),
    Case("scipy_det", linalg.det, square(), ("det",)),
    Case(
        "solve_banded",
        lambda ab, b: linalg.solve_banded((1, 2), ab, b),
        band(1, 2),
        ("banded_solve",),
        complex=True,
    ),
    Case(
        "solve_banded_columns",
        lambda ab, b: linalg.solve_banded((2, 0), ab, b),
        band(2, 0, 4, (2,)),
        complex=True,
    ),
    Case(
        "solveh_banded_upper",
        lambda ab, b: linalg.solveh_banded(half_band(ab, False), b),
        band(0, 1),
        ("hermitian_banded_solve",),
        complex=True,
    ),
    Case(
        "solveh_banded_lower",
        lambda ab, b: linalg.solveh_banded(half_band(ab, True), b, lower=True),
        band(2, 0, 4, (2,)),
        complex=True,
    ),
    Case(
        "solve_toeplitz",
        lambda c, r, b: linalg.solve_toeplitz((c, r), b),
        toeplitz_parts,
        ("toeplitz_solve",),
        complex=True,
    ),
    Case(
        "solve_toeplitz_hermitian",
        lambda c, b: linalg.solve_toeplitz(np.concatenate([np.real(c[:1]) + 0 * c[:1], c[1:]]), b),
        lambda rng: (np.array([4.0, 0.5, -0.7]) + 0.1 * rng.uniform(size=3), rng.uniform(size=3)),
        complex=True,
    ),
    Case(
        "tensorsolve",
        np.linalg.tensorsolve,
        lambda rng: (square(4)(rng).reshape(2, 2, 4), rng.uniform(-1, 1, (2, 2))),
    ),
    Case(
        "tensorinv", lambda a: np.linalg.tensorinv(a), lambda rng: square(4)(rng).reshape(2, 2, 4)
    ),
    Case("lstsq_tall", residual_and_values, overdetermined, ("lstsq",), batch=False, complex=True),
    Case(
        "lstsq_tall_batch",
        lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0],
        overdetermined,
        float32=False,
    ),
    Case(
        "lstsq_wide",
        lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0],
        underdetermined,
        complex=True,
    ),
    Case("pinv_tall", np.linalg.pinv, rectangle(4, 2), ("pinv",), complex=True),
    Case("pinv_wide", np.linalg.pinv, rectangle(2, 3, (2,)), ("pinv",), complex=True),
    Case(
        "pinv_hermitian",
        lambda a: np.linalg.pinv(hermitian(a), hermitian=True),
        square(2),
        ("pinv",),
        complex=True,
    ),
    Case(
        "pinv_truncated",
        lambda a: np.linalg.pinv(a, rcond=0.5),
        graded(2),
        ("svd", "pinv"),
        complex=True,
    ),
    Case(
        "lstsq_truncated",
        lambda a: np.linalg.lstsq(a, np.ones((3, 2)), rcond=0.5)[0],
        graded(1),
        ("svd", "lstsq"),
        complex=True,
    ),
    Case("scipy_pinv", linalg.pinv, rectangle(3, 2), ("pinv",)),
]

FACTORIZATIONS = [
    Case(
        "cholesky", lambda a: np.linalg.cholesky(positive(a)), square(), ("cholesky",), complex=True
    ),
    Case("cholesky_one_triangle", np.linalg.cholesky, lambda rng: positive(square()(rng))),
    Case(
        "cholesky_upper",
        lambda a: np.linalg.cholesky(positive(a), upper=True),
        square(2, (2,)),
        complex=True,
    ),
    Case("scipy_cholesky", lambda a: linalg.cholesky(positive(a)), square(), complex=True),
    Case("eigh_vectors", lambda a: tuple(np.linalg.eigh(a)), square(), ("eigh",)),
    Case("eigh_spectral", spectral, square(), ("eigh",), complex=True),
    Case("eigh_upper", lambda a: tuple(np.linalg.eigh(a, "U")), square(3, (2,))),
    Case("eigvalsh", np.linalg.eigvalsh, square(), ("eigvalsh",), complex=True),
    Case(
        "eigvalsh_upper", lambda a: np.linalg.eigvalsh(a, UPLO="U"), square(2, (2,)), complex=True
    ),
    Case(
        "eigvals",
        lambda a: np.sum(np.exp(np.linalg.eigvals(a) / 4), axis=-1),
        lambda rng: square(3, (2,))(rng) + 0j,
        ("eigvals",),
    ),
    Case("eig", eigenprojectors, lambda rng: square()(rng) + 0.3j * square()(rng), ("eig",)),
    Case(
        "eig_real_pairs",
        eigenprojectors,
        lambda rng: (
            np.array([[0.0, -2.0, 0.3], [2.0, 0.5, 0.1], [0.2, 0.0, 1.0]])
            + 0.1 * rng.uniform(-1, 1, (3, 3))
        ),
    ),
    Case(
        "eig_real_values",
        lambda a: tuple(np.linalg.eig(a)),
        lambda rng: np.diag([1.0, 2.5, 4.0]) + 0.2 * rng.uniform(-1, 1, (3, 3)),
        batch=False,
        traces=False,
    ),
    Case("eig_unit", unit_eigenvectors, lambda rng: square()(rng) + 0.3j * square()(rng)),
    Case("svd_vectors", lambda a: tuple(np.linalg.svd(a, False)), rectangle(3, 3), ("svd",)),
    Case("svd_tall", singular_parts, rectangle(4, 2), ("svd",), complex=True),
    Case("svd_wide", singular_parts, rectangle(2, 3, (2,)), ("svd",), complex=True),
    Case("svd_full_tall", complements, rectangle(4, 2), ("svd",), complex=True),
    Case("svd_full_wide", complements, rectangle(2, 3), ("svd",), complex=True),
    Case("svdvals", np.linalg.svdvals, rectangle(3, 2), ("svdvals",), complex=True),
    Case(
        "svd_hermitian",
        lambda a: np.linalg.svd(hermitian(a) - 5 * np.eye(3, dtype=a.real.dtype), hermitian=True)[
            1
        ],
        square(),
        complex=True,
    ),
    Case("qr", lambda a: tuple(np.linalg.qr(a)), rectangle(4, 2), ("qr",), complex=True),
    Case("qr_square", lambda a: tuple(np.linalg.qr(a)), square(3, (2,)), ("qr",), complex=True),
    Case("qr_wide", lambda a: tuple(np.linalg.qr(a)), rectangle(2, 4), ("qr",), complex=True),
    Case("qr_complete", full_q, rectangle(4, 2), ("qr",), complex=True),
    Case("qr_r", lambda a: np.linalg.qr(a, mode="r"), rectangle(3, 2), ("qr_r",), complex=True),
    Case("scipy_qr", lambda a: linalg.qr(a, mode="economic"), rectangle(3, 2), complex=True),
    Case(
        "scipy_qr_pivoting",
        lambda a: linalg.qr(a, mode="economic", pivoting=True)[:2],
        rectangle(3, 2),
        ("qr_pivots",),
    ),
    Case("lu_square", lu_parts, square(), ("lu_factor",), complex=True),
    Case("lu_tall", lu_parts, rectangle(4, 2), complex=True),
    Case("lu_wide", lu_parts, rectangle(2, 4), complex=True),
    Case("lu_stack", lu_parts, square(2, (2,))),
    Case("lu_permuted", lambda a: linalg.lu(a, permute_l=True), square()),
    Case("lu_factor", lambda a: linalg.lu_factor(a)[0], rectangle(3, 3), complex=True),
    Case("eigh_pair", lambda a, b: linalg.eigh(a, positive(b)), pair(), ("cholesky", "eigh")),
    Case(
        "eigvalsh_pair_type_2",
        lambda a, b: linalg.eigvalsh(a, positive(b), type=2, lower=False),
        pair(),
        complex=True,
    ),
    Case("eigh_pair_type_3", lambda a, b: linalg.eigh(a, positive(b), type=3), pair()),
    Case("eigh_subset", lower_part, square()),
    Case("scipy_svd", lambda a: linalg.svd(a, full_matrices=False)[1], rectangle(2, 3)),
    Case("polar", linalg.polar, rectangle(3, 2), complex=True),
    Case("polar_left", lambda a: linalg.polar(a, side="left"), rectangle(2, 3), complex=True),
]

NORMS = [
    Case("norm", np.linalg.norm, vectors, ("norm",), complex=True),
    Case("norm_axis", lambda x: np.linalg.norm(x, axis=-1, keepdims=True), vectors, complex=True),
    Case("norm_axes", lambda x: np.linalg.norm(x, axis=(0, 1)), vectors, complex=True),
    *[
        Case(
            f"norm_vector_{order}",
            lambda x, p=order: np.linalg.norm(x, p, axis=0),
            vectors,
            complex=True,
        )
        for order in (1, 2, 3, 2.5, 0.5, -1, np.inf, -np.inf)
    ],
    Case("norm_vector_0", lambda x: np.linalg.norm(x, 0, axis=1), vectors, order=0),
    *[
        Case(
            f"norm_matrix_{order}",
            lambda x, p=order: np.linalg.norm(x, p),
            rectangle(3, 2),
            complex=True,
        )
        for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    ],
    Case(
        "norm_matrix_axes",
        lambda x: np.linalg.norm(x, "nuc", axis=(2, 0), keepdims=True),
        lambda rng: rng.uniform(-1, 1, (2, 2, 3)),
    ),
    Case(
        "norm_matrix_1_axes",
        lambda x: np.linalg.norm(x, 1, axis=(2, 0)),
        lambda rng: rng.uniform(0.1, 1, (2, 2, 3)),
    ),
    Case("vector_norm", np.linalg.vector_norm, vectors, ("norm",), complex=True),
    Case("vector_norm_3", lambda x: np.linalg.vector_norm(x, axis=(0, 1), ord=3), vectors),
    Case("matrix_norm", lambda x: np.linalg.matrix_norm(x, keepdims=True), vectors, ("norm",)),
    Case("matrix_norm_nuc", lambda x: np.linalg.matrix_norm(x, ord="nuc"), rectangle(3, 2)),
    Case("cond", np.linalg.cond, square(), ("svdvals",)),
    Case("cond_minus_2", lambda a: np.linalg.cond(a, -2), rectangle(3, 2)),
    Case("cond_fro", lambda a: np.linalg.cond(a, "fro"), square(), ("inv", "norm"), complex=True),
    Case(
        "cond_1",
        lambda a: np.linalg.cond(a, 1),
        lambda rng: np.diag([2.0, 3.0, 8.0]) + 0.1 * rng.uniform(-1, 1, (2, 3, 3)),
    ),
]

FUNCTIONS = [
    Case("matrix_power_5", lambda a: np.linalg.matrix_power(a / 3, 5), square(), complex=True),
    Case("matrix_power_1", lambda a: np.linalg.matrix_power(a, 1), square()),
    Case("matrix_power_0", lambda a: np.linalg.matrix_power(a, 0), square(2, (2,)), order=0),
    Case("matrix_power_minus_2", lambda a: np.linalg.matrix_power(a, -2), square(2, (2,))),
    Case("multi_dot", lambda *xs: np.linalg.multi_dot(xs), chain_of_factors, ("dot",)),
    Case("trace", lambda a: np.linalg.trace(a, offset=1), square(3, (2,))),
    Case("diagonal", lambda a: np.linalg.diagonal(a, offset=-1), square(3, (2,))),
    Case("matrix_transpose", lambda a: np.linalg.matrix_transpose(a) * 1.0, rectangle(3, 2)),
    Case("expm", linalg.expm, square(), ("expm",), complex=True),
    Case("expm_stack", linalg.expm, square(2, (2,)), ("expm",)),
    Case("expm_frechet", linalg.expm_frechet, pair(2), ("frechet",), complex=True),
    Case("sqrtm", lambda a: linalg.sqrtm(positive(a) + 0j), square(), ("sqrtm",), complex=True),
    Case("sqrtm_real", linalg.sqrtm, square(), ("sqrtm",), batch=False, traces=False),
    Case("logm", lambda a: linalg.logm(a + 0j), square(), ("logm",), float32=False, complex=True),
    Case("logm_real", linalg.logm, square(), ("logm",), batch=False, traces=False, float32=False),
    Case(
        "fractional_matrix_power",
        lambda a: linalg.fractional_matrix_power(a + 0j, 0.3),
        square(),
        float32=False,
        complex=True,
    ),
    Case("cosm", linalg.cosm, square(2), ("expm",), complex=True),
    Case("sinm", linalg.sinm, square(2), ("expm",), complex=True),
    Case("tanm", lambda a: linalg.tanm(a / 5), square(2)),
    Case("coshm", linalg.coshm, square(2)),
    Case("sinhm", linalg.sinhm, square(2)),
    Case("tanhm", linalg.tanhm, square(2)),
    Case(
        "solve_sylvester",
        linalg.solve_sylvester,
        lambda rng: (square(2)(rng), square(3)(rng), rng.uniform(-1, 1, (2, 3))),
        ("sylvester",),
        complex=True,
    ),
    Case("solve_continuous_lyapunov", linalg.solve_continuous_lyapunov, pair(), complex=True),
    Case(
        "solve_discrete_lyapunov",
        lambda a, q: linalg.solve_discrete_lyapunov(stable(a), q),
        pair(2),
        complex=True,
    ),
    Case(
        "solve_discrete_lyapunov_bilinear",
        lambda a, q: linalg.solve_discrete_lyapunov(stable(a), q, method="bilinear"),
        pair(2),
        complex=True,
    ),
    Case(
        "toeplitz",
        linalg.toeplitz,
        lambda rng: (rng.uniform(size=3), rng.uniform(size=4)),
        ("from_diagonals",),
        complex=True,
    ),
    Case("toeplitz_one", linalg.toeplitz, lambda rng: rng.uniform(size=3), complex=True),
    Case("circulant", linalg.circulant, lambda rng: rng.uniform(size=4)),
    Case("hankel", linalg.hankel, lambda rng: (rng.uniform(size=3), rng.uniform(size=4))),
    Case("hankel_one", linalg.hankel, lambda rng: rng.uniform(size=3)),
    Case("matmul_toeplitz", lambda c, r, b: linalg.matmul_toeplitz((c, r), b), toeplitz_parts),
    Case(
        "block_diag",
        linalg.block_diag,
        lambda rng: (rng.uniform(size=(2, 3)), rng.uniform(size=(1, 1)), rng.uniform(size=(3, 2))),
    ),
    Case(
        "khatri_rao",
        linalg.khatri_rao,
        lambda rng: (rng.uniform(size=(2, 3)), rng.uniform(size=(4, 3))),
        complex=True,
    ),
]


def factored(is_adjoint: bool) -> Callable[..., Any]:
    """A system solved with the factorization that another solution left."""

    def solve(a: Any, b: Any) -> Any:
        _, lu, pivots = bind(solve_keep_p, a, b)
        return solve_again(a, lu, pivots, b, is_adjoint)

    return solve


def lower_factor(rng: np.random.Generator) -> Any:
    return np.tril(rng.uniform(-1, 1, (3, 3)), -1) + np.diag(rng.uniform(1, 2, 3))


# Primitives that only derivatives contain: called by themselves they are functions like others.
INSIDE_RULES = [
    Case("solve_again", factored(False), system(3, (2,)), ("solve_again",), complex=True),
    Case("solve_again_adjoint", factored(True), system(3, (1,)), ("solve_again",), complex=True),
    Case("solve_keep", lambda a, b: bind(solve_keep_p, a, b)[0], system(2, (2,)), ("solve_keep",)),
    Case(
        "cholesky_push",
        lambda l, da: cholesky.push(np.tril(l), da),
        lambda rng: (lower_factor(rng), rng.uniform(-1, 1, (3, 3))),
        ("cholesky_push",),
        complex=True,
    ),
    Case(
        "cholesky_pull",
        lambda l, ct: cholesky.pull(np.tril(l), ct),
        lambda rng: (lower_factor(rng), rng.uniform(-1, 1, (3, 3))),
        ("cholesky_pull",),
        complex=True,
    ),
    Case("adjugate", lambda a: bind(det_keep_p, a), square(), ("det_keep",), complex=True),
    Case(
        "adjugate_derivative",
        lambda a, e: bind(adjugate_derivative_p, a, e),
        pair(),
        ("adjugate_derivative",),
        complex=True,
    ),
    Case("slogdet_keep", lambda a: bind(slogdet_keep_p, a), square(), complex=True),
    *[
        Case(f"{name}_{lower}", lambda a, f=f, k=lower: f(a, k), square(3, (2,)), complex=True)
        for name, f in (("hermitian_from", hermitian_from), ("fold_hermitian", fold_hermitian))
        for lower in (True, False)
    ],
    *[
        Case(f"triangle_{part}", lambda a, p=part: triangle(a, p), rectangle(2, 3), complex=True)
        for part in ("lower", "upper", "strict_lower", "strict_upper", "half_lower")
    ],
    Case("take_diagonal", take_diagonal, rectangle(2, 3, (2,)), complex=True),
    Case("put_diagonal", lambda d: put_diagonal(d, (4, 3)), vectors, complex=True),
    Case("inverse_gaps", inverse_gaps, distinct, ("inverse_gaps",), complex=True),
    Case("inverse_sums", lambda w: inverse_gaps(w, 1), distinct, ("inverse_gaps",)),
    Case("reciprocal_or_zero", reciprocal_or_zero, vectors, is_elementwise=True, complex=True),
    *[
        Case(
            f"{name}_{is_lower}",
            lambda ab, f=f, k=is_lower: f(ab, k),
            rectangle(3, 4),
            complex=True,
        )
        for name, f in (("hermitian_band", banded.hermitian_band), ("fold_band", banded.fold_band))
        for is_lower in (True, False)
    ],
    Case(
        "banded_product",
        lambda ab, x: banded.banded_product(ab, x, 2, 1),
        band(2, 1, 5, (2,)),
        ("banded_product",),
        complex=True,
    ),
    Case(
        "banded_outer",
        lambda y, x: banded.banded_outer(y, x, 0, 2),
        lambda rng: (rng.uniform(-1, 1, (4, 2)), rng.uniform(-1, 1, (4, 2))),
        ("banded_outer",),
        complex=True,
    ),
    Case(
        "banded_transpose",
        lambda ab: banded.banded_transpose(ab, 1, 2),
        rectangle(4, 5, (2,)),
        ("banded_transpose",),
        complex=True,
    ),
    Case("sum_diagonals", diagonals.sum_diagonals, rectangle(3, 2, (2,)), complex=True),
    Case(
        "toeplitz_solve_adjoint",
        lambda c, r, b: diagonals.toeplitz_solve(c, r, b, True),
        toeplitz_parts,
        complex=True,
        float32=False,
    ),
    Case(
        "permute_rows_back",
        lambda a: permute_rows(a, np.array([2, 0, 1]), True),
        rectangle(3, 2, (2,)),
        ("permute_rows",),
        complex=True,
    ),
    Case("frechet", lambda a, e: frechet(a, e, "expm"), pair(2), ("frechet",), complex=True),
    Case(
        "frechet_logm",
        lambda a, e: frechet(a, e, "logm"),
        pair(2),
        ("frechet",),
        float32=False,
        complex=True,
    ),
]

CASES = [*INSIDE_RULES, *SYSTEMS, *FACTORIZATIONS, *NORMS, *FUNCTIONS]
