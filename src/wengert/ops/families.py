"""Constructors for the common families of primitives; each derives what can be derived.

elementwise   broadcasting functions of numbers, derivative from `partials`
linear        linear in one group of inputs: the derivative is the primitive itself
bilinear      linear in each of two inputs: product rule and Leibniz rule follow
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.errors import DtypeError, ShapeError
from wengert.ir.dependence import ELEMENTWISE
from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive, Rule, define
from wengert.trace.tracer import Tracer
from wengert.types import Type

Partial = Callable[..., Any]


class _One:
    """A partial derivative that is one everywhere: no multiplication is recorded."""


ONE = _One()


def scalar_kind(t: Any) -> Any:
    """A dtype, or the Python type of a literal: what NumPy's promotion looks at."""
    return t.dtype if isinstance(t, Type) else type(t)


@lru_cache(maxsize=20_000)
def ufunc_dtype(ufunc: np.ufunc, *kinds: Any) -> np.dtype[Any]:
    """The output dtype of a ufunc for dtypes and Python scalar types (weak, as in NumPy 2)."""
    kinds = tuple([np.dtype(bool) if k is bool else k for k in kinds])
    if all(k in (int, float, complex) for k in kinds):
        kinds = tuple([np.dtype(k) for k in kinds])
    try:
        return ufunc.resolve_dtypes((*kinds, None))[ufunc.nin]
    except TypeError:
        raise DtypeError(
            f"{ufunc.__name__} is not defined for these dtypes.",
            got=", ".join(str(getattr(k, "name", k)) for k in kinds),
            expected="dtypes that NumPy accepts",
            try_="convert with astype first",
        ) from None


def broadcast_shapes(name: str, *types: Any) -> tuple[int, ...]:
    """The broadcast shape of the operands, or a ShapeError that shows them."""
    shapes = [t.shape for t in types if isinstance(t, Type)]
    first = shapes[0] if shapes else ()
    if all([s == first or s == () for s in shapes]):
        return first
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"{name}: the shapes do not broadcast.",
            got=", ".join(map(repr, types)),
            expected="sizes that are equal or 1, counted from the last axis",
            try_="reshape one of them, or add axes with x[:, None]",
        ) from None


def elementwise_type(name: str, ufunc: np.ufunc) -> Rule:
    """The type rule of an elementwise primitive with the dtypes of a ufunc."""

    def type_rule(*types: Any) -> Type:
        return Type(broadcast_shapes(name, *types), ufunc_dtype(ufunc, *map(scalar_kind, types)))

    return type_rule


def elementwise(
    name: str,
    array: Rule,
    *,
    ufunc: np.ufunc | None = None,
    partials: Sequence[Partial | _One | None] = (),
    linear_in: tuple[frozenset[int], ...] = (),
    transpose: Mapping[int, Rule] | None = None,
    type_rule: Rule | None = None,
    jvp: Rule | None = None,
    flops: int = 1,
    keeps_literals: bool = False,
    render: Rule | None = None,
    emit: Any = None,
    sparsity: Rule = ELEMENTWISE,
    **facts: Any,
) -> Primitive:
    """A primitive that acts number by number, with NumPy's broadcasting and promotion.

    Parameters
    ----------
    name : str
    array : callable
        NumPy implementation.
    ufunc : numpy.ufunc, optional
        Gives the dtype rule; `array` itself when that is a ufunc.
    partials : sequence
        For each input the partial derivative `partial(out, *inputs)`, `ONE`, or None for zero.
        Empty for functions whose derivative is zero (comparisons, rounding).
    linear_in, transpose, jvp, type_rule
        As in `Primitive`, where the partials do not say it all.
    flops : int
        Floating-point operations an element, for `cost`.
    render : callable, optional
        NumPy source text of one equation, where `np.<name>(...)` is not it.
    emit : Elementwise or callable, optional
        The native form; a callable `emit(b, *numbers, **params)` takes numbers in the kind that
        the ufunc computes in. By default the elementary function of this name, where there is one.
    sparsity : callable
        How tangents depend on each other, see `ir/dependence.py`.
    **facts
        Domain, kinks and conventions, shown in the documentation and tested.
    """
    rule_ufunc = ufunc or array
    if emit is None:
        emit = _elementary(name)
    elif callable(emit):
        emit = Elementwise(emit)
    if jvp is None and partials:
        jvp = _jvp_from_partials(tuple(partials))
    return define(
        Primitive(
            name,
            array,
            type_rule or elementwise_type(name, rule_ufunc),  # type: ignore[arg-type]  # a ufunc
            linear_in=linear_in,
            jvp=jvp,
            transpose=transpose,
            batch=batch_elementwise(name),
            cost=lambda in_types, out_types, **params: flops * out_types[0].size,
            keeps_literals=keeps_literals,
            is_elementwise=True,
            render=render or render_ufunc(rule_ufunc),
            emit=emit,
            sparsity=sparsity,
            ufunc=rule_ufunc if isinstance(rule_ufunc, np.ufunc) else None,
            facts=facts,
        )
    )


