"""The picture: the scene from above, errors before and after, the Jacobian, and the way there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from examples.bundle_adjustment.adjust import Adjustment, expected_error
from examples.bundle_adjustment.scene import Array, Scene, aligned, centers

BLUE, ORANGE, GRAY, DARK = "#2563a8", "#d97706", "#94a3b8", "#334155"
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRAY,
    "axes.labelcolor": DARK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "font.size": 9.5,
    "legend.frameon": False,
    "xtick.color": DARK,
    "ytick.color": DARK,
}


def draw(scene: Scene, found: Adjustment, path: Path) -> Path:
    """Four panels, written to a file of the kind that its name says."""
    with rc_context(STYLE):  # type: ignore[arg-type]  # its stubs know literal keys only
        figure = Figure((12.0, 8.2), layout="constrained")
        top, errors, way, corner = figure.subplot_mosaic(
            [["top", "errors"], ["top", "way"], ["corner", "corner"]],
            width_ratios=(1.25, 1.0),
            height_ratios=(1.0, 1.0, 0.95),
        ).values()
        from_above(top, scene, found)
        histogram(errors, found)
        convergence(way, scene, found)
        staircase(corner, scene, found)
        figure.savefig(path, dpi=150)
    return path


def from_above(axes: Axes, scene: Scene, found: Adjustment) -> None:
    """Points and cameras at the start and at the end, with the truth where it is known."""
    points, eyes = found.points, centers(found.cameras)
    before, eyes_before = scene.points, centers(scene.cameras)
    view = np.eye(3)[:2]
    if scene.truth is not None:
        to_truth = aligned(points, scene.truth[1])
        points, eyes = to_truth(points), to_truth(eyes)
        true_eyes = centers(scene.truth[0])[:, :2]
        path = np.concatenate([true_eyes, true_eyes[:1]])
        axes.plot(*path.T, "o-", color=GRAY, linewidth=0.8, markersize=8, markerfacecolor="none")
        axes.plot([], [], "o", color=GRAY, markersize=8, markerfacecolor="none", label="truth")
    else:
        view = widest(points, eyes)
        framed = np.concatenate([np.percentile(points @ view.T, [2, 98], axis=0), eyes @ view.T])
        low, high = np.min(framed, axis=0), np.max(framed, axis=0)
        margin = 0.05 * (high - low)
        axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
        axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    axes.plot(*view @ before.T, ".", color=ORANGE, markersize=1.5, alpha=0.35)
    axes.plot(*view @ points.T, ".", color=BLUE, markersize=1.5, alpha=0.8)
    axes.plot(*view @ eyes_before.T, "x", color=ORANGE, markersize=5, label="before")
    axes.plot(*view @ eyes.T, ".", color=BLUE, markersize=6, label="after")
    axes.set_aspect("equal")
    axes.set_title(f"From above: {len(eyes)} cameras, {len(points)} points")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.05), ncols=3)


def widest(points: Array, eyes: Array) -> Array:
    """The two directions in which cameras and the middle of the points spread most: shape (2, 3).

    Rows of unit length; points far out, which real data have, do not count.
    """
    low, high = np.percentile(points, [5, 95], axis=0)
    middle = np.concatenate([np.clip(points, low, high), eyes])
    return np.linalg.svd(middle - np.mean(middle, axis=0), full_matrices=False)[2][:2]


def histogram(axes: Axes, found: Adjustment) -> None:
    """Lengths of the errors, on a logarithmic axis that holds both."""
    lengths = [np.linalg.norm(e, axis=1) for e in (found.errors_before, found.errors_after)]
    least, most = np.percentile(np.concatenate(lengths), [0.2, 99.9])
    edges = np.geomspace(max(least, 1e-12), max(most, 1e-11), 80).tolist()
    labels = "before", "after"
    for length, color, label in zip(lengths, (ORANGE, BLUE), labels, strict=True):
        axes.hist(length, edges, color=color, alpha=0.75, label=label)
    axes.set_xscale("log")
    axes.set_xlabel("pixels")
    axes.set_ylabel("observations")
    axes.set_title("Lengths of the errors")
    axes.legend()


def convergence(axes: Axes, scene: Scene, found: Adjustment) -> None:
    """Root mean square error by step."""
    axes.semilogy(found.history, "o-", color=BLUE, markersize=4)
    for step, side in ((0, "left"), (len(found.history) - 1, "right")):
        axes.annotate(
            f"{found.history[step]:.3g}",
            (step, found.history[step]),
            xytext=(0, 6),
            textcoords="offset points",
            ha=side,
            color=BLUE,
        )
    axes.margins(y=0.15)
    if scene.truth is not None:
        axes.axhline(expected_error(scene), color=GRAY, linestyle=":", label="what noise leaves")
        axes.legend()
    axes.set_xlabel("step of Levenberg-Marquardt")
    axes.set_ylabel("pixels")
    axes.set_title("Root mean square error")


def staircase(axes: Axes, scene: Scene, found: Adjustment, n_points: int = 40) -> None:
    """The Jacobian's rows of the first points, in the columns of all cameras and these points."""
    order = np.argsort(scene.point_index, kind="stable")
    chosen = order[scene.point_index[order] < n_points]
    rows = (2 * chosen[:, None] + np.arange(2)).ravel()
    n_columns = scene.cameras.size + 3 * min(n_points, len(scene.points))
    part = found.jacobian[rows][:, :n_columns].tocoo()
    is_camera = part.col < scene.cameras.size
    for kind, color in ((is_camera, BLUE), (~is_camera, ORANGE)):
        axes.plot(part.col[kind], part.row[kind], ",", color=color)
    axes.axvline(scene.cameras.size - 0.5, color=GRAY, linewidth=0.8)
    axes.set_xlabel("columns: nine of each camera, left; three of each point, right")
    axes.set_ylabel("rows")
    axes.set_xlim(-0.5, n_columns - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    entries = f"{found.jacobian.nnz} entries in {found.jacobian.shape[0]} rows"
    axes.set_title(f"The Jacobian ({entries}): rows of the first {n_points} points")
