"""The linear systems of implicit derivatives: dense by LU, or iterative without a matrix.

dense_solve          one factorization; a singular matrix is an error that says what to do
linear_system        A x = b with A a Program that applies it: derivatives to any order are
                     systems with the same A or its transpose, whatever solves them
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control.call import program_flops
from wengert.control.programs import record_rule_program, transpose_body
from wengert.errors import ArgumentError, ConvergenceError, WengertError
from wengert.implicit.lanes import by_lanes
from wengert.implicit.programs import jacobian_rows, run, slope
from wengert.ir.dependence import Everything
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Program
from wengert.ops.core import neg, reshape, sub
from wengert.ops.families import align_batch
from wengert.ops.linalg.common import adjoint
from wengert.ops.linalg.solve import solve_keep_p, solve_many_p, solve_p
from wengert.trace.tracer import bind
from wengert.types import Type

# -- dense -----------------------------------------------------------------------------------------


class SingularJacobianError(WengertError, np.linalg.LinAlgError):
    """The Jacobian of an implicit equation is singular at its solution."""


def singular(n: int) -> SingularJacobianError:
    """The error for an implicit function that has no derivative."""
    return SingularJacobianError(
        "the derivative of an implicit function does not exist: the Jacobian is singular.",
        got=f"a singular {n} x {n} Jacobian at the solution",
        expected="an isolated solution, around which the equations can be solved for the unknowns",
        try_="fewer unknowns, independent equations, a term that makes the minimum unique, or "
        "linear_solver='gmres' where any solution of the linear system will do",
    )


def _named(array: Callable[..., Any]) -> Callable[..., Any]:
    def solve(a: Any, b: Any) -> Any:
        try:
            return array(a, b)
        except np.linalg.LinAlgError:
            raise singular(a.shape[-1]) from None

    return solve


implicit_solve_keep_p = define(
    replace(
        solve_keep_p,
        name="implicit_solve_keep",
        array=_named(solve_keep_p.array),
        facts={**solve_keep_p.facts, "singular": "an error of its own"},
    )
)


def _solve_batch(size: int, args: Any, is_batched: Any) -> Any:
    if is_batched[0]:
        return (bind(solve_many_p, *align_batch(args, is_batched)),), (True,)
    return bind(implicit_solve_p, *args), (True,)


implicit_solve_p: Primitive = define(
    replace(
        solve_p,
        name="implicit_solve",
        array=_named(solve_p.array),
        transpose={1: lambda ct, args: bind(implicit_solve_p, adjoint(args[0]), ct[0])[0]},
        batch=_solve_batch,
        extended=implicit_solve_keep_p,
        facts={"singular": "an error of its own"},
    )
)


def dense_solve(a: Any, b: Any) -> Any:
    """The solution of a x = b for a vector b."""
    return reshape(bind(implicit_solve_p, a, reshape(b, (*b.shape, 1)))[0], b.shape)


# -- by a Program that applies the matrix ----------------------------------------------------------

_ITERATIVE = ("bicgstab", "cg", "gmres", "minres")


@dataclass(frozen=True)
class Iterative:
    """A solver that applies the matrix only: SciPy's by name, or `solve(matvec, b) -> x`."""

    method: str | Callable[..., Any]
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, matvec: Callable[[Any], Any], b: Any) -> Any:
        if callable(self.method):
            return np.asarray(self.method(matvec, b), b.dtype).reshape(b.shape)
        from scipy.sparse import linalg

        n = b.size
        operator = linalg.LinearOperator((n, n), matvec=matvec, dtype=b.dtype)
        options = dict(self.options)
        if self.method != "minres":
            options.setdefault("atol", 0.0)
        options.setdefault("rtol", 1e-12 if b.dtype.itemsize >= 8 else 1e-6)
        if self.method == "gmres":
            options.setdefault("restart", min(n, 200))
        with np.errstate(all="ignore"):  # a breakdown shows in the residual
            x, info = getattr(linalg, self.method)(operator, b, **options)
        residual = float(np.linalg.norm(b - operator.matvec(x)))
        bound = max(1e3 * options["rtol"], 1e-8) * float(np.linalg.norm(b))
        if info != 0 and not residual <= max(bound, options.get("atol", 0.0)):
            raise ConvergenceError(
                f"{self.method} did not solve the linear system of a derivative.",
                got=f"residual norm {residual:.3g} for a right-hand side of norm "
                f"{float(np.linalg.norm(b)):.3g}, info={info}",
                expected=f"a relative residual of {options['rtol']:.3g}",
                try_="linear_solver='dense', or a solver of your own with a preconditioner",
            )
        return x


