"""Robust losses: ρ(z) of the squared residuals, and the linear problem that stands for them.

With z = (f/c)², c being `f_scale`, the cost is ½ c² Σ ρ(z). Its gradient is Jᵀ(ρ′ f), and its
Hessian without second derivatives of f is Jᵀ diag(ρ′ + 2 ρ″ z) J. Both are those of a plain sum of
squares with rows of J and entries of f rescaled, so that every method needs to know the plain sum
only (B. Triggs et al., "Bundle adjustment: a modern synthesis", 2000, section 4.3).

Far outside the curvature ρ′ + 2 ρ″ z vanishes or is negative, and has to be replaced: by a tiny
number in SciPy, by a share of ρ′ (`least_curvature`) in the package's own methods. With all of ρ′
the plain problem is that of iteratively reweighted least squares, which lies above a concave loss,
so that a step never promises more than it brings; with less the last steps are fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError

Array = np.ndarray[Any, Any]


def _linear(z: Array) -> tuple[Array, Array, Array]:
    return z, np.ones_like(z), np.zeros_like(z)


def _soft_l1(z: Array) -> tuple[Array, Array, Array]:
    root = np.sqrt(1.0 + z)
    return 2.0 * (root - 1.0), 1.0 / root, -0.5 / root**3


def _huber(z: Array) -> tuple[Array, Array, Array]:
    is_inside = z <= 1.0
    root = np.sqrt(np.where(is_inside, 1.0, z))
    return (
        np.where(is_inside, z, 2.0 * root - 1.0),
        1.0 / root,
        np.where(is_inside, 0.0, -0.5 / root**3),
    )


def _cauchy(z: Array) -> tuple[Array, Array, Array]:
    slope = 1.0 / (1.0 + z)
    return np.log1p(z), slope, -(slope**2)


def _arctan(z: Array) -> tuple[Array, Array, Array]:
    slope = 1.0 / (1.0 + z**2)
    return np.arctan(z), slope, -2.0 * z * slope**2


_LOSSES = {
    "linear": _linear,
    "soft_l1": _soft_l1,
    "huber": _huber,
    "cauchy": _cauchy,
    "arctan": _arctan,
}


@dataclass(frozen=True)
class Loss:
    """A loss with its scale; `rho` gives ρ, ρ′ and ρ″ of z.

    Attributes
    ----------
    rho : callable
        Takes z of shape (m,), gives three arrays of that shape.
    scale : float
        Where residuals begin to count less.
    is_linear : bool
        Whether the cost is the plain sum of squares.
    least_curvature : float
        The share of ρ′ that the curvature of an outlier is at least taken for.
    """

    rho: Callable[[Array], Any]
    scale: float
    is_linear: bool
    least_curvature: float = 0.0

    def cost(self, f: Array) -> float:
        """½ c² Σ ρ((f/c)²); infinite or NaN where f is."""
        if self.is_linear:
            return 0.5 * float(f @ f)
        return 0.5 * self.scale**2 * float(np.sum(self._derivatives(f)[0]))

    def weights(self, f: Array) -> tuple[Array, Array]:
        """Factors of the residuals and of the rows of the Jacobian in the plain problem."""
        _, first, second = self._derivatives(f)
        curvature = first + 2.0 * second * (f / self.scale) ** 2
        least = np.maximum(self.least_curvature * first, np.finfo(float).eps)
        root = np.sqrt(np.maximum(curvature, least))
        return first / root, root

    def _derivatives(self, f: Array) -> Array:
        values = np.asarray(self.rho((f / self.scale) ** 2), dtype=np.float64)
        if values.shape != (3, f.size):
            raise ShapeError(
                "least_squares: the loss function gives an array of the wrong shape.",
                got=f"float64{list(values.shape)}",
                expected=f"float64[3, {f.size}]: ρ(z), ρ′(z) and ρ″(z) for {f.size} residuals",
            )
        return values


def loss_of(name: str, loss: Any, f_scale: Any, least_curvature: float | None = None) -> Loss:
    """The loss that the user's options mean.

    Parameters
    ----------
    name : str
        The function the user called, for messages.
    loss : str or callable
        `"linear"`, `"soft_l1"`, `"huber"`, `"cauchy"`, `"arctan"`, or ρ with two derivatives.
    f_scale : float
        Positive.
    least_curvature : float, optional
        See `Loss`.

    Raises
    ------
    ArgumentError
        If `loss` is neither a known name nor a function, or `f_scale` is not positive.
    """
    is_number = isinstance(f_scale, (int, float, np.integer, np.floating))
    scale = float(f_scale) if is_number else 0.0
    if not 0.0 < scale < np.inf:
        raise ArgumentError(
            f"{name}: f_scale is no positive number.",
            got=f"f_scale={f_scale!r}",
            expected="the size beyond which a residual is an outlier",
        )
    least = 0.0 if least_curvature is None else least_curvature
    if callable(loss):
        return Loss(loss, scale, False, least)
    if not isinstance(loss, str) or loss not in _LOSSES:
        raise ArgumentError(
            f"{name}: there is no such loss.",
            got=f"loss={loss!r}",
            expected=", ".join(map(repr, _LOSSES)) + ", or a function of z that gives ρ, ρ′, ρ″",
        )
    return Loss(_LOSSES[loss], scale, loss == "linear", least)
