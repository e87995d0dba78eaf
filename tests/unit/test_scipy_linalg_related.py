"""Values of `wengert.scipy.linalg` against SciPy's, argument by argument; what raises, and how."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import wengert as wg
from wengert.errors import ArgumentError, ShapeError
from wengert.scipy import linalg

RNG = np.random.default_rng(5)
A, B = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 3))
H = A + A.T + 9 * np.diag([1.0, 2.0, 3.0, 4.0])
BAND = np.array([[0.0, 0.3, -0.2, 0.4], [4.0, 5.0, 6.0, 7.5]])
LOWER = np.array([[4.0, 5.0, 6.0, 7.5], [0.3, -0.2, 0.4, 0.0]])
Z = A + 0.5j * RNG.normal(size=(4, 4))
SMALL = 0.3 * A

VALUES = {
    "cholesky_banded": ("cholesky_banded", (BAND,), {}),
    "cholesky_banded lower": ("cholesky_banded", (LOWER,), {"lower": True}),
    "eig_banded values": ("eig_banded", (BAND,), {"eigvals_only": True}),
    "eig_banded index": (
        "eig_banded",
        (LOWER, True),
        {"eigvals_only": True, "select": "i", "select_range": (1, 2)},
    ),
    "eigvals_banded value": (
        "eigvals_banded",
        (BAND,),
        {"select": "v", "select_range": (4.2, 7.0)},
    ),
    "eigvalsh_tridiagonal": ("eigvalsh_tridiagonal", (LOWER[0], LOWER[1, :3]), {}),
    "eigvalsh_tridiagonal index": (
        "eigvalsh_tridiagonal",
        (LOWER[0], LOWER[1, :3]),
        {"select": "i", "select_range": (0, 1)},
    ),
    "rq": ("rq", (A,), {}),
    "rq wide": ("rq", (B.T,), {}),
    "rq wide economic": ("rq", (B.T,), {"mode": "economic"}),
    "rq tall economic": ("rq", (B,), {"mode": "economic"}),
    "rq tall": ("rq", (B,), {}),
    "rq r": ("rq", (Z,), {"mode": "r"}),
    "qr_multiply": ("qr_multiply", (B, A), {}),
    "qr_multiply left": ("qr_multiply", (B, A[:3]), {"mode": "left"}),
    "qr_multiply pivoting": ("qr_multiply", (B, A), {"pivoting": True}),
    "qr_multiply vector": ("qr_multiply", (B, A[0]), {}),
    "pinvh": ("pinvh", (H,), {}),
    "pinvh upper rank": ("pinvh", (H,), {"lower": False, "return_rank": True}),
    "diagsvd": ("diagsvd", (A[0],), {"M": 4, "N": 6}),
    "subspace_angles: the shapes do not fit": ("subspace_angles", (A[:, :2], B), {}),
    "orthogonal_procrustes: the shapes do not fit": ("orthogonal_procrustes", (A, Z), {}),
    "signm": ("signm", (A - 0.3 * np.eye(4),), {}),
    "solve_circulant": ("solve_circulant", (A[0] + [5.0, 0, 0, 0], B), {}),
    "companion": ("companion", (A[0],), {}),
    "leslie": ("leslie", (A[0], A[0, :3]), {}),
    "fiedler": ("fiedler", (A[0],), {}),
    "fiedler_companion": ("fiedler_companion", (A.ravel()[:7],), {}),
    "fiedler_companion even": ("fiedler_companion", (A.ravel()[:6],), {}),
    "fiedler_companion short": ("fiedler_companion", (A.ravel()[:2],), {}),
    "convolution_matrix": ("convolution_matrix", (A[0],), {"n": 6}),
    "convolution_matrix same": ("convolution_matrix", (A[0],), {"n": 3, "mode": "same"}),
    "convolution_matrix valid": ("convolution_matrix", (A[0],), {"n": 6, "mode": "valid"}),
    "solve_continuous_are": ("solve_continuous_are", (SMALL, B, H, np.eye(3)), {}),
    "solve_continuous_are e s": (
        "solve_continuous_are",
        (SMALL, B, H, np.eye(3), np.eye(4) + 0.1 * A, 0.05 * B),
        {"balanced": False},  # balanced, SciPy finds no solution
    ),
    "solve_discrete_are": ("solve_discrete_are", (SMALL, B, H, np.eye(3)), {}),
    "solve_discrete_are e s": (
        "solve_discrete_are",
        (SMALL, B, H, np.eye(3), np.eye(4) + 0.1 * A, 0.05 * B),
        {"balanced": False},  # balanced, SciPy finds no solution
    ),
    "solve_discrete_are complex": ("solve_discrete_are", (0.3 * Z, B, H, np.eye(3)), {}),
}


def parts(result):
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("key", VALUES)
def test_values(key):
    name, args, keywords = VALUES[key]
    expected = parts(getattr(scipy.linalg, name)(*args, **keywords))
    plain = parts(getattr(linalg, name)(*args, **keywords))
    found = wg.vjp(lambda *xs: tuple(parts(getattr(linalg, name)(*xs, **keywords))), *args)[0]
    assert len(found) == len(expected)
    for ours, untraced, theirs in zip(found, plain, expected, strict=True):
        np.testing.assert_array_equal(untraced, theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
        assert np.shape(ours) == np.shape(theirs)


def test_optimal_cost_is_differentiated_in_closed_form():
    """a, b, q and r numbers: the roots of quadratic equations."""
    one = np.eye(1)
    for a in (-0.5, 0.3):
        care = wg.grad(lambda a: linalg.solve_continuous_are(a * one, one, one, one)[0, 0])(a)
        np.testing.assert_allclose(care, 1 + a / np.sqrt(a * a + 1), rtol=1e-12)

        def root(a):  # x^2 - a^2 x - 1 = 0
            return (a * a + np.sqrt(a**4 + 4)) / 2

        dare = wg.hessian(lambda a: linalg.solve_discrete_are(a * one, one, one, one)[0, 0])(a)
        np.testing.assert_allclose(dare, wg.hessian(root)(a), rtol=1e-9)


def test_structure_questions_are_decisions():
    def f(a):
        assert linalg.issymmetric(a + a.T)
        assert not linalg.issymmetric(a)
        assert linalg.ishermitian(a + a.T, atol=1e-12)
        return a.sum()

    wg.grad(f)(A)


MESSAGES = {
    "there is no such selection": (
        ArgumentError,
        lambda x: linalg.eigvals_banded(x, select="z"),
    ),
    "the diagonals must be the rows of a matrix": (
        ShapeError,
        lambda x: linalg.cholesky_banded(x[0]),
    ),
    "eigh_tridiagonal: the diagonals do not fit": (
        ShapeError,
        lambda x: linalg.eigh_tridiagonal(x[0], x[0]),
    ),
    "rq: there is no such mode": (ArgumentError, lambda x: linalg.rq(x, mode="z")),
    "qr_multiply: there is no such mode": (
        ArgumentError,
        lambda x: linalg.qr_multiply(x, x, mode="z"),
    ),
    "diagsvd: the singular values do not fit": (ShapeError, lambda x: linalg.diagsvd(x[0], 7, 8)),
    "subspace_angles": (ShapeError, lambda x: linalg.subspace_angles(x, x[:1])),
    "orthogonal_procrustes": (ShapeError, lambda x: linalg.orthogonal_procrustes(x, x.T)),
    "issymmetric": (ShapeError, linalg.issymmetric),
    "solve_circulant": (ShapeError, lambda x: linalg.solve_circulant(x[0], x[:, 0])),
    "solve_circulant: the matrix is singular": (
        np.linalg.LinAlgError,
        lambda x: linalg.solve_circulant(0 * x[0], x[0]),
    ),
    "companion: the vectors do not fit": (ShapeError, lambda x: linalg.companion(x[0, :1])),
    "leslie: the vectors do not fit": (ShapeError, lambda x: linalg.leslie(x[0], x[0])),
    "an empty convolution, or no such mode": (
        ArgumentError,
        lambda x: linalg.convolution_matrix(x[0], 3, "z"),
    ),
    "solve_continuous_are": (
        ShapeError,
        lambda x: linalg.solve_continuous_are(A, x, A, np.eye(3)),
    ),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_messages(text):
    kind, call = MESSAGES[text]
    with pytest.raises(kind, match=text):
        wg.vjp(call, BAND)
