"""The compiled suite's programs mean the same to everybody, and its bookkeeping is right.

Programs run at tiny sizes: functions against NumPy formulas, derivatives against differences, and
every peer that is installed against Wengert. No time is asserted.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are not part of an installed package")

from benchmarks.__main__ import parser
from benchmarks.compiled import (
    agreement,
    bundle,
    compiling,
    contest,
    kinematics,
    mixtures,
    networks,
    plots,
    processes,
    recurrences,
    suite,
    tables,
    worker,
)
from benchmarks.compiled.cases import Case, cases
from benchmarks.compiled.names import PEERS, WORKLOADS
from benchmarks.compiled.toolkits import LOADERS, Toolkit, wengert, wengert_eager

N_JOINTS = 6


def small(name: str, build: Any, data: Any, **options: Any) -> Case:
    return Case(name, "tiny", build, data, **options)


GRADIENTS = [
    small("lse", mixtures.lse, partial(mixtures.lse_data, 7)),
    small("gmm", partial(mixtures.gmm, d=3, k=2, n=5), partial(mixtures.gmm_data, 3, 2, 5)),
    small("ode", partial(recurrences.ode, s=3), partial(recurrences.ode_data, 5, True)),
    small("lstm", partial(recurrences.lstm, n_layers=2), partial(recurrences.lstm_data, 2, 4)),
    small("scalars", partial(recurrences.scalars, n=3), partial(recurrences.scalars_data, 3, 6)),
    small("matrix", recurrences.matrix, partial(recurrences.matrix_data, "float64", 6)),
    small(
        "energy",
        kinematics.TINY["energy"],
        lambda: (kinematics.angles(N_JOINTS), np.arange(float(N_JOINTS))),
    ),
]
"""Whose derivative is the tuple of gradients in the first arguments."""

VALUED = [
    *(case for case in cases(("tiny",))),
    small("mlp", networks.mlp, partial(networks.mlp_data, 6, 3), dtype="float32"),
    small(
        "attention",
        partial(networks.attention, n_heads=2),
        partial(networks.attention_data, 4, 3, 2),
        dtype="float32",
    ),
]
"""Whose derivative is the pair of value and gradients."""

JACOBIANS = [
    small(name, kinematics.TINY[name], lambda: (kinematics.angles(N_JOINTS),))
    for name in ("positions", "masses")
]

OTHERS = [
    small("ba", bundle.build, partial(bundle.data, 3, 4, 6)),
    *(
        small(f"kmeans {form}", partial(mixtures.kmeans, has_product=form == "product"), data)
        for form in ("differences", "product")
        for data in (partial(mixtures.kmeans_data, 3, 12, 2),)
    ),
]


def peer(name: str) -> Toolkit:
    pytest.importorskip(name, reason=f"{name} is not installed: peers are optional")
    return LOADERS[name]()


def answers(case: Case, tools: Toolkit) -> tuple[Any, Any]:
    """Value and derivative in NumPy arrays, through the calls that are timed."""
    found = contest.compiled(case, tools)
    return tuple(
        contest.mapped(
            tools.numpy, contest.call_of(tools, found[kind], case.data(), case.has_numpy_io)()
        )
        for kind in contest.KINDS
    )


def direction_check(case: Case, derivative: Any) -> None:
    """The gradients along a random direction against extrapolated central differences.

    Differences are taken in float64, whatever the case computes in.
    """
    data = [np.asarray(a, np.float64) if a.dtype.kind == "f" else a for a in case.data()]
    function = case.build(wengert_eager()).function
    random = np.random.default_rng(0)
    directions = [random.normal(size=np.shape(g)) for g in derivative]

    def along(step: float) -> float:
        moved = [a + step * v for a, v in zip(data, directions, strict=False)]
        return float(function(*moved, *data[len(directions) :]))

    coarse, fine = ((along(h) - along(-h)) / (2.0 * h) for h in (2e-4, 1e-4))
    expected = (4.0 * fine - coarse) / 3.0
    got = sum(float(np.sum(g * v)) for g, v in zip(derivative, directions, strict=True))
    tolerance = 1e-7 if case.dtype == "float64" else 1e-4
    assert got == pytest.approx(expected, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("case", GRADIENTS, ids=lambda case: case.workload)
def test_gradients_against_differences(case: Case) -> None:
    value, derivative = answers(case, wengert())
    assert np.shape(value) == ()
    direction_check(case, derivative)


@pytest.mark.parametrize("case", VALUED, ids=lambda case: f"{case.workload}-{case.size}")
def test_values_with_gradients_against_differences(case: Case) -> None:
    value, (again, derivative) = answers(case, wengert())
    np.testing.assert_allclose(value, again, rtol=1e-12 if case.dtype == "float64" else 1e-5)
    assert all(g.dtype == case.dtype for g in derivative)
    direction_check(case, derivative)


@pytest.mark.parametrize("case", JACOBIANS, ids=lambda case: case.workload)
def test_jacobians_against_differences(case: Case) -> None:
    value, derivative = answers(case, wengert())
    function, (q,), h = case.build(wengert_eager()).function, case.data(), 1e-5
    assert derivative.shape == (*value.shape, q.size)
    for j in range(q.size):
        step = h * np.eye(q.size)[j]
        expected = (function(q + step) - function(q - step)) / (2.0 * h)
        np.testing.assert_allclose(derivative[..., j], expected, atol=1e-8)


def test_kmeans_takes_newtons_step_to_the_means() -> None:
    for case in OTHERS[1:]:
        centroids, points = case.data()
        value, step = answers(case, wengert())
        squared = np.sum((points[:, None] - centroids) ** 2, axis=2)
        np.testing.assert_allclose(value, squared.min(axis=1).sum(), rtol=1e-12)
        nearest = squared.argmin(axis=1)
        means = np.stack([points[nearest == k].mean(axis=0) for k in range(len(centroids))])
        np.testing.assert_allclose(centroids - step, means, rtol=1e-10)


def test_mixture_against_a_loop_over_densities() -> None:
    case = GRADIENTS[1]
    alpha, mu, q, lower, x = case.data()
    n, d = x.shape
    terms = np.empty((n, len(alpha)))
    for k in range(len(alpha)):
        factor = np.diag(np.exp(q[k]))
        factor[1, 0], factor[2, 0], factor[2, 1] = lower[k]
        for i in range(n):
            squared = np.sum((factor @ (x[i] - mu[k])) ** 2)
            terms[i, k] = alpha[k] + np.sum(q[k]) - 0.5 * squared
    likelihood = np.sum(np.log(np.sum(np.exp(terms), axis=1)))
    likelihood -= 0.5 * n * d * np.log(2.0 * np.pi) + n * np.log(np.sum(np.exp(alpha)))
    # the Wishart prior's constant for d = 3: log Gamma_3(2) = log(pi^(3/2) G(2) G(3/2) G(1))
    log_gamma = 1.5 * np.log(np.pi) + np.log(np.sqrt(np.pi) / 2.0)
    prior = -0.5 * (np.sum(np.exp(2.0 * q)) + np.sum(lower**2))
    prior += len(alpha) * (-0.5 * (d + 1) * d * np.log(2.0) - log_gamma)
    assert float(answers(case, wengert())[0]) == pytest.approx(likelihood + prior, rel=1e-12)


def test_bundle_against_rotation_matrices_and_differences() -> None:
    from scipy.spatial.transform import Rotation

    cameras, points, weights, features, camera_of, point_of = OTHERS[0].data()
    (errors, weight_errors), blocks = answers(OTHERS[0], wengert())
    np.testing.assert_allclose(weight_errors, 1.0 - weights**2)
    np.testing.assert_allclose(blocks[3], -2.0 * weights)
    for i, (c, p) in enumerate(zip(camera_of, point_of, strict=True)):
        seen = Rotation.from_rotvec(cameras[c, :3]).apply(points[p] - cameras[c, 3:6])
        flat = seen[:2] / seen[2]
        squared = flat @ flat
        scale = 1.0 + cameras[c, 9] * squared + cameras[c, 10] * squared**2
        image = flat * scale * cameras[c, 6] + cameras[c, 7:9]
        np.testing.assert_allclose(errors[i], weights[i] * (image - features[i]), rtol=1e-9)
        arguments = [cameras[c], points[p], weights[i : i + 1]]
        for block, argument in zip(blocks[:3], range(3), strict=True):
            for j in range(arguments[argument].size):
                moved = []
                for sign in (1.0, -1.0):
                    changed = [a.copy() for a in arguments]
                    changed[argument][j] += sign * 1e-5
                    camera, point, weight = changed
                    moved.append(bundle.projection_error(np, camera, point, weight[0], features[i]))
                expected = (moved[0] - moved[1]) / 2e-5
                got = block[i].reshape(2, -1)[:, j]
                np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in PEERS if name != "torch.compile"])
def test_peers_agree(name: str) -> None:
    tools, ours = peer(name), wengert()
    # not all: a peer that compiles takes half a second for each
    for case in (*GRADIENTS[1:3], VALUED[5], OTHERS[0], OTHERS[2]):
        apart = agreement.distance(answers(case, tools), answers(case, ours))
        assert apart <= agreement.TOLERANCES[case.dtype], (case.workload, apart)


def test_jit_reproduces_the_uncompiled_answers() -> None:
    for case in (*GRADIENTS, *VALUED, *JACOBIANS, *OTHERS):
        assert contest.jit_distance(case) <= agreement.TOLERANCES[case.dtype], case.workload


def test_mass_matrix_is_symmetric_and_gives_the_energy() -> None:
    tools, q, v = wengert_eager(), kinematics.angles(N_JOINTS), np.arange(float(N_JOINTS))
    matrix = kinematics.mass_matrix(tools, q, N_JOINTS)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    assert np.all(np.linalg.eigvalsh(matrix) > 0.0)
    energy = kinematics.TINY["energy"](tools).function(q, v)
    assert float(energy) == pytest.approx(0.5 * v @ matrix @ v)


def test_a_tree_of_35_joints_has_one_base() -> None:
    parents = kinematics.parents()
    assert len(parents) == kinematics.N_JOINTS
    assert all(parent < index for index, parent in enumerate(parents))
    assert parents.count(-1) == 1
    assert np.all(kinematics.ancestry()[:, 0] == 1.0)


def test_cases_have_names_of_their_own_and_known_peers() -> None:
    everything = list(cases())
    assert len({case.name for case in everything}) == len(everything)
    assert {case.workload for case in everything} == set(WORKLOADS) - {"compile"}
    assert all(set(case.peers) <= set(PEERS) for case in everything)
    assert {case.name for case in cases(sizes="small")} < {case.name for case in everything}


@pytest.mark.parametrize("family", compiling.FAMILIES.values(), ids=lambda family: family.name)
def test_compiled_families_grow_and_agree(family: compiling.Family) -> None:
    x = np.linspace(0.1, 0.9, family.width)
    lengths = []
    for n in (2, 4) if family.name == "bodies" else (20, 40):
        functions = [family.build(tools, n) for tools in (wengert(), wengert_eager())]
        gradients = [
            tools.finish(tools.gradient(compiling.total(tools, family.name, function), 1))(x)
            for tools, function in zip((wengert(), wengert_eager()), functions, strict=True)
        ]
        assert agreement.distance(*gradients) <= 1e-12
        program = __import__("wengert").trace(functions[1])(x)
        lengths.append(len(program.equations))
    assert lengths[1] > 1.5 * lengths[0]


# ---- agreement ---------------------------------------------------------------------------------


def test_distance_is_relative_to_the_largest_entry() -> None:
    assert agreement.distance((np.array([1.0, 100.0]),), [np.array([2.0, 100.0])]) == 0.01
    assert agreement.distance(np.zeros(2), np.zeros(2)) == 0.0
    assert agreement.distance(np.array([np.nan]), np.array([np.nan])) == 0.0
    assert agreement.distance(np.array([np.nan]), np.array([1.0])) == np.inf
    assert agreement.distance(np.zeros(2), np.zeros(3)) == np.inf
    some, full, huge = np.array([np.nan, 1.0]), np.array([2.0, 1.0]), np.array([np.inf, 1.0])
    for one, other in ((some, full), (full, some), (huge, full), (huge, some), (huge, -huge)):
        assert agreement.distance(one, other) == np.inf
    assert agreement.distance(some, some + np.array([0.0, 1.0])) == 0.5


def test_nobody_agrees_with_nan() -> None:
    nan, right = np.full(2, np.nan), np.ones(2)
    assert set(agreement.unconfirmed({"a": nan, "b": right, "c": right}, 1e-8)) == {"a"}


def test_the_majority_names_who_is_wrong_and_a_tie_names_both() -> None:
    right, other = np.ones(2), np.array([1.0, 1.1])
    assert agreement.unconfirmed({"a": right, "b": right, "c": right}, 1e-8) == {}
    assert set(agreement.unconfirmed({"a": right, "b": other, "c": right}, 1e-8)) == {"b"}
    assert set(agreement.unconfirmed({"a": right, "b": other}, 1e-8)) == {"a", "b"}
    assert agreement.unconfirmed({"a": right}, 1e-8) == {}
    assert agreement.unconfirmed({}, 1e-8) == {}


# ---- timing ------------------------------------------------------------------------------------

QUICK = contest.Limits(first=20.0, budget=0.05, block=1e-5, rounds=3)


def test_measure_fills_a_row_and_survives_a_failing_contestant() -> None:
    case = small("lse", mixtures.lse, partial(mixtures.lse_data, 5), peers=("broken",))
    events: list[dict[str, Any]] = []
    broken = Toolkit(**{**vars(wengert_eager()), "name": "broken", "jit": lambda f: 1 // 0})
    row = contest.measure(case, [wengert(), broken], QUICK, 1, events.append)
    assert set(row.seconds) == {"wengert"}
    assert set(row.first["wengert"]) == set(row.seconds["wengert"]) == set(contest.KINDS)
    assert all(len(times) == 3 for times in row.seconds["wengert"].values())
    assert row.errors == {"broken": "ZeroDivisionError: integer division or modulo by zero"}
    assert row.wrong == {}
    assert {event["event"] for event in events} == {"first", "second", "round"}
    json.dumps(row.as_dict())


def test_measure_excludes_a_wrong_contestant() -> None:
    case = small("lse", mixtures.lse, partial(mixtures.lse_data, 5), peers=("again", "off"))
    off = lambda f: lambda *arguments: 1.001 * f(*arguments)
    again = Toolkit(**{**vars(wengert_eager()), "name": "again"})
    wrong = Toolkit(**{**vars(wengert_eager()), "name": "off", "jit": off})
    row = contest.measure(case, [wengert(), again, wrong], QUICK, 1, lambda event: None).as_dict()
    assert list(row["wrong"]) == ["off"]
    assert row["wrong"]["off"].startswith("function differs from wengert's by 1.0e-03")
    assert tables.fastest_peer(row, "function") == "again"
    assert tables.cell(row, "off", "function").endswith("wrong")


def test_a_slow_call_is_timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest, "SLOW_SECONDS", 0.0)
    row = contest.Row("slow", "1", "float64", 1)
    called: list[int] = []
    contest.race(row, {("a", "function"): lambda: called.append(1)}, QUICK, lambda event: None)
    assert called == [1]
    assert len(row.seconds["a"]["function"]) == 1


# ---- processes ---------------------------------------------------------------------------------


def watched(script: str, monkeypatch: pytest.MonkeyPatch, items: list[str]) -> processes.Outcome:
    """Run items by a made-up worker, which finds its own arguments in sys.argv."""
    start = processes.subprocess.Popen
    monkeypatch.setattr(
        processes.subprocess,
        "Popen",
        lambda command, **options: start([sys.executable, "-c", script, *command[3:]], **options),
    )
    notes: list[str] = []
    return processes.run_items("cases", items, ["wengert"], [], notes.append, grace=0.2)


WORKER = """
import json, os, sys, time
say = lambda **event: print(json.dumps(event), flush=True)
arguments = sys.argv
items = arguments[arguments.index("--items") + 1 : arguments.index("--without")]
without = arguments[arguments.index("--without") + 1 :]
for item in items:
    say(event="item", item=item, contestant="all", limit=5.0)
    if item == "bad" and "jax@bad" not in without:
        say(event="first", contestant="jax", limit=0.1)
        ACTION
    say(event="row", item=item, row={"item": item})
