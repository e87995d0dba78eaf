"""The interpreter: a Program turned once into a flat list of calls with numbered slots.

`evaluate` runs a Program on values; where one of them is a Tracer, or a body is being recorded,
every equation goes through `bind` and is recorded. Otherwise a `Plan` runs: a loop over calls for
the first runs, then straight-line Python code generated from the same calls. A plan

- frees each value after its last use,
- updates in place where the target is owned by the plan and dead afterwards,
- gives outputs that share memory with no input and not with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ir.program import Equation, Literal, Program, Var, atom_type
from wengert.trace.tracer import Tracer, bind, current_body

# Set by debug_nans: called with (equation, inputs, outputs) after every equation.
watcher: ContextVar[Callable[..., None] | None] = ContextVar("watcher", default=None)

# Whether what runs is the value of something being recorded, not a derivative.
is_value: ContextVar[bool] = ContextVar("is_value", default=False)


@contextmanager
def recording_values() -> Iterator[None]:
    """What runs inside, loop bodies too, are values: `debug_nans` says so."""
    token = is_value.set(True)
    try:
        yield
    finally:
        is_value.reset(token)


RUNS_BEFORE_CODE = 2
_MAX_CODE_EQUATIONS = 4000


def evaluate(program: Program, args: Sequence[Any]) -> list[Any]:
    """The outputs of `program` on flat `args` (values for every input, Tracers allowed)."""
    if current_body.get() is not None or any([isinstance(a, Tracer) for a in args]):
        return record_program(program, args)
    return plan_of(program).run(args)


def record_program(program: Program, args: Sequence[Any]) -> list[Any]:
    """Bind every equation of `program` on `args`."""
    env: dict[Var, Any] = dict(zip(program.inputs, args, strict=True))
    innermost = innermost_recording(args)
    for eq in program.equations:
        values = [env[a] if type(a) is Var else a.value for a in eq.inputs]
        if eq.primitive.inline is not None:
            result = eq.primitive.inline(innermost, *values, **eq.params)
        elif innermost is None or any([type(a) is Var for a in eq.inputs]):
            result = bind(eq.primitive, *values, **eq.params)
        else:  # constants are made by equations, not captured
            result = innermost.record(eq.primitive, values, eq.params)
        if eq.primitive.is_multiple:
            env.update(zip(eq.outputs, result, strict=True))
        else:
            env[eq.outputs[0]] = result
    return [env[a] if type(a) is Var else a.value for a in program.outputs]


def innermost_recording(args: Sequence[Any]) -> Any:
    """The recording that an operation on `args` would go to, or None."""
    top: Any = current_body.get()
    for a in args:
        if isinstance(a, Tracer) and (top is None or a.recording.serial > top.serial):
            top = a.recording
    return top


def plan_of(program: Program, donated: tuple[int, ...] = ()) -> Plan:
    """The plan of a Program, made once; `donated` inputs may be overwritten."""
    plans = program._plan
    if plans is None:
        plans = program._plan = {}
    plan = plans.get(donated)
    if plan is None:
        plan = plans.setdefault(donated, Plan(program, donated))
    return plan


def call_program(program: Program, args: Sequence[Any]) -> Any:
    """What calling a Program does: its captured values fill the last inputs."""
    missing = len(program.inputs) - len(args)
    if missing and missing == len(program.captured):
        args = (*args, *program.captured)
    elif missing:
        raise ArgumentError(
            "a Program was called with the wrong number of arguments.",
            got=f"{len(args)} arguments",
            expected=f"{len(program.inputs) - len(program.captured)} arguments",
        )
    outputs = evaluate(program, [a if isinstance(a, Tracer) else as_value(a) for a in args])
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def as_value(value: Any) -> Any:
    """A NumPy array or scalar for a number or array; Stacks pass."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value
    if isinstance(value, (bool, int, float, complex)):
        return np.asarray(value)[()]
    return value


