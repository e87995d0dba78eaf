"""Views and writes: how an assignment becomes a functional update that every alias sees.

A view remembers the handle it was read from (`base`), how to read it again (`view_of`) and the
base's version at that time (`seen`). A write replaces the handle's Var, raises its version and
carries the change on to its base; other views of that base are read again when next used.

`reshape` and `ravel` are views where NumPy makes views, which depends on the order in memory. It
is read off the values; a recording without values (`vmap`, loop bodies) takes every array that is
no view itself to be in C order. Code that makes Fortran-ordered arrays there, and then writes
through a reshape of one, should copy explicitly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import MutationError
from wengert.ir.primitive import Primitive
from wengert.ir.program import Var
from wengert.trace.tracer import (
    ArrayTracer,
    Tracer,
    current_recording,
    escaped,
    in_type,
    refresh_hook,
)


def link_view(
    primitive: Primitive, result: Any, args: Sequence[Any], params: dict[str, Any]
) -> None:
    """Make `result`, just read from `args[0]` by a view primitive, a view of that handle."""
    if not isinstance(result, ArrayTracer):
        return
    base = args[0]
    if primitive.shares_memory is not None and not primitive.shares_memory(result, base, **params):
        return
    result.base = base
    result.view_of = (primitive, tuple(args[1:]), params)
    result.seen = base.version


def deferred_view(
    primitive: Primitive, base: Tracer, args: Sequence[Any], params: dict[str, Any]
) -> Tracer | None:
    """A view of a buffer that is being written in place, to be read when it is first used.

    A loop of `x.ravel()[i] = v` so never reads the view, and `x` can stay in place. None where
    the result would be a scalar or a copy.
    """
    type_ = primitive.type_rule(*map(in_type, args), **params)
    if primitive.is_multiple or (type_.shape == () and not primitive.gives_array):
        return None
    view = ArrayTracer(base.recording, Var(type_), None)
    link_view(primitive, view, args, params)
    view.seen = -1
    return view if view.base is not None else None


def refresh(view: Tracer) -> None:
    """Read `view` again if its base was written since it was last read."""
    base = view.base
    if base is None:
        return
    refresh(base)
    if base.version != view.seen:
        primitive, others, params = view.view_of
        fresh = view.recording.record_now(primitive, (base, *others), params)
        view.variable, view.value = fresh.variable, fresh.value
        view.is_owned = False
        view.seen = base.version
        view.version += 1


refresh_hook.append(refresh)


def update(
    target: Tracer, primitive: Primitive, others: Sequence[Any], params: dict[str, Any]
) -> Tracer:
    """`target = primitive(target, *others)`, seen by every alias of the array `target` is.

    Returns the handle, rebound. Where nobody else holds the buffer the value is changed in
    place, so that a loop of n small writes costs n small writes.
    """
    refresh(target)
    check_writable(target, others)
    recording = target.recording
    is_owned = target.is_owned
    atoms, values = recording.atoms(primitive, others, target)
    new = recording.append(
        primitive, [target.variable, *atoms], [target.value, *values], params, in_place=is_owned
    )
    rebind(target, new)
    return target


def rebind(target: Tracer, new: Tracer) -> None:
    """Give `target` the Var and value of `new`, and carry the write on to its base."""
    if new.variable.type != target.variable.type:
        raise MutationError(
            "an in-place operation would change the shape or dtype of its target.",
            got=f"{new.variable.type!r} into {target.variable.type!r}",
            expected=f"{target.variable.type!r}",
            try_="x = x + y instead of x += y, or y.astype(x.dtype)",
        )
    target.variable, target.value = new.variable, new.value
    target.is_owned = new.is_owned and target.base is None
    target.version += 1
    base = target.base
    if base is not None:
        primitive, others, params = target.view_of
        if primitive.write_back is None:
            raise MutationError(
                "a write into a view that NumPy makes read-only.",
                got=f"the result of {primitive.name}",
                expected="an array that owns its elements",
                try_="copy it first: x.copy()",
            )
        replacement, more, more_params = primitive.write_back(base, target, *others, **params)
        update(base, replacement, more, more_params)
        target.seen = base.version


def check_writable(target: Tracer, others: Sequence[Any]) -> None:
    """Raise where NumPy would show this write to someone outside the recording."""
    recording = target.recording
    if recording.is_closed:
        raise escaped(target)
    root = target
    while root.base is not None:
        root = root.base
    if not recording.may_write_arguments and any(
        root is handle for handle in recording.argument_handles
    ):
        raise refuse_write(
            "an array that belongs to the caller",
            "copy it first: x = x.copy(); or x = x + y instead of x += y",
        )
    inner = current_recording.get()
    if inner is not None and inner.serial > recording.serial:
        belongs_inside = any(
            isinstance(v, Tracer) and v.recording.serial > recording.serial for v in others
        )
        if belongs_inside or not inner.has_values:
            raise refuse_write(
                f"an array of the function around {inner.purpose}",
                "make the array inside, or carry it through the loop and return it",
            )


def layout(tracer: Tracer) -> np.ndarray:
    """A plain array that lies in memory as NumPy's would; C order is assumed without values.

    The buffer of a view may be a copy of what NumPy would have looked through, so that only the
    root's layout counts: the chain of views is gone through again on it.
    """
    chain = []
    model = None
    while tracer.base is not None:
        model = getattr(tracer, "model", None)
        if model is not None:
            break
        chain.append(tracer)
        tracer = tracer.base
    if model is None:
        model = tracer.value
        while isinstance(model, Tracer):
            model = model.value
        if not isinstance(model, np.ndarray):
            model = np.empty(tracer.shape, tracer.dtype)
    for view in reversed(chain):
        primitive, others, params = view.view_of
        model = view.model = primitive.array(model, *[0] * len(others), **params)
    return model


def may_update(target: Tracer, values: Sequence[Any]) -> bool:
    """Whether no other value belongs to a recording inside that of `target`."""
    serial = target.recording.serial
    return all(not isinstance(v, Tracer) or v.recording.serial <= serial for v in values)


def refuse_write(what: str, try_: str) -> MutationError:
    """The error for a write that would be seen outside the recording."""
    return MutationError(
        f"a write into {what}.",
        got="an assignment, +=, out= or np.add.at on it",
        expected="writes into arrays made inside the function",
        try_=try_,
    )
