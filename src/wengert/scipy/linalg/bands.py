"""Hermitian bands: their Cholesky factors, eigenvalues and eigenvectors.

The systems of `structured` stay within the band. What is here goes through the full matrix, at a
cost of O(n^3), because derivatives of eigenvectors fill it anyway.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import conj, convert, reshape
from wengert.ops.linalg import banded, eigen
from wengert.ops.linalg import cholesky as factors
from wengert.ops.linalg.common import describe, float_dtype
from wengert.ops.linalg.structure import hermitian_from
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.linalg.structured import _band_and_columns


def _stored(u: int, n: int, lower: bool) -> tuple[Any, Any, Any]:
    """Row and column in the matrix of each stored element, and which of them exist."""
    k, j = np.indices((u + 1, n))
    i = j + k if lower else j + k - u
    return np.clip(i, 0, n - 1), j, (i >= 0) & (i < n)


def full_matrix(ab: Any, lower: bool) -> Any:
    """The Hermitian matrix of which `ab` holds a triangle of the band."""
    u, n = ab.shape[-2] - 1, ab.shape[-1]
    i, j = np.indices((n, n))
    k = i - j if lower else u + i - j
    is_stored = (i - j >= 0) & (i - j <= u) if lower else (j - i >= 0) & (j - i <= u)
    triangle = np.where(is_stored, ab[..., np.clip(k, 0, u), j], 0.0)
    return hermitian_from(triangle, lower)


def _band(name: str, ab: Any) -> Any:
    ab = as_operand(ab)
    if len(ab.shape) < 2 or ab.shape[-2] == 0:
        raise ShapeError(
            f"{name}: the diagonals must be the rows of a matrix.",
            got=describe(ab=ab),
            expected="ab: [..., u + 1, n]",
        )
    return convert(ab, float_dtype(name, ab))


@follows_scipy("linalg")
def cholesky_banded(
    ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True
) -> Any:
    """The Cholesky factor of a Hermitian positive definite band, stored as the band is.

    Parameters
    ----------
    ab : array, shape (..., u + 1, n)
        Elements outside of the matrix are handed on.
    lower : bool
        Which triangle is stored, and which factor is given.
    """
    ab = _band("cholesky_banded", ab)
    factor = factors.cholesky(full_matrix(ab, bool(lower)), upper=not lower)
    i, j, exists = _stored(ab.shape[-2] - 1, ab.shape[-1], bool(lower))
    return np.where(exists, factor[..., i, j], ab)


@follows_scipy("linalg")
def cho_solve_banded(
    cb_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """The solution x of a x = b, given the Cholesky factor of a band; within the band."""
    cb, lower = cb_and_lower
    cb, columns, is_vector = _band_and_columns("cho_solve_banded", cb, b, None)
    u = cb.shape[-2] - 1
    below = (u, 0) if lower else (0, u)
    adjoint_band = banded.banded_transpose(conj(cb), *below)
    first, second = (cb, adjoint_band) if lower else (adjoint_band, cb)
    y = banded.banded_solve(first, columns, u, 0)
    x = banded.banded_solve(second, y, 0, u)
    return reshape(x, x.shape[:-1]) if is_vector else x


def _selected(name: str, w: Any, select: Any, select_range: Any) -> Any:
    """An index of the eigenvalues that SciPy's arguments name."""
    if select in ("a", "all", 0):
        return slice(None)
    if select in ("i", "index", 2):
        first, last = (int(i) for i in select_range)
        return slice(first, last + 1)
    if select in ("v", "value", 1):  # how many these are is a decision
        low, high = select_range
        return (w > low) & (w <= high)
    raise ArgumentError(
        f"{name}: there is no such selection.", got=repr(select), expected="'a', 'i' or 'v'"
    )


def _spectrum(name: str, a: Any, only_values: bool, select: Any, select_range: Any) -> Any:
    if only_values:
        w = eigen.eigvalsh(a, "L")
        return w[..., _selected(name, w, select, select_range)]
    w, v = eigen.eigh(a, "L")
    chosen = _selected(name, w, select, select_range)
    return w[..., chosen], v[..., chosen]


@follows_scipy("linalg")
def eig_banded(
    a_band: Any,
    lower: bool = False,
    eigvals_only: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    max_ev: int = 0,
    check_finite: bool = True,
) -> Any:
    """Eigenvalues and eigenvectors of a Hermitian band; derivatives as those of `eigh`."""
    a = full_matrix(_band("eig_banded", a_band), bool(lower))
    return _spectrum("eig_banded", a, eigvals_only, select, select_range)


@follows_scipy("linalg")
def eigvals_banded(
    a_band: Any,
    lower: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
) -> Any:
    """Eigenvalues of a Hermitian band."""
    a = full_matrix(_band("eigvals_banded", a_band), bool(lower))
    return _spectrum("eigvals_banded", a, True, select, select_range)


@follows_scipy("linalg")
def eigh_tridiagonal(
    d: Any,
    e: Any,
    eigvals_only: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """Eigenvalues and eigenvectors of a real symmetric tridiagonal matrix.

    Parameters
    ----------
    d, e : array, shape (..., n) and (..., n - 1)
        The diagonal, and the one beside it.
    """
    d, e = as_operand(d), as_operand(e)
    if not d.shape or not e.shape or d.shape[-1] != e.shape[-1] + 1:
        raise ShapeError(
            "eigh_tridiagonal: the diagonals do not fit.",
            got=describe(d=d, e=e),
            expected="d: [..., n], e: [..., n - 1]",
        )
    dtype = float_dtype("eigh_tridiagonal", d, e)
    d, e = convert(d, dtype), convert(e, dtype)
    padded = np.concatenate([e, np.zeros_like(d[..., :1])], axis=-1)
    a = full_matrix(np.stack([d, padded], axis=-2), True)
    return _spectrum("eigh_tridiagonal", a, eigvals_only, select, select_range)


@follows_scipy("linalg")
def eigvalsh_tridiagonal(
    d: Any,
    e: Any,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """Eigenvalues of a real symmetric tridiagonal matrix."""
    return eigh_tridiagonal(d, e, True, select, select_range)
