"""What a Program costs: floating-point operations, and bytes read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wengert.ir.program import Program, atom_type, sub_programs
from wengert.types import Type


@dataclass(frozen=True)
class Cost:
    """Estimated work of one run.

    Attributes
    ----------
    flops : float
        Floating-point operations, an elementary function counted as several.
    bytes : float
        Bytes read and written, every equation for itself: nothing fused, nothing cached.
    equations : int
        Equations, those of inner Programs counted once.
    """

    flops: float
    bytes: float
    equations: int

    def __str__(self) -> str:
        return f"{self.flops:.3g} flops, {self.bytes:.3g} bytes, {self.equations} equations"


def program_cost(program: Program) -> Cost:
    """The cost of one run; the work of loops of unknown length is that of one iteration."""
    flops = 0.0
    n_bytes = 0.0
    count = 0
    for eq in program.equations:
        in_types = [atom_type(a) for a in eq.inputs]
        out_types = [v.type for v in eq.outputs]
        if eq.primitive.cost is not None:
            flops += float(eq.primitive.cost(in_types, out_types, **eq.params))
        n_bytes += sum(_size(t) for t in in_types) + sum(_size(t) for t in out_types)
        count += 1 + sum(program_cost(p).equations for _, p in sub_programs(eq.params))
    return Cost(flops, n_bytes, count)


def _size(type_: Any) -> int:
    return type_.nbytes if isinstance(type_, Type) else 8
