"""Calls of the standard's functions: every function, over the dtypes that it must take.

A `Call` has a name, a function of a namespace and arrays, and the arrays' dtypes. Those that the
standard gives every function of a family (`abs`, `add` …) are made from the table in `standard.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from array_api.standard import BINARY, DTYPES, KINDS, UNARY, resolve

BOOL = KINDS["bool"]
INTEGER = KINDS["integral"]
REAL = INTEGER + KINDS["real floating"]
FLOATING = KINDS["real floating"]
INEXACT = FLOATING + KINDS["complex floating"]
NUMERIC = KINDS["numeric"]

_OF_KIND = {
    "numeric": NUMERIC,
    "numeric and rounding": NUMERIC,
    "real or complex": INEXACT,
    "any number": NUMERIC,
    "real": REAL,
    "real floating": FLOATING,
    "bool": BOOL,
    "bool or integer": BOOL + INTEGER,
    "integer": INTEGER,
    "all": DTYPES,
}


@dataclass(frozen=True)
class Call:
    """One call, its arrays drawn in each of `dtypes`."""

    name: str
    f: Callable[..., Any]
    dtypes: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...] = ((2, 3),)

    def arrays(self, dtype: str) -> list[np.ndarray]:
        """The arguments: small numbers inside all domains but that of acosh."""
        return [sample(shape, dtype, turn) for turn, shape in enumerate(self.shapes)]


def sample(shape: tuple[int, ...], dtype: str, turn: int = 0) -> np.ndarray:
    """Numbers of a dtype, the same at every run, with repetitions among integers."""
    rng = np.random.default_rng((len(shape), turn, *shape))
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        return rng.integers(1, 5, shape).astype(dtype)
    numbers = rng.uniform(0.1, 0.9, shape)
    return (numbers + 0.25j if kind == "c" else numbers).astype(dtype)


def _function(name: str) -> Callable[..., Any]:
    return lambda xp, *arrays: resolve(xp, name)(*arrays)


def _elementwise() -> list[Call]:
    found = []
    for kind, names in UNARY.items():
        dtypes = REAL if kind == "numeric and rounding" else _OF_KIND[kind]
        for name in names.split():
            found.append(Call(name, _function(name), tuple(dtypes)))
    for kind, names in BINARY.items():
        for name in names.split():
            dtypes = tuple(_OF_KIND[kind])
            found.append(Call(name, _function(name), dtypes, ((2, 3), (3,))))
            found.append(Call(f"{name}-scalar", _with_scalar(name), dtypes))
    return found


def _with_scalar(name: str) -> Callable[..., Any]:
    """With a Python number, on either side: it adapts to the array's dtype."""

    def f(xp: Any, x: Any) -> Any:
        number = {"b": True, "i": 2, "u": 2, "f": 0.5, "c": 0.5 + 0.25j}[x.dtype.kind]
        function = resolve(xp, name)
        return function(x, number), function(number, x)

    return f


def _reductions() -> list[Call]:
    table = {
        "all": DTYPES,
        "any": DTYPES,
        "argmax": REAL,
        "argmin": REAL,
        "count_nonzero": DTYPES,
        "max": REAL,
        "mean": INEXACT,
        "min": REAL,
        "prod": NUMERIC,
        "std": FLOATING,
        "sum": NUMERIC,
        "var": FLOATING,
    }
    found = []
    for name, dtypes in table.items():
        forms: dict[str, dict[str, Any]] = {
            "axis": {"axis": 1},
            "negative-keepdims": {"axis": -2, "keepdims": True},
            "keepdims": {"keepdims": True},
        }
        if not name.startswith("arg"):
            forms["tuple"] = {"axis": (0, 2)}
        if name in ("std", "var"):
            forms["correction"] = {"axis": 0, "correction": 1}
        if name in ("sum", "prod"):
            forms["dtype"] = {"dtype": np.dtype("complex128")}
        for form, keywords in forms.items():
            found.append(Call(f"{name}-{form}", _keyword(name, keywords), tuple(dtypes), _CUBE))
    return found


_CUBE = ((2, 3, 2),)


def _keyword(name: str, keywords: dict[str, Any]) -> Callable[..., Any]:
    return lambda xp, *arrays: resolve(xp, name)(*arrays, **keywords)


