"""`jit`: record once per kind of argument, guard every decision, compile.

A specialization (`specialize.py`) is the Program of one path through the function, compiled. Where
a guard stops it, the next one is tried, or another is recorded.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import as_leaf, flatten_outputs, leaf_type
from wengert.api.differentiate import strip_leaf
from wengert.control.call import call
from wengert.api.specialize import JitRecording, Specialization
from wengert.control.guard import GuardFailed
from wengert.errors import ArgumentError
from wengert.native.entry import NativeCallable
from wengert.trace.evaluate import copied, watcher
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer, current_body

MAX_SPECIALIZATIONS = 8
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
        self, f: Callable[..., Any], static_argnums: Sequence[int], static_argnames: Sequence[str]
    ) -> None:
        self._f = f
        self._static_argnums = tuple(static_argnums)
        self._static_argnames = tuple(static_argnames)
        self._specializations: dict[Any, list[Specialization]] = {}
        self._given_up: set[Any] = set()
        self._entries: list[Any] = []  # the latest first
        self._python = partial(type(self).__call__, weakref.proxy(self))
        update_wrapper(self, f, updated=())  # f may be jitted: its state is not ours
        _live.add(self)

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
        self._entries.clear()
        self.retarget(None)

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
        is_flat = not kwargs and len(leaves) == len(args)
        is_flat = is_flat and all([a is b for a, b in zip(args, leaves, strict=True)])
        call_ = _Call(leaves, spec, dynamic, values, is_flat)
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
        if one.is_reusable:
            self._specializations.setdefault(key, []).insert(0, one)
            self._add_entry(one, call_)
        return _result(one.spec, outputs)

    def _add_entry(self, one: Specialization, call_: _Call) -> None:
        """Let calls like this one go to machine code, before all others."""
        if not call_.is_flat or watcher.get() is not None:
            return
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

    def _record(self, call_: _Call) -> tuple[Specialization, list[Any]]:
        recording = JitRecording()
        with recording:
            handles = [recording.argument(leaf_type(v), v) for v in call_.values]
            leaves, spec = flatten_outputs("jit", call_.on(self._f, handles))
            outputs = [recording.output(leaf) for leaf in leaves]
            values = [copied(strip_leaf(leaf, recording)) for leaf in leaves]
            recording.check_captured()
            one = Specialization(recording, outputs, spec)
            one.is_array = tuple([isinstance(v, np.ndarray) for v in values])
            return one, values

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
    is_flat: bool = False  # positional leaves only

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
