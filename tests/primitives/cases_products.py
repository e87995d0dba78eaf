"""Cases for products: dot and its relatives, einsum, cross, convolve and correlate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case


def _of(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Draws arrays of these shapes."""
    return lambda rng: tuple([rng.uniform(-1.5, 1.5, shape) for shape in shapes])


def _einsum(subscripts: str, *shapes: tuple[int, ...], **options: Any) -> Case:
    return Case(
        f"einsum {subscripts}",
        lambda *xs: np.einsum(subscripts, *xs, **options),
        _of(*shapes),
        complex=True,
    )


def _pair(name: str, f: Callable[..., Any], *shapes: tuple[int, ...], **fields: Any) -> Case:
    return Case(name, f, _of(*shapes), complex=True, **fields)


CASES = [
    # dot: ranks and the primitive it becomes
    _pair("dot v v", np.dot, (4,), (4,), primitives=("dot",)),
    _pair("dot m v", np.dot, (3, 4), (4,), primitives=("dot",)),
    _pair("dot v m", np.dot, (3,), (3, 4), primitives=("dot",)),
    _pair("dot m m", np.dot, (3, 4), (4, 2), primitives=("dot",)),
    _pair("dot 3 1", np.dot, (2, 3, 4), (4,)),
    _pair("dot 1 3", np.dot, (4,), (2, 4, 3)),
    _pair("dot 3 2", np.dot, (2, 3, 4), (4, 2)),
    _pair("dot 2 3", np.dot, (3, 4), (2, 4, 2)),
    _pair("dot 0 2", np.dot, (), (2, 3)),
    _pair("dot 2 0", np.dot, (2, 3), ()),
    _pair("dot 0 0", np.dot, (), ()),
    Case("dot method", lambda a: a.dot(a), _of((3, 3))),
    Case("dot with itself", lambda a: np.dot(a, a), _of((3, 3)), complex=True),
    Case("dot with constant", lambda a: np.dot([[1.0, 2.0]], a), _of((2, 2)), complex=True),
    Case("dot real and complex", lambda a: np.dot(a, np.array([1 + 2j, 3 - 1j])), _of((3, 2))),
    Case("dot of integers", lambda a: np.dot(np.arange(6).reshape(2, 3), a), _of((3,))),
    _pair("inner v v", np.inner, (4,), (4,)),
    _pair("inner m m", np.inner, (3, 4), (2, 4)),
    _pair("inner 3 2", np.inner, (2, 3, 4), (2, 4)),
    _pair("inner 0 1", np.inner, (), (3,)),
    _pair("outer", np.outer, (3,), (4,)),
    _pair("outer flattens", np.outer, (2, 2), (1, 3)),
    _pair("linalg.outer", np.linalg.outer, (3,), (2,)),
    _pair("vdot", np.vdot, (4,), (4,)),
    _pair("vdot flattens", np.vdot, (2, 2), (2, 2)),
    # matmul: broadcasting of stacks
    _pair("matmul v v", np.matmul, (4,), (4,)),
    _pair("matmul operator", lambda a, b: a @ b, (3, 4), (4, 2)),
    _pair("matmul stacks", np.matmul, (2, 3, 4), (2, 4, 2), primitives=("matmul",)),
    _pair("matmul stack and matrix", np.matmul, (2, 3, 4), (4, 2), primitives=("matmul",)),
    _pair("matmul matrix and stack", np.matmul, (3, 4), (2, 4, 2), primitives=("matmul",)),
    _pair("matmul stack and vector", np.matmul, (2, 3, 4), (4,), primitives=("matmul",)),
    _pair("matmul vector and stack", np.matmul, (4,), (2, 4, 3), primitives=("matmul",)),
    _pair("matmul broadcast", np.matmul, (2, 1, 3, 4), (3, 4, 2)),
    _pair("matmul broadcast both", np.matmul, (2, 1, 2, 3), (1, 3, 3, 2)),
    _pair("matmul size one", np.matmul, (1, 3, 4), (2, 4, 1)),
    _pair("matmul empty sum", np.matmul, (3, 0), (0, 2)),
    _pair("matmul empty stack", np.matmul, (0, 3, 2), (2, 2)),
    Case("matmul reflected", lambda a: np.ones((2, 3)) @ a, _of((3, 2))),
    Case("matmul of a transpose", lambda a: a.T @ a, _of((3, 2)), complex=True),
    _pair("linalg.matmul", np.linalg.matmul, (2, 3), (3, 2)),
    _pair(
        "matmul axes",
        lambda a, b: np.matmul(a, b, axes=[(0, 1), (0, 1), (0, 1)]),
        (3, 4, 2),
        (4, 2, 2),
    ),
    _pair(
        "matmul axes of a vector",
        lambda a, b: np.matmul(a, b, axes=[(2, 0), (0,), (0,)]),
        (4, 2, 3),
        (4,),
    ),
    # generalized ufuncs
    _pair("vecdot v v", np.vecdot, (4,), (4,)),
    _pair("vecdot broadcast", np.vecdot, (2, 1, 4), (3, 4)),
    _pair("vecdot axis", lambda a, b: np.vecdot(a, b, axis=0), (4, 2), (4, 2)),
    _pair("vecdot keepdims", lambda a, b: np.vecdot(a, b, axis=0, keepdims=True), (4, 2), (4, 2)),
    _pair("linalg.vecdot", lambda a, b: np.linalg.vecdot(a, b, axis=0), (4, 2), (4, 2)),
    _pair("matvec", np.matvec, (2, 3, 4), (2, 4)),
    _pair("matvec vector", np.matvec, (2, 3, 4), (4,)),
    _pair("matvec broadcast", np.matvec, (3, 4), (2, 4)),
    _pair("vecmat", np.vecmat, (2, 3), (2, 3, 4)),
    _pair("vecmat vector", np.vecmat, (3,), (2, 3, 4)),
    _pair("vecmat broadcast", np.vecmat, (2, 3), (3, 4)),
    # tensordot, kron, cross
    _pair("tensordot 2", np.tensordot, (2, 3, 4), (3, 4, 2)),
    _pair("tensordot 1", lambda a, b: np.tensordot(a, b, 1), (3, 4), (4, 2)),
    _pair("tensordot 0", lambda a, b: np.tensordot(a, b, 0), (2,), (3, 2)),
    _pair(
        "tensordot axes", lambda a, b: np.tensordot(a, b, ([0, -1], [2, 0])), (2, 3, 4), (4, 2, 2)
    ),
    _pair("tensordot one axis", lambda a, b: np.tensordot(a, b, (0, 1)), (2, 3), (4, 2)),
    _pair("kron", np.kron, (2, 3), (2, 2)),
    _pair("kron ranks", np.kron, (3,), (2, 2)),
    _pair("kron scalar", np.kron, (), (2, 2)),
    _pair("cross", np.cross, (3,), (3,), primitives=("cross",)),
    _pair("cross broadcast", np.cross, (2, 1, 3), (4, 3)),
    _pair("cross axis", lambda a, b: np.cross(a, b, axis=0), (3, 2), (3, 2)),
    _pair("cross axes", lambda a, b: np.cross(a, b, 0, 1, 0), (3, 2), (2, 3)),
    _pair("linalg.cross", np.linalg.cross, (2, 3), (2, 3)),
    # einsum
    _einsum("ij,jk->ik", (3, 4), (4, 2)),
    _einsum("ij,jk", (3, 4), (4, 2)),
    _einsum("ij,jk->ki", (3, 4), (4, 2)),
    _einsum("ij,kj", (3, 4), (2, 4)),
    _einsum("ij,ij->", (3, 4), (3, 4)),
    _einsum("ij,ij->i", (3, 4), (3, 4)),
    _einsum("ij,ij->ji", (3, 4), (3, 4)),
    _einsum("i,j->ij", (3,), (4,)),
    _einsum("i,j->ji", (3,), (4,)),
    _einsum("i,j->", (3,), (4,)),
    _einsum("ij->", (3, 4)),
    _einsum("ij->ji", (3, 4)),
    _einsum("ij->j", (3, 4)),
    _einsum("ji", (3, 4)),
    _einsum("ii", (3, 3)),
    _einsum("ii->i", (3, 3)),
    _einsum("iij->ji", (3, 3, 2)),
    _einsum("iii->i", (2, 2, 2)),
    _einsum("ii,i->", (3, 3), (3,)),
    _einsum("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
    _einsum("bij,bjk->ikb", (2, 3, 4), (2, 4, 2)),
    _einsum("bij,bj->bi", (2, 3, 4), (2, 4)),
    _einsum("abij,abjk->ik", (2, 2, 3, 2), (2, 2, 2, 2)),
    _einsum("abcd,cdef->abef", (2, 1, 2, 3), (2, 3, 2, 2)),
    _einsum("...ij,...jk->...ik", (2, 3, 4), (4, 2)),
    _einsum("...i,...i", (2, 3), (3,)),
    _einsum("i...->...", (2, 3)),
    _einsum("ij,ij->ij", (1, 4), (3, 4)),
    _einsum("ij,jk,kl->il", (2, 3), (3, 2), (2, 2), optimize=True),
    _einsum("ij,i,j->", (2, 3), (2,), (3,)),
    _einsum("i,i,i->i", (3,), (3,), (3,), optimize="optimal"),
    _einsum("ij,jk,kl,lm->im", (2, 2), (2, 3), (3, 2), (2, 2)),
    _einsum(",i->i", (), (3,)),
    _einsum(",->", (), ()),
    Case("einsum lists", lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), _of((2, 3), (3, 2))),
    Case(
        "einsum lists with ellipsis",
        lambda a, b: np.einsum(a, [..., 1], b, [1, 2]),
        _of((2, 3), (3, 2)),
    ),
    # convolve and correlate: every mode, both orders of length
    *[
        _pair(
            f"{name} {mode} {n} {m}",
            lambda a, v, name=name, mode=mode: getattr(np, name)(a, v, mode),
            (n,),
            (m,),
            primitives=("convolve",),
        )
        for name in ("convolve", "correlate")
        for mode in ("full", "same", "valid")
        for n, m in ((5, 2), (3, 4), (3, 3))
    ],
    Case("convolve with itself", lambda a: np.convolve(a, a), _of((4,)), complex=True),
    Case(
        "convolve with a long kernel",
        lambda a: np.convolve(a, np.linspace(-1, 1, 40), "same"),
        _of((50,)),
    ),
]
