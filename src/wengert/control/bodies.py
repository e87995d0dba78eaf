"""Recording of the functions given to control flow, and the checks on what they return.

A body is recorded without values. What it captures becomes leading inputs of its Program, whose
values are operands of the equation. Programs are kept on the last step of their recording, so
that the same body met again is the same Program, with its key and its plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, OutputError
from wengert.ir.program import Program, prune
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer, current_body, current_recording, snapshot
from wengert.types import Stack, Type


@dataclass(frozen=True)
class Leaves:
    """A tree of operands: its leaves as arrays or tracers, and which were Python scalars."""

    values: list[Any]
    spec: Any
    paths: list[str]
    is_weak: list[bool]

    @property
    def types(self) -> list[Type]:
        return [leaf_type(v) for v in self.values]


def leaf_type(leaf: Any) -> Type:
    """The type of a tracer, array, NumPy scalar or stack (of residuals, captured by a body)."""
    if isinstance(leaf, (Tracer, Stack)):
        return leaf.type  # type: ignore[return-value]  # operands are arrays; captured ones may not be
    return Type(leaf.shape, leaf.dtype)


def operands(name: str, tree: Any, what: str) -> Leaves:
    """The leaves of a tree of numbers and arrays."""
    leaves, spec = trees.flatten(tree)
    paths = [what + path for path in trees.paths(tree)] if leaves else []
    values = [as_operand(name, leaf, path) for leaf, path in zip(leaves, paths, strict=True)]
    is_weak = [type(leaf) in (bool, int, float, complex) for leaf in leaves]
    return Leaves(values, spec, paths, is_weak)


def as_operand(name: str, leaf: Any, path: str) -> Any:
    """A number or array as a Tracer, NumPy array or NumPy scalar."""
    if isinstance(leaf, Tracer):
        leaf.refresh()
        return leaf
    if not isinstance(leaf, (np.ndarray, np.generic)):
        leaf = np.asarray(leaf)[()]
    if leaf.dtype.kind not in "fciub":
        raise ArgumentError(
            f"{name}: an operand is neither a number nor an array of numbers.",
            got=f"{leaf!r} at {path}",
            expected="numbers, arrays, or containers of them",
            try_="close over what is not a number instead of passing it",
        )
    return leaf


@dataclass(frozen=True)
class Body:
    """A recorded function: `program` takes the captured values first, then the arguments."""

    program: Program
    captured: tuple[Any, ...]
    spec: Any
    paths: tuple[str, ...]

    @property
    def n_captured(self) -> int:
        return len(self.captured)

    @property
    def out_types(self) -> tuple[Any, ...]:
        return self.program.out_types


class BodyRecording(Recording):
    """The recording of a body: it takes every operation, and lifts numbers where its outer does.

    `given` are the values of the arguments where the body runs once, on these: a decision on what
    depends on them and on captured values alone is then taken outside, where they are known.
    """

    def __init__(self, purpose: str, given: Sequence[Any] = ()) -> None:
        outer = current_recording.get()
        super().__init__(
            purpose,
            has_values=False,
            is_body=True,
            lifts_scalars=outer is None or outer.lifts_scalars,
        )
        self.outer = outer
        self.given = given

    def outer_value(self, tracer: Tracer) -> Any:
        equations = [n.equation for n in self.node.path() if n.equation is not None]
        kept, needed = prune((), equations, [tracer.variable])
        known = dict(zip(self.captured, self.captured_values, strict=True))
        known.update(zip(self.arguments, self.given, strict=False))
        inputs = [v for v in (*self.captured, *self.arguments) if v in needed]
        if any(v not in known for v in inputs):
            return None
        tokens = [current_recording.set(self.outer), current_body.set(self.outer_body)]
        try:
            program = Program(inputs, kept, [tracer.variable])
            return evaluate(program, [known[v] for v in inputs])[0]
        finally:
            current_body.reset(tokens[1])
            current_recording.reset(tokens[0])

    def body_program(self, outputs: Sequence[Any]) -> Program:
        """The Program recorded, captured inputs first; the same object for the same recording."""
        cache = self.node.derived
        if cache is None:
            cache = self.node.derived = {}
        key = ("body", len(self.arguments), tuple(outputs))
        program = cache.get(key)
        if program is None:
            equations = [n.equation for n in self.node.path() if n.equation is not None]
            kept, _ = prune((), equations, outputs)
            program = cache[key] = Program((*self.captured, *self.arguments), kept, outputs)
        return program


def record_body(
    purpose: str,
    f: Callable[..., Any],
    in_types: Sequence[Type],
    rebuild: Callable[..., Any],
    given: Sequence[Any] = (),
) -> Body:
    """Record `f(*rebuild(handles))` on arguments of the given types.

    `given` are their values, where the body is to run once, on these.
    """
    recording = BodyRecording(purpose, given)
    with recording:
        handles = [recording.argument(t, is_array=t.shape != ()) for t in in_types]
        result = f(*rebuild(handles))
        leaves, spec = trees.flatten(result)
        paths = trees.paths(result) if leaves else []
        outputs = [recording.output(leaf, path) for leaf, path in zip(leaves, paths, strict=True)]
    program = recording.body_program(outputs)
    return Body(program, tuple(recording.captured_values), spec, tuple(paths))


def require_callable(name: str, f: Any, what: str) -> None:
    """Raise unless `f` is a function."""
    if not callable(f):
        raise ArgumentError(
            f"{name}: {what} is not a function.",
            got=f"{f!r} of type {type(f).__name__}",
            expected="a callable",
        )


def require_pair(name: str, result: Any) -> Any:
    """Raise unless a body returned a pair."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        kind = type(result).__name__
        size = f" of length {len(result)}" if isinstance(result, (tuple, list)) else ""
        raise OutputError(
            f"{name}: the body did not return a pair (carry, y).",
            got=f"a {kind}{size}",
            expected="a pair: the new carry, and what is stacked (None for nothing)",
            try_="return carry, None",
        )
    return result


