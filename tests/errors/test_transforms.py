"""What the transforms, control flow, Programs and rules say of bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

import wengert as wg
import wengert.numpy as wnp
import wengert.scipy.linalg
import wengert.scipy.special
from wengert import symbolic
from wengert.control.programs import record_linear_rule, record_rule_program
from wengert.errors import (
    ArgumentError,
    DtypeError,
    InternalError,
    MissingRuleError,
    NonScalarOutputError,
    NotDifferentiableError,
    OutputError,
    ProgramError,
    ShapeError,
)
from wengert.expression import parse
from wengert.expression.vocabulary import ExpressionError
from wengert.ir.check import check
from wengert.ir.primitive import Primitive, define, registry
from wengert.ir.program import Equation, Literal, Program, Var
from wengert.ir.text import parse_program
from wengert.ops import core, gather, masks, ufuncs
from wengert.ops.assignment import check_fits
from wengert.ops.contraction import named
from wengert.ops.joining import operands
from wengert.trace.tracer import bind
from wengert.transforms.transpose import transpose_program
from wengert.types import Type

V = np.array([1.0, 2.0, 3.0])
M = np.ones((2, 3))
F = Type((), np.float64)


def sine(x: Any) -> Any:
    return np.sin(x)


def wrong_jvp(tangent: Any) -> Callable[[Any], Any]:
    """A function whose custom derivative returns `tangent`."""

    @wg.custom_jvp
    def f(x: Any) -> Any:
        return 2.0 * x

    f.defjvp(lambda primals, tangents: (2.0 * primals[0], tangent))
    return f


def capturing(**fields: Any) -> Primitive:
    """A primitive some rule of which reads an array from outside."""
    return Primitive("capturing", np.sin, lambda x: x, **fields)


X = sympy.Symbol("x")
OUTSIDE = np.array([1.0, 2.0, 3.0])
captures_in_jvp = capturing(jvp=lambda args, out, tangents: tangents[0] * OUTSIDE)
captures_in_batch = capturing(
    batch=lambda size, args, is_batched: (args[0] * OUTSIDE, True),
    linear_in=(frozenset({0}),),
)
captures_in_series = capturing(
    linear_in=(frozenset({0}),), series=lambda order, args: [[a * OUTSIDE for a in args[0]]]
)
gives_wrong_type = capturing(
    linear_in=(frozenset({0}),), transpose={0: lambda ct, args: ct[0]}
)  # fmt: skip


def constant_output() -> Program:
    x = Var(F)
    return Program([x], [], [Literal(1.0)])


def undefined_output() -> Program:
    return Program([Var(F)], [], [Var(F)])


def program_of(equation: Equation) -> Program:
    """A Program of one equation, checked by nobody so far."""
    return Program([a for a in equation.inputs if isinstance(a, Var)], [equation], equation.outputs)


def not_registered() -> Program:
    return program_of(Equation(captures_in_jvp, (Var(F),), {}, (Var(F),)))


def does_not_fit() -> Program:
    inputs = (Var(Type((2,), float)), Var(Type((3,), float)))
    return program_of(Equation(registry["add"], inputs, {}, (Var(Type((2,), float)),)))


def defines_no_var() -> Program:
    return Program(["x"], [], [])  # type: ignore[list-item]  # meant


def twice() -> None:
    define(Primitive("sin", np.sin, lambda x: x))


CALLS: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    # arguments and outputs
    (
        "dtype of an argument",
        lambda: wg.grad(sine)(np.array(["a"])),
        ArgumentError,
        "an array of this dtype cannot be differentiated or recorded.",
    ),
    (
        "kind of an argument",
        lambda: wg.grad(lambda p: p["a"])({"a": "text"}),
        ArgumentError,
        "an argument is neither a number nor an array.",
    ),
    (
        "argnames",
        lambda: wg.grad(sine, argnames="y")(x=1.0),
        ArgumentError,
        "grad: there is no keyword argument of this name.",
    ),
    (
        "argnums",
        lambda: wg.grad(sine, argnums=2)(1.0),
        ArgumentError,
        "grad: argnums does not name a positional argument.",
    ),
    (
        "complex jacobian",
        lambda: wg.jacobian(sine)(1.0j),
        NotDifferentiableError,
        "jacobian: a complex function has no single complex Jacobian.",
    ),
    (
        "derivative",
        lambda: wg.derivative(sine)(V),
        NonScalarOutputError,
        "derivative: the argument is not a single number.",
    ),
    ("jit", lambda: wg.jit(3), ArgumentError, "jit: not a function."),
    # products
    (
        "primals",
        lambda: wg.jvp(sine, 1.0, (1.0,)),
        ArgumentError,
        "jvp: the primals must be a tuple, one entry per argument of the function.",
    ),
    (
        "structure of tangents",
        lambda: wg.jvp(sine, (1.0,), (1.0, 2.0)),
        ArgumentError,
        "jvp: the tangents do not have the structure of their primals.",
    ),
    (
        "shape of tangents",
        lambda: wg.jvp(sine, (V,), (1.0,)),
        ShapeError,
        "jvp: a tangent does not have the shape of its primal.",
    ),
    (
        "dtype of tangents",
        lambda: wg.jvp(sine, (1.0,), (1.0j,)),
        DtypeError,
        "jvp: a tangent does not have the dtype of its primal.",
    ),
    (
        "dtype of cotangents",
        lambda: wg.vjp(sine, 1.0)[1](1.0j),
        DtypeError,
        "pullback: a cotangent does not have the dtype of its primal.",
    ),
    (
        "transpose of a nonlinear function",
        lambda: wg.linear_transpose(sine, 1.0)(1.0),
        MissingRuleError,
        "sin: the transpose rule was needed and there is none.",
    ),
    # vmap
    (
        "in_axes count",
        lambda: wg.vmap(sine, (0, 0))(V),
        ArgumentError,
        "vmap: in_axes has not one entry per positional argument.",
    ),
    (
        "in_axes structure",
        lambda: wg.vmap(lambda p: p["a"], ({"b": 0},))({"a": V}),
        ArgumentError,
        "vmap: in_axes does not match the structure of the arguments.",
    ),
    (
        "sizes",
        lambda: wg.vmap(np.add)(V, np.ones(4)),
        ShapeError,
        "vmap: the mapped axes do not have one common size.",
    ),
    (
        "no axis",
        lambda: wg.vmap(sine)(1.0),
        ShapeError,
        "vmap: an argument does not have the axis to be mapped.",
    ),
    (
        "out_axes",
        lambda: wg.vmap(sine, out_axes=1)(V),
        ShapeError,
        "vmap: out_axes names an axis that the output does not have.",
    ),
    (
        "out_axes None",
        lambda: wg.vmap(sine, out_axes=None)(V),
        ArgumentError,
        "vmap: out_axes=None was given for an output that differs between items.",
    ),
    # control flow and custom rules
    (
        "scan length",
        lambda: wg.scan(lambda c, x: (c, c), 0.0, None, length=-1),
        ShapeError,
        "scan: the length is negative.",
    ),
    (
        "custom structure",
        lambda: wg.grad(wrong_jvp((1.0, 2.0)))(1.0),
        OutputError,
        "the tangent of the jvp rule of f does not have the structure it should.",
    ),
    (
        "custom type",
        lambda: wg.grad(wrong_jvp(V))(1.0),
        OutputError,
        "the tangent of the jvp rule of f does not have the type of what it belongs to.",
    ),
    # Programs
    ("check", lambda: check(undefined_output()), ProgramError, "malformed Program: the outputs"),
    (
        "check primitive",
        lambda: check(not_registered()),
        ProgramError,
        "malformed Program: equation 0 (capturing) is not a registered primitive.",
    ),
    (
        "check types",
        lambda: check(does_not_fit()),
        ProgramError,
        "malformed Program: equation 0 (add) does not fit its type rule.",
    ),
    (
        "check outputs",
        lambda: check(defines_no_var()),
        ProgramError,
        "malformed Program: an input defines something that is no Var.",
    ),
    (
        "text",
        lambda: parse_program("prog"),
        ProgramError,
        "the text of a Program cannot be read: 'program' was expected, not 'prog'.",
    ),
    (
        "text name",
        lambda: parse_program("program(3: float64[]):"),
        ProgramError,
        "the text of a Program cannot be read: a name was expected, not '3'.",
    ),
    (
        "text dtype",
        lambda: parse_program("program(a: float63[]):"),
        ProgramError,
        "the text of a Program cannot be read: there is no dtype 'float63'.",
    ),
    ("define", twice, MissingRuleError, "a primitive named 'sin' exists already."),
    # faults in rules, which are the library's or an extension's
    (
        "jvp captures",
        lambda: wg.vjp(lambda x: bind(captures_in_jvp, x), V),
        InternalError,
        "a rule of capturing captured a value from outside.",
    ),
    (
        "batch captures",
        lambda: wg.vmap(lambda x: bind(captures_in_batch, x))(M),
        InternalError,
        "a batch rule captured a value from outside.",
    ),
    (
        "wrong cotangent",
        lambda: wg.vjp(lambda x: bind(gives_wrong_type, x), V)[1](V),
        InternalError,
        "the transpose rule of capturing gave a cotangent of the wrong type.",
    ),
    (
        "series captures",
        lambda: wg.jet(lambda x: bind(captures_in_series, x), (V,), ([V],)),
        InternalError,
        "a series Program captured a value from outside.",
    ),
    (
        "rule program captures",
        lambda: record_rule_program("a loop", lambda x: [x * OUTSIDE], [Type((3,), float)]),
        InternalError,
        "a loop captured a value from outside.",
    ),
    (
        "rule of a loop captures",
        lambda: record_linear_rule(
            registry["scan"], [F], [F], (0,), lambda args, outs, dxs: {0: dxs[0] * OUTSIDE[0]}
        ),
        InternalError,
        "a rule of scan captured a value from outside.",
    ),
    (
        "literal output",
        lambda: transpose_program(constant_output(), [True]),
        InternalError,
        "a linear Program has a literal output.",
    ),
    # operations as rules call them
    (
        "core.reshape",
        lambda: wg.vjp(lambda x: core.reshape(x, (4,)), V),
        ShapeError,
        "reshape: the number of elements changes.",
    ),
    (
        "core.broadcast_to",
        lambda: wg.vmap(lambda x: core.broadcast_to(x, (2,)))(M),
        ShapeError,
        "broadcast_to: the shape does not broadcast to the one asked for.",
    ),
    (
        "gather",
        lambda: gather.gather_p.type_rule(Type((3,), float), Type((2,), float), axes=(0,)),
        DtypeError,
        "an index array must hold integers.",
    ),
    (
        "mask",
        lambda: masks.nonzero_p.array(np.array([True, True]), count=1),
        ArgumentError,
        "the number of true elements of a mask changed since this was recorded.",
    ),
    (
        "fits",
        lambda: check_fits((4,), (3,)),
        ShapeError,
        "an in-place operation: the result does not fit its target.",
    ),
    (
        "letters",
        lambda: named(tuple(range(60)), (), ()),
        ArgumentError,
        "a product of arrays with too many axes.",
    ),
    (
        "einsum letters",
        lambda: registry["einsum"].type_rule(
            Type((2,), float), Type((3,), float), subscripts="a,a->a"
        ),
        ShapeError,
        "einsum: two axes with one letter have different sizes.",
    ),
    (
        "convolve stacks",
        lambda: registry["convolve"].type_rule(
            Type((2, 3), float), Type((4, 3), float), start=0, length=5
        ),
        ShapeError,
        "convolve: the axes before the last do not broadcast.",
    ),
    (
        "ufunc keyword",
        lambda: ufuncs.call(np.add, 1.0, 2.0, foo=3),
        ArgumentError,
        "add: an unknown keyword argument.",
    ),
    (
        "ufunc method",
        lambda: ufuncs.reduceat(np.sin, V, [0]),
        ArgumentError,
        "sin.reduceat: only functions of two arguments with one result have it.",
    ),
    ("nothing to join", lambda: operands("stack", []), ShapeError, "stack: there is nothing to"),
    # formulas
    ("^", lambda: parse("x^2"), ExpressionError, "the operator ^ is not allowed in a formula."),
    ("empty", lambda: parse(" "), ExpressionError, "there is no formula in an empty text."),
    ("long", lambda: parse("x" * 10_001), ExpressionError, "the formula is too long."),
    # SymPy
    (
        "from_sympy",
        lambda: symbolic.from_sympy(sympy.Function("mystery")(X), [X]),
        MissingRuleError,
        "from_sympy: the function mystery has no counterpart in NumPy or SciPy.",
    ),
    (
        "to_sympy",
        lambda: symbolic.to_sympy(wg.trace(np.linalg.svdvals)(np.eye(2))),
        MissingRuleError,
        "svdvals: this operation cannot be converted to SymPy.",
    ),
    (
        "shapes and example",
        lambda: symbolic.differentiate(sine, shapes=[()], example=(1.0,)),
        ArgumentError,
        "differentiate: give shapes= or example=, not both.",
    ),
]


@pytest.mark.parametrize("call, error, first", [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
def test_message(call: Any, error: Any, first: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, wg.WengertError)
    text = str(caught.value)
    assert text.splitlines()[0].startswith(first)
    assert "where     test_transforms.py:" in text or error in (ProgramError, ExpressionError)


BUILT_IN: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("wg", lambda: wg.nonsense, AttributeError, "module 'wengert' has no attribute 'nonsense'"),
    ("wnp", lambda: wnp.nonsense, AttributeError, "module 'wengert.numpy' has no attribute 'nons"),
    (
        "wnp submodule",
        lambda: wnp.random,
        AttributeError,
        "module 'wengert.numpy' has no submodule 'random'; use numpy.random",
    ),
    (
        "scipy",
        lambda: wengert.scipy.nonsense,
        AttributeError,
        "module 'wengert.scipy' has no attribute 'nonsense'",
    ),
    (
        "scipy.linalg",
        lambda: wengert.scipy.linalg.__nonsense__,
        AttributeError,
        "module 'wengert.scipy.linalg' has no attribute '__nonsense__'",
    ),
    (
        "scipy.special",
        lambda: wengert.scipy.special.__nonsense__,
        AttributeError,
        "module 'wengert.scipy.special' has no attribute '__nonsense__'",
    ),
    (
        "solve",
        lambda: wg.vjp(np.linalg.solve, np.ones((3, 3)), V),
        np.linalg.LinAlgError,
        "Singular matrix",
    ),
    (
        "solve_triangular",
        lambda: wg.vjp(wengert.scipy.linalg.solve_triangular, np.diag([1.0, 0.0, 1.0]), V),
        np.linalg.LinAlgError,
        "Singular matrix: the diagonal element 1 of a triangular matrix is zero",
    ),
    (
        "nanargmax",
        lambda: wg.vjp(np.nanargmax, V * np.nan),
        ValueError,
        "All-NaN slice encountered",
    ),
    (
        "average",
        lambda: wg.vjp(lambda x: np.average(x, weights=np.zeros(3)), V),
        ZeroDivisionError,
        "average: the weights sum to zero.",
    ),
]


@pytest.mark.parametrize(
    "call, error, first", [c[1:] for c in BUILT_IN], ids=[c[0] for c in BUILT_IN]
)
def test_errors_that_numpy_has_too(call: Any, error: Any, first: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(first)


def test_einsum_with_more_axes_than_letters() -> None:
    x = np.ones((1,) * 20)
    labels = [list(range(k, k + 20)) for k in (0, 20, 40)]
    with pytest.raises(ArgumentError, match="einsum: there are too many axes"):
        wg.vjp(lambda x: np.einsum(x, labels[0], x, labels[1], x, labels[2], []), x)


def test_a_demonstration_without_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    from wengert import demo

    monkeypatch.setattr(demo, "find_spec", lambda module: None)
    with pytest.raises(demo.MissingExtraError) as caught:
        demo._require(["digits"])
    assert str(caught.value) == (
        "the demonstration needs packages that are not installed.\n"
        "  got       no matplotlib, no scikit-learn\n"
        '  try       pip install "wengert[demo]"'
    )
