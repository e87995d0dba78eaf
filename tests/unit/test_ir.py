"""Programs: structure keys, check, text form, cost, source, drawing."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, ProgramError
from wengert.ir import Equation, Literal, Program, Var, registry
from wengert.ir.check import check
from wengert.ir.program import exact
from wengert.ir.text import letters, parse_program, print_program
from wengert.types import StackType, Type


def f(x, w):
    h = np.sin(x * w) + 2.0
    return np.sum(h**2) / 3.0 - h[0]


ARGS = (np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 3.0]))


def test_trace_keeps_the_users_lines():
    program = wg.trace(f)(*ARGS)
    text = str(program)
    assert text.startswith("program(a: float64[3], b: float64[3]):")
    assert re.search(r"sin\(c\)\s+# test_ir.py:\d+ in f", text)
    np.testing.assert_allclose(program(*ARGS), f(*ARGS))


def test_text_parses_back():
    program = wg.trace(f)(*ARGS)
    again = parse_program(str(program))
    assert again == program and again is not program
    assert print_program(again) == print_program(program, with_sources=False)
    check(again)


@pytest.mark.parametrize("value", [0, -1, True, 2.5, -0.0, 1e-300, float("inf"), -1e22, 2 - 3j])
def test_literals_parse_back_exactly(value):
    v = Var(Type((), complex))
    out = Var(Type((), complex))
    program = Program([v], [Equation(registry["add"], (v, Literal(value)), {}, (out,))], [out])
    literal = parse_program(str(program)).equations[0].inputs[1]
    assert exact(literal.value) == exact(value)


def test_names_are_never_keywords():
    names = [letters(n) for n in range(3000)]
    assert len(set(names)) == len(names)
    import keyword

    assert not any(keyword.iskeyword(n) for n in names)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("program(a: float64[]):\n  b: float64[] = nonsense(a)\n  return b", "no primitive"),
        ("program(a: float64[]):\n  return b", "before it is defined"),
        ("program(a: floot[]):\n  return a", "no dtype"),
        ("program(a: float64[]):\n  b: float64[] = sin(a", "ends too early"),
        ("program(a: float64[]):\n  return a $", "unexpected character"),
        ("program(a: float64[]):\n  return a\n a", "more after its end"),
    ],
)
def test_text_that_cannot_be_read(text, what):
    with pytest.raises(ProgramError, match=what):
        parse_program(text)


def test_structure_key_is_exact():
    def key(g, *args):
        return wg.trace(g)(*args).key

    x = np.ones(3)
    assert key(lambda x: x * 2.0, x) == key(lambda y: y * 2.0, x)
    different = [
        key(lambda x: x * 2.0, x),
        key(lambda x: x * 2, x),
        key(lambda x: x * True, x),
        key(lambda x: x * 1, x),
        key(lambda x: x * 1.0, x),
        key(lambda x: x * -1, x),
        key(lambda x: x * -2, x),
        key(lambda x: x * 0.0, x),
        key(lambda x: x * -0.0, x),
        key(lambda x: 2.0 * x, x),
        key(lambda x: x + 2.0, x),
        key(lambda x: x * 2.0, x.astype(np.float32)),
        key(lambda x: x * 2.0, np.ones(4)),
    ]
    assert len(set(different)) == len(different)


def test_captured_arrays_are_inputs_not_data():
    w = np.arange(3.0)
    one = wg.trace(lambda x: x * w)(np.ones(3))
    w = np.ones(3)
    two = wg.trace(lambda x: x * w)(np.ones(3))
    assert one == two and len(one.inputs) == 2
    np.testing.assert_array_equal(one(np.ones(3)), np.arange(3.0))
    np.testing.assert_array_equal(two(np.ones(3)), np.ones(3))
    with pytest.raises(ArgumentError, match="wrong number of arguments"):
        one()


def broken(change):
    x, y = Var(Type((3,), float)), Var(Type((3,), float))
    eq = Equation(registry["sin"], (x,), {}, (y,))
    return {
        "use before definition": Program([], [eq], [y]),
        "two definitions": Program([x], [eq, eq], [y]),
        "wrong type": Program(
            [x], [Equation(registry["sin"], (x,), {}, (Var(Type((4,), float)),))], [x]
        ),
        "a float parameter": Program([x], [Equation(registry["sin"], (x,), {"a": 1.5}, (y,))], [y]),
        "a list parameter": Program([x], [Equation(registry["sin"], (x,), {"a": []}, (y,))], [y]),
        "an array literal": Program([x], [Equation(registry["sin"], (np.ones(3),), {}, (y,))], [y]),
        "an unknown output": Program([x], [eq], [Var(Type((), float))]),
        "a wrong capture": Program([x], [eq], [y], [np.ones(4)]),
    }[change]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("use before definition", "before it is written"),
        ("two definitions", "exists already"),
        ("wrong type", "other types than its type rule"),
        ("a float parameter", "belongs among the inputs"),
        ("a list parameter", "cannot be hashed"),
        ("an array literal", "neither a Var nor a literal"),
        ("an unknown output", "before it is written"),
        ("a wrong capture", "captured value"),
    ],
)
def test_check_refuses(change, message):
    with pytest.raises(ProgramError, match=message):
        check(broken(change))


def test_cost_counts_operations_and_bytes():
    cost = wg.trace(lambda x: x * x + 1.0)(np.ones(100)).cost()
    assert cost.flops == 200 and cost.equations == 2
    assert cost.bytes == 8 * (100 * 3) + 8 * 201
    assert "200 flops" in str(cost)


def test_source_runs():
    program = wg.trace(f)(*ARGS)
    source = program.source("energy")
    namespace = {}
    exec(source, namespace)
    np.testing.assert_array_equal(namespace["energy"](*ARGS), program(*ARGS))
    assert "import numpy as np" in source and "wengert" not in source


def test_source_of_gradients_runs():
    program = wg.trace(wg.grad(f))(*ARGS)
    namespace = {}
    exec(program.source(), namespace)
    np.testing.assert_array_equal(namespace["program"](*ARGS), wg.grad(f)(*ARGS))


def test_drawing_is_valid_svg(tmp_path):
    program = wg.trace(f)(*ARGS)
    drawing = program.draw(tmp_path / "program.svg")
    root = ElementTree.fromstring((tmp_path / "program.svg").read_text())
    boxes = [e for e in root.iter() if e.tag.endswith("rect")]
    assert len(boxes) == 1 + len(program.inputs) + len(program.equations) + len(program.outputs)
    assert drawing._repr_svg_() == drawing.svg
    assert "<svg" in program._repr_html_() and "sin" in program._repr_html_()


def test_drawing_keeps_boxes_apart():
    root = ElementTree.fromstring(wg.trace(f)(*ARGS).draw().svg)
    boxes = [
        tuple(float(e.get(k)) for k in ("x", "y", "width", "height"))
        for e in root.iter()
        if e.tag.endswith("rect") and e.get("x")
    ]
    for i, (x, y, w, h) in enumerate(boxes):
        for X, Y, W, H in boxes[:i]:
            assert x + w <= X or x >= X + W or y + h <= Y or y >= Y + H


def test_types_are_interned_and_print():
    assert Type((2, 3), float) is Type((2, 3), "float64")
    assert repr(Type((2, 3), np.float32)) == "float32[2, 3]"
    assert repr(StackType(Type((), int))) == "stack<int64[]>"
    assert StackType(Type((), int)) == StackType(Type((), int))


def test_the_drawing_limit_names_the_size():
    def long(x):
        for _ in range(3001):
            x = x * 1.5
        return x

    with pytest.raises(ArgumentError, match="too large to draw"):
        wg.trace(long)(0.0).draw()
