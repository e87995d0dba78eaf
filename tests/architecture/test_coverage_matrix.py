"""The matrix of primitives and capabilities has no blank cell, and its claims are true."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docs.tools.functions import promised
from docs.tools.matrix import BLANK, CAPABILITIES, ZERO, Cell, cell, matrix, primitives
from docs.tools.supported import PAGE, page

import wengert as wg
from architecture.census import census
from wengert.errors import MissingRuleError
from wengert.ir.primitive import Primitive, Unsupported, registry
from wengert.ir.program import Equation, Program, Var
from wengert.ir.source import program_source
from wengert.trace.evaluate import implementation
from wengert.transforms.batch import batch_program
from wengert.transforms.linearize import linearize_program
from wengert.transforms.rules import kinds_of, linear_rule, transpose_rule
from wengert.types import Type

MATRIX = matrix()
CELLS = [(name, capability) for name in MATRIX for capability in CAPABILITIES]
REFUSED = [
    (name, capability)
    for name, capability in CELLS
    if MATRIX[name][capability].kind == "unsupported" and capability != "in_place"
]
# A jitted function's guards exist inside its Programs only; tests/unit/test_jit.py runs them.
NOT_IN_THE_CENSUS = {"guard"}


def test_no_cell_is_blank() -> None:
    blank = [f"{name}: {c}" for name, c in CELLS if MATRIX[name][c] == BLANK]
    assert not blank, "give a rule, or Unsupported(reason), or a fact that says 'zero': " + str(
        blank
    )


def test_the_matrix_holds_every_primitive() -> None:
    defined = set()
    for path in Path(wg.__file__).parent.rglob("*.py"):
        if "native" in path.parts:  # what the compiler writes for itself never meets a transform
            continue
        defined |= set(re.findall(r'Primitive\(\s*"(\w+)",', path.read_text(encoding="utf-8")))
    assert {"sin", "while", "eigh", "gather"} <= set(MATRIX)
    assert defined <= set(MATRIX)


def record(**fields: Any) -> Primitive:
    """A record that is not registered."""
    return Primitive("unfinished", np.sin, lambda x: x, **fields)


def test_an_empty_record_is_blank_where_a_rule_is_needed() -> None:
    blank = {c for c in CAPABILITIES if cell(record(), c) == BLANK}
    assert blank == {"jvp", "batch", "series", "cost", "native"}


def test_a_forgotten_rule_is_not_taken_for_zero() -> None:
    kink = record(facts={"kinks": "0: the derivative is 0 there, the mean of the two sides"})
    assert cell(kink, "jvp") == BLANK
    assert cell(record(facts={"derivative": "zero: integers"}), "jvp") == ZERO
    assert cell(record(facts={"kinks": "the derivative is 0 everywhere"}), "jvp") == ZERO


def test_a_linear_record_needs_a_transpose_for_each_input() -> None:
    half = record(linear_in=(frozenset({0, 1}),), transpose={0: lambda ct, args: ct})
    assert cell(half, "transpose") == BLANK
    assert cell(half, "jvp") == Cell("derived", "linear")


def test_a_linear_record_needs_a_sparsity_rule() -> None:
    linear = record(linear_in=(frozenset({0}),), transpose={0: lambda ct, args: ct})
    assert cell(linear, "sparsity") == BLANK
    assert cell(record(is_elementwise=True), "sparsity") == Cell("derived", "elementwise")


def test_a_refusal_shows_its_reason() -> None:
    refused = record(jvp=Unsupported("it is a table"))
    assert cell(refused, "jvp") == cell(refused, "series") == Cell("unsupported", "it is a table")


# -- the claims, on one equation of each primitive -------------------------------------------------


def test_every_primitive_is_met_by_a_test_program() -> None:
    assert {p.name for p in primitives()} - set(census()) == NOT_IN_THE_CENSUS


def alone(eq: Equation) -> Program:
    """A Program of this equation only."""
    inputs = [Var(a.type) if isinstance(a, Var) else a for a in eq.inputs]
    outputs = tuple(Var(v.type) for v in eq.outputs)
    equation = Equation(eq.primitive, tuple(inputs), eq.params, outputs)
    return Program([a for a in inputs if isinstance(a, Var)], [equation], outputs)


def active_inputs(eq: Equation) -> tuple[int, ...]:
    """The inputs that a derivative can run through; of linear ones, one group of them."""
    found = frozenset(
        i for i, a in enumerate(eq.inputs) if isinstance(a, Var) and a.type.is_differentiable
    )
    groups = eq.primitive.linear_in
    return tuple(sorted(found & groups[0] if groups and found & groups[0] else found))


@pytest.mark.parametrize("name, capability", REFUSED)
def test_what_is_refused_raises_with_its_reason(name: str, capability: str) -> None:
    eq = census().get(name) or Equation(registry[name], *placeholder())
    reason = MATRIX[name][capability].note
    with pytest.raises(MissingRuleError) as caught:
        apply(capability, eq)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{name}: the {capability} rule was needed and there is none."
    assert lines[1] == f"  got       {reason}"


def placeholder() -> tuple[Any, ...]:
    """Inputs, parameters and outputs of `custom_self`, which lives inside rules only."""
    scalar = Type((), np.float64)
    params = {"depth": 0, "returns": (scalar,)}
    return (Var(scalar),), params, (Var(scalar),)


def apply(capability: str, eq: Equation) -> None:
    """Ask for a capability."""
    if capability == "transpose":
        inputs = active_inputs(eq)
        transpose_rule(eq.primitive, kinds_of(eq), eq.params, inputs, (len(eq.outputs) - 1,), ())
    elif capability == "batch":
        program = alone(eq)
        batch_program(program, [True] * len(program.inputs), 2)
    else:
        linear_rule(eq.primitive, kinds_of(eq), eq.params, active_inputs(eq))


@pytest.mark.parametrize("name", [n for n, row in MATRIX.items() if row["jvp"] == ZERO])
def test_zero_derivatives_reach_no_output(name: str) -> None:
    eq = census().get(name)
    if eq is None:
        assert name in NOT_IN_THE_CENSUS
        return
    program = alone(eq)
    active = [v.type.is_differentiable for v in program.inputs]
    assert linearize_program(program, active).out_active == ()


@pytest.mark.parametrize("name", [n for n, row in MATRIX.items() if row["jvp"] != ZERO])
def test_other_derivatives_reach_an_output(name: str) -> None:
    eq = census()[name]
    if name in ("custom_self", "sign") or not active_inputs(eq):
        return  # a placeholder; nonzero for complex numbers only; constants made of literals
    rule = linear_rule(eq.primitive, kinds_of(eq), eq.params, active_inputs(eq))
    assert rule.out_active


def test_costs_are_numbers() -> None:
    for eq in census().values():
        assert alone(eq)
        cost = alone(eq).cost()
        assert cost.flops >= 0
        assert cost.equations >= 1


@pytest.mark.parametrize("name", sorted(set(MATRIX) - {"custom_self", "guard"}))
def test_source_compiles(name: str) -> None:
    source = program_source(alone(census()[name]), name="answer")
    assert "def answer(" in source
    compile(source, name, "exec")


def test_what_refuses_to_work_in_place_is_run_out_of_place() -> None:
    for name, eq in census().items():
        usual = implementation(eq)
        chosen = implementation(eq, in_place=True)
        if MATRIX[name]["in_place"].kind == "rule":
            assert getattr(chosen, "func", chosen) is eq.primitive.in_place
        else:
            assert getattr(chosen, "__code__", type(chosen)) == getattr(
                usual, "__code__", type(usual)
            )


# -- functions, and the page -----------------------------------------------------------------------


@pytest.mark.parametrize("group", promised(), ids=lambda group: group.subject)
def test_every_promised_function_is_handled(group: Any) -> None:
    assert group.handled
    assert group.missing == ()


def test_the_page_is_up_to_date() -> None:
    committed = PAGE.read_text(encoding="utf-8").splitlines()
    for found, expected in itertools.zip_longest(committed, page().splitlines()):
        assert found == expected, "run python -m docs.tools.supported"
