"""Taylor mode: from a Program to the Program of its Taylor series along a curve.

A series holds the derivatives x, x', x'', … of a value along the curve, unscaled. No primitive has
a Taylor rule of its own; three facts serve all of them:

    linear      y^(k) = f(x^(k))
    bilinear    y^(k) = Σ_j C(k, j) f(a^(j), b^(k−j))                     (Leibniz)
    any other   y' = J(x, y) x', so y^(k) is order k−1 of the linearization, which is a Program

The third is recursive, and lazy: every intermediate is a node that computes each order once, on
demand, and equal nodes are shared (sin and cos call for each other, one order lower each time), so
that the cost is polynomial in the order. Loops carry the series of their state: `Primitive.series`.

Source: the recurrence is the classical one of Taylor arithmetic (Moore, 1966; Griewank and Walther,
*Evaluating Derivatives*, 2008, chapter 13), applied to linearization Programs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wengert.errors import InternalError
from wengert.ir.program import Equation, Program, Var
from wengert.ops.core import add, mul, zeros_of
from wengert.trace.nodes import equation_key
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer, bind, current_recording
from wengert.transforms.linearize import extended
from wengert.transforms.rules import LinearRule, kinds_of, linear_rule

_MAX_PROGRAMS = 2_000
_series_programs: dict[Any, SeriesProgram] = {}


class SeriesProgram:
    """A Program on series.

    `program` takes, for every input in turn, its value and, if the input is active, its
    derivatives of orders 1 to `order`; it returns the same for the outputs, those listed in
    `out_active` with derivatives.
    """

    def __init__(self, program: Program, order: int, out_active: tuple[bool, ...]) -> None:
        self.program = program
        self.order = order
        self.out_active = out_active


def series_program(
    program: Program,
    active: Sequence[bool],
    order: int,
    force: Sequence[bool] | None = None,
) -> SeriesProgram:
    """The Program that maps series of the active inputs to series of the outputs.

    `force` marks outputs that must come out with derivatives even where these are zero.
    """
    key = (program.key, tuple(active), order, None if force is None else tuple(force))
    done = _series_programs.get(key)
    if done is None:
        if len(_series_programs) > _MAX_PROGRAMS:
            _series_programs.clear()
        done = _series_programs.setdefault(key, _make(program, active, order, force))
    return done


def _make(
    program: Program, active: Sequence[bool], order: int, force: Sequence[bool] | None
) -> SeriesProgram:
    recording = Recording("jet", has_values=False)
    with recording:
        walk = _Walk()
        env: dict[Var, Any] = {}
        for v, on in zip(program.inputs, active, strict=True):
            handles = [recording.argument(v.type) for _ in range(order + 1 if on else 1)]
            env[v] = _Given(handles)
        for eq in program.equations:
            walk.equation(eq, env, order)
            for v in eq.outputs:
                node = env[v]
                for k in range(order + 1 if node.is_active else 1):
                    node.coefficient(k)
        outputs = []
        out_active = []
        for i, a in enumerate(program.outputs):
            node = env[a] if type(a) is Var else _Given([a.value])
            on = node.is_active or (force is not None and force[i])
            out_active.append(on)
            value = node.coefficient(0)
            outputs.append(recording.output(value))
            if on:
                rest = [node.coefficient(k) for k in range(1, order + 1)]
                outputs += [recording.output(zeros_of(value) if c is None else c) for c in rest]
    if recording.captured:
        raise InternalError("a series Program captured a value from outside.")
    return SeriesProgram(recording.program(outputs), order, tuple(out_active))


class _Node:
    """A value with its derivatives along the curve, each computed once; None is zero."""

    is_active = True

    def __init__(self) -> None:
        self._known: list[Any] = []

    def coefficient(self, k: int) -> Any:
        while len(self._known) <= k:
            self._known.append(self._compute(len(self._known)))
        return self._known[k]

    def _compute(self, k: int) -> Any:
        raise AssertionError  # every node class has its own


class _Given(_Node):
    """Known derivatives; zero beyond them."""

    def __init__(self, coefficients: Sequence[Any]) -> None:
        super().__init__()
        self._known = list(coefficients)
        self.is_active = len(self._known) > 1

    def _compute(self, k: int) -> Any:
        return None


class _Shifted(_Node):
    """The derivative of a series along the curve."""

    def __init__(self, node: _Node) -> None:
        super().__init__()
        self._node = node

    def _compute(self, k: int) -> Any:
        c = self._node.coefficient(k + 1)
        return zeros_of(self._node.coefficient(0)) if c is None and k == 0 else c


class _Constant(_Node):
    """A value that does not move: one output of an equation without active inputs."""

    is_active = False

    def __init__(self, call: _Call, index: int) -> None:
        super().__init__()
        self._call = call
        self._index = index

    def _compute(self, k: int) -> Any:
        return self._call.values()[self._index] if k == 0 else None


class _Call:
    """An equation run on the values of its inputs, once."""

    def __init__(self, eq: Equation, inputs: Sequence[Any]) -> None:
        self.eq = eq
        self.inputs = inputs
        self._values: tuple[Any, ...] | None = None

    def run(self, args: Sequence[Any]) -> tuple[Any, ...]:
        primitive, params = self.eq.primitive, self.eq.params
        if any([isinstance(a, Tracer) for a in args]):
            result = bind(primitive, *args, **params)
        else:  # a constant made by an operation stays one
            result = innermost().record(primitive, args, params)
        return tuple(result) if primitive.is_multiple else (result,)

    def values(self) -> tuple[Any, ...]:
        if self._values is None:
            self._values = self.run([_order(n, 0) for n in self.inputs])
        return self._values


def innermost() -> Recording:
    """The recording of the series Program being made."""
    recording = current_recording.get()
    assert recording is not None  # series are made inside one
    return recording


def _order(node: Any, k: int) -> Any:
    """Order k of a node, or of a literal."""
    if isinstance(node, _Node):
        return node.coefficient(k)
    return node if k == 0 else None


class _Linear(_Node):
    """An output of an equation that is linear in its active inputs."""

    def __init__(
        self, call: _Call, index: int, group: frozenset[int], orders: dict[int, Any]
    ) -> None:
        super().__init__()
        self._call = call
        self._index = index
        self._group = group
        self._orders = orders  # outputs of the equation by order, shared by its nodes

    def _compute(self, k: int) -> Any:
        if k == 0:
            return self._call.values()[self._index]
        if k not in self._orders:
            self._orders[k] = self._run(k)
        results = self._orders[k]
        return None if results is None else results[self._index]

    def _run(self, k: int) -> Any:
        inputs = self._call.inputs
        tangents = {i: _order(inputs[i], k) for i in self._group}
        if all(t is None for t in tangents.values()):
            return None
        args = [
            (zeros_of(_order(n, 0)) if tangents[i] is None else tangents[i])
            if i in self._group
            else _order(n, 0)
            for i, n in enumerate(inputs)
        ]
        return self._call.run(args)


class _Bilinear(_Node):
    """A product: Leibniz's rule."""

    def __init__(self, call: _Call) -> None:
        super().__init__()
        self._call = call

    def _compute(self, k: int) -> Any:
        if k == 0:
            return self._call.values()[0]
        a, b = self._call.inputs
        total = None
        for j in range(k + 1):
            x, y = _order(a, j), _order(b, k - j)
            if x is None or y is None:
                continue
            term = self._call.run([x, y])[0]
            n = math.comb(k, j)
            term = term if n == 1 else mul(term, float(n))
            total = term if total is None else add(total, term)
        return total


