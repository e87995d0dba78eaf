"""Normal equations with many small independent blocks: elimination by a Schur complement.

In bundle adjustment each residual depends on one camera and one point, so that no two points meet
in a row of the Jacobian. Their part V of the normal matrix is then block diagonal,

    [ V   W ] [p]     [a]
    [ Wᵀ  U ] [q]  =  [b],     (U − Wᵀ V⁻¹ W) q = b − Wᵀ V⁻¹ a,    p = V⁻¹ (a − W q),

and what is left for a dense factorization is as small as the cameras are few. The same holds for
any model with parameters of groups (subjects, stations, images) beside a few that all share.

Read `independent_blocks` (which columns can be eliminated), then `SchurPlan` (what depends on the
pattern alone), then `SchurSystem` (one set of values).

Sources: D. C. Brown, "The bundle method: progress and prospects" (1976); B. Triggs, P. McLauchlan,
R. Hartley, A. Fitzgibbon, "Bundle adjustment: a modern synthesis" (2000), section 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.optimize.panels import Part, by_first_column, panels

Array = np.ndarray[Any, Any]

MOST_KEPT = 3000
"""Columns that may remain: their dense Cholesky factorization then takes about a second."""
_LARGEST_BLOCK = 16
_ROWS_AT_A_TIME = 384  # a panel of so many rows and some hundred columns stays in the L2 cache


@dataclass(frozen=True)
class Blocks:
    """Columns in independent groups, and the columns that stay."""

    members: list[Array]
    kept: Array


def independent_blocks(jacobian: Any) -> Blocks | None:
    """The columns that fall into small groups which share no row, if that leaves few others.

    Columns with many entries are what ties the groups together. So the largest k is sought for
    which the columns with at most k entries fall into small connected components.

    Parameters
    ----------
    jacobian : csr_array, shape (m, n)
        Only its pattern is read.

    Returns
    -------
    Blocks or None
        None if more than a third of the columns would be left, or more than `MOST_KEPT`.
    """
    n = jacobian.shape[1]
    counts = np.bincount(jacobian.indices, minlength=n)
    levels = np.unique(counts)
    low, high = 0, levels.size  # groups only grow together with the level: bisection
    best = None
    while low < high:
        middle = (low + high) // 2
        members = _components(jacobian, np.flatnonzero(counts <= levels[middle]))
        if members is None:
            high = middle
        else:
            low, best = middle + 1, (levels[middle], members)
    if best is None:
        return None
    kept = np.flatnonzero(counts > best[0])
    return Blocks(best[1], kept) if kept.size <= min(n // 3, MOST_KEPT) else None


def _components(jacobian: Any, columns: Array) -> list[Array] | None:
    """Groups of columns that share rows, directly or through others; None if one is large."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    m = jacobian.shape[0]
    part = jacobian[:, columns]
    ones = np.ones(part.nnz, np.int8)
    bipartite = sparse.csr_array((ones, part.indices, part.indptr), shape=part.shape)
    graph: Any = sparse.block_array([[None, bipartite], [bipartite.T, None]], format="csr")
    labels = connected_components(graph, directed=False)[1][m:]
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    if sizes.max() > _LARGEST_BLOCK:
        return None
    return np.split(columns[order], np.cumsum(sizes)[:-1])


