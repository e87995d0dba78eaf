"""Whether a Program is linear in some of its inputs: rules must be, in tangents and cotangents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.control.loop_rules import linear_carries
from wengert.errors import MissingRuleError, describe_location
from wengert.ir.program import Equation, Literal, Program, sub_programs


def nonlinear_equation(program: Program, mask: Sequence[bool]) -> Equation | None:
    """The first equation that is not linear in what depends on the inputs in `mask`, or None."""
    marked: set[Any] = {v for v, on in zip(program.inputs, mask, strict=True) if on}
    zero: set[Any] = set()
    for eq in program.equations:
        on = [i for i, a in enumerate(eq.inputs) if a in marked]
        if not on:
            if eq.primitive.name in _ZERO_STAYS_ZERO and all(
                a in zero or (type(a) is Literal and a.value == 0) for a in eq.inputs[:1]
            ):
                zero.update(eq.outputs)
            continue
        marked.update(eq.outputs)
        if any(_is_linear_in(eq, group, on, zero) for group in eq.primitive.linear_in):
            continue
        if eq.primitive.transpose_all is None or not _inner_linear(eq, on):
            return eq
    return None


def _is_linear_in(eq: Equation, group: frozenset[int], on: Sequence[int], zero: set[Any]) -> bool:
    """Whether the inputs `on` are in the group, and all others of it are zero."""
    if not frozenset(on) <= group:
        return False
    others = [eq.inputs[i] for i in group.difference(on) if i < len(eq.inputs)]
    return all(a in zero or (type(a) is Literal and a.value == 0) for a in others)


_ZERO_STAYS_ZERO = frozenset(
    {"full", "stack_zeros", "broadcast_to", "reshape", "convert", "transpose", "copy", "neg"}
)


def _inner_linear(eq: Equation, on: Sequence[int]) -> bool:
    """Whether control flow is linear in its inputs `on`: so are its Programs, to a fixpoint."""
    params = eq.params
    if eq.primitive.name == "custom_linear":
        return all(i >= params["n_known"] for i in on)
    if eq.primitive.name in ("host_push", "host_pull"):
        return all(i >= params["n_args"] + len(params["call"].out_types) for i in on)
    for _, inner in sub_programs(params):
        skip = len(eq.inputs) - len(inner.inputs)  # an index or trip count stands first
        if any(i < skip for i in on):
            return False
        mask = [i + skip in on for i in range(len(inner.inputs))]
        if "n_carry" in params:
            mask = linear_carries(inner, mask, params["n_consts"], params["n_carry"])
        if nonlinear_equation(inner, mask) is not None:
            return False
    return True


def require_linear(program: Program, mask: Sequence[bool], what: str, in_what: str) -> None:
    """Raise unless a rule is linear in its tangents or cotangents."""
    eq = nonlinear_equation(program, mask)
    if eq is not None:
        raise MissingRuleError(
            f"{what} is not linear in {in_what}.",
            got=f"{eq.primitive.name} of what depends on {in_what}",
            expected="sums, and products with what does not depend on it",
            where=describe_location(eq.source),
        )
