"""`implicit_minimum`: a minimizer as a function of everything in the objective."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control.bodies import require_callable
from wengert.control.programs import record_rule_program
from wengert.errors import ArgumentError, ConvergenceError, NonScalarOutputError
from wengert.implicit.equation import implicit
from wengert.implicit.external import external
from wengert.implicit.flat import packing_of
from wengert.implicit.linear import linear_solver as chosen_linear
from wengert.implicit.newton import newton
from wengert.implicit.programs import capture, gradient_program, jacobian_program, run
from wengert.implicit.root import UsersSolver, first_of_pair, users_program
from wengert.ir.program import Program
from wengert.types import Type

_MAX_DENSE = 1000  # unknowns: from there on Hessians are only multiplied with
_METHODS = ("bfgs", "cg", "l-bfgs-b", "newton-cg", "trust-exact", "trust-ncg", "trust-krylov",
            "nelder-mead", "powell", "tnc", "slsqp")  # fmt: skip


def implicit_minimum(
    f: Callable[..., Any],
    x0: Any,
    *args: Any,
    solver: str | Callable[..., Any] | None = None,
    linear_solver: str | Callable[..., Any] | None = None,
    has_aux: bool = False,
) -> Any:
    """The x that minimizes f(x, \\*args) locally, differentiable in all that f depends on.

    Parameters
    ----------
    f : callable
        The objective: takes x and returns a real number. May close over traced values, which are
        differentiated as `args` are.
    x0 : tree of real numbers and arrays
        Where the search starts, and the structure of x. Its derivative is zero.
    *args : trees
        Passed to `f`.
    solver : str or callable, optional
        By default SciPy's trust-exact with exact gradients and Hessians (L-BFGS-B above 1000
        unknowns), then Newton steps to full accuracy; the name of a method of
        `scipy.optimize.minimize`; or `solver(g, x0) -> x`, which is called with plain values and
        the objective g.
    linear_solver : str or callable, optional
        Solves the one linear system of each derivative, as in `implicit_root`; "cg" fits, as the
        Hessian is symmetric.
    has_aux : bool, default False
        Whether `f` returns a pair (objective, aux); aux at the minimum is returned beside x.

    Returns
    -------
    x : tree
        The minimizer, in the structure of `x0`; with `has_aux` the pair (x, aux).

    Raises
    ------
    ConvergenceError
        When no stationary point is found.
    numpy.linalg.LinAlgError
        When a derivative is asked for where the Hessian is singular: the minimum is not isolated.

    Notes
    -----
    dx = -(∇²f)⁻¹ d(∇f): `implicit_root` of the gradient. The objective's own derivative at the
    minimum needs none of it: by the envelope theorem it is the partial derivative at fixed x.
    Under bounds or constraints the gradient does not vanish, and this function does not apply;
    `wengert.scipy.optimize.minimize` holds active bounds and constraints fixed instead.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> def ridge(penalty):
    ...     a, b = np.array([1.0, 2.0]), np.array([2.0, 3.0])
    ...     loss = lambda w: np.sum((a * w - b) ** 2) + penalty * w**2
    ...     return wg.implicit_minimum(loss, 0.0)  # 8 / (5 + penalty)
    >>> print(f"{wg.grad(ridge)(3.0):.6f}")
    -0.125000
    """
    name = "implicit_minimum"
    require_callable(name, f, "the function")
    packing, leaves = packing_of(name, x0, "x0")
    if any([t.dtype.kind == "c" for t in packing.types]):
        raise ArgumentError(
            f"{name}: an unknown is complex.",
            got=", ".join(map(repr, packing.types)),
            expected="real unknowns",
            try_="real and imaginary parts as unknowns of their own",
        )

    def objective(z: Any) -> Any:
        value = f(packing.tree(z), *args)
        if has_aux:
            value = first_of_pair(name, value)
        if np.shape(value) != () or np.asarray(0, getattr(value, "dtype", None)).dtype.kind == "c":
            raise NonScalarOutputError(
                f"{name}: the objective is not one real number.",
                got=repr(value),
                expected="a real scalar",
                try_="np.sum of what is to be small",
            )
        return value if hasattr(value, "dtype") else np.asarray(value)[()]

    captured = capture(f"the objective of {name}", objective, [packing.type])
    gradient = gradient_program(captured.program)
    linear = chosen_linear(name, linear_solver)
    if callable(solver):
        users = UsersSolver(captured.program, solver, packing, name)
        solve = users_program(gradient, users)
    elif solver is None or str(solver).lower() in _METHODS:
        solve = minimum_program(captured.program, solver, name)
    else:
        raise ArgumentError(
            f"{name}: solver is none that is known.",
            got=repr(solver),
            expected="a method of scipy.optimize.minimize, or solver(g, x0) -> x",
        )
    guess = packing.pack(leaves.values)
    x = packing.tree(implicit(solve, gradient, captured.values, guess, linear)[0])
    return (x, f(x, *args)[1]) if has_aux else x


@dataclass(frozen=True)
class MinimumSolver:
    """A minimizer on plain values; `method` is None for the best of several."""

    objective: Program
    method: str | None
    name: str

    def __call__(self, *args: Any) -> Sequence[Any]:
        consts, guess = args[:-1], np.array(args[-1])
        gradient = gradient_program(self.objective)
        hessian = jacobian_program(gradient)

        def at(program: Program) -> Callable[[Any], Any]:
            return lambda z: run(program, *consts, np.asarray(z, guess.dtype))[0]

        f, jac, hess = at(self.objective), at(gradient), at(hessian)
        is_dense = guess.size <= _MAX_DENSE
        methods = ("trust-exact", "BFGS") if is_dense else ("L-BFGS-B",)
        sizes = []
        with np.errstate(all="ignore"):
            for method in methods if self.method is None else (self.method,):
                x = np.asarray(_minimize(method, f, jac, hess, guess), guess.dtype)
                size = float(np.linalg.norm(jac(x)))
                if not is_dense:
                    if size <= 1e-4 * (1.0 + float(np.linalg.norm(jac(guess)))):
                        return [x]
                else:
                    z, is_found = newton(jac, hess, x)
                    # Newton's steps may lead to a saddle that lies higher; they may not.
                    if is_found and f(z) <= f(x) + 1e-8 * (1.0 + abs(f(x))):
                        return [z]
                    if size <= 1e-6 * (1.0 + float(np.linalg.norm(jac(guess)))):
                        return [x]
                sizes.append(size)
            start = float(np.linalg.norm(jac(guess)))
        raise ConvergenceError(
            f"{self.name}: no minimum was found.",
            got=f"gradient norm {min(sizes):.3g} at best, {start:.3g} at x0",
            expected="a point where the gradient vanishes",
            try_="a guess x0 nearer to the minimum, an objective that is bounded below and smooth, "
            "or a solver of your own: solver=lambda g, x0: ...",
        )


def _minimize(method: str, f: Any, jac: Any, hess: Any, guess: Any) -> Any:
    optimize: Any = importlib.import_module("scipy.optimize")
    kind = method.lower()
    options: dict[str, Any] = {}
    if kind not in ("nelder-mead", "powell"):
        options["jac"] = jac
    if kind.startswith("trust") or kind == "newton-cg":
        options["hess"] = hess
    if kind == "trust-exact":
        options["options"] = {"gtol": 1e-8}
    return optimize.minimize(f, guess, method=method, **options).x


@lru_cache(maxsize=256)
def minimum_program(objective: Program, method: str | None, name: str) -> Program:
    """(constants, guess) -> z."""
    solver = MinimumSolver(objective, method, name)
    z_type: Type = objective.in_types[-1]  # type: ignore[assignment]  # a vector

    def solve(*args: Any) -> list[Any]:
        return list(external(solver, args, (z_type,)))

    return record_rule_program(name, solve, objective.in_types)
