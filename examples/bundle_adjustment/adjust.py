"""Bundle adjustment: cameras and points from what the cameras saw, by sparse exact derivatives.

N observations say at which pixel a camera saw a point. Neither the cameras nor the points are
known well; all of them are moved together until the pixels fit. That is a least-squares problem
in tens of thousands of unknowns, each residual of which depends on twelve: nine of a camera, three
of a point.

`residuals` is all that has to be written. It is a NumPy program over all observations at once;
Wengert finds out where its Jacobian can be different from zero, how few products give it, compiles
them, and `least_squares` eliminates the points before it solves for the cameras.

    python -m examples.bundle_adjustment                        a synthetic scene
    python -m examples.bundle_adjustment problem-49-7776-pre.txt.bz2   one of the BAL data sets

Cameras are those of the data sets "Bundle Adjustment in the Large" (S. Agarwal, N. Snavely,
S. M. Seitz, R. Szeliski, ECCV 2010): rotation vector 3, translation 3, focal length, radial
distortion 2; a camera looks along its negative z axis.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

import wengert as wg
from examples.bundle_adjustment.scene import Scene, aligned, centers

SMALL_ANGLE = 1e-8
"""Below it a rotation is its linear part, to all digits."""


def rotate(rotations: Any, points: Any) -> Any:
    """Each point turned by its own rotation vector (Rodrigues' formula): shapes (N, 3)."""
    square = np.sum(rotations**2, axis=1, keepdims=True)
    is_small = square < SMALL_ANGLE**2
    # The root of zero has no derivative: where the angle is small another number stands in.
    angle = np.sqrt(np.where(is_small, 1.0, square))
    axis = rotations / angle
    along = axis * np.sum(axis * points, axis=1, keepdims=True)
    turned = along + np.cos(angle) * (points - along) + np.sin(angle) * np.cross(axis, points)
    return np.where(is_small, points + np.cross(rotations, points), turned)


def project(cameras: Any, points: Any) -> Any:
    """The pixels, shape (N, 2), at which N cameras see N points."""
    focal, k1, k2 = cameras[:, 6:7], cameras[:, 7:8], cameras[:, 8:9]
    seen = rotate(cameras[:, :3], points) + cameras[:, 3:6]
    image = -seen[:, :2] / seen[:, 2:]
    square = np.sum(image**2, axis=1, keepdims=True)
    return focal * (1.0 + k1 * square + k2 * square**2) * image


def residuals(unknowns: Any, camera_index: Any, point_index: Any, pixels: Any) -> Any:
    """How far each observation is off, in pixels: shape (N, 2)."""
    cameras, points = unknowns
    return project(cameras[camera_index], points[point_index]) - pixels


def root_mean_square(errors: Any) -> float:
    """Of the lengths of the errors."""
    return float(np.sqrt(np.mean(np.sum(errors**2, axis=1))))


@dataclass(frozen=True)
class Adjustment:
    """What an adjustment found, and what it cost.

    Attributes
    ----------
    cameras, points : arrays, shapes (n, 9) and (m, 3)
        The unknowns at the end.
    errors_before, errors_after : arrays, shape (N, 2)
        Residuals in pixels.
    history : array
        Root mean square error at the start and after each step.
    jacobian : csr_array
        At the end.
    first_seconds, further_seconds, solve_seconds : float
        Of the first Jacobian, each further one, and the whole solution.
    n_evaluations : int
        How often residuals were computed.
    solver, message : str
        How steps were computed, and why the solution ended.
    """

    cameras: np.ndarray
    points: np.ndarray
    errors_before: np.ndarray
    errors_after: np.ndarray
    history: np.ndarray
    jacobian: Any
    first_seconds: float
    further_seconds: float
    solve_seconds: float
    n_evaluations: int
    solver: str
    message: str


def adjust(scene: Scene, n_timed: int = 5) -> Adjustment:
    """Solve a scene from its start, and time its Jacobian."""
    start, data = (scene.cameras, scene.points), scene.observations
    derived = wg.sparse.value_and_jacobian(residuals)
    clock = time.perf_counter()
    before, _ = derived(start, *data)
    first = time.perf_counter() - clock
    clock = time.perf_counter()
    for _ in range(n_timed):
        derived(start, *data)
    further = (time.perf_counter() - clock) / n_timed

    history = [root_mean_square(before)]

    def note(intermediate_result: Any) -> None:
        history.append(float(np.sqrt(2.0 * intermediate_result.cost / len(scene.pixels))))

    clock = time.perf_counter()
    found = wg.optimize.least_squares(
        residuals, start, args=data, method="levenberg-marquardt", callback=note
    )
    seconds = time.perf_counter() - clock
    return Adjustment(
        cameras=found.x[0],
        points=found.x[1],
        errors_before=before,
        errors_after=found.fun,
        history=np.array(history),
        jacobian=found.jac,
        first_seconds=first,
        further_seconds=further,
        solve_seconds=seconds,
        n_evaluations=found.nfev,
        solver=found.solver,
        message=found.message,
    )


def expected_error(scene: Scene) -> float:
    """The root mean square error that the noise leaves: each free unknown explains one number.

    Seven are not free: the whole scene may be moved, turned and scaled.
    """
    n_numbers, n_unknowns = scene.pixels.size, scene.cameras.size + scene.points.size
    return scene.noise * float(np.sqrt(2.0 * (1.0 - (n_unknowns - 7) / n_numbers)))


def report(scene: Scene, found: Adjustment) -> str:
    """What was found, line by line."""
    rows, columns = found.jacobian.shape
    entries = found.jacobian.nnz
    before, after = found.history[0], root_mean_square(found.errors_after)
    error = f"{before:.3f} px before, {after:.4f} px after"
    if scene.truth is not None:
        error += f"; noise of {scene.noise:g} px leaves {expected_error(scene):.4f}"
    lines = {
        "scene": f"{len(scene.cameras)} cameras, {len(scene.points)} points, "
        f"{len(scene.pixels)} observations",
        "problem": f"{rows} residuals in {columns} unknowns",
        "Jacobian": f"{entries} entries, {entries / rows / columns:.3%} of the matrix",
        "  first": f"{found.first_seconds:.2f} s: recorded, its zeros found, compiled",
        "  further": f"{1e3 * found.further_seconds:.1f} ms each, with the residuals",
        "solution": f"{len(found.history) - 1} steps, {found.n_evaluations} evaluations in "
        f"{found.solve_seconds:.2f} s",
        "  by": found.solver,
        "  end": found.message,
        "RMS error": error,
    }
    if scene.truth is not None:
        lines["from truth"] = distances(scene, found, *scene.truth)
    return "\n".join([f"{name:12}{text}" for name, text in lines.items()])


def distances(scene: Scene, found: Adjustment, cameras: Any, points: Any) -> str:
    """How far points and cameras are from the truth, before and after; medians."""
    to_truth = aligned(found.points, points)
    pairs = {
        "points": (scene.points, to_truth(found.points), points),
        "cameras": (
            centers(scene.cameras),
            to_truth(centers(found.cameras)),
            centers(cameras),
        ),
    }
    texts = []
    for name, (before, after, truth) in pairs.items():
        off = [np.median(np.linalg.norm(x - truth, axis=1)) for x in (before, after)]
        texts.append(f"{name} {off[0]:.3f} before, {off[1]:.4f} after")
    return "; ".join(texts)
