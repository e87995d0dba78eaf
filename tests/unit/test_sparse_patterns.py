"""Patterns: what they find, how they look, and the ways products are chosen from them."""

from __future__ import annotations

import sys

import matplotlib as mpl
import numpy as np
import pytest
import scipy.sparse

import wengert as wg
from wengert.compression.plan import plan
from wengert.compression.recorded import completed
from wengert.compression.separation import separate, whole
from wengert.errors import ArgumentError, MissingExtraError
from wengert.ir.index_sets import IndexSets
from wengert.sparse import Pattern

mpl.use("Agg")
X = np.linspace(0.5, 1.5, 6)


def found(f, x=X, **options):
    """The pattern as zeros and ones, in one line a row."""
    matrix = wg.sparse.pattern(f, **options)(x).matrix.toarray().astype(int)
    return ["".join(map(str, row)) for row in matrix]


def test_slices_and_captured_zeros():
    mask = np.array([1.0, 0.0, 1.0])
    assert found(lambda x: mask * x[:3] + x[3:] ** 2) == ["100100", "000010", "001001"]


def test_a_pattern_holds_for_all_numbers():
    f = lambda x: x[:3] * x[3:]
    x = np.array([0.0, 1.0, 2.0, 0.0, 0.0, 3.0])
    everywhere = found(f, x)
    assert everywhere == ["100100", "010010", "001001"]
    assert found(f, x, at_point=True) == ["000000", "000010", "001001"]
    assert found(f, X, at_point=True) == everywhere


def test_hessian_patterns_hold_nonlinear_interactions_only():
    f = lambda x: np.sum(x[:2] * x[2:4]) + np.sum(x) + 3.0 * x[4] - x[5] ** 3
    assert found(f, order=2) == ["001000", "000100", "100000", "010000", "000000", "000001"]


def test_argnums_and_trees():
    f = lambda a, b: a * b["u"]
    p = wg.sparse.pattern(f, argnums=(1, 0))(np.ones(2), {"t": np.ones(1), "u": np.ones(2)})
    assert p.matrix.toarray().astype(int).tolist() == [[0, 1, 0, 1, 0], [0, 0, 1, 0, 1]]


def test_a_dependence_on_an_unknown_index_is_on_all():
    assert found(lambda x: x[np.argmax(x)] * x[:1]) == ["111111"]


def test_branches_that_are_recorded():
    assert found(lambda x: x[:2] if x[0] > 0 else x[2:4]) == ["100000", "010000"]
    f = lambda x: wg.cond(x[0] > 0, lambda: x[:2] * 2.0, lambda: x[2:4] * 1.0)
    assert found(f) == ["101000", "010100"]


def test_order_that_does_not_exist():
    with pytest.raises(ArgumentError, match=r"sparse\.pattern: there is no such order"):
        wg.sparse.pattern(np.sin, order=3)


# -- what a pattern is -----------------------------------------------------------------------------

ARROW = np.eye(5, dtype=bool)
ARROW[0] = ARROW[:, 0] = True


def arrow():
    return Pattern(
        *[getattr(scipy.sparse.csr_array(ARROW), n) for n in ("shape", "indptr", "indices")]
    )


def test_pictures_in_characters():
    lines = str(arrow()).splitlines()
    assert lines[0] == "5 × 5, 13 entries (52%), at most 5 in a row, 5 in a column"
    assert lines[1:3] == ["● ● ● ● ●", "● ● · · ·"]
    large = str(wg.sparse.pattern(np.sin)(np.ones(1000))).splitlines()
    assert len(large) == 25 and large[1].startswith("░")
    assert repr(arrow()) == "<Pattern 5 × 5, 13 entries>"


def test_an_empty_pattern_can_be_shown():
    assert str(wg.sparse.pattern(lambda x: 0.0 * x[:0])(X)).startswith("0 × 6, 0 entries")


def test_spy_plot_marks_the_entries():
    import matplotlib.pyplot as plt

    ax = arrow().plot()
    image = ax.images[0].get_array()
    assert np.array_equal(np.asarray(image) > 0, ARROW)
    assert ax.get_title() == "5 × 5, 13 entries"
    plt.close("all")


def test_a_plot_without_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError) as caught:
        arrow().plot()
    assert "Pattern.plot needs a package that is not installed." in str(caught.value)
    assert "pip install 'wengert[ui]'" in str(caught.value)


