"""The examples run at a small size and find what they should; the bundle adjustment has its own."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
pytest.importorskip("examples", reason="examples are not part of a package")

from examples import maximum_likelihood, optimal_control, stiff_brusselator

import wengert as wg


def test_stiff_brusselator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "brusselator.png"
    stiff_brusselator.main(["--points", "30", "--picture", str(picture)])
    said = capsys.readouterr().out
    assert "60 states" in said and "4 products" in said
    assert picture.stat().st_size > 10_000


def test_brusselator_ways_agree_and_differences_call_more() -> None:
    runs = stiff_brusselator.compare(40)
    calls = {run.name: run.n_calls for run in runs}
    for run in runs:
        np.testing.assert_allclose(
            run.solution.y[:, -1], runs[0].solution.y[:, -1], rtol=1e-3, err_msg=run.name
        )
    assert calls["BDF, nothing given"] > calls["BDF, wengert"] + 60
    assert calls["Radau, pattern by hand"] > calls["Radau, wengert"] + 20


def test_optimal_control(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "control.png"
    optimal_control.main(["--intervals", "100", "--picture", str(picture)])
    said = capsys.readouterr().out
    assert "505 unknowns, 408 constraints" in said
    assert "Solved to the desired tolerance" in said
    assert picture.stat().st_size > 10_000


def test_optimal_control_converges_with_its_rule() -> None:
    """The miss of the integrated motion, and the change of the effort, fall as h²."""
    coarse, middle, fine = [optimal_control.swing_up(n) for n in (60, 120, 240)]
    assert all([s.result.success for s in (coarse, middle, fine)])
    ratio = (coarse.result.fun - middle.result.fun) / (middle.result.fun - fine.result.fun)
    assert 3.0 < ratio < 5.0
    assert 2.0 < coarse.miss / middle.miss < 8.0
    # Optimal: the gradient of the Lagrangian vanishes in the directions that the constraints leave.
    z = fine.z
    rows = [
        wg.sparse.jacobian(f)(z).toarray() for f in (optimal_control.defects, optimal_control.ends)
    ]
    normals = np.concatenate(rows)
    gradient = np.concatenate([np.ravel(g) for g in wg.grad(optimal_control.effort)(z).values()])
    multipliers = np.linalg.lstsq(normals.T, gradient, rcond=None)[0]
    left = gradient - normals.T @ multipliers
    assert np.max(np.abs(left)) < 1e-4 * np.max(np.abs(gradient))
    # The same with the multipliers that Ipopt found.
    assert optimal_control.slope_left(fine) < 1e-6


def test_maximum_likelihood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "likelihood.png"
    maximum_likelihood.main(["--rows", "600", "--picture", str(picture)])
    said = capsys.readouterr().out
    assert said.count("standard errors differ by") == 3
    assert picture.stat().st_size > 10_000


def test_standard_errors_are_those_of_statsmodels() -> None:
    for study, tolerance in (
        (maximum_likelihood.affairs(800), 1e-6),
        (maximum_likelihood.visits(800), 1e-3),
        (maximum_likelihood.schools(), 1e-2),
    ):
        assert study.worst_error < tolerance, study.title
        np.testing.assert_allclose(study.ours.values, study.theirs.values, rtol=2e-3, atol=1e-3)
        assert study.ours.loss <= study.theirs.loss + 1e-6 * abs(study.theirs.loss)
