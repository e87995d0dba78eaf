"""The sparse suite's problems: programs over an array module, their data, and their structures.

Each program is plain NumPy in which an argument's module may be exchanged for CasADi's symbols
(`benchmarks.sparse_peers`). A structure holds where the derivative can be different from zero,
worked out by hand: SciPy's grouped differences have to be told, the others find it themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array, eye_array, kron

from benchmarks.compiled.bundle import data as bundle_data
from benchmarks.compiled.bundle import projection_error


@dataclass(frozen=True)
class Problem:
    """A function whose derivative is sparse.

    Parameters
    ----------
    name, size : str
        What the tables call it.
    program : callable
        ``program(xp, *arguments)``: the function over an array module.
    arguments : tuple
        NumPy arrays; the first ``n_free`` are differentiated with respect to.
    n_free : int
        How many arguments the derivative is taken in.
    structure : csr_array
        Has entries where the derivative can be different from zero, arguments side by side.
    order : int
        1 where the Jacobian is asked for, 2 where the Hessian is.
    """

    name: str
    size: str
    program: Callable[..., Any]
    arguments: tuple[Any, ...]
    n_free: int
    structure: csr_array
    order: int = 1

    @property
    def derivative(self) -> str:
        """The derivative by its name."""
        return "Jacobian" if self.order == 1 else "Hessian"

    @property
    def free(self) -> tuple[np.ndarray, ...]:
        """The arguments that the derivative is taken in."""
        return self.arguments[: self.n_free]

    @property
    def function(self) -> Callable[..., Any]:
        """The function in NumPy."""
        return partial(self.program, np)


# ---- bundle adjustment -------------------------------------------------------------------------


def bundle_residuals(
    xp: Any, cameras: Any, points: Any, weights: Any, features: Any, c: Any, p: Any
) -> Any:
    """Weighted errors, shape (N, 2), of points p seen by cameras c, and 1 - w^2, shape (N,)."""
    errors = projection_error(xp, cameras[c].T, points[p].T, weights, features.T)
    return errors.T, 1.0 - weights**2


def bundle_structure(n_cameras: int, n_points: int, c: np.ndarray, p: np.ndarray) -> csr_array:
    """Two rows an observation with 10 + 3 + 1 entries (one of the principal point), one with 1."""
    n = len(c)
    first_point, first_weight = 11 * n_cameras, 11 * n_cameras + 3 * n_points
    observations = np.arange(n)
    places = []
    for axis, skipped in ((0, 8), (1, 7)):
        of_camera = 11 * c[:, None] + np.delete(np.arange(11), skipped)
        of_point = first_point + 3 * p[:, None] + np.arange(3)
        columns = np.hstack([of_camera, of_point, first_weight + observations[:, None]])
        rows = np.broadcast_to(2 * observations[:, None] + axis, columns.shape)
        places.append((rows.ravel(), columns.ravel()))
    places.append((2 * n + observations, first_weight + observations))
    rows, columns = (np.concatenate(parts) for parts in zip(*places, strict=True))
    return coo_array((np.ones(len(rows)), (rows, columns)), (3 * n, first_weight + n)).tocsr()


def bundle(n_cameras: int, n_points: int, n: int) -> Problem:
    """Bundle adjustment of the compiled suite, as one function with gathers."""
    arguments = bundle_data(n_cameras, n_points, n)
    return Problem(
        "bundle",
        f"{n_cameras} cameras, {n_points} points, {n} observations",
        bundle_residuals,
        arguments,
        3,
        bundle_structure(n_cameras, n_points, *arguments[4:]),
    )


# ---- a stiff right-hand side -------------------------------------------------------------------


def brusselator_rate(xp: Any, state: Any) -> Any:
    """Reaction and diffusion of two substances on a line, interleaved: shape (2 m,).

    E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, 1996, section IV.10, BRUSS.
    """
    u, v = state[0::2], state[1::2]
    diffusion = 0.02 * (u.shape[0] + 1) ** 2
    reaction = u * u * v

    def spread(y: Any, boundary: float) -> Any:
        ends = np.array([boundary])
        padded = xp.concatenate([ends, y, ends])
        return diffusion * (padded[:-2] - 2.0 * y + padded[2:])

    u_rate = 1.0 + reaction - 4.0 * u + spread(u, 1.0)
    v_rate = 3.0 * u - reaction + spread(v, 3.0)
    return xp.ravel(xp.stack([u_rate, v_rate], axis=1))


def band(n: int, width: int) -> csr_array:
    """Ones on the diagonal and ``width`` places to either side."""
    offsets = range(-width, width + 1)
    return diags_array([1.0] * len(offsets), offsets=list(offsets), shape=(n, n)).tocsr()


def brusselator_structure(m: int) -> csr_array:
    """Both substances where one is, one of them beside it."""
    # named formats: kron's own choice for small factors stores zeros
    reaction = kron(eye_array(m), np.ones((2, 2)), format="csr")
    return (reaction + kron(band(m, 1), eye_array(2), format="csr")).tocsr()


def brusselator(m: int) -> Problem:
    """The rate of ``2 m`` concentrations."""
    x = np.arange(1, m + 1) / (m + 1)
    state = np.stack([1.0 + np.sin(2.0 * np.pi * x), np.full(m, 3.0)], axis=1).ravel()
    return Problem(
        "brusselator",
        f"{2 * m} states",
        brusselator_rate,
        (state,),
        1,
        brusselator_structure(m),
    )


# ---- sparse objectives -------------------------------------------------------------------------


def rosenbrock_value(xp: Any, x: Any) -> Any:
    """Rosenbrock's valley, chained: each variable with its neighbor."""
    return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock(n: int) -> Problem:
    """The chained Rosenbrock function of ``n`` variables."""
    x = np.random.default_rng(5).uniform(-1.0, 1.0, n)
    return Problem("rosenbrock", f"n = {n}", rosenbrock_value, (x,), 1, band(n, 1), 2)


