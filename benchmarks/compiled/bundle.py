"""Bundle adjustment: residuals of observations and the blocks of their sparse Jacobian.

Observation i sees point p_i through camera c_i and has a weight of its own. The derivative is
the set of nonzero blocks: 2 x 11 for the camera, 2 x 3 for the point, 2 for the weight, and the
derivative of the weight's own residual, 1 - w^2: 31 numbers an observation.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.compiled.cases import EAGER_PEERS, Case, Pair
from benchmarks.compiled.toolkits import Toolkit

SMALL_ANGLE = 1e-14
"""Of the squared angle: below it the rotation is its linear part."""


def projection_error(xp: Any, camera: Any, point: Any, weight: Any, feature: Any) -> Any:
    """``w (project(camera, point) - feature)``.

    Components come first (rotation 3, center 3, focal length, principal point 2, radial 2), so
    that the same lines serve one observation and, with an axis behind, all of them at once.
    """
    rx, ry, rz, cx, cy, cz, focal, px, py, k1, k2 = (camera[i] for i in range(11))
    x, y, z = point[0] - cx, point[1] - cy, point[2] - cz
    square = rx * rx + ry * ry + rz * rz
    is_small = square < SMALL_ANGLE
    theta = xp.sqrt(xp.where(is_small, 1.0, square))
    cosine, sine = xp.cos(theta), xp.sin(theta)
    ux, uy, uz = rx / theta, ry / theta, rz / theta
    dot = (ux * x + uy * y + uz * z) * (1.0 - cosine)

    def rotated(x: Any, u: Any, crossed: Any, linear: Any) -> Any:
        return xp.where(is_small, x + linear, x * cosine + crossed * sine + u * dot)

    x1 = rotated(x, ux, uy * z - uz * y, ry * z - rz * y)
    y1 = rotated(y, uy, uz * x - ux * z, rz * x - rx * z)
    z1 = rotated(z, uz, ux * y - uy * x, rx * y - ry * x)
    u, v = x1 / z1, y1 / z1
    radius = u * u + v * v
    scale = (1.0 + k1 * radius + k2 * radius * radius) * focal
    return xp.stack(
        [weight * (u * scale + px - feature[0]), weight * (v * scale + py - feature[1])]
    )


def mapped(tools: Toolkit) -> Pair:
    """By ``vmap`` of one observation's residual and of its Jacobian."""
    vmap, jacobian = tools.vmap, tools.jacobian
    assert vmap is not None
    assert jacobian is not None
    residual = partial(projection_error, tools.xp)

    def function(cameras: Any, points: Any, weights: Any, features: Any, c: Any, p: Any) -> Any:
        errors = vmap(residual)(cameras[c], points[p], weights, features)
        return errors, 1.0 - weights**2

    def derivative(cameras: Any, points: Any, weights: Any, features: Any, c: Any, p: Any) -> Any:
        blocks = jacobian(residual, argnums=(0, 1, 2))
        found = vmap(blocks)(cameras[c], points[p], weights, features)
        return *found, -2.0 * weights

    return Pair(function, derivative)


def batched(tools: Toolkit) -> Pair:
    """By one backward pass for each of the two rows, over all observations at once.

    Every observation has its own gathered camera and point: the gradient of a row's sum then holds
    that row of every block. Eager libraries run this faster than mapped Jacobians.
    """
    xp, residual = tools.xp, partial(projection_error, tools.xp)

    def function(cameras: Any, points: Any, weights: Any, features: Any, c: Any, p: Any) -> Any:
        errors = residual(cameras[c].T, points[p].T, weights, features.T)
        return errors.T, 1.0 - weights**2

    def row(index: int) -> Any:
        return lambda cameras, points, weights, features: xp.sum(
            residual(cameras.T, points.T, weights, features.T)[index]
        )

    rows = [tools.gradient(row(index), 3) for index in range(2)]

    def derivative(cameras: Any, points: Any, weights: Any, features: Any, c: Any, p: Any) -> Any:
        gathered = cameras[c], points[p], weights, features
        first, second = (found(*gathered) for found in rows)
        blocks = [xp.stack(pair, 1) for pair in zip(first, second, strict=True)]
        return *blocks, -2.0 * weights

    return Pair(function, derivative)


def batched_torch(tools: Toolkit) -> Pair:
    """The same, with one forward pass for both rows."""
    torch, residual = import_module("torch"), partial(projection_error, tools.xp)

    def derivative(cameras: Any, points: Any, weights: Any, features: Any, c: Any, p: Any) -> Any:
        leaves = [x.detach().requires_grad_() for x in (cameras[c], points[p], weights)]
        errors = residual(leaves[0].T, leaves[1].T, leaves[2], features.T)
        first = torch.autograd.grad(errors[0].sum(), leaves, retain_graph=True)
        second = torch.autograd.grad(errors[1].sum(), leaves)
        blocks = [torch.stack(pair, 1) for pair in zip(first, second, strict=True)]
        return *blocks, -2.0 * weights

    return Pair(batched(tools).function, derivative)


def build(tools: Toolkit) -> Pair:
    """Each library's best form."""
    if tools.library == "torch":
        return batched_torch(tools)
    return batched(tools) if tools.library == "autograd" else mapped(tools)


def data(n_cameras: int, n_points: int, n: int) -> tuple[Any, ...]:
    """Cameras that look along z at a cloud of points; a few do not rotate at all."""
    random = np.random.default_rng(3)
    cameras = np.empty((n_cameras, 11))
    cameras[:, :3] = 0.2 * random.normal(size=(n_cameras, 3))
    cameras[0, :3] = 0.0
    cameras[:, 3:6] = random.normal(size=(n_cameras, 3)) + np.array([0.0, 0.0, -12.0])
    cameras[:, 6] = random.uniform(400.0, 800.0, size=n_cameras)
    cameras[:, 7:9] = random.normal(size=(n_cameras, 2))
    cameras[:, 9:] = 1e-2 * random.normal(size=(n_cameras, 2))
    points = random.normal(size=(n_points, 3))
    camera_of = random.integers(0, n_cameras, size=n)
    point_of = random.integers(0, n_points, size=n)
    features = 100.0 * random.normal(size=(n, 2))
    return cameras, points, random.uniform(0.5, 1.5, size=n), features, camera_of, point_of


def cases() -> Iterator[Case]:
    """Sizes of the collection's first problem, and one of half a million observations."""
    for n_cameras, n_points, n in ((49, 7776, 31_843), (800, 60_000, 500_000)):
        yield Case(
            "ba",
            f"{n} observations",
            build,
            partial(data, n_cameras, n_points, n),
            is_small=n < 100_000,
            peers=EAGER_PEERS,
        )