class SchurPlan:
    """What the pattern of a Jacobian says about the elimination; reused for every set of values.

    Rows and blocks are sorted by the first kept column they meet: neighbors then share columns,
    and their contribution to the reduced matrix is one dense product of a narrow panel.
    """

    def __init__(self, jacobian: Any, blocks: Blocks) -> None:
        from scipy import sparse

        self.shape = jacobian.shape
        self.kept = blocks.kept
        self._kept_part = Part.of(jacobian, self.kept)
        members = self._sorted_blocks(jacobian, blocks.members)
        self.width = max(len(b) for b in members)
        self.n_blocks = len(members)
        self.eliminated = np.concatenate(members)
        block = np.repeat(np.arange(self.n_blocks), [len(b) for b in members])
        offset = np.concatenate([np.arange(len(b)) for b in members])
        self.place = block * self.width + offset
        self._part = Part.of(jacobian, self.eliminated)

        ones = np.ones(jacobian.nnz)
        coupling = self._part.transposed.filled(ones) @ self._kept_part.filled(ones)
        self._coupling = (coupling.indices, coupling.indptr, coupling.shape)
        self.step = max(1, _ROWS_AT_A_TIME // self.width) * self.width
        self.panels = list(panels(coupling.indptr, coupling.indices, self.place, self.step))

        kept = self._kept_part.filled(np.arange(1.0, jacobian.nnz + 1))
        self._row_order = by_first_column(kept)
        ordered = sparse.csr_array(kept[self._row_order])
        self._row_source = ordered.data.astype(np.int64) - 1
        rows = np.arange(self.shape[0])
        self._row_panels = list(panels(ordered.indptr, ordered.indices, rows, _ROWS_AT_A_TIME))

    def _sorted_blocks(self, jacobian: Any, members: list[Array]) -> list[Array]:
        first = Part.of(jacobian, np.array([b[0] for b in members]))
        ones = np.ones(jacobian.nnz)
        met = first.transposed.filled(ones) @ self._kept_part.filled(ones)
        return [members[i] for i in by_first_column(met)]

    def system(self, jacobian: Any, residual: Array) -> SchurSystem:
        """The normal equations of one Jacobian with this pattern."""
        data = jacobian.data
        transposed = self._part.transposed.filled(data)
        coupling = self._aligned(transposed @ self._kept_part.filled(data))
        squares = (transposed @ self._part.filled(data)).tocoo()
        blocks = np.zeros((self.n_blocks, self.width, self.width))
        row, column = self.place[squares.row], self.place[squares.col] % self.width
        blocks.reshape(-1, self.width)[row, column] = squares.data
        kept = np.zeros((self.kept.size, self.kept.size))
        values = data[self._row_source]
        for panel in self._row_panels:
            dense = panel.dense(values, _ROWS_AT_A_TIME)
            kept[np.ix_(panel.columns, panel.columns)] += dense.T @ dense
        return SchurSystem(self, blocks, coupling, kept, -(jacobian.T @ residual))

    def _aligned(self, coupling: Any) -> Any:
        """A product with all entries of its pattern: SciPy leaves out those that happen to be 0."""
        from scipy import sparse

        indices, indptr, shape = self._coupling
        if coupling.nnz == indices.size:
            return coupling
        key = lambda starts, columns: (
            np.repeat(np.arange(shape[0]), np.diff(starts)) * shape[1] + columns
        )
        planned = key(indptr, indices)
        order = np.argsort(planned)
        found = np.searchsorted(planned, key(coupling.indptr, coupling.indices), sorter=order)
        data = np.zeros(indices.size)
        data[order[found]] = coupling.data
        return sparse.csr_array((data, indices, indptr), shape=shape)


@dataclass(frozen=True)
class SchurSystem:
    """JᵀJ in parts: `blocks` (V), `coupling` (W), `kept` (U); and −Jᵀf."""

    plan: SchurPlan
    blocks: Array
    coupling: Any
    kept: Array
    right: Array

    def solve(self, damping: Array) -> Array | None:
        """The p with (JᵀJ + diag(damping)) p = −Jᵀf; None if the matrix is singular.

        Costs one dense product for each panel and the Cholesky factorization of the kept part.
        """
        import scipy.linalg

        plan = self.plan
        try:
            inverse = np.linalg.inv(np.linalg.cholesky(self._damped_blocks(damping)))
            reduced, inner = self._reduce(inverse, damping)
            factor = scipy.linalg.cho_factor(reduced, lower=True, overwrite_a=True)
        except np.linalg.LinAlgError:
            return None
        right = self.right[plan.kept] - self.coupling.T @ inner.reshape(-1)[plan.place]
        kept = scipy.linalg.cho_solve(factor, right, check_finite=False)
        rest = self._padded(self.right[plan.eliminated] - self.coupling @ kept)
        step = np.empty(plan.shape[1])
        step[plan.kept] = kept
        step[plan.eliminated] = _solve_blocks(inverse, rest).reshape(-1)[plan.place]
        return step if np.isfinite(step).all() else None

    def inverse_diagonal(self, damping: Array) -> Array | None:
        """The diagonal of (JᵀJ + diag(damping))⁻¹, shape (n,); None if it is singular.

        With S = L Lᵀ the reduced matrix and Z = V⁻¹ W, it is that of S⁻¹ for the kept columns, that
        of V⁻¹ + Z S⁻¹ Zᵀ for the others. Costs one triangular solve for each kept column.
        """
        import scipy.linalg

        plan = self.plan
        try:
            inverse = np.linalg.inv(np.linalg.cholesky(self._damped_blocks(damping)))
            reduced, _ = self._reduce(inverse, damping)
            lower = np.linalg.cholesky(reduced)
        except np.linalg.LinAlgError:
            return None
        half = scipy.linalg.solve_triangular(lower, np.eye(len(lower)), lower=True)
        covariance = half.T @ half
        blocks = np.einsum("kji,kji->ki", inverse, inverse)
        per_panel = plan.step // plan.width
        for k, panel in enumerate(plan.panels):
            factors = inverse[k * per_panel : (k + 1) * per_panel]
            dense = panel.dense(self.coupling.data, len(factors) * plan.width)
            dense = dense.reshape(len(factors), plan.width, -1)
            coupled = factors.swapaxes(1, 2) @ (factors @ dense)
            part = covariance[np.ix_(panel.columns, panel.columns)]
            blocks[k * per_panel : (k + 1) * per_panel] += ((coupled @ part) * coupled).sum(axis=2)
        diagonal = np.empty(plan.shape[1])
        diagonal[plan.kept] = np.diag(covariance)
        diagonal[plan.eliminated] = blocks.reshape(-1)[plan.place]
        return diagonal

    def _damped_blocks(self, damping: Array) -> Array:
        diagonal = np.ones(self.plan.n_blocks * self.plan.width)  # padding: an identity
        diagonal[self.plan.place] = damping[self.plan.eliminated]
        damped = self.blocks.copy()
        np.einsum("kii->ki", damped)[...] += diagonal.reshape(-1, self.plan.width)
        return damped

    def _padded(self, values: Array) -> Array:
        padded = np.zeros(self.plan.n_blocks * self.plan.width)
        padded[self.plan.place] = values
        return padded.reshape(-1, self.plan.width)

    def _reduce(self, inverse: Array, damping: Array) -> tuple[Array, Array]:
        """U + damping − Wᵀ V⁻¹ W, and V⁻¹ a, from the inverses of V's Cholesky factors."""
        plan = self.plan
        reduced = self.kept.copy()
        reduced[np.diag_indices_from(reduced)] += damping[plan.kept]
        per_panel = plan.step // plan.width
        for k, panel in enumerate(plan.panels):
            factors = inverse[k * per_panel : (k + 1) * per_panel]
            n_rows = len(factors) * plan.width
            dense = panel.dense(self.coupling.data, n_rows).reshape(len(factors), plan.width, -1)
            half = (factors @ dense).reshape(n_rows, -1)
            reduced[np.ix_(panel.columns, panel.columns)] -= half.T @ half
        return reduced, _solve_blocks(inverse, self._padded(self.right[plan.eliminated]))


def _solve_blocks(inverse: Array, right: Array) -> Array:
    """V⁻¹ b for every block, V = L Lᵀ, from L⁻¹."""
    half = np.einsum("kij,kj->ki", inverse, right)
    return np.einsum("kji,kj->ki", inverse, half)