def _call(name: str, f: Any, dtypes: Any = NUMERIC, *shapes: tuple[int, ...]) -> Call:
    return Call(name, f, tuple(dtypes), shapes or ((2, 3),))


def _creation() -> list[Call]:
    return [
        _call("asarray", lambda xp, x: xp.asarray(x), DTYPES),
        _call("asarray-copy", lambda xp, x: xp.asarray(x, copy=True), DTYPES),
        _call("asarray-dtype", lambda xp, x: xp.asarray(x, dtype=xp.complex128), NUMERIC),
        _call("asarray-nested", lambda xp, x: xp.asarray([[1, 2], [3, 4]]), ["float64"]),
        _call("arange", lambda xp, x: (xp.arange(4), xp.arange(4.0), xp.arange(5, 1, -2)), BOOL),
        _call("arange-dtype", lambda xp, x: xp.arange(1, 4, dtype=x.dtype), NUMERIC),
        _call("eye", lambda xp, x: xp.eye(2, 3, k=1, dtype=x.dtype), DTYPES),
        _call("full", lambda xp, x: xp.full((2, 2), 1, dtype=x.dtype), DTYPES),
        _call(
            "full-kinds",
            lambda xp, x: [xp.full(2, v) for v in (True, 1, 1.0, 1j)],
            ["float64"],
        ),
        _call("full_like", lambda xp, x: xp.full_like(x, 1), DTYPES),
        _call("linspace", lambda xp, x: xp.linspace(0, 1, 5, dtype=x.dtype), INEXACT),
        _call(
            "linspace-open", lambda xp, x: xp.linspace(0.0, 1.0, num=4, endpoint=False), ["float64"]
        ),
        _call("meshgrid", lambda xp, x, y: xp.meshgrid(x, y), DTYPES, (3,), (2,)),
        _call("meshgrid-ij", lambda xp, x, y: xp.meshgrid(x, y, indexing="ij"), DTYPES, (3,), (2,)),
        _call("ones", lambda xp, x: xp.ones((2, 0), dtype=x.dtype), DTYPES),
        _call("ones_like", lambda xp, x: xp.ones_like(x), DTYPES),
        _call("tril", lambda xp, x: xp.tril(x, k=-1), DTYPES, (2, 3, 3)),
        _call("triu", lambda xp, x: xp.triu(x, k=1), DTYPES, (2, 3, 3)),
        _call("zeros", lambda xp, x: xp.zeros(3, dtype=x.dtype), DTYPES),
        _call("zeros_like", lambda xp, x: xp.zeros_like(x, dtype=xp.float32), DTYPES),
    ]


def _manipulation() -> list[Call]:
    return [
        _call("astype", lambda xp, x: [xp.astype(x, xp.dtype(d)) for d in ALL_REAL], BOOL + REAL),
        _call("astype-complex", lambda xp, x: xp.astype(x, xp.complex64), DTYPES),
        _call("astype-same", lambda xp, x: xp.astype(x, x.dtype, copy=False), DTYPES),
        _call("broadcast_arrays", lambda xp, x, y: xp.broadcast_arrays(x, y), DTYPES, (2, 1), (3,)),
        _call("broadcast_to", lambda xp, x: xp.broadcast_to(x, (2, 2, 3)), DTYPES),
        _call("concat", lambda xp, x, y: xp.concat([x, y], axis=1), DTYPES, (2, 1), (2, 3)),
        _call("concat-flat", lambda xp, x, y: xp.concat((x, y), axis=None), DTYPES, (2, 1), (3,)),
        _call("concat-mixed", lambda xp, x: xp.concat([x, xp.astype(x, xp.complex64)]), INEXACT),
        _call("expand_dims", lambda xp, x: [xp.expand_dims(x, axis=k) for k in (0, -1)], DTYPES),
        _call("flip", lambda xp, x: (xp.flip(x), xp.flip(x, axis=(0, -1))), DTYPES),
        _call("moveaxis", lambda xp, x: xp.moveaxis(x, (0, 1), (-1, 0)), DTYPES, (2, 3, 4)),
        _call("permute_dims", lambda xp, x: xp.permute_dims(x, (2, 0, 1)), DTYPES, (2, 3, 4)),
        _call("repeat", lambda xp, x: (xp.repeat(x, 2), xp.repeat(x, 2, axis=0)), DTYPES),
        _call("repeat-counts", lambda xp, x: xp.repeat(x, np.array([2, 0, 1]), axis=1), DTYPES),
        _call("reshape", lambda xp, x: xp.reshape(x, (-1, 2), copy=True), DTYPES),
        _call("roll", lambda xp, x: (xp.roll(x, 1), xp.roll(x, (1, -1), axis=(0, 1))), DTYPES),
        _call("squeeze", lambda xp, x: xp.squeeze(x, axis=(0, -1)), DTYPES, (1, 3, 1)),
        _call("stack", lambda xp, x, y: xp.stack([x, y], axis=-1), DTYPES, (3,), (3,)),
        _call("tile", lambda xp, x: (xp.tile(x, (2, 1, 2)), xp.tile(x, (2,))), DTYPES),
        _call("unstack", lambda xp, x: xp.unstack(x, axis=1), DTYPES),
    ]


