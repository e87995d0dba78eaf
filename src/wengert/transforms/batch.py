"""Batching: from a Program on items to the Program on arrays of items along a new first axis.

Batched values always carry the batch axis first. An equation none of whose inputs is batched is
left alone, so that work that does not depend on the item is done once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wengert.errors import InternalError
from wengert.ir.primitive import Unsupported
from wengert.ir.program import Program, Var
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer, bind
from wengert.types import AnyType, StackType, Type

_MAX_PROGRAMS = 5_000
_batched: dict[Any, BatchedProgram] = {}


@dataclass(frozen=True)
class BatchedProgram:
    """A batched Program, and which of its outputs depend on the item."""

    program: Program
    out_batched: tuple[bool, ...]


def batched_type(type_: AnyType, size: int) -> AnyType:
    """The type with a first axis of `size`; a stack's items are batched each."""
    if isinstance(type_, StackType):
        return StackType(batched_type(type_.item, size))
    return Type((size, *type_.shape), type_.dtype)


def batch_program(
    program: Program, is_batched: Sequence[bool], size: int, force: Sequence[bool] | None = None
) -> BatchedProgram:
    """Batch `program` over its inputs marked in `is_batched`.

    `force` marks outputs that must come out batched whether they depend on the item or not.
    """
    key = (program.key, tuple(is_batched), size, None if force is None else tuple(force))
    done = _batched.get(key)
    if done is None:
        if len(_batched) > _MAX_PROGRAMS:
            _batched.clear()
        done = _batched.setdefault(key, _batch(program, is_batched, size, force))
    return done


def _batch(
    program: Program, is_batched: Sequence[bool], size: int, force: Sequence[bool] | None
) -> BatchedProgram:
    recording = Recording("vmap", has_values=False)
    with recording:
        env: dict[Var, Any] = {}
        flags: dict[Var, bool] = {}
        for v, is_on in zip(program.inputs, is_batched, strict=True):
            env[v] = recording.argument(batched_type(v.type, size) if is_on else v.type)
            flags[v] = is_on
        for eq in program.equations:
            args = [env[a] if type(a) is Var else a.value for a in eq.inputs]
            on_args = [type(a) is Var and flags[a] for a in eq.inputs]
            primitive = eq.primitive
            if not any(on_args):
                if any([isinstance(a, Tracer) for a in args]):
                    result = bind(primitive, *args, **eq.params)
                else:  # a constant made by an operation stays one
                    result = recording.record(primitive, args, eq.params)
                on: Any = False
            elif primitive.batch is None or isinstance(primitive.batch, Unsupported):
                raise primitive.missing("batch")
            else:
                result, on = primitive.batch(size, args, on_args, **eq.params)
            if not primitive.is_multiple:
                result, on = (result,), (on,)
            elif isinstance(on, bool):
                on = (on,) * len(eq.outputs)
            for v, r, o in zip(eq.outputs, result, on, strict=True):
                env[v], flags[v] = r, o
        outputs, out_flags = [], []
        for i, a in enumerate(program.outputs):
            value: Any = env[a] if type(a) is Var else a.value
            is_on = type(a) is Var and flags[a]
            if force is not None and force[i] and not is_on:
                value, is_on = spread(value, size), True
            outputs.append(recording.output(value))
            out_flags.append(is_on)
    if recording.captured:
        raise InternalError("a batch rule captured a value from outside.")
    return BatchedProgram(recording.program(outputs), tuple(out_flags))


def spread(value: Any, size: int) -> Any:
    """An unbatched value repeated along a new first axis."""
    from wengert.ops.core import broadcast_to
    from wengert.ops.stacks import stack_spread_p

    type_ = value.variable.type if hasattr(value, "variable") else None
    if isinstance(type_, StackType):
        return bind(stack_spread_p, value, size=size, axis=0)
    shape = getattr(value, "shape", ())
    return broadcast_to(value, (size, *shape))


def clear_batched() -> None:
    """Forget all batched Programs."""
    _batched.clear()
