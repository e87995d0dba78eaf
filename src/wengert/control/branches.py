"""`cond` and `switch`: one of several Programs runs, chosen by a value.

    operands   index (boolean, or an integer clamped to 0 … n − 1), operands of all branches
    branches   Programs that all take the operands and give outputs of the same types

The derivative is a `cond` on the same index; residuals of different branches share slots of one
type, and slots that the branch taken does not fill hold zeros, which nobody reads. Where the index
differs between lanes of a `vmap`, each branch that some lane takes runs once on all lanes, those
that do not take it on borrowed operands (see `lanes.py`), and the results are selected.
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
from wengert.control.call import program_flops, regroup
from wengert.control.lanes import any_live, borrow, choose, clamp_index
from wengert.control.programs import (
    LinearSplit,
    record_linear_rule,
    record_rule_program,
    split,
    transpose_body,
    zeros,
    zeros_equation,
)
from wengert.errors import ArgumentError, OutputError
from wengert.ir.primitive import Primitive, define
from wengert.ir.program import Program, Var
from wengert.ops.elementwise import ne_p
from wengert.trace.evaluate import plan_of, record_program
from wengert.trace.tracer import Tracer, bind
from wengert.transforms.batch import batch_program
from wengert.transforms.jet import series_program
from wengert.transforms.rules import LinearRule
from wengert.types import AnyType, StackType


def bind_cond(index: Any, values: Sequence[Any], branches: Sequence[Program]) -> tuple[Any, ...]:
    """One cond equation, or its values."""
    return tuple(bind(cond_p, index, *values, branches=tuple(branches)))


def _run(index: Any, *args: Any, branches: tuple[Program, ...]) -> tuple[Any, ...]:
    k = min(max(int(index), 0), len(branches) - 1)
    return tuple(plan_of(branches[k]).run(args))


def _types(index: Any, *types: Any, branches: tuple[Program, ...]) -> tuple[Any, ...]:
    return branches[0].out_types


# -- linearization ---------------------------------------------------------------------------------


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    branches: tuple[Program, ...] = params["branches"]
    mask = [i + 1 in active for i in range(len(kinds) - 1)]
    made = [split(branch, mask) for branch in branches]
    slots = _Slots(branches, made)
    out_active = tuple(sorted({j for m in made for j in m.out_active}))
    forward = {"branches": tuple(slots.forward(k) for k in range(len(branches)))}
    n_outputs = len(branches[0].outputs)
    read = sorted({i for m, b in zip(made, branches, strict=True) for i in _reads(m, b)})
    linear = [
        _linear_branch(branch, m, read, slots.of[k], slots.types, out_active)
        for k, (branch, m) in enumerate(zip(branches, made, strict=True))
    ]

    def build(args: list[Any], outs: list[Any], tangents: dict[int, Any]) -> dict[int, Any]:
        if not out_active:
            return {}
        values = [args[i + 1] for i in read] + outs[n_outputs:]
        values += [tangents[i] for i in active]
        return dict(zip(out_active, bind_cond(args[0], values, linear), strict=True))

    return record_linear_rule(
        cond_p,
        kinds,
        forward["branches"][0].out_types,
        active,
        build,
        (cond_p, forward) if slots.types else None,
        len(slots.types),
    )


def _reads(made: LinearSplit, branch: Program) -> list[int]:
    """Which inputs of a branch are residuals."""
    return [i for i, v in enumerate(branch.inputs) if v in made.residuals]


class _Slots:
    """Further outputs of all branches that hold residuals; branches share those of one type."""

    def __init__(self, branches: Sequence[Program], made: Sequence[LinearSplit]) -> None:
        self.branches, self.made = branches, made
        self.types: list[AnyType] = []
        self.of: list[dict[int, Var]] = []  # for each branch: residual by slot
        for branch, m in zip(branches, made, strict=True):
            taken: dict[int, Var] = {}
            for r in m.residuals:
                if r not in branch.inputs:
                    taken[self._slot(r.type, taken)] = r
            self.of.append(taken)

    def _slot(self, type_: AnyType, taken: dict[int, Var]) -> int:
        # Lanes of a batched stack may have been pushed by different branches: never shared.
        first = len(self.types) if isinstance(type_, StackType) else 0
        for slot in range(first, len(self.types)):
            if self.types[slot] == type_ and slot not in taken:
                return slot
        self.types.append(type_)
        return len(self.types) - 1

    def forward(self, k: int) -> Program:
        """Branch `k` with the slots as further outputs."""
        equations = list(self.made[k].forward)
        outputs = list(self.branches[k].outputs)
        for slot, type_ in enumerate(self.types):
            value: Any = self.of[k].get(slot)
            if value is None:
                equations.append(zeros_equation(type_))
                value = equations[-1].outputs[0]
            outputs.append(value)
        return Program(self.branches[k].inputs, equations, outputs)


def _linear_branch(
    branch: Program,
    made: LinearSplit,
    read: Sequence[int],
    slots: dict[int, Var],
    slot_types: Sequence[AnyType],
    out_active: Sequence[int],
) -> Program:
    equations = list(made.linear)
    result = dict(zip(made.out_active, made.results, strict=True))
    outputs = []
    for j in out_active:
        if j not in result:
            equations.append(zeros_equation(branch.outputs[j].type))  # type: ignore[union-attr]  # active outputs are Vars
            result[j] = equations[-1].outputs[0]
        outputs.append(result[j])
    residuals = [slots.get(s) or Var(t) for s, t in enumerate(slot_types)]
    inputs = [*[branch.inputs[i] for i in read], *residuals, *made.tangents]
    return Program(inputs, equations, outputs)


# -- transposition ---------------------------------------------------------------------------------


def _transpose(
    cts: Sequence[Any],
    args: Sequence[Any],
    linear: Sequence[int],
    *,
    branches: tuple[Program, ...],
) -> dict[int, Any]:
    mask = [i + 1 in linear for i in range(len(args) - 1)]
    present = [j for j, ct in enumerate(cts) if ct is not None]
    pieces = [transpose_body(branch, mask, present) for branch in branches]
    reached = sorted({i for _, found in pieces for i in found})
    known = [a for a, on in zip(args[1:], mask, strict=True) if not on]
    programs = [
        _with_zeros(program, found, reached, branches[0].in_types) for program, found in pieces
    ]
    values = bind_cond(args[0], [*known, *[cts[j] for j in present]], programs)
    result: dict[int, Any] = dict.fromkeys(linear)
    result.update({i + 1: ct for i, ct in zip(reached, values, strict=True)})
    return result


def _with_zeros(
    program: Program, found: Sequence[int], wanted: Sequence[int], types: Sequence[AnyType]
) -> Program:
    """`program`, whose outputs are those of `found`, with zeros for the others in `wanted`."""
    equations = list(program.equations)
    result = dict(zip(found, program.outputs, strict=True))
    for i in wanted:
        if i not in result:
            equations.append(zeros_equation(types[i]))
            result[i] = equations[-1].outputs[0]
    return Program(program.inputs, equations, [result[i] for i in wanted])


# -- batching --------------------------------------------------------------------------------------


def _batch(
    size: int,
    args: Sequence[Any],
    is_batched: Sequence[bool],
    *,
    branches: tuple[Program, ...],
) -> Any:
    mask = list(is_batched[1:])
    n_outputs = len(branches[0].outputs)
    if not is_batched[0]:
        flags = [False] * n_outputs
        for branch in branches:
            out = batch_program(branch, mask, size).out_batched
            flags = [a or b for a, b in zip(flags, out, strict=True)]
        programs = [batch_program(branch, mask, size, flags).program for branch in branches]
        return bind_cond(args[0], args[1:], programs), tuple(flags)
    results: list[Any] = []
    for branch, live in zip(branches, clamp_index(args[0], len(branches)), strict=True):
        program = batch_program(branch, mask, size, [True] * n_outputs).program
        values = _where_any(program, live, args[1:], mask)
        results = (
            [choose(live, new, old) for new, old in zip(values, results, strict=True)]
            if results
            else list(values)
        )
    return tuple(results), (True,) * n_outputs


def _where_any(
    program: Program, live: Any, args: Sequence[Any], mask: Sequence[bool]
) -> tuple[Any, ...]:
    """A batched branch where some lane takes it, on borrowed operands in the others; else zeros."""

    def run(live: Any, *values: Any) -> list[Any]:
        lent = [borrow(x, live) if on else x for x, on in zip(values, mask, strict=True)]
        return record_program(program, lent)

    def skip(*values: Any) -> list[Any]:
        return [zeros(t) for t in program.out_types]

    in_types = [live.variable.type, *program.in_types]
    programs = [record_rule_program("cond under vmap", g, in_types) for g in (skip, run)]
    return bind_cond(any_live(live), [live, *args], programs)


# -- Taylor mode -----------------------------------------------------------------------------------


def _series(
    order: int, args: Sequence[Sequence[Any]], *, branches: tuple[Program, ...]
) -> list[list[Any]]:
    mask = [len(a) > 1 for a in args[1:]]
    active = [False] * len(branches[0].outputs)
    for branch in branches:
        out = series_program(branch, mask, order).out_active
        active = [a or b for a, b in zip(active, out, strict=True)]
    programs = [series_program(branch, mask, order, active).program for branch in branches]
    values = bind_cond(args[0][0], [c for a in args[1:] for c in a], programs)
    return regroup(values, active, order)


cond_p = define(
    Primitive(
        "cond",
        _run,
        _types,
        linearize=_linearize,
        transpose_all=_transpose,
        batch=_batch,
        series=_series,
        cost=lambda in_types, out_types, *, branches: max(map(program_flops, branches)),
        is_multiple=True,
        facts={"cost": "of the dearest branch", "index": "clamped to the branches there are"},
    )
)

# -- what users call -------------------------------------------------------------------------------


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


__all__ = ["bind_cond", "cond", "cond_p", "switch"]