def _elementary(name: str) -> Elementwise:
    """The native form of a function that the compiler has code of its own for."""
    return Elementwise(lambda b, *xs: b.call_math(name, *xs))


_INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "floor_divide": "//",
    "remainder": "%",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}


def render_ufunc(ufunc: Any) -> Rule | None:
    """NumPy source of an elementwise equation: an operator, or a call of the ufunc."""
    name = getattr(ufunc, "__name__", "")
    if name in _INFIX:
        return lambda ins, params: f"{ins[0]} {_INFIX[name]} {ins[1]}"
    if getattr(np, name, None) is ufunc:
        return lambda ins, params: f"np.{name}({', '.join(ins)})"
    return None


def _jvp_from_partials(partials: tuple[Partial | _One | None, ...]) -> Rule:
    def jvp(args: Sequence[Any], out: Any, tangents: Sequence[Any]) -> Any:
        from wengert.ops.core import add, fit, mul

        total = None
        for dx, partial in zip(tangents, partials, strict=True):
            if dx is None or partial is None:
                continue
            term = dx if isinstance(partial, _One) else mul(dx, partial(out, *args))
            term = fit(term, out.type)
            total = term if total is None else add(total, term)
        return total

    return jvp


def batch_elementwise(name: str) -> Rule:
    """Batching by alignment: unbatched axes are counted from the last, so pad after the first."""

    def batch(size: int, args: Sequence[Any], is_batched: Sequence[bool], **params: Any) -> Any:
        from wengert.ir.primitive import registry
        from wengert.trace.tracer import bind

        aligned = align_batch(args, is_batched)
        return bind(registry[name], *aligned, **params), True

    return batch


def align_batch(args: Sequence[Any], is_batched: Sequence[bool]) -> list[Any]:
    """Batched operands reshaped to one rank, so that NumPy broadcasting lines their axes up."""
    from wengert.ops.core import reshape

    rank = max(
        len(np.shape(a)) - on if not isinstance(a, Tracer) else a.ndim - on
        for a, on in zip(args, is_batched, strict=True)
    )
    aligned = []
    for a, on in zip(args, is_batched, strict=True):
        if on and a.ndim - 1 < rank:
            shape = (a.shape[0], *(1,) * (rank - a.ndim + 1), *a.shape[1:])
            a = reshape(a, shape)
        aligned.append(a)
    return aligned


def linear(
    name: str,
    array: Rule,
    type_rule: Rule,
    *,
    transpose: Rule | Mapping[int, Rule] | None,
    batch: Rule,
    group: frozenset[int] = frozenset({0}),
    flops: Rule | None = None,
    **fields: Any,
) -> Primitive:
    """A primitive jointly linear in the inputs of `group`: it is its own derivative."""
    return define(
        Primitive(
            name,
            array,
            type_rule,
            linear_in=(group,),
            transpose=transpose,
            batch=batch,
            cost=flops or (lambda in_types, out_types, **params: 0),
            **fields,
        )
    )


def bilinear(
    name: str,
    array: Rule,
    type_rule: Rule,
    *,
    transpose: Mapping[int, Rule],
    batch: Rule,
    flops: Rule,
    **fields: Any,
) -> Primitive:
    """A primitive linear in each of its two inputs."""
    return define(
        Primitive(
            name,
            array,
            type_rule,
            linear_in=(frozenset({0}), frozenset({1})),
            transpose=transpose,
            batch=batch,
            cost=flops,
            **fields,
        )
    )