def pair_energy(xp: Any, positions: Any, first: Any, second: Any) -> Any:
    """Lennard-Jones energy, in reduced units, of the pairs listed."""
    apart = positions[first, :] - positions[second, :]
    attraction = xp.sum(apart * apart, axis=1) ** -3
    return 4.0 * xp.sum(attraction * attraction - attraction)


def pair_structure(n_atoms: int, first: np.ndarray, second: np.ndarray) -> csr_array:
    """Three by three entries where two atoms are a pair, and on the diagonal."""
    ones, shape = np.ones(len(first)), (n_atoms, n_atoms)
    pairs = coo_array((ones, (first, second)), shape)
    return kron(eye_array(n_atoms) + pairs + pairs.T, np.ones((3, 3)), format="csr")


def cluster(n_atoms: int, reach: float = 1.7) -> Problem:
    """A ball cut from a face-centered crystal and shaken a little, its pairs within ``reach``.

    1.7 takes in the 12 nearest and the 6 next neighbors of an atom inside.
    """
    from scipy.spatial import KDTree

    half = round(n_atoms ** (1 / 3)) + 2  # the radius of the ball is 0.78 n^(1/3)
    side = np.arange(-half, half + 1)
    grid = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    sites = grid[grid.sum(axis=1) % 2 == 0]
    # Off-center, no two distances are equal by symmetry: any number of atoms is well-defined.
    order = np.argsort(np.linalg.norm(sites - [0.11, 0.23, 0.37], axis=1), kind="stable")
    crystal = sites[order[:n_atoms]] * (1.09 / np.sqrt(2.0))
    positions = crystal + np.random.default_rng(6).normal(scale=0.01, size=(n_atoms, 3))
    first, second = KDTree(positions).query_pairs(reach, output_type="ndarray").T
    return Problem(
        "cluster",
        f"{n_atoms} atoms, {len(first)} pairs",
        pair_energy,
        (positions, first, second),
        1,
        pair_structure(n_atoms, first, second),
        2,
    )


def problems(names: Sequence[str], sizes: str = "small") -> list[Callable[[], Problem]]:
    """Makers of the problems with these names; ``sizes`` is ``small`` or ``all``.

    The sizes of bundle adjustment are those of "Ladybug-49" and "Ladybug-138" of S. Agarwal,
    N. Snavely, S. M. Seitz, R. Szeliski, Bundle adjustment in the large, ECCV 2010.
    """
    makers: dict[str, list[Callable[[], Problem]]] = {
        "bundle": [partial(bundle, 49, 7776, 31_843)],
        "brusselator": [partial(brusselator, 750)],
        "rosenbrock": [partial(rosenbrock, 10_000)],
        "cluster": [partial(cluster, 2483)],
    }
    if sizes == "all":
        makers["bundle"].append(partial(bundle, 138, 19_878, 85_217))
    return [maker for name, found in makers.items() if name in names for maker in found]