ALL_REAL = BOOL + REAL


def _searching_and_sets() -> list[Call]:
    places = np.array([2, 0])
    return [
        _call("take", lambda xp, x: xp.take(x, xp.asarray(places), axis=1), DTYPES),
        _call("take-flat", lambda xp, x: xp.take(x, xp.asarray(places)), DTYPES, (4,)),
        _call(
            "take_along_axis",
            lambda xp, x: xp.take_along_axis(x, xp.asarray(places[None]), axis=1),
            DTYPES,
            (1, 3),
        ),
        _call("nonzero", lambda xp, x: xp.nonzero(x), DTYPES),
        _call("where", lambda xp, x, y: xp.where(x > y, x, y), REAL, (2, 3), (3,)),
        _call("where-scalar", lambda xp, x: xp.where(x > 1, x, 0), REAL),
        _call(
            "searchsorted",
            lambda xp, x, y: [xp.searchsorted(xp.sort(x), y, side=s) for s in ("left", "right")],
            REAL,
            (5,),
            (2, 3),
        ),
        _call(
            "searchsorted-sorter",
            lambda xp, x, y: xp.searchsorted(x, y, sorter=xp.argsort(x)),
            REAL,
            (5,),
            (4,),
        ),
        _call("unique_all", lambda xp, x: xp.unique_all(x), DTYPES),
        _call("unique_counts", lambda xp, x: xp.unique_counts(x), DTYPES),
        _call("unique_inverse", lambda xp, x: xp.unique_inverse(x), DTYPES),
        _call("unique_values", lambda xp, x: xp.sort(xp.unique_values(x)), DTYPES),
        _call("argsort", lambda xp, x: xp.argsort(x, axis=0, stable=True), REAL),
        _call("sort", lambda xp, x: xp.sort(x, axis=0, stable=True), REAL),
        _call("clip", lambda xp, x: (xp.clip(x, 1, 2), xp.clip(x, min=2), xp.clip(x)), REAL),
        _call("clip-array", lambda xp, x, y: xp.clip(x, max=y), REAL, (2, 3), (3,)),
        _call("diff", lambda xp, x: (xp.diff(x), xp.diff(x, axis=0, n=1)), NUMERIC),
        _call(
            "diff-ends", lambda xp, x, y: xp.diff(x, n=2, prepend=y, append=y), NUMERIC, (5,), (2,)
        ),
        _call("cumulative_sum", lambda xp, x: xp.cumulative_sum(x, axis=1), NUMERIC),
        _call(
            "cumulative_sum-initial",
            lambda xp, x: xp.cumulative_sum(x, axis=0, include_initial=True, dtype=xp.complex128),
            NUMERIC,
        ),
        _call("cumulative_prod", lambda xp, x: xp.cumulative_prod(x, axis=-1), NUMERIC),
        _call(
            "cumulative_prod-initial",
            lambda xp, x: xp.cumulative_prod(x, axis=0, include_initial=True),
            NUMERIC,
        ),
    ]


def _hermitian(x: Any) -> Any:
    return x @ x.mT.conj() + 2 * np.eye(3, dtype=x.dtype)


