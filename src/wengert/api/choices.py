"""How a Jacobian is computed: forward, reverse or compressed, by what each costs.

Also what `explain` says of it.

    forward      one product for each input
    reverse      one product for each output
    compressed   products with columns (or rows) that no output (no input) has in common together

Small Jacobians are computed forward or reverse by their shape alone; a pattern is looked for where
the dense products cost more than that takes. While a list is open in `choices`, each choice is
noted with its reason and the costs of all ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.api.differentiate import Recorded, pullback_program
from wengert.errors import ArgumentError
from wengert.ir.cost import Cost
from wengert.ir.index_sets import MAX_ENTRIES, TooManyEntries
from wengert.trace.recording import lifts_scalars_here
from wengert.trace.tracer import Tracer
from wengert.transforms.sparsity import constants

if TYPE_CHECKING:
    from wengert.compression.plan import Plan

MODES = ("auto", "forward", "reverse", "compressed")
_FEW = 16  # products below which nothing is compressed
_FLOPS_A_SECOND = 2e9  # what a product reaches, roughly
_BYTES_A_SECOND = 5e9
_SECONDS_AN_EQUATION = 2e-4  # of finding a pattern
_GAIN = 0.5  # compressed products must cost less than this part of the dense ones


@dataclass(frozen=True)
class Way:
    """A way to compute a Jacobian: its name, how many products it takes, and their work."""

    name: str
    n_products: int
    cost: Cost


@dataclass(frozen=True)
class Choice:
    """One Jacobian: its size, how it was computed, and what the ways there are would cost.

    Attributes
    ----------
    asked : str
        The `mode` that was asked for.
    taken : str
        The name of the way taken.
    n_inputs, n_outputs : int
        Numbers in the arguments and in the result: columns and rows of the Jacobian.
    nnz : int or None
        Entries that can be different from zero; None where nobody looked.
    ways : tuple of Way
        The function itself is not counted.
    """

    asked: str
    taken: str
    n_inputs: int
    n_outputs: int
    nnz: int | None
    ways: tuple[Way, ...]

    @property
    def is_forward(self) -> bool:
        return self.taken == "forward"

    @property
    def reason(self) -> str:
        """Why this way, in one or two sentences."""
        if self.asked != "auto":
            return f'mode="{self.asked}" was asked for.'
        n_in, n_out = f"{self.n_inputs:,} inputs", f"{self.n_outputs:,} outputs"
        if self.taken in ("forward", "reverse"):
            each, others = (n_in, n_out) if self.is_forward else (n_out, n_in)
            compared = "no more" if self.n_inputs == self.n_outputs else "fewer"
            said = (
                f"{self.taken.capitalize()} mode costs one product for each of the {each}, "
                f"{compared} than the {others}."
            )
            return said + self._why_not_compressed()
        way = next(w for w in self.ways if w.name == self.taken)
        dense = min([w.n_products for w in self.ways if w.name in ("forward", "reverse")])
        return (
            f"Only {self.nnz:,} of the {self.n_inputs * self.n_outputs:,} entries can be different "
            f"from zero: {_products(way.n_products)}, of several columns or rows each, give them "
            f"all, instead of {_products(dense)}."
        )

    def _why_not_compressed(self) -> str:
        others = [w for w in self.ways if w.name not in ("forward", "reverse")]
        if not others:
            return ""
        few = min([w.n_products for w in others])
        taken = next(w for w in self.ways if w.name == self.taken)
        if few >= taken.n_products:
            return " No columns or rows can share a product."
        return (
            f" Compressed it would take {_products(few)}; for so small a Jacobian finding the "
            "pattern costs more than that saves."
        )


def _products(n: int) -> str:
    return f"{n:,} product" + "s" * (n != 1)


choices: ContextVar[list[Choice] | None] = ContextVar("choices", default=None)


def choose(recorded: Recorded, in_types: Sequence[Any], mode: str) -> str | Plan:
    """ "forward", "reverse", or the plan of compressed products."""
    n_inputs, n_outputs = total(in_types), total(recorded.types)
    dense = "forward" if n_inputs <= n_outputs else "reverse"
    found: Plan | None = None
    if mode == "compressed":
        found = compressed_plan(recorded, in_types)
        if found is None:
            raise ArgumentError(
                "jacobian: so much depends on so much that the pattern does not fit into memory.",
                got=f"more than {MAX_ENTRIES:,} entries",
                try_='mode="forward" or "reverse"',
            )
    elif mode == "auto" and min(n_inputs, n_outputs) > _FEW:
        found = _plan_if_worth_it(recorded, in_types, dense, min(n_inputs, n_outputs))
    taken = found or (dense if mode == "auto" else mode)
    if choices.get() is not None:
        known = found or compressed_plan(recorded, in_types)
        if known is not None:
            name = taken if isinstance(taken, str) else None
            note_choice(recorded, in_types, mode, known, name)
    return taken


def total(types: Sequence[Any]) -> int:
    """The number of elements of arrays of these types."""
    return sum([t.size for t in types])


def _plan_if_worth_it(
    recorded: Recorded, in_types: Sequence[Any], dense: str, n_products: int
) -> Plan | None:
    """A plan where it saves more than it takes to make, for a recording met for the first time."""
    linearized = recorded.linearized
    key = ("cost", dense)
    one = linearized.derived.get(key)
    if one is None:
        program = linearized.program if dense == "forward" else pullback_program(recorded)
        one = linearized.derived[key] = program.cost()
    seconds = n_products * (one.flops / _FLOPS_A_SECOND + one.bytes / _BYTES_A_SECOND)
    if seconds < _SECONDS_AN_EQUATION * len(linearized.program.equations):
        return None
    found = compressed_plan(recorded, in_types)
    if found is None:
        return None
    return found if found.chosen.flops < _GAIN * n_products * one.flops else None


def compressed_plan(recorded: Recorded, in_types: Sequence[Any]) -> Plan | None:
    """The plan of a recording, or None where its pattern is too large to find."""
    try:
        return _compressed_plan(recorded, in_types)
    except TooManyEntries:
        return None


def _compressed_plan(recorded: Recorded, in_types: Sequence[Any]) -> Plan:
    """The plan; kept with the recording's structure and the indices it was recorded with."""
    from wengert.compression.recorded import plan_of_linear  # loaded when first needed

    residuals = recorded.residuals
    if any([isinstance(v, Tracer) for v in residuals]):
        return plan_of_linear(
            recorded.linearized,
            constants(residuals),
            in_types,
            recorded.types,
            is_compiled=not lifts_scalars_here(),
        )
    # Plain values may be those of this point: only indices count, and the plan is theirs.
    known = [v if np.asarray(v).dtype.kind in "iub" else None for v in residuals]
    contents = tuple([None if v is None else np.asarray(v).tobytes() for v in known])
    derived = recorded.linearized.derived
    key = ("compressed", contents)
    found = derived.get(key)
    if found is None:
        found = plan_of_linear(recorded.linearized, known, in_types, recorded.types)
        derived[key] = found
    return found


