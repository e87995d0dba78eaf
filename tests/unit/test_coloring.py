"""Colorings by their definitions, by what is recovered, and by published counts."""

import itertools

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.csgraph import connected_components

from wengert.compression import color
from wengert.compression import coloring as coloring_module
from wengert.compression.ordering import ORDERS
from wengert.errors import ArgumentError, ShapeError
from wengert.native import python_loops

ANY = ("column", "row", "bicoloring")
SYMMETRIC = ("star", "acyclic")


# -- matrices --------------------------------------------------------------------------------------


def with_numbers(pattern, symmetric=False):
    """The matrix with different whole numbers, so that nothing recovers it by chance."""
    matrix = scipy.sparse.csr_array(pattern).astype(float)
    matrix.sum_duplicates()
    matrix.data[:] = np.random.default_rng(matrix.nnz).permutation(matrix.nnz) + 1.0
    if symmetric:
        matrix = scipy.sparse.csr_array(matrix + matrix.T)
        matrix.sum_duplicates()
    return matrix


def scattered(m, n, density, seed, symmetric=False):
    rng = np.random.default_rng(seed)
    return with_numbers(rng.random((m, n)) < density, symmetric)


def banded(n, half):
    places = np.arange(n)
    return with_numbers(abs(places[:, None] - places) <= half)


def arrow(n):
    pattern = np.eye(n, dtype=bool)
    pattern[0] = pattern[:, 0] = True
    return with_numbers(pattern)


def bordered(n, width):
    """Full first rows and last columns, and a band between them."""
    pattern = abs(np.arange(n)[:, None] - np.arange(n)) <= 1
    pattern[:width] = pattern[:, -width:] = True
    return with_numbers(pattern)


def line(n):
    return scipy.sparse.diags_array(
        [np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1]
    )


def five_points(n):
    whole = scipy.sparse.eye_array(n)
    return with_numbers(scipy.sparse.kron(line(n), whole) + scipy.sparse.kron(whole, line(n)))


def nine_points(n):
    return with_numbers(scipy.sparse.kron(line(n), line(n)))


def tree(n, seed=0):
    """Each vertex hangs on one before it."""
    rng = np.random.default_rng(seed)
    pattern = np.eye(n, dtype=bool)
    for child in range(1, n):
        pattern[child, rng.integers(child)] = True
    return with_numbers(pattern | pattern.T)


MATRICES = {
    "scattered": scattered(15, 12, 0.2, 1),
    "wide": scattered(5, 30, 0.3, 2),
    "tall": scattered(30, 5, 0.3, 3),
    "almost empty": scattered(12, 12, 0.05, 4),
    "half full": scattered(9, 11, 0.5, 5),
    "full": with_numbers(np.ones((4, 6))),
    "empty": scipy.sparse.csr_array((5, 4)),
    "no rows": scipy.sparse.csr_array((0, 4)),
    "no columns": scipy.sparse.csr_array((4, 0)),
    "nothing": scipy.sparse.csr_array((0, 0)),
    "arrow": arrow(15),
    "bordered": bordered(20, 2),
    "long rows": scipy.sparse.vstack([scattered(3, 200, 0.9, 6), scattered(40, 200, 0.02, 7)]),
}
SYMMETRIC_MATRICES = {
    "one": with_numbers([[1]]),
    "nothing": scipy.sparse.csr_array((0, 0)),
    "no entries": scipy.sparse.csr_array((3, 3)),
    "sparse": scattered(25, 25, 0.04, 1, symmetric=True),
    "middling": scattered(20, 20, 0.1, 2, symmetric=True),
    "dense": scattered(12, 12, 0.4, 3, symmetric=True),
    "full": with_numbers(np.ones((5, 5))),
    "no diagonal": with_numbers(
        scattered(15, 15, 0.2, 4, symmetric=True).toarray() * ~np.eye(15, dtype=bool)
    ),
    "arrow": arrow(12),
    "banded": banded(15, 2),
    "grid": five_points(5),
    "grid with corners": nine_points(4),
    "tree": tree(30),
    "line": banded(40, 1),
}


