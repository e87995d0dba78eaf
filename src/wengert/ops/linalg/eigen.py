"""Eigenvalues and eigenvectors, Hermitian and general.

    eigh eigvalsh    a = v diag(w) v^H, from one triangle of a
    eig eigvals      a v = v diag(w)

Eigenvectors are defined up to a factor (a sign where real, a phase where complex). Derivatives are
those with v_i^H dv_i = 0 for every i; for real ones this is the derivative of what LAPACK returns.
Eigenvalues that coincide: see `docs/notes/degenerate-spectra.md`.

Sources: M. B. Giles, "Collected matrix derivative results" (2008); C. Boeddeker et al., "On the
computation of complex-valued gradients with application to statistically optimum beamforming"
(arXiv:1701.00392), for complex matrices.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from wengert.errors import ArgumentError
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import conj, convert, imag, mul, real, sub, sum_axes
from wengert.ops.linalg import native_spectral
from wengert.ops.linalg.common import (
    adjoint,
    as_square,
    chain,
    column_scaled,
    complex_dtype,
    is_known,
    real_dtype,
)
from wengert.ops.linalg.solve import solve_columns
from wengert.ops.linalg.structure import hermitian_from, inverse_gaps, real_diagonal, take_diagonal
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type

EighResult = type(np.linalg.eigh(np.eye(1)))
EigResult = type(np.linalg.eig(np.eye(1)))

# -- Hermitian matrices ----------------------------------------------------------------------------


def is_lower(name: str, uplo: Any) -> bool:
    """Whether NumPy's UPLO names the lower triangle."""
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ArgumentError(
            f"{name}: UPLO names no triangle.", got=repr(uplo), expected="'L' or 'U'"
        )
    return uplo.upper() == "L"


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues in ascending order and eigenvectors, from one triangle of `a`."""
    return EighResult(*bind(eigh_p, as_square("eigh", a), lower=is_lower("eigh", UPLO)))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues in ascending order, from one triangle of `a`."""
    return bind(eigvalsh_p, as_square("eigvalsh", a), lower=is_lower("eigvalsh", UPLO))[0]


def _uplo(lower: bool) -> Literal["L", "U"]:
    return "L" if lower else "U"


def _values_type(a: Type, **params: Any) -> Type:
    return Type(a.shape[:-1], real_dtype(a.dtype))


def _eigh_jvp(args: Any, out: Any, tangents: Any, *, lower: bool) -> Any:
    w, v = out
    m = chain(adjoint(v), hermitian_from(tangents[0], lower), v)
    gaps = convert(inverse_gaps(w), v.dtype)
    return real_diagonal(m), matmul(v, mul(gaps, m))


eigh_p: Primitive = define(
    Primitive(
        "eigh",
        lambda a, *, lower: tuple(np.linalg.eigh(a, _uplo(lower))),
        lambda a, *, lower: (_values_type(a), a),
        jvp=_eigh_jvp,
        emit=native_spectral.EIGH,
        batch=lambda size, args, is_batched, *, lower: (
            bind(eigh_p, *args, lower=lower),
            (True, True),
        ),
        cost=lambda in_types, out_types, **params: 9 * in_types[0].size * in_types[0].shape[-1],
        is_multiple=True,
        render=lambda ins, params: f"np.linalg.eigh({ins[0]}, {_uplo(params['lower'])!r})",
        facts={"gauge": "v_i^H dv_i = 0", "ties": "docs/notes/degenerate-spectra.md"},
    )
)
eigvalsh_p: Primitive = define(
    Primitive(
        "eigvalsh",
        lambda a, *, lower: (np.linalg.eigvalsh(a, _uplo(lower)),),
        lambda a, *, lower: (_values_type(a),),
        emit=native_spectral.EIGVALSH,
        batch=lambda size, args, is_batched, *, lower: (
            bind(eigvalsh_p, *args, lower=lower),
            (True,),
        ),
        cost=lambda in_types, out_types, **params: (
            4 * in_types[0].size * in_types[0].shape[-1] // 3
        ),
        extended=eigh_p,
        is_multiple=True,
        render=lambda ins, params: f"(np.linalg.eigvalsh({ins[0]}, {_uplo(params['lower'])!r}),)",
    )
)


# -- general matrices ------------------------------------------------------------------------------


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    """Eigenvalues and unit eigenvectors of a general matrix.

    For a real matrix NumPy gives real results where all eigenvalues are real; here that is a
    decision on the values. In a recording without values the results are complex.
    """
    a = as_square("eig", a)
    w, v = bind(eig_p, a)
    if is_real_result(a, w):
        w, v = real(w), real(v)
    return EigResult(w, v)


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Eigenvalues of a general matrix; real or complex as for `eig`."""
    a = as_square("eigvals", a)
    (w,) = bind(eigvals_p, a)
    return real(w) if is_real_result(a, w) else w


def is_real_result(a: Any, result: Any) -> bool:
    """Whether a complex result of a real matrix is real: a decision, where there are values."""
    if a.dtype.kind == "c":
        return False
    return is_known(result) and not np.any(imag(result) != 0)


def _eig_array(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    dtype = complex_dtype(a.dtype)
    return w.astype(dtype, copy=False), v.astype(dtype, copy=False)


def _eig_jvp(args: Any, out: Any, tangents: Any) -> Any:
    w, v = out
    m = solve_columns(v, matmul(convert(tangents[0], v.dtype), v))
    dv = matmul(v, mul(inverse_gaps(w), m))
    along = sum_axes(mul(conj(v), dv), (v.ndim - 2,))
    return take_diagonal(m), sub(dv, column_scaled(v, along))


eig_p: Primitive = define(
    Primitive(
        "eig",
        _eig_array,
        lambda a: (
            Type(a.shape[:-1], complex_dtype(a.dtype)),
            Type(a.shape, complex_dtype(a.dtype)),
        ),
        jvp=_eig_jvp,
        batch=lambda size, args, is_batched: (bind(eig_p, *args), (True, True)),
        cost=lambda in_types, out_types, **params: 25 * in_types[0].size * in_types[0].shape[-1],
        is_multiple=True,
        render=lambda ins, params: f"tuple(m + 0j for m in np.linalg.eig({ins[0]}))",
        facts={"gauge": "v_i^H dv_i = 0", "domain": "diagonalizable"},
        emit=Unsupported("NumPy decides from values whether the result is real"),
    )
)
eigvals_p: Primitive = define(
    Primitive(
        "eigvals",
        lambda a: (np.linalg.eigvals(a).astype(complex_dtype(a.dtype), copy=False),),
        lambda a: (Type(a.shape[:-1], complex_dtype(a.dtype)),),
        batch=lambda size, args, is_batched: (bind(eigvals_p, *args), (True,)),
        cost=lambda in_types, out_types, **params: 10 * in_types[0].size * in_types[0].shape[-1],
        extended=eig_p,
        is_multiple=True,
        render=lambda ins, params: f"(np.linalg.eigvals({ins[0]}) + 0j,)",
        emit=Unsupported("NumPy decides from values whether the result is real"),
    )
)
