"""Where the derivative of a foreign function comes from: given rules, or numbers.

Every rule gives both FORWARD and ADJOINT (see `foreign_call`). What it does not have it takes from
the other by way of unit vectors: `transposed`.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, final

import numpy as np

from wengert import trees
from wengert.control.custom import flatten_like
from wengert.errors import ArgumentError, MissingRuleError, OutputError
from wengert.numeric.stepping import power_of_two
from wengert.types import Type

if TYPE_CHECKING:
    from wengert.extend.foreign_call import ForeignCall

METHODS = ("complex", "central")
Map = Callable[[Sequence[Any]], Sequence[Any]]


class DerivativeRule(ABC):
    """Both directions of a derivative, for one item or (`lead`) a batch of them at once."""

    reads_out = False  # whether the results of the function are among what it needs

    @abstractmethod
    def forward(
        self, call: ForeignCall, leaves: Any, outs: Any, tangents: Any, lead: tuple[int, ...]
    ) -> Sequence[Any]:
        """Tangents of the floating point results."""

    @abstractmethod
    def adjoint(
        self, call: ForeignCall, leaves: Any, outs: Any, cts: Any, lead: tuple[int, ...]
    ) -> Sequence[Any]:
        """Cotangents of the floating point arguments."""


def transposed(
    linear: Map, from_types: Sequence[Type], vectors: Sequence[Any], lead: tuple[int, ...]
) -> list[Any]:
    """The adjoint of a linear map from `from_types`, applied to `vectors`: one call a unit vector.

    Under <u, v> = Re sum(conj(u) v), so that a complex number has two unit vectors.
    """
    n_lead = len(lead)

    def inner(images: Sequence[Any]) -> Any:
        total: Any = 0.0
        for image, vector in zip(images, vectors, strict=True):
            axes = tuple(range(n_lead, np.ndim(image)))
            total = total + np.sum(np.real(np.conj(image) * vector), axis=axes)
        return total

    results = [np.zeros((*lead, *t.shape), t.dtype) for t in from_types]
    for k, at, unit in _units(from_types):
        basis = [np.zeros((*lead, *t.shape), t.dtype) for t in from_types]
        place: Any = (*[slice(None)] * n_lead, *at)
        basis[k][place] = unit
        results[k][place] += unit * inner(linear([b[()] for b in basis]))
    return [r[()] for r in results]


def _units(types: Sequence[Type]) -> Iterator[tuple[int, tuple[int, ...], Any]]:
    for k, t in enumerate(types):
        for at in np.ndindex(t.shape):
            yield k, at, 1.0
            if t.dtype.kind == "c":
                yield k, at, 1.0j


@final
@dataclass(frozen=True)
class GivenRule(DerivativeRule):
    """A forward rule, a reverse rule, or both."""

    jvp: Callable[..., Any] | None
    vjp: Callable[..., Any] | None

    @property
    def reads_out(self) -> bool:  # type: ignore[override]  # a constant of the base
        return self.vjp is not None

    def forward(
        self, call: ForeignCall, leaves: Any, outs: Any, tangents: Any, lead: tuple[int, ...]
    ) -> Sequence[Any]:
        site = call.site
        if self.jvp is None:
            adjoint = partial(self.adjoint, call, leaves, outs, lead=lead)
            return transposed(adjoint, [site.out_types[i] for i in site.float_outs], tangents, lead)
        found = self.run_jvp(call, leaves, tangents)
        types = [site.out_types[i] for i in site.float_outs]
        return _filled(found, types, lead, f"the jvp rule of {site.name}")

    def adjoint(
        self, call: ForeignCall, leaves: Any, outs: Any, cts: Any, lead: tuple[int, ...]
    ) -> Sequence[Any]:
        site = call.site
        types = [site.types[i] for i in site.floats]
        if self.vjp is None:
            forward = partial(self.forward, call, leaves, outs, lead=lead)
            return transposed(forward, types, cts, lead)
        found = self.run_vjp(call, leaves, outs, cts)
        return _filled(found, types, lead, f"the vjp rule of {site.name}")

    def run_jvp(self, call: ForeignCall, leaves: Any, tangents: Any) -> list[Any]:
        """The rule on numbers or on tracers; None where it says zero."""
        assert self.jvp is not None
        site = call.site
        args, kwargs = site.arguments(leaves)
        result = self.jvp(args, site.tangents(tangents), **kwargs)
        what = f"the tangent of the jvp rule of {site.name}"
        found = flatten_like(site.out_spec, result, what)
        return [found[i] for i in site.float_outs]

    def run_vjp(self, call: ForeignCall, leaves: Any, outs: Any, cts: Any) -> list[Any]:
        """The same of the reverse rule."""
        assert self.vjp is not None
        site = call.site
        args, kwargs = site.arguments(leaves)
        result = self.vjp(args, site.results(outs), site.cotangent(cts), **kwargs)
        if not isinstance(result, (tuple, list)) or len(result) != len(args):
            size = f" of length {len(result)}" if isinstance(result, (tuple, list)) else ""
            raise OutputError(
                f"the vjp rule of {site.name} did not return one cotangent per argument.",
                got=f"{type(result).__name__}{size}",
                expected=f"a tuple of length {len(args)}",
                try_="return (ct_x,), with None for zero",
            )
        found: list[Any] = []
        what = f"a cotangent of the vjp rule of {site.name}"
        for arg, part in zip(args, result, strict=True):
            found += flatten_like(trees.structure(arg), part, what)
        static = {i for i, _ in site.static}
        found = [x for i, x in enumerate(found) if i not in static]
        return [found[i] for i in site.floats]


def _filled(
    found: Sequence[Any], types: Sequence[Type], lead: tuple[int, ...], what: str
) -> list[Any]:
    from wengert.extend.foreign_call import as_type

    return [
        np.zeros((*lead, *t.shape), t.dtype)[()] if x is None else as_type(x, t, lead, what)
        for x, t in zip(found, types, strict=True)
    ]


@final
@dataclass(frozen=True)
class NumericRule(DerivativeRule):
    """Complex steps, or central differences, along a direction."""

    method: str
    step: float | None

    def forward(
        self, call: ForeignCall, leaves: Any, outs: Any, tangents: Any, lead: tuple[int, ...]
    ) -> Sequence[Any]:
        step = _complex_step if self.method == "complex" else _central_difference
        return step(call, leaves, tangents, lead, self.step)

    def adjoint(
        self, call: ForeignCall, leaves: Any, outs: Any, cts: Any, lead: tuple[int, ...]
    ) -> Sequence[Any]:
        site = call.site
        forward = partial(self.forward, call, leaves, outs, lead=lead)
        return transposed(forward, [site.types[i] for i in site.floats], cts, lead)


def refuse_numeric(name: str, method: str) -> MissingRuleError:
    """The error for a derivative of a numerical derivative."""
    return MissingRuleError(
        f"{name}: the numerical derivative of a foreign function is not differentiated again.",
        got=f'a second derivative through numeric="{method}"',
        expected="foreign(f, jvp=...) or foreign(f, vjp=...) with a rule that can be traced",
        try_="wengert.numeric.hessian, which chooses steps for second derivatives",
    )


def _relative(leaves: Any, tangents: Any, call: ForeignCall, n_lead: int) -> Any:
    """One over the largest move, relative to what is moved, along the tangents; 0 for none."""
    largest: Any = 0.0
    for i, v in zip(call.site.floats, tangents, strict=True):
        x = np.abs(np.asarray(leaves[i], np.result_type(leaves[i], np.float64)))
        _, exponent = np.frexp(x)
        scale = np.where((x > 0) & np.isfinite(x), np.ldexp(0.5, exponent), 1.0)
        moves = np.abs(v) / scale
        axes = tuple(range(n_lead, moves.ndim))
        largest = np.maximum(largest, np.max(moves, axis=axes, initial=0.0))
    return np.where(largest > 0, 1.0 / np.where(largest > 0, largest, 1.0), 0.0)


def _steps(call: ForeignCall, leaves: Any, tangents: Any, lead: Any, t: float) -> Any:
    """The factor h of a move x + h v, a power of two, for every item."""
    factor = t * _relative(leaves, tangents, call, len(lead))
    _, exponent = np.frexp(factor)
    return np.where(factor > 0, np.ldexp(0.5, exponent), 0.0)


def _beside(h: Any, x: Any) -> Any:
    """Factors of items beside arrays with the items' own axes."""
    return np.reshape(h, (*np.shape(h), *(1,) * (np.ndim(x) - np.ndim(h))))


