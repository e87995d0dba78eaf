"""What follows from the factorizations: rq, angles between subspaces, matrix sign, circulants …"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import conj, real
from wengert.ops.linalg import matrix_functions
from wengert.ops.linalg import qr as orthogonal
from wengert.ops.linalg import svd as singular
from wengert.ops.linalg.common import adjoint, as_matrices, as_square, describe, misfit
from wengert.ops.linalg.solve import inv
from wengert.ops.linalg.structure import hermitian_from, put_diagonal
from wengert.ops.matmul import matmul
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.linalg.factorizations import orth, qr
from wengert.scipy.linalg.systems import pinv


@follows_scipy("linalg")
def rq(
    a: Any,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    check_finite: bool = True,
) -> Any:
    """r and q of a = r q: the factorization `qr` of the rows from the last to the first.

    Parameters
    ----------
    a : array, shape (..., m, n)
    mode : {"full", "r", "economic"}
    """
    if mode not in ("full", "r", "economic"):
        raise ArgumentError(
            "rq: there is no such mode.", got=repr(mode), expected="'full', 'r' or 'economic'"
        )
    a = as_matrices("rq", a)
    turned = adjoint(a[..., ::-1, ::-1])
    q, r = orthogonal.qr(turned, "reduced" if mode == "economic" else "complete")
    r, q = adjoint(r)[..., ::-1, ::-1], adjoint(q)[..., ::-1, ::-1]
    return r if mode == "r" else (r, q)


@follows_scipy("linalg")
def qr_multiply(
    a: Any,
    c: Any,
    mode: str = "right",
    pivoting: bool = False,
    conjugate: bool = False,
    overwrite_a: bool = False,
    overwrite_c: bool = False,
) -> Any:
    """c q (or q c, mode "left") and r of a = q r, and the pivots if asked for."""
    if mode not in ("left", "right"):
        raise ArgumentError(
            "qr_multiply: there is no such mode.", got=repr(mode), expected="'left' or 'right'"
        )
    q, *others = qr(a, mode="economic", pivoting=pivoting)
    q = conj(q) if conjugate else q
    c = as_operand(c)
    return (np.matmul(c, q) if mode == "right" else np.matmul(q, c), *others)


@follows_scipy("linalg")
def pinvh(
    a: Any,
    atol: Any = None,
    rtol: Any = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """The pseudo-inverse of a Hermitian matrix, of which one triangle is read; constant rank."""
    a = hermitian_from(as_square("pinvh", a), bool(lower))
    return pinv(a, atol=atol, rtol=rtol, return_rank=return_rank)


@follows_scipy("linalg")
def diagsvd(s: Any, M: int, N: int) -> Any:
    """The M × N matrix with `s` on its diagonal."""
    s, M, N = as_operand(s), operator.index(M), operator.index(N)
    if len(s.shape) != 1 or s.shape[0] not in (M, N):
        raise ShapeError(
            "diagsvd: the singular values do not fit.",
            got=f"{describe(s=s)}, M={M}, N={N}",
            expected="s: [M] or [N]",
        )
    return put_diagonal(s, (M, N))


@follows_scipy("linalg")
def subspace_angles(A: Any, B: Any) -> Any:
    """The angles between the column spaces of A and B, the largest first.

    Small angles are taken from their sines, large ones from their cosines. At an angle of zero
    there is a kink, as in abs(x).

    Notes
    -----
    Source: A. V. Knyazev, M. E. Argentati, "Principal angles between subspaces in an A-based scalar
    product", SIAM J. Sci. Comput. 23 (2002) 2008-2040.
    """
    a, b = orth(A), orth(B)
    if a.shape[-2] != b.shape[-2]:
        raise misfit("subspace_angles", "A: [m, k], B: [m, l]", A=a, B=b)
    product = matmul(adjoint(a), b)
    cosines = singular.svdvals(product)[..., ::-1]
    if a.shape[-1] >= b.shape[-1]:
        rest = b - matmul(a, product)
    else:
        rest = a - matmul(b, adjoint(product))
    sines = singular.svdvals(rest)
    is_small = cosines**2 >= 0.5
    from_sine = np.arcsin(np.where(is_small, sines, 0.0))
    return np.where(is_small, from_sine, np.arccos(np.where(is_small, 0.0, cosines)))


@follows_scipy("linalg")
def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> tuple[Any, Any]:
    """The orthogonal matrix r that brings a r nearest to b, and the sum of singular values."""
    a, b = as_matrices("orthogonal_procrustes", A, B)
    if a.shape != b.shape:
        raise misfit("orthogonal_procrustes", "A, B: [m, n]", A=a, B=b)
    u, w, vh = singular.svd(matmul(adjoint(a), b), full_matrices=False)
    return matmul(u, vh), np.sum(w, axis=-1)


@follows_scipy("linalg")
def signm(A: Any, disp: Any = True) -> Any:
    """The sign of a matrix, a (a^2)^(-1/2); no eigenvalue may be imaginary."""
    a = as_square("signm", A)
    return matmul(a, inv(matrix_functions.sqrtm(matmul(a, a))))


@follows_scipy("linalg")
def solve_circulant(
    c: Any,
    b: Any,
    singular: str = "raise",
    tol: Any = None,
    caxis: int = -1,
    baxis: int = 0,
    outaxis: int = 0,
) -> Any:
    """The solution x of circulant(c) x = b by Fourier transforms, in O(n log n).

    Parameters
    ----------
    c, b : array
        Vectors along `caxis` and `baxis`; their other axes broadcast.
    singular : {"raise", "lstsq"}
        What to do where the transform of `c` has zeros (up to `tol`): raise, or leave these
        components out.
    """
    c, b = as_operand(c), as_operand(b)
    c = np.moveaxis(np.atleast_1d(c), caxis, -1)
    b = np.moveaxis(np.atleast_1d(b), baxis, -1)
    if c.shape[-1] != b.shape[-1]:
        raise misfit("solve_circulant", "c: [n], b: [n]", c=c, b=b)
    transform = np.fft.fft(c, axis=-1)
    size = np.abs(transform)
    if tol is None:
        tol = np.max(size, axis=-1, keepdims=True) * (c.shape[-1] * np.finfo(np.float64).eps)
    is_zero = size <= tol
    if singular == "raise":
        if np.any(is_zero):
            raise LinAlgError("solve_circulant: the matrix is singular.")
        quotient = np.fft.fft(b, axis=-1) / transform
    else:
        quotient = np.fft.fft(b, axis=-1) / np.where(is_zero, 1.0, transform)
        quotient = np.where(is_zero, 0.0, quotient)
    x = np.fft.ifft(quotient, axis=-1)
    x = x if c.dtype.kind == "c" or b.dtype.kind == "c" else real(x)
    return np.moveaxis(x, -1, outaxis)


@follows_scipy("linalg")
def issymmetric(a: Any, atol: Any = None, rtol: Any = None) -> bool:
    """Whether a matrix is its own transpose: a decision on the values."""
    a = as_operand(a)
    return _is_same("issymmetric", a, np.swapaxes(a, -1, -2), atol, rtol)


@follows_scipy("linalg")
def ishermitian(a: Any, atol: Any = None, rtol: Any = None) -> bool:
    """Whether a matrix is its own adjoint: a decision on the values."""
    a = as_operand(a)
    return _is_same("ishermitian", a, adjoint(a), atol, rtol)


def _is_same(name: str, a: Any, b: Any, atol: Any, rtol: Any) -> bool:
    if len(a.shape) != 2 or a.shape != b.shape:
        raise misfit(name, "a: [n, n]", a=a)
    if atol is None and rtol is None:
        return bool(np.all(a == b))
    return bool(np.allclose(a, b, atol=0.0 if atol is None else atol, rtol=rtol or 0.0))
