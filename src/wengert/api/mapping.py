"""`vmap`: a function on items made into one on arrays of items."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from wengert import trees
from wengert.api.arguments import as_leaf, flatten_outputs, leaf_type
from wengert.errors import ArgumentError, ShapeError
from wengert.ops.core import transpose
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import Recording, lifts_scalars_here
from wengert.transforms.batch import batch_program
from wengert.types import Type


def vmap(
    f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, axis_size: int | None = None
) -> Callable[..., Any]:
    """Map `f` over an axis of its arguments, as one batched computation.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays, written for one item.
    in_axes : int, None, or tree, default 0
        For every argument (or, as a tree prefix, every leaf) the axis that is mapped; None for
        what all items share. Negative axes count from the last.
    out_axes : int, None, or tree, default 0
        Where the mapped axis stands in the outputs; None for an output that is the same for all.
    axis_size : int, optional
        Number of items, needed only when nothing is mapped.

    Returns
    -------
    callable
        Keyword arguments are mapped over their first axis.

    Raises
    ------
    ShapeError
        When the mapped axes have different sizes or do not exist.
    DecisionError
        When `f` asks a traced value for a decision (`if`, `while`): use `np.where` or
        `wengert.cond`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.vmap(lambda x, y: x @ y, in_axes=(0, None))(np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    """

    @wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec, axes = _mapped_leaves(args, kwargs, in_axes)
        size = _axis_size(leaves, axes, axis_size)
        fronted = [_to_front(x, a) for x, a in zip(leaves, axes, strict=True)]
        types = [
            t if a is None else Type(t.shape[1:], t.dtype)
            for t, a in zip([leaf_type(x) for x in fronted], axes, strict=True)
        ]
        recording = Recording("vmap", has_values=False, lifts_scalars=lifts_scalars_here())
        with recording:
            handles = [recording.argument(t, is_array=t.shape != ()) for t in types]
            call_args, call_kwargs = trees.unflatten(spec, handles)
            out_leaves, out_spec = flatten_outputs("vmap", f(*call_args, **call_kwargs))
            outputs = [recording.output(leaf) for leaf in out_leaves]
        program = recording.program(outputs)
        targets = _out_axes(out_axes, out_spec, len(outputs))
        flags = [a is not None for a in axes] + [False] * len(program.captured)
        batched = batch_program(program, flags, size, [t is not None for t in targets])
        values = evaluate(batched.program, [*fronted, *program.captured])
        for target, on in zip(targets, batched.out_batched, strict=True):
            if target is None and on:
                raise ArgumentError(
                    "vmap: out_axes=None was given for an output that differs between items.",
                    got="an output that depends on a mapped argument",
                    expected="an output that is the same for all items",
                    try_="out_axes=0",
                )
        results = [
            value if target is None else _from_front(value, target)
            for value, target in zip(values, targets, strict=True)
        ]
        return results[0] if out_spec is None else trees.unflatten(out_spec, results)

    return mapped


def _mapped_leaves(args: Any, kwargs: Any, in_axes: Any) -> tuple[list[Any], Any, list[Any]]:
    leaves, spec = trees.flatten((args, kwargs))
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if isinstance(in_axes, tuple) and len(in_axes) != len(args):
        raise ArgumentError(
            "vmap: in_axes has not one entry per positional argument.",
            got=f"{len(in_axes)} entries for {len(args)} arguments",
            expected="an integer, None, or one entry per argument",
        )
    prefix = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
    try:
        axes = trees.broadcast_prefix(prefix, args, is_leaf=lambda a: a is None)
    except ValueError as error:
        raise ArgumentError(
            "vmap: in_axes does not match the structure of the arguments.",
            got=repr(in_axes),
            expected="an integer or None for each argument, or a tree prefix of them",
        ) from error
    axes += [0] * (len(leaves) - len(axes))
    return [as_leaf(x) for x in leaves], spec, axes


def _axis_size(leaves: list[Any], axes: list[Any], axis_size: int | None) -> int:
    sizes = set() if axis_size is None else {axis_size}
    for leaf, axis in zip(leaves, axes, strict=True):
        if axis is None:
            continue
        if not -leaf.ndim <= axis < leaf.ndim:
            raise ShapeError(
                "vmap: an argument does not have the axis to be mapped.",
                got=f"axis {axis} of {leaf_type(leaf)!r}",
                expected=f"an axis below {leaf.ndim}" if leaf.ndim else "an array, not a scalar",
                try_="in_axes=None for arguments that all items share",
            )
        sizes.add(leaf.shape[axis])
    if len(sizes) != 1:
        raise ShapeError(
            "vmap: the mapped axes do not have one common size.",
            got=", ".join(map(str, sorted(sizes))) or "no mapped argument",
            expected="one size for all mapped axes",
            try_="in_axes, or axis_size when nothing is mapped",
        )
    return int(sizes.pop())


def _to_front(x: Any, axis: int | None) -> Any:
    if axis is None or axis == 0:
        return x
    axis %= x.ndim
    return transpose(x, (axis, *[i for i in range(x.ndim) if i != axis]))


def _from_front(x: Any, axis: int) -> Any:
    if axis == 0:
        return x
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(
            "vmap: out_axes names an axis that the output does not have.",
            got=f"out_axes={axis} for an output with {x.ndim} axes",
            expected=f"an axis below {x.ndim}",
        )
    order = list(range(1, x.ndim))
    order.insert(axis % x.ndim, 0)
    return transpose(x, order)


def _out_axes(out_axes: Any, spec: Any, n_outputs: int) -> list[Any]:
    if out_axes is None or isinstance(out_axes, int):
        return [out_axes] * n_outputs
    tree = trees.unflatten(spec, list(range(n_outputs)))
    prefix = tuple(out_axes) if isinstance(out_axes, list) else out_axes
    return trees.broadcast_prefix(prefix, tree, is_leaf=lambda a: a is None)
