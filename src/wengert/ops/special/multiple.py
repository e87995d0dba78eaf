"""`several`: a primitive from a ufunc of SciPy with several results.

Their derivatives are made of the results themselves, which are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import add, fit, mul
from wengert.ops.families import align_batch, broadcast_shapes, scalar_kind
from wengert.ops.special.family import FUNCTIONS, ScipyUfunc, apply
from wengert.trace.tracer import bind
from wengert.types import Type

# partials(outs, *inputs): the partial derivative of each result; None is zero.
Partials = Callable[..., Sequence[Any]]


@lru_cache(maxsize=10_000)
def _dtypes(ufunc: np.ufunc, *kinds: Any) -> tuple[np.dtype[Any], ...]:
    if all(isinstance(k, type) for k in kinds):
        kinds = tuple([np.dtype(k) for k in kinds])
    return tuple(ufunc.resolve_dtypes((*kinds, *[None] * ufunc.nout))[ufunc.nin :])


def several(
    name: str, *partials: Partials, flops: int = 100, also: Partials | None = None, **facts: Any
) -> Primitive:
    """A primitive for a ufunc of scipy.special with several results.

    Parameters
    ----------
    name : str
        SciPy's name.
    *partials
        For each input `partials(outs, *inputs)`, the partial derivatives of the results.
    flops : int
        What the results of one element cost, in additions.
    also : callable, optional
        `also(outs, *inputs, *tangents)`: terms that are linear over the real numbers only.
    **facts
        Domain and conventions.
    """
    ufunc = ScipyUfunc(name)

    def type_rule(*types: Any) -> tuple[Type, ...]:
        shape = broadcast_shapes(name, *types)
        return tuple([Type(shape, d) for d in _dtypes(ufunc.ufunc, *map(scalar_kind, types))])

    def jvp(args: Any, outs: Any, tangents: Any) -> list[Any]:
        totals = [None] * len(outs) if also is None else list(also(outs, *args, *tangents))
        for dx, partial in zip(tangents, partials, strict=True):
            if dx is None:
                continue
            for j, p in enumerate(partial(outs, *args)):
                if p is not None:
                    term = fit(mul(dx, p), outs[j].type)
                    totals[j] = term if totals[j] is None else add(totals[j], term)
        return totals

    def batch(size: int, args: Any, is_batched: Any) -> Any:
        outs = bind(record, *align_batch(args, is_batched))
        return outs, (True,) * len(outs)

    record = define(
        Primitive(
            name,
            ufunc,
            type_rule,
            jvp=jvp,
            batch=batch,
            cost=lambda in_types, out_types: flops * out_types[0].size,
            is_multiple=True,
            render=lambda ins, params: f"scipy.special.{name}({', '.join(ins)})",
            emit=Unsupported("SciPy computes it"),
            facts=facts,
        )
    )
    FUNCTIONS[name] = lambda *xs: tuple(apply(record, *xs))
    return record
