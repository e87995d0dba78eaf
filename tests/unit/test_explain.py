"""explain: what it finds out, for the terminal and as a page."""

from __future__ import annotations

import html.parser

import numpy as np
import pytest

import wengert as wg
from wengert.api import specialize
from wengert.errors import CompilerWarning
from wengert.ir.primitive import registry
from wengert.native import engine

pytestmark = pytest.mark.skipif(not engine.available(), reason="no LLVM here")


def layer(w, x):
    h = np.tanh(x @ w)
    return np.sum(h * h)


W, X = np.ones((8, 40)) / 8, np.linspace(0.0, 1.0, 400).reshape(50, 8)


def kinds(e):
    return [step.kind for step in e.block.walk()]


def test_a_fused_sum_is_one_nest_that_keeps_nothing():
    e = wg.explain(lambda x: np.sum(np.sin(x) ** 2 + x))(np.linspace(0, 1, 1000))
    assert e.verdict == "One native function: 1 loop nest; no call into Python."
    (nest,) = [s for s in e.block.steps if s.kind == "nest"]
    assert nest.title == "loop over 1,000"
    assert nest.fused["sin"] == 1
    assert any("lanes at a time, summing up" in text for _, text in nest.loops)
    assert [m.bytes for m in nest.made] == [8]
    assert any("test_explain.py" in line for line in nest.lines)


def test_what_is_said_of_a_gradient():
    e = wg.explain(wg.grad(layer))(W, X)
    text = str(e)
    assert text.startswith("layer(float64[8, 40], float64[50, 8])")
    assert "tanh" in text and "kept in the arena" in text and "[output]" in text
    assert e.arena_bytes >= 50 * 40 * 8
    assert set(e.seconds) == {"record", "passes", "write", "parse", "codegen", "link"}
    assert set(e.call_seconds) == {"native", "interpreter", "Python"}
    assert e.report.stages and e.cost.flops > 1000
    assert "define" in e.ir and "ret" in e.assembly
    pieces = e.block.memory
    assert pieces and all(p.offset + p.bytes <= e.arena_bytes for p in pieces)


def test_a_jitted_function_is_explained_with_its_specializations():
    f = wg.jit(lambda x: np.sqrt(x) if x > 0 else -x)
    f(-1.0)
    e = wg.explain(f)(4.0)
    assert [path.is_this for path in e.paths] == [True, False]
    assert all("test_explain.py" in path.guards[0] for path in e.paths)
    assert [s.title for s in e.block.steps if s.kind == "guard"] == ["stop unless b is True"]
    assert wg.explain(f)(-4.0).paths[0].guards[0].startswith("False at")


def test_giving_up_is_said():
    f = wg.jit(lambda x: x * int(x))
    for i in range(8):
        f(i + 0.5)
    with pytest.warns(RuntimeWarning, match="different paths"):
        f(8.5)
    e = wg.explain(f)(50.5)
    assert e.has_given_up and "uncompiled" in e.verdict


def test_loops_and_branches_hold_their_bodies():
    def f(x):
        y = wg.while_loop(lambda s: s[0] < 3.0, lambda s: (s[0] + 1.0, np.sin(s[1])), (x, x))[1]
        c, _ = wg.scan(lambda c, b: (c * b, None), y, np.ones(7))
        return wg.cond(c > 0, np.cos, np.exp, c)

    e = wg.explain(f)(1.0)
    steps = {s.kind: s for s in e.block.steps}
    assert {"loop", "branch"} <= set(steps)
    titles = [s.title for s in e.block.steps if s.kind == "loop"]
    assert titles == ["while: while its condition holds", "scan: 7 turns"]
    assert len(steps["branch"].blocks) == 2
    assert "| 1." in str(e)


def test_calls_of_libraries_and_of_the_interpreter_are_told_apart():
    a = np.eye(60) * 2.0
    e = wg.explain(lambda a, b: np.linalg.solve(a, b))(a, np.ones(60))
    (call,) = [s for s in e.block.steps if s.kind == "library"]
    assert call.title.startswith("solve: LAPACK dgetrf")
    assert e.count("callback") == 0


def test_a_callback_gives_its_reason(monkeypatch):
    monkeypatch.setattr(registry["sin"], "emit", None)
    e = wg.explain(lambda x: np.sin(x) * 0.123)(np.ones(20))
    (back,) = [s for s in e.block.steps if s.kind == "callback"]
    assert back.detail == "sin has no native form"
    assert e.verdict.endswith("1 call back into the interpreter.")
    assert "class='verdict fair'" in e._repr_html_()


def test_a_jacobian_says_which_mode_and_what_the_other_costs():
    tall = wg.explain(wg.jacobian(lambda x: np.outer(np.sin(x), np.ones(50)).ravel()))(np.ones(3))
    (choice,) = tall.choices
    assert choice.is_forward and (choice.n_inputs, choice.n_outputs) == (3, 150)
    costs = {way.name: way.cost.flops for way in choice.ways}
    assert costs["forward"] < costs["reverse"]
    assert "Jacobian, 150 × 3: forward\n" in str(tall)
    assert {way.n_products for way in choice.ways if way.name == "reverse"} == {150}
    wide = wg.explain(wg.jacobian(lambda x: np.sin(x).reshape(3, 20).sum(1)))(np.ones(60))
    assert not wide.choices[0].is_forward and wide.choices[0].reason.startswith("Reverse mode")
    asked = wg.explain(wg.jacfwd(np.sin))(np.ones(3))
    assert asked.choices[0].reason == 'mode="forward" was asked for.'


class Checker(html.parser.HTMLParser):
    """Every element that is opened is closed, in order."""

    VOID = frozenset({"meta", "br", "rect", "line"})

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_stands_alone(tmp_path):
    e = wg.explain(wg.grad(layer))(W, X)
    path = tmp_path / "page.html"
    e.save(path)
    page = path.read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(page)
    assert not checker.open
    assert page.startswith("<!doctype html>") and "tanh" in page and "<svg" in page
    assert "http" not in page and "src=" not in page
    assert "<main>" in e._repr_html_() and "<html" not in e._repr_html_()


def test_without_native_code_the_reason_is_said(monkeypatch):
    monkeypatch.setattr(engine, "available", lambda: False)
    monkeypatch.setattr(engine, "reason", lambda: "ImportError: llvmlite")
    e = wg.explain(np.sin)(1.0)
    assert e.verdict.startswith("Runs on the interpreter: there is no native code")
    assert e.block is None and "poor" in e._repr_html_() and "native" not in e.call_seconds
    assert "sin" in str(e)


def test_a_failed_compilation_is_said(monkeypatch):
    def broken(program, optimize, donors):
        raise RuntimeError("no")

    monkeypatch.setattr(specialize, "executable_for", broken)
    with pytest.warns(CompilerWarning, match="RuntimeError: no"):
        e = wg.explain(np.cos)(1.0)
    assert "the compiler failed, RuntimeError: no" in e.verdict


def test_keyword_arguments_and_methods():
    class Model:
        def value(self, x, *, scale=1.0):
            return scale * np.sin(x)

    e = wg.explain(Model().value)(1.0, scale=2.0)
    assert e.name.endswith("Model.value") and e.signature == "float64[], float64[]"
