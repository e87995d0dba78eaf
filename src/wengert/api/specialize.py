"""What `jit` records: a `Specialization` is one path through a function, as a Program with guards.

Where Python asked a traced value for a decision (`if`, `while`, `int`), the answer became a guard:
an equation that stops the run when the answer would differ now. A specialization runs natively
(`wengert.native`), or on the interpreter where there is no native code.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import leaf_type
from wengert.control.call import program_flops
from wengert.control.guard import guard_p
from wengert.errors import CompilerWarning, MutationError, describe_location, user_location
from wengert.ir.program import Equation, Literal, Program, Source, Var
from wengert.native import engine
from wengert.native.compiler import can_compile
from wengert.native.entry import InSpec, OutSpec, Same, make_entry
from wengert.native.executable import Executable, executable_for
from wengert.native.steps import is_tiny
from wengert.passes import optimize
from wengert.trace.evaluate import plan_of, watcher
from wengert.trace.recording import Recording, same_contents
from wengert.trace.tracer import Tracer

_RELEASES_GIL = 40_000  # floating-point operations, about 20 us: from there on others may run


@dataclass
class Owner:
    """The jitted function that recordings belong to: its name, and how the compiler failed."""

    name: str
    fault: str = ""


class JitRecording(Recording):
    """A recording with values whose decisions become guards."""

    def __init__(self, owner: Owner, has_values: bool = True) -> None:
        super().__init__("jit", has_values=has_values, is_body=True, keeps_sources=True)
        self.owner = owner
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


class Specialization:
    """One path through the function.

    `program` has the outputs, then the value that each guard looks at; `checked` has guard
    equations instead, and is what runs.
    """

    def __init__(self, recording: JitRecording, outputs: list[Any], spec: Any) -> None:
        program = recording.program(outputs, with_sources=True)
        guards = recording.guards
        self.program = Program(
            program.inputs, program.equations, (*program.outputs, *[g[1] for g in guards])
        )
        self.checked = Program(
            program.inputs, _with_guards(program, guards), program.outputs, program.captured
        )
        self.owner = recording.owner
        self.answers = tuple([g[2] for g in guards])
        self.spec = spec
        self.n_outputs = len(outputs)
        self.captured = tuple(recording.captured_values)
        self.where = tuple([describe_location(g[3]) for g in guards])
        self.is_array: tuple[bool, ...] = ()  # of each output, set from the first values
        self.donated: frozenset[int] = frozenset()  # inputs that the caller gives up
        self._donors: list[tuple[int, int]] = []
        self._executable: Executable | None = None
        self._is_tried = False
        self._entry: Any = None

    @property
    def is_reusable(self) -> bool:
        return not any(isinstance(v, Tracer) for v in self.captured)

    def run(self, values: Sequence[Any]) -> list[Any]:
        """The outputs on flat values; raises `GuardFailed` where a decision differs."""
        executable = self.executable if watcher.get() is None else None
        if executable is None:
            return plan_of(self.checked).run([*values, *self.captured])
        outputs = executable.run([*values, *self.captured])
        return [
            v if on or not isinstance(v, np.ndarray) else v[()]
            for v, on in zip(outputs, self.is_array, strict=True)
        ]

    @property
    def is_native(self) -> bool:
        """Whether calls run in native code alone, without going back into Python."""
        if watcher.get() is not None:
            return False
        return self.executable is not None and not self.executable.n_callbacks

    @property
    def executable(self) -> Executable | None:
        """The native code, made when first asked for; None where there is none."""
        if not self._is_tried:
            self._is_tried = True
            self._executable = compiled(self.checked, self.owner)
        return self._executable

    def entry(
        self, args: Sequence[Any], dynamic: Sequence[int], fallback: Callable[..., Any]
    ) -> Any:
        """A callable on positional arguments in machine code, or None.

        `args` are the leaves of a call like those it will serve; the ones not in `dynamic` must be
        the same objects again.
        """
        self._donors = self._paired() if self.donated else []
        executable = (
            compiled(self.checked, self.owner, self._donors) if self._donors else self.executable
        )
        if executable is None:
            return None
        ins: list[InSpec | Same] = [
            _in_spec(a) if i in dynamic else Same(a) for i, a in enumerate(args)
        ]
        outs = [
            OutSpec(a.type.shape, a.type.dtype, on)  # type: ignore[union-attr]  # no stacks outside
            for a, on in zip(self.checked.outputs, self.is_array, strict=True)
            if type(a) is Var
        ]
        for j, i in self._donors:
            outs[j] = replace(outs[j], donor=list(dynamic)[i])
        structure, finish = self._structure(len(outs))
        return make_entry(
            executable.address,
            ins,
            outs,
            fallback=fallback,
            on_status=executable.raise_status,
            env=executable.env,
            captured=[np.require(v, leaf_type(v).dtype, ("C", "A")) for v in self.captured],
            structure=structure,
            finish=finish,
            releases_gil=program_flops(self.checked) > _RELEASES_GIL,
            keep=(executable, self),
        )

    def _paired(self) -> list[tuple[int, int]]:
        """Outputs (without the literal ones) and donated inputs of the same type, in pairs."""
        free = sorted(self.donated)
        types = self.checked.in_types
        pairs = []
        natives = [a for a in self.checked.outputs if type(a) is Var]
        for j, a in enumerate(natives):
            if is_tiny(a.type):
                continue
            i = next((i for i in free if types[i] == a.type), None)
            if i is not None:
                free.remove(i)
                pairs.append((j, i))
        return pairs

    def _structure(self, n_native: int) -> tuple[str, Callable[[Any], Any] | None]:
        """How the outputs come back: a leaf, a flat tuple or list, or by a function."""
        atoms = self.checked.outputs
        if n_native == len(atoms):
            if self.spec is None:
                return "leaf", None
            sample = trees.unflatten(self.spec, range(n_native))
            if n_native and type(sample) in (tuple, list) and list(sample) == [*range(n_native)]:
                return type(sample).__name__, None

        places = iter(range(n_native))
        leaves = [f"v[{next(places)}]" if type(a) is Var else a for a in atoms]
        if self.spec is None:
            return "tuple", _nesting(leaves[0])
        quick = _nesting(trees.unflatten(self.spec, leaves))
        return "tuple", quick or partial(_rebuilt, self.spec, atoms)


def _rebuilt(spec: Any, atoms: Sequence[Any], values: Sequence[Any]) -> Any:
    rest = iter(values)
    leaves = [next(rest) if type(a) is Var else a.value for a in atoms]
    return trees.unflatten(spec, leaves)


def _nesting(tree: Any) -> Callable[[Any], Any] | None:
    """A function that puts flat results `v` in place, where the tree is of Python's own containers.

    Its text is written once: it runs in a tenth of the time that rebuilding a tree takes.
    """
    namespace: dict[str, Any] = {}

    def text(node: Any) -> str:
        if type(node) is str:
            return node
        if type(node) is tuple:
            return "(" + "".join([text(x) + ", " for x in node]) + ")"
        if type(node) is list:
            return "[" + ", ".join([text(x) for x in node]) + "]"
        if type(node) is dict and all(type(key) is str for key in node):
            return "{" + ", ".join([f"{key!r}: {text(x)}" for key, x in node.items()]) + "}"
        if node is None:
            return "None"
        if type(node) is Literal:
            name = f"c{len(namespace)}"
            namespace[name] = node.value
            return name
        raise _NotPlain

    try:
        source = text(tree)
    except _NotPlain:
        return None
    return eval(f"lambda v: {source}", namespace)


class _NotPlain(Exception):
    """A container that only its own registration can rebuild."""


def _with_guards(program: Program, guards: Sequence[Any]) -> list[Equation]:
    equations: list[Equation] = []
    pending = list(guards)
    seen: set[tuple[Var, Any]] = set()
    for i in range(len(program.equations) + 1):
        while pending and pending[0][0] == i:
            _, var, answer, source = pending.pop(0)
            if (var, answer) not in seen:
                seen.add((var, answer))
                equations.append(Equation(guard_p, (var,), {"answer": answer}, (), source))
        if i < len(program.equations):
            equations.append(program.equations[i])
    return equations


def _in_spec(leaf: Any) -> InSpec:
    value = leaf if isinstance(leaf, (np.ndarray, np.generic)) else np.asarray(leaf)[()]
    return InSpec(value.shape, leaf_type(value).dtype, isinstance(value, np.ndarray))


def compiled(
    program: Program, owner: Owner, donors: Sequence[tuple[int, int]] = ()
) -> Executable | None:
    """Native code of a Program, or None where there can be none."""
    if not engine.available() or not can_compile(program):
        return None
    try:
        return executable_for(program, optimize, donors)
    except Exception as error:  # a fault of the compiler must not stop the user's work
        is_first = not owner.fault
        owner.fault = f"{type(error).__name__}: {error}"
        if is_first:
            warnings.warn(
                f"jit: the native compiler failed, and {owner.name} runs on the interpreter; "
                f"please report this. {owner.fault}",
                CompilerWarning,
                stacklevel=5,
            )
        return None