class Plan:
    """A Program made ready to run on values."""

    def __init__(self, program: Program, donated: tuple[int, ...] = ()) -> None:
        self.program = program
        self.slots: dict[Var, int] = {v: i for i, v in enumerate(program.inputs)}
        self.template: list[Any] = [None] * len(program.inputs)
        self.n_runs = 0
        self.code: Callable[..., list[Any]] | None = None
        lifetimes = _Lifetimes(program, donated)
        self.steps = [self._step(i, eq, lifetimes) for i, eq in enumerate(program.equations)]
        self.outputs = [self._slot(a) for a in program.outputs]
        self.copied = lifetimes.outputs_to_copy(program)

    def _slot(self, atom: Any) -> int:
        if type(atom) is Literal:
            self.template.append(atom.value)
            return len(self.template) - 1
        slot = self.slots.get(atom)
        if slot is None:
            slot = self.slots[atom] = len(self.template)
            self.template.append(None)
        return slot

    def _step(self, i: int, eq: Equation, lifetimes: _Lifetimes) -> Any:
        function = implementation(eq, in_place=lifetimes.may_overwrite(i, eq))
        ins = tuple([self._slot(strong_literal(a, eq)) for a in eq.inputs])
        outs = tuple([self._slot(v) for v in eq.outputs])
        dead = tuple([self.slots[v] for v in lifetimes.dead_after[i]])
        return (function, ins, outs, eq.primitive.is_multiple, dead)

    def run(self, args: Sequence[Any]) -> list[Any]:
        """The outputs for values of all inputs."""
        watch = watcher.get()
        if watch is not None:
            return self._watched(args, watch)
        code = self.code
        if code is not None:
            return code(*args)
        self.n_runs += 1
        if self.n_runs > RUNS_BEFORE_CODE and len(self.steps) <= _MAX_CODE_EQUATIONS:
            code = self.code = generate(self)
            return code(*args)
        env = self.template[:]
        env[: len(args)] = args
        for function, ins, outs, is_multiple, dead in self.steps:
            result = function(*[env[i] for i in ins])
            if is_multiple:
                for slot, value in zip(outs, result, strict=True):
                    env[slot] = value
            else:
                env[outs[0]] = result
            for slot in dead:
                env[slot] = None
        return [
            copied(env[i]) if c else env[i] for i, c in zip(self.outputs, self.copied, strict=True)
        ]

    def runner(self) -> Callable[..., list[Any]]:
        """What a loop calls, with the values spread out: the code, where there is any yet."""
        if self.code is not None and watcher.get() is None:
            return self.code
        return lambda *args: self.run(args)

    def _watched(self, args: Sequence[Any], watch: Callable[..., None]) -> list[Any]:
        env = self.template[:]
        env[: len(args)] = args
        for (_, ins, outs, is_multiple, _), eq in zip(
            self.steps, self.program.equations, strict=True
        ):
            values = [env[i] for i in ins]
            result = eq.primitive.array(*values, **eq.params)
            watch(eq, values, result, is_value.get())
            for slot, value in zip(outs, result if is_multiple else (result,), strict=True):
                env[slot] = value
        return [
            copied(env[i]) if c else env[i] for i, c in zip(self.outputs, self.copied, strict=True)
        ]


def implementation(eq: Equation, in_place: bool = False) -> Callable[..., Any]:
    """The callable that runs one equation, parameters bound."""
    primitive, params = eq.primitive, eq.params
    if in_place and primitive.in_place is not None:
        return partial(primitive.in_place, **params) if params else primitive.in_place
    if primitive.specialize is not None:
        return primitive.specialize(**params)
    return partial(primitive.array, **params) if params else primitive.array


def strong_literal(atom: Any, eq: Equation) -> Any:
    """A complex literal of an operator as a NumPy scalar; see `strong_complex`."""
    if type(atom) is Literal and type(atom.value) is complex and eq.primitive.is_elementwise:
        types: list[Any] = [a.type for a in eq.inputs if type(a) is Var]
        if types:
            dtype = np.result_type(*[t.dtype for t in types], atom.value)
            return Literal(dtype.type(atom.value))
    return atom


def copied(value: Any) -> Any:
    """A copy of an array; scalars and stacks are immutable."""
    return value.copy() if type(value) is np.ndarray else value


