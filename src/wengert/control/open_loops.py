"""What users call: `while_loop`, and `fori_loop`, whose bounds may be traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert import trees
from wengert.control.bodies import (
    Body,
    as_operand,
    fixed_carries,
    leaf_type,
    operands,
    promote_weak,
    record_body,
    require_callable,
    require_same_carry,
    whole_carry,
)
from wengert.control.loops import scan
from wengert.control.while_loop import bind_while
from wengert.errors import ArgumentError, OutputError
from wengert.ir.program import Program, Var
from wengert.ops.core import add, convert, iota
from wengert.trace.tracer import Tracer, current_recording


def while_loop(cond: Callable[[Any], Any], body: Callable[[Any], Any], init: Any) -> Any:
    """Run `carry = body(carry)` while `cond(carry)` holds.

    Parameters
    ----------
    cond : callable
        Takes the carry, returns one boolean.
    body : callable
        Takes the carry, returns the next, of the same structure, shapes and dtypes.
    init : tree
        The first carry. A Python number takes the dtype that the body gives back.

    Returns
    -------
    tree
        The carry for which `cond` first fails.

    Raises
    ------
    OutputError
        When `cond` returns anything but one boolean, or the body changes the carry's structure
        or types.

    Notes
    -----
    Differentiable in every mode, to any order. Derivatives keep what they read of each
    iteration on a stack that grows with the number of iterations. Under `vmap` the loop runs
    until the last item is done; items that are done keep their values, and nothing that is
    computed for them meanwhile is seen.

    Examples
    --------
    >>> import wengert as wg
    >>> def root(a):  # Newton's iteration for the square root
    ...     return wg.while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: (x + a / x) / 2, a)
    >>> round(float(root(2.0)), 9), round(float(wg.grad(root)(2.0)), 9)
    (1.414213562, 0.353553391)
    """
    require_callable("while_loop", cond, "cond")
    require_callable("while_loop", body, "the body")
    start = operands("while_loop", init, "init")

    def rebuild(handles: list[Any]) -> Any:
        return (trees.unflatten(start.spec, handles),)

    made = record_body("the body of while_loop", body, start.types, rebuild)
    if made.spec == start.spec:
        promoted = promote_weak(start, made.out_types)
        if promoted is not None:
            start = promoted
            made = record_body("the body of while_loop", body, start.types, rebuild)
    require_same_carry("while_loop", start, made.spec, made.out_types)
    test = record_body("the condition of while_loop", cond, start.types, rebuild)
    _require_condition(test)
    k = len(start.values)
    fixed, body_program = fixed_carries(
        _with_more_constants(made.program, 0, [leaf_type(v) for v in test.captured]),
        test.n_captured + made.n_captured,
        k,
    )
    moving = [i for i in range(k) if i not in fixed]
    test_program = _with_more_constants(
        test.program, test.n_captured, [leaf_type(v) for v in made.captured]
    )
    n_consts = test.n_captured + made.n_captured
    carried = test_program.inputs[n_consts:]
    test_program = Program(
        [*test_program.inputs[:n_consts], *[carried[i] for i in (*fixed, *moving)]],
        test_program.equations,
        test_program.outputs,
    )
    results = bind_while(
        [
            *test.captured,
            *made.captured,
            *[start.values[i] for i in (*fixed, *moving)],
        ],
        test_program,
        body_program,
        n_consts + len(fixed),
    )
    return trees.unflatten(start.spec, whole_carry(start, fixed, moving, results))


def _with_more_constants(program: Program, position: int, types: list[Any]) -> Program:
    """The Program with unused inputs of the given types put in at `position`."""
    new = [Var(t) for t in types]
    inputs = [*program.inputs[:position], *new, *program.inputs[position:]]
    return Program(inputs, program.equations, program.outputs)


def _require_condition(test: Body) -> None:
    types = test.out_types
    if len(types) != 1 or types[0].shape != () or types[0].dtype != np.dtype(bool):
        raise OutputError(
            "while_loop: cond did not return one boolean.",
            got=", ".join([repr(t) for t in types]) or "nothing",
            expected="bool[]",
            try_="a comparison of scalars; .any() or .all() of an array",
        )


def fori_loop(lower: Any, upper: Any, body: Callable[[Any, Any], Any], init: Any) -> Any:
    """Run `value = body(i, value)` for i from `lower` to `upper` − 1.

    Parameters
    ----------
    lower, upper : int
        The bounds. Plain integers make a `scan`; traced ones a `while_loop`.
    body : callable
        Takes the index and the value, returns the next value, of the same structure, shapes
        and dtypes.
    init : tree
        The first value.

    Returns
    -------
    tree
        The last value; `init` where `upper <= lower`.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.fori_loop(1, 5, lambda i, product: product * i, 1)
    np.int64(24)
    """
    require_callable("fori_loop", body, "the body")
    bounds = [_bound("lower", lower), _bound("upper", upper)]
    if any(isinstance(b, Tracer) for b in bounds):
        start = convert(bounds[0], np.int64)
        stop = convert(bounds[1], np.int64)
        return while_loop(
            lambda carry: carry[0] < stop,
            lambda carry: (carry[0] + 1, body(carry[0], carry[1])),
            (start, init),
        )[1]
    first, n = int(bounds[0]), max(int(bounds[1]) - int(bounds[0]), 0)
    if current_recording.get() is None:
        indices: Any = np.arange(first, first + n)
    else:
        indices = iota(n) if first == 0 else add(iota(n), first)

    def step(value: Any, i: Any) -> Any:
        return body(i, value), None

    return scan(step, init, indices, length=n)[0]


def _bound(name: str, value: Any) -> Any:
    value = as_operand("fori_loop", value, name)
    type_ = leaf_type(value)
    if type_.shape != () or type_.dtype.kind not in "iu":
        raise ArgumentError(
            "fori_loop: a bound is not an integer.",
            got=f"{name}: {type_!r}",
            expected="integers",
            try_="int(n), or n.astype(int) where it is traced",
        )
    return value


__all__ = ["fori_loop", "while_loop"]
