"""What every differentiable function is tested for, given nothing but the NumPy function.

A `Case` names a plain NumPy function and how to draw its arguments; each family of primitives lists
its cases in `cases_<family>.py`, and `test_generated.py` runs each check of `checks.py` on each.
The differences that derivatives are compared with are computed here, from NumPy alone, so that no
part of the package judges itself. Inner products are Re sum(conj(u) v), so that real and complex
cases go through the same checks.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wengert.ir.program import Program, sub_programs
from wengert.types import Type

Arrays = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """One NumPy function and the arguments it is tested on.

    Parameters
    ----------
    name : str
        Unique within its file; part of the test's name.
    f : callable
        A plain NumPy function of arrays, all of them floating point or complex and differentiated
        (constants are closed over). Returns an array, a scalar, or a tuple of them.
    args : callable
        `args(rng)` draws the arguments: one array or a tuple, of the same shapes at every call,
        at least 0.02 away from kinks and from the edge of the domain.
    primitives : tuple of str
        Primitives that must occur in the recorded Program.
    order : int
        Derivatives that exist: 2, 1, or 0 for a function whose derivative is zero.
    batch, float32, traces : bool
        Whether it works under `vmap`; for float32; and when recorded without values.
    complex : bool
        Whether a second case, with imaginary parts added to the arguments, is tested too.
    is_elementwise : bool
        Whether the arguments may be replaced by 0-d and empty ones.
    tol : float, optional
        Relative tolerance for derivatives, against differences.
    kink : str, optional
        The convention at kinks, tested by hand elsewhere; for readers.
    """

    name: str
    f: Callable[..., Any]
    args: Callable[[np.random.Generator], Any]
    primitives: tuple[str, ...] = ()
    order: int = 2
    batch: bool = True
    complex: bool = False
    tol: float | None = None
    kink: str | None = None
    float32: bool = True
    traces: bool = True
    is_elementwise: bool = False

    def draw(self, turn: int = 0) -> Arrays:
        """The arguments of one turn, the same at every run."""
        rng = np.random.default_rng((zlib.crc32(self.name.encode()), turn))
        args = self.args(rng)
        args = args if isinstance(args, tuple) else (args,)
        return tuple([np.asarray(a) for a in args])

    @property
    def tolerance(self) -> float:
        return self.tol or 1e-7


def with_imaginary_parts(case: Case) -> Case:
    """The same case on complex arguments."""

    def args(rng: np.random.Generator) -> Arrays:
        real = case.args(rng)
        real = real if isinstance(real, tuple) else (real,)
        return tuple([a + 0.25j * rng.uniform(-1, 1, np.shape(a)) for a in real])

    return replace(case, name=case.name + "-complex", args=args, complex=False)


# -- small tools -----------------------------------------------------------------------------------


def outputs_of(result: Any) -> Arrays:
    """The result of a function as a flat tuple."""
    if isinstance(result, (tuple, list)):
        return tuple(itertools.chain.from_iterable([outputs_of(r) for r in result]))
    return (result,)


def flat(f: Callable[..., Any]) -> Callable[..., Arrays]:
    """`f` returning a flat tuple."""
    return lambda *args: outputs_of(f(*args))


def inner(us: Sequence[Any], vs: Sequence[Any]) -> Any:
    """Re sum(conj(u) v) over all pairs; None is zero."""
    total = 0.0
    for u, v in zip(us, vs, strict=True):
        if u is not None and v is not None:
            total = total + np.sum(np.real(np.conj(u) * v))
    return total


def direction(rng: np.random.Generator, like: Any) -> Any:
    """A random tangent of the type of `like`, of size about one; None for integers."""
    like = np.asarray(like)
    if like.dtype.kind not in "fc":
        return None
    v = rng.uniform(-1.0, 1.0, like.shape)
    if like.dtype.kind == "c":
        v = v + 1j * rng.uniform(-1.0, 1.0, like.shape)
    return np.asarray(v, like.dtype)[()]


def moved(args: Arrays, active: Sequence[int], vs: Sequence[Any], h: float) -> list[Any]:
    """`args` with `h * vs` added to the active ones."""
    out = list(args)
    for i, v in zip(active, vs, strict=True):
        out[i] = args[i] + h * v
    return out


def central(f: Callable[..., Arrays], args: Arrays, active: Any, vs: Any, h: float) -> list[Any]:
    """Central differences of `f` along `vs`."""
    with np.errstate(all="ignore"):
        above, below = f(*moved(args, active, vs, h)), f(*moved(args, active, vs, -h))
    return [
        (np.asarray(a) - np.asarray(b)) / (2 * h) if is_float(a) else None
        for a, b in zip(above, below, strict=True)
    ]


def differences(f: Callable[..., Arrays], args: Arrays, active: Any, vs: Any) -> list[Any]:
    """Central differences, extrapolated twice (Richardson): the error falls as h**6."""
    h = 2e-3
    rows = [central(f, args, active, vs, h / 2**k) for k in range(3)]
    results: list[Any] = []
    for coarse, middle, fine in zip(*rows, strict=True):
        if coarse is None:
            results.append(None)
            continue
        first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
        results.append((16 * second - first) / 15)
    return results


def is_float(x: Any) -> bool:
    return np.asarray(x).dtype.kind in "fc"


def is_close(found: Any, expected: Any, tol: float, size: float = 0.0) -> None:
    """Assert equality relative to the largest element (`size`: of the function behind it)."""
    if expected is None:
        assert found is None
        return
    found = np.zeros_like(expected) if found is None else np.asarray(found)
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    if expected.size == 0:
        return
    scale = max(np.max(np.abs(expected)), size, 1e-3)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=tol)


def subsets(n: int) -> list[tuple[int, ...]]:
    """Each argument alone, then all of them."""
    alone = [(i,) for i in range(n)]
    return alone if n == 1 else [*alone, tuple(range(n))]


def of_active(f: Callable[..., Any], args: Arrays, active: Sequence[int]) -> Callable[..., Arrays]:
    """`f` as a function of its active arguments, the others fixed."""

    def g(*chosen: Any) -> Arrays:
        every = list(args)
        for i, x in zip(active, chosen, strict=True):
            every[i] = x
        return outputs_of(f(*every))

    return g


def size_of(values: Sequence[Any]) -> float:
    """The largest absolute value, for tolerances."""
    sizes = [np.max(np.abs(v)) for v in map(np.asarray, values) if v.size and is_float(v)]
    return float(max(sizes, default=0.0))


def primitives_of(program: Program) -> set[str]:
    """Names of all primitives in a Program and the Programs inside it."""
    names = {eq.primitive.name for eq in program.equations}
    for eq in program.equations:
        for _, inside in sub_programs(eq.params):
            names |= primitives_of(inside)
    return names


def types_of(args: Arrays) -> list[Type]:
    return [Type(a.shape, a.dtype) for a in args]


def same_kind(found: Any, expected: Any) -> None:
    """Assert NumPy's shape and dtype, and a scalar exactly where NumPy gives one."""
    expected = expected if isinstance(expected, np.ndarray) else np.asarray(expected)[()]
    assert np.shape(found) == np.shape(expected)
    assert found.dtype == expected.dtype
    assert isinstance(found, np.ndarray) == isinstance(expected, np.ndarray)