class _General(_Node):
    """An output of a nonlinear equation: one order less of its linearization."""

    def __init__(self, call: _Call, index: int, slope: _Slope) -> None:
        super().__init__()
        self._call = call
        self._index = index
        self._slope = slope
        self.is_active = index in slope.rule.out_active

    def _compute(self, k: int) -> Any:
        if k == 0:
            return self._call.values()[self._index]
        if not self.is_active:
            return None
        return _order(self._slope.output(self._index), k - 1)


class _Slope:
    """The right-hand side of y' = J(x, y) x': made when first asked for, so that it may recur."""

    def __init__(self, walk: _Walk, rule: LinearRule, inputs: Sequence[Any]) -> None:
        self.walk = walk
        self.rule = rule
        self.inputs = inputs
        self.outs: Sequence[_Node] = ()
        self._made: dict[int, Any] | None = None

    def output(self, index: int) -> Any:
        """The node of output `index`'s derivative along the curve."""
        if self._made is None:
            rule, walk = self.rule, self.walk
            given = [
                *[self.inputs[i] for i in rule.reads_in],
                *[self.outs[i] for i in rule.reads_out],
                *[walk.shifted(self.inputs[i]) for i in rule.active],
            ]
            env = dict(zip(rule.program.inputs, given, strict=True))
            for eq in rule.program.equations:
                walk.equation(eq, env, order=0)
            self._made = {
                i: node_of(a, env)
                for i, a in zip(rule.out_active, rule.program.outputs, strict=True)
            }
        return self._made[index]


