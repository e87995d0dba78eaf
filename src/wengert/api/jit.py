"""`jit`: record once per kind of argument, guard every decision, replay.

A specialization is the Program of one path through the function. Where Python asked a traced
value for a decision (`if`, `while`, `int`), the answer became a guard: an equation that stops the
replay when the answer would differ now. Then another specialization is tried, or one is recorded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import as_leaf, flatten_outputs, leaf_type
from wengert.api.differentiate import strip_leaf
from wengert.control.call import call
from wengert.control.guard import GuardFailed, guard_p
from wengert.errors import ArgumentError, MutationError, describe_location, user_location
from wengert.ir.program import Equation, Program, Source, Var
from wengert.trace.evaluate import copied, plan_of
from wengert.trace.recording import Recording, same_contents
from wengert.trace.tracer import Tracer, current_body

MAX_SPECIALIZATIONS = 8


class JitRecording(Recording):
    """A recording with values whose decisions become guards."""

    def __init__(self) -> None:
        super().__init__("jit", has_values=True, is_body=True, keeps_sources=True)
        self.may_write_arguments = False
        self.guards: list[tuple[int, Var, Any, Source]] = []

    def on_decision(self, tracer: Tracer, answer: Any) -> None:
        assert self.sources is not None
        self.guards.append((len(self.sources), tracer.variable, answer, user_location()))

    def check_captured(self) -> None:
        """Raise if an array the function closed over was changed while it ran."""
        for entries in self._captured_arrays.values():
            for original, _, kept in entries:
                if kept is not original and not same_contents(kept, original):
                    raise MutationError(
                        "a jitted function changed an array that it captured.",
                        got=f"{leaf_type(original)!r} with other contents than when first used",
                        expected="captured arrays that stay as they are",
                        try_="pass it as an argument, or make it inside with wengert.numpy.zeros",
                    )


@dataclass(frozen=True)
class Specialization:
    """One path through the function: its Program, with guards in between when run directly."""

    program: Program  # outputs, then the value each guard looks at
    checked: Program  # the same with guard equations
    answers: tuple[Any, ...]
    spec: Any
    n_outputs: int
    captured: tuple[Any, ...]
    where: tuple[str | None, ...]

    @property
    def is_reusable(self) -> bool:
        return not any(isinstance(v, Tracer) for v in self.captured)


def _specialize(recording: JitRecording, outputs: list[Any], spec: Any) -> Specialization:
    program = recording.program(outputs, with_sources=True)
    equations: list[Equation] = []
    pending = list(recording.guards)
    seen: set[tuple[Var, Any]] = set()
    for i in range(len(program.equations) + 1):
        while pending and pending[0][0] == i:
            _, var, answer, source = pending.pop(0)
            if (var, answer) not in seen:
                seen.add((var, answer))
                equations.append(Equation(guard_p, (var,), {"answer": answer}, (), source))
        if i < len(program.equations):
            equations.append(program.equations[i])
    guards = recording.guards
    return Specialization(
        Program(program.inputs, program.equations, (*program.outputs, *[g[1] for g in guards])),
        Program(program.inputs, equations, program.outputs, program.captured),
        tuple([g[2] for g in guards]),
        spec,
        len(outputs),
        tuple(recording.captured_values),
        tuple([describe_location(g[3]) for g in guards]),
    )


class Jitted:
    """A function that records itself once per kind of argument; made by `jit`."""

    def __init__(
        self, f: Callable[..., Any], static_argnums: Sequence[int], static_argnames: Sequence[str]
    ) -> None:
        self._f = f
        self._static_argnums = tuple(static_argnums)
        self._static_argnames = tuple(static_argnames)
        self._specializations: dict[Any, list[Specialization]] = {}
        self._given_up: set[Any] = set()
        update_wrapper(self, f, updated=())  # f may be jitted: its state is not ours

    def __reduce__(self) -> Any:
        return (jit, (self._f, self._static_argnums, self._static_argnames))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return _BoundJitted(self, instance)

    def __repr__(self) -> str:
        return f"<jit of {getattr(self._f, '__qualname__', self._f)!r}>"

    def clear_cache(self) -> None:
        """Forget all specializations."""
        self._specializations.clear()
        self._given_up.clear()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, spec = trees.flatten((args, kwargs))
        static = self._static_leaves(args, kwargs)
        values: list[Any] = []
        signature: list[Any] = [spec]
        dynamic: list[int] = []
        for i, leaf in enumerate(leaves):
            if static[i] or not _is_numeric(leaf):
                signature.append((type(leaf), _hashable(leaf)))
            else:
                value = as_leaf(leaf)
                dynamic.append(i)
                values.append(value)
                signature.append((leaf_type(value), isinstance(value, np.ndarray)))
        key = tuple(signature)
        call_ = _Call(leaves, spec, dynamic, values)
        if current_body.get() is not None or any(isinstance(v, Tracer) for v in values):
            return self._traced(key, call_)
        return self._run(key, call_)

    def _static_leaves(self, args: Any, kwargs: Any) -> list[bool]:
        if not self._static_argnums and not self._static_argnames:
            return [False] * trees.structure((args, kwargs)).num_leaves
        n = len(args)
        marks = [i in self._static_argnums or i - n in self._static_argnums for i in range(n)]
        flags: list[bool] = []
        for arg, on in zip(args, marks, strict=True):
            flags += [on] * trees.structure(arg).num_leaves
        for name in sorted(kwargs):
            on = name in self._static_argnames
            flags += [on] * trees.structure(kwargs[name]).num_leaves
        return flags

    # -- on plain values ---------------------------------------------------------------------------

    def _run(self, key: Any, call_: _Call) -> Any:
        known = self._specializations.get(key, [])
        for i, one in enumerate(known):
            try:
                outputs = plan_of(one.checked).run([*call_.values, *one.captured])
            except GuardFailed:
                continue
            if i:
                known.insert(0, known.pop(i))  # the last one used is tried first
            return _result(one.spec, outputs)
        if key in self._given_up:
            return call_.on(self._f, call_.values)
        if len(known) >= MAX_SPECIALIZATIONS:
            self._give_up(key, known)
            return call_.on(self._f, call_.values)
        one, outputs = self._record(call_)
        if one.is_reusable:
            self._specializations.setdefault(key, []).insert(0, one)
        return _result(one.spec, outputs)

    def _record(self, call_: _Call) -> tuple[Specialization, list[Any]]:
        recording = JitRecording()
        with recording:
            handles = [recording.argument(leaf_type(v), v) for v in call_.values]
            leaves, spec = flatten_outputs("jit", call_.on(self._f, handles))
            outputs = [recording.output(leaf) for leaf in leaves]
            values = [copied(strip_leaf(leaf, recording)) for leaf in leaves]
            recording.check_captured()
            return _specialize(recording, outputs, spec), values

    def _give_up(self, key: Any, known: list[Specialization]) -> None:
        self._given_up.add(key)
        where = next((w for one in known for w in one.where if w), None)
        name = getattr(self._f, "__qualname__", repr(self._f))
        warnings.warn(
            f"jit: {name} took more than {MAX_SPECIALIZATIONS} different paths through its "
            f"decisions (the first at {where}) and now runs uncompiled for these argument types; "
            "wengert.while_loop, wengert.fori_loop or wengert.cond keep such a decision inside "
            "one program.",
            RuntimeWarning,
            stacklevel=4,
        )

    # -- inside a recording ------------------------------------------------------------------------

    def _traced(self, key: Any, call_: _Call) -> Any:
        for one in self._specializations.get(key, []):
            outputs = _call_guarded(one, call_.values)
            if outputs is not None:
                return _result(one.spec, outputs)
        concrete = [_concrete(v) for v in call_.values]
        if any(v is None for v in concrete) or key in self._given_up:
            return self._traced_without_values(call_)
        token = current_body.set(None)
        try:
            one, _ = self._record(_Call(call_.leaves, call_.spec, call_.dynamic, concrete))
        finally:
            current_body.reset(token)
        if one.is_reusable:
            known = self._specializations.setdefault(key, [])
            known.insert(0, one)
            del known[MAX_SPECIALIZATIONS:]
        outputs = _call_guarded(one, call_.values)
        assert outputs is not None  # recorded on these very values
        return _result(one.spec, outputs)

    def _traced_without_values(self, call_: _Call) -> Any:
        recording = Recording("jit", has_values=False, is_body=True)
        recording.may_write_arguments = False
        with recording:
            handles = [
                recording.argument(leaf_type(v), is_array=leaf_type(v).shape != ())
                for v in call_.values
            ]
            leaves, spec = flatten_outputs("jit", call_.on(self._f, handles))
            outputs = [recording.output(leaf) for leaf in leaves]
            program = recording.program(outputs)
        return _result(spec, list(call(program, [*call_.values, *program.captured])))


class _BoundJitted:
    """A jitted method on its instance."""

    def __init__(self, function: Jitted, instance: Any) -> None:
        self.__wrapped__ = function
        self.__self__ = instance
        self.__name__ = getattr(function, "__name__", "jitted")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(self.__self__, *args, **kwargs)


@dataclass(frozen=True)
class _Call:
    """The arguments of one call: all leaves, and which of them are numbers."""

    leaves: list[Any]
    spec: Any
    dynamic: list[int]
    values: list[Any]

    def on(self, f: Callable[..., Any], values: Sequence[Any]) -> Any:
        """Call `f` with other values for the numeric leaves."""
        leaves = list(self.leaves)
        for i, value in zip(self.dynamic, values, strict=True):
            leaves[i] = value
        args, kwargs = trees.unflatten(self.spec, leaves)
        return f(*args, **kwargs)


def _call_guarded(one: Specialization, values: Sequence[Any]) -> list[Any] | None:
    """Call a specialization on tracers, asking them its guards; None where an answer differs."""
    if one.answers and any(isinstance(v, Tracer) and _concrete(v) is None for v in values):
        return None
    results = list(call(one.program, [*values, *one.captured]))
    for value, answer in zip(results[one.n_outputs :], one.answers, strict=True):
        if type(answer)(value) != answer:
            return None
    return results[: one.n_outputs]


def _concrete(value: Any) -> Any:
    """The plain value at the bottom of a stack of tracers, or None."""
    while isinstance(value, Tracer):
        value = value.value
    return value


def _result(spec: Any, leaves: Sequence[Any]) -> Any:
    return leaves[0] if spec is None else trees.unflatten(spec, leaves)


def _is_numeric(leaf: Any) -> bool:
    return isinstance(leaf, (Tracer, np.ndarray, np.generic, bool, int, float, complex))


def _hashable(leaf: Any) -> Any:
    try:
        hash(leaf)
    except TypeError:
        raise ArgumentError(
            "jit: a static argument cannot be hashed.",
            got=f"{leaf!r} of type {type(leaf).__name__}",
            expected="numbers and arrays, or hashable objects",
            try_="a tuple instead of a list, or a closure",
        ) from None
    return leaf


def jit(
    f: Callable[..., Any] | None = None,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Any:
    """A version of `f` that is recorded once per kind of argument and then replayed.

    Parameters
    ----------
    f : callable
        Function of pytrees. Arguments that are neither numbers nor arrays are static, compared
        by equality.
    static_argnums : int or tuple of int
        Positional arguments whose numbers are static too.
    static_argnames : str or tuple of str
        The same for keyword arguments.

    Returns
    -------
    callable
        Has `clear_cache()`; pickles where `f` does; works as a method.

    Notes
    -----
    Ordinary `if` and `while` on values are right for every input: each answer is guarded, and
    a call for which one differs takes another recording. After 8 different paths for one kind of
    argument the function runs unrecorded and a warning says so once. What `f` closes over is
    frozen when recorded. There is no native compiler yet: a recording runs on the interpreter.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> f = wg.jit(lambda x: np.sqrt(x) if x > 0 else 0.0 * x)
    >>> f(4.0), f(-4.0)
    (np.float64(2.0), np.float64(-0.0))
    """
    numbers = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    if f is None:
        return lambda g: Jitted(g, numbers, names)
    if not callable(f):
        raise ArgumentError("jit: not a function.", got=repr(f), expected="a callable")
    return Jitted(f, numbers, names)