def symmetric_numbers(matrix):
    """The same pattern with the same numbers on both sides of the diagonal."""
    return scipy.sparse.csr_array(matrix + matrix.T)


# -- products and what is recovered ----------------------------------------------------------------


def seeds(colors, n_colors):
    if colors is None:
        return None
    return (colors == np.arange(n_colors)[:, None]).astype(float)


def products(matrix, coloring):
    parts = [np.zeros(0)]
    if coloring.n_forward:
        parts.append((matrix @ seeds(coloring.column_colors, coloring.n_forward).T).T.ravel())
    if coloring.n_reverse:
        parts.append((matrix.T @ seeds(coloring.row_colors, coloring.n_reverse).T).T.ravel())
    return np.concatenate(parts)


def assert_recovers(matrix, kind, order):
    matrix = scipy.sparse.csr_array(matrix)
    matrix.sort_indices()
    coloring = color(matrix, kind, order)
    np.testing.assert_array_equal(coloring.recover(products(matrix, coloring)), matrix.data)
    assert coloring.places.shape == (matrix.nnz,)
    assert coloring.n_colors == coloring.n_forward + coloring.n_reverse
    for colors, n_colors in (
        (coloring.column_colors, coloring.n_forward),
        (coloring.row_colors, coloring.n_reverse),
    ):
        assert set(range(n_colors)) == set([] if colors is None else colors.tolist()) - {-1}
    return coloring


@pytest.mark.parametrize("order", [*ORDERS, "best"])
@pytest.mark.parametrize("kind", ANY)
@pytest.mark.parametrize("name", MATRICES)
def test_any_matrix_is_recovered(name, kind, order):
    assert_recovers(MATRICES[name], kind, order)


@pytest.mark.parametrize("order", [*ORDERS, "best"])
@pytest.mark.parametrize("kind", SYMMETRIC)
@pytest.mark.parametrize("name", SYMMETRIC_MATRICES)
def test_symmetric_matrices_are_recovered(name, kind, order):
    assert_recovers(symmetric_numbers(SYMMETRIC_MATRICES[name]), kind, order)


@pytest.mark.parametrize("seed", range(60))
def test_random_matrices_are_recovered(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 40, 2)
    order = ORDERS[seed % len(ORDERS)]
    matrix = scattered(m, n, rng.uniform(0, 0.3), seed)
    square = scattered(n, n, rng.uniform(0, 0.2), seed, symmetric=True)
    for kind in ANY:
        assert_recovers(matrix, kind, order)
    for kind in SYMMETRIC:
        assert_recovers(square, kind, order)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_substitution_keeps_the_kind_of_number(dtype):
    matrix = scipy.sparse.csr_array(symmetric_numbers(banded(9, 1)).astype(dtype))
    matrix.data *= dtype(1 + 2j) if np.dtype(dtype).kind == "c" else dtype(1)
    coloring = color(matrix, "acyclic")
    forward = (matrix @ seeds(coloring.column_colors, 2).T.astype(dtype)).T
    values = coloring.recover(forward)
    assert values.dtype == dtype
    np.testing.assert_array_equal(values, matrix.data)


def test_long_chains_are_substituted():
    """Along a line each entry is what the one before leaves."""
    matrix = symmetric_numbers(
        scipy.sparse.csr_array(line(20_000)).multiply(
            np.random.default_rng(0).integers(1, 9, 20_000)
        )
    )
    coloring = assert_recovers(matrix, "acyclic", "natural")
    assert coloring.n_colors == 2
    assert coloring.substitution.entries.size > 15_000


# -- definitions -----------------------------------------------------------------------------------


def columns_differ(pattern, colors):
    """Columns that meet in a row have different colors; all with an entry have one."""
    assert ((colors >= 0) == pattern.any(axis=0)).all()
    for row in pattern:
        met = colors[row]
        assert len(set(met.tolist())) == met.size


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", MATRICES)
def test_definition_of_column_and_row_colorings(name, order):
    pattern = MATRICES[name].toarray() != 0
    column, row = color(pattern, "column", order), color(pattern, "row", order)
    columns_differ(pattern, column.column_colors)
    columns_differ(pattern.T, row.row_colors)
    assert column.row_colors is None
    assert row.column_colors is None