def test_saved_and_loaded(tmp_path):
    path = tmp_path / "pattern.npz"
    arrow().save(path)
    assert Pattern.load(path) == arrow()
    assert Pattern.load(path) != arrow().T.T.__class__(
        (5, 5), arrow().indptr, arrow().indices[::-1]
    )
    assert np.array_equal(scipy.sparse.load_npz(path).toarray(), ARROW)


def test_transposed():
    p = wg.sparse.pattern(lambda x: x[1:3] * x[:2])(X)
    assert np.array_equal(p.T.matrix.toarray(), p.matrix.toarray().T)
    assert p.nnz == 4 and p.most_in_a_row == 2


# -- sets ------------------------------------------------------------------------------------------


def test_index_sets_against_python_sets():
    rng = np.random.default_rng(0)
    n = 12
    sets = IndexSets(n)
    known = [frozenset(), *[frozenset([i]) for i in range(n)]]
    labels = np.arange(1, n + 1)
    for turn in range(60):
        a, b = rng.integers(0, len(known), (2, 5))
        if turn % 3 == 0:
            made = sets.unite(a, b)
            truth = [known[i] | known[j] for i, j in zip(a, b, strict=True)]
        elif turn % 3 == 1:
            labels = rng.integers(0, len(known), (3, 7))
            made = sets.unite_along(labels, (1,))
            truth = [frozenset().union(*[known[i] for i in row]) for row in labels]
        else:
            places = rng.integers(-1, 4, 5)
            made = sets.unite_at(places, a, 4)
            truth = [
                frozenset().union(*[known[i] for i, p in zip(a, places, strict=True) if p == place])
                for place in range(4)
            ]
        rows = sets.rows(made).toarray()
        for row, label, expected in zip(rows, made, truth, strict=True):
            assert frozenset(np.flatnonzero(row)) == expected
            if label == len(known):
                known.append(expected)
            while label >= len(known):  # numbers of sets made in between
                known.append(frozenset(np.flatnonzero(sets.rows(np.array([len(known)])).toarray())))


# -- ways ------------------------------------------------------------------------------------------


def linear_program(f, x=X):
    """The linear Program of a function at x, nothing known."""
    from wengert.api.arguments import select_arguments
    from wengert.api.differentiate import record

    recorded = record("test", f, select_arguments("test", (x,), {}, 0, None))
    known = [v if np.asarray(v).dtype.kind in "iub" else None for v in recorded.residuals]
    return completed(recorded.linearized, recorded.types), known, recorded


def way(f, x=X, **options):
    program, known, recorded = linear_program(f, x)
    shape = (sum(t.size for t in recorded.types), x.size)
    made = plan(program, known, shape, **options)
    dense = np.zeros(shape)
    rows = made.structure.rows
    dense[rows, made.structure.indices] = made.values(recorded.residuals)
    exact = wg.jacobian(f, mode="forward")(x)
    np.testing.assert_allclose(dense, np.reshape(exact, shape), rtol=1e-12, atol=1e-14)
    return made


def test_an_arrow_needs_forward_and_reverse_products():
    n = 30

    def f(x):
        first = np.prod(1.0 + 0.01 * x)
        return np.concatenate([[first], np.sin(x[1:]) * np.cos(x[0])])

    x = np.linspace(0.5, 1.0, n)
    structure = wg.sparse.pattern(f)(x)
    made = way(f, x, given=structure)
    names = {option.name: option.n_products for option in made.options}
    assert made.chosen.name == "bicoloring"
    assert names["bicoloring"] <= 4 and names["forward"] == n
    # The product is a sum in its derivative: taken apart, its row is no longer dense.
    assert way(f, x).chosen.n_products <= 4


def test_a_symmetric_matrix_is_read_on_either_side():
    n = 24
    g = wg.grad(lambda x: np.sum(np.tanh(x[1:] * x[:-1])) + np.sum(x[0] * x**2))
    x = np.linspace(0.5, 1.0, n)
    made = way(g, x, is_symmetric=True, given=wg.sparse.pattern(g)(x))
    names = {option.name: option.n_products for option in made.options}
    assert names["forward"] == n and made.chosen.name == "star" and names["star"] <= 5
    assert way(g, x).chosen.n_products <= 3


def test_all_ways_agree_on_random_stencils():
    rng = np.random.default_rng(3)
    for _ in range(8):
        n, k = 20, 3
        reads = rng.integers(0, n, (k, 12))
        f = lambda x, reads=reads: np.sin(x[reads[0]]) * x[reads[1]] + x[reads[2]] ** 2
        for mode in ("auto", "forward", "reverse"):
            way(f, np.linspace(0.1, 1.0, n), mode=mode)


