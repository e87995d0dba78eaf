"""How the rules of loops write a `scan` equation; its record stands in `scan.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.ir.primitive import registry
from wengert.ir.program import Program
from wengert.trace.tracer import bind


def bind_scan(
    operands: Sequence[Any],
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> tuple[Any, ...]:
    """One scan equation, or its values; a trip count stands first where `length` is None."""
    return tuple(
        bind(
            registry["scan"],
            *operands,
            body=body,
            n_consts=n_consts,
            n_carry=n_carry,
            length=length,
            reverse=reverse,
        )
    )
