"""The benchmarks' programs mean the same in every library, and the stopwatch counts right.

No time is asserted: clocks are made up where a number depends on one.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are not part of an installed package")

from benchmarks import eager, profiling, report, scaling, timing
from benchmarks.__main__ import main
from benchmarks.libraries import LOADERS, Library, as_numpy
from benchmarks.programs import LOOPS, OPERATIONS, Workload, chain, curve_fits, log_densities

DERIVATIVES = [*log_densities(), *(chain(name, size) for name in OPERATIONS for size in (1, 9))]


def library(name: str) -> Library:
    """The library, or a skip that says which peer is not installed."""
    if name != "wengert":
        pytest.importorskip(name, reason=f"{name} is not installed: peers are optional")
    return LOADERS[name]()


def central_jacobian(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Richardson's extrapolation of central differences: independent of every library here."""

    def differences(step: float) -> np.ndarray:
        columns = []
        for index in np.ndindex(x.shape):
            ahead, behind = x.copy(), x.copy()
            ahead[index] += step
            behind[index] -= step
            columns.append((np.asarray(function(ahead)) - np.asarray(function(behind))) / 2 / step)
        return np.stack(columns, axis=-1)

    extrapolated = (4.0 * differences(0.5e-3) - differences(1e-3)) / 3.0
    return extrapolated.reshape(*extrapolated.shape[:-1], *x.shape)


def check(derivative: Any, expected: np.ndarray) -> None:
    """Equal to seven digits of the largest entry."""
    derivative = as_numpy(derivative)
    assert derivative.shape == expected.shape
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(derivative, expected, rtol=0.0, atol=1e-7 * scale)


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("workload", DERIVATIVES, ids=lambda w: f"{w.name}-{w.size}")
def test_gradients_agree(workload: Workload, name: str) -> None:
    peer = library(name)
    plain = workload.bind(np, lambda array: array)
    bound = workload.bind(peer.module, peer.constant)
    argument = peer.argument(workload.argument)
    np.testing.assert_allclose(as_numpy(bound(argument)), plain(workload.argument), rtol=1e-10)
    check(peer.gradient(bound)(argument), central_jacobian(plain, workload.argument))


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("workload", curve_fits(), ids=lambda w: w.name)
def test_jacobians_agree(workload: Workload, name: str) -> None:
    calls = eager.jacobian_calls(workload, [library(name)])
    expected = central_jacobian(workload.bind(np, lambda array: array), workload.argument)
    assert expected.shape == (100, 3)
    np.testing.assert_allclose(calls.pop(eager.SCIPY)(), expected, atol=1e-5)
    assert calls
    for call in calls.values():
        check(call(), expected)


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_loops_agree(loop: Any, name: str) -> None:
    peer = library(name)
    if loop.assigns and not peer.can_assign:
        pytest.skip(f"{name} cannot assign into an array")
    n = 7
    x = loop.argument(n)
    plain = lambda x: loop.function(np, np.zeros, n, x)
    bound = scaling.loop_function(loop, peer, n)
    argument = peer.argument(x)
    np.testing.assert_allclose(as_numpy(bound(argument)), plain(x), rtol=1e-12)
    check(scaling.gradient_call(loop, peer, n)(), central_jacobian(plain, x))


def test_programs_leave_their_data_alone() -> None:
    for workload in (*DERIVATIVES, *curve_fits()):
        before = [array.copy() for array in (workload.argument, *workload.constants)]
        workload.bind(np, lambda array: array)(workload.argument)
        after = (workload.argument, *workload.constants)
        assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