def _products_and_linalg() -> list[Call]:
    square = (2, 3, 3)
    return [
        _call("matmul", lambda xp, x, y: xp.matmul(x, y), NUMERIC, (2, 2, 3), (3, 2)),
        _call("matmul-vector", lambda xp, x, y: xp.matmul(x, y), NUMERIC, (2, 3), (3,)),
        _call("matrix_transpose", lambda xp, x: xp.matrix_transpose(x), DTYPES, (2, 3, 2)),
        _call("tensordot", lambda xp, x, y: xp.tensordot(x, y, axes=1), NUMERIC, (2, 3), (3, 2)),
        _call(
            "tensordot-pairs",
            lambda xp, x, y: xp.tensordot(x, y, axes=((0, 1), (1, 0))),
            NUMERIC,
            (2, 3),
            (3, 2),
        ),
        _call("vecdot", lambda xp, x, y: xp.vecdot(x, y, axis=-2), NUMERIC, (3, 2), (3, 1)),
        _call("cholesky", lambda xp, x: xp.linalg.cholesky(_hermitian(x)), INEXACT, square),
        _call(
            "cholesky-upper",
            lambda xp, x: xp.linalg.cholesky(_hermitian(x), upper=True),
            INEXACT,
            square,
        ),
        _call("cross", lambda xp, x, y: xp.linalg.cross(x, y), NUMERIC, (2, 3), (1, 3)),
        _call("det", lambda xp, x: xp.linalg.det(x), INEXACT, square),
        _call("diagonal", lambda xp, x: xp.linalg.diagonal(x, offset=1), DTYPES, square),
        _call("eigh", lambda xp, x: _eigh(xp, _hermitian(x)), INEXACT, square),
        _call("eigvalsh", lambda xp, x: xp.linalg.eigvalsh(_hermitian(x)), INEXACT, square),
        _call("inv", lambda xp, x: xp.linalg.inv(_hermitian(x)), INEXACT, square),
        _call(
            "matrix_norm",
            lambda xp, x: [xp.linalg.matrix_norm(x, ord=o) for o in NORMS],
            INEXACT,
            (2, 3, 2),
        ),
        _call(
            "matrix_norm-keepdims",
            lambda xp, x: xp.linalg.matrix_norm(x, keepdims=True, ord="nuc"),
            INEXACT,
            (2, 3, 2),
        ),
        _call("matrix_power", lambda xp, x: xp.linalg.matrix_power(x, 3), INEXACT, square),
        _call("matrix_rank", lambda xp, x: xp.linalg.matrix_rank(x, rtol=1e-3), INEXACT, square),
        _call("outer", lambda xp, x, y: xp.linalg.outer(x, y), NUMERIC, (3,), (2,)),
        _call("pinv", lambda xp, x: xp.linalg.pinv(x, rtol=1e-4), INEXACT, (2, 3, 2)),
        _call("qr", lambda xp, x: _qr(xp, x, "reduced"), INEXACT, (2, 3, 2)),
        _call("qr-complete", lambda xp, x: _qr(xp, x, "complete"), INEXACT, (2, 3, 2)),
        _call("slogdet", lambda xp, x: xp.linalg.slogdet(x), INEXACT, square),
        _call(
            "solve", lambda xp, x, y: xp.linalg.solve(_hermitian(x), y), INEXACT, square, (2, 3, 1)
        ),
        _call("svd", lambda xp, x: _svd(xp, x), INEXACT, (2, 3, 2)),
        _call("svdvals", lambda xp, x: xp.linalg.svdvals(x), INEXACT, (2, 3, 2)),
        _call("trace", lambda xp, x: xp.linalg.trace(x, offset=-1), NUMERIC, square),
        _call(
            "vector_norm",
            lambda xp, x: [xp.linalg.vector_norm(x, ord=o, axis=1) for o in (0, 1, 2, 3.5, np.inf)],
            INEXACT,
        ),
        _call(
            "vector_norm-axes",
            lambda xp, x: (
                xp.linalg.vector_norm(x),
                xp.linalg.vector_norm(x, axis=(0, 2), keepdims=True, ord=-np.inf),
            ),
            INEXACT,
            (2, 3, 2),
        ),
    ]