class _Lifetimes:
    """Last uses, and which values share memory."""

    def __init__(self, program: Program, donated: tuple[int, ...]) -> None:
        self.owner: dict[Var, Var] = {}  # the Var whose buffer this one's is
        self.is_fresh: dict[Var, bool] = {v: i in donated for i, v in enumerate(program.inputs)}
        self.is_read_only: set[Var] = set()  # views that NumPy does not let be written
        last: dict[Var, int] = {}
        group_last: dict[Var, int] = {}
        for i, eq in enumerate(program.equations):
            for a in eq.inputs:
                if type(a) is Var:
                    last[a] = i
                    group_last[self.root(a)] = i
            primitive = eq.primitive
            shares = primitive.is_view or primitive.may_alias
            for v in eq.outputs:
                if primitive.reads_elements and atom_type(v).shape == ():
                    self.is_fresh[v] = True  # a NumPy scalar, which shares nothing
                elif shares and type(eq.inputs[0]) is Var:
                    self.owner[v] = self.root(eq.inputs[0])
                    if primitive.write_back is None or eq.inputs[0] in self.is_read_only:
                        self.is_read_only.add(v)
                elif shares:
                    self.is_read_only.add(v)
                else:
                    self.is_fresh[v] = True
                last.setdefault(v, i)
        for a in program.outputs:
            if type(a) is Var:
                last[a] = len(program.equations)
                group_last[self.root(a)] = len(program.equations)
        self.group_last = group_last
        self.dead_after: list[list[Var]] = [[] for _ in program.equations]
        for v, i in last.items():
            if i < len(program.equations):
                self.dead_after[i].append(v)

    def root(self, v: Var) -> Var:
        return self.owner.get(v, v)

    def may_overwrite(self, i: int, eq: Equation) -> bool:
        """Whether equation `i` may write into its first input: fresh, dead, read by no other."""
        if eq.primitive.in_place is None or not eq.inputs or type(eq.inputs[0]) is not Var:
            return False
        root = self.root(eq.inputs[0])
        if eq.inputs[0] in self.is_read_only:
            return False
        if not self.is_fresh.get(root) or self.group_last.get(root) != i:
            return False
        return all(type(a) is not Var or self.root(a) is not root for a in eq.inputs[1:])

    def outputs_to_copy(self, program: Program) -> list[bool]:
        """Which outputs share memory with an input or an earlier output, or are read-only."""
        seen: set[Var] = set()
        result = []
        for a in program.outputs:
            if type(a) is not Var:
                result.append(False)
                continue
            root = self.root(a)
            is_shared = root in seen or not self.is_fresh.get(root, False)
            result.append(is_shared or a in self.is_read_only)
            seen.add(root)
        return result


def generate(plan: Plan) -> Callable[..., list[Any]]:
    """Straight-line Python code of a plan: one line an equation, names reused when free."""
    names: dict[int, str] = {}
    namespace: dict[str, Any] = {"_copied": copied}
    n_args = len(plan.program.inputs)
    free: list[str] = []
    lines = []
    for slot in range(n_args):
        names[slot] = f"a{slot}"
    for atom_slot, value in enumerate(plan.template):
        if atom_slot >= n_args and value is not None:
            names[atom_slot] = f"c{atom_slot}"
            namespace[f"c{atom_slot}"] = value
    for k, (function, ins, outs, is_multiple, dead) in enumerate(plan.steps):
        namespace[f"f{k}"] = function
        call = f"f{k}({', '.join([names[i] for i in ins])})"
        keep = set(outs)
        for slot in dead:
            if slot not in keep:
                free.append(names.pop(slot))
        for slot in outs:
            names[slot] = free.pop() if free else f"v{slot}"
        targets = ", ".join([names[slot] for slot in outs]) + "," * is_multiple
        lines.append(f"    {targets} = {call}" if outs else f"    {call}")
        for slot in dead:
            if slot in keep:
                free.append(names.pop(slot))
    results = [
        f"_copied({names[i]})" if c else names[i]
        for i, c in zip(plan.outputs, plan.copied, strict=True)
    ]
    arguments = ", ".join([f"a{i}" for i in range(n_args)])
    body = "\n".join([f"def run({arguments}):", *lines, f"    return [{', '.join(results)}]"])
    exec(compile(body, "<wengert plan>", "exec"), namespace)
    return namespace["run"]