def edges_of(pattern, colors):
    """The edges; their ends must differ in color."""
    edges = [(i, j) for i, j in np.argwhere(pattern).tolist() if i < j]
    assert all(colors[i] != colors[j] for i, j in edges)
    assert ((colors >= 0) == pattern.any(axis=0)).all()
    return edges


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", SYMMETRIC_MATRICES)
def test_definition_of_star_colorings(name, order):
    """No path of four vertices has two colors only."""
    pattern = SYMMETRIC_MATRICES[name].toarray() != 0
    colors = color(pattern, "star", order).column_colors
    for i, j in edges_of(pattern, colors):
        before = {v for v in np.flatnonzero(pattern[i]) if v != j and colors[v] == colors[j]}
        after = {v for v in np.flatnonzero(pattern[j]) if v != i and colors[v] == colors[i]}
        assert not before or not after


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", SYMMETRIC_MATRICES)
def test_definition_of_acyclic_colorings(name, order):
    """Two colors make up a forest: as many edges as vertices less trees."""
    pattern = SYMMETRIC_MATRICES[name].toarray() != 0
    coloring = color(pattern, "acyclic", order)
    colors = coloring.column_colors
    edges_of(pattern, colors)
    for pair in itertools.combinations(range(coloring.n_colors), 2):
        part = pattern[np.ix_(np.isin(colors, pair), np.isin(colors, pair))]
        np.fill_diagonal(part, val=False)
        n_trees = connected_components(part)[0]
        assert part.sum() // 2 == part.shape[0] - n_trees


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", MATRICES)
def test_definition_of_bicolorings(name, order):
    """Each entry stands alone in a row of a forward or in a column of a reverse product."""
    pattern = MATRICES[name].toarray() != 0
    coloring = color(pattern, "bicoloring", order)
    columns, rows = coloring.column_colors, coloring.row_colors
    for i, j in np.argwhere(pattern):
        forward = columns[j] >= 0 and (columns[pattern[i]] == columns[j]).sum() == 1
        reverse = rows[i] >= 0 and (rows[pattern[:, j]] == rows[i]).sum() == 1
        assert forward or reverse
    fewest = min(color(pattern, kind, order).n_colors for kind in ("column", "row"))
    assert coloring.n_colors <= fewest


def greedy_columns(pattern):
    """The first free color for each column, as one would write it down."""
    colors = np.full(pattern.shape[1], -1)
    for j in np.flatnonzero(pattern.any(axis=0)):
        taken = set(colors[pattern[pattern[:, j]].any(axis=0)].tolist())
        colors[j] = next(c for c in itertools.count() if c not in taken)
    return colors


@pytest.mark.parametrize("name", MATRICES)
def test_natural_order_is_the_plain_greedy_coloring(name):
    pattern = MATRICES[name].toarray() != 0
    np.testing.assert_array_equal(color(pattern).column_colors, greedy_columns(pattern))


@pytest.mark.parametrize("seed", range(8))
def test_long_rows_forbid_what_short_ones_do(seed):
    """Rows of more than 64 of 300 entries are long; words of bits fill up and are passed over."""
    rng = np.random.default_rng(seed)
    long = rng.random((4, 300)) < rng.uniform(0.3, 1, (4, 1))
    pattern = rng.permutation(np.vstack([long, rng.random((20, 300)) < 0.03]))
    np.testing.assert_array_equal(color(pattern).column_colors, greedy_columns(pattern))
    assert_recovers(with_numbers(pattern), "bicoloring", "natural")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", [*ANY, *SYMMETRIC])
