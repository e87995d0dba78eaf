"""Scenes: a synthetic one with its truth, and the files of "Bundle Adjustment in the Large".

The synthetic scene is a castle of four walls and four round towers on a lawn, around which a
drone flies. A camera sees a point whose surface faces it and that falls into its image; feature
tracks are short, as they are in practice: a point is observed by some neighboring cameras on the
path, not by all that could see it.
"""

from __future__ import annotations

import bz2
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

Array = np.ndarray

HALF_WALL, TOWER, LAWN = 6.0, 2.0, 12.0
WALL_HEIGHT, TOWER_HEIGHT = 4.0, 7.0
IMAGE = 1024.0, 768.0
LEAST_COSINE = 0.25
"""Of the angle between a surface's normal and the line of sight."""


@dataclass(frozen=True)
class Scene:
    """Observations, and what is known of cameras and points before they are adjusted.

    Attributes
    ----------
    cameras, points : arrays, shapes (n, 9) and (m, 3)
        Where the adjustment starts.
    camera_index, point_index : int arrays, shape (N,)
        Who saw what.
    pixels : array, shape (N, 2)
        And where, measured from the image's center.
    truth : pair of arrays, optional
        The cameras and points that the observations come from.
    noise : float
        Standard deviation of the pixels.
    """

    cameras: Array
    points: Array
    camera_index: Array
    point_index: Array
    pixels: Array
    truth: tuple[Array, Array] | None = None
    noise: float = 0.0

    @property
    def observations(self) -> tuple[Array, Array, Array]:
        """Cameras, points and pixels of the observations, as `residuals` takes them."""
        return self.camera_index, self.point_index, self.pixels


def read(path: Path) -> Scene:
    """A problem of the collection, a text file, compressed by bzip2 where its name ends so.

    Three counts; an observation a line; then the numbers of cameras and points, each on a line.
    """
    text = path.read_bytes()
    numbers = np.array((bz2.decompress(text) if path.suffix == ".bz2" else text).split(), float)
    n_cameras, n_points, n = (int(count) for count in numbers[:3])
    seen, cameras, points, rest = np.split(
        numbers[3:], np.cumsum([4 * n, 9 * n_cameras, 3 * n_points])
    )
    if len(points) != 3 * n_points or len(rest) > 0:
        raise ValueError(f"{path}: {len(numbers)} numbers do not fit the counts in its first line")
    seen = seen.reshape(n, 4)
    return Scene(
        cameras=cameras.reshape(n_cameras, 9),
        points=points.reshape(n_points, 3),
        camera_index=seen[:, 0].astype(int),
        point_index=seen[:, 1].astype(int),
        pixels=seen[:, 2:].copy(),
    )


def synthetic(
    project: Callable[[Array, Array], Array],
    n_cameras: int = 49,
    n_points: int = 7776,
    n_observations: int = 31_843,
    noise: float = 0.5,
    seed: int = 1,
) -> Scene:
    """The castle, observed with noise in pixels, and a start that is some way off.

    The counts are those of the collection's first problem, "Ladybug-49".
    """
    random = np.random.default_rng(seed)
    cameras = drone(random, n_cameras)
    points, is_visible = castle(random, n_points, cameras, project)
    c, p = tracks(random, is_visible, n_observations)
    pixels = project(cameras[c], points[p]) + random.normal(scale=noise, size=(len(c), 2))
    # What a drone knows of itself: some degrees, half a meter, a nominal lens.
    start = cameras.copy()
    start[:, :3] += random.normal(scale=0.04, size=(n_cameras, 3))
    start[:, 3:6] += random.normal(scale=0.5, size=(n_cameras, 3))
    start[:, 6:] = 900.0, 0.0, 0.0
    moved = points + random.normal(scale=0.5, size=points.shape)
    return Scene(start, moved, c, p, pixels, (cameras, points), noise)


def drone(random: np.random.Generator, n: int) -> Array:
    """Cameras on a closed path around the origin, looking inward and down: shape (n, 9)."""
    turn = 2.0 * np.pi * (np.arange(n) + random.uniform(-0.2, 0.2, n)) / n
    wobble = 1.0 + 0.08 * np.cos(3.0 * turn)
    at = np.stack(
        [
            22.0 * wobble * np.cos(turn),
            18.0 * wobble * np.sin(turn),
            9.0 + 2.0 * np.sin(2.0 * turn),
        ],
        axis=1,
    )
    target = np.array([0.0, 0.0, 2.0]) + random.normal(scale=0.5, size=(n, 3))
    backward = unit(at - target)
    right = unit(np.cross([0.0, 0.0, 1.0], backward))
    axes = np.stack([right, np.cross(backward, right), backward], axis=1)
    cameras = np.empty((n, 9))
    cameras[:, :3] = Rotation.from_matrix(axes).as_rotvec()
    cameras[:, 3:6] = -np.einsum("nij,nj->ni", axes, at)
    cameras[:, 6] = random.normal(900.0, 10.0, n)
    cameras[:, 7:] = random.normal([-0.08, 0.02], [0.01, 0.005], (n, 2))
    return cameras


