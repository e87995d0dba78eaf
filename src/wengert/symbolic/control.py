"""Control flow in SymPy: calls are run, loops of static length unrolled, branches become pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.ir.program import Equation, Program, atom_type
from wengert.symbolic.library import boxed, is_condition, is_symbolic, sympy

Run = Callable[[Program, Sequence[Any]], list[Any]]


class NotStatic(Exception):
    """What decides about the control flow is an expression, not a number."""


def call(run: Run, equation: Equation, args: list[Any]) -> list[Any]:
    """A Program in place of the equation."""
    return run(equation.params["program"], args)


def scan(run: Run, equation: Equation, args: list[Any]) -> list[Any]:
    """The body once for each item."""
    params = equation.params
    length = params["length"]
    if length is None:
        raise NotStatic("the number of iterations is not static")
    n_consts, n_carry = params["n_consts"], params["n_carry"]
    consts, carry = args[:n_consts], args[n_consts : n_consts + n_carry]
    xs = args[n_consts + n_carry :]
    rows = []
    for k in reversed(range(length)) if params["reverse"] else range(length):
        outputs = run(params["body"], [*consts, *carry, *[x[k] for x in xs]])
        carry = outputs[:n_carry]
        rows.append(outputs[n_carry:])
    if params["reverse"]:
        rows.reverse()
    shapes = [atom_type(v).shape for v in equation.outputs[n_carry:]]
    return [*carry, *[_stacked([row[j] for row in rows], s) for j, s in enumerate(shapes)]]


def _stacked(items: list[Any], shape: tuple[int, ...]) -> Any:
    if not any(is_symbolic(item) for item in items):
        return np.array(items).reshape(shape)
    result = np.empty(shape, object)
    for k, item in enumerate(items):
        result[k] = boxed(item)[()]
    return result


def while_loop(run: Run, equation: Equation, args: list[Any]) -> list[Any]:
    """A loop on numbers alone is run; one that an expression controls has no formula."""
    raise NotStatic("the number of iterations depends on the values")


def cond(run: Run, equation: Equation, args: list[Any]) -> list[Any]:
    """Every branch; where an expression decides, pieces of a Piecewise."""
    index, *operands = args
    branches = equation.params["branches"]
    if not is_symbolic(index):
        return run(branches[int(np.clip(index, 0, len(branches) - 1))], operands)
    condition = boxed(index)[()]
    if not is_condition(condition) or len(branches) != 2:
        raise NotStatic("an expression chooses among more than two branches")
    otherwise, chosen = (run(branch, operands) for branch in branches)
    pick = np.frompyfunc(lambda x, y: sympy.Piecewise((x, condition), (y, True)), 2, 1)
    return [pick(boxed(x), boxed(y)) for x, y in zip(chosen, otherwise, strict=True)]


def custom(run: Run, equation: Equation, args: list[Any]) -> list[Any]:
    """The function itself; its custom derivative is not SymPy's."""
    return run(equation.params["primal"], args)


CONTROL: dict[str, Any] = {
    "call": call,
    "custom": custom,
    "checkpoint": call,
    "scan": scan,
    "while": while_loop,
    "cond": cond,
}