def test_machine_code_and_python_agree(kind, order, monkeypatch):
    matrices = [bordered(80, 1) + bordered(80, 1).T, nine_points(6), tree(50)]
    if kind in ANY:
        matrices += [scattered(30, 90, 0.1, 8), MATRICES["long rows"]]
    native = [color(m, kind, order) for m in matrices]
    monkeypatch.setattr(python_loops.engine, "available", lambda: False)
    for matrix, one in zip(matrices, native, strict=True):
        other = color(matrix, kind, order)
        np.testing.assert_equal(one.column_colors, other.column_colors)
        np.testing.assert_equal(one.row_colors, other.row_colors)
        np.testing.assert_array_equal(one.places, other.places)
        if one.substitution is not None:
            for name in ("entries", "twins", "receivers"):
                np.testing.assert_array_equal(
                    getattr(one.substitution, name), getattr(other.substitution, name)
                )
            values = np.arange(2.0 * matrix.shape[0] * one.n_colors)[
                : matrix.shape[0] * one.n_colors
            ]
            np.testing.assert_array_equal(one.recover(values), other.recover(values))


# -- published counts ------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [0, 1, 2, 5])
@pytest.mark.parametrize("order", ["natural", "best"])
def test_a_band_needs_its_width(half, order):
    """Curtis, Powell and Reid: 2 b + 1 products."""
    matrix = banded(40, half)
    for kind in ("column", "row"):
        assert color(matrix, kind, order).n_colors == 2 * half + 1


def test_a_band_that_is_symmetric_needs_half():
    """Coleman and Moré: half the band and the diagonal by substitution; a line is a star of 3."""
    assert color(banded(40, 1), "star").n_colors == 3
    for half in (1, 2, 5):
        assert color(banded(40, half), "acyclic").n_colors == half + 1


def test_five_points_need_five():
    """The lattice has a coloring by i + 2 j modulo 5, which growing from one place finds."""
    matrix = five_points(30)
    assert color(matrix).n_colors <= 8
    assert color(matrix, order="saturation").n_colors == 5
    assert color(matrix, order="best").n_colors == 5


def test_nine_points_need_nine():
    for order in ("natural", "saturation", "best"):
        assert color(nine_points(20), order=order).n_colors == 9


@pytest.mark.parametrize("order", ORDERS)
def test_arrows_need_a_constant_number(order):
    matrix = arrow(50)
    assert color(matrix, "column", order).n_colors == 50
    assert color(matrix, "row", order).n_colors == 50
    coloring = color(matrix, "bicoloring", order)
    assert coloring.n_colors == 3
    assert color(matrix, "star", order).n_colors == 2
    assert color(matrix, "acyclic", order).n_colors == 2


def test_bicoloring_divides_rows_with_long_columns_in_them():
    """Two blocks: long rows that share a column, and the same transposed."""
    rows = np.kron(np.eye(20), np.ones((1, 20)))
    rows[:, 0] = 1
    matrix = with_numbers(scipy.sparse.block_diag([rows, rows.T]).toarray())
    assert color(matrix, "column").n_colors >= 21
    assert color(matrix, "row").n_colors >= 21
    assert color(matrix, "bicoloring").n_colors <= 6


def test_trees():
    """A tree has no cycle, whatever its two colors; three make up stars, grown from one place."""
    for seed in range(5):
        assert color(tree(200, seed), "acyclic").n_colors == 2
        assert color(tree(200, seed), "star", "saturation").n_colors == 3


def test_symmetric_grids():
    """Fertin, Raspaud and Reed (2004): stars on a grid need five colors, trees three."""
    matrix = five_points(20)
    assert color(matrix, "star", "best").n_colors == 5
    assert color(matrix, "acyclic", "best").n_colors in (3, 4)
    assert color(nine_points(20), "acyclic", "best").n_colors <= 6


def test_best_is_no_worse_than_any():
    for seed in range(5):
        matrix = scattered(40, 60, 0.08, seed)
        for kind in ANY:
            counts = [color(matrix, kind, order).n_colors for order in ORDERS]
            best = color(matrix, kind, "best")
            assert best.n_colors == min(counts)
            assert best.order == ORDERS[counts.index(min(counts))]


def test_a_full_row_costs_its_length_not_its_square():
    """200,000 columns in two rows: the square would be 4e10 steps."""
    n = 200_000
    pattern = scipy.sparse.csr_array(
        (
            np.ones(3 * n - 1),
            np.concatenate([np.arange(n), np.arange(1, n), np.arange(n)]),
            np.array([0, n, 2 * n - 1, *range(2 * n, 3 * n)]),
        ),
        shape=(n + 2, n),
    )
    for order in ORDERS:
        if order != "random":
            assert color(pattern, "column", order).n_forward == n
    assert color(pattern, "bicoloring").n_colors == 3


