"""Whether a result may be written over an argument that the caller gives up."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.control.guard import guard_p
from wengert.ir.program import Equation, Var
from wengert.native.steps import Member, Node, Plan, Whole, is_tiny


def may_overwrite(plan: Plan, v: Var, x: Var, equations: Sequence[Equation]) -> bool:
    """Whether the stored value `v` can lie where the input `x` does.

    So it can if each element of `v` is made from the element of `x` in the same place, if all
    else that reads `x` runs before, and if no guard may still stop the call.
    """
    members = plan.members.get(v, [])
    if len(members) != 1 or members[0].accumulates or members[0].atom is not None:
        return False
    m = members[0]
    own = next((p for p, step in enumerate(plan.steps) if m in _members(step)), None)
    if own is None or any([eq.primitive is guard_p for eq in equations]):
        return False
    for eq in equations:  # read by straight-line code, at any time
        is_pulled = eq.outputs and eq.outputs[0] not in plan.members
        if x in eq.inputs and is_pulled and is_tiny(eq.outputs[0].type):
            return False
    for p, step in enumerate(plan.steps):
        if p < own:
            continue
        if isinstance(step, Whole) and x in (
            *step.definition.equation.inputs,
            *step.roots.values(),
        ):
            return False
        for o in _members(step):
            if x in o.probe.reads and not (o is m and o.probe.reads[x] == {m.at}):
                return False
    return True


def _members(step: object) -> list[Member]:
    if isinstance(step, Node):
        return list(step.members())
    return [step] if isinstance(step, Member) else []
