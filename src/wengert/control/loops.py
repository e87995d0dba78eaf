"""What users call: `scan`, `while_loop`, `fori_loop`, `map`.

Each records its functions once, checks that the carry keeps its structure and types, and binds one
equation. A carry that the body hands on untouched becomes a constant of the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert import trees
from wengert.control.bodies import (
    Body,
    Leaves,
    as_operand,
    independent,
    leaf_type,
    operands,
    promote_weak,
    record_body,
    require_callable,
    require_pair,
    require_same_carry,
)
from wengert.control.scan import bind_scan
from wengert.control.while_loop import bind_while
from wengert.errors import ArgumentError, OutputError, ShapeError
from wengert.ir.program import Program, Var
from wengert.ops.core import add, convert, iota
from wengert.trace.tracer import Tracer, current_recording
from wengert.types import Type


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int = 1,
) -> tuple[Any, Any]:
    """Run `carry, y = f(carry, x)` over the items x of `xs`, and stack the ys.

    Parameters
    ----------
    f : callable
        The body: takes the carry and one item (a tree of slices along the first axes of `xs`),
        returns the new carry, of the same structure, shapes and dtypes, and what is stacked.
    init : tree
        The first carry. A Python number takes the dtype that the body gives back.
    xs : tree of arrays, optional
        Items along the first axes, all of one length. None for a loop without items.
    length : int, optional
        The number of iterations; needed where `xs` is None.
    reverse : bool, default False
        Run from the last item to the first; ys keep the places of their items.
    unroll : int
        Accepted for compatibility and ignored.

    Returns
    -------
    carry : tree
        The last carry.
    ys : tree of arrays
        What the body returned beside the carry, stacked along a new first axis.

    Raises
    ------
    OutputError
        When the body does not return a pair, or changes structure or type of the carry.
    ShapeError
        When the lengths differ or none is given.

    Notes
    -----
    The body is recorded once, without values: decisions in it are for `cond` and `np.where`.
    Reverse mode keeps what the derivative reads of every iteration; around a `checkpoint`ed body
    that is the carry alone.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.scan(lambda total, x: (total + x, total), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 1., 3.]))
    """
    require_callable("scan", f, "the body")
    items = operands("scan", xs, "xs")
    n = _scan_length(items, length)
    start = operands("scan", init, "init")
    item_types = [Type(t.shape[1:], t.dtype) for t in items.types]

    def record(start: Leaves) -> tuple[Body, Any, Any]:
        specs: list[Any] = []

        def body(carry: Any, x: Any) -> Any:
            new, y = require_pair("scan", f(carry, x))
            specs[:] = [trees.structure(new), trees.structure(y)]
            return new, y

        def rebuild(handles: list[Any]) -> Any:
            k = len(start.values)
            return (
                trees.unflatten(start.spec, handles[:k]),
                trees.unflatten(items.spec, handles[k:]),
            )

        made = record_body("the body of scan", body, [*start.types, *item_types], rebuild)
        return made, specs[0], specs[1]

    made, carry_spec, y_spec = record(start)
    k = len(start.values)
    if carry_spec == start.spec:
        promoted = promote_weak(start, made.out_types[:k])
        if promoted is not None:
            start = promoted
            made, carry_spec, y_spec = record(start)
    require_same_carry("scan", start, carry_spec, made.out_types[:k])
    fixed, program = _fixed_carries(made.program, made.n_captured, k)
    moving = [i for i in range(k) if i not in fixed]
    results = bind_scan(
        [
            *made.captured,
            *[start.values[i] for i in (*fixed, *moving)],
            *items.values,
        ],
        program,
        made.n_captured + len(fixed),
        len(moving),
        n,
        bool(reverse),
    )
    carry = _whole_carry(start, fixed, moving, results)
    return trees.unflatten(start.spec, carry), trees.unflatten(y_spec, results[len(moving) :])


def _scan_length(items: Leaves, length: int | None) -> int:
    sizes = {}
    for path, value in zip(items.paths, items.values, strict=True):
        if not leaf_type(value).shape:
            raise ShapeError(
                "scan: xs has a leaf without an axis to run over.",
                got=f"{path}: {leaf_type(value)!r}",
                expected="arrays with the items along the first axis",
                try_="close over what is the same for all items",
            )
        sizes[path] = value.shape[0]
    if length is not None:
        sizes["length"] = int(length)
    if len(set(sizes.values())) > 1:
        raise ShapeError(
            "scan: the lengths differ.",
            got=", ".join(f"{path}: {n}" for path, n in sizes.items()),
            expected="one length for all leaves of xs" + (" and length=" if length else ""),
        )
    if not sizes:
        raise ShapeError(
            "scan: nothing says how long it is.",
            got="neither xs nor length",
            expected="arrays to run over, or length=n",
            try_="while_loop, where the length depends on values",
        )
    n = next(iter(sizes.values()))
    if n < 0:
        raise ShapeError("scan: the length is negative.", got=str(n), expected="0 or more")
    return int(n)


def _fixed_carries(program: Program, n_consts: int, n_carry: int) -> tuple[list[int], Program]:
    """Carries that the body hands on as they are, and the body with these as constants."""
    carried = program.inputs[n_consts : n_consts + n_carry]
    fixed = [k for k in range(n_carry) if program.outputs[k] is carried[k]]
    if not fixed:
        return fixed, program
    moving = [k for k in range(n_carry) if k not in fixed]
    inputs = [
        *program.inputs[:n_consts],
        *[carried[k] for k in (*fixed, *moving)],
        *program.inputs[n_consts + n_carry :],
    ]
    outputs = [*[program.outputs[k] for k in moving], *program.outputs[n_carry:]]
    return fixed, Program(inputs, program.equations, outputs)


def _whole_carry(start: Leaves, fixed: list[int], moving: list[int], results: Any) -> list[Any]:
    carry = dict(zip(moving, results, strict=False))
    carry.update({k: independent(start.values[k]) for k in fixed})
    return [carry[k] for k in range(len(start.values))]


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
    fixed, body_program = _fixed_carries(
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
    return trees.unflatten(start.spec, _whole_carry(start, fixed, moving, results))


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


def map(f: Callable[[Any], Any], xs: Any) -> Any:  # the name all know it by
    """Apply `f` to the items of `xs` one after the other, and stack the results.

    Parameters
    ----------
    f : callable
        Takes one item (a tree of slices along the first axes of `xs`).
    xs : tree of arrays
        Items along the first axes, all of one length.

    Returns
    -------
    tree of arrays
        The results, stacked along a new first axis. `vmap` computes the same at once.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.map(lambda row: row @ row, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 5., 25.])
    """
    require_callable("map", f, "the function")
    return scan(lambda carry, x: (carry, f(x)), None, xs)[1]


__all__ = ["fori_loop", "map", "scan", "while_loop"]