@pytest.mark.parametrize("kind", SYMMETRIC)
def test_what_is_large_and_nearly_full_is_colored_by_columns(kind, monkeypatch):
    blocks = scipy.sparse.block_diag([arrow(6), arrow(6)]).tocsr()
    few = color(blocks, kind).n_colors
    monkeypatch.setattr(coloring_module, "MOST_STEPS", 0)
    assert color(blocks, kind).n_colors == few  # not a quarter full
    coloring = assert_recovers(symmetric_numbers(arrow(8)), kind, "natural")
    assert coloring.kind == kind
    assert coloring.n_colors == 8
    assert few == 2


# -- patterns --------------------------------------------------------------------------------------


def test_what_is_stored_counts_even_if_it_is_zero():
    stored = scipy.sparse.csr_array(([0.0, 1.0], ([0, 0], [0, 1])), shape=(1, 2))
    assert color(stored).n_colors == 2
    assert color(stored.toarray()).n_colors == 1


def test_duplicates_and_any_order_of_entries():
    rows, columns = [1, 0, 1, 1, 0], [2, 1, 0, 2, 0]
    pattern = scipy.sparse.coo_array((np.ones(5), (rows, columns)), shape=(2, 3))
    coloring = color(pattern)
    assert coloring.places.size == 4
    np.testing.assert_array_equal(coloring.places, color(pattern.toarray()).places)
    unsorted = scipy.sparse.csr_array((np.ones(2), [1, 0], [0, 2]), shape=(1, 2))
    assert color(unsorted).places.tolist() == [0, 1]
    assert unsorted.indices.tolist() == [1, 0]


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dia", "bsr"])
def test_forms_of_sparse_matrices(form):
    matrix = MATRICES["scattered"]
    np.testing.assert_array_equal(color(matrix.asformat(form)).places, color(matrix).places)
    old = scipy.sparse.csr_matrix(matrix).asformat(form)
    np.testing.assert_array_equal(color(old).places, color(matrix).places)


def test_long_indices():
    matrix = five_points(6)
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    np.testing.assert_array_equal(color(matrix).places, color(five_points(6)).places)


def test_what_is_empty_has_no_color():
    pattern = np.array([[1, 0, 1], [0, 0, 0]])
    assert color(pattern).column_colors.tolist() == [0, -1, 1]
    assert color(pattern, "row").row_colors.tolist() == [0, -1]
    both = color(pattern, "bicoloring")
    assert both.column_colors[1] == both.row_colors[1] == -1
    assert color(np.diag([1, 0, 1]), "star").column_colors.tolist() == [0, -1, 0]


def test_representation():
    assert repr(color(np.ones((2, 3)), "bicoloring")) == (
        "Coloring(2 × 3, 6 entries, bicoloring, natural: 0 forward and 2 reverse products)"
    )


# -- errors ----------------------------------------------------------------------------------------


def test_errors():
    with pytest.raises(ArgumentError, match="color: there is no kind 'columns'"):
        color(np.eye(3), "columns")
    with pytest.raises(ArgumentError, match="color: there is no order 'first'"):
        color(np.eye(3), order="first")
    with pytest.raises(ShapeError, match="a pattern is a matrix"):
        color(np.ones(3))
    with pytest.raises(ShapeError, match="a pattern is a matrix"):
        color(scipy.sparse.coo_array(np.ones(3)))
    for kind in SYMMETRIC:
        with pytest.raises(ShapeError, match=f"a {kind} coloring needs a square pattern"):
            color(np.ones((2, 3)), kind)
        with pytest.raises(ArgumentError, match=f"a {kind} coloring needs a symmetric pattern"):
            color(np.triu(np.ones((3, 3))), kind)
    with pytest.raises(ShapeError, match="these are not the products of the coloring"):
        color(np.eye(3)).recover(np.ones(4))