NORMS = ("fro", "nuc", 1, 2, np.inf, -1, -2, -np.inf)


def _eigh(xp: Any, a: Any) -> Any:
    """By field names; what does not depend on the vectors' phase."""
    found = xp.linalg.eigh(a)
    v = found.eigenvectors
    return found.eigenvalues, (v * xp.exp(found.eigenvalues / 9)[..., None, :]) @ v.mT.conj()


def _qr(xp: Any, a: Any, mode: str) -> Any:
    found = xp.linalg.qr(a, mode=mode)
    return found.Q @ found.R


def _svd(xp: Any, a: Any) -> Any:
    found = xp.linalg.svd(a, full_matrices=False)
    return found.S, (found.U * found.S[..., None, :]) @ found.Vh


def _fft() -> list[Call]:
    complex_ = KINDS["complex floating"]
    found = []
    for name in ("fft", "ifft", "hfft", "irfft"):
        found += _transforms(name, complex_, {"n": 5, "axis": 0}, {"norm": "ortho"})
    for name in ("rfft", "ihfft"):
        found += _transforms(name, FLOATING, {"n": 5, "axis": 0}, {"norm": "forward"})
    for name in ("fftn", "ifftn", "irfftn"):
        found += _transforms(name, complex_, {"s": (4, 3), "axes": (0, 1)}, {"norm": "ortho"})
    found += _transforms("rfftn", FLOATING, {"s": (4, 3), "axes": (0, 1)}, {"norm": "forward"})
    for name in ("fftshift", "ifftshift"):
        found += _transforms(name, DTYPES, {"axes": (0,)}, {"axes": None})
    found.append(_call("fftfreq", lambda xp, x: xp.fft.fftfreq(5, d=0.5), ["float64"]))
    found.append(_call("rfftfreq", lambda xp, x: xp.fft.rfftfreq(5, d=0.5), ["float64"]))
    return found


def _transforms(name: str, dtypes: Any, *options: dict[str, Any]) -> list[Call]:
    return [
        Call(f"{name}-{i}", _keyword(f"fft.{name}", keywords), tuple(dtypes), ((3, 4),))
        for i, keywords in enumerate(options)
    ]


def _operators() -> list[Call]:
    def bits(xp: Any, x: Any, y: Any) -> Any:
        return x & y, x | y, x ^ y, ~x

    def arithmetic(xp: Any, x: Any, y: Any) -> Any:
        return x + y, x - y, x * y, x**y, -x, +x, x == y, x != y, 1 + x, 3 - x, 2 * x

    def real(xp: Any, x: Any, y: Any) -> Any:
        return x // y, x % y, x < y, x <= y, x > y, x >= y, 7 // x, 7 % x, abs(x)

    def inexact(xp: Any, x: Any, y: Any) -> Any:
        return x / y, 1 / x, 2**x, x @ y, y.T @ x.mT

    def in_place(xp: Any, x: Any, y: Any) -> Any:
        z = xp.asarray(x, copy=True)
        z += y
        z *= 2
        z -= y
        z **= 2
        z[0] = 1
        z[1, ...] += y[0]
        z[:, ::-1] = z
        return z

    def indexed(xp: Any, x: Any, y: Any) -> Any:
        return x[0], x[..., 1:], x[None, -1, ::-1], x[y > y[0, 0]], x[1, 2], x[x == x], x[()]

    def shifts(xp: Any, x: Any, y: Any) -> Any:
        return x << y, x >> y, x << 1, 1 << x

    square = ((3, 3), (3, 3))
    return [
        Call("operators-bits", bits, tuple(BOOL + INTEGER), square),
        Call("operators-shifts", shifts, tuple(INTEGER), square),
        Call("operators-arithmetic", arithmetic, tuple(NUMERIC), square),
        Call("operators-real", real, tuple(REAL), square),
        Call("operators-inexact", inexact, tuple(INEXACT), square),
        Call("operators-in-place", in_place, tuple(NUMERIC), square),
        Call("operators-indexing", indexed, tuple(REAL), square),
    ]


CALLS = [
    *_elementwise(),
    *_reductions(),
    *_creation(),
    *_manipulation(),
    *_searching_and_sets(),
    *_products_and_linalg(),
    *_fft(),
    *_operators(),
]
