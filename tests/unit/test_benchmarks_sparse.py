"""The sparse suite's programs mean the same to everybody, and its bookkeeping is right.

Problems are tiny. Wengert is compared with differences and with its dense derivatives, CasADi with
Wengert. No time is asserted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

pytest.importorskip("benchmarks", reason="the benchmarks are not part of an installed package")

from benchmarks import sparse, sparse_coloring, sparse_peers, timing
from benchmarks.__main__ import SPARSE, parser
from benchmarks.sparse_peers import Answer, contestants
from benchmarks.sparse_problems import Problem, brusselator, bundle, cluster, problems, rosenbrock

import wengert as wg

MAKERS: list[Callable[[], Problem]] = [
    partial(bundle, 3, 5, 9),
    partial(brusselator, 6),
    partial(rosenbrock, 9),
    partial(cluster, 15),
]
each_problem = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.func.__name__)


def needs_casadi() -> None:
    pytest.importorskip("casadi", reason="casadi is not installed: peers are optional")


def differences_of(function: Callable[..., Any], problem: Problem) -> np.ndarray:
    """Central differences of all outputs in all free arguments, side by side."""
    columns = []
    for place, part in enumerate(problem.free):
        for index in np.ndindex(part.shape):
            ends = []
            for step in (1e-5, -1e-5):
                arguments = [np.array(argument) for argument in problem.arguments]
                arguments[place][index] += step
                ends.append(sparse_peers.flat(function(*arguments)))
            columns.append((ends[0] - ends[1]) / 2e-5)
    return np.stack(columns, axis=1)


@each_problem
def test_wengert_agrees_with_differences(make: Callable[[], Problem]) -> None:
    problem = make()
    function = problem.function if problem.order == 1 else wg.grad(problem.function)
    expected = differences_of(function, problem)
    value, derivative = sparse_peers.wengert(problem)()
    np.testing.assert_allclose(value, sparse_peers.flat(problem.function(*problem.arguments)))
    scale = np.max(np.abs(expected))
    np.testing.assert_allclose(derivative.toarray(), expected, rtol=0.0, atol=1e-7 * scale)


@each_problem
def test_structures_are_those_that_wengert_finds(make: Callable[[], Problem]) -> None:
    problem = make()
    argnums = tuple(range(problem.n_free))
    found = wg.sparse.pattern(problem.function, argnums, order=problem.order)(*problem.arguments)
    assert problem.structure.shape == found.shape
    assert np.all(problem.structure.data > 0.0)  # no zeros are stored
    assert np.array_equal(problem.structure.toarray() != 0.0, found.matrix.toarray())


@each_problem
def test_peers_agree(make: Callable[[], Problem]) -> None:
    problem = make()
    calls = contestants(problem)
    assert next(iter(calls)) == "wengert"
    assert len(calls) >= 2
    answers = {name: (call(), call())[1] for name, call in calls.items()}  # prepared, then again
    for name, difference in sparse.apart(answers).items():
        assert difference <= sparse.TOLERANCES.get(name, 1e-12), name


@each_problem
def test_casadi_takes_part(make: Callable[[], Problem]) -> None:
    needs_casadi()
    problem = make()
    calls = contestants(problem)
    answer = calls["casadi"]()
    assert answer.derivative.shape == problem.structure.shape
    assert sparse.apart({"wengert": calls["wengert"](), "casadi": answer})["casadi"] < 1e-12


def test_casadi_reads_arguments_anew() -> None:
    needs_casadi()
    for problem in (brusselator(3), bundle(2, 3, 4)):
        call = sparse_peers.contestants(problem)["casadi"]
        before = call().derivative.toarray()
        for part in problem.free:
            part += 0.125
        after = call().derivative.toarray()
        assert not np.allclose(before, after)
        np.testing.assert_allclose(
            after, sparse_peers.wengert(problem)().derivative.toarray(), rtol=1e-9, atol=1e-9
        )


def test_colors_are_counted() -> None:
    counts = sparse_peers.n_colors(brusselator(9))
    assert counts["wengert"] == 4
    assert counts["wengert dense"] == 18
    assert counts["scipy grouped 2-point"] >= 4
    assert sparse_peers.n_colors(rosenbrock(9))["wengert"] == 3


def test_sizes_and_names() -> None:
    small = problems(SPARSE)
    assert len(small) == 4
    assert len(problems(SPARSE, "all")) == 5
    assert [make().name for make in problems(["rosenbrock", "brusselator"])] == [
        "brusselator",
        "rosenbrock",
    ]
    assert brusselator(750).structure.nnz == 5996
    atoms, first, second = cluster(2483).arguments
    assert atoms.shape == (2483, 3)
    apart = np.linalg.norm(atoms[first] - atoms[second], axis=1)
    assert np.min(apart) > 0.9 and np.max(apart) <= 1.7


# ---- coloring ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sparse_coloring.COLORINGS)
def test_colorings_are_valid(name: str) -> None:
    laplacian = sparse_coloring.laplacian(9)
    colors = sparse_coloring.COLORINGS[name](laplacian)
    assert colors.shape == (81,)
    assert sparse_coloring.is_valid(laplacian, colors)
    assert 5 <= sparse_coloring.n_colors(colors) <= 13


def test_greedy_in_the_columns_order_is_what_wengert_does() -> None:
    laplacian = sparse_coloring.laplacian(12)
    colors = sparse_coloring.greedy(laplacian)
    np.testing.assert_array_equal(colors, sparse_coloring.wengert(laplacian))


def test_a_wrong_coloring_is_seen() -> None:
    matrix = csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]))
    assert sparse_coloring.is_valid(matrix, np.array([0, 1, 0]))
    assert not sparse_coloring.is_valid(matrix, np.array([0, 0, 1]))
    assert not sparse_coloring.is_valid(matrix, np.array([0, 1, -1]))
    assert sparse_coloring.n_colors(np.array([0, 1, 0])) == 2


# ---- bookkeeping -------------------------------------------------------------------------------


def test_distances_between_answers() -> None:
    value, matrix = np.array([1.0, -2.0]), csr_array(np.diag([4.0, 1.0]))
    moved = csr_array(np.diag([4.0, 1.0 + 4e-3]))
    answers = {
        "first": Answer(value, matrix),
        "same": Answer(value, matrix.toarray()),
        "derivative": Answer(value, moved),
        "value": Answer(value + 0.5, matrix),
        "shape": Answer(value, csr_array((3, 2))),
        "nan": Answer(value, csr_array(np.diag([4.0, np.nan]))),
    }
    found = sparse.apart(answers)
    assert list(found) == ["same", "derivative", "value", "shape", "nan"]
    assert found["same"] == 0.0
    assert found["derivative"] == pytest.approx(1e-3)
    assert found["value"] == pytest.approx(0.25)
    assert found["shape"] == np.inf
    assert not found["nan"] <= 1e-10


def test_slow_contestants_are_timed_once() -> None:
    now = 0.0

    def takes(seconds: float) -> Callable[[], None]:
        def call() -> None:
            nonlocal now
            now += seconds

        return call

    calls = {"quick": takes(1.0), "slow": takes(8.0)}
    race = timing.race(calls, 3, 1.0, clock=lambda: now, patience=4.0)
    assert race.seconds == {"quick": (1.0, 1.0, 1.0), "slow": (8.0,)}
    assert race.ratio("slow", "quick") == timing.Ratio(8.0, 8.0, 8.0)
    uneven = timing.Race({"quick": (1.0, 3.0, 3.0), "slow": (8.0,)}, {}, {})
    assert uneven.ratio("slow", "quick") == timing.Ratio(8.0, 8.0, 8.0)  # of the common round


def test_processor_time_counts_children() -> None:
    pytest.importorskip("resource", reason="only Unix counts the time of children")
    own, both = process_time(), sparse.processor_time()
    subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
    own, both = process_time() - own, sparse.processor_time() - both
    assert both > own + 0.001


def test_nothing_that_was_compiled_earlier_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENGERT_THREADS", "7")
    monkeypatch.delenv("WENGERT_CACHE", raising=False)
    with sparse.alone():
        assert (os.environ["WENGERT_THREADS"], os.environ["WENGERT_CACHE"]) == ("1", "off")
    assert os.environ["WENGERT_THREADS"] == "7"
    assert "WENGERT_CACHE" not in os.environ


def test_suite_writes_every_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["bundle", "coloring"]
    sparse.run(1, tmp_path, names, makers=MAKERS[1:3], side=5, block_seconds=1e-5)
    written = json.loads((tmp_path / "sparse.json").read_text())
    assert [row["name"] for row in written["rows"]] == ["brusselator", "rosenbrock", "coloring"]
    for row in written["rows"]:
        assert row["errors"] == row["wrong"] == {}
        assert row["first"].keys() == row["median"].keys() >= {"wengert"}
    assert "casadi" in written["environment"]["versions"]
    printed = capsys.readouterr().out
    assert "brusselator, 12 states: Jacobian, 12 x 12, 44 entries" in printed
    assert "colors of columns, 25 x 25, 105 entries" in printed
    assert "DISAGREEMENT" not in printed
    assert "FAILED" not in printed


def test_wrong_answers_and_failures_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(problem: Problem) -> Callable[[], Answer]:
        value, derivative = sparse_peers.wengert(problem)()
        return lambda: Answer(value, 1.5 * derivative)

    def failing(problem: Problem) -> Callable[[], Answer]:
        raise NotImplementedError("no such thing")

    monkeypatch.setattr(sparse_peers, "differences", wrong)
    monkeypatch.setattr(sparse_peers, "dense_jacobian", failing)
    row = sparse.measure(brusselator(3), 1, 1e-5)
    assert list(row.wrong) == ["scipy grouped 2-point"]
    assert row.race.errors["wengert dense"] == "NotImplementedError: no such thing"
    sparse.print_row(row)
    sparse.print_verdicts([row])
    printed = capsys.readouterr().out
    assert "DISAGREEMENT, brusselator, 6 states: scipy grouped 2-point differs from wen" in printed
    assert "FAILED, brusselator, 6 states, wengert dense: NotImplementedError" in printed


def test_picture_is_written_where_matplotlib_is(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    race = timing.Race({"wengert": (1e-3,), "casadi": (2e-3,)}, {"wengert": 1.0, "casadi": 2.0}, {})
    row = sparse.Row("Jacobian", "name", "size", race, {}, {}, {})
    picture = sparse.draw([row, row], tmp_path / "sparse.png")
    assert picture is not None
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sparse.draw([], tmp_path / "none.png") is None


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    options = parser().parse_args(["sparse", "--problem", "cluster", "--sizes", "all"])
    assert (options.suite, options.problem, options.sizes) == ("sparse", ["cluster"], "all")
    assert parser().parse_args(["sparse"]).problem == list(SPARSE)
    with pytest.raises(SystemExit):
        parser().parse_args(["sparse", "--problem", "sphere"])
    assert "invalid choice: 'sphere'" in capsys.readouterr().err