def _central_difference(
    call: ForeignCall, leaves: Any, tangents: Any, lead: tuple[int, ...], step: float | None
) -> list[Any]:
    """(f(x + h v) - f(x - h v)) / 2 h."""
    site = call.site
    eps = max(np.finfo(site.types[i].dtype).eps for i in site.floats)
    h = _steps(call, leaves, tangents, lead, step or power_of_two(float(eps) ** (1 / 3)))
    sides = []
    for sign in (1.0, -1.0):
        moved = list(leaves)
        for i, v in zip(site.floats, tangents, strict=True):
            x = leaves[i]
            moved[i] = np.asarray(x + sign * _beside(h, v) * v, site.types[i].dtype)[()]
        args, kwargs = site.arguments(moved)
        found = trees.flatten(site.foreign.f(*args, **kwargs))
        sides.append(call.checked(found, site.out_spec, lead, site.name))
    results = []
    for j in site.float_outs:
        difference = (sides[0][j] - sides[1][j]) / np.where(h > 0, 2 * h, 1.0).reshape(
            (*lead, *(1,) * len(site.out_types[j].shape))
        )
        results.append(np.asarray(difference, site.out_types[j].dtype)[()])
    return results


def _complex_step(
    call: ForeignCall, leaves: Any, tangents: Any, lead: tuple[int, ...], step: float | None
) -> list[Any]:
    """Im f(x + i h v) / h.

    No difference is taken, so no digits are lost however small h is. Source: W. Squire, G. Trapp,
    SIAM Rev. 40 (1998) 110, equation 3.
    """
    site = call.site
    if any(t.dtype.kind == "c" for t in (*site.types, *site.out_types)):
        raise _not_real(site.name, "complex arguments or results", None)
    h = _steps(call, leaves, tangents, lead, step or 2.0**-66)
    moved = list(leaves)
    for i, v in zip(site.floats, tangents, strict=True):
        moved[i] = np.asarray(leaves[i] + 1j * (_beside(h, v) * v))[()]
    args, kwargs = site.arguments(moved)
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            leaves_out, spec = trees.flatten(site.foreign.f(*args, **kwargs))
        except (TypeError, ValueError, np.exceptions.ComplexWarning) as error:
            raise _not_real(site.name, f"{type(error).__name__}: {error}", error) from error
    results = []
    if spec != site.out_spec:
        raise _not_real(site.name, "another structure for complex arguments", None)
    for j in site.float_outs:
        value = np.asarray(leaves_out[j])
        if value.dtype.kind != "c" or value.shape != (*lead, *site.out_types[j].shape):
            found = f"{value.dtype.name}{list(value.shape)} for complex arguments"
            raise _not_real(site.name, found, None)
        factor = np.where(h > 0, h, 1.0).reshape((*lead, *(1,) * len(site.out_types[j].shape)))
        results.append(np.asarray(value.imag / factor, site.out_types[j].dtype)[()])
    return results


def _not_real(name: str, got: str, error: BaseException | None) -> ArgumentError:
    return ArgumentError(
        f"{name}: the complex step needs a real function that also takes complex numbers.",
        got=got,
        expected="complex results for complex arguments, analytic: no abs, no comparisons",
        try_='numeric="central"',
    )
