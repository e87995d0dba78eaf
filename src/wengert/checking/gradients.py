"""`check_grads`: forward and reverse mode against differences, to any order, in random directions.

One direction v and one cotangent w settle a check with probability one: a wrong entry anywhere
changes J v and <w, J v>. Higher orders check the function (x, v) -> J(x) v and (x, w) -> J(x)ᵀ w
in the same way, so that every nesting of the modes is met and linearity in v and w is tested too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import numeric, trees
from wengert.api.products import jvp, vjp
from wengert.errors import ArgumentError, GradientError

Array = np.ndarray[Any, np.dtype[Any]]
FlatFunction = Callable[..., list[Any]]

_MODE_NAMES = {"forward": "forward", "fwd": "forward", "reverse": "reverse", "rev": "reverse"}


@dataclass(frozen=True)
class Settings:
    """Tolerances and the source of directions."""

    rtol: float | None
    atol: float | None
    rng: np.random.Generator

    def tolerance(self, dtypes: Sequence[np.dtype[Any]]) -> tuple[float, float]:
        """rtol and atol, by default eps^(3/8) of the coarsest dtype: 1e-6 and 3e-3."""
        eps = max((float(np.finfo(d).eps) for d in dtypes), default=2.0**-52)
        default = eps**0.375
        rtol = default if self.rtol is None else self.rtol
        return rtol, (default if self.atol is None else self.atol)


def check_grads(
    f: Callable[..., Any],
    args: Any,
    order: int = 2,
    modes: Sequence[str] = ("forward", "reverse"),
    *,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> None:
    """Check the derivatives of `f` at a point against Richardson-extrapolated differences.

    For each mode: the tangent J v against the difference quotient along a random v, and the
    cotangent Jᵀ w through <Jᵀ w, v> = <w, J v>; the two modes against each other, to rounding; then
    the same for the derivatives themselves, up to `order`. Shapes and dtypes are checked too.
    Costs about 20 evaluations of the function at each of the (number of modes)^k checks at order k.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees. Integer and boolean leaves are held fixed.
    args : tuple, or a single argument
        The point. It should not lie on a kink: there, differences are no reference.
    order : int, default 2
        The highest order to check.
    modes : sequence of {"forward", "reverse"}
        The modes to check (`"fwd"` and `"rev"` are understood too).
    rtol, atol : float, optional
        Tolerances relative to the size of the derivative, and absolute; by default eps^(3/8) of the
        coarsest dtype, about 1e-6 in float64 and 3e-3 in float32. The reference's own estimated
        error is added, up to a hundred times that.
    seed : int, default 0
        Seeds the random directions.

    Raises
    ------
    GradientError
        (An `AssertionError`.) Names mode, order, error and direction.

    Examples
    --------
    >>> import numpy as np
    >>> check_grads(lambda x, y: np.sin(x) * y, (0.5, np.array([1.0, 2.0])))
    """
    names = [_mode_name(mode) for mode in modes]
    if order < 1 or not names:
        raise ArgumentError(
            "check_grads: there is nothing to check.",
            got=f"order={order}, modes={tuple(modes)!r}",
            expected="order of 1 or more, and at least one mode",
        )
    args = args if isinstance(args, tuple) else (args,)
    flat, point = _flat_function(f, args)
    settings = Settings(rtol, atol, np.random.default_rng(seed))
    _check(flat, point, order, names, settings, ())


def _mode_name(mode: str) -> str:
    if mode not in _MODE_NAMES:
        raise ArgumentError(
            "check_grads: there is no such mode.",
            got=repr(mode),
            expected='"forward" or "reverse"',
        )
    return _MODE_NAMES[mode]


def _flat_function(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[FlatFunction, list[Any]]:
    """`f` as a function of its floating-point leaves to a list of its floating-point leaves."""
    leaves, spec = trees.flatten(args)
    moving = [k for k, leaf in enumerate(leaves) if _is_differentiable(leaf)]

    def flat(*numbers: Any) -> list[Any]:
        filled = list(leaves)
        for k, number in zip(moving, numbers, strict=True):
            filled[k] = number
        outputs, _ = trees.flatten(f(*trees.unflatten(spec, filled)))
        return [out for out in outputs if _is_differentiable(out)]

    if not moving:
        raise ArgumentError(
            "check_grads: no argument can be differentiated.",
            got=", ".join(type(leaf).__name__ for leaf in leaves) or "no arguments",
            expected="floating-point or complex numbers or arrays",
            try_="pass 2.0 for 2, x.astype(float) for x",
        )
    return flat, [leaves[k] for k in moving]


def _is_differentiable(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    return isinstance(leaf, float | complex) if dtype is None else dtype.kind in "fc"


def _check(
    f: FlatFunction,
    point: list[Any],
    order: int,
    modes: list[str],
    settings: Settings,
    history: tuple[str, ...],
) -> None:
    outputs = [np.asarray(out) for out in f(*point)]
    v = [_random_like(x, settings.rng) for x in point]
    w = [_random_like(out, settings.rng) for out in outputs]
    check = _Check(f, point, outputs, v, w, settings, history)
    reference, reference_error = check.differences()
    tangents = check.forward() if "forward" in modes else None
    if tangents is not None:
        check.compare_tangents(tangents, reference, reference_error)
    if "reverse" in modes:
        cotangents = check.reverse()
        check.compare_cotangents(cotangents, reference, reference_error)
        if tangents is not None:
            check.compare_modes(tangents, cotangents)
    if order > 1:
        _check_derivatives(f, point, v, w, order, modes, settings, history)


def _check_derivatives(
    f: FlatFunction,
    point: list[Any],
    v: list[Any],
    w: list[Any],
    order: int,
    modes: list[str],
    settings: Settings,
    history: tuple[str, ...],
) -> None:
    n = len(point)

    def forward(*numbers: Any) -> list[Any]:
        return list(jvp(f, numbers[:n], numbers[n:])[1])

    def reverse(*numbers: Any) -> list[Any]:
        return list(vjp(f, *numbers[:n])[1](list(numbers[n:])))

    for mode in modes:
        derivative, seeds = (forward, v) if mode == "forward" else (reverse, w)
        _check(derivative, point + seeds, order - 1, modes, settings, (mode, *history))


@dataclass(frozen=True)
class _Check:
    """One function at one point in one direction."""

    f: FlatFunction
    point: list[Any]
    outputs: list[Array]
    v: list[Any]
    w: list[Any]
    settings: Settings
    history: tuple[str, ...]

    @property
    def tolerances(self) -> tuple[float, float]:
        dtypes = [np.asarray(x).dtype for x in self.point] + [out.dtype for out in self.outputs]
        return self.settings.tolerance(dtypes)

    def differences(self) -> tuple[list[Array], list[Array]]:
        """J v by differences along v, with its estimated error."""

        def along(t: float) -> list[Any]:
            return self.f(*[_moved(x, dx, t) for x, dx in zip(self.point, self.v, strict=True)])

        # A parameter as coarse as the coarsest argument makes the steps large enough for it.
        precisions = [np.real(np.asarray(x)).dtype for x in self.point]
        zero = max(precisions, key=lambda d: float(np.finfo(d).eps)).type(0.0)
        estimate = numeric.derivative(along, method="richardson", with_error=True)(zero)
        return [np.asarray(a) for a in estimate.value], [np.asarray(e) for e in estimate.error]

    def forward(self) -> list[Array]:
        values, tangents = jvp(self.f, tuple(self.point), tuple(self.v))
        for k, (value, out) in enumerate(zip(values, self.outputs, strict=True)):
            if not np.array_equal(value, out, equal_nan=True):
                rtol, atol = self.tolerances
                if not np.allclose(value, out, rtol, atol, equal_nan=True):
                    self.fail("forward", "the value differs from the function's", k, value, out)
        return [
            self._same_type("forward", "tangent", k, t, out)
            for k, (t, out) in enumerate(zip(tangents, self.outputs, strict=True))
        ]

    def reverse(self) -> list[Array]:
        _, pullback = vjp(self.f, *self.point)
        cotangents = pullback(list(self.w))
        return [
            self._same_type("reverse", "cotangent", k, ct, np.asarray(x))
            for k, (ct, x) in enumerate(zip(cotangents, self.point, strict=True))
        ]

    def _same_type(self, mode: str, what: str, k: int, got: Any, like: Array) -> Array:
        array = np.asarray(got)
        if array.shape != like.shape or array.dtype != like.dtype:
            self.fail(
                mode,
                f"the {what} has another shape or dtype than its value",
                k,
                f"{array.dtype}{list(array.shape)}",
                f"{like.dtype}{list(like.shape)}",
            )
        return array

    def compare_tangents(
        self, tangents: list[Array], reference: list[Array], errors: list[Array]
    ) -> None:
        rtol, atol = self.tolerances
        for k, (got, expected, error) in enumerate(zip(tangents, reference, errors, strict=True)):
            size = max(_largest(expected), _largest(got))
            allowed = atol + rtol * size + min(10 * _largest(error), 100 * rtol * (1 + size))
            if got.size and not _largest(got - expected) <= allowed:
                self.fail("forward", "J v differs from differences", k, got, expected)

    def compare_cotangents(
        self, cotangents: list[Array], reference: list[Array], errors: list[Array]
    ) -> None:
        rtol, atol = self.tolerances
        got, expected = _inner(cotangents, self.v), _inner(self.w, reference)
        size = _inner_size(self.w, reference) + _inner_size(cotangents, self.v)
        error = _inner_size(self.w, errors)
        if not abs(got - expected) <= atol + rtol * size + min(10 * error, 100 * rtol * (1 + size)):
            self.fail(
                "reverse", "<Jᵀw, v> differs from <w, J v> by differences", None, got, expected
            )

    def compare_modes(self, tangents: list[Array], cotangents: list[Array]) -> None:
        """<w, J v> = <Jᵀ w, v> holds to rounding: both modes compute the same products."""
        got, expected = _inner(cotangents, self.v), _inner(self.w, tangents)
        size = _inner_size(self.w, tangents) + _inner_size(cotangents, self.v)
        rtol, atol = self.tolerances
        if not abs(got - expected) <= rtol**2 * 100 * size + 1e-3 * atol:
            self.fail(
                "reverse", "<Jᵀw, v> differs from <w, J v> of forward mode", None, got, expected
            )

    def fail(self, mode: str, what: str, k: int | None, got: Any, expected: Any) -> None:
        nesting = " of ".join((mode, *self.history))
        place = "" if k is None else f" in leaf {k}"
        raise GradientError(
            f"check_grads: {what}{place} ({nesting} mode, order {1 + len(self.history)}).",
            got=f"{_short(got)}{_difference(got, expected)}",
            expected=_short(expected),
            try_=f"the direction was v = {_short(self.v)} at x = {_short(self.point)}; if the "
            "point lies on a kink, or the values are noisy, differences are no reference there",
        )


def _random_like(x: Any, rng: np.random.Generator) -> Any:
    """A standard normal array, or scalar, of the shape and dtype of `x`."""
    array = np.asarray(x)
    drawn = rng.standard_normal(array.shape)
    if array.dtype.kind == "c":
        drawn = drawn + 1j * rng.standard_normal(array.shape)
    drawn = np.asarray(drawn).astype(array.dtype)
    return drawn if isinstance(x, np.ndarray) else drawn[()]


def _moved(x: Any, dx: Any, t: float) -> Any:
    moved = np.asarray(np.asarray(x) + t * np.asarray(dx)).astype(np.asarray(x).dtype)
    return moved if isinstance(x, np.ndarray) else moved[()]


def _inner(a: Sequence[Any], b: Sequence[Any]) -> float:
    """Re Σ conj(a) b."""
    return float(sum(np.sum(np.real(np.conj(x) * y)) for x, y in zip(a, b, strict=True)))


def _inner_size(a: Sequence[Any], b: Sequence[Any]) -> float:
    return float(sum(np.sum(abs(np.asarray(x) * y)) for x, y in zip(a, b, strict=True)))


def _largest(a: Array) -> float:
    return float(np.max(abs(a), initial=0.0)) if not np.isnan(a).any() else float("nan")


def _difference(got: Any, expected: Any) -> str:
    if isinstance(got, str):
        return ""
    return f" (largest difference {_largest(np.asarray(got) - np.asarray(expected)):.3g})"


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "(" + ", ".join(_short(v) for v in value) + ")"
    return np.array2string(np.asarray(value), precision=6, threshold=12, edgeitems=2)
