"""The compiler's plan in words: the notes of a Kernel become a `Block` of `Step`s."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from wengert.errors import describe_location
from wengert.explanation.facts import Block, Made, Piece, Step
from wengert.ir.emission import Elementwise, Pull, Reduce
from wengert.ir.primitive import Unsupported
from wengert.ir.program import Equation, Var
from wengert.ir.text import Names, print_atom
from wengert.native.block import BlockNote
from wengert.native.compiler import Kernel
from wengert.native.steps import Force, Member, Node, Plan, Whole, is_tiny

_ELEMENTS = (Elementwise, Pull, Reduce)
_INFIX = {"add": "+", "sub": "−", "mul": "·", "div": "/", "pow": "**"}
_LONG = 110  # characters of an expression
_SEQUENTIAL = {"scan", "while", "map"}


def blocks_of(kernel: Kernel) -> Block:
    """The steps of a whole native function."""
    assert kernel.program is not None
    return _Writer(kernel).whole_function()


class _Writer:
    def __init__(self, kernel: Kernel) -> None:
        assert kernel.program is not None
        self.kernel = kernel
        self.names = Names()
        for v in kernel.program.inputs:
            self.names[v]
        for eq in kernel.program.equations:
            for v in eq.outputs:
                self.names[v]
        self.outputs = set(kernel.notes[0].plan.definitions) & set(kernel.program.outputs)
        self.callbacks = {id(c.equation) for c in kernel.callbacks}
        self.inside: dict[int, list[BlockNote]] = {}
        for note in kernel.notes[1:]:
            self.inside.setdefault(id(note.inside), []).append(note)

    def whole_function(self) -> Block:
        """The block of the function itself; what is left for its end comes last."""
        note = self.kernel.notes[0]
        block = self.block(note)
        made = {m.name for step in block.steps for m in step.made}
        rest = [v for v in note.plan.definitions if v in self.outputs]
        rest = [v for v in rest if self.names[v] not in made]
        if rest:
            equations = [note.plan.definitions[v].equation for v in rest]
            values = [self.made(note.plan, v) for v in rest]
            n = len(rest)
            title = f"{n} small {'result' if n == 1 else 'results'}"
            block.steps.append(Step("registers", title, made=values, lines=_lines(equations)))
        return block

    def block(self, note: BlockNote) -> Block:
        plan = note.plan
        steps: list[Step] = []
        number: dict[int, int] = {}  # of the plan's steps: that of the Step it became part of
        for p, step in enumerate(plan.steps):
            made = self.step(plan, step)
            if made.kind == "registers" and steps and steps[-1].kind == "registers":
                steps[-1].made += made.made
                steps[-1].fused += made.fused
                steps[-1].lines = _merged(steps[-1].lines, made.lines)
            else:
                steps.append(made)
            number[p] = len(steps) - 1
        if not steps and plan.definitions:
            equations = [d.equation for d in dict.fromkeys(plan.definitions.values())]
            n = len(equations)
            title = f"{n} {'operation' if n == 1 else 'operations'} on single numbers"
            fused = Counter([eq.primitive.name for eq in equations])
            steps.append(Step("registers", title, fused=fused, lines=_lines(equations)))
        for one in steps:
            if one.kind == "registers" and not one.title:
                n = len(one.made)
                one.title = f"{n} {'value' if n == 1 else 'values'} in registers"
        return Block(steps, self.memory(plan, number))

    def step(self, plan: Plan, step: Any) -> Step:
        if isinstance(step, Node):
            return self.nest(plan, step)
        if isinstance(step, Member):
            made = [self.made(plan, step.var)]
            fused, lines = self.fused([step])
            return Step("registers", "", made=made, fused=fused, lines=lines)
        if isinstance(step, Force):
            eq = plan.definitions[step.var].equation
            return Step("registers", "", made=[self.made(plan, step.var)], lines=_lines([eq]))
        return self.whole(plan, step)

    # -- loops over elements -----------------------------------------------------------------------

    def nest(self, plan: Plan, root: Node) -> Step:
        members = list(dict.fromkeys(root.members()))
        made = [self.made(plan, v) for v in dict.fromkeys([m.var for m in members])]
        fused, lines = self.fused(members)
        loops: list[tuple[int, str]] = []
        self.loops(root, 0, loops)
        extents = " × ".join([f"{a.extent:,}" for a in root.axes])
        inner = [c for c in root.children if isinstance(c, Node)]
        while len(inner) == 1:
            extents += " × " + " × ".join([f"{a.extent:,}" for a in inner[0].axes])
            inner = [c for c in inner[0].children if isinstance(c, Node)]
        return Step("nest", f"loop over {extents}", loops, made, fused, "", lines)

    def loops(self, node: Node, depth: int, out: list[tuple[int, str]]) -> None:
        extents = " × ".join([f"{a.extent:,}" for a in node.axes])
        text = f"for {extents}"
        if node.lanes:
            text += f", {node.lanes} lanes at a time"
        if any([node in m.reduced_nodes for m in node.members()]):
            text += ", summing up" if _sums(node) else ", reducing"
        out.append((depth, text))
        for child in node.children:
            if isinstance(child, Node):
                self.loops(child, depth + 1, out)
            else:
                name = self.names[child.var]
                text = f"{name} accumulated" if child.reduced_nodes else f"{name} made"
                if child.unrolled:
                    n = " × ".join([str(a.extent) for a in child.unrolled])
                    text += f", {n} written out"
                out.append((depth + 1, text))

    def fused(self, members: Iterable[Member]) -> tuple[Counter[str], list[str]]:
        """The primitives that are computed where they are read, and the user's lines."""
        found: dict[Var, Equation] = {}
        own = []
        for m in members:
            own.append(m.source.equation)
            for v in m.probe.pulled:
                if v in m.probe.definitions:
                    found[v] = m.probe.definitions[v].equation
        fused = Counter([eq.primitive.name for eq in found.values()])
        return fused, _lines([*found.values(), *own])

    # -- whole equations ---------------------------------------------------------------------------

    def whole(self, plan: Plan, step: Whole) -> Step:
        eq = step.definition.equation
        name = eq.primitive.name
        made = [self.made(plan, v) for v in eq.outputs]
        made = [*made[:1], *[replace(m, expression="") for m in made[1:]]]
        inside = [self.block(note) for note in self.inside.get(id(step), [])]
        lines = _lines([eq])
        if name == "guard":
            value = print_atom(eq.inputs[0], self.names)
            title = f"stop unless {value} is {eq.params['answer']}"
            return Step("guard", title, lines=lines)
        if name in _SEQUENTIAL:
            length = eq.params.get("length")
            turns = "while its condition holds" if name == "while" else f"{length} turns"
            if name != "while" and length is None:
                turns = "one turn an item"
            return Step("loop", f"{name}: {turns}", made=made, lines=lines, blocks=inside)
        if name == "checked_places":
            return Step("guard", "check that indices are in bounds", lines=lines)
        if name == "cond":
            n = len(eq.params["branches"])
            return Step("branch", f"one of {n} branches", made=made, lines=lines, blocks=inside)
        if id(eq) in self.callbacks:
            return Step("callback", name, made=made, detail=reason(eq), lines=lines)
        called = list(dict.fromkeys([s for e, s in self.kernel.calls if e is eq]))
        library = [s for s in called if s.startswith(("wg_blas_", "wg_lapack_"))]
        if library:
            routines = ", ".join([s.split("_", 2)[2] for s in library])
            family = "BLAS" if library[0].startswith("wg_blas_") else "LAPACK"
            return Step("library", f"{name}: {family} {routines}", made=made, lines=lines)
        return Step("rule", name, made=made, lines=lines, blocks=inside)

    # -- values and memory -------------------------------------------------------------------------

    def made(self, plan: Plan, v: Var) -> Made:
        definition = plan.definitions.get(v)
        eq = definition.equation if definition is not None else None
        if v in plan.memory:
            where = "arena"
        elif v in self.outputs:
            where = "output"
        elif v in plan.stored or not is_tiny(v.type):
            where = "memory"
        else:
            where = "registers"
        if where == "memory" and v in plan.members and v not in plan.stored:
            where = "registers"
        text = self.expression(plan, v, 4, is_top=True, is_bare=True)
        if len(text) > _LONG:
            text = text[: _LONG - 1] + "…"
        return Made(
            self.names[v],
            repr(v.type),
            text,
            where,
            plan.memory[v][1] if v in plan.memory else getattr(v.type, "nbytes", 0),
            (describe_location(eq.source) or "") if eq is not None else "",
        )

    def expression(
        self, plan: Plan, v: Any, depth: int, is_top: bool = False, is_bare: bool = False
    ) -> str:
        """How a value is computed from those that are held, as a formula."""
        if not isinstance(v, Var):
            return print_atom(v, self.names)
        definition = plan.definitions.get(v)
        if definition is None or not depth:
            return self.names[v]
        is_whole = not isinstance(definition.rule, _ELEMENTS)
        if not is_top and (is_whole or v in plan.stored or v in plan.members):
            return self.names[v]
        eq = definition.equation
        name = eq.primitive.name
        is_infix = (name in _INFIX and len(eq.inputs) == 2) or name in ("neg", "index")
        ins = [
            self.expression(plan, a, depth - 1, is_bare=not is_infix and len(eq.inputs) > 0)
            for a in eq.inputs
        ]
        if name in _INFIX and len(ins) == 2:
            text = f"{ins[0]} {_INFIX[name]} {ins[1]}"
            return text if is_bare else f"({text})"
        if name == "neg":
            return f"−{ins[0]}"
        if name == "index" and isinstance(eq.params.get("index"), tuple):
            shape = getattr(getattr(eq.inputs[0], "type", None), "shape", ())
            return f"{ins[0]}[{_index_text(eq.params['index'], shape)}]"
        return f"{name}({', '.join(ins)})"

    def memory(self, plan: Plan, number: dict[int, int]) -> list[Piece]:
        """When each piece of the arena is in use, as far as whole steps tell."""
        first: dict[Var, int] = {}
        last: dict[Var, int] = {}
        for p, step in enumerate(plan.steps):
            members = _members(step)
            written = [m.var for m in members]
            read = [v for m in members for v in m.probe.reads]
            if isinstance(step, Whole):
                written += step.definition.equation.outputs
                inputs = step.definition.equation.inputs
                read += [a for a in inputs if type(a) is Var] + list(step.roots.values())
            for v in written:
                first.setdefault(v, number[p])
            for v in (*written, *read):
                last[v] = number[p]
        return [
            Piece(self.names[v], offset, n, first.get(v, 0), max(last.get(v, 0), first.get(v, 0)))
            for v, (offset, n) in plan.memory.items()
        ]