def linear_solver(name: str, given: Any) -> Iterative | None:
    """The solver that a user asked for; None is dense LU."""
    if given is None or given == "dense":
        return None
    if callable(given) or given in _ITERATIVE:
        return Iterative(given)
    raise ArgumentError(
        f"{name}: linear_solver is none that is known.",
        got=repr(given),
        expected="'dense', " + ", ".join(map(repr, _ITERATIVE)) + ", or solver(matvec, b) -> x",
    )


def linear_system(matvec: Program, consts: Sequence[Any], b: Any, solver: Iterative) -> Any:
    """The x with matvec(consts, x) = b."""
    return bind(linear_system_p, b, *consts, matvec=matvec, solver=solver)


def _system(b: Any, *consts: Any, matvec: Program, solver: Iterative) -> Any:
    def apply(v: Any) -> Any:
        return run(matvec, *consts, np.asarray(v, b.dtype).reshape(b.shape))[0]

    return np.asarray(solver(apply, b), b.dtype)


def _system_jvp(args: Any, out: Any, tangents: Any, *, matvec: Program, solver: Iterative) -> Any:
    b, *consts = args
    db, *dconsts = tangents
    rhs = db
    if any([t is not None for t in dconsts]):
        moved = slope(matvec, [*consts, out], [*dconsts, None])[0]
        if moved is not None:
            rhs = neg(moved) if rhs is None else sub(rhs, moved)
    return None if rhs is None else linear_system(matvec, consts, rhs, solver)


@lru_cache(maxsize=512)
def transposed(matvec: Program) -> Program:
    """(constants, ct) -> the transpose of the matrix, applied."""
    n = len(matvec.inputs)
    return transpose_body(matvec, [i == n - 1 for i in range(n)], [0])[0]


def _system_transpose(ct: Any, args: Any, i: int, *, matvec: Program, solver: Iterative) -> Any:
    return linear_system(transposed(matvec), args[1:], ct, solver)


def _system_batch(size: int, args: Any, is_batched: Any, **params: Any) -> Any:
    results, flags = by_lanes(linear_system_p, size, args, is_batched, params)
    return results[0], flags[0]


linear_system_p: Primitive = define(
    Primitive(
        "linear_system",
        _system,
        lambda b, *consts, matvec, solver: b,
        linear_in=(frozenset({0}),),
        jvp=_system_jvp,
        transpose=_system_transpose,
        batch=_system_batch,
        cost=lambda in_types, out_types, *, matvec, solver: (
            program_flops(matvec) * out_types[0].size
        ),
        facts={"derivative": "of the system, not of the iteration that solves it"},
        emit=Unsupported("SciPy or the user's own solver iterates"),
        sparsity=Everything("a system of which only products are known"),
    )
)


# -- the derivative's system -----------------------------------------------------------------------


def solve_jacobian(residual: Program, args: Sequence[Any], b: Any, solver: Iterative | None) -> Any:
    """J^-1 b, with J the Jacobian of `residual` in its last input at `args`."""
    if solver is None:
        return dense_solve(jacobian_rows(residual, args), b)
    return linear_system(jacobian_product(residual), args, b, solver)


@lru_cache(maxsize=512)
def jacobian_product(residual: Program) -> Program:
    """(constants, z, v) -> J v."""
    n = len(residual.inputs)

    def product(*values: Any) -> list[Any]:
        found = slope(residual, values[:n], [*[None] * (n - 1), values[n]])[0]
        return [found]

    v: Type = residual.in_types[-1]  # type: ignore[assignment]  # a vector
    return record_rule_program("a product with a Jacobian", product, [*residual.in_types, v])
