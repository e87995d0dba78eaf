"""Transposition: from a linear Program to its adjoint.

A linear Program computes with known inputs (residuals) and linear ones (tangents). Equations on
known values are kept as they are; the linear ones are walked backward, each handing the
cotangents of its outputs to its inputs by its transpose rule, stitched in from `rules.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.errors import InternalError
from wengert.ir.program import Equation, Literal, Program, Var, copy_equations, prune
from wengert.ops.core import add_p, full_p
from wengert.ops.stacks import stack_add_p, stack_zeros_p
from wengert.transforms.rules import accumulating_inputs, kinds_of, transpose_rule
from wengert.types import AnyType, StackType


def transpose_program(
    program: Program, is_linear: Sequence[bool], accumulated: Sequence[bool] = ()
) -> Program:
    """The adjoint of `program` in its linear inputs.

    Parameters
    ----------
    program : Program
    is_linear : sequence of bool
        Which inputs are linear.
    accumulated : sequence of bool, optional
        For which inputs a cotangent so far is given, to be added to (loops carry these).

    Returns
    -------
    Program
        Inputs: the known inputs of `program`, one cotangent per output, then the cotangents so
        far. Outputs: one cotangent per linear input, zeros where nothing reaches it.
    """
    linear_vars: set[Any] = {v for v, on in zip(program.inputs, is_linear, strict=True) if on}
    known: list[Equation] = []
    linear: list[Equation] = []
    for eq in program.equations:
        if any([a in linear_vars for a in eq.inputs]):
            linear.append(eq)
            linear_vars.update(eq.outputs)
        else:
            known.append(eq)
    walk = _Backward(known)
    so_far = {v: Var(v.type) for v, on in zip(program.inputs, accumulated, strict=False) if on}
    walk.cts.update(so_far)
    ct_inputs = []
    for out in program.outputs:
        ct = Var(_type_of(out))
        ct_inputs.append(ct)
        if out in linear_vars:
            walk.give(out, ct)
    for eq in reversed(linear):
        walk.equation(eq, linear_vars)
    results = [walk.cotangent(v) for v, on in zip(program.inputs, is_linear, strict=True) if on]
    known_inputs = [v for v, on in zip(program.inputs, is_linear, strict=True) if not on]
    kept, _ = prune((), walk.equations, results)
    return Program([*known_inputs, *ct_inputs, *so_far.values()], kept, results)


def _type_of(atom: Any) -> AnyType:
    if type(atom) is Var:
        return atom.type
    raise InternalError("a linear Program has a literal output.", got=repr(atom))


class _Backward:
    """The backward walk: equations written so far, and the cotangent of each linear Var."""

    def __init__(self, known: list[Equation]) -> None:
        self.equations: list[Equation] = list(known)
        self.cts: dict[Any, Any] = {}

    def give(self, var: Any, ct: Any) -> None:
        """Add `ct` to the cotangent of `var`."""
        so_far = self.cts.get(var)
        if so_far is None:
            self.cts[var] = ct
            return
        total = Var(var.type)
        primitive = stack_add_p if type(var.type) is StackType else add_p
        self.equations.append(Equation(primitive, (so_far, ct), {}, (total,)))
        self.cts[var] = total

    def cotangent(self, var: Var) -> Any:
        """The cotangent of an input: zeros where nothing reached it."""
        ct = self.cts.get(var)
        if ct is None:
            ct = self.zeros(var.type)
        return ct

    def zeros(self, type_: AnyType) -> Var:
        zero = Var(type_)
        if type(type_) is StackType:
            self.equations.append(Equation(stack_zeros_p, (), {"type": type_}, (zero,)))
            return zero
        params = {"shape": type_.shape, "dtype": type_.dtype}
        self.equations.append(Equation(full_p, (_ZERO,), params, (zero,)))
        return zero

    def equation(self, eq: Equation, linear_vars: set[Any]) -> None:
        """Hand the cotangents of the outputs of `eq` to its linear inputs."""
        cts = tuple([i for i, v in enumerate(eq.outputs) if v in self.cts])
        if not cts:
            return
        linear = tuple([i for i, a in enumerate(eq.inputs) if a in linear_vars])
        accumulating = accumulating_inputs(eq.primitive)
        accs = tuple([i for i in linear if i in accumulating and eq.inputs[i] in self.cts])
        rule = transpose_rule(eq.primitive, kinds_of(eq), eq.params, linear, cts, accs)
        program = rule.program
        mapping: dict[Var, Any] = dict(
            zip(
                program.inputs,
                [
                    *[eq.inputs[i] for i in rule.reads_in],
                    *[self.cts[eq.outputs[i]] for i in rule.cts],
                    *[self.cts[eq.inputs[i]] for i in rule.accs],
                ],
                strict=True,
            )
        )
        copy_equations(program.equations, mapping, self.equations, eq.source)
        for i, out in zip(rule.results, program.outputs, strict=True):
            value = mapping.get(out, out)  # type: ignore[arg-type]  # literals stay
            if i in accumulating:
                self.cts[eq.inputs[i]] = value
            else:
                self.give(eq.inputs[i], value)


_ZERO = Literal(0.0)
