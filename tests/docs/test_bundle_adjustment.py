"""The bundle adjustment example finds the truth, reads its files, and draws what it found."""

from __future__ import annotations

import bz2
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("examples.bundle_adjustment", reason="examples are not part of a package")

from examples.bundle_adjustment import scene
from examples.bundle_adjustment.__main__ import main
from examples.bundle_adjustment.adjust import (
    Adjustment,
    adjust,
    expected_error,
    project,
    report,
    residuals,
    root_mean_square,
    rotate,
)
from scipy.spatial.transform import Rotation

import wengert as wg

SIZE = 12, 150, 560


@pytest.fixture(scope="module")
def castle() -> scene.Scene:
    return scene.synthetic(project, *SIZE)


@pytest.fixture(scope="module")
def adjusted(castle: scene.Scene) -> Adjustment:
    return adjust(castle, n_timed=1)


def test_rotations_are_those_of_scipy_and_safe_at_zero() -> None:
    random = np.random.default_rng(0)
    rotations, points = random.normal(size=(2, 5, 3))
    rotations[0] = 0.0
    rotations[1] *= 1e-9
    expected = Rotation.from_rotvec(rotations).apply(points)
    np.testing.assert_allclose(rotate(rotations, points), expected, rtol=0.0, atol=1e-14)
    # at zero the derivative is the cross product with the point
    found = wg.jacobian(rotate)(np.zeros((1, 3)), np.array([[1.0, 2.0, 3.0]])).reshape(3, 3)
    np.testing.assert_allclose(found, [[0.0, 3.0, -2.0], [-3.0, 0.0, 1.0], [2.0, -1.0, 0.0]])


def test_pixels_of_a_camera_by_hand() -> None:
    camera = np.array([[0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 100.0, 0.1, 0.01]])
    # half the depth to the side: r^2 = 1/4, distorted by 1 + 0.1/4 + 0.01/16
    np.testing.assert_allclose(project(camera, np.array([[1.0, 0.0, -1.0]])), [[51.28125, 0.0]])


@pytest.mark.parametrize("size", [(49, 7776, 31_843), SIZE, (6, 20, 50)])
def test_scene_has_the_counts_asked_for(size: tuple[int, int, int]) -> None:
    made = scene.synthetic(project, *size, noise=0.0)
    assert (len(made.cameras), len(made.points), len(made.pixels)) == size
    assert np.bincount(made.point_index).min() >= 2
    pairs = made.camera_index * size[1] + made.point_index
    assert len(np.unique(pairs)) == size[2]
    assert made.truth is not None
    cameras, points = made.truth
    assert root_mean_square(residuals((cameras, points), *made.observations)) < 1e-12
    assert np.all(np.abs(made.pixels) < np.array(scene.IMAGE) / 2.0)
    sight = scene.centers(cameras)[made.camera_index] - points[made.point_index]
    turned = Rotation.from_rotvec(cameras[made.camera_index, :3]).apply(sight)
    assert np.all(turned[:, 2] > 0.0)  # cameras look along their negative z axes


def test_scene_refuses_what_cannot_be_seen() -> None:
    with pytest.raises(ValueError, match="10000 observations: from 40 to"):
        scene.synthetic(project, 6, 20, 10_000)


def test_adjustment_reaches_what_the_noise_leaves(
    castle: scene.Scene, adjusted: Adjustment
) -> None:
    after = root_mean_square(adjusted.errors_after)
    assert adjusted.history[0] > 30.0
    assert adjusted.history[-1] == pytest.approx(after)
    assert np.all(np.diff(adjusted.history) <= 0.0)
    assert after == pytest.approx(expected_error(castle), rel=0.1)
    assert castle.truth is not None
    gradient = adjusted.jacobian.T @ adjusted.errors_after.ravel()
    scales = np.sqrt((adjusted.jacobian**2).sum(axis=0))
    assert np.max(np.abs(gradient / scales)) < 1e-2
    points = castle.truth[1]
    back = scene.aligned(adjusted.points, points)(adjusted.points)
    off = np.median(np.linalg.norm(back - points, axis=1))
    assert off < 0.1 < np.median(np.linalg.norm(castle.points - points, axis=1))
    assert "Schur" in adjusted.solver


def test_jacobian_has_twelve_entries_a_row(castle: scene.Scene, adjusted: Adjustment) -> None:
    n = len(castle.pixels)
    assert adjusted.jacobian.shape == (2 * n, 9 * SIZE[0] + 3 * SIZE[1])
    assert np.all(np.diff(adjusted.jacobian.indptr) == 12)


def test_alignment_undoes_a_motion() -> None:
    random = np.random.default_rng(2)
    points = random.normal(size=(20, 3))
    moved = 1.7 * Rotation.from_rotvec([0.3, -0.8, 0.5]).apply(points) + [1.0, 2.0, 3.0]
    np.testing.assert_allclose(scene.aligned(moved, points)(moved), points, atol=1e-12)


def text_of(made: scene.Scene) -> str:
    lines = [f"{len(made.cameras)} {len(made.points)} {len(made.pixels)}"]
    for c, p, (x, y) in zip(made.camera_index, made.point_index, made.pixels, strict=True):
        lines.append(f"{c} {p}     {float(x)!r} {float(y)!r}")
    lines += [repr(float(number)) for part in (made.cameras, made.points) for number in part.flat]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", ["problem.txt", "problem.txt.bz2"])
def test_files_are_read(castle: scene.Scene, tmp_path: Path, name: str) -> None:
    path, text = tmp_path / name, text_of(castle).encode()
    path.write_bytes(bz2.compress(text) if name.endswith("bz2") else text)
    read = scene.read(path)
    for attribute in ("cameras", "points", "camera_index", "point_index", "pixels"):
        np.testing.assert_array_equal(getattr(read, attribute), getattr(castle, attribute))
    assert read.truth is None
    path.write_bytes(path.read_bytes() if name.endswith("bz2") else text + b"7.0\n")
    if not name.endswith("bz2"):
        with pytest.raises(ValueError, match="numbers do not fit the counts in its first line"):
            scene.read(path)


def test_report_and_picture(
    castle: scene.Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs matplotlib")
    drawn = tmp_path / "drawn.png"
    main(["--size", *map(str, SIZE), "--picture", str(drawn)])
    printed = capsys.readouterr().out
    assert "12 cameras, 150 points, 560 observations\n" in printed
    assert "1120 residuals in 558 unknowns\n" in printed
    assert "from truth  points" in printed
    assert drawn.read_bytes().startswith(b"\x89PNG")
    path = tmp_path / "problem.txt"
    path.write_text(text_of(castle))
    main([str(path), "--picture", str(drawn)])
    printed = capsys.readouterr().out
    assert "RMS error" in printed
    assert "truth" not in printed
    assert "noise" not in printed


def test_report_counts(castle: scene.Scene, adjusted: Adjustment) -> None:
    lines = report(castle, adjusted).splitlines()
    assert lines[2] == "Jacobian    13440 entries, 2.151% of the matrix"
    assert lines[5].startswith(f"solution    {len(adjusted.history) - 1} steps, ")
    after = root_mean_square(adjusted.errors_after)
    assert f"{after:.4f} px after; noise of 0.5 px leaves {expected_error(castle):.4f}" in lines[8]
