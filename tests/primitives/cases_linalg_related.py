"""Cases of SciPy's linear algebra beyond systems and factorizations: bands, control, others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.scipy import linalg

Draw = Callable[[np.random.Generator], Any]


def square(n: int = 3, stack: tuple[int, ...] = ()) -> Draw:
    return lambda rng: rng.uniform(-1, 1, (*stack, n, n)) + np.diag(np.arange(2.0, 2.0 + n))


def rectangle(m: int, n: int) -> Draw:
    return lambda rng: rng.uniform(-1, 1, (m, n)) + 2 * np.eye(m, n)


def uniform(*shape: int) -> Draw:
    return lambda rng: rng.uniform(0.5, 1.5, shape)


def adjoint(a: Any) -> Any:
    return np.conj(np.swapaxes(a, -1, -2))


def positive(a: Any) -> Any:
    return a @ adjoint(a) + np.eye(a.shape[-1], dtype=a.real.dtype)


# -- bands -----------------------------------------------------------------------------------------

N = 5


def band(u: int, lower: bool) -> Draw:
    """A diagonally dominant band with distinct eigenvalues."""

    def draw(rng: np.random.Generator) -> Any:
        ab = rng.uniform(-0.5, 0.5, (u + 1, N))
        ab[0 if lower else u] = 3.0 + np.arange(N) + rng.uniform(0, 0.2, N)
        return ab

    return draw


def used(u: int, lower: bool) -> Any:
    """Which stored elements belong to the matrix."""
    k, j = np.indices((u + 1, N))
    return j + k < N if lower else j + k >= u


def tridiagonal(rng: np.random.Generator) -> Any:
    return 2.0 * np.arange(N) + rng.uniform(0, 0.3, N), rng.uniform(0.3, 0.8, N - 1)


def spectral(w: Any, v: Any) -> Any:
    """What does not depend on the vectors' signs."""
    return (v * np.exp(w / 9)) @ adjoint(v)


BANDS = [
    *[
        Case(
            f"cholesky_banded-{u}-{lower}",
            lambda ab, u=u, lower=lower: np.where(
                used(u, lower), linalg.cholesky_banded(ab, lower=lower), 0.0
            ),
            band(u, lower),
            complex=True,
        )
        for u, lower in ((2, True), (1, False), (0, True))
    ],
    *[
        Case(
            f"cho_solve_banded-{lower}",
            lambda cb, b, lower=lower: linalg.cho_solve_banded((cb, lower), b),
            lambda rng, lower=lower: (band(2, lower)(rng), rng.normal(size=(N, 2))),
            ("banded_solve",),
            complex=True,
        )
        for lower in (True, False)
    ],
    Case(
        "cho_solve_banded-vector",
        lambda ab, b: linalg.cho_solve_banded((linalg.cholesky_banded(ab), False), b),
        lambda rng: (band(1, False)(rng), rng.normal(size=N)),
    ),
    Case("eig_banded", lambda ab: spectral(*linalg.eig_banded(ab)), band(2, False), complex=True),
    Case(
        "eig_banded-index",
        lambda ab: linalg.eig_banded(
            ab, lower=True, eigvals_only=True, select="i", select_range=(1, 3)
        ),
        band(2, True),
        complex=True,
    ),
    Case("eigvals_banded", linalg.eigvals_banded, band(1, False), complex=True),
    Case(
        "eigvals_banded-value",
        lambda ab: linalg.eigvals_banded(ab, lower=True, select="v", select_range=(3.8, 6.2)),
        band(1, True),
        batch=False,
        traces=False,
    ),
    Case("eigh_tridiagonal", lambda d, e: spectral(*linalg.eigh_tridiagonal(d, e)), tridiagonal),
    Case("eigvalsh_tridiagonal", linalg.eigvalsh_tridiagonal, tridiagonal),
]

# -- control ---------------------------------------------------------------------------------------


def plant(rng: np.random.Generator) -> Any:
    return (
        rng.uniform(-0.5, 0.5, (2, 2)),
        rng.uniform(0.5, 1, (2, 1)),
        rng.uniform(-0.5, 0.5, (2, 2)),
        rng.uniform(-0.5, 0.5, (1, 1)),
    )


def are(function: Any) -> Any:
    return lambda a, b, q, r: function(a, b, positive(q), positive(r))


def general_are(function: Any) -> Any:
    """With e and s, both small enough for the problem to stay definite."""

    def f(a: Any, b: Any, q: Any, r: Any) -> Any:
        e = np.eye(2) + 0.3 * q
        return function(a, b, positive(q), positive(r), e, 0.2 * b)

    return f


