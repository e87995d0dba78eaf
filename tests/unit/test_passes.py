"""The stages of `optimize`: what they write for small Programs, and what they must leave alone."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert import numpy as wnp
from wengert.errors import ArgumentError
from wengert.ir import Equation, Literal, Program, Var, registry
from wengert.ir.check import check
from wengert.ir.program import sub_programs
from wengert.ir.text import parse_program
from wengert.passes import Report, optimize
from wengert.passes.inline import LARGE
from wengert.trace.evaluate import evaluate
from wengert.types import Type


def optimized(f: Any, *args: Any, report: Report | None = None, **options: Any) -> Program:
    """The optimized trace of `f`, after it was compared with the trace."""
    program = wg.trace(f)(*args)
    done = check(optimize(program, report, **options))
    values = [*args, *program.captured]
    for a, b in zip(evaluate(done, values), evaluate(program, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    return done


def names(program: Program) -> list[str]:
    return [eq.primitive.name for eq in program.equations]


X = np.array([0.3, -1.2, 2.0])

# -- the whole -------------------------------------------------------------------------------------


def test_report_says_what_was_done():
    report = Report()
    program = wg.trace(lambda x: -np.negative(x) * 1.0 + np.exp(x) + np.exp(x))(X)
    optimize(program, report)
    assert [s.stage for s in report.stages][:3] == ["inline", "fold", "algebra"]
    assert report.fired["-(-x) = x"] == report.fired["x * 1 = x"] == 1
    assert report.fired["computed before"] == 1
    assert report.stages[0].before == 7 and report.stages[-1].after == 3
    assert report.seconds >= 0 and "-(-x) = x" in str(report)


def test_stages_run_alone_and_are_left_out():
    program = wg.trace(lambda x: x * 1.0 + np.exp(x) + np.exp(x))(X)
    assert names(optimize(program, stages=["share"])) == ["mul", "exp", "add", "add"]
    assert names(optimize(program, stages=["algebra"])) == ["exp", "add", "exp", "add"]
    assert optimize(program, stages=[]) == program
    with pytest.raises(ArgumentError, match="no such stage"):
        optimize(program, stages=["simplify"])


def test_sources_inputs_and_captured_values_stay():
    w = np.arange(3.0)
    program = wg.trace(lambda x, unused: np.sin(x * 1.0) + (x - (-w)))(X, X)
    done = optimize(program)
    assert done.inputs == program.inputs and done.captured == program.captured
    assert all(eq.source is not None for eq in done.equations)


def test_rounding_and_signs_of_zeros_are_asked_for():
    program = wg.trace(lambda x: x**3 + 0.0)(X)
    assert names(optimize(program, rounding=False)) == ["power", "add"]
    assert names(optimize(program)) == ["mul", "mul", "add"]
    assert names(optimize(program, signed_zeros=False)) == ["mul", "mul"]


def test_logarithms_of_exponentials_stay():
    assert names(optimized(lambda x: np.log(np.exp(x)) + (x - x) + 0.0 * x, X)).count("log") == 1


def test_nothing_that_warns_is_computed_ahead():
    text = "program():\n a: float64[] = div(1.0, 0.0)\n b: float64[] = log(-1.0)\n return a, b"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert names(optimize(parse_program(text))) == ["div", "log"]


def straight_line(n: int) -> Program:
    rng = np.random.default_rng(0)
    type_ = Type((), float)
    inputs = [Var(type_) for _ in range(5)]
    values = list(inputs)
    equations = []
    for _ in range(n):
        name = str(rng.choice(["add", "mul", "sub", "sin", "neg", "div", "exp"]))
        count = 1 if name in ("sin", "neg", "exp") else 2
        atoms: list[Any] = [values[-1 - rng.integers(min(30, len(values)))] for _ in range(count)]
        if count == 2 and rng.random() < 0.3:
            atoms[1] = Literal(float(rng.integers(1, 4)))
        out = Var(type_)
        equations.append(Equation(registry[name], tuple(atoms), {}, (out,)))
        values.append(out)
    return Program(inputs, equations, values[-30:])


def test_cost_is_linear_and_depth_does_not_matter():
    def seconds(n: int) -> float:
        program = straight_line(n)
        best = np.inf
        for _ in range(3):
            start = time.perf_counter()
            optimize(program)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(8000) < 12 * seconds(2000)  # 4 times the work, and room for a busy machine

    def deep(x):
        for _ in range(3000):
            x = -np.sin(x)
        return x[1]

    optimized(deep, np.ones(100))


# -- calls, checkpoints, guards --------------------------------------------------------------------


def test_calls_and_custom_rules_are_written_out():
    @wg.custom_jvp
    def doubled(x):
        return 2.0 * x

    doubled.defjvp(lambda primals, tangents: (doubled(*primals), 2.0 * tangents[0]))
    inner = wg.jit(lambda x: np.sin(x) * doubled(x))
    assert names(optimized(lambda x: inner(x) + inner(x), X)) == ["sin", "mul", "mul", "add"]


def test_a_large_program_that_runs_twice_stays_a_call():
    @wg.jit
    def large(x):
        for _ in range(LARGE):
            x = np.sin(x * 2.0)
        return x

    assert names(optimized(lambda x: large(large(x)), X)) == ["call", "call"]
    assert len(optimized(large, X).equations) == 2 * LARGE


def test_a_checkpoint_computes_again():
    @wg.checkpoint
    def layer(x):
        return np.sin(np.sin(np.sin(x)))

    program = optimized(wg.grad(lambda x: np.sum(layer(layer(x)))), X)
    assert names(program).count("checkpoint") >= 3
    inner = [p for eq in program.equations for _, p in sub_programs(eq.params)]
    assert sum(names(p).count("sin") for p in inner) == 7


GUARDED = """
program(a: float64[3]):
  b: float64[3] = sin(a)
  c: float64[] = sum[axes=(0,), keepdims=False](b)
  d: float64[] = mul(c, 1.0)
  e: bool[] = gt(d, -10.0)
  () = guard[answer=True](e)
  f: bool[] = gt(c, 10.0)
  () = guard[answer=False](f)
  () = guard[answer=True](e)
  g: float64[] = mul(3.0, 1.0)
  return g
