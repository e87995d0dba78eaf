"""Cases of implicit functions: roots, minima and matrix-free systems, as functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import wengert as wg
from primitives.harness import Case

Draw = Callable[[np.random.Generator], Any]


def between(low: float, high: float, *shapes: tuple[int, ...]) -> Draw:
    return lambda rng: tuple(rng.uniform(low, high, shape) for shape in shapes)


def kepler(mean: Any, e: Any) -> Any:
    """The eccentric anomaly; the guess depends on the arguments, the solution not on it."""
    return wg.implicit_root(lambda x: x - e * np.sin(x) - mean, mean)


def system(a: Any, b: Any, **options: Any) -> Any:
    """Nonlinear equations for two unknowns in a tree, all captured."""

    def equations(x: Any) -> Any:
        u, v = x["u"], x["v"]
        return {"u": (3.0 + a) * u + 0.2 * np.sin(v) - b, "v": v + 0.1 * u * u * a - 1.0}

    x = wg.implicit_root(equations, {"u": 0.5, "v": 0.5}, **options)
    return x["u"], x["v"]


def matrix_free(a: Any, b: Any) -> Any:
    def equations(x: Any) -> Any:
        return a @ x + 4.0 * x + 0.1 * np.tanh(x) - b

    return wg.implicit_root(equations, np.zeros(3), linear_solver="gmres")


def minimum(a: Any, b: Any) -> Any:
    def objective(w: Any) -> Any:
        return np.sum((a @ w - b) ** 2) + 0.3 * np.sum(np.cosh(w))

    return wg.implicit_minimum(objective, np.zeros(2))


def newton_by_itself(a: Any) -> Any:
    return wg.implicit_root(lambda x: x**3 + x - a, np.ones(2), solver="newton")


def complex_root(c: Any) -> Any:
    z = wg.implicit_root(lambda z: z * z + z + c, 0.5 + 1.0j)
    return np.real(z), np.imag(z)


def scipy_minimum(a: Any) -> Any:
    from wengert.scipy import optimize

    def objective(x: Any) -> Any:  # quadratic: the last Newton step is exact
        return np.sum(x * x * (1.0 + a * a) - np.sin(3.0 * a) * x) + x[0] * x[1] * a[0]

    return optimize.minimize(objective, np.zeros(2), method="trust-exact", tol=1e-13).x


def scipy_root(a: Any) -> Any:
    from wengert.scipy import optimize

    return optimize.brentq(lambda x: x**3 + x - a, 0.0, 3.0, xtol=1e-15)


def quadrature(a: Any, b: Any) -> Any:
    from wengert.scipy import integrate

    return integrate.quad(lambda x: np.sum(np.exp(-a * x) * x), 0.0, b, epsrel=1e-11)[0]


def flow(k: Any, y0: Any) -> Any:
    """Fixed steps of a Runge-Kutta method, so that differences see the same function."""
    from wengert.scipy import integrate

    options = {"rtol": 1e9, "atol": 1e9, "first_step": 0.5, "max_step": 0.5}
    times = np.array([0.0, 0.3, 1.0])
    field = lambda t, y: np.stack([y[1], -k * np.sin(y[0])])
    return integrate.solve_ivp(field, (0.0, 1.0), y0, t_eval=times, **options).y


ROWS = (np.array([0, 2, 0, 1, 2]), np.array([0, 1, 3, 4, 5]))  # indices and indptr, 4 x 3


def sparse_matrix(data: Any) -> Any:
    from wengert.scipy import sparse

    return sparse.csr_array((data, *ROWS), shape=(4, 3))


def sparse_products(data: Any, x: Any, y: Any) -> Any:
    a = sparse_matrix(data)
    return a @ x, y @ a, a.T @ y, (a.T @ a) @ np.stack([x, x * x], 1)


def sparse_system(data: Any, b: Any) -> Any:
    from wengert.scipy import sparse

    a = sparse_matrix(data)
    normal = a.T @ a + sparse.diags_array(np.full(3, 2.0))
    return sparse.linalg.spsolve(normal, b), sparse.linalg.splu(normal).solve(b, "T")


def sparse_iterative(data: Any, b: Any) -> Any:
    from wengert.scipy import sparse

    a = sparse_matrix(data)
    return sparse.linalg.cg(a.T @ a + 2.0 * sparse.diags_array(np.ones(3)), b, rtol=1e-13)[0]


CASES: list[Case] = [
    Case(
        "sparse-products",
        sparse_products,
        between(-0.9, 0.9, (5,), (3,), (4,)),
        ("sparse_matmul",),
        complex=True,
    ),
    Case(
        "sparse-solve",
        sparse_system,
        between(-0.9, 0.9, (5,), (3,)),
        ("sparse_solve",),
        complex=True,
        float32=False,
    ),
    Case(
        "sparse-cg",
        sparse_iterative,
        between(-0.9, 0.9, (5,), (3,)),
        ("linear_system",),
        float32=False,
    ),
    Case("scipy-quad", quadrature, between(0.5, 0.9, (2,), ()), ("integral",), float32=False),
    Case("scipy-solve-ivp", flow, between(0.5, 0.9, (), (2,)), ("external",), float32=False),
    Case("kepler", kepler, between(0.2, 0.7, (), ()), ("implicit", "external"), float32=False),
    Case("root-of-tree", system, between(0.3, 0.9, (), ()), ("implicit",), float32=False),
    Case(
        "root-matrix-free",
        matrix_free,
        between(-0.9, 0.9, (3, 3), (3,)),
        ("implicit",),
        float32=False,
    ),
    Case("minimum", minimum, between(0.3, 0.9, (4, 2), (4,)), ("implicit",), float32=False),
    Case("root-newton", newton_by_itself, between(1.0, 2.0, (2,)), ("implicit",), float32=False),
    Case(
        "scipy-minimize",
        scipy_minimum,
        between(0.3, 0.9, (2,)),
        ("implicit", "verified"),
        float32=False,
    ),
    Case("scipy-brentq", scipy_root, between(1.0, 2.0, ()), ("implicit",), float32=False),
    Case("root-complex", complex_root, between(0.5, 0.9, ()), ("implicit",), float32=False),
]