def reason(eq: Equation) -> str:
    """Why an equation has no native form here."""
    rules = eq.primitive.emit
    if isinstance(rules, Unsupported):
        return rules.reason
    if rules is None:
        return f"{eq.primitive.name} has no native form"
    types = ", ".join([repr(a.type) if isinstance(a, Var) else repr(a.value) for a in eq.inputs])
    return f"{eq.primitive.name} has no native form for ({types})"


def _members(step: Any) -> list[Member]:
    if isinstance(step, Node):
        return list(step.members())
    return [step] if isinstance(step, Member) else []


def _sums(node: Node) -> bool:
    rules = [m.source.rule for m in node.members() if node in m.reduced_nodes]
    return all([isinstance(r, Reduce) and r.how == "sum" for r in rules])


def _lines(equations: Iterable[Equation]) -> list[str]:
    found = [describe_location(eq.source) for eq in equations]
    return sorted({line for line in found if line}, key=_line_order)


def _line_order(line: str) -> tuple[str, int]:
    file, _, rest = line.partition(":")
    number = rest.partition(" ")[0]
    return file, int(number) if number.isdigit() else 0


def _merged(a: list[str], b: list[str]) -> list[str]:
    return sorted({*a, *b}, key=_line_order)


def _index_text(index: tuple[Any, ...], shape: tuple[int, ...]) -> str:
    """An index as one would write it; ranges are (start, stop, step)."""
    parts = []
    for i, extent in zip(index, [*shape, *[0] * len(index)], strict=False):
        if not isinstance(i, tuple) or len(i) != 3:
            parts.append(str(i))
            continue
        start, stop, step = i
        if (start, stop, step) == (0, extent, 1):
            parts.append(":")
        else:
            parts.append(f"{start}:{stop}" + (f":{step}" if step != 1 else ""))
    return ", ".join(parts)
