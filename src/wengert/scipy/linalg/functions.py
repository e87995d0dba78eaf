"""Functions of matrices, and the matrix equations of control theory."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.core import convert, imag, neg, real
from wengert.ops.linalg import matrix_functions
from wengert.ops.linalg.common import adjoint, as_matrices, as_square, complex_dtype, misfit
from wengert.ops.linalg.products import matrix_power
from wengert.ops.linalg.riccati import discrete_lyapunov
from wengert.ops.linalg.solve import solve
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.linalg.systems import in_double

# -- exponential, logarithm, powers ----------------------------------------------------------------


@follows_scipy("linalg")
def expm(A: Any) -> Any:
    """The exponential of a matrix; derivatives of any order, also where eigenvalues coincide.

    Parameters
    ----------
    A : array, shape (..., n, n)

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import linalg
    >>> rotation = lambda t: linalg.expm(t * np.array([[0.0, -1.0], [1.0, 0.0]]))[1, 0]
    >>> float(wg.grad(rotation)(0.0))
    1.0
    """
    return matrix_functions.expm(A)


@follows_scipy("linalg")
def expm_frechet(
    A: Any,
    E: Any,
    method: str | None = None,
    compute_expm: bool = True,
    check_finite: bool = True,
) -> Any:
    """The exponential of `A` and its derivative along `E`."""
    a, e = (in_double(x) for x in as_square("expm_frechet", A, E))
    if a.shape[-1] != e.shape[-1]:
        raise misfit("expm_frechet", "A, E: [..., n, n]", A=a, E=e)
    along = matrix_functions.frechet(a, e, "expm")
    return (matrix_functions.expm(a), along) if compute_expm else along


@follows_scipy("linalg")
def logm(A: Any) -> Any:
    """The principal logarithm of a matrix, real where SciPy's is (a decision on the values)."""
    return matrix_functions.logm(A)


@follows_scipy("linalg")
def sqrtm(A: Any) -> Any:
    """The principal square root of a matrix, real where SciPy's is (a decision on the values)."""
    return matrix_functions.sqrtm(A)


@follows_scipy("linalg")
def fractional_matrix_power(A: Any, t: Any) -> Any:
    """A^t = exp(t log A); integer powers by multiplication. `t` may be traced."""
    a = as_square("fractional_matrix_power", A)
    if isinstance(t, (int, np.integer)) or (isinstance(t, float) and t.is_integer()):
        return matrix_power(a, int(t))
    return matrix_functions.expm(t * matrix_functions.logm(a))


def _exponential_of(name: str, a: Any, factor: complex) -> tuple[Any, bool]:
    """exp(factor a), complex, and whether `a` is real."""
    a = as_square(name, a)
    is_real = a.dtype.kind != "c"
    return matrix_functions.expm(convert(a, complex_dtype(a.dtype)) * factor), is_real


@follows_scipy("linalg")
def cosm(A: Any) -> Any:
    """The cosine of a matrix."""
    e, is_real = _exponential_of("cosm", A, 1j)
    return real(e) if is_real else (e + matrix_functions.expm(-1j * A)) * 0.5


@follows_scipy("linalg")
def sinm(A: Any) -> Any:
    """The sine of a matrix."""
    e, is_real = _exponential_of("sinm", A, 1j)
    return imag(e) if is_real else (e - matrix_functions.expm(-1j * A)) * -0.5j


@follows_scipy("linalg")
def tanm(A: Any) -> Any:
    """The tangent of a matrix."""
    return solve(cosm(A), sinm(A))


@follows_scipy("linalg")
def coshm(A: Any) -> Any:
    """The hyperbolic cosine of a matrix."""
    return (matrix_functions.expm(A) + matrix_functions.expm(neg(A))) * 0.5


@follows_scipy("linalg")
def sinhm(A: Any) -> Any:
    """The hyperbolic sine of a matrix."""
    return (matrix_functions.expm(A) - matrix_functions.expm(neg(A))) * 0.5


@follows_scipy("linalg")
def tanhm(A: Any) -> Any:
    """The hyperbolic tangent of a matrix."""
    return solve(coshm(A), sinhm(A))


# -- matrix equations ------------------------------------------------------------------------------


@follows_scipy("linalg")
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """The solution x of a x + x b = q."""
    return matrix_functions.solve_sylvester(a, b, q)


@follows_scipy("linalg")
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """The solution x of a x + x a^H = q."""
    a, q = as_matrices("solve_continuous_lyapunov", a, q)
    return matrix_functions.solve_sylvester(a, adjoint(a), q)


@follows_scipy("linalg")
def solve_lyapunov(a: Any, q: Any) -> Any:
    """The solution x of a x + x a^H = q; SciPy's older name."""
    return solve_continuous_lyapunov(a, q)


# Up to this size SciPy solves the linear system of n^2 unknowns, above it by a bilinear transform.
_DIRECT_SIZE = 10


@follows_scipy("linalg")
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """The solution x of a x a^H - x + q = 0.

    Parameters
    ----------
    a, q : array, shape (..., n, n)
    method : {"direct", "bilinear"}, optional
        The linear system of n^2 unknowns (default below n = 10), or the continuous equation
        after a bilinear transform.
    """
    a, q = as_square("solve_discrete_lyapunov", a, q)
    n = a.shape[-1]
    if q.shape[-1] != n:
        raise misfit("solve_discrete_lyapunov", "a, q: [..., n, n]", a=a, q=q)
    method = method or ("direct" if n < _DIRECT_SIZE else "bilinear")
    if method not in ("direct", "bilinear"):
        raise ArgumentError(
            "solve_discrete_lyapunov: there is no such method.",
            got=f"method={method!r}",
            expected="'direct' or 'bilinear'",
        )
    double = np.result_type(a.dtype, q.dtype, np.float64)  # SciPy solves in double precision
    return discrete_lyapunov(a.astype(double), q.astype(double), method)
