"""`jit`: record once per kind of argument, guard every decision, compile.

A specialization (`specialize.py`) is the Program of one path through the function, compiled. Where
a guard stops it, the next one is tried, or another is recorded.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, update_wrapper
from types import MethodType
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import flatten_outputs, leaf_type
from wengert.api.calls import Call, classified, what_changes
from wengert.api.differentiate import strip_leaf
from wengert.api.specialize import JitRecording, Owner, Specialization
from wengert.control.call import call
from wengert.control.guard import GuardFailed
from wengert.errors import ArgumentError, DecisionError
from wengert.native import engine
from wengert.native.entry import NativeCallable
from wengert.trace.evaluate import copied, watcher
from wengert.trace.recording import Recording
from wengert.trace.tracer import ArrayTracer, Tracer, current_body

MAX_SPECIALIZATIONS = 8
LARGE_INPUTS = 1 << 16  # elements from which a function is first recorded without values
MAX_KINDS = 1024  # of arguments whose recordings are kept, those met first forgotten first
MANY_KINDS = 16  # kinds of arguments after which a warning says what changes
MAX_ENTRIES = 64  # specializations of one function that are tried in machine code

_live: weakref.WeakSet[Jitted] = weakref.WeakSet()


@contextmanager
def interpreted() -> Iterator[None]:
    """While open, jitted functions do not run in machine code, where nothing can be watched."""
    suspended = [j for j in list(_live) if j._entries]
    for j in suspended:
        j.retarget(None)
    try:
        yield
    finally:
        for j in suspended:
            if j._entries:
                j.retarget(j._entries[0])


class Jitted(NativeCallable):
    """A function that records itself once per kind of argument; made by `jit`.

    Calls on numbers and arrays that were seen before go straight to machine code: the chain of
    entries that `retarget` was given last. What no entry accepts arrives at `__call__`.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        static_argnums: Sequence[int],
        static_argnames: Sequence[str],
        donate_argnums: Sequence[int] = (),
    ) -> None:
        self._f = f
        self.large_inputs = LARGE_INPUTS
        self._static_argnums = tuple(static_argnums)
        self._static_argnames = tuple(static_argnames)
        self._donate_argnums = tuple(donate_argnums)
        self._specializations: dict[Any, list[Specialization]] = {}
        self._given_up: set[Any] = set()
        self._entries: list[Any] = []  # the latest first
        self._owner = Owner(getattr(f, "__qualname__", repr(f)))
        self._n_kinds = 0
        self._first_kinds: list[Any] = []
        self._python = partial(type(self).__call__, weakref.proxy(self))  # type: ignore[arg-type]  # a proxy
        update_wrapper(self, f, updated=())  # f may be jitted: its state is not ours
        _live.add(self)

    def __reduce__(self) -> Any:
        return (jit, (self._f, self._static_argnums, self._static_argnames, self._donate_argnums))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<jit of {getattr(self._f, '__qualname__', self._f)!r}>"

    def clear_cache(self) -> None:
        """Forget all specializations."""
        self._specializations.clear()
        self._given_up.clear()
        self._entries.clear()
        self._n_kinds = 0
        self._first_kinds.clear()
        self.retarget(None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        key, call_ = self.sorted_out(args, kwargs)
        if current_body.get() is not None or any(isinstance(v, Tracer) for v in call_.values):
            return self._traced(key, call_)
        return self._run(key, call_)

    def sorted_out(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Call]:
        """The kind of these arguments, and the call with its numbers apart from the rest."""
        return classified(args, kwargs, self._static_argnums, self._static_argnames)

    # -- looking at it -----------------------------------------------------------------------------

    def specializations(self) -> list[tuple[Any, list[Specialization]]]:
        """What was recorded so far, by kind of arguments."""
        return [(key, list(known)) for key, known in self._specializations.items()]

    def gave_up(self, key: Any) -> bool:
        """Whether calls of this kind run unrecorded, having taken too many paths."""
        return key in self._given_up

    def record_again(self, call_: Call) -> Specialization:
        """A recording of this call that is not kept."""
        return self._record(call_)[0]

    def specialization(self, key: Any, call_: Call) -> Specialization | None:
        """The recording that this call takes, made if there is none; None after giving up."""
        self._run(key, call_)
        for one in self._specializations.get(key, []):
            try:
                one.run(call_.values)
            except GuardFailed:
                continue
            return one
        return None

    # -- on plain values ---------------------------------------------------------------------------

    def _run(self, key: Any, call_: Call) -> Any:
        known = self._specializations.get(key, [])
        for i, one in enumerate(known):
            try:
                outputs = one.run(call_.values)
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
        if not known:
            self._count_kinds(key)
        if one.is_reusable:
            self._keep(key, one)
            self._add_entry(one, call_)
            if one.is_native:  # the first call gives the bits that all others give
                outputs = one.run(call_.values)
        return _result(one.spec, outputs)

    def _keep(self, key: Any, one: Specialization) -> None:
        if key not in self._specializations and len(self._specializations) >= MAX_KINDS:
            self._specializations.pop(next(iter(self._specializations)))
        self._specializations.setdefault(key, []).insert(0, one)

    def _add_entry(self, one: Specialization, call_: Call) -> None:
        """Let calls like this one go to machine code, before all others."""
        if not call_.is_flat or watcher.get() is not None:
            return
        given_up = [k for k, i in enumerate(call_.dynamic) if i in self._donate_argnums]
        one.donated = frozenset(given_up)
        entry = one.entry(call_.leaves, call_.dynamic, self._next_entry())
        if entry is None:
            return
        self._entries.insert(0, entry)
        if len(self._entries) > MAX_ENTRIES:
            self._entries.pop()
            self._entries[-1].fallback = self._python
        self.retarget(entry)

    def _next_entry(self) -> Any:
        return self._entries[0] if self._entries else self._python

    def _record(self, call_: Call) -> tuple[Specialization, list[Any]]:
        if sum([v.size for v in call_.values]) > self.large_inputs and watcher.get() is None:
            found = self._record_types(call_)
            if found is not None:
                return found
        recording = JitRecording(self._owner)
        with recording:
            handles = [recording.argument(leaf_type(v), v) for v in call_.values]
            leaves, spec = flatten_outputs("jit", call_.on(self._f, handles))
            outputs = [recording.output(leaf) for leaf in leaves]
            values = [copied(strip_leaf(leaf, recording)) for leaf in leaves]
            recording.check_captured()
            one = Specialization(recording, outputs, spec)
            one.is_array = tuple([isinstance(v, np.ndarray) for v in values])
            return one, values

    def _record_types(self, call_: Call) -> tuple[Specialization, list[Any]] | None:
        """The same from types alone, without the memory and time of computing in NumPy.

        None where the function asks for a decision, or the code cannot be native: then values are
        needed.
        """
        if not engine.available():
            return None
        recording = JitRecording(self._owner, has_values=False)
        try:
            with recording:
                handles = [
                    recording.argument(leaf_type(v), is_array=isinstance(v, np.ndarray))
                    for v in call_.values
                ]
                leaves, spec = flatten_outputs("jit", call_.on(self._f, handles))
                outputs = [recording.output(leaf) for leaf in leaves]
                recording.check_captured()
                one = Specialization(recording, outputs, spec)
        except DecisionError:
            return None
        one.is_array = tuple([isinstance(leaf, (np.ndarray, ArrayTracer)) for leaf in leaves])
        if not one.is_reusable or one.executable is None:
            return None
        return one, one.run(call_.values)

    def _count_kinds(self, key: Any) -> None:
        """Say once that the function is recorded again and again, and what changes."""
        self._n_kinds += 1
        if self._n_kinds <= 3:
            self._first_kinds.append(key)
        if self._n_kinds != MANY_KINDS + 1:
            return
        name = self._owner.name
        warnings.warn(
            f"jit: {name} was recorded and compiled for {self._n_kinds} different kinds of "
            f"arguments; {what_changes([*self._first_kinds, key])}. Each kind costs a compilation:"
            " keep shapes and dtypes the same (pad or batch arrays), and pass numbers that change "
            "as numbers, not as static arguments.",
            RuntimeWarning,
            stacklevel=4,
        )

    def _give_up(self, key: Any, known: list[Specialization]) -> None:
        self._given_up.add(key)
        where = next((w for one in known for w in one.where if w), None)
        name = self._owner.name
        warnings.warn(
            f"jit: {name} took more than {MAX_SPECIALIZATIONS} different paths through its "
            f"decisions (the first at {where}) and now runs uncompiled for these argument types; "
            "wengert.while_loop, wengert.fori_loop or wengert.cond keep such a decision inside "
            "one program.",
            RuntimeWarning,
            stacklevel=4,
        )

    # -- inside a recording ------------------------------------------------------------------------

    def _traced(self, key: Any, call_: Call) -> Any:
        for one in self._specializations.get(key, []):
            outputs = _call_guarded(one, call_.values)
            if outputs is not None:
                return _result(one.spec, outputs)
        concrete = [_concrete(v) for v in call_.values]
        if any(v is None for v in concrete) or key in self._given_up:
            return self._traced_without_values(call_)
        token = current_body.set(None)
        try:
            one, _ = self._record(Call(call_.leaves, call_.spec, call_.dynamic, concrete))
        finally:
            current_body.reset(token)
        if one.is_reusable:
            known = self._specializations.setdefault(key, [])
            known.insert(0, one)
            del known[MAX_SPECIALIZATIONS:]
        outputs = _call_guarded(one, call_.values)
        assert outputs is not None  # recorded on these very values
        return _result(one.spec, outputs)

    def _traced_without_values(self, call_: Call) -> Any:
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


def jit(
    f: Callable[..., Any] | None = None,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    donate_argnums: int | Sequence[int] = (),
) -> Any:
    """A version of `f` that is recorded once per kind of argument and compiled to native code.

    Parameters
    ----------
    f : callable
        Function of pytrees. Arguments that are neither numbers nor arrays are static, compared
        by equality.
    static_argnums : int or tuple of int
        Positional arguments whose numbers are static too.
    static_argnames : str or tuple of str
        The same for keyword arguments.
    donate_argnums : int or tuple of int
        Positional arguments, arrays, that the caller does not need any more: a result of the same
        shape and dtype may take over their memory, and they hold other numbers afterwards. An array
        that is a view, or overlaps another argument, is left alone.

    Returns
    -------
    callable
        Has `clear_cache()`; pickles where `f` does; works as a method.

    Notes
    -----
    Ordinary `if` and `while` on values are right for every input: each answer is guarded, and
    a call for which one differs takes another recording. After 8 different paths for one kind of
    argument the function runs unrecorded and a warning says so once. What `f` closes over is
    frozen when recorded. Where native code cannot be made, a recording runs on the interpreter.

    Each kind of arguments (structure, shapes, dtypes, values of what is static) is recorded and
    compiled at its first call; a function that meets more than 16 says once what changes. Compiled
    code is kept on disk, see `clear_cache`: a later process then only records. `explain` shows
    what became of a function. An object whose method is jitted is static, and kept.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> f = wg.jit(lambda x: np.sqrt(x) if x > 0 else 0.0 * x)
    >>> f(4.0), f(-4.0)
    (np.float64(2.0), np.float64(-0.0))
    """
    numbers = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    donated = (donate_argnums,) if isinstance(donate_argnums, int) else tuple(donate_argnums)
    if f is None:
        return lambda g: Jitted(g, numbers, names, donated)
    if not callable(f):
        raise ArgumentError("jit: not a function.", got=repr(f), expected="a callable")
    return Jitted(f, numbers, names, donated)