CONTROL = [
    Case("solve_continuous_are", are(linalg.solve_continuous_are), plant, ("riccati",)),
    Case("solve_discrete_are", are(linalg.solve_discrete_are), plant, ("riccati",)),
    Case("solve_continuous_are-general", general_are(linalg.solve_continuous_are), plant),
    Case("solve_discrete_are-general", general_are(linalg.solve_discrete_are), plant),
]
CONTROL = [replace(c, complex="general" not in c.name, float32=False) for c in CONTROL]


def wide(rng: np.random.Generator) -> Any:
    return rng.uniform(-1, 1, (2, 4)) + 2 * np.eye(2, 4, 2)


# -- related to the factorizations -----------------------------------------------------------------

SHIFTED = np.array([5.0, 1.0, -0.5, 0.3])

RELATED = [
    Case("rq", lambda a: linalg.rq(a), square(), complex=True),
    Case("rq-economic", lambda a: linalg.rq(a, mode="economic"), wide, complex=True),
    Case("rq-r", lambda a: linalg.rq(a, mode="r"), rectangle(4, 2), complex=True),
    Case(
        "qr_multiply",
        lambda a, c: linalg.qr_multiply(a, c),
        lambda rng: (rectangle(4, 3)(rng), rng.normal(size=(2, 4))),
        complex=True,
    ),
    Case(
        "qr_multiply-left",
        lambda a, c: linalg.qr_multiply(a, c, "left"),
        lambda rng: (rectangle(4, 3)(rng), rng.normal(size=(3, 2))),
    ),
    Case(
        "qr_multiply-vector",
        lambda a, c: linalg.qr_multiply(a, c),
        lambda rng: (rectangle(4, 3)(rng), rng.normal(size=4)),
    ),
    Case("pinvh", lambda a: linalg.pinvh(a + adjoint(a)), square(), complex=True),
    Case("pinvh-upper", lambda a: linalg.pinvh(a, lower=False), square()),
    Case("diagsvd", lambda s: (linalg.diagsvd(s, 3, 5), linalg.diagsvd(s, 4, 3)), uniform(3)),
    Case(
        "subspace_angles",
        linalg.subspace_angles,
        lambda rng: (rng.normal(size=(5, 2)), rng.normal(size=(5, 3))),
        tol=1e-6,
        traces=False,
        batch=False,
    ),
    Case(
        "subspace_angles-near",
        lambda a, e: linalg.subspace_angles(a, a + 0.1 * e),
        lambda rng: (rng.normal(size=(5, 2)), rng.normal(size=(5, 2))),
        tol=1e-5,
        traces=False,
        batch=False,
    ),
    Case(
        "orthogonal_procrustes",
        linalg.orthogonal_procrustes,
        lambda rng: (rectangle(5, 3)(rng), rectangle(5, 3)(rng)),
        complex=True,
    ),
    Case(
        "signm",
        lambda a: linalg.signm(a - 3.2 * np.eye(3)),
        square(),
        traces=False,
        batch=False,
        float32=False,
    ),
    Case(
        "solve_circulant",
        lambda c, b: linalg.solve_circulant(c + SHIFTED, b),
        lambda rng: (rng.uniform(-0.3, 0.3, 4), rng.normal(size=(4, 2))),
        complex=True,
        traces=False,
        batch=False,
    ),
    Case(
        "solve_circulant-axes",
        lambda c, b: linalg.solve_circulant(
            c + SHIFTED[:, None], b, "lstsq", caxis=0, baxis=-1, outaxis=-1
        ),
        lambda rng: (rng.uniform(-0.3, 0.3, (4, 2)), rng.normal(size=(2, 4))),
    ),
    Case(
        "solve_circulant-singular",
        lambda b: linalg.solve_circulant(np.array([1.0, 1.0, 0.0, 0.0]), b, "lstsq"),
        lambda rng: rng.normal(size=4),
    ),
    Case("companion", linalg.companion, uniform(2, 4), complex=True),
    Case("leslie", linalg.leslie, lambda rng: (rng.normal(size=4), rng.normal(size=3))),
    Case("fiedler", lambda a: linalg.fiedler(np.cumsum(a)), uniform(4)),
    Case("fiedler_companion", linalg.fiedler_companion, uniform(6), complex=True),
    Case("fiedler_companion-even", linalg.fiedler_companion, uniform(2, 5)),
    *[
        Case(
            f"convolution_matrix-{mode}-{n}",
            lambda a, mode=mode, n=n: linalg.convolution_matrix(a, n, mode),
            uniform(2, 4),
            complex=True,
        )
        for mode in ("full", "same", "valid")
        for n in (2, 5)
    ],
]

CASES = [*BANDS, *CONTROL, *RELATED]
