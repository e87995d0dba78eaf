"""`guard`: an equation that stops a replay where Python would have decided otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, define


class GuardFailed(Exception):
    """A decision would be answered differently for these inputs."""


def _guard(value: Any, *, answer: Any) -> tuple[()]:
    item = value.item() if isinstance(value, np.ndarray) else value
    if type(answer)(item) != answer:
        raise GuardFailed
    return ()


guard_p = define(
    Primitive(
        "guard",
        _guard,
        lambda value, *, answer: (),
        batch=lambda size, args, is_batched, *, answer: ((), ()),
        cost=lambda in_types, out_types, **params: 0,
        is_multiple=True,
        facts={
            "derivative": "zero: no outputs",
            "purpose": "stops a replay when a decision differs",
        },
    )
)
