"""The `cond` primitive: one of several Programs runs, chosen by a value.

    operands   index (boolean, or an integer clamped to 0 … n − 1), operands of all branches
    branches   Programs that all take the operands and give outputs of the same types

The derivative is a `cond` on the same index; residuals of different branches share slots of one
type, and slots that the branch taken does not fill hold zeros, which nobody reads. Where the index
differs between lanes of a `vmap`, each branch that some lane takes runs once on all lanes, those
that do not take it on borrowed operands (see `lanes.py`), and the results are selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from wengert.ir.flow import Flow, united
from wengert.ir.primitive import Primitive, define
from wengert.ir.program import Program, Var, atom_type
from wengert.trace.evaluate import plan_of, record_program
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program
from wengert.transforms.jet import series_program
from wengert.transforms.rules import LinearRule
from wengert.transforms.sparsity import known_outputs
from wengert.types import AnyType, StackType


def bind_cond(index: Any, values: Sequence[Any], branches: Sequence[Program]) -> tuple[Any, ...]:
    """One cond equation, or its values."""
    return tuple(bind(cond_p, index, *values, branches=tuple(branches)))


def _run(index: Any, *args: Any, branches: tuple[Program, ...]) -> tuple[Any, ...]:
    return tuple(plan_of(branches[_taken(index, branches)]).run(args))


def _taken(index: Any, branches: tuple[Program, ...]) -> int:
    return min(max(int(index), 0), len(branches) - 1)


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
            equations.append(zeros_equation(atom_type(branch.outputs[j])))
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


# -- dependence ------------------------------------------------------------------------------------


def _sparsity(k: Flow, *, branches: tuple[Program, ...]) -> list[Any]:
    """That of the branch taken, or the union of all."""
    if k.values[0] is not None:
        branches = (branches[_taken(k.values[0], branches)],)
    found = [k.walk(branch, k.labels[1:], k.values[1:]) for branch in branches]
    return [united(k, parts) for parts in zip(*found, strict=True)]


def _known(values: Sequence[Any], *, branches: tuple[Program, ...]) -> list[Any]:
    """What follows from known operands, where the branch taken is known."""
    if values[0] is None:
        return [None] * len(branches[0].outputs)
    return known_outputs(branches[_taken(values[0], branches)], values[1:])


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
        sparsity=_sparsity,
        known=_known,
        batch=_batch,
        series=_series,
        cost=lambda in_types, out_types, *, branches: max(map(program_flops, branches)),
        is_multiple=True,
        facts={"cost": "of the dearest branch", "index": "clamped to the branches there are"},
    )
)
