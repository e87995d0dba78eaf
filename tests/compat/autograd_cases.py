"""Functions in autograd's style: each takes the numpy module (`np`), a `scipy` package, arguments.

Run with autograd's modules and with ours, they must give the same values and derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as onp


@dataclass(frozen=True)
class Both:
    """One function: `f(np, scipy, *args)`, and the arguments that are differentiated."""

    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    argnum: Any = 0


def is_known_version() -> bool:
    """Whether autograd is there in the version whose faults and names the tests list."""
    try:
        return version("autograd") == "1.9.1"
    except PackageNotFoundError:
        return False


def rng() -> Any:
    return onp.random.default_rng(7)


A = rng().normal(size=(3, 4))
B = rng().normal(size=(4, 2))
S = rng().normal(size=(3, 3)) + 4.0 * onp.eye(3)
P = S @ S.T
x = onp.array([0.3, -1.2, 2.5, 0.7])
p = onp.array([0.3, 1.2, 2.5, 0.7])
u = onp.array([0.3, -0.2, 0.5, 0.7])
Z = rng().normal(size=(3, 4)) + 1j * rng().normal(size=(3, 4))
ZS = S + 1j * rng().normal(size=(3, 3))
T = rng().normal(size=(2, 3, 4))

UNARY: dict[str, Any] = {
    "abs": x, "absolute": x, "fabs": x, "negative": x, "exp": x, "exp2": x, "expm1": x, "log": p,
    "log2": p, "log10": p, "log1p": p, "sin": x, "cos": x, "tan": x, "arcsin": u, "arccos": u,
    "arctan": x, "sinh": x, "cosh": x, "tanh": x, "arcsinh": x, "arccosh": p + 1.0, "arctanh": u,
    "sqrt": p, "square": x, "reciprocal": p, "sinc": x, "deg2rad": x, "rad2deg": x, "radians": x,
    "degrees": x, "real": x, "imag": x, "conj": x, "conjugate": x, "sign": x,
    "floor": x, "ceil": x, "round": x, "rint": x, "nan_to_num": x, "real_if_close": x,
}  # fmt: skip
COMPLEX_UNARY = """abs absolute negative exp expm1 log log1p sin cos tan sinh cosh tanh sqrt square
reciprocal real imag conj conjugate arctan arcsinh""".split()
BINARY: dict[str, tuple[Any, Any]] = {
    "add": (x, p), "subtract": (x, p), "multiply": (x, p), "divide": (x, p), "true_divide": (x, p),
    "power": (p, x), "maximum": (x, p), "minimum": (x, p), "fmax": (x, p), "fmin": (x, p),
    "arctan2": (x, p), "hypot": (x, p), "logaddexp": (x, p), "logaddexp2": (x, p),
    "mod": (x, p), "remainder": (x, p),
}  # fmt: skip


def _unary(name: str) -> Callable[..., Any]:
    return lambda np, sp, a: getattr(np, name)(a)


def _binary(name: str) -> Callable[..., Any]:
    return lambda np, sp, a, b: getattr(np, name)(a, b)


def _broadcast(name: str) -> Callable[..., Any]:
    return lambda np, sp, a, b: getattr(np, name)(a[:, None], b)


CASES: list[Both] = [
    *[Both(name, _unary(name), (at,)) for name, at in UNARY.items()],
    *[Both(f"complex {n}", _unary(n), (Z,)) for n in COMPLEX_UNARY],
    *[Both(name, _binary(name), at, (0, 1)) for name, at in BINARY.items()],
    *[Both(f"broadcast {name}", _broadcast(name), at, (0, 1)) for name, at in BINARY.items()],
]


def case(name: str, *args: Any, argnum: Any = 0) -> Callable[[Any], Any]:
    def add(f: Any) -> Any:
        CASES.append(Both(name, f, args, argnum))
        return f

    return add


ONE_ARRAY: dict[str, Callable[..., Any]] = {
    "sum": lambda np, sp, a: np.sum(a),
    "sum axis": lambda np, sp, a: np.sum(a, axis=1, keepdims=True),
    "sum axes": lambda np, sp, a: np.sum(a, axis=(0, 1)),
    "mean": lambda np, sp, a: np.mean(a, axis=0),
    "mean list": lambda np, sp, a: np.mean([a[0, 0], a[1, 1]]),
    "std": lambda np, sp, a: np.std(a, axis=1, ddof=1),
    "var": lambda np, sp, a: np.var(a, axis=1),
    "prod": lambda np, sp, a: np.prod(a, axis=1),
    "max": lambda np, sp, a: np.max(a, axis=0),
    "min": lambda np, sp, a: np.min(a),
    "amax": lambda np, sp, a: np.amax(a, axis=1),
    "cumsum": lambda np, sp, a: np.cumsum(a, axis=1),
    "cumsum flat": lambda np, sp, a: np.cumsum(a),
    "sort": lambda np, sp, a: np.sort(a, axis=-1),
    "partition": lambda np, sp, a: np.sort(np.partition(a[0], 2)),
    "reshape": lambda np, sp, a: np.reshape(a, (2, 6)),
    "reshape order F": lambda np, sp, a: np.reshape(a, (2, 6), order="F"),
    "ravel": lambda np, sp, a: np.ravel(a),
    "transpose": lambda np, sp, a: np.transpose(a),
    "T": lambda np, sp, a: a.T @ a,
    "moveaxis": lambda np, sp, a: np.moveaxis(a, 0, 1),
    "swapaxes": lambda np, sp, a: np.swapaxes(a, 0, 1),
    "rollaxis": lambda np, sp, a: np.rollaxis(a, 1),
    "roll": lambda np, sp, a: np.roll(a, 2, axis=1),
    "roll flat": lambda np, sp, a: np.roll(a, 2),
    "flip": lambda np, sp, a: np.flip(a, 0),
    "flipud": lambda np, sp, a: np.flipud(a),
    "fliplr": lambda np, sp, a: np.fliplr(a),
    "rot90": lambda np, sp, a: np.rot90(a),
    "squeeze": lambda np, sp, a: np.squeeze(a[None]),
    "expand_dims": lambda np, sp, a: np.expand_dims(a, 1),
    "repeat": lambda np, sp, a: np.repeat(a, 3, axis=1),
    "tile": lambda np, sp, a: np.tile(a, (2, 3)),
    "pad": lambda np, sp, a: np.pad(a, ((1, 0), (2, 2)), "constant"),
    "diag": lambda np, sp, a: np.diag(a[0]),
    "diag of matrix": lambda np, sp, a: np.diag(a),
    "diagonal": lambda np, sp, a: np.diagonal(a[None], axis1=-1, axis2=-2),
    "make_diagonal": lambda np, sp, a: np.make_diagonal(a, axis1=-1, axis2=-2),
    "trace": lambda np, sp, a: np.trace(a),
    "triu": lambda np, sp, a: np.triu(a, 1),
    "tril": lambda np, sp, a: np.tril(a),
    "array_split": lambda np, sp, a: np.array_split(a, 3, axis=1)[1],
    "split": lambda np, sp, a: np.split(a, 2, axis=1)[1],
    "vsplit": lambda np, sp, a: np.vsplit(a, 3)[0],
    "hsplit": lambda np, sp, a: np.hsplit(a, 2)[1],
    "dsplit": lambda np, sp, a: np.dsplit(a[None], 2)[1],
    "concatenate": lambda np, sp, a: np.concatenate([a, a[:1] * 2.0], axis=0),
    "vstack": lambda np, sp, a: np.vstack([a, a[0]]),
    "hstack": lambda np, sp, a: np.hstack([a, a]),
    "column_stack": lambda np, sp, a: np.column_stack([a[:, 0], a]),
    "stack": lambda np, sp, a: np.stack([a, 2.0 * a], axis=1),
    "append": lambda np, sp, a: np.append(a, a[:1], axis=0),
    "r_": lambda np, sp, a: np.r_[a[0], 1.0, a[1]],
    "c_": lambda np, sp, a: np.c_[a[0], a[1]],
    "array": lambda np, sp, a: np.array([[a[0, 0], 1.0], [a[1, 1] * a[0, 0], 2]]),
    "array of rows": lambda np, sp, a: np.array([a[0], a[1]]),
    "index": lambda np, sp, a: a[1],
    "index slice": lambda np, sp, a: a[::2, 1:],
    "index fancy": lambda np, sp, a: a[[0, 0, 2], [1, 1, 3]],
    "index mask": lambda np, sp, a: a[a > 0.0],
    "index newaxis": lambda np, sp, a: a[:, None, ..., 2],
    "where": lambda np, sp, a: np.where(a > 0.0, a, a**2),
    "select": lambda np, sp, a: np.select([a > 1.0, a > 0.0], [a, 2.0 * a], 3.0),
    "clip": lambda np, sp, a: np.clip(a, -0.5, 0.5),
    "diff": lambda np, sp, a: np.diff(a, axis=1),
    "gradient": lambda np, sp, a: np.gradient(a, axis=1),
    "gradient both": lambda np, sp, a: np.array(np.gradient(a)),
    "astype": lambda np, sp, a: a.astype(np.float64) * 2.0,
    "full": lambda np, sp, a: np.full((2, 4), a[0]),
    "full_like": lambda np, sp, a: np.full_like(a, a[0, 0]) + np.ones_like(a),
    "linspace": lambda np, sp, a: np.linspace(0.0, 1.0, 4) * a,
    "atleast_2d": lambda np, sp, a: np.atleast_2d(a[0]),
    "atleast_3d": lambda np, sp, a: np.atleast_3d(a),
    "broadcast_to": lambda np, sp, a: np.broadcast_to(a, (2, 3, 4)),
    "nan functions": lambda np, sp, a: np.where(np.isnan(a), 0.0, a),
    "norm": lambda np, sp, a: np.linalg.norm(a),
    "norm axis": lambda np, sp, a: np.linalg.norm(a, axis=1),
    "norm nuc": lambda np, sp, a: np.linalg.norm(a, "nuc"),
    "norm ord": lambda np, sp, a: np.linalg.norm(a, 3, axis=0),
    "pinv": lambda np, sp, a: np.linalg.pinv(a),
    "svd values": lambda np, sp, a: np.linalg.svd(a, compute_uv=False),
    "svd": lambda np, sp, a: np.abs(np.linalg.svd(a, full_matrices=False)[0]),
    "methods": lambda np, sp, a: a.sum(0) + a.mean(0) * a.max() - a.reshape(4, 3).T.var(0),
    "flatten method": lambda np, sp, a: a.flatten() * a.ravel(),
    "fft": lambda np, sp, a: np.real(np.fft.fft(a)) + np.imag(np.fft.fft(a)),
    "fft2": lambda np, sp, a: np.abs(np.fft.fft2(a)),
    "fftn": lambda np, sp, a: np.abs(np.fft.fftn(a, axes=(0,))),
    "rfft": lambda np, sp, a: np.abs(np.fft.rfft(a)),
    "irfft": lambda np, sp, a: np.fft.irfft(np.fft.rfft(a) * 2.0),
    "rfft2": lambda np, sp, a: np.abs(np.fft.rfft2(a)),
    "fftshift": lambda np, sp, a: np.fft.fftshift(a),
    "logsumexp": lambda np, sp, a: sp.special.logsumexp(a, axis=1),
    "logsumexp all": lambda np, sp, a: sp.special.logsumexp(a),
    "logsumexp keepdims": lambda np, sp, a: sp.special.logsumexp(a, axis=0, keepdims=True),
    "logsumexp b": lambda np, sp, a: sp.special.logsumexp(a, axis=1, b=2.0),
    "einsum trace": lambda np, sp, a: np.einsum("ij,kj->ik", a, a),
    "einsum lists": lambda np, sp, a: np.einsum(a, [0, 1], a, [2, 1], [0, 2]),
    "mixed program": lambda np, sp, a: np.tanh(a @ a.T).sum(axis=0) / np.sqrt(1.0 + a[0, 0] ** 2),
}  # fmt: skip
CASES += [Both(name, f, (A,)) for name, f in ONE_ARRAY.items()]
CASES += [
    Both(f"complex {name}", ONE_ARRAY[name], (Z,))
    for name in ("sum", "sum axis", "mean", "prod", "cumsum", "reshape", "transpose", "roll",
                 "concatenate", "stack", "index", "index fancy", "diag", "trace", "triu", "norm",
                 "norm axis", "pad", "tile", "repeat", "var", "std", "make_diagonal", "diff")
]  # fmt: skip
ONE_SQUARE: dict[str, Callable[..., Any]] = {
    "inv": lambda np, sp, a: np.linalg.inv(a),
    "det": lambda np, sp, a: np.linalg.det(a),
    "slogdet": lambda np, sp, a: np.linalg.slogdet(a)[1],
    "cholesky": lambda np, sp, a: np.linalg.cholesky(a @ a.T),
    "eigh": lambda np, sp, a: np.linalg.eigh(a @ a.T)[0],
    "eigh vectors": lambda np, sp, a: np.abs(np.linalg.eigh(a @ a.T)[1]),
    "eig values": lambda np, sp, a: np.real(np.linalg.eig(a @ a.T)[0]),
    "qr": lambda np, sp, a: np.abs(np.linalg.qr(a)[1]),
    "solve": lambda np, sp, a: np.linalg.solve(a, a.T[:, :2]),
    "solve vector": lambda np, sp, a: np.linalg.solve(a, a[0]),
    "sqrtm": lambda np, sp, a: sp.linalg.sqrtm(a @ a.T),
    "solve_triangular": lambda np, sp, a: sp.linalg.solve_triangular(a, a[0], lower=True),
    "solve_triangular T": lambda np, sp, a: sp.linalg.solve_triangular(a, a[0], trans="T"),
    "solve_sylvester": lambda np, sp, a: sp.linalg.solve_sylvester(a, a @ a, a.T),
    "solve_banded": lambda np, sp, a: sp.linalg.solve_banded((1, 1), a, a[0]),
    "outer": lambda np, sp, a: np.outer(a[0], a[1]),
    "inner": lambda np, sp, a: np.inner(a, a[0]),
    "kron": lambda np, sp, a: np.kron(a, a[:1]),
    "cross": lambda np, sp, a: np.cross(a, a[0]),
    "matmul batch": lambda np, sp, a: np.matmul(a, np.stack([a, 2.0 * a])),
    "tensordot": lambda np, sp, a: np.tensordot(a, a, axes=[(0,), (1,)]),
    "dot": lambda np, sp, a: np.dot(a, a[0]),
}  # fmt: skip
CASES += [Both(name, f, (S,)) for name, f in ONE_SQUARE.items()]
CASES += [
    Both(f"complex {n}", ONE_SQUARE[n], (ZS,))
    for n in (
        "inv",
        "det",
        "solve",
        "solve vector",
        "outer",
        "dot",
        "inner",
        "matmul batch",
        "kron",
    )
]
CASES += [
    Both("dot two", lambda np, sp, a, b: np.dot(a, b), (A, B), (0, 1)),
    Both("matmul two", lambda np, sp, a, b: a @ b, (A, B), (0, 1)),
    Both("tensordot two", lambda np, sp, a, b: np.tensordot(a, b, 1), (A, B), (0, 1)),
    Both("einsum two", lambda np, sp, a, b: np.einsum("ij,jk->ki", a, b), (A, B), (0, 1)),
    Both("einsum ellipsis", lambda np, sp, a, b: np.einsum("...j,jk->...k", a, b), (T, B), (0, 1)),
    Both("dot 3d", lambda np, sp, a, b: np.dot(a, b), (T, B), (0, 1)),
    Both("convolve full", lambda np, sp, a, b: sp.signal.convolve(a, b), (A, A[:2, :3]), (0, 1)),
    Both(
        "convolve valid",
        lambda np, sp, a, b: sp.signal.convolve(a, b, mode="valid"),
        (A, A[:2, :3]),
        (0, 1),
    ),
    Both(
        "convolve same",
        lambda np, sp, a, b: sp.signal.convolve(a, b, mode="same"),
        (A, A[:2, :3]),
        (0, 1),
    ),
    Both(
        "convolve swapped",
        lambda np, sp, a, b: sp.signal.convolve(a, b),
        (A[:2, :3], A),
        (0, 1),
    ),
    Both(
        "convolve axes and dot_axes",
        lambda np, sp, a, b: sp.signal.convolve(
            a, b, axes=([2], [1]), dot_axes=([1], [0]), mode="valid"
        ),
        (T, A[:, :2]),
        (0, 1),
    ),
]

SPECIAL: dict[str, tuple[tuple[Any, ...], Any]] = {
    "beta": ((p, p + 1.0), (0, 1)), "betaln": ((p, p + 1.0), (0, 1)),
    "betainc": ((p, p + 1.0, onp.abs(u)), 2), "polygamma": ((1, p), 1), "psi": ((p,), 0),
    "digamma": ((p,), 0), "gamma": ((p,), 0), "gammaln": ((p,), 0), "gammainc": ((p, p + 0.5), 1),
    "gammaincc": ((p, p + 0.5), 1), "rgamma": ((p,), 0), "multigammaln": ((p + 3.0, 3), 0),
    "j0": ((x,), 0), "j1": ((x,), 0), "y0": ((p,), 0), "y1": ((p,), 0), "jn": ((2, x), 1),
    "yn": ((2, p), 1), "i0": ((x,), 0), "i1": ((x,), 0), "iv": ((2.0, p), 1), "ive": ((2.0, p), 1),
    "erf": ((x,), 0), "erfc": ((x,), 0), "erfinv": ((u,), 0), "erfcinv": ((onp.abs(u),), 0),
    "logit": ((onp.abs(u),), 0), "expit": ((x,), 0),
}  # fmt: skip


def _special(name: str) -> Callable[..., Any]:
    return lambda np, sp, *args: getattr(sp.special, name)(*args)


CASES += [Both(f"special.{n}", _special(n), args, at) for n, (args, at) in SPECIAL.items()]

k = onp.array([0.0, 1.0, 3.0, 2.0])
M = onp.array([[1.0, 0.3], [0.3, 2.0]])
STATS: list[tuple[str, str, tuple[Any, ...], Any]] = [
    *[("norm", m, (x, 0.3, 1.2), (0, 1, 2)) for m in "pdf cdf sf logpdf logcdf logsf".split()],
    *[("t", m, (x, 3.5, 0.3, 1.2), (0, 1, 2, 3)) for m in "pdf logpdf".split()],
    *[("t", m, (x, 3.5, 0.3), (0, 2)) for m in "cdf logcdf".split()],
    *[("beta", m, (onp.abs(u), 1.5, 2.5), (0, 1, 2)) for m in "pdf logpdf".split()],
    ("beta", "cdf", (onp.abs(u), 1.5, 2.5), 0),
    *[("gamma", m, (p, 1.5), (0, 1)) for m in "pdf logpdf".split()],
    ("gamma", "cdf", (p, 1.5), 0),
    *[("chi2", m, (p, 3.0), 0) for m in "pdf logpdf cdf".split()],
    *[("poisson", m, (k, p), 1) for m in "pmf logpmf cdf".split()],
    *[
        ("dirichlet", m, (onp.array([0.2, 0.3, 0.5]), onp.array([1.5, 2.0, 0.7])), 1)
        for m in "pdf logpdf".split()
    ],
    *[
        ("multivariate_normal", m, (x[:2], onp.array([0.1, 0.2]), M), (0, 1, 2))
        for m in "pdf logpdf".split()
    ],
    ("multivariate_normal", "entropy", (onp.array([0.1, 0.2]), M), 1),
]


def _stats(family: str, method: str) -> Callable[..., Any]:
    return lambda np, sp, *args: getattr(getattr(sp.stats, family), method)(*args)


CASES += [Both(f"stats.{d}.{m}", _stats(d, m), args, at) for d, m, args, at in STATS]
