"""Batching of what can only be computed item by item: a loop over the lanes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control.programs import record_rule_program
from wengert.control.scan_equation import bind_scan
from wengert.ir.primitive import Primitive
from wengert.ir.program import Program
from wengert.ops.core import full
from wengert.trace.tracer import bind
from wengert.types import Type


def by_lanes(
    primitive: Primitive, size: int, args: Sequence[Any], is_batched: Sequence[bool], params: Any
) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
    """The outputs of `primitive` for each lane, stacked: a scan over the batched operands."""
    # Numbers written into the Program have no type of their own.
    args = [a if hasattr(a, "shape") else full((), a, np.asarray(a).dtype) for a in args]
    consts = [a for a, on in zip(args, is_batched, strict=True) if not on]
    items = [a for a, on in zip(args, is_batched, strict=True) if on]
    types = tuple(
        [
            Type(a.shape[1:] if on else a.shape, a.dtype)
            for a, on in zip(args, is_batched, strict=True)
        ]
    )
    body = _body(primitive, types, tuple(is_batched), tuple(sorted(params.items())))
    results = bind_scan([*consts, *items], body, len(consts), 0, size, False)
    return results, (True,) * len(results)


@lru_cache(maxsize=256)
def _body(
    primitive: Primitive, types: tuple[Type, ...], is_batched: tuple[bool, ...], params: Any
) -> Program:
    order = [i for i, on in enumerate(is_batched) if not on]
    order += [i for i, on in enumerate(is_batched) if on]

    def body(*values: Any) -> Sequence[Any]:
        args = dict(zip(order, values, strict=True))
        result = bind(primitive, *[args[i] for i in range(len(order))], **dict(params))
        return result if primitive.is_multiple else [result]

    return record_rule_program(f"{primitive.name} by lanes", body, [types[i] for i in order])
