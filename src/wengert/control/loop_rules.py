"""Linearization of loop bodies: which carries are active, and where each residual comes from.

A residual that no iteration changes is computed again from the constants, once, outside the
linear loop; one that is an item of xs or already a y is read where it stands; one that is a sum or
a product of such, or of what is stacked anyhow, is computed again in each turn; only the others
are stacked by the forward loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wengert.control.cond_equation import bind_cond
from wengert.control.programs import (
    LinearSplit,
    depends,
    needed_inputs,
    split,
    zeros,
    zeros_equation,
)
from wengert.ir.program import Equation, Program, Var, atom_type, prune
from wengert.ops.core import add_p, mul_p, neg_p, sub_p
from wengert.trace.evaluate import record_program
from wengert.transforms.batch import batch_program

# What is cheaper to compute again than to store and to load.
_CHEAP = frozenset({add_p, mul_p, neg_p, sub_p})


@dataclass(frozen=True)
class LinearLoop:
    """A loop body linearized; indices are those of the body's inputs and outputs.

    `forward` is the body with the stacked residuals as further ys. `body` takes invariant
    residuals and tangents of constants, tangents of the carry, residual items and tangent items;
    it gives the tangents of the carry and of the ys listed in `out_ys`.
    """

    forward: Program
    body: Program
    invariants: Program
    x_residuals: tuple[int, ...]
    y_residuals: tuple[int, ...]
    active_consts: tuple[int, ...]
    active_carry: tuple[int, ...]
    active_xs: tuple[int, ...]
    out_ys: tuple[int, ...]

    @property
    def n_consts(self) -> int:
        return len(self.invariants.outputs) + len(self.active_consts)

    @property
    def n_carry(self) -> int:
        return len(self.active_carry)

    def operands(
        self,
        args: Sequence[Any],
        stacked: Callable[[int], Any],
        tangents: dict[int, Any],
        count: Any,
    ) -> list[Any]:
        """The operands of the linear scan.

        `args` are the loop's, `stacked(j)` gives the ys of body output j, `tangents` are those
        of the loop's active operands, `count` is the trip count, traced or not.
        """
        types = self.forward.in_types
        return [
            *self._invariant_values(args, count),
            *[tangents[i] for i in self.active_consts],
            *[tangents[i] if i in tangents else zeros(types[i]) for i in self.active_carry],
            *[args[i] for i in self.x_residuals],
            *[stacked(j) for j in self.y_residuals],
            *[tangents[i] for i in self.active_xs],
        ]

    def _invariant_values(self, args: Sequence[Any], count: Any) -> list[Any]:
        """What no iteration changes. A loop that does not run leaves its body uncomputed."""
        program = self.invariants
        if isinstance(count, int):
            return record_program(program, args) if count else [zeros(t) for t in program.out_types]
        if not program.equations:
            return record_program(program, args)
        needed = [i for i, on in enumerate(needed_inputs(program)) if on]
        inputs = [program.inputs[i] for i in needed]
        run = Program(inputs, program.equations, program.outputs)
        nothing = [zeros_equation(t) for t in program.out_types]
        skip = Program([Var(v.type) for v in inputs], nothing, [eq.outputs[0] for eq in nothing])
        return list(bind_cond(count, [args[i] for i in needed], [skip, run]))


def linear_loop(body: Program, n_consts: int, n_carry: int, active: Sequence[bool]) -> LinearLoop:
    """Linearize the body of a loop whose operands marked in `active` have tangents."""
    mask = list(active)
    while True:
        made = split(body, mask)
        new = [
            k + n_consts for k in range(n_carry) if k in made.out_active and not mask[k + n_consts]
        ]
        if not new:
            break
        for i in new:
            mask[i] = True
    constant = _invariant(body, made, n_consts, n_carry)
    xs = {v: i for i, v in enumerate(body.inputs) if i >= n_consts + n_carry}
    outputs: list[Any] = list(body.outputs)
    fixed, from_xs, stacked = [], [], []
    repeated = _repeated(made, constant | xs.keys(), outputs[n_carry:])
    for r in made.residuals:
        if r in constant:
            fixed.append(r)
        elif r in xs:
            from_xs.append(r)
        elif r not in repeated:
            if r not in outputs[n_carry:]:
                outputs.append(r)
            stacked.append(r)
    on = [i for i, flag in enumerate(mask) if flag]
    tangent = dict(zip(on, made.tangents, strict=True))
    consts = tuple([i for i in on if i < n_consts])
    carry = tuple([i for i in on if n_consts <= i < n_consts + n_carry])
    on_xs = tuple([i for i in on if i >= n_consts + n_carry])
    inputs = [
        *fixed,
        *[tangent[i] for i in consts],
        *[tangent[i] for i in carry],
        *from_xs,
        *stacked,
        *[tangent[i] for i in on_xs],
    ]
    out_ys = tuple([j for j in made.out_active if j >= n_carry])
    result = dict(zip(made.out_active, made.results, strict=True))
    kept, _ = prune((), made.forward, fixed)
    return LinearLoop(
        Program(body.inputs, made.forward, outputs),
        _linear_body(
            [*repeated.values(), *made.linear],
            inputs,
            [i - n_consts for i in carry],
            out_ys,
            result,
            body,
        ),
        Program(body.inputs, kept, fixed),
        tuple([xs[r] for r in from_xs]),
        tuple([outputs.index(r, n_carry) for r in stacked]),
        consts,
        carry,
        on_xs,
        out_ys,
    )


def _linear_body(
    equations: list[Equation],
    inputs: Sequence[Var],
    carry: Sequence[int],
    out_ys: Sequence[int],
    result: dict[int, Any],
    body: Program,
) -> Program:
    outputs = []
    for j in (*carry, *out_ys):
        if j not in result:
            equations.append(zeros_equation(atom_type(body.outputs[j])))
            result[j] = equations[-1].outputs[0]
        outputs.append(result[j])
    return Program(inputs, equations, outputs)


def _repeated(made: LinearSplit, known: set[Any], ys: Sequence[Any]) -> dict[Var, Equation]:
    """Residuals that cost no more to compute again from others than to keep, in order."""
    residuals = set(made.residuals)
    there = residuals & known
    made_by = {v: eq for eq in made.forward for v in eq.outputs}
    there.update([r for r in made.residuals if r not in made_by or r in ys])
    repeated: dict[Var, Equation] = {}
    for eq in made.forward:
        r = eq.outputs[0] if eq.outputs else None
        if r not in residuals or r in there:
            continue
        if eq.primitive in _CHEAP and all(type(a) is not Var or a in there for a in eq.inputs):
            repeated[r] = eq
        there.add(r)
    return repeated


def _invariant(body: Program, made: LinearSplit, n_consts: int, n_carry: int) -> set[Any]:
    """The Vars of the forward equations that are the same in every iteration."""
    carried = body.inputs[n_consts : n_consts + n_carry]
    invariant: set[Any] = set(body.inputs[:n_consts])
    invariant.update(
        [v for v, out in zip(carried, body.outputs[:n_carry], strict=True) if v is out]
    )
    for eq in made.forward:
        if all(type(a) is not Var or a in invariant for a in eq.inputs):
            invariant.update(eq.outputs)
    return invariant


def linear_carries(body: Program, mask: Sequence[bool], n_consts: int, n_carry: int) -> list[bool]:
    """`mask` with the carries that become linear in the course of the loop."""
    return spread_mask(mask, n_consts, n_carry, lambda mask: depends(body, mask))


def batched_carries(
    body: Program, mask: Sequence[bool], n_consts: int, n_carry: int, size: int
) -> list[bool]:
    """`mask` with the carries that become batched in the course of the loop."""

    def flags(mask: Sequence[bool]) -> Sequence[bool]:
        return batch_program(body, mask, size).out_batched

    return spread_mask(mask, n_consts, n_carry, flags)


def spread_mask(
    mask: Sequence[bool],
    n_consts: int,
    n_carry: int,
    outputs: Callable[[Sequence[bool]], Sequence[bool]],
) -> list[bool]:
    """`mask` with every carry that the body marks, given `outputs` of a mask, to a fixpoint."""
    mask = list(mask)
    while True:
        out = outputs(mask)
        new = [n_consts + k for k in range(n_carry) if out[k] and not mask[n_consts + k]]
        if not new:
            return mask
        for i in new:
            mask[i] = True
