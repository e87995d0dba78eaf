"""Sparse Jacobians and Hessians against dense ones, and what users do with them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import wengert as wg
from wengert import trees
from wengert.compression.products import Products
from wengert.errors import ArgumentError, NonScalarOutputError, NotDifferentiableError
from wengert.scipy.sparse import SparseArray
from wengert.sparse.derivatives import SparseFunction

RNG = np.random.default_rng(0)


def dense(f, *args, argnums=0, order="forward"):
    """The Jacobian as one matrix, by dense forward mode."""
    blocks = trees.flatten(wg.jacobian(f, argnums, mode=order)(*args))[0]
    outs = trees.flatten(f(*args))[0]
    k = len(blocks) // len(outs)
    rows = [
        np.concatenate([np.reshape(b, (np.size(o), -1)) for b in blocks[i * k : i * k + k]], axis=1)
        for i, o in enumerate(outs)
    ]
    return np.concatenate(rows)


def band(x):
    return x[1:-1] ** 2 + x[2:] * x[:-2]


WEIGHTS = np.array([1.0, 0.0, 2.0, 0.0, -1.0, 3.0])
MATRIX = np.diag(np.ones(8)) + np.diag(np.ones(6), 2)
INDEX = np.array([0, 3, 3, 1, 0, 7])
SPARSE = scipy.sparse.random_array((5, 8), density=0.3, rng=RNG, format="csr")
X = np.linspace(0.5, 1.5, 8)

FUNCTIONS = {
    "a stencil": band,
    "captured zeros": lambda x: WEIGHTS * band(x),
    "a captured matrix": lambda x: MATRIX @ np.sin(x),
    "a sparse matrix": lambda x: (SPARSE @ x) ** 2,
    "a gather": lambda x: x[INDEX] ** 2 * x[INDEX[::-1]],
    "writing in place": lambda x: written(x),
    "a constant output": lambda x: (np.sin(x), np.ones(3)),
    "the argument itself": lambda x: (x, x[::2]),
    "one element": lambda x: np.sum(x**2),
    "a dense row": lambda x: np.concatenate([band(x), [np.sum(x) ** 2]]),
    "an arrow": lambda x: np.concatenate([x[:-1] * x[1:], np.sin(x) * x[0], [np.sum(np.exp(x))]]),
    "cumulative": lambda x: np.cumsum(x**2),
    "a matrix of items": lambda x: np.linalg.solve(
        np.reshape(x, (2, 2, 2)) + np.eye(2), np.ones((2, 2, 1))
    ),
    "a scan": lambda x: wg.scan(lambda c, a: (c * a, c + a), 1.0, x)[1],
    "a loop over elements": lambda x: np.stack([x[i] * x[(i * i) % 8] for i in range(8)]),
    "sorted": np.sort,
    "a branch": lambda x: np.sin(x) if x[0] > 0 else x[:2] * x[2:4],
    "nothing": lambda x: np.zeros(4) * 1.0 + 0.0 * x[:4],
}


def written(x):
    y = wg.numpy.zeros(8)
    y[2:6] = x[:4] ** 2
    y[0] += x[7]
    return y


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_jacobian_equals_the_dense_one(name, mode):
    f = FUNCTIONS[name]
    value, found = wg.sparse.value_and_jacobian(f, mode=mode)(X)
    np.testing.assert_allclose(found.toarray(), dense(f, X), rtol=1e-12, atol=1e-14)
    for a, b in zip(trees.flatten(value)[0], trees.flatten(f(X))[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
def test_formats(format):
    f = FUNCTIONS["a gather"]
    found = wg.sparse.jacobian(f, format=format)(X)
    assert found.format == format and isinstance(found, scipy.sparse.sparray)
    np.testing.assert_allclose(found.toarray(), dense(f, X))
    found.sum_duplicates()
    np.testing.assert_allclose(found.toarray(), dense(f, X))


def residuals(cameras, points, weights, camera_index, point_index):
    """A small bundle adjustment: gathers, small vectors, two outputs."""
    camera, x = cameras[camera_index], points[point_index]
    x = x - camera[:, :3]
    p = x[:, :2] / x[:, 2:]
    r2 = np.sum(p * p, axis=1, keepdims=True)
    distorted = p * (1.0 + camera[:, 4:5] * r2) * camera[:, 3:4]
    return weights[:, None] * distorted, 1.0 - weights**2


def scene(n_cameras=3, n_points=40, n_observations=64):
    rng = np.random.default_rng(1)
    cameras = rng.normal(size=(n_cameras, 5))
    points = rng.normal(size=(n_points, 3)) + [0.0, 0.0, 8.0]
    index = [rng.integers(0, n, n_observations) for n in (n_cameras, n_points)]
    return cameras, points, rng.uniform(0.5, 1.0, n_observations), *index


def test_bundle_adjustment_is_computed_observation_by_observation():
    args = scene()
    both = wg.sparse.value_and_jacobian(residuals, argnums=(0, 1, 2))
    for scale in (1.0, 1.5):  # the second call runs what the first prepared
        now = (*[scale * a for a in args[:3]], *args[3:])
        value, found = both(*now)
        np.testing.assert_allclose(value[0], residuals(*now)[0], rtol=1e-12)
        np.testing.assert_allclose(
            found.toarray(), dense(residuals, *now, argnums=(0, 1, 2)), rtol=1e-10, atol=1e-12
        )
    report = str(wg.explain(wg.sparse.jacobian(residuals, argnums=(0, 1, 2)))(*args))
    assert "compressed, forward, item by item" in report


def test_other_integers_are_another_pattern():
    jacobian = wg.sparse.jacobian(lambda x, i: x[i] ** 2)
    for index in ([0, 1, 1], [2, 0, 3], [0, 1, 1]):
        i = np.array(index)
        np.testing.assert_allclose(
            jacobian(X, i).toarray(), dense(lambda x, i=i: x[i] ** 2, X), rtol=1e-14
        )


def test_a_changed_closure_is_noticed():
    index = np.array([0, 1, 2])
    scale = np.ones(3)
    jacobian = wg.sparse.jacobian(lambda x: scale * x[index] ** 2)
    jacobian(X)
    index[:] = [5, 4, 4]
    np.testing.assert_allclose(
        jacobian(X).toarray(), dense(lambda x: x[np.array([5, 4, 4])] ** 2, X)
    )
    scale[1] = 7.0
    assert jacobian(X)[1, 4] == 14.0 * X[4]


def test_a_branch_taken_otherwise_is_another_pattern():
    def f(x):
        return x[:2] * x[2:4] if x[0] > 0 else x[4:6] ** 2

    jacobian = wg.sparse.jacobian(f)
    for sign in (1.0, -1.0, 1.0):
        np.testing.assert_allclose(jacobian(sign * X).toarray(), dense(f, sign * X))


def test_indices_that_depend_on_numbers():
    def f(x):
        return x[np.argsort(-x)[:3]] ** 2

    jacobian = wg.sparse.jacobian(f)
    for x in (X, X[::-1].copy()):
        np.testing.assert_allclose(jacobian(x).toarray(), dense(f, x))


def test_arguments_of_any_structure():
    def f(p, *, q):
        return {"a": p["w"] @ p["b"], "c": q * p["b"]}

    p = {"b": RNG.normal(size=3), "w": RNG.normal(size=(2, 3))}
    q = np.array([2.0, 0.5, 1.0])
    found = wg.sparse.jacobian(f, argnames="q", argnums=0)(p, q=q)
    assert found.shape == (5, 12)
    by_hand = np.zeros((5, 12))
    by_hand[:2, :3] = p["w"]
    by_hand[0, 3:6] = by_hand[1, 6:9] = p["b"]
    by_hand[2:, :3] = np.diag(q)
    by_hand[2:, 9:] = np.diag(p["b"])
    np.testing.assert_allclose(found.toarray(), by_hand)


def test_scalars_float32_and_complex():
    found = wg.sparse.jacobian(lambda x: x**2)(3.0)
    assert found.shape == (1, 1) and found[0, 0] == 6.0
    single = wg.sparse.jacobian(band)(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.toarray(), dense(band, X), rtol=1e-5)
    z = X[:4] + 1j
    for mode in ("forward", "reverse"):
        found = wg.sparse.jacobian(lambda z: z[1:] * z[:-1] * 1j, mode=mode)(z)
        assert found[0, 0] == 1j * z[1] and found[0, 1] == 1j * z[0]


def test_aux_is_passed_on():
    value, found = wg.sparse.value_and_jacobian(
        lambda x: (band(x), {"sum": x.sum()}), has_aux=True
    )(X)
    assert value[1]["sum"] == X.sum()
    np.testing.assert_allclose(found.toarray(), dense(band, X))
    found, aux = wg.sparse.jacobian(lambda x: (band(x), 2.0 * x), has_aux=True)(X)
    np.testing.assert_allclose(aux, 2.0 * X)


def deep(x):
    """So many equations that products are batched, not written out."""
    y = x
    for k in range(30):
        y = np.sin(MIX @ y) + 0.02 * k * y
    return y


MIX = np.random.default_rng(5).normal(size=(40, 40)) / 20.0


def test_memory_is_kept_to_by_parts(monkeypatch):
    x = np.linspace(0.0, 1.0, 40)
    sizes = []
    part = Products._part
    monkeypatch.setattr(
        Products, "_part", lambda self, *args: sizes.append(args[-1]) or part(self, *args)
    )
    exact = wg.jacobian(deep, mode="forward")(x)
    for memory in (1e9, 200_000.0):
        for mode in ("forward", "reverse"):
            found = wg.sparse.jacobian(deep, memory=memory, mode=mode)(x)
            np.testing.assert_allclose(found.toarray(), exact, rtol=1e-9, atol=1e-12)
    assert sizes[0] == sizes[1] == 40 and 1 < sizes[2] < 20 and 1 < sizes[3] < 20


# -- Hessians --------------------------------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


PAIRS = np.triu_indices(6, 1)


def energy(x):
    d = x[PAIRS[0]] - x[PAIRS[1]]
    r2 = np.sum(d * d, axis=1)
    return np.sum(1.0 / r2**6 - 1.0 / r2**3)


OBJECTIVES = {
    "Rosenbrock": (rosenbrock, X),
    "pairs": (energy, RNG.normal(size=(6, 3)) * 2.0),
    "broadcast pairs": (
        lambda x: np.sum(np.exp(-((x[:, None] - x[None, :]) ** 2))),
        np.linspace(0.0, 1.0, 7),
    ),
    "a square of a sum": (lambda x: np.sum(x) ** 2 + np.sum(x**3), X),
    "linear": (lambda x: np.sum(x * np.arange(8.0)), X),
    "quadratic": (lambda x: x @ MATRIX @ x, X),
    "a scan": (lambda x: wg.scan(lambda c, a: (c + a * a, c * a), 0.0, x)[1].sum(), X),
    "tree": (lambda p: np.sum(p["a"][1:] * p["a"][:-1] * p["b"]), {"a": X, "b": 2.0}),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_hessian_equals_the_dense_one(name):
    f, x = OBJECTIVES[name]
    value, gradient, found = wg.sparse.value_grad_and_hessian(f)(x)
    leaves, spec = trees.flatten(x)
    sizes = [np.size(v) for v in leaves]

    def flat(v):
        parts = np.split(v, np.cumsum(sizes)[:-1])
        return f(
            trees.unflatten(
                spec, [np.reshape(p, np.shape(a)) for p, a in zip(parts, leaves, strict=True)]
            )
        )

    at = np.concatenate([np.ravel(v) for v in leaves])
    exact = wg.hessian(flat)(at)
    scale = max(1.0, np.max(np.abs(exact)))
    np.testing.assert_allclose(found.toarray() / scale, exact / scale, atol=1e-12)
    np.testing.assert_allclose(value, f(x))
    flat_gradient = np.concatenate([np.ravel(g) for g in trees.flatten(gradient)[0]])
    np.testing.assert_allclose(flat_gradient, wg.grad(flat)(at), rtol=1e-10)


def test_products_are_those_of_one_term():
    """Each of 200 atoms has 20 neighbors and more, and six products give the Hessian."""
    rng = np.random.default_rng(2)
    i, j = np.triu_indices(200, 1)
    kept = rng.random(len(i)) < 0.1
    i, j = i[kept], j[kept]

    def f(x):
        return np.sum(np.sum((x[i] - x[j]) ** 2, axis=1) ** 1.5)

    x = rng.normal(size=(200, 3))
    report = str(wg.explain(wg.sparse.hessian(f))(x))
    assert "6 products, of several columns" in report
    found = wg.sparse.hessian(f)(x)
    v = rng.normal(size=x.shape)
    np.testing.assert_allclose(found @ v.ravel(), wg.hvp(f, (x,), (v,)).ravel(), rtol=1e-9)


# -- inside other transforms -----------------------------------------------------------------------


def test_traced_arguments_give_traced_values():
    jacobian = wg.sparse.jacobian(band)
    v = np.arange(8.0)

    def f(x):
        J = jacobian(x)
        assert isinstance(J, SparseArray)
        return np.sum((J @ v) ** 2)

    plain = lambda x: np.sum((wg.jacobian(band, mode="forward")(x) @ v) ** 2)
    np.testing.assert_allclose(wg.grad(f)(X), wg.grad(plain)(X), rtol=1e-12)
    np.testing.assert_allclose(wg.jit(f)(X), plain(X), rtol=1e-12)
    np.testing.assert_allclose(wg.jit(wg.grad(f))(X), wg.grad(plain)(X), rtol=1e-12)


def test_what_is_returned_is_the_users():
    jacobian = wg.sparse.jacobian(band)
    first = jacobian(X)
    first.data[:] = 0.0
    first.indices[:] = 0
    np.testing.assert_allclose(jacobian(X).toarray(), dense(band, X))


def test_few_kinds_are_kept():
    made = []
    prepared = SparseFunction(lambda args, kwargs: made.append(1) or derive(*args))
    jacobian = wg.sparse.value_and_jacobian(band)

    def derive(x):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        prepared((X,), {})
    assert len(made) == 1
    for n in range(4, 30):
        assert jacobian(np.ones(n))[1].shape == (n - 2, n)


# -- patterns given --------------------------------------------------------------------------------


def test_a_given_pattern_is_used():
    pattern = scipy.sparse.csr_array(np.triu(np.tril(np.ones((6, 8)), 2)))
    found = wg.sparse.jacobian(band, pattern=pattern)(X)
    assert found.nnz == pattern.nnz
    np.testing.assert_allclose(found.toarray(), dense(band, X))
    again = wg.sparse.jacobian(band, pattern=wg.sparse.pattern(band)(X))(X)
    np.testing.assert_allclose(again.toarray(), dense(band, X))


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_a_pattern_that_misses_an_entry_is_refused(mode):
    missing = np.triu(np.tril(np.ones((6, 8)), 2))
    missing[3, 5] = 0
    with pytest.raises(ArgumentError) as caught:
        wg.sparse.jacobian(lambda p: band(p["x"]), pattern=missing, mode=mode)({"x": X})
    text = str(caught.value)
    assert "sparse.jacobian: the pattern given misses an entry that is not zero." in text
    assert f"{X[3]:.6g} in row 3, column 5 (argument['x'][5])" in text
    assert "leave pattern out: it is then found" in text


def test_a_hessian_pattern_that_misses_an_entry_is_refused():
    with pytest.raises(ArgumentError, match="misses an entry"):
        wg.sparse.hessian(rosenbrock, pattern=np.eye(8))(X)


def test_a_pattern_of_another_shape_is_refused():
    with pytest.raises(ArgumentError, match="the pattern given has another shape than the matrix"):
        wg.sparse.jacobian(band, pattern=np.ones((3, 3)))(X)
    with pytest.raises(ArgumentError, match="the pattern is no matrix"):
        wg.sparse.jacobian(band, pattern=np.ones(3))


# -- refusals --------------------------------------------------------------------------------------


def test_options_that_do_not_exist():
    with pytest.raises(ArgumentError, match="there is no such format"):
        wg.sparse.jacobian(band, format="bsr")
    with pytest.raises(ArgumentError, match="there is no such mode"):
        wg.sparse.jacobian(band, mode="sideways")
    with pytest.raises(ArgumentError, match="memory is not positive"):
        wg.sparse.jacobian(band, memory=0)


def test_integers_are_refused():
    with pytest.raises(NotDifferentiableError, match="with respect to an integer"):
        wg.sparse.jacobian(lambda x: x * 1.0)(np.arange(3))
    with pytest.raises(NotDifferentiableError, match="output is an integer or boolean"):
        wg.sparse.jacobian(lambda x: x > 0.0)(X)
    with pytest.raises(NonScalarOutputError):
        wg.sparse.hessian(band)(X)


def test_too_many_branches_stay_right():
    def f(x):
        k = int(x[0])
        return x[k : k + 2] ** 2

    jacobian = wg.sparse.jacobian(f)
    points = [np.linspace(k + 0.5, 20.0, 20) for k in range(14)]
    with pytest.warns(RuntimeWarning, match="took more than 8 different paths"):
        found = [jacobian(x).toarray() for x in points]
    for x, matrix in zip(points, found, strict=True):
        np.testing.assert_allclose(matrix, dense(f, x))