"""


def test_guards_stay_in_order():
    program = parse_program(GUARDED)
    done = check(optimize(program))
    answers = [eq.params["answer"] for eq in done.equations if not eq.outputs]
    assert answers == [True, False, True]
    assert names(done) == ["sin", "sum", "gt", "guard", "gt", "guard", "guard", "full"]
    assert evaluate(done, [X]) == [3.0]


# -- control flow ----------------------------------------------------------------------------------


def body_of(program: Program, name: str = "scan") -> Program:
    (eq,) = [eq for eq in program.equations if eq.primitive.name == name]
    return check(eq.params["body"])


def test_a_known_branch_is_taken():
    def f(x):
        return wg.cond(True, np.sin, np.cos, x)

    assert names(optimized(f, X)) == ["sin"]
    assert names(optimized(lambda x: wg.cond(x[0] > 0, np.sin, np.sin, x), X)) == ["sin"]
    assert "cond" in names(optimized(lambda x: wg.cond(x[0] > 0, np.sin, np.cos, x), X))


def test_scans_of_no_turn_and_of_one():
    def f(n):
        return lambda x, xs: wg.scan(lambda c, x: (np.sin(c) * x, c), x, xs[:n])

    once = optimized(f(1), X, np.ones((2, 3)))
    assert sorted(names(once)) == ["index", "mul", "reshape", "sin"]
    assert names(optimized(f(0), X, np.ones((2, 3)))) == ["full"]


def test_a_while_loop_that_never_runs():
    def f(x):
        return wg.while_loop(lambda c: wnp.zeros((), bool), np.sin, x)

    assert "while" not in names(optimized(f, X))


def test_what_no_turn_changes_is_moved_out():
    def f(x, w):
        return wg.scan(lambda c, _: (c * np.exp(w) + np.sum(w), None), x, length=4)[0]

    program = optimized(f, X, X)
    assert names(body_of(program)) == ["mul", "add"]
    assert sorted(names(program)) == ["exp", "scan", "sum"]

    def g(x, w):
        return wg.while_loop(lambda c: np.sum(c) < 10.0, lambda c: c + np.exp(w), x)

    assert names(body_of(optimized(g, X, X), "while")) == ["add"]


def test_what_nobody_needs_is_dropped():
    def f(x, w):
        (a, b), ys = wg.scan(lambda c, x: ((c[0] * x, c[1] + c[0]), np.sin(c[0])), (x, w), w)
        return a

    program = optimized(f, 1.5, X)
    assert names(body_of(program)) == ["mul"]
    assert len(program.equations[-1].outputs) == 1


def test_equal_constants_become_one():
    report = Report()

    def f(x, w):
        return wg.scan(lambda c, _: (c * w * (w * 1.0 + c), None), x, length=3)[0]

    program = wg.trace(f)(X, X)
    (eq,) = program.equations
    body = eq.params["body"]
    first = body.inputs[0]
    twin = Var(first.type)
    last = body.equations[-1]
    last = Equation(registry["add"], (last.inputs[0], twin), {}, last.outputs)
    inputs = (first, twin, *body.inputs[1:])
    twice = Program(inputs, [*body.equations[:-1], last], body.outputs)
    params = {**eq.params, "body": twice, "n_consts": 2}
    eq = Equation(eq.primitive, (eq.inputs[0], *eq.inputs), params, eq.outputs)
    program = check(Program(program.inputs, [eq], program.outputs))
    done = check(optimize(program, report))
    assert report.fired["constant that stands twice"] == 1
    np.testing.assert_allclose(evaluate(done, [X, X]), evaluate(program, [X, X]))


@pytest.mark.parametrize("order", [1, 2])
def test_loops_of_unknown_length_and_their_derivatives(order):
    def halve(x, w):
        def body(state):
            return state[0] * 0.5, state[1] * np.sin(state[0]) * np.exp(w)

        return wg.while_loop(lambda state: state[0] > 1.0, body, (x, x))[1]

    f = halve
    for _ in range(order):
        f = wg.grad(f, 0)
    for x in (5.0, 0.5):
        optimized(f, x, 0.3)
    optimized(wg.vmap(f), np.array([5.0, 0.5, 9.0]), X)


# -- what is asked for -----------------------------------------------------------------------------


def test_a_loop_over_elements_becomes_its_values():
    def f(x):
        p = wnp.zeros(4)
        p[0] = x[0]
        for k in range(1, 4):
            p[k] = np.sin(p[k - 1]) * x[k]
        return p

    done = optimized(f, np.arange(4.0))
    assert names(done).count("index") == 4 and names(done)[-1] == "stack"
    assert "index_set" not in names(done)


def test_only_what_is_asked_for_is_computed():
    def f(x, w):
        return np.exp(x * 2.0)[3] + (np.ones((50, 9)) * w)[7, 2] + np.sum(np.sin(w), axis=1)[0]

    done = optimized(f, np.arange(40.0), np.random.default_rng(0).normal(size=(50, 9)))
    assert max(v.type.size for eq in done.equations for v in eq.outputs) <= 9


def test_a_row_of_a_product_is_one_product_of_a_row():
    rng = np.random.default_rng(0)
    done = optimized(lambda a, b: (a @ b)[2], rng.normal(size=(6, 4)), rng.normal(size=(4, 5)))
    assert names(done) == ["index", "dot"]
    assert done.equations[1].inputs[0].type.shape == (4,)


def test_what_is_read_whole_is_not_computed_twice():
    done = optimized(lambda x: np.sum(np.exp(x)) + np.exp(x)[0], X)
    assert names(done).count("exp") == 1


def test_a_large_product_is_never_stored():
    rng = np.random.default_rng(0)

    def f(a, b):
        return np.sum(a[:, None, :] * b[None], axis=2)

    done = optimized(f, rng.normal(size=(60, 30)), rng.normal(size=(40, 30)))
    assert max(v.type.size for eq in done.equations for v in eq.outputs) == 2400
    assert "dot" in names(optimize(done, stages=["products", "dead"]))


def test_derivatives_of_extremes_stay_sparse():
    done = optimized(wg.grad(lambda x: np.max(np.sin(x))), np.arange(50.0))
    assert "place" in names(done)


def test_parts_of_what_a_loop_gives_are_asked_of_the_whole():
    def inner(c, v):
        return c * v, c * 2.0

    def outer(c, v):
        c, ys = wg.scan(inner, c, np.ones(3))
        h = c + 0.3 * np.sum(ys, axis=0)
        return h * v, h[3]

    x = np.linspace(0.0, 1.0, 20)
    program = wg.trace(lambda x: wg.scan(outer, x, np.ones(4)))(x)
    for a, b in zip(evaluate(optimize(program), [x, *program.captured]), program(x), strict=True):
        np.testing.assert_array_equal(a, b)
