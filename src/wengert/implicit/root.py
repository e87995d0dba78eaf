"""`implicit_root`: the solution of equations as a function of everything in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.control.bodies import leaf_type, require_callable
from wengert.control.programs import record_rule_program
from wengert.errors import ArgumentError, OutputError, ShapeError
from wengert.implicit.equation import implicit
from wengert.implicit.external import external
from wengert.implicit.flat import Packing, packing_of
from wengert.implicit.linear import linear_solver as chosen_linear
from wengert.implicit.newton import root_program
from wengert.implicit.programs import Captured, capture, run
from wengert.ir.program import Program
from wengert.trace.tracer import current_body, current_recording

_METHODS = (
    "hybr", "lm", "broyden1", "broyden2", "anderson", "linearmixing", "diagbroyden",
    "excitingmixing", "krylov", "df-sane",
)  # fmt: skip


def implicit_root(
    f: Callable[..., Any],
    x0: Any,
    *args: Any,
    solver: str | Callable[..., Any] | None = None,
    linear_solver: str | Callable[..., Any] | None = None,
    has_aux: bool = False,
) -> Any:
    """The x with f(x, \\*args) = 0, differentiable in all that f depends on.

    Parameters
    ----------
    f : callable
        The equations: takes x and returns as many numbers, in any containers. May close over
        traced values, which are differentiated as `args` are.
    x0 : tree of numbers and arrays
        Where the search starts, and the structure of x. Its derivative is zero.
    *args : trees
        Passed to `f`.
    solver : str or callable, optional
        By default Newton's method with a line search and exact Jacobians, then MINPACK's hybr
        and lm; "newton" for the loop alone that `jit` compiles; the name of a method of
        `scipy.optimize.root`; or `solver(g, x0) -> x`, which is called with plain values and a
        function g of x.
    linear_solver : str or callable, optional
        Solves the one linear system of each derivative. By default LU of the dense Jacobian;
        "gmres", "bicgstab", "cg", "minres" or `linear_solver(matvec, b) -> x` need products with
        the Jacobian only.
    has_aux : bool, default False
        Whether `f` returns a pair (residuals, aux); aux at the solution is returned beside x.

    Returns
    -------
    x : tree
        The solution, in the structure of `x0`; with `has_aux` the pair (x, aux).

    Raises
    ------
    ConvergenceError
        When no solution is found.
    numpy.linalg.LinAlgError
        When a derivative is asked for where the Jacobian is singular.

    Notes
    -----
    dx = -(∂f/∂x)⁻¹ (∂f/∂args) dargs, the implicit function theorem (U. Dini, 1878; A. Griewank,
    A. Walther, Evaluating Derivatives, 2008, chapter 15). The derivative is that of the exact
    solution near the x found: its error is of the order of the error of x. The cost of a
    derivative is that of a Jacobian of n columns and one linear solution, whatever the solver
    did, and its steps are not kept in memory.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> def cube_root(a):
    ...     return wg.implicit_root(lambda x: x**3 - a, 1.0)
    >>> float(cube_root(8.0)), float(wg.grad(cube_root)(8.0))  # 1 / (3 x²)
    (2.0, 0.08333333333333333)
    """
    require_callable("implicit_root", f, "the function")
    found = Equations("implicit_root", f, x0, args, has_aux)
    linear = chosen_linear("implicit_root", linear_solver)
    solve = _solution("implicit_root", found, solver)
    z = implicit(solve, found.residual.program, found.residual.values, found.guess, linear)[0]
    return found.result(z)


class Equations:
    """The residual of f(x, *args) as a Program of one vector."""

    def __init__(self, name: str, f: Any, x0: Any, args: Any, has_aux: bool) -> None:
        self.name, self.f, self.args, self.has_aux = name, f, args, has_aux
        self.packing, leaves = packing_of(name, x0, "x0")
        self.guess = self.packing.pack(leaves.values)
        self.out_spec: Any = None
        self.residual: Captured = capture(f"the equations of {name}", self._vector, [self.type])

    @property
    def type(self) -> Any:
        return self.packing.type

    def _vector(self, z: Any) -> Any:
        value = self.f(self.packing.tree(z), *self.args)
        if self.has_aux:
            value = first_of_pair(self.name, value)
        leaves, spec = trees.flatten(value)
        leaves = [v if hasattr(v, "dtype") else np.asarray(v)[()] for v in leaves]
        types = [leaf_type(v) for v in leaves]
        found = Packing(spec, tuple(types), self.packing.dtype)
        if found.size != self.packing.size:
            raise ShapeError(
                f"{self.name}: there are not as many equations as unknowns.",
                got=f"{found.size} equations, {self.packing.size} unknowns (real numbers each)",
                expected="as many numbers from f as there are in x0",
                try_="implicit_minimum of the sum of squares, where there are more equations",
            )
        return found.pack(leaves)

    def result(self, z: Any) -> Any:
        """What the user gets for the vector of the solution."""
        x = self.packing.tree(z)
        if not self.has_aux:
            return x
        return x, self.f(x, *self.args)[1]


def first_of_pair(name: str, value: Any) -> Any:
    """The first of the pair that a function with `has_aux` returned."""
    if not isinstance(value, tuple) or len(value) != 2:
        raise OutputError(
            f"{name}: with has_aux the function did not return a pair.",
            got=type(value).__name__,
            expected="(value, aux)",
        )
    return value[0]


def nothing_is_recorded() -> bool:
    """Whether no recording is open, so that nothing can be traced."""
    return current_recording.get() is None and current_body.get() is None


def is_recorded_without_values() -> bool:
    """Whether what runs here will run again: compiled, for many lanes, in a loop."""
    recording = current_recording.get()
    return current_body.get() is not None or (recording is not None and not recording.has_values)


def _solution(name: str, found: Equations, solver: Any) -> Program:
    residual = found.residual.program
    if solver is None or solver == "newton":
        is_loop = solver == "newton" or is_recorded_without_values()
        return root_program(residual, None, name, is_loop)
    if isinstance(solver, str) and solver in _METHODS:
        return root_program(residual, solver, name, False)
    if not callable(solver):
        raise ArgumentError(
            f"{name}: solver is none that is known.",
            got=repr(solver),
            expected="'newton', a method of scipy.optimize.root, or solver(g, x0) -> x",
        )
    return users_program(residual, UsersSolver(residual, solver, found.packing, name))


@dataclass(frozen=True)
class UsersSolver:
    """A user's `solver(g, x0) -> x` on plain trees."""

    function_program: Program
    solver: Callable[..., Any]
    packing: Packing
    name: str

    def __call__(self, *args: Any) -> Sequence[Any]:
        consts, guess = args[:-1], args[-1]

        def g(x: Any) -> Any:
            z = self.packing.pack([np.asarray(v) for v in trees.flatten(x)[0]])
            value = run(self.function_program, *consts, z)[0]
            # A residual has the containers of x; the value of an objective is a number.
            return self.packing.tree(value) if value.shape else value

        x = self.solver(g, self.packing.tree(guess))
        leaves, spec = trees.flatten(x)
        if spec != self.packing.spec:
            raise OutputError(
                f"{self.name}: the solver returned another structure than that of x0.",
                got=str(spec),
                expected=str(self.packing.spec),
            )
        return [self.packing.pack([np.asarray(v) for v in leaves])]


def users_program(residual: Program, solver: Any) -> Program:
    """(constants, guess) -> z by a user's solver."""

    def solve(*args: Any) -> list[Any]:
        return list(external(solver, args, (residual.in_types[-1],)))  # type: ignore[arg-type]  # a vector

    return record_rule_program("a solver of the user", solve, residual.in_types)


def fixed_point(f: Callable[..., Any], x0: Any, *args: Any, **options: Any) -> Any:
    """The x with x = f(x, \\*args), differentiable in all that f depends on.

    Parameters
    ----------
    f : callable
        Maps x to a tree of the same structure and shapes.
    x0 : tree
        Where the search starts; its derivative is zero.
    *args : trees
        Passed to `f`.
    **options
        `solver` and `linear_solver` of `implicit_root`.

    Returns
    -------
    tree
        The fixed point.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.implicit import fixed_point
    >>> x = fixed_point(lambda x, a: np.cos(a * x), 1.0, 1.0)
    >>> print(f"{x:.6f}")
    0.739085
    """

    def residual(x: Any, *args: Any) -> Any:
        return trees.map_tree(lambda a, b: a - b, x, f(x, *args))

    return implicit_root(residual, x0, *args, **options)
