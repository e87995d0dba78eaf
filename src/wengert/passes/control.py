"""The stage `control`: loops, branches and checkpoints, and the Programs inside them.

A branch that is known is run without asking; a loop of no turn or one is no loop. Everything else
keeps its form, with its inner Programs optimized and relieved of what nobody needs. The walk goes
backward, so that what one equation no longer needs is not made by one before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from wengert.control.call import call_p
from wengert.control.checkpoint import checkpoint_p
from wengert.control.cond_equation import cond_p
from wengert.control.scan import scan_p
from wengert.control.while_loop import while_p
from wengert.ir.program import Equation, Literal, Program, Var, prune
from wengert.ops.core import full_p, reshape_p
from wengert.ops.indexing import index_p
from wengert.ops.stacks import stack_zeros_p
from wengert.passes.loops import Loop, Outside, renamed, smaller
from wengert.types import StackType, Type

CONTROL = frozenset({call_p, checkpoint_p, cond_p, scan_p, while_p})


def simplify_control(
    program: Program, optimize_body: Callable[[Program], Program], fired: Counter[str]
) -> Program:
    """The Program with its control flow simplified; `optimize_body` is applied to each body."""
    if not any([eq.primitive in CONTROL for eq in program.equations]):
        return program
    return _Control(program, optimize_body, fired).run()


class _Control:
    def __init__(
        self, program: Program, optimize_body: Callable[[Program], Program], fired: Counter[str]
    ) -> None:
        self.program = program
        self.optimize_body = optimize_body
        self.fired = fired
        self.defs = {v: eq for eq in program.equations for v in eq.outputs}
        self.alias: dict[Any, Any] = {}
        self.needed: set[Any] = set(program.outputs)

    def run(self) -> Program:
        backward: list[Equation] = []
        for eq in reversed(self.program.equations):
            if eq.outputs and self.needed.isdisjoint(eq.outputs):
                continue
            made = self.written(eq) if eq.primitive in CONTROL else [eq]
            for new in reversed(made):
                backward.append(new)
                self.needed.update(new.inputs)
            for v in eq.outputs:
                if v in self.alias:
                    self.needed.add(self.alias[v])
        names = {v: self._last(v) for v in self.alias}
        equations = renamed(backward[::-1], names)
        outputs = [names.get(a, a) for a in self.program.outputs]
        return Program(self.program.inputs, equations, outputs, self.program.captured)

    def _last(self, v: Any) -> Any:
        while v in self.alias:
            v = self.alias[v]
        return v

    def written(self, eq: Equation) -> list[Equation]:
        """The equations that take the place of one."""
        if eq.primitive is scan_p:
            return self.scan(eq)
        if eq.primitive is while_p:
            return self.while_(eq)
        if eq.primitive is cond_p:
            return self.cond(eq)
        inner = [self.optimize_body(eq.params["program"])]
        (inner, ins, outs) = self.narrowed(inner, eq.inputs, eq.outputs)
        return [Equation(eq.primitive, ins, {"program": inner[0]}, outs, eq.source)]

    def constant(self, atom: Any, defs: dict[Var, Equation]) -> Any:
        """The number that an atom is, or None."""
        if type(atom) is Literal:
            return atom.value
        eq = defs.get(atom)
        if eq is not None and eq.primitive is full_p and type(eq.inputs[0]) is Literal:
            return eq.inputs[0].value
        return None

    # -- branches ----------------------------------------------------------------------------------

    def cond(self, eq: Equation) -> list[Equation]:
        branches = eq.params["branches"]
        index = self.constant(eq.inputs[0], self.defs)
        if index is None and all([b == branches[0] for b in branches[1:]]):
            index = 0
        if index is not None:
            self.fired["branch that is known"] += 1
            k = min(max(int(index), 0), len(branches) - 1)
            program = self.optimize_body(branches[k])
            chosen, ins, outs = self.narrowed([program], eq.inputs[1:], eq.outputs)
            return [Equation(call_p, ins, {"program": chosen[0]}, outs, eq.source)]
        bodies = [self.optimize_body(b) for b in branches]
        bodies, ins, outs = self.narrowed(bodies, eq.inputs[1:], eq.outputs)
        params = {"branches": tuple(bodies)}
        return [Equation(cond_p, (eq.inputs[0], *ins), params, outs, eq.source)]

    def narrowed(
        self, programs: Sequence[Program], inputs: Sequence[Any], outputs: Sequence[Var]
    ) -> tuple[list[Program], tuple[Any, ...], tuple[Var, ...]]:
        """Programs with the outputs that are needed, and the inputs that these need."""
        which = [j for j, v in enumerate(outputs) if v in self.needed]
        if len(which) < len(outputs):
            self.fired["result that nobody needs"] += len(outputs) - len(which)
        cut = []
        read: set[int] = set()
        for program in programs:
            results = [program.outputs[j] for j in which]
            equations, needed = _live(program.equations, results)
            read.update([i for i, v in enumerate(program.inputs) if v in needed])
            cut.append((program, equations, results))
        kept = sorted(read)
        if len(kept) < len(inputs):
            self.fired["operand that is not read"] += len(inputs) - len(kept)
        return (
            [Program([p.inputs[i] for i in kept], eqs, results) for p, eqs, results in cut],
            tuple([inputs[i] for i in kept]),
            tuple([outputs[j] for j in which]),
        )

    # -- loops -------------------------------------------------------------------------------------

    def scan(self, eq: Equation) -> list[Equation]:
        params = eq.params
        n_consts, n_carry, length = params["n_consts"], params["n_carry"], params["length"]
        body: Program = params["body"]
        is_plain = not any([isinstance(t, StackType) for t in (*body.in_types, *body.out_types)])
        if length is not None and length < 2 and is_plain and _are_arrays(eq):
            return self._no_loop(eq, length)
        body = self.optimize_body(body)
        skip = 1 if length is None else 0
        operands = eq.inputs[skip:]
        n = n_consts + n_carry
        loop = Loop(
            tuple(operands[:n_consts]),
            tuple(operands[n_consts:n]),
            tuple(operands[n:]),
            body.inputs[:n_consts],
            body.inputs[n_consts:n],
            body.inputs[n:],
            body.equations,
            body.outputs[:n_carry],
            body.outputs[n_carry:],
            eq.outputs[:n_carry],
            eq.outputs[n_carry:],
        )
        outside = Outside([], self.alias)
        # Of a loop whose length is known it is known that it runs.
        loop = smaller(loop, self.needed, outside, True, self.fired)
        outputs = (*loop.carry_out, *loop.y_out)
        if not outputs:
            return outside.equations
        inner = Program(
            (*loop.const_vars, *loop.carry_vars, *loop.x_vars),
            loop.equations,
            (*loop.new_carry, *loop.ys),
        )
        inputs = (*eq.inputs[:skip], *loop.consts, *loop.carry, *loop.xs)
        params = {
            **params,
            "body": inner,
            "n_consts": len(loop.consts),
            "n_carry": len(loop.carry),
        }
        return [*outside.equations, Equation(scan_p, inputs, params, outputs, eq.source)]

    def _no_loop(self, eq: Equation, length: int) -> list[Equation]:
        """A scan of no turn gives its first carry, one of a single turn is a call."""
        n_carry, n = eq.params["n_carry"], eq.params["n_consts"] + eq.params["n_carry"]
        self.fired["scan of length 0" if length == 0 else "scan of length 1"] += 1
        if length == 0:
            first = eq.inputs[eq.params["n_consts"] : n]
            self.alias.update(zip(eq.outputs[:n_carry], first, strict=True))
            return [_full(0, v, eq) for v in eq.outputs[n_carry:]]
        made = []
        items: list[Var] = []
        for x in eq.inputs[n:]:
            assert type(x) is Var and type(x.type) is Type
            items.append(Var(Type(x.type.shape[1:], x.type.dtype)))
            made.append(Equation(index_p, (x,), {"index": (0,)}, (items[-1],), eq.source))
        ys: list[Var] = []
        after = []
        for v in eq.outputs[n_carry:]:
            assert type(v.type) is Type
            ys.append(Var(Type(v.type.shape[1:], v.type.dtype)))
            params = {"shape": v.type.shape, "order": "C"}
            if v in self.needed:
                after.append(Equation(reshape_p, (ys[-1],), params, (v,), eq.source))
                self.needed.add(ys[-1])
        body = [self.optimize_body(eq.params["body"])]
        body, ins, outs = self.narrowed(
            body, (*eq.inputs[:n], *items), (*eq.outputs[:n_carry], *ys)
        )
        made.append(Equation(call_p, ins, {"program": body[0]}, outs, eq.source))
        return [*made, *after]

    def while_(self, eq: Equation) -> list[Equation]:
        params = eq.params
        n_consts, is_counted = params["n_consts"], params["is_counted"]
        cond, body = self.optimize_body(params["cond"]), self.optimize_body(params["body"])
        n_carry = len(body.inputs) - n_consts
        defs = {v: e for e in cond.equations for v in e.outputs}
        holds = self.constant(cond.outputs[0], defs)
        if holds is not None and not holds:
            self.fired["while of no turn"] += 1
            self.alias.update(zip(eq.outputs[:n_carry], eq.inputs[n_consts:], strict=False))
            return [_full(0, v, eq) for v in eq.outputs[n_carry:]]
        shared: dict[Any, Any] = dict(zip(cond.inputs, body.inputs, strict=True))
        count = eq.outputs[n_carry : n_carry + 1]
        loop = Loop(
            tuple(eq.inputs[:n_consts]),
            tuple(eq.inputs[n_consts:]),
            (),
            body.inputs[:n_consts],
            body.inputs[n_consts:],
            (),
            body.equations,
            body.outputs[:n_carry],
            body.outputs[n_carry:],
            eq.outputs[:n_carry],
            eq.outputs[n_carry + 1 :],
            renamed(cond.equations, shared),
            tuple([shared.get(a, a) for a in cond.outputs]),
        )
        outside = Outside([], self.alias)
        loop = smaller(loop, self.needed, outside, True, self.fired)
        ins = (*loop.const_vars, *loop.carry_vars)
        is_counted = is_counted and (bool(loop.ys) or any([v in self.needed for v in count]))
        outputs = (*loop.carry_out, *(count if is_counted else ()), *loop.y_out)
        if not outputs:
            return outside.equations
        params = {
            "cond": Program(ins, loop.test_equations, loop.tests),
            "body": Program(ins, loop.equations, (*loop.new_carry, *loop.ys)),
            "n_consts": len(loop.consts),
            "is_counted": is_counted,
        }
        inputs = (*loop.consts, *loop.carry)
        return [*outside.equations, Equation(while_p, inputs, params, outputs, eq.source)]


def _live(equations: Sequence[Equation], outputs: Sequence[Any]) -> tuple[list[Equation], set[Any]]:
    """`prune` that keeps equations without outputs."""
    effects = [a for eq in equations if not eq.outputs for a in eq.inputs]
    kept, needed = prune((), equations, [*outputs, *effects])
    if not effects:
        return kept, needed
    live = set(map(id, kept))
    return [eq for eq in equations if not eq.outputs or id(eq) in live], needed


def _are_arrays(eq: Equation) -> bool:
    return all([type(a) is Var and type(a.type) is Type for a in eq.inputs])


def _full(value: int, v: Var, eq: Equation) -> Equation:
    """Zeros for an output of a loop that does not run."""
    if isinstance(v.type, StackType):
        return Equation(stack_zeros_p, (), {"type": v.type}, (v,), eq.source)
    params = {"shape": v.type.shape, "dtype": v.type.dtype}
    return Equation(full_p, (Literal(value),), params, (v,), eq.source)