def note_choice(
    recorded: Recorded, in_types: Sequence[Any], asked: str, plan: Plan, taken: str | None = None
) -> None:
    """Enter a choice where somebody is listening; `taken` None is the plan."""
    heard = choices.get()
    if heard is None:
        return
    n_inputs, n_outputs = total(in_types), total(recorded.types)
    linearized = recorded.linearized
    forward = linearized.program.cost()
    reverse = pullback_program(recorded).cost()
    ways = [
        Way("forward", n_inputs, times(n_inputs, forward)),
        Way("reverse", n_outputs, times(n_outputs, reverse)),
    ]
    names = {}
    for option in plan.options:
        name = names[option] = f"compressed, {option.name}"
        if option.is_separated:
            name = names[option] = f"{name}, item by item"
        part = option.flops / max(option.n_products * forward.flops, 1.0)
        n_bytes = option.n_products * forward.bytes * part
        ways.append(Way(name, option.n_products, Cost(option.flops, n_bytes, forward.equations)))
    heard.append(
        Choice(
            asked,
            taken or names[plan.chosen],
            n_inputs,
            n_outputs,
            plan.structure.n_entries,
            tuple(dict.fromkeys(ways)),
        )
    )


def times(n: int, cost: Cost) -> Cost:
    """The cost of n runs."""
    return Cost(n * cost.flops, n * cost.bytes, cost.equations)


__all__ = ["MODES", "Choice", "Way", "choices", "choose", "compressed_plan", "note_choice", "total"]
