"""Which mode a Jacobian was computed in, and what the other would have cost: for `explain`.

While a list is open in `choices`, `jacobian` notes each choice that it makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from wengert.api.differentiate import Recorded, pullback_program
from wengert.ir.cost import Cost
from wengert.transforms.batch import batch_program


@dataclass(frozen=True)
class Choice:
    """One Jacobian: its size, and the work of its products in either mode.

    Attributes
    ----------
    asked : str
        The `mode` that was asked for: "auto", "forward" or "reverse".
    is_forward : bool
        The mode that was taken.
    n_inputs, n_outputs : int
        Numbers in the arguments and in the result: columns and rows of the Jacobian.
    forward, reverse : Cost
        Of all products together, the function itself not counted.
    """

    asked: str
    is_forward: bool
    n_inputs: int
    n_outputs: int
    forward: Cost
    reverse: Cost

    @property
    def reason(self) -> str:
        """Why this mode, in one sentence."""
        if self.asked != "auto":
            return f'mode="{self.asked}" was asked for.'
        if self.is_forward:
            return (
                f"Forward mode costs one product for each of the {self.n_inputs:,} inputs, and "
                f"there are no fewer outputs ({self.n_outputs:,})."
            )
        return (
            f"Reverse mode costs one product for each of the {self.n_outputs:,} outputs, fewer "
            f"than the {self.n_inputs:,} inputs."
        )


choices: ContextVar[list[Choice] | None] = ContextVar("choices", default=None)


def note_choice(recorded: Recorded, in_types: Sequence[Any], asked: str, is_forward: bool) -> None:
    """Enter a choice where somebody is listening."""
    heard = choices.get()
    if heard is None:
        return
    linearized = recorded.linearized
    active = [recorded.types[i] for i in linearized.out_active]
    n_inputs = sum([t.size for t in in_types])
    n_known = len(linearized.residuals)
    heard.append(
        Choice(
            asked,
            is_forward,
            n_inputs,
            sum([t.size for t in recorded.types]),
            _cost(linearized.program, n_known, n_inputs),
            _cost(pullback_program(recorded), n_known, sum([t.size for t in active])),
        )
    )


def _cost(program: Any, n_known: int, size: int) -> Cost:
    flags = [False] * n_known + [True] * (len(program.inputs) - n_known)
    batched = batch_program(program, flags, size, [True] * len(program.outputs)).program
    return batched.cost()