class _LoopOutput(_Node):
    """An output of control flow, whose own rule gives all orders at once."""

    def __init__(self, loop: _Loop, index: int) -> None:
        super().__init__()
        self._loop = loop
        self._index = index

    def _compute(self, k: int) -> Any:
        return self._loop.orders(k)[self._index][k]


class _Loop:
    """Control flow on series, run at the highest order asked for."""

    def __init__(self, eq: Equation, inputs: Sequence[Any], active: list[bool], order: int) -> None:
        self.eq = eq
        self.inputs = inputs
        self.active = active
        self.order = order
        self._results: tuple[int, Any] | None = None

    def orders(self, k: int) -> Any:
        order = max(k, self.order)
        if self._results is None or self._results[0] < order:
            series = [
                self._input(n, order) if on else [_order(n, 0)]
                for n, on in zip(self.inputs, self.active, strict=True)
            ]
            assert self.eq.primitive.series is not None
            results = self.eq.primitive.series(order, series, **self.eq.params)
            padded = [[*r, *[None] * (order + 1 - len(r))] for r in results]
            self._results = (order, padded)
        return self._results[1]

    def _input(self, node: Any, order: int) -> list[Any]:
        orders = [_order(node, j) for j in range(order + 1)]
        return [zeros_of(orders[0]) if c is None else c for c in orders]


def node_of(atom: Any, env: dict[Var, Any]) -> Any:
    """The node of a Var; a literal stands for itself."""
    return env[atom] if type(atom) is Var else atom.value


class _Walk:
    """Makes nodes for equations; equal equations on equal nodes share theirs."""

    def __init__(self) -> None:
        self._shared: dict[Any, tuple[_Node, ...]] = {}

    def shifted(self, node: _Node) -> _Node:
        """The derivative of a node along the curve."""
        key = ("shifted", node)
        made = self._shared.get(key)
        if made is None:
            made = self._shared[key] = (_Shifted(node),)
        return made[0]

    def equation(self, eq: Equation, env: dict[Var, Any], order: int) -> None:
        """Make the nodes of an equation's outputs; loops are run to `order` at once."""
        wiring: list[Any] = [env[a] if type(a) is Var else a for a in eq.inputs]
        key = equation_key(eq.primitive, wiring, eq.params)
        made = self._shared.get(key)
        if made is None:
            inputs = [node_of(a, env) for a in eq.inputs]
            made = self._shared[key] = self._make_nodes(eq, inputs, order)
        env.update(zip(eq.outputs, made, strict=True))

    def _make_nodes(self, eq: Equation, inputs: list[Any], order: int) -> tuple[_Node, ...]:
        call = _Call(eq, inputs)
        n = len(eq.outputs)
        is_active = [isinstance(x, _Node) and x.is_active for x in inputs]
        active = tuple([i for i, on in enumerate(is_active) if on])
        if not active or not any(v.type.is_differentiable for v in eq.outputs):
            return tuple([_Constant(call, i) for i in range(n)])
        if eq.primitive.series is not None:
            loop = _Loop(eq, inputs, is_active, order)
            return tuple([_LoopOutput(loop, i) for i in range(n)])
        groups = [g for g in eq.primitive.linear_in if g & frozenset(active)]
        if frozenset(active) <= frozenset[int]().union(*groups):
            if len(groups) == 1:
                orders: dict[int, Any] = {}
                return tuple([_Linear(call, i, groups[0], orders) for i in range(n)])
            if len(groups) == 2 and len(inputs) == 2:
                return (_Bilinear(call),)
        rule = linear_rule(eq.primitive, kinds_of(eq), eq.params, active)
        if rule.n_extra and eq.primitive.linearize is not None:
            raise InternalError(
                f"{eq.primitive.name}: its residuals have no Taylor series.",
                expected="a `series` rule beside a `linearize` rule that keeps residuals",
            )
        if rule.forward is not None:
            call = _Call(extended(eq, rule), inputs)  # what the derivative reads is there then
        slope = _Slope(self, rule, inputs)
        slope.outs = [_General(call, i, slope) for i in range(n + rule.n_extra)]
        return tuple(slope.outs[:n])


def clear_series() -> None:
    """Forget all series Programs."""
    _series_programs.clear()


__all__ = ["SeriesProgram", "clear_series", "series_program"]
