"""`external`: a solver that runs on plain values, as one equation.

Its own derivative is zero: it stands inside the solution Program of an implicit equation, or before
one that takes its result for a solution, and that equation has the derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from wengert.implicit.lanes import by_lanes
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.trace.tracer import bind
from wengert.types import Type


class Solver(Protocol):
    """What can be run: hashable, equal when it does the same."""

    def __call__(self, *args: Any) -> Sequence[Any]:
        """The outputs for plain arguments."""


def external(solver: Solver, args: Sequence[Any], out_types: Sequence[Type]) -> tuple[Any, ...]:
    """What `solver(*args)` returns, of the given types."""
    return tuple(bind(external_p, *args, solver=solver, returns=tuple(out_types)))


def _run(*args: Any, solver: Solver, returns: tuple[Type, ...]) -> tuple[Any, ...]:
    results = solver(*args)
    return tuple(
        [
            np.asarray(r).astype(t.dtype).reshape(t.shape)[()]
            for r, t in zip(results, returns, strict=True)
        ]
    )


external_p: Primitive = define(
    Primitive(
        "external",
        _run,
        lambda *types, solver, returns: returns,
        batch=lambda size, args, is_batched, **params: by_lanes(
            external_p, size, args, is_batched, params
        ),
        cost=lambda in_types, out_types, **params: 100 * sum([t.size for t in out_types]),
        is_multiple=True,
        facts={
            "cost": "of one iteration: the number is not known",
            "derivative": "zero: the implicit equation around or after it has the derivative",
        },
        emit=Unsupported("a solver in Python, SciPy's or the user's"),
    )
)