def require_same_carry(name: str, init: Leaves, spec: Any, types: Sequence[Any]) -> None:
    """Raise unless a body gave back a carry of the structure and types it was given."""
    if spec != init.spec:
        raise OutputError(
            f"{name}: the body changed the structure of the carry.",
            got=f"{spec} out",
            expected=f"{init.spec}, as in init",
            try_="return the carry in the containers in which it came in",
        )
    for path, before, after in zip(init.paths, init.types, types, strict=True):
        if before != after:
            raise OutputError(
                f"{name}: the body changed the type of the carry.",
                got=f"{path}: {before!r} in, {after!r} out",
                expected="the same shape and dtype in and out",
                try_=_carry_advice(before, after),
            )


def _carry_advice(before: Type, after: Any) -> str:
    if isinstance(after, Type) and before.shape == after.shape:
        return (
            f"start from an initial value of dtype {after.dtype}, or return the carry with "
            f".astype({str(before.dtype)!r})"
        )
    return "start from an initial value of the final shape (np.zeros(shape))"


def promote_weak(init: Leaves, types: Sequence[Any]) -> Leaves | None:
    """The initial carry with its Python scalars in the dtypes that the body gives back.

    None where nothing changes. A Python number has no dtype of its own, so that `0` may start a
    sum of floats.
    """
    values = list(init.values)
    changed = False
    for i, (weak, before, after) in enumerate(zip(init.is_weak, init.types, types, strict=True)):
        if (
            weak
            and isinstance(after, Type)
            and after.shape == () == before.shape
            and after != before
            and np.can_cast(before.dtype, after.dtype, "same_kind")
        ):
            values[i] = after.dtype.type(values[i])
            changed = True
    return Leaves(values, init.spec, init.paths, init.is_weak) if changed else None


def independent(value: Any) -> Any:
    """An operand given back as a result: later writes to one are not seen by the other."""
    if isinstance(value, Tracer):
        return snapshot(value)
    return value.copy() if isinstance(value, np.ndarray) else value


def fixed_carries(program: Program, n_consts: int, n_carry: int) -> tuple[list[int], Program]:
    """Carries that the body hands on as they are, and the body with these as constants."""
    carried = program.inputs[n_consts : n_consts + n_carry]
    fixed = [k for k in range(n_carry) if program.outputs[k] is carried[k]]
    if not fixed:
        return fixed, program
    moving = [k for k in range(n_carry) if k not in fixed]
    inputs = [
        *program.inputs[:n_consts],
        *[carried[k] for k in (*fixed, *moving)],
        *program.inputs[n_consts + n_carry :],
    ]
    outputs = [*[program.outputs[k] for k in moving], *program.outputs[n_carry:]]
    return fixed, Program(inputs, program.equations, outputs)


def whole_carry(start: Leaves, fixed: list[int], moving: list[int], results: Any) -> list[Any]:
    carry = dict(zip(moving, results, strict=False))
    carry.update({k: independent(start.values[k]) for k in fixed})
    return [carry[k] for k in range(len(start.values))]
