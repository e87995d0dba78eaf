"""A robot of 35 joints: where its links are, how they resist, and how both depend on the angles.

A tree like that of a humanoid: spine and head, two arms and two legs. Every joint turns about one
of its link's axes. The loop over the joints is unrolled by Python, so that this is also a test of
compile time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.compiled.cases import EAGER_PEERS, Case, Pair
from benchmarks.compiled.toolkits import Toolkit

N_JOINTS = 35


def parents(n: int = N_JOINTS) -> tuple[int, ...]:
    """The joint before each joint, -1 for the base: a spine of five, six each for the limbs."""
    found = [index - 1 for index in range(min(n, 5))]
    limbs = (0, 0, 4, 4, 4)
    for index in range(5, n):
        limb, place = divmod(index - 5, 6)
        found.append(limbs[limb % 5] if place == 0 else index - 1)
    return tuple(found)


def ancestry(n: int = N_JOINTS) -> np.ndarray:
    """1 where joint j moves link i."""
    moves = np.eye(n)
    for index, parent in enumerate(parents(n)):
        if parent >= 0:
            moves[index] += moves[parent]
    return moves


def links(tools: Toolkit, q: Any, n: int) -> tuple[Any, Any, Any]:
    """Rotations (n x 3 x 3), joint positions and axes (n x 3 each) in the frame of the base."""
    xp = tools.xp
    offsets = np.random.default_rng(9).normal(0.0, 0.2, size=(n, 3))
    cosines, sines = xp.cos(q), xp.sin(q)
    rotations: list[Any] = []
    positions: list[Any] = []
    for index, parent in enumerate(parents(n)):
        offset = tools.array(offsets[index])
        c, s, first = cosines[index], sines[index], index % 3
        # the joint turns the two columns beside its axis into each other
        before = tools.array(np.eye(3)) if parent < 0 else rotations[parent]
        columns = [before[:, axis] for axis in range(3)]
        u, v = columns[(first + 1) % 3], columns[(first + 2) % 3]
        columns[(first + 1) % 3], columns[(first + 2) % 3] = c * u + s * v, c * v - s * u
        rotations.append(xp.stack(columns, 1))
        positions.append(offset if parent < 0 else positions[parent] + before @ offset)
    axes = [rotation[:, index % 3] for index, rotation in enumerate(rotations)]
    return xp.stack(rotations), xp.stack(positions), xp.stack(axes)


def positions(tools: Toolkit, n: int = N_JOINTS) -> Pair:
    """Forward kinematics: all joint positions; their Jacobian in the angles."""
    function = lambda q: links(tools, q, n)[1]
    return Pair(function, jacobian(tools, function))


def mass_matrix(tools: Toolkit, q: Any, n: int) -> Any:
    """``sum_i m_i Jv_i' Jv_i + Jw_i' I_i Jw_i`` over the links i, from geometric Jacobians."""
    xp = tools.xp
    random = np.random.default_rng(10)
    masses = tools.array(random.uniform(0.5, 3.0, size=n))
    inertias = tools.array(random.uniform(0.01, 0.05, size=(n, 3)))
    centers = tools.array(random.normal(0.0, 0.1, size=(n, 3)))
    moves = tools.array(ancestry(n)[:, :, None])
    rotations, joints, axes = links(tools, q, n)
    middles = joints + xp.sum(rotations * centers[:, None, :], axis=2)
    arms = middles[:, None, :] - joints[None, :, :]
    linear = moves * cross(xp, axes[None, :, :], arms)
    angular = xp.matmul(moves * axes[None, :, :], rotations)
    weighted = xp.reshape(linear * masses[:, None, None], (n, n, 3))
    turned = angular * inertias[:, None, :]
    both = xp.concatenate([linear, angular], axis=2)
    scaled = xp.concatenate([weighted, turned], axis=2)
    return xp.sum(xp.matmul(both, xp.swapaxes(scaled, 1, 2)), axis=0)


def cross(xp: Any, a: Any, b: Any) -> Any:
    """The cross product along the last axis, which not every library broadcasts."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return xp.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def energy(tools: Toolkit, n: int = N_JOINTS) -> Pair:
    """The kinetic energy ``v' M(q) v / 2``, and its gradient in the angles."""

    def function(q: Any, v: Any) -> Any:
        return 0.5 * tools.xp.sum(v * (mass_matrix(tools, q, n) @ v))

    return Pair(function, tools.gradient(function, 1))


def masses(tools: Toolkit, n: int = N_JOINTS) -> Pair:
    """The mass matrix with the positions; the Jacobian of both: n x n x n and n x 3 x n."""

    def function(q: Any) -> Any:
        matrix = mass_matrix(tools, q, n)
        return tools.xp.concatenate([matrix, links(tools, q, n)[1]], 1)

    return Pair(function, jacobian(tools, function))


def jacobian(tools: Toolkit, function: Any) -> Any:
    """Forward mode where there is one: fewer angles than outputs."""
    if tools.library == "jax":
        return import_module("jax").jacfwd(function)
    assert tools.jacobian is not None
    return tools.jacobian(function)


def angles(n: int = N_JOINTS) -> np.ndarray:
    """A posture."""
    return np.random.default_rng(11).uniform(-1.0, 1.0, size=n)


def cases() -> Iterator[Case]:
    """Every row."""
    velocities = np.linspace(-1.0, 1.0, N_JOINTS)
    common: dict[str, Any] = {"is_parallel": False, "peers": EAGER_PEERS}
    yield Case("kinematics", "35 positions", positions, lambda: (angles(),), **common)
    yield Case(
        "kinematics",
        "kinetic energy",
        energy,
        lambda: (angles(), velocities),
        is_small=False,
        **common,
    )
    yield Case(
        "kinematics",
        "mass matrix",
        masses,
        lambda: (angles(),),
        is_small=False,
        is_parallel=False,
        peers=("jax", "torch"),
    )


TINY = {
    "positions": partial(positions, n=6),
    "energy": partial(energy, n=6),
    "masses": partial(masses, n=6),
}
"""The same robots with six joints."""
