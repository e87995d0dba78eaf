"""The command line, and the formulas that it reads."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import wengert as wg
from wengert import cli
from wengert.expression import ExpressionError, parse, parse_value


def evaluate(text: str, **values: object) -> object:
    return parse(text).function(list(values))(*values.values())


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(words)
    out, err = capsys.readouterr()
    return code, out, err


def row(out: str, label: str) -> str:
    """What stands behind `label` in the output."""
    for line in out.splitlines():
        if line.strip().startswith(label + " "):
            return line.strip()[len(label) :].strip()
    raise AssertionError(f"no row {label!r} in:\n{out}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + 2*y - 7", 3 + 8 - 7),
        ("x / y", 0.75),
        ("y // x", 1),
        ("y % x", 1),
        ("-x**2", -9),
        ("(-x)**2", 9),
        ("2**-x", 0.125),
        ("x**y**0.5", 9),
        ("sin(x)*cos(y) + np.exp(-x) + numpy.log(y)", None),
        ("pi*x + e", math.pi * 3 + math.e),
        ("x if x > y else y", 4),
        ("where(x < y, x, y)", 3),
        ("(x > 1) & (y < 5)", True),
        ("maximum(x, y) - hypot(x, y)", -1),
        ("~(x == y)", True),
    ],
)
def test_values_are_those_of_python(text: str, expected: object) -> None:
    if expected is None:
        expected = math.sin(3) * math.cos(4) + math.exp(-3) + math.log(4)
    assert evaluate(text, x=np.float64(3.0), y=np.float64(4.0)) == pytest.approx(
        expected, rel=1e-15
    )


def test_arrays_indices_and_matrices() -> None:
    x = np.array([1.0, 2.0, 3.0])
    a = np.arange(9.0).reshape(3, 3)
    assert evaluate("x @ a @ x + sum(x[1:]) + a[-1, 0] - x[0]", x=x, a=a) == x @ a @ x + 5 + 6 - 1
    np.testing.assert_array_equal(evaluate("x[::-1]", x=x), x[::-1])


def test_constants_fold_like_numpy_and_at_once() -> None:
    with np.errstate(all="ignore"):
        assert evaluate("9**9**9**9 * x", x=1.0) == math.inf
        assert evaluate("x + 1/0", x=1.0) == math.inf
        assert math.isnan(evaluate("x + (-8)**(1/3)", x=1.0))


def test_a_given_value_replaces_a_constant() -> None:
    assert evaluate("e + 1", e=5.0) == 6.0


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("x^2", "the operator ^ is not allowed", 1),
        ("(x + 1) << 2", "the operator << is not allowed", 8),
        ("x.real + 1", "an attribute is not allowed", 0),
        ("().__class__", "an attribute is not allowed", 0),
        ("__import__('os').system('true')", "only functions known by name can be called", 0),
        ("1 + open('f')", "there is no function 'open' here", 4),
        ("eval('1')", "there is no function 'eval' here", 0),
        ("np.load('f')", "there is no function 'load' here", 0),
        ("np.linalg.norm(x)", "only functions known by name can be called", 0),
        ("x + sin", "sin is a function", 4),
        ("x + 'a'", "'a' is not allowed", 4),
        ("x + 1j", "a complex number is not allowed", 4),
        ("x + True", "True is not allowed", 4),
        ("x + [1]", "a list is not allowed", 4),
        ("[y for y in x]", "a comprehension is not allowed", 0),
        ("(lambda: 1)()", "only functions known by name can be called", 1),
        ("sin(lambda: 1)", "a lambda is not allowed", 4),
        ("(y := 2) + x", "an assignment is not allowed", 1),
        ("f'{x}'", "a string is not allowed", 0),
        ("x and y", "`and` or `or` (write & or |) is not allowed", 0),
        ("not x", "this operator is not allowed", 0),
        ("1 < x < 2", "comparisons cannot be chained", 0),
        ("x is y", "this comparison is not allowed", 0),
        ("sum(x, axis=0)", "keyword arguments are not allowed", 12),
        ("sum(*x)", "a star is not allowed", 4),
        ("x[y]", "an index is not a whole number", 2),
        ("α + é.real", "an attribute is not allowed", 4),
        ("x +", "this is no formula", 3),
        ("x**(2", "this is no formula", 3),
    ],
)
def test_what_is_not_allowed_is_pointed_at(text: str, message: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    lines = str(caught.value).splitlines()
    assert message in lines[0]
    where = next(k for k, line in enumerate(lines) if line.startswith("  where"))
    assert lines[where] == f"  where     {text}"
    assert lines[where + 1].index("^") - len("  where     ") == column


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty text"),
        ("-" * 9000 + "x", "nested too deeply"),
        ("x" * 20_000, "too long"),
        ("x + 1" + "0" * 400, "the number is too large"),
        ("x\0", "this is no formula"),
    ],
)
def test_strange_texts(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        evaluate(text, x=1.0)


@pytest.mark.parametrize("text", ["(" * 150 + "x" + ")" * 150, "+".join("x" * 300)])
def test_long_and_deep_formulas(text: str) -> None:
    assert evaluate(text, x=1.0) == text.count("x")


def test_a_long_formula_is_cut_around_the_column() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("x + " * 40 + "y.real" + " + x" * 40)
    where, caret = str(caught.value).splitlines()[1:3]
    assert where[caret.index("^") :].startswith("y.real")
    assert len(where) <= 12 + 80


def test_an_error_of_numpy_is_pointed_at() -> None:
    with pytest.raises(
        ExpressionError, match=r"cannot be computed.*\n  where     1 \+ dot\(x, y\)"
    ):
        evaluate("1 + dot(x, y)", x=np.ones(2), y=np.ones(3))
    with pytest.raises(ExpressionError, match=r"cannot be computed"):
        evaluate("x[5]", x=np.ones(2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1.0),
        ("-2.5e-3", -0.0025),
        ("pi/2", math.pi / 2),
        ("1,2,3", [1.0, 2.0, 3.0]),
        ("[1, 2]", [1.0, 2.0]),
        ("4,", [4.0]),
        ("1,2;3,4", [[1.0, 2.0], [3.0, 4.0]]),
    ],
)
def test_values(text: str, expected: object) -> None:
    np.testing.assert_array_equal(parse_value(text), expected)
    assert np.shape(parse_value(text)) == np.shape(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2;3", "rows of a value have different lengths"),
        ("y", "a value holds the name 'y'"),
        ("1,(2,3)", "a tuple is not allowed"),
        ("1 < 2", "an entry of a value is not a number"),
        ("", "empty text"),
    ],
)
def test_bad_values(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse_value(text)


METHODS = ("reverse", "forward", "complex", "central", "differences", "richardson")


@pytest.mark.parametrize("method", METHODS)
def test_grad_prints_value_and_derivatives(capsys: pytest.CaptureFixture[str], method: str) -> None:
    code, out, _ = run(capsys, "grad", "x**2*sin(y)", "x=1", "y=2", "--method", method)
    assert code == 0
    tolerance = 1e-6 if method == "differences" else 1e-8
    assert out.splitlines()[0] == "f(x, y) = x**2*sin(y)"
    assert float(row(out, "value")) == math.sin(2)
    assert float(row(out, "df/dx")) == pytest.approx(2 * math.sin(2), rel=tolerance)
    assert float(row(out, "df/dy")) == pytest.approx(math.cos(2), rel=tolerance)


@pytest.mark.parametrize("method", METHODS)
def test_second_order(capsys: pytest.CaptureFixture[str], method: str) -> None:
    words = ("grad", "x**2*sin(y)", "x=1.5", "y=2", "--order", "2", "--method", method)
    code, out, _ = run(capsys, *words)
    assert code == 0
    tolerance = {"differences": 1e-3, "central": 1e-5}.get(method, 1e-7)
    assert float(row(out, "d²f/dx²")) == pytest.approx(2 * math.sin(2), rel=tolerance)
    assert float(row(out, "d²f/dxdy")) == pytest.approx(3 * math.cos(2), rel=tolerance)
    assert float(row(out, "d²f/dy²")) == pytest.approx(-2.25 * math.sin(2), rel=tolerance)


def test_symbolic_prints_formulas_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sympy")
    words = ("grad", "x**2*sin(y)", "x=1", "y=2", "--order", "2", "--method", "symbolic")
    code, out, _ = run(capsys, *words)
    assert code == 0
    lines = [line.strip() for line in out.splitlines()]
    for label, formula, value in (
        ("df/dx", "2*x*sin(y)", 2 * math.sin(2)),
        ("df/dy", "x**2*cos(y)", math.cos(2)),
        ("d²f/dxdy", "2*x*cos(y)", 2 * math.cos(2)),
    ):
        assert row(out, label).replace(".0", "") == formula
        following = next(k for k, line in enumerate(lines) if line.startswith(label + " ")) + 1
        assert float(lines[following]) == pytest.approx(value, rel=1e-15)
    code, _, err = run(capsys, "grad", "sum(x)", "x=1,2", "--method", "symbolic")
    assert code == 2
    assert "symbolic differentiation takes numbers only" in err


def test_arrays_and_a_leading_minus(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "grad", "-sum(x**2)", "x=1,2,3")
    assert code == 0
    assert row(out, "df/dx") == "[-2., -4., -6.]"
    code, out, _ = run(capsys, "grad", "a @ x", "x=1,2", "a=1,2;3,4")
    assert code == 0
    assert row(out, "value") == "[ 5., 11.]"
    assert "df/da" in out


def test_all_methods_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "grad", "x**2*sin(y)", "x=1", "y=2", "--method", "all")
    assert code == 0
    for method in ("AD reverse", "AD forward", "symbolic", "complex", "central", "Richardson"):
        line = next(line for line in out.splitlines() if method in line)
        assert "1.818" in line, line
        assert "-0.416" in line, line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("x*y", "x=1"), "y has no value."),
        (("x*y*z", "x=1"), "y, z have no value."),
        (("x", "x=1", "y=2"), "y has a value but does not occur in the formula."),
        (("x", "x=1", "x=2"), "x has two values."),
        (("x", "1"), "a value cannot be read."),
        (("1+2",), "the formula has no names to differentiate by."),
        (("x*", "x=1"), "this is no formula"),
    ],
)
def test_bad_commands(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, "grad", *words)
    assert code == 2
    assert out == ""
    assert err.startswith("wengert: " + message)


def test_nothing_typed_is_executed(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "made"
    for formula in (f"open({str(target)!r}, 'w')", f"__import__('pathlib').Path({str(target)!r})"):
        assert run(capsys, "grad", formula, "x=1")[0] == 2
        assert run(capsys, "grad", "x", f"x={formula}")[0] == 2
    assert not target.exists()


@pytest.mark.parametrize("words", [(), ("grad",), ("other",), ("grad", "x", "x=1", "--order", "3")])
def test_argparse_refuses(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert "usage: wengert" in capsys.readouterr().err


def test_version_in_a_new_process() -> None:
    command = [
        sys.executable,
        "-c",
        "import sys, wengert.cli as c; sys.exit(c.main())",
        "--version",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == f"wengert {wg.__version__}"