def test_separation_takes_gathers_and_scatters_apart():
    i, j = np.triu_indices(6, 1)
    program, known, _ = linear_program(wg.grad(lambda x: np.sum((x[i] - x[j]) ** 4)))
    middle = separate(program, known)
    names = {eq.primitive.name for eq in middle.program.equations}
    assert {"gather", "scatter_add"} <= {eq.primitive.name for eq in program.equations}
    assert not names & {"gather", "scatter_add"}
    assert len(middle.columns) == 2 and len(middle.rows) == 2
    structure = middle.entries((6, 6))[0]
    assert structure.n_entries == whole(program, known).entries((6, 6))[0].n_entries == 36


# -- jacobian(mode="auto") -------------------------------------------------------------------------


def stencil(u):
    return np.concatenate([u[:1], u[2:] - 2.0 * u[1:-1] + u[:-2] + np.exp(u[1:-1]), u[-1:]])


def test_auto_compresses_where_it_pays():
    large, small = np.linspace(0.0, 1.0, 500), np.linspace(0.0, 1.0, 5)
    for x in (large, small):
        exact = wg.jacobian(stencil, mode="forward")(x)
        for mode in ("auto", "compressed"):
            np.testing.assert_allclose(wg.jacobian(stencil, mode=mode)(x), exact, rtol=1e-14)
            jitted = wg.jit(wg.jacobian(stencil, mode=mode))
            np.testing.assert_allclose(jitted(x), exact, rtol=1e-14)
    said = str(wg.explain(wg.jacobian(stencil))(large))
    assert "Jacobian, 500 × 500: compressed" in said
    assert "Only 1,496 of the 250,000 entries can be different from zero: 1 product" in said
    said = str(wg.explain(wg.jacobian(stencil))(small))
    assert "Jacobian, 5 × 5: forward" in said
    assert "Compressed it would take 1 product; for so small a Jacobian" in said


def test_compressed_blocks_of_trees():
    f = lambda p: {"a": p["x"][1:] * p["x"][:-1], "b": p["y"] ** 2}
    p = {"x": np.arange(4.0), "y": np.arange(6.0).reshape(2, 3)}
    found = wg.jacobian(f, mode="compressed")(p)
    exact = wg.jacobian(f, mode="forward")(p)
    for out in ("a", "b"):
        for arg in ("x", "y"):
            np.testing.assert_array_equal(found[out][arg], exact[out][arg])
    assert found["b"]["y"].shape == (2, 3, 2, 3)


def test_indices_that_change_are_no_stale_pattern():
    """Uncompiled: the plan kept with a structure is that of its indices."""
    f = lambda x, i: x[i] ** 2
    jacobian = wg.jacobian(f, mode="compressed")
    for i in ([0, 1, 2], [3, 3, 0]):
        i = np.array(i)
        np.testing.assert_array_equal(jacobian(X, i), wg.jacobian(f, mode="forward")(X, i))
    order = lambda x: np.take(x, np.argsort(x)) ** 2
    jacobian = wg.jacobian(order, mode="compressed")
    for x in (X, X[::-1].copy()):
        np.testing.assert_array_equal(jacobian(x), wg.jacobian(order, mode="forward")(x))


def test_nested_modes():
    f = lambda x: np.sum(stencil(x) ** 2)
    x = np.linspace(0.0, 1.0, 9)
    inner = wg.jacobian(wg.grad(f), mode="compressed")
    np.testing.assert_allclose(inner(x), wg.hessian(f)(x), rtol=1e-12)
    outer = wg.jacobian(inner, mode="compressed")(x)
    np.testing.assert_allclose(
        outer, wg.jacobian(wg.hessian(f), mode="forward")(x), rtol=1e-10, atol=1e-10
    )


def test_a_pattern_that_fits_nowhere(monkeypatch):
    from wengert.ir import index_sets

    monkeypatch.setattr(index_sets, "MAX_ENTRIES", 50)
    f = lambda x: np.cumsum(np.sin(x)) * x
    x = np.linspace(0.0, 1.0, 40)
    for refused in (wg.sparse.jacobian(f), wg.sparse.pattern(f)):
        with pytest.raises(ArgumentError, match="so much depends on so much that the pattern does"):
            refused(x)
    with pytest.raises(ArgumentError, match=r"(?s)jacobian: so much depends.*mode=\"forward\""):
        wg.jacobian(f, mode="compressed")(x)
    np.testing.assert_allclose(wg.jacobian(f)(x), wg.jacobian(f, mode="forward")(x))
