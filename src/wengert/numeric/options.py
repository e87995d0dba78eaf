"""What the four functions have in common: their options, checked once, and their `Estimate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError
from wengert.numeric.formulas import METHODS

Argnums = int | tuple[int, ...]


@dataclass(frozen=True)
class Estimate:
    """A numerical derivative with what is known about it.

    Attributes
    ----------
    value : pytree
        The derivative, as it is returned without `with_error`.
    error : pytree
        An estimate (no bound) of the absolute error of each entry: truncation measured by a second
        step, plus rounding of the function's values. It assumes that the function is smooth nearby
        and is computed to the precision of its dtype.
    step : pytree
        The step that each entry was found with; for `"richardson"` the smallest that took part.
    n_evaluations : int
        How often the function was called.
    method : str
        The method's name.
    """

    value: Any
    error: Any
    step: Any
    n_evaluations: int
    method: str


@dataclass(frozen=True)
class Options:
    """What the four functions have in common."""

    caller: str
    argnums: Argnums
    method: str
    step: float | None
    with_error: bool
    holomorphic: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ArgumentError(
                f"{self.caller}: there is no such method.",
                got=f"method={self.method!r}",
                expected=" or ".join(f'"{name}"' for name in METHODS),
            )
        numbers = self.argnums if isinstance(self.argnums, tuple) else (self.argnums,)
        if not all(type(n) is int for n in numbers) or len(set(numbers)) != len(numbers):
            raise ArgumentError(
                f"{self.caller}: argnums must be distinct positions of arguments.",
                got=f"argnums={self.argnums!r}",
                expected="an int or a tuple of ints",
                try_=f"{self.caller} returns a function: {self.caller}(f)(x), "
                f"not {self.caller}(f, x)",
            )
        step = self.step
        if step is not None and not (np.ndim(step) == 0 and np.isfinite(step) and step != 0):
            raise ArgumentError(
                f"{self.caller}: the step must be a finite number other than zero.",
                got=f"step={step!r}",
                expected="a distance in the units of the arguments, or None to have it chosen",
            )
        if self.holomorphic and self.method == "complex":
            raise DtypeError(
                f"{self.caller}: the complex step needs a real function of real arguments.",
                got='method="complex", holomorphic=True',
                expected="one of the two",
                try_='method="central" or method="richardson"',
            )
