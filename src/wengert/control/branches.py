"""What users call: `cond` and `switch`.

Where the choice is traced all branches are recorded and compared, and one equation is bound; where
it is known, the branch taken alone runs, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert import trees
from wengert.control.bodies import (
    Body,
    Leaves,
    as_operand,
    independent,
    leaf_type,
    operands,
    record_body,
    require_callable,
)
from wengert.control.cond_equation import bind_cond
from wengert.errors import ArgumentError, OutputError
from wengert.ir.program import Program, Var
from wengert.ops.elementwise import ne_p
from wengert.trace.tracer import Tracer, bind


def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any
) -> Any:
    """`true_fn(*operands)` where `pred` holds, else `false_fn(*operands)`; one of them runs.

    Parameters
    ----------
    pred : bool
        One boolean (a number counts as its being nonzero).
    true_fn, false_fn : callable
        Take the operands, return trees of the same structure, shapes and dtypes.
    *operands : trees

    Returns
    -------
    tree
        What the function taken returned.

    Raises
    ------
    ArgumentError
        When `pred` is not one number.
    OutputError
        When the functions return different structures or types.

    Notes
    -----
    Where the predicate is traced both functions are recorded and compared; one runs, and
    derivatives run that one alone. Under `vmap` a function that some item takes runs once for
    all items: no NaN and no error comes from the others.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> f = lambda x: wg.cond(x > 0, np.log, lambda x: 0.0 * x, x)
    >>> f(1.0), wg.grad(f)(2.0), wg.grad(f)(-2.0)
    (np.float64(0.0), np.float64(0.5), np.float64(0.0))
    """
    require_callable("cond", true_fn, "true_fn")
    require_callable("cond", false_fn, "false_fn")
    pred = as_operand("cond", pred, "pred")
    if leaf_type(pred).shape != ():
        raise ArgumentError(
            "cond: the predicate is not one boolean.",
            got=repr(leaf_type(pred)),
            expected="bool[]",
            try_="np.where for elementwise choices; .any() or .all() of the predicate; vmap",
        )
    if pred.dtype.kind != "b":
        pred = bind(ne_p, pred, 0)
    return _choose_branch("cond", pred, [false_fn, true_fn], ["false_fn", "true_fn"], operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """`branches[index](*operands)`; one of them runs.

    Parameters
    ----------
    index : int
        Clamped to the branches there are.
    branches : sequence of callables
        Take the operands, return trees of the same structure, shapes and dtypes.
    *operands : trees

    Returns
    -------
    tree
        What the branch taken returned.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.switch(1, [np.sin, lambda x: x * x, np.exp], 3.0)
    np.float64(9.0)
    """
    branches = list(branches)
    if not branches:
        raise ArgumentError("switch: there are no branches.", got="an empty sequence")
    for k, f in enumerate(branches):
        require_callable("switch", f, f"branches[{k}]")
    index = as_operand("switch", index, "index")
    type_ = leaf_type(index)
    if type_.shape != () or type_.dtype.kind not in "iub":
        raise ArgumentError(
            "switch: the index is not one integer.",
            got=repr(type_),
            expected="int64[]",
            try_="index.astype(int); vmap for one index per item",
        )
    names = [f"branches[{k}]" for k in range(len(branches))]
    return _choose_branch("switch", index, branches, names, operands)


def _choose_branch(
    name: str,
    index: Any,
    functions: Sequence[Callable[..., Any]],
    names: Sequence[str],
    args: tuple[Any, ...],
) -> Any:
    given = operands(name, args, "operands")
    if not isinstance(index, Tracer):
        taken = functions[min(max(int(index), 0), len(functions) - 1)]
        return _run_plainly(name, taken, given)

    def rebuild(handles: list[Any]) -> Any:
        return trees.unflatten(given.spec, handles)

    made = [
        record_body(f"{what} of {name}", f, given.types, rebuild)
        for f, what in zip(functions, names, strict=True)
    ]
    _require_same_outputs(name, made, names)
    captured = [v for body in made for v in body.captured]
    programs = []
    before = 0
    for body in made:
        own = body.program.inputs[: body.n_captured]
        others = [Var(leaf_type(v)) for v in captured]
        others[before : before + len(own)] = own
        inputs = [*others, *body.program.inputs[body.n_captured :]]
        programs.append(Program(inputs, body.program.equations, body.program.outputs))
        before += len(own)
    values = bind_cond(index, [*captured, *given.values], programs)
    return trees.unflatten(made[0].spec, values)


def _run_plainly(name: str, f: Callable[..., Any], given: Leaves) -> Any:
    """The branch taken, where that is known: it alone runs, and nothing of the other."""
    result = f(*trees.unflatten(given.spec, [independent(v) for v in given.values]))
    leaves, spec = trees.flatten(result)
    paths = trees.paths(result) if leaves else []
    results: list[Any] = []
    for leaf, path in zip(leaves, paths, strict=True):
        value = as_operand(name, leaf, f"the result{path}")
        is_shared = any(value is other for other in results)
        results.append(independent(value) if is_shared else value)
    return trees.unflatten(spec, results)


def _require_same_outputs(name: str, made: Sequence[Body], names: Sequence[str]) -> None:
    first = made[0]
    for body, what in zip(made[1:], names[1:], strict=True):
        if body.spec != first.spec:
            raise OutputError(
                f"{name}: the branches return different structures.",
                got=f"{names[0]}: {first.spec}\n{what}: {body.spec}",
                expected="the same structure from each",
            )
        for path, a, b in zip(first.paths, first.out_types, body.out_types, strict=True):
            if a != b:
                raise OutputError(
                    f"{name}: the branches return different types.",
                    got=f"{names[0]}: {a!r}, {what}: {b!r}" + (f" at {path}" if path else ""),
                    expected="the same shape and dtype from each",
                    try_="astype, np.zeros_like or np.broadcast_to in one of them",
                )


__all__ = ["cond", "switch"]