def castle(
    random: np.random.Generator,
    n: int,
    cameras: Array,
    project: Callable[[Array, Array], Array],
) -> tuple[Array, Array]:
    """Points on surfaces, shape (n, 3), and which cameras may see them, shape (n, n_cameras).

    Only points that at least two cameras see are of use.
    """
    points, seen = np.empty((0, 3)), np.empty((0, len(cameras)), dtype=bool)
    while len(points) < n:
        more, normals = surfaces(random, 2 * n)
        is_visible = visible(more, normals, cameras, project)
        is_useful = np.sum(is_visible, axis=1) >= 2
        points = np.concatenate([points, more[is_useful]])
        seen = np.concatenate([seen, is_visible[is_useful]])
    return points[:n], seen[:n]


def surfaces(random: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Points on walls, towers and lawn, and the normals there: about n, shapes (k, 3) each."""
    quarter = 0.5 * np.pi * random.integers(0, 4, n)
    outward = np.stack([np.cos(quarter), np.sin(quarter), np.zeros(n)], axis=1)
    along = np.stack([-outward[:, 1], outward[:, 0], outward[:, 2]], axis=1)
    up = np.array([0.0, 0.0, 1.0])
    height = random.uniform(0.0, 1.0, (n, 1))

    wall = HALF_WALL * (outward + random.uniform(-1.0, 1.0, (n, 1)) * along)
    corner = HALF_WALL * (outward + along)
    angle = random.uniform(-np.pi, np.pi, n)
    round_about = np.stack([np.cos(angle), np.sin(angle), np.zeros(n)], axis=1)
    lawn = random.uniform(-LAWN, LAWN, (n, 3)) * [1.0, 1.0, 0.0]

    kind = random.choice(3, n, p=[0.45, 0.35, 0.2])[:, None]
    choose = lambda *parts: np.select([kind == place for place in range(3)], parts)
    points = choose(
        wall + WALL_HEIGHT * height * up,
        corner + TOWER * round_about + TOWER_HEIGHT * height * up,
        lawn,
    )
    normals = choose(outward, round_about, np.broadcast_to(up, (n, 3)))
    # Where a tower meets the walls, and under the castle, there is no surface.
    across = np.max(np.abs(points[:, :2]), axis=1)
    from_corner = np.linalg.norm(np.abs(points[:, :2]) - HALF_WALL, axis=1)
    is_tower = kind[:, 0] == 1
    is_outside = (across > HALF_WALL - 1e-9) & (is_tower | (from_corner > TOWER))
    return points[is_outside], normals[is_outside]


def visible(
    points: Array,
    normals: Array,
    cameras: Array,
    project: Callable[[Array, Array], Array],
) -> Array:
    """Which points face which cameras and fall into their images: shape (points, cameras)."""
    n_points, n_cameras = len(points), len(cameras)
    sight = centers(cameras)[None] - points[:, None]
    cosine = np.einsum("pcj,pj->pc", unit(sight), normals)
    c, p = np.tile(np.arange(n_cameras), n_points), np.repeat(np.arange(n_points), n_cameras)
    pixels = np.abs(project(cameras[c], points[p])).reshape(n_points, n_cameras, 2)
    return (cosine > LEAST_COSINE) & np.all(pixels < np.array(IMAGE) / 2.0, axis=2)


def tracks(
    random: np.random.Generator, is_visible: Array, n_observations: int
) -> tuple[Array, Array]:
    """Cameras and points of exactly so many observations, point by point, two or more of each."""
    n_points, n_cameras = is_visible.shape
    most = np.sum(is_visible, axis=1)
    if not 2 * n_points <= n_observations <= np.sum(most):
        raise ValueError(
            f"{n_observations} observations: from {2 * n_points} to {np.sum(most)} are possible"
        )
    mean = n_observations / n_points
    lengths = np.minimum(1 + random.geometric(1.0 / max(1.0, mean - 1.0), n_points), most)
    while (missing := n_observations - np.sum(lengths)) != 0:
        can_change = np.flatnonzero(lengths < most if missing > 0 else lengths > 2)
        changed = random.permutation(can_change)[: abs(missing)]
        lengths[changed] += np.sign(missing)
    # Cameras that see a point in the order of their distance, along the path, from one of them.
    middle = np.argmax(random.uniform(size=is_visible.shape) * is_visible, axis=1)
    steps = np.abs(np.arange(n_cameras) - middle[:, None])
    distance = np.where(is_visible, np.minimum(steps, n_cameras - steps), n_cameras)
    nearest = np.argsort(distance, axis=1, kind="stable")
    is_taken = np.arange(n_cameras) < lengths[:, None]
    return nearest[is_taken], np.repeat(np.arange(n_points), lengths)


def unit(vectors: Array) -> Array:
    """Vectors of length one."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def centers(cameras: Array) -> Array:
    """Where the cameras are: -R^T t, shape (n, 3)."""
    return -Rotation.from_rotvec(cameras[:, :3]).apply(cameras[:, 3:6], inverse=True)


def aligned(points: Array, onto: Array) -> Callable[[Array], Array]:
    """The motion and scaling that bring some points closest to others.

    What an adjustment finds is determined up to that. S. Umeyama, Least-squares estimation of
    transformation parameters between two point patterns, IEEE PAMI 13 (1991).
    """
    middle, other = np.mean(points, axis=0), np.mean(onto, axis=0)
    rotation, _ = Rotation.align_vectors(onto - other, points - middle)
    turned = rotation.apply(points - middle)
    scale = np.sum(turned * (onto - other)) / np.sum(turned**2)
    return lambda x: other + scale * rotation.apply(x - middle)
