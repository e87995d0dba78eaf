"""The difference formulas themselves: forward, central and complex-step, first and second order.

Steps are relative: with the step t a coordinate moves by t times its own size (its magnitude, or 1
where that is zero). Differences are divided by the distance really moved after rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wengert.numeric.probe import Array, Coordinate, Probe
from wengert.numeric.stepping import Formula, Sample, power_of_two

METHODS = ("forward", "central", "complex", "richardson")


def coordinate_scale(coordinate: Coordinate) -> float:
    """The size that steps are relative to: the magnitude as a power of two, 1 at zero."""
    magnitude = coordinate.magnitude
    return power_of_two(magnitude) if 0.0 < magnitude < np.inf else 1.0


@dataclass(frozen=True)
class Axis:
    """A coordinate and how far a relative step moves it: `scale` times t, at least `floor`."""

    coordinate: Coordinate
    scale: float = 1.0
    floor: float = 0.0

    @classmethod
    def scaled(cls, probe: Probe, coordinate: Coordinate) -> Axis:
        """Steps relative to the coordinate's size, never below its resolution."""
        floor = probe.smallest_step(coordinate)
        return cls(coordinate, coordinate_scale(coordinate), floor)

    def step(self, t: float) -> float:
        return max(t * self.scale, self.floor, key=abs)


def first_derivative(probe: Probe, method: str, axis: Axis) -> Formula:
    """The formula of `method` for the derivative along one coordinate."""
    c, base = axis.coordinate, probe.base

    def forward(t: float) -> Sample:
        h = axis.step(t)
        distance = probe.displacement(c, h)
        moved = probe.at([(c, h)])
        return Sample((moved - base) / distance, _rounding(probe, distance, moved, base), h)

    def central(t: float) -> Sample:
        h = axis.step(t)
        distance = probe.displacement(c, h) - probe.displacement(c, -h)
        right, left = probe.at([(c, h)]), probe.at([(c, -h)])
        return Sample((right - left) / distance, _rounding(probe, distance / 2, right, left), h)

    if method == "forward":
        return Formula(forward, 1, 1, probe.eps, _typical(probe, c))
    return Formula(central, 2, 1, probe.eps, _typical(probe, c))


def directional(probe: Probe, axes: Sequence[Axis], weights: Sequence[float]) -> Formula:
    """Central differences along a direction that moves all coordinates at once."""

    def sample(t: float) -> Sample:
        steps = [(axis.coordinate, w * axis.step(t)) for axis, w in zip(axes, weights, strict=True)]
        right = probe.at(steps)
        left = probe.at([(c, -h) for c, h in steps])
        return Sample((right - left) / (2 * t), _rounding(probe, t, right, left), t)

    return Formula(sample, 2, 1, probe.eps, abs(probe.base))


def complex_step(probe: Probe, c: Coordinate, h: float) -> Sample:
    """Im f(x + ih) / h: no difference is taken, so no digits are lost however small h is.

    Source: W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real
    functions", SIAM Rev. 40 (1998) 110, equation 3.
    """
    value = probe.at_complex([(c, h * 1.0j)]) / h
    return Sample(value, probe.eps * abs(value), h)


def complex_step_size(probe: Probe, c: Coordinate) -> float:
    """eps^(5/4) of the coordinate's size, and never more than eps^(5/4).

    Small enough that the truncation error, h² f'''/6, is below rounding; large enough that
    products of h with small numbers do not underflow, in float32 as in float64.
    """
    scale = min(coordinate_scale(c), 1.0)
    tiny = float(np.finfo(probe.leaves[c.leaf].array.dtype).tiny)
    return max(power_of_two(probe.eps**1.25) * scale, min(tiny / probe.eps, 2.0**-27 * scale))


def second_derivative(probe: Probe, method: str, first: Axis, second: Axis) -> Formula:
    """The formula of `method` for the derivative along two coordinates, which may be the same."""
    a, b, base = first.coordinate, second.coordinate, probe.base

    def steps(t: float) -> tuple[float, float, float, float]:
        h, k = first.step(t), second.step(t)
        return h, k, probe.displacement(a, h), probe.displacement(b, k)

    def forward(t: float) -> Sample:
        h, k, dh, dk = steps(t)
        both, f_a, f_b = probe.at([(a, h), (b, k)]), probe.at([(a, h)]), probe.at([(b, k)])
        value = ((both - f_a) - (f_b - base)) / (dh * dk)
        return Sample(value, _rounding(probe, dh * dk / 4, both, f_a, f_b, base), h)

    def forward_diagonal(t: float) -> Sample:
        h, _, near, _ = steps(t)
        far = probe.displacement(a, 2.0 * h) - near
        f_far, f_near = probe.at([(a, 2.0 * h)]), probe.at([(a, h)])
        value = ((f_far - f_near) / far - (f_near - base) / near) / ((far + near) / 2)
        return Sample(value, _rounding(probe, near * far / 4, f_far, f_near, base), h)

    def central_diagonal(t: float) -> Sample:
        h, _, right, _ = steps(t)
        left = -probe.displacement(a, -h)
        f_right, f_left = probe.at([(a, h)]), probe.at([(a, -h)])
        value = ((f_right - base) / right - (base - f_left) / left) / ((right + left) / 2)
        return Sample(value, _rounding(probe, right * left / 4, f_right, base, f_left), h)

    def central(t: float) -> Sample:
        h, k, dh, dk = steps(t)
        dh, dk = dh - probe.displacement(a, -h), dk - probe.displacement(b, -k)
        signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
        corners = [probe.at([(a, i * h), (b, j * k)]) for i, j in signs]
        value = ((corners[0] - corners[1]) - (corners[2] - corners[3])) / (dh * dk)
        return Sample(value, _rounding(probe, dh * dk / 4, *corners), h)

    def mixed_complex(t: float) -> Sample:
        # The central difference along b of the complex step along a.
        k = second.step(t)
        dk = probe.displacement(b, k) - probe.displacement(b, -k)
        h = complex_step_size(probe, a)
        right = probe.at_complex([(a, h * 1.0j), (b, k)]) / h
        left = probe.at_complex([(a, h * 1.0j), (b, -k)]) / h
        return Sample((right - left) / dk, _rounding(probe, dk / 2, right, left), k)

    typical = _typical(probe, a, b)
    if method == "forward":
        return Formula(forward_diagonal if a is b else forward, 1, 2, probe.eps, typical)
    if method == "complex":
        return Formula(mixed_complex, 2, 1, probe.eps, typical)
    return Formula(central_diagonal if a is b else central, 2, 2, probe.eps, typical)


def _rounding(probe: Probe, distance: float, *values: Array) -> Array:
    """A bound on the rounding error of a difference of function values over `distance`."""
    largest = np.max([abs(v) for v in values], axis=0)
    return probe.eps * largest / abs(distance)


def _typical(probe: Probe, *coordinates: Coordinate) -> Array:
    typical = abs(probe.base)
    for c in coordinates:
        typical = typical / max(c.magnitude, 1.0)
    return typical
