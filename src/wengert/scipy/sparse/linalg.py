"""`scipy.sparse.linalg` for matrices with traced values: direct and iterative solvers.

spsolve, splu, factorized, inv     by LU, in `solve.py`
cg, bicgstab, gmres, minres        iterative; the derivative is that of the system
norm
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.implicit.functions import as_number
from wengert.implicit.linear import Iterative, linear_system
from wengert.implicit.programs import capture
from wengert.implicit.root import nothing_is_recorded
from wengert.scipy.dispatch import is_traced, scipy_function, without_rule
from wengert.scipy.sparse.arrays import SparseArray, as_sparse, is_sparse
from wengert.scipy.sparse.products import scipy_sparse
from wengert.scipy.sparse.solve import sparse_solve
from wengert.types import Type


def _concerns(*values: Any) -> bool:
    """Whether a value is traced, or a sparse matrix of ours."""
    return any([isinstance(v, SparseArray) or is_traced(v) for v in values])


def _plain_matrix(a: Any) -> Any:
    """A matrix of ours whose values are plain after all, as SciPy's."""
    if not isinstance(a, SparseArray) or is_traced(a.data):
        return a
    return scipy_sparse().csr_array((a.data, a.indices, a.indptr), shape=a.shape)


def _lu_solve(a: Any, b: Any, is_transposed: bool = False) -> Any:
    matrix = as_sparse(a)
    b = as_number(b)
    n = matrix.shape[0]
    if matrix.shape != (n, n) or b.shape[0] != n or b.ndim not in (1, 2):
        raise ShapeError(
            "sparse systems: the sizes do not fit.",
            got=f"a matrix of shape {matrix.shape}, a right-hand side of shape {b.shape}",
            expected="(n, n), and (n,) or (n, k)",
        )
    dtype = np.result_type(matrix.dtype, b.dtype, np.float64)  # what SuperLU is used in
    columns = np.reshape(b, (n, -1)).astype(dtype)
    found = sparse_solve(
        matrix.data.astype(dtype), matrix.indices, matrix.indptr, columns, is_transposed
    )
    return np.reshape(found, b.shape)


def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """The solution of A x = b for a sparse A.

    Parameters
    ----------
    A : sparse matrix, shape (n, n)
        With plain or traced values.
    b : array, shape (n,) or (n, k)
    permc_spec, use_umfpack
        Only in effect where nothing is traced.

    Returns
    -------
    array
        Differentiable in the values of A and in b; one factorization serves all derivatives.

    Raises
    ------
    numpy.linalg.LinAlgError
        If A is singular.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import sparse
    >>> def f(d):
    ...     return np.sum(sparse.linalg.spsolve(sparse.diags_array(d), np.ones(2)))
    >>> wg.grad(f)(np.array([1.0, 2.0]))
    array([-1.  , -0.25])
    """
    if not _concerns(A, b):
        return scipy_function("sparse.linalg", "spsolve")(A, b, permc_spec, use_umfpack)
    return _lu_solve(A, b)


class _Factorization:
    """What `splu` returns for a matrix with traced values: its solutions."""

    def __init__(self, a: Any) -> None:
        self._a = as_sparse(a)
        self.shape = self._a.shape

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """The solution with A, its transpose ("T") or adjoint ("H")."""
        if trans == "H":
            return np.conj(_lu_solve(self._a, np.conj(as_number(rhs)), True))
        return _lu_solve(self._a, rhs, trans == "T")


def splu(A: Any, **options: Any) -> Any:
    """The LU factorization of a sparse matrix, for its method `solve`.

    Parameters
    ----------
    A : sparse matrix, shape (n, n)
        With plain or traced values. For a plain matrix inside a function that is differentiated,
        `solve` takes traced right-hand sides.
    **options
        As in SciPy, where nothing is traced.
    """
    if isinstance(A, SparseArray) or not nothing_is_recorded():
        return _Factorization(A)
    return scipy_function("sparse.linalg", "splu")(A, **options)


def factorized(A: Any) -> Callable[[Any], Any]:
    """The function that solves A x = b for a right-hand side, plain or traced.

    Parameters
    ----------
    A : sparse matrix, shape (n, n)
        With plain or traced values.
    """
    if isinstance(A, SparseArray):
        return lambda b: _lu_solve(A, b)
    plain = scipy_function("sparse.linalg", "factorized")(A)
    return lambda b: _lu_solve(A, b) if is_traced(b) else plain(b)


def _iterative(name: str) -> Any:
    def solver(
        A: Any,
        b: Any,
        x0: Any = None,
        *,
        rtol: float = 1e-5,
        maxiter: Any = None,
        M: Any = None,
        callback: Any = None,
        **options: Any,
    ) -> Any:
        captured = None
        if callable(A) or hasattr(A, "matvec") or _concerns(A, b):
            captured = _product(A, b)
        if captured is None:
            given = {"rtol": rtol, "maxiter": maxiter, "M": M, "callback": callback, **options}
            plain = scipy_function("sparse.linalg", name)
            return plain(_plain_matrix(A), b, x0, **given)
        given = {"rtol": rtol, "maxiter": maxiter, **options}
        if M is not None:
            given["M"] = scipy_function("sparse.linalg", "aslinearoperator")(M)
        kept = tuple(sorted([(k, v) for k, v in given.items() if v is not None]))
        right = as_number(b)
        right = np.reshape(right, (-1,)).astype(captured.program.out_types[0].dtype)
        return linear_system(captured.program, captured.values, right, Iterative(name, kept)), 0

    solver.__name__ = solver.__qualname__ = name
    solver.__doc__ = f"""The solution of A x = b by {name}, differentiated as a linear system.

    Parameters
    ----------
    A : sparse matrix, array, or function
        With plain or traced values; a function v -> A v may close over traced values.
    b : array, shape (n,)
    x0 : array, optional
        Only in effect where nothing is traced.
    rtol, maxiter, M, **options
        As in SciPy; derivatives are solved with the same ones, so that their accuracy is `rtol`.
    callback
        Only in effect where nothing is traced.

    Returns
    -------
    x : array, shape (n,)
        Differentiable in A and b.
    info : int
        0: where the iteration does not converge, `ConvergenceError` is raised.
    """
    return solver


def _product(a: Any, b: Any) -> Any:
    """v -> A v as a Program; None where nothing is traced."""
    right = as_number(b)
    apply = a if callable(a) and not is_sparse(a) else lambda v: a @ v
    if hasattr(a, "matvec"):
        apply = a.matvec
        if not is_traced(b):
            return None
    inner = getattr(a, "dtype", np.dtype(np.float64)) or np.dtype(np.float64)
    dtype = np.result_type(inner, right.dtype, np.float64)
    n = right.size
    function = lambda v: np.reshape(apply(v), (-1,)).astype(dtype)
    return capture("a linear system", function, [Type((n,), dtype)])


bicgstab = _iterative("bicgstab")
cg = _iterative("cg")
gmres = _iterative("gmres")
minres = _iterative("minres")


def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    """The norm of a sparse matrix; where values are traced, that of `A.toarray()`."""
    if not isinstance(x, SparseArray):
        return scipy_function("sparse.linalg", "norm")(x, ord, axis)
    return np.linalg.norm(x.toarray(), ord, axis)


__all__ = ["bicgstab", "cg", "factorized", "gmres", "minres", "norm", "splu", "spsolve"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return without_rule("sparse.linalg", name)