class Clock:
    """Time that passes only when a contestant says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def contestant(self, name: str, seconds: float) -> Callable[[], None]:
        def call() -> None:
            self.calls.append(name)
            self.now += seconds

        return call


def test_race_counts_seconds_per_call() -> None:
    clock = Clock()
    calls = {"quick": clock.contestant("quick", 0.25), "slow": clock.contestant("slow", 0.5)}
    result = timing.race(calls, rounds=5, block_seconds=0.5, clock=clock)
    assert result.seconds == {"quick": (0.25,) * 5, "slow": (0.5,) * 5}
    assert result.first_seconds == {"quick": 0.25, "slow": 0.5}
    ratio = result.ratio("quick", "slow")
    assert ratio == timing.Ratio(0.5, 0.5, 0.5)
    assert ratio.is_faster
    assert str(ratio) == "0.50 (0.50-0.50)"
    assert result.ratio("quick", "absent") is None


def test_race_interleaves_and_turns_the_order() -> None:
    clock = Clock()
    calls = {name: clock.contestant(name, 1.0) for name in "abc"}
    timing.race(calls, rounds=3, block_seconds=1.0, clock=clock)
    assert "".join(clock.calls[-9:]) == "abcbcacab"


def test_race_goes_on_without_a_contestant_that_raises() -> None:
    clock = Clock()

    def broken() -> None:
        raise NotImplementedError("no rule")

    calls = {"broken": broken, "sound": clock.contestant("sound", 1.0)}
    result = timing.race(calls, rounds=2, block_seconds=1.0, clock=clock)
    assert list(result.seconds) == ["sound"]
    assert result.errors == {"broken": "NotImplementedError: no rule"}
    assert result.as_dict()["median"] == {"sound": 1.0}


def test_verdict_is_the_ratio_of_medians_against_nine_tenths() -> None:
    seconds = {"ours": (0.9, 0.9, 5.0), "theirs": (1.0, 1.0, 1.0), "near": (0.91, 0.91, 0.1)}
    result = timing.Race(seconds, {}, {})
    ours, near = result.ratio("ours", "theirs"), result.ratio("near", "theirs")
    assert ours == timing.Ratio(0.9, 0.9, 5.0)
    assert ours.is_faster
    assert near is not None
    assert not near.is_faster


def test_block_turns_garbage_collection_off_and_on_again() -> None:
    states: list[bool] = []
    assert gc.isenabled()
    timing.block(lambda: states.append(gc.isenabled()), 2, Clock())
    assert states == [False, False]
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        timing.block(lambda: 1 // 0, 1, Clock())
    assert gc.isenabled()


def test_limit_threads_says_that_numpy_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in timing.THREAD_VARIABLES:
        monkeypatch.setenv(variable, "8")
    assert timing.limit_threads() is False
    assert {os.environ[variable] for variable in timing.THREAD_VARIABLES} == {"1"}


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_growth_recovers_the_exponent(power: float) -> None:
    assert scaling.growth({n: 3e-6 * n**power for n in (100, 316, 1000)}) == pytest.approx(power)


def test_growth_of_one_point_is_unknown_and_curves_use_their_last_decade() -> None:
    assert scaling.growth({100: 1.0}) is None
    curve = scaling.Curve("loop", "library")
    assert curve.exponent("again") is None
    curve.points["again"] = {10: 7.0, 100: 7.0, 1000: 10.0, 10_000: 1000.0}
    assert curve.exponent("again") == pytest.approx(2.0)


def test_peak_memory_sees_an_array_that_is_gone_again() -> None:
    assert 8_000_000 <= scaling.peak_memory(lambda: float(np.zeros(1_000_000).sum())) < 9_000_000


def test_disagreement_names_who_differs() -> None:
    calls = {"a": lambda: np.ones(3), "b": lambda: np.array([1.0, 1.0, 1.1]), "c": lambda: 1 // 0}
    assert eager.disagreement(calls, {}) == "b differs from a"
    assert eager.disagreement(calls, {"b": 0.2}) == ""
    assert eager.disagreement({"c": calls["c"]}, {}) == ""
    assert eager.disagreement({"a": calls["a"], "d": lambda: np.ones((3, 1))}, {}) != ""


def test_eager_writes_every_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gradients = [chain("sin", 1, links=2), log_densities()[0]]
    eager.run(1, tmp_path, gradients, curve_fits()[:1], block_seconds=1e-5)
    written = json.loads((tmp_path / "eager.json").read_text())
    assert [row["name"] for row in written["gradients"]] == ["sin", "poisson log-density"]
    assert all(row["median"][eager.FORWARD] > 0.0 for row in written["gradients"])
    assert all(not row["disagreement"] for row in written["gradients"] + written["jacobians"])
    assert eager.SCIPY in written["jacobians"][0]["median"]
    assert written["environment"]["versions"]["numpy"] == np.__version__
    printed = capsys.readouterr().out
    assert "poisson log-density" in printed
    assert "DISAGREEMENT" not in printed
    assert "FAILED" not in printed


def test_scaling_writes_every_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scaling.run(1, tmp_path, LOOPS[2:3], (4, 8))
    written = json.loads((tmp_path / "scaling.json").read_text())
    curves = {curve["library"]: curve for curve in written["curves"]}
    assert set(curves) | set(written["missing"]) == set(LOADERS)
    for name, curve in curves.items():
        can_assign = LOADERS[name]().can_assign
        assert list(curve["points"]["again"]) == (["4", "8"] if can_assign else [])
        assert curve["note"] == ("" if can_assign else "cannot assign")
    assert "Gradient of indexed writes in a Python loop" in capsys.readouterr().out


def test_plots_are_written_where_matplotlib_is(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    race = timing.Race({"wengert": (1.0,), "autograd": (2.0,)}, {}, {})
    rows = [eager.Row(chain("sin", size), race, "") for size in (1, 10)]
    assert eager.draw(rows, tmp_path / "eager.png") == tmp_path / "eager.png"
    curve = scaling.Curve("indexed reads", "wengert")
    curve.points["again"] = {10: 1.0, 100: 10.0}
    scaling.draw([curve], tmp_path / "scaling.png")
    for name in ("eager.png", "scaling.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_tables_and_units() -> None:
    text = report.plain_table("Title", ["a", "b"], [["row", "1"], ["longer row", "22"]])
    assert text.splitlines()[1:] == [
        "Title",
        "a            b",
        "--------------",
        "row          1",
        "longer row  22",
    ]
    seconds = (None, 2.5e-6, 2.5e-3, 2.5)
    assert [report.duration(value) for value in seconds] == ["-", "2.5 us", "2.5 ms", "2.5 s"]
    sizes = (None, 1500, 2.5e6, 3e9)
    assert [report.size(value) for value in sizes] == ["-", "1.5 kB", "2.5 MB", "3 GB"]


def test_profile_prints_the_costliest_functions(capsys: pytest.CaptureFixture[str]) -> None:
    library("autograd")
    profiling.run("sin", 1, "autograd", seconds=0.01)
    assert "autograd: sin at 1" in capsys.readouterr().out
    with pytest.raises(KeyError, match="no program 'sine': one of"):
        profiling.find("sine", 1, "autograd")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["eager", "--rounds", "0"], "--rounds is 0: at least one round is needed"),
        (["profile", "--program", "sine"], "--program: one of poisson log-density"),
        (["unknown"], "invalid choice: 'unknown'"),
    ],
)
def test_command_line_refuses(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in timing.THREAD_VARIABLES:
        monkeypatch.setenv(variable, "1")
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
