"""`wengert.scipy.sparse`: against dense matrices, with plain and traced values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import wengert as wg
from wengert.errors import ArgumentError, ConvergenceError, MissingRuleError, ShapeError
from wengert.scipy import sparse
from wengert.scipy.sparse import linalg

RNG = np.random.default_rng(0)
A = scipy.sparse.random_array((5, 4), density=0.5, rng=RNG, format="csr")
D = A.toarray()
X, Y, MANY = RNG.normal(size=4), RNG.normal(size=5), RNG.normal(size=(4, 3))


def made(data: Any) -> Any:
    return sparse.csr_array((data, A.indices, A.indptr), shape=A.shape)


def dense(data: Any) -> Any:
    """The same matrix by NumPy alone."""
    rows = np.repeat(np.arange(5), np.diff(A.indptr))
    out = wg.numpy.zeros((5, 4))
    out[rows, A.indices] = data
    return out


def agree(f: Any, g: Any, *args: Any) -> None:
    """Values and gradients of two functions, and their derivatives along a direction."""
    places = tuple(range(len(args)))
    np.testing.assert_allclose(wg.vjp(f, *args)[0], wg.vjp(g, *args)[0], rtol=1e-11, atol=1e-13)
    total = lambda h: lambda *args: np.sum(np.sin(h(*args)))
    for x, y in zip(
        wg.grad(total(f), places)(*args), wg.grad(total(g), places)(*args), strict=True
    ):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)
    vs = tuple([np.cos(np.arange(a.size)).reshape(a.shape) for a in args])
    for x, y in zip(wg.hvp(total(f), args, vs), wg.hvp(total(g), args, vs), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dia", "lil", "bsr", "dok"])
def test_scipys_matrices_times_traced_vectors(form: str) -> None:
    a = A.asformat(form)
    for x in (X, MANY):
        agree(lambda x: a @ x, lambda x: D @ x, x)
        if form != "coo":  # whose `dot` asks for an array first
            agree(lambda x: a.dot(x), lambda x: D @ x, x)
    agree(lambda y: y @ a, lambda y: y @ D, Y)
    agree(lambda y: y @ a, lambda y: y @ D, np.stack([Y, Y**2]))
    agree(lambda y: a.T @ y, lambda y: D.T @ y, Y)
    compiled = wg.jit(wg.grad(lambda x: np.sum((a @ x) ** 2)))
    np.testing.assert_allclose(compiled(X), 2.0 * D.T @ D @ X)


def test_traced_values() -> None:
    agree(lambda d, x: made(d) @ x, lambda d, x: dense(d) @ x, A.data, X)
    agree(lambda d, x: made(d).dot(x), lambda d, x: dense(d) @ x, A.data, MANY)
    agree(lambda d, y: y @ made(d), lambda d, y: y @ dense(d), A.data, Y)
    agree(lambda d, y: made(d).T @ y, lambda d, y: dense(d).T @ y, A.data, Y)
    agree(lambda d: made(d).toarray(), dense, A.data)
    agree(lambda d: made(d).diagonal(), lambda d: np.diagonal(dense(d)), A.data)
    agree(lambda d: made(d).sum(0), lambda d: np.sum(dense(d), 0), A.data)
    agree(lambda d: made(d).sum(1), lambda d: np.sum(dense(d), 1), A.data)
    agree(lambda d: made(d).sum(), lambda d: np.sum(dense(d)), A.data)
    agree(lambda d: linalg.norm(made(d)), lambda d: np.linalg.norm(dense(d)), A.data)
    agree(lambda d: made(d).tocsc() @ np.ones(4), lambda d: dense(d) @ np.ones(4), A.data)


def test_arithmetic() -> None:
    b = scipy.sparse.eye_array(4)

    def f(d: Any) -> Any:
        a = made(d)
        return (2.0 * (a.T @ a) / 3.0 - b + (-b) @ (a.transpose() @ a) * 0.5).toarray()

    def g(d: Any) -> Any:
        a = dense(d)
        return 2.0 * (a.T @ a) / 3.0 - np.eye(4) - 0.5 * (a.T @ a)

    agree(f, g, A.data)
    agree(lambda d: made(d) + np.ones((5, 4)), lambda d: dense(d) + 1.0, A.data)
    agree(lambda d: (made(d) + A).toarray(), lambda d: dense(d) + D, A.data)
    agree(lambda d: (A - made(d)).toarray(), lambda d: D - dense(d), A.data)
    agree(lambda d: (A.T @ made(d)).toarray(), lambda d: D.T @ dense(d), A.data)


def test_other_formats() -> None:
    c = A.tocsc()
    f = lambda d: sparse.csc_array((d, c.indices, c.indptr), shape=c.shape).toarray()
    np.testing.assert_array_equal(wg.vjp(f, c.data)[0], D)
    o = A.tocoo()
    g = lambda d: sparse.coo_array((d, o.coords)).toarray()
    np.testing.assert_array_equal(wg.vjp(g, o.data)[0][:, :4], D)
    twice = lambda d: sparse.coo_array((d, ([0, 0], [1, 1])), shape=(2, 2)).toarray()
    np.testing.assert_array_equal(wg.vjp(twice, np.array([1.0, 2.0]))[0], [[0, 3], [0, 0]])
    h = lambda d: sparse.diags_array([d, -d[1:], 2.0 * d[0]], offsets=[0, 1, -2]).toarray()
    expected = scipy.sparse.diags_array(
        [[1.0, 2, 3], [-2.0, -3], [2.0]], offsets=[0, 1, -2]
    ).toarray()
    np.testing.assert_array_equal(wg.vjp(h, np.array([1.0, 2.0, 3.0]))[0], expected)
    one = lambda d: sparse.diags_array(d).toarray()
    np.testing.assert_array_equal(wg.vjp(one, np.ones(2))[0], np.eye(2))
    for name in ("csr_array", "csc_array", "coo_array"):
        wrapped = lambda d, n=name: getattr(sparse, n)(made(d)).toarray()
        np.testing.assert_array_equal(wg.vjp(wrapped, A.data)[0], D)
        pair = lambda d, n=name: getattr(sparse, n)((d, o.coords), shape=A.shape).toarray()
        np.testing.assert_array_equal(wg.vjp(pair, o.data)[0], D)
        assert isinstance(getattr(sparse, name)(D), getattr(scipy.sparse, name))
    assert sparse.diags_array([1.0, 2.0]).nnz == 2
    assert sparse.eye_array(3).nnz == 3


def test_matrices_are_trees() -> None:
    a, pull = wg.vjp(made, A.data)
    assert repr(a) == f"SparseArray(float64[5, 4], nnz={A.nnz})"
    np.testing.assert_array_equal(a.toarray(), D)
    doubled = wg.jit(lambda a: a * 2.0)(a)
    np.testing.assert_allclose(doubled @ X, 2.0 * D @ X)


def test_lanes() -> None:
    stack = np.stack([A.data, 2.0 * A.data])
    np.testing.assert_allclose(wg.vmap(lambda d: made(d) @ X)(stack), [D @ X, 2.0 * D @ X])
    np.testing.assert_allclose(wg.vmap(lambda x: A @ x)(MANY.T), (D @ MANY).T)
    found = wg.vmap(wg.grad(lambda d: np.sum((made(d) @ X) ** 2)))(stack)
    np.testing.assert_allclose(found[1], 2.0 * found[0])


SQUARE = scipy.sparse.csr_array(D.T @ D + np.eye(4) + np.diag([0.5, 0.0, 0.2], 1))


def square(d: Any) -> Any:
    return sparse.csr_array((d, SQUARE.indices, SQUARE.indptr), shape=(4, 4))


def dense_square(d: Any) -> Any:
    out = wg.numpy.zeros((4, 4))
    out[np.repeat(np.arange(4), np.diff(SQUARE.indptr)), SQUARE.indices] = d
    return out


def test_systems_by_lu() -> None:
    for b in (X, MANY):
        exact = lambda d, b: np.linalg.solve(dense_square(d), b)
        agree(lambda d, b: linalg.spsolve(square(d), b), exact, SQUARE.data, b)
        agree(lambda d, b: linalg.splu(square(d)).solve(b), exact, SQUARE.data, b)
        agree(lambda d, b: linalg.factorized(square(d))(b), exact, SQUARE.data, b)
        plain = lambda b: np.linalg.solve(SQUARE.toarray(), b)
        agree(lambda b: linalg.spsolve(SQUARE, b), plain, b)
        agree(lambda b: linalg.splu(SQUARE).solve(b, "T"),
              lambda b: np.linalg.solve(SQUARE.toarray().T, b), b)  # fmt: skip
        agree(linalg.factorized(SQUARE.tocsc()), plain, b)
    adjoint = wg.vjp(lambda b: linalg.splu(SQUARE * (1 + 1j)).solve(b, "H"), X + 0j)[0]
    np.testing.assert_allclose(adjoint, np.linalg.solve(SQUARE.toarray().T * (1 - 1j), X))
    solve = lambda b: linalg.spsolve(SQUARE, b)
    np.testing.assert_allclose(wg.vmap(solve)(MANY.T), np.linalg.solve(SQUARE.toarray(), MANY).T)
    stack = np.stack([SQUARE.data, 2.0 * SQUARE.data])
    both = wg.vmap(lambda d: linalg.spsolve(square(d), X))(stack)
    np.testing.assert_allclose(both[1], 0.5 * both[0])
    np.testing.assert_array_equal(linalg.spsolve(SQUARE, X), scipy.sparse.linalg.spsolve(SQUARE, X))


@pytest.mark.parametrize("name", ["cg", "gmres", "bicgstab", "minres"])
def test_iterative_solvers(name: str) -> None:
    solver = getattr(linalg, name)
    s = scipy.sparse.csr_array(D.T @ D + np.eye(4) + 0.1)
    shift = lambda t: s + t * scipy.sparse.eye_array(4)

    def f(d: Any, b: Any) -> Any:
        a = sparse.csr_array((d, s.indices, s.indptr), shape=(4, 4))
        return solver(a, b, rtol=1e-13)[0]

    def g(d: Any, b: Any) -> Any:
        return np.linalg.solve(np.reshape(d, (4, 4)), b)

    assert s.nnz == 16
    x, info = wg.vjp(lambda b: solver(s, b, rtol=1e-13), X)[0]
    assert info == 0
    np.testing.assert_allclose(x, np.linalg.solve(s.toarray(), X))
    v = np.cos(np.arange(16.0)).reshape(4, 4)
    v = (v + v.T).ravel()  # these solvers are for symmetric matrices, some of them
    found, expected = (wg.jvp(h, (s.data, X), (v, X))[1] for h in (f, g))
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    found = wg.grad(lambda b: np.sum(f(s.data, b) ** 2))(X)
    np.testing.assert_allclose(found, wg.grad(lambda b: np.sum(g(s.data, b) ** 2))(X), rtol=1e-8)
    operator = lambda t: lambda v: s @ v + t * v
    by_function = wg.grad(lambda t: np.sum(solver(operator(t), X, rtol=1e-13)[0]))(0.5)
    exact = wg.grad(lambda t: np.sum(np.linalg.solve(s.toarray() + t * np.eye(4), X)))(0.5)
    assert by_function == pytest.approx(exact, rel=1e-8)
    preconditioned = wg.grad(
        lambda b: np.sum(solver(s, b, M=scipy.sparse.eye_array(4), rtol=1e-13)[0])
    )(X)
    np.testing.assert_allclose(preconditioned, np.linalg.solve(s.toarray(), np.ones(4)))
    plain = solver(shift(0.0), X, rtol=1e-13)
    np.testing.assert_allclose(plain[0], x, rtol=1e-10)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError, match="sparse matrices: the sizes do not fit"):
        wg.grad(lambda x: np.sum(A @ x))(np.ones(7))
    with pytest.raises(ShapeError, match="sparse systems: the sizes do not fit"):
        wg.grad(lambda b: np.sum(linalg.spsolve(SQUARE, b)))(np.ones(7))
    with pytest.raises(ArgumentError, match="can be multiplied with numbers only"):
        wg.grad(lambda d: (made(d) * np.ones(4)).sum())(A.data)
    with pytest.raises(ArgumentError, match="a sparse matrix was expected"):
        wg.grad(lambda b: np.sum(linalg.spsolve(np.eye(4), b)))(X)
    with pytest.raises(ArgumentError, match="the structure of a sparse matrix is traced"):
        wg.jit(lambda i, d: sparse.csr_array((d, i, [0, 1]), shape=(1, 2)) @ np.ones(2))(
            np.array([1]), np.ones(1)
        )
    with pytest.raises(np.linalg.LinAlgError, match="Singular sparse matrix"):
        wg.grad(lambda d: np.sum(linalg.spsolve(square(d), X)))(0.0 * SQUARE.data)
    with pytest.raises(MissingRuleError, match=r"scipy\.sparse\.kron has no derivative"):
        wg.grad(lambda x: sparse.kron(x, x).sum())(np.eye(2))
    with pytest.raises(MissingRuleError, match=r"scipy\.sparse\.linalg\.eigsh has no"):
        wg.grad(lambda x: linalg.eigsh(x)[0][0])(np.eye(2))
    singular = scipy.sparse.csr_array(np.array([[1.0, 1.0], [1.0, 1.0]]))
    with pytest.raises(ConvergenceError, match="did not solve the linear system"):
        wg.grad(lambda b: np.sum(linalg.cg(singular, b)[0]))(np.array([1.0, 0.0]))
