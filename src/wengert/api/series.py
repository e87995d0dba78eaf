"""Taylor mode for users: `jet`, and `taylor`, the local polynomial model of a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wengert import trees
from wengert.api.arguments import as_leaf, flatten_outputs, leaf_type, rebuild_tree
from wengert.api.products import match_leaves
from wengert.errors import ArgumentError
from wengert.ops.core import zeros_of
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import Recording, lifts_scalars_here
from wengert.transforms.jet import series_program


class JetRecording(Recording):
    """A recording with values, to be replayed on series."""


def jet(
    f: Callable[..., Any], primals: Sequence[Any], series: Sequence[Sequence[Any] | None]
) -> tuple[Any, Any]:
    """Higher derivatives of `f` along a curve, in one pass: Taylor mode.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays.
    primals : tuple
        The point x(0), one entry per argument.
    series : tuple of sequences
        For each argument the derivatives x'(0), x''(0), … of the curve, unscaled, each in the
        structure of the argument; None for an argument that does not move. Shorter ones are
        filled up with zeros.

    Returns
    -------
    out : tree
        f(x(0)).
    series_out : tree
        The derivatives of f(x(t)) at t = 0, orders 1, 2, …, unscaled: a list of trees in the
        structure of `out` (None for integer leaves).

    Notes
    -----
    The cost grows polynomially with the order (quadratically for products and elementary
    functions), where nested `jvp` doubles it with each.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> out, (d1, d2, d3) = wg.jet(np.exp, (0.0,), ([1.0, 0.0, 0.0],))
    >>> float(d1), float(d2), float(d3)
    (1.0, 1.0, 1.0)
    """
    if len(primals) != len(series):
        raise ArgumentError(
            "jet: there must be one series per primal.",
            got=f"{len(series)} series for {len(primals)} primals",
            expected="as many series as primals",
        )
    order = max([len(s) for s in series if s is not None], default=0)
    leaves, spec = trees.flatten(tuple(primals))
    values = [as_leaf(x, p) for x, p in zip(leaves, trees.paths(tuple(primals)), strict=True)]
    types = [leaf_type(x) for x in values]
    terms: list[list[Any]] = [[] for _ in values]
    for k in range(order):
        tangent = tuple([s[k] if s is not None and k < len(s) else None for s in series])
        parts = _match_order(tangent, tuple(primals), types)
        for term, part in zip(terms, parts, strict=True):
            term.append(part)
    active = [
        t.is_differentiable and any(c is not None for c in term)
        for t, term in zip(types, terms, strict=True)
    ]
    recording = JetRecording("jet", has_values=True, lifts_scalars=lifts_scalars_here())
    with recording:
        handles = [recording.argument(t, x) for t, x in zip(types, values, strict=True)]
        out_leaves, out_spec = flatten_outputs("jet", f(*trees.unflatten(spec, handles)))
        program = recording.program([recording.output(leaf) for leaf in out_leaves])
    flags = [*active, *[False] * len(program.captured)]
    differentiable = [t.is_differentiable for t in program.out_types]
    done = series_program(program, flags, order, differentiable)
    inputs: list[Any] = []
    for x, term, on in zip(values, terms, active, strict=True):
        inputs.append(x)
        if on:
            inputs += [zeros_of(x) if c is None else c for c in term]
    results = iter(evaluate(done.program, [*inputs, *program.captured]))
    heads: list[Any] = []
    rest: list[list[Any]] = []
    for on in done.out_active:
        heads.append(next(results))
        rest.append([next(results) if on else None for _ in range(order)])
    series_out = [rebuild_tree(out_spec, [r[k] for r in rest]) for k in range(order)]
    return rebuild_tree(out_spec, heads), series_out


def _match_order(tangent: tuple[Any, ...], primals: tuple[Any, ...], types: list[Any]) -> list[Any]:
    """The leaves of one order; an argument given as None does not move."""
    result: list[Any] = []
    start = 0
    for part, primal in zip(tangent, primals, strict=True):
        spec = trees.structure(primal)
        own = types[start : start + spec.num_leaves]
        start += spec.num_leaves
        if part is None:
            result += [None] * spec.num_leaves
        else:
            result += match_leaves("jet", "series term", part, spec, own, primal)
    return result


@dataclass(frozen=True)
class TaylorModel:
    """A polynomial model of a function around a point; call it with a displacement.

    Attributes
    ----------
    point : tree
        The point it was made at.
    order : int
    """

    f: Callable[..., Any]
    point: Any
    order: int

    def __call__(self, dx: Any) -> Any:
        """The value of the model at `point + dx`."""
        curve = [dx, *[None] * (self.order - 1)] if self.order else []
        total, terms = jet(self.f, (self.point,), (curve,))
        for k, term in enumerate(terms, start=1):
            scale = 1.0 / math.factorial(k)
            total = trees.map_tree(lambda t, d, scale=scale: t + d * scale, total, term)
        return total


def taylor(f: Callable[..., Any], x: Any, order: int = 2) -> TaylorModel:
    """The local Taylor model of `f` at `x`: linear, quadratic, or of any order.

    Parameters
    ----------
    f : callable
        Function of one pytree.
    x : tree
        Where the model is made.
    order : int, default 2
        1 is the linear model, 2 the quadratic one.

    Returns
    -------
    TaylorModel
        Called with a displacement dx in the structure of x it gives Σ_k D^k f(x)[dx, …, dx] / k!,
        with error O(norm(dx)^(order+1)); itself a function that can be differentiated.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> model = wg.taylor(np.exp, 0.0, order=2)
    >>> float(model(0.1))
    1.105
    """
    if not _is_order(order):
        raise ArgumentError(
            "taylor: the order must be a non-negative integer.",
            got=repr(order),
            expected="0, 1, 2, …",
        )
    return TaylorModel(f, x, order)


def _is_order(order: object) -> bool:
    return isinstance(order, int) and order >= 0
