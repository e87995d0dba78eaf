"""The messages that users meet most, word for word, with the user's own file and line in them."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp

V = np.array([1.0, 2.0, 3.0])
FILE = "test_whole_texts.py"


def line_of(function: Callable[..., Any], offset: int = 1) -> str:
    """`file.py:41 in loss`, for a line of a function counted from its `def`."""
    return f"{FILE}:{inspect.getsourcelines(function)[1] + offset} in {function.__name__}"


def text_of(call: Callable[[], Any], error: type[Exception], builtin: type[Exception]) -> str:
    """The message that a call raises, which is of both classes."""
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, builtin)
    assert isinstance(caught.value, wg.WengertError)
    return str(caught.value)


def test_shapes_that_do_not_fit() -> None:
    def loss(x):
        return np.sum(np.dot(np.ones((5, 3)), np.ones((4, 2)) * x))

    text = text_of(lambda: wg.grad(loss)(1.0), wg.errors.ShapeError, ValueError)
    assert text == (
        "dot: the inner sizes differ.\n"
        "  got       a: float64[5, 3], b: float64[4, 2]\n"
        "  expected  a: [m, k], b: [k, n] with one k\n"
        f"  where     {line_of(loss)}\n"
        "  try       transpose b, or contract other axes with np.einsum"
    )


def test_shapes_that_do_not_broadcast() -> None:
    def loss(x):
        return np.sum(x + np.ones(4))

    text = text_of(lambda: wg.grad(loss)(V), wg.errors.ShapeError, ValueError)
    assert text == (
        "add: the shapes do not broadcast.\n"
        "  got       float64[3], float64[4]\n"
        "  expected  sizes that are equal or 1, counted from the last axis\n"
        f"  where     {line_of(loss)}\n"
        "  try       reshape one of them, or add axes with x[:, None]"
    )


def test_gradient_of_several_numbers() -> None:
    def call():
        return wg.grad(lambda x: x * 2.0)(V)

    text = text_of(call, wg.errors.NonScalarOutputError, TypeError)
    assert text == (
        "grad: the function's output is not a scalar.\n"
        "  got       an output of type float64[3]\n"
        "  expected  one number\n"
        f"  where     {line_of(call)}\n"
        "  try       np.sum(...) of it, or wengert.jacobian, or wengert.vjp"
    )


def test_gradient_of_a_complex_number() -> None:
    def call():
        return wg.grad(lambda z: z * z)(1.0 + 1.0j)

    text = text_of(call, wg.errors.NonScalarOutputError, TypeError)
    assert text == (
        "grad: the function's output is complex.\n"
        "  got       complex128[]\n"
        "  expected  a real number\n"
        f"  where     {line_of(call)}\n"
        "  try       np.real(...) of it, or holomorphic=True for df/dz of a holomorphic function"
    )


def test_derivative_by_an_integer() -> None:
    def call():
        return wg.grad(lambda p: p["a"] * p["n"][0])({"a": 1.0, "n": [3]})

    text = text_of(call, wg.errors.NotDifferentiableError, TypeError)
    assert text == (
        "grad: the derivative with respect to an integer or boolean was asked for.\n"
        "  got       int64[] at ['n'][0]\n"
        "  expected  floating point or complex numbers\n"
        f"  where     {line_of(call)}\n"
        "  try       x.astype(float) or 1.0 instead of 1; or choose other arguments with argnums"
    )


def test_an_output_that_is_no_array() -> None:
    def call():
        return wg.grad(lambda x: "a word")(1.0)

    text = text_of(call, wg.errors.OutputError, TypeError)
    assert text == (
        "the function given to grad returned something that is no array.\n"
        "  got       'a word' of type str\n"
        "  expected  numbers, arrays, or containers of them\n"
        f"  where     {line_of(call)}\n"
        "  try       return it through has_aux, or convert it with np.asarray"
    )


def test_no_output() -> None:
    def call():
        return wg.grad(lambda x: None)(1.0)

    text = text_of(call, wg.errors.OutputError, TypeError)
    assert text == (
        "grad: the function returned None.\n"
        "  got       None\n"
        "  expected  numbers, arrays, or containers of them\n"
        f"  where     {line_of(call)}\n"
        "  try       a return statement"
    )


def test_a_function_without_a_rule() -> None:
    def loss(x):
        return np.sum(np.busday_count(x, x))

    text = text_of(lambda: wg.grad(loss)(V), wg.errors.MissingRuleError, TypeError)
    assert text == (
        "numpy.busday_count has no derivative in Wengert.\n"
        "  got       a traced argument of numpy.busday_count\n"
        "  expected  one of the functions listed in docs/supported.md\n"
        f"  where     {line_of(loss)}\n"
        "  try       write it with supported functions, or wrap it with wengert.extend.foreign"
    )


def test_a_primitive_without_a_rule() -> None:
    from wengert.extend import Primitive, Unsupported, bind

    table = Primitive("table", np.sin, lambda x: x, jvp=Unsupported("it is read from a table"))

    def loss(x):
        return bind(table, x)

    text = text_of(lambda: wg.grad(loss)(1.0), wg.errors.MissingRuleError, TypeError)
    assert text == (
        "table: the jvp rule was needed and there is none.\n"
        "  got       it is read from a table\n"
        f"  where     {line_of(loss)}\n"
        "  try       write it with other operations, or give a rule with wengert.custom_jvp"
    )


def test_a_traced_value_that_got_out() -> None:
    kept = []
    wg.grad(lambda x: kept.append(x) or np.sum(x))(V)

    def later():
        return kept[0] + 1.0

    text = text_of(later, wg.errors.EscapedTracerError, RuntimeError)
    assert text == (
        "a traced value was used after the function it belongs to had ended.\n"
        "  got       float64[3] from grad\n"
        "  expected  traced values to stay inside the function that is differentiated\n"
        f"  where     {line_of(later)}\n"
        "  try       return the value (has_aux=True) instead of keeping it in a list, global or "
        "object"
    )


def assigns(x):
    x[0] = 0.0
    return np.sum(x)


def adds(x):
    x += 1.0
    return np.sum(x)


def through_a_view(x):
    x[1:][0] = 0.0
    return np.sum(x)


def into_out(x):
    np.exp(x, out=x)
    return np.sum(x)


def at(x):
    np.add.at(x, [0, 0], 1.0)
    return np.sum(x)


@pytest.mark.parametrize("loss", [assigns, adds, through_a_view, into_out, at])
def test_a_write_into_the_callers_array(loss: Any) -> None:
    x = V.copy()
    text = text_of(lambda: wg.grad(loss)(x), wg.errors.MutationError, ValueError)
    assert text == (
        "a write into an array that belongs to the caller.\n"
        "  got       an assignment, +=, out= or np.add.at on it\n"
        "  expected  writes into arrays made inside the function\n"
        f"  where     {line_of(loss)}\n"
        "  try       copy it first: x = x.copy(); or x = x + y instead of x += y"
    )
    np.testing.assert_array_equal(x, V)


def test_a_write_into_an_array_of_an_outer_function() -> None:
    def outer(x):
        buffer = x * 1.0

        def body(c, y):
            buffer[0] = y
            return c, y

        return wg.scan(body, 0.0, x)[0] + np.sum(buffer)

    text = text_of(lambda: wg.grad(outer)(V), wg.errors.MutationError, ValueError)
    lines = text.splitlines()
    assert lines[0] == "a write into an array of the function around the body of scan."
    assert lines[1] == "  got       an assignment, +=, out= or np.add.at on it"
    assert lines[3] == f"  where     {line_of(outer, 4).replace(' in outer', ' in body')}"
    assert lines[4] == (
        "  try       make the array inside, or carry it through the loop and return it"
    )


def branches(x):
    return x if x > 0.0 else -x


def repeats(x):
    while x > 1.0:
        x = x / 2.0
    return x


def counts(x):
    return x * int(x)


DECISIONS = [
    (branches, "a truth value", "bool[]"),
    (repeats, "a truth value", "bool[]"),
    (counts, "an integer", "float64[]"),
]


@pytest.mark.parametrize("f, what, type_", DECISIONS)
@pytest.mark.parametrize("where", ["vmap", "the body of scan"])
def test_a_decision_on_a_value_that_is_not_there(f: Any, what: str, type_: str, where: str) -> None:
    calls = {
        "vmap": lambda: wg.vmap(f)(V),
        "the body of scan": lambda: wg.scan(lambda c, x: (c + f(x), x), 0.0, V),
    }
    text = text_of(calls[where], wg.errors.DecisionError, TypeError)
    assert text == (
        f"Python asked a traced value for {what}, and here there is no single value.\n"
        f"  got       {type_} in {where}\n"
        "  expected  a decision that does not depend on traced values\n"
        f"  where     {line_of(f)}\n"
        "  try       wengert.cond, np.where or wengert.while_loop instead of if, while, int"
    )


def to_float(x):
    return float(x) * 2.0


def to_math(x):
    return math.sin(x)


def into_plain(x):
    b = np.zeros(3)
    b[0] = x
    return np.sum(b)


@pytest.mark.parametrize("f, offset", [(to_float, 1), (to_math, 1), (into_plain, 2)])
def test_a_traced_number_made_plain(f: Any, offset: int) -> None:
    text = text_of(lambda: wg.grad(f)(1.0), wg.errors.ConversionError, TypeError)
    assert text == (
        "float(x), or a store into a plain array, would turn a traced value into a plain one and "
        "drop its derivative.\n"
        "  got       float64[]\n"
        "  expected  an operation that can be recorded\n"
        f"  where     {line_of(f, offset)}\n"
        "  try       keep x as it is; np.exp(x) for math.exp(x); make buffers with "
        "wengert.numpy.zeros instead of np.zeros"
    )


def to_array(x):
    return np.array(x)


def to_list_of_arrays(x):
    return np.asarray([x, x])


@pytest.mark.parametrize("f", [to_array, to_list_of_arrays])
def test_a_traced_array_made_plain(f: Any) -> None:
    text = text_of(lambda: wg.vjp(f, V), wg.errors.ConversionError, TypeError)
    assert text == (
        "np.array(x), or a store into a plain array, would turn a traced value into a plain one "
        "and drop its derivative.\n"
        "  got       float64[3]\n"
        "  expected  an operation that can be recorded\n"
        f"  where     {line_of(f)}\n"
        "  try       np.stack or wengert.numpy.array for lists of traced values; "
        "wengert.numpy.zeros for buffers; scipy functions from wengert.scipy; "
        "wengert.random, or loc + scale * rng.normal(), for random numbers"
    )


def test_complex_of_a_traced_number() -> None:
    def f(x):
        return abs(complex(x))

    text = text_of(lambda: wg.grad(f)(1.0), wg.errors.ConversionError, TypeError)
    assert text == (
        "complex(x) would turn a traced value into a plain one and drop its derivative.\n"
        "  got       float64[]\n"
        "  expected  an operation that can be recorded\n"
        f"  where     {line_of(f)}\n"
        "  try       x + 0j, or x.astype(complex)"
    )


def out_plain(x):
    return np.sum(np.multiply(x, 2.0, out=np.zeros(3)))


def test_out_into_a_plain_array() -> None:
    text = text_of(lambda: wg.grad(out_plain)(V), wg.errors.ConversionError, TypeError)
    assert text == (
        "multiply: a traced result would be written into a plain array and lose its derivative.\n"
        "  got       a result float64[3], out of dtype float64 and shape (3,)\n"
        "  expected  an array that is part of the recording\n"
        f"  where     {line_of(out_plain)}\n"
        "  try       wengert.numpy.zeros instead of np.zeros for the buffer, or the result returned"
    )


def test_an_array_of_objects() -> None:
    def f(x):
        return x * np.array([None, "a"])

    text = text_of(lambda: wg.vjp(f, 1.0), wg.errors.ArgumentError, TypeError)
    assert text == (
        "an array of this dtype cannot take part in a traced computation.\n"
        "  got       object\n"
        "  expected  floating point, complex, integer or boolean\n"
        f"  where     {line_of(f)}\n"
        "  try       convert it with astype, or keep it out of traced operations"
    )


def test_the_place_is_that_of_the_user_inside_a_library_function() -> None:
    def f(x):
        y = wnp.zeros(3)
        return np.linalg.norm(y[:2] + x)

    text = text_of(lambda: wg.grad(f)(V), wg.errors.ShapeError, ValueError)
    assert f"where     {line_of(f, 2)}" in text


def test_several_lines_are_indented_alike() -> None:
    error = wg.WengertError("what", got="one\ntwo", expected="three", where="here")
    assert (
        str(error) == "what\n  got       one\n            two\n  expected  three\n  where     here"
    )


def test_the_place_in_a_notebook_is_the_number_of_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x):
        return np.linalg.norm(wnp.zeros(2) + x)

    labels = {__file__: ("Cell", "In[7]")}
    shell = SimpleNamespace(compile=SimpleNamespace(format_code_name=labels.get))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    text = text_of(lambda: wg.grad(f)(V), wg.errors.ShapeError, ValueError)
    assert f"where     {line_of(f).replace(FILE, 'In[7]')}" in text
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    text = text_of(lambda: wg.grad(f)(V), wg.errors.ShapeError, ValueError)
    assert f"where     {line_of(f)}" in text