"""


@pytest.mark.parametrize(
    "action, reason",
    [
        ("time.sleep(60)", "took longer than 0.1 s"),
        ("os.kill(os.getpid(), 9)", "the process ended with status -9"),
        ("sys.exit('no memory')", "the process ended with status 1: no memory"),
    ],
)
def test_hangs_and_crashes_cost_one_contestant_one_item(
    action: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = watched(WORKER.replace("ACTION", action), monkeypatch, ["good", "bad", "last"])
    assert [row["item"] for row in outcome.rows] == ["good", "bad", "last"]
    assert outcome.failures == {("bad", "jax"): reason}


def test_a_worker_keeps_no_code_from_earlier_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.os, "environ", {"WENGERT_CACHE": "/somewhere"})
    monkeypatch.setattr(worker.os, "sched_setaffinity", lambda *_: None, raising=False)
    worker.settle_threads(1)
    settled = worker.os.environ
    assert settled["WENGERT_CACHE"] == "off"
    assert settled["JAX_ENABLE_COMPILATION_CACHE"] == "false"
    assert settled["OPENBLAS_NUM_THREADS"] == settled["WENGERT_THREADS"] == "1"
    assert "intra_op_parallelism_threads=1" in settled["XLA_FLAGS"]


def test_merged_rows_say_who_failed_and_whether_jit_is_right() -> None:
    row = contest.Row("lse", "n=1", "float64", 1, jit_error=1e-3).as_dict()
    outcome = processes.Outcome([row])
    outcome.failures = {
        ("lse: n=1", "jax"): "crashed",
        ("lse: n=1", "check"): "slow",
        ("ba: 1", "all"): "hung",
    }
    first, second = suite.merged(outcome, 1)
    assert first["errors"] == {"jax": "crashed"}
    assert first["wrong"] == {"wengert": "jit differs from the uncompiled run by 1.0e-03"}
    assert (second["workload"], second["errors"]) == ("ba", {"all": "hung"})
    lines = tables.remarks([first, second], [], {"torch": "not there"})
    assert "torch is left out: not there" in lines
    assert "FAILED, lse n=1, 1 thread, jax: crashed" in lines


# ---- tables, plots, command line ---------------------------------------------------------------


def made_up_row() -> dict[str, Any]:
    row = contest.Row("lse", "n=1", "float64", 1).as_dict()
    row["first"] = {"wengert": {"function": 1e-3, "derivative": 2e-3}}
    row["seconds"] = {
        "wengert": {"function": [1.0, 1.0, 1.2], "derivative": [3.0, 3.0, 2.0]},
        "jax": {"function": [2.0, 2.0, 2.0], "derivative": [3.0, 3.0, 3.0]},
        "torch": {"function": [4.0], "derivative": [8.0]},
    }
    return row


def test_tables_of_a_made_up_row() -> None:
    row = made_up_row()
    assert str(tables.against_fastest(row, "function")) == "0.50 (0.50-0.60)"
    assert tables.ratio(row, "wengert", "torch", "function") == tables.Ratio(0.25, 0.25, 0.3)
    row["seconds"]["autograd"] = {"function": [2.0]}
    unequal = tables.ratio(row, "wengert", "autograd", "function")
    assert unequal == tables.Ratio(0.5, 0.5, 0.6)
    del row["seconds"]["autograd"]
    function, derivative, first = tables.all_tables([row], [], ["wengert", "jax", "autograd"])
    assert function.lines == [["lse", "n=1", "1 s", "2 s", "-", "0.50 (0.50-0.60) jax", "yes"]]
    assert derivative.lines[0][5:] == ["1.00 (0.67-1.00) jax", "no", "3.0", "1.5"]
    assert first.lines == [["lse", "n=1", "1 ms", "2 ms", "-", "-"]]
    page = tables.markdown([function], ["a remark"])
    assert "| lse | n=1 | 1 s | 2 s | - | 0.50 (0.50-0.60) jax | yes |" in page
    assert page.endswith("- a remark\n")


def test_plots_are_written_where_matplotlib_is(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    times = {"function first": 0.1, "derivative first": 0.2}
    found = [
        {"family": "chain", "size": size, "contestant": "wengert", **times} for size in (50, 500)
    ]
    pictures = [
        plots.ratios([made_up_row()], tmp_path / "a.png"),
        plots.compile_times(found, tmp_path / "b.png"),
    ]
    for picture in pictures:
        assert picture is not None
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert plots.ratios([], tmp_path / "c.png") is None
    assert plots.compile_times([], tmp_path / "c.png") is None


def test_suite_runs_a_worker_and_writes_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "BUDGETS", {"small": 0.02})
    results = suite.run(["lse"], "small", [1], 1, [], tmp_path)
    assert [row["size"] for row in results["rows"]] == ["n=2500", "n=40000"]
    assert all(row["jit_error"] <= 1e-8 for row in results["rows"])
    written = json.loads((tmp_path / "compiled.json").read_text())
    assert written["rows"] == results["rows"]
    assert "| lse | n=2500 |" in (tmp_path / "compiled.md").read_text()
    printed = capsys.readouterr()
    assert "FAILED" not in printed.out
    assert "1 thread, 2 of 2, lse: n=40000" in printed.err


def test_command_line_of_the_suite(capsys: pytest.CaptureFixture[str]) -> None:
    options = parser().parse_args(["compiled", "--workload", "gmm", "ba", "--threads", "2"])
    assert (options.workload, options.threads, options.sizes) == (["gmm", "ba"], [2], "small")
    assert options.peers is None
    with pytest.raises(SystemExit):
        parser().parse_args(["compiled", "--peers", "tensorflow"])
    assert "invalid choice: 'tensorflow'" in capsys.readouterr().err
