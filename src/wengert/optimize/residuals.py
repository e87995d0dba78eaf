"""A residual function of a vector: value and Jacobian at once, counted, and watched for NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import NanError
from wengert.optimize.losses import Loss
from wengert.optimize.stepping import Array, Point

_KEPT = 2  # points remembered: the one a method is at, and the one it tries


class Residuals:
    """What every least-squares method asks: f(x) and J(x), apart or together.

    SciPy asks for the value first and for the Jacobian later, where the step was good; both come
    from one evaluation, which is remembered by x.

    Parameters
    ----------
    name : str
        The function the user called, for messages.
    evaluate : callable
        x of shape (n,) to (f, J): float64 of shape (m,), and (m, n) dense or csr_array.
    loss : Loss
    residual_name, variable_name : callable
        The user's name for an entry of f, of x.
    """

    def __init__(
        self,
        name: str,
        evaluate: Callable[[Array], tuple[Array, Any]],
        loss: Loss,
        residual_name: Callable[[int], str],
        variable_name: Callable[[int], str],
    ) -> None:
        self._name = name
        self._evaluate = evaluate
        self.loss = loss
        self.residual_name = residual_name
        self.variable_name = variable_name
        self.nfev = 0
        self.njev = 0
        self.fault: str | None = None
        """The first NaN or Inf that was met, in words."""
        self.faults = 0
        self._known: dict[bytes, tuple[Array, Any]] = {}
        self._differentiated = b""

    def value(self, x: Array) -> Array:
        """f(x), shape (m,); may hold NaN and Inf."""
        return self._at(x)[0]

    def jacobian(self, x: Array) -> Any:
        """J(x), shape (m, n); may hold NaN and Inf."""
        self._count(x)
        return self._at(x)[1]

    def is_finite(self, x: Array) -> bool:
        """Whether f(x) and J(x) are; a fault is noted if not."""
        return self._fault_in(*self._at(x)) is None

    def point(self, x: Array) -> Point | None:
        """The problem at x; None, and a fault noted, where a number is not finite."""
        f, jacobian = self._at(x)
        if self._fault_in(f, jacobian) is not None:
            return None
        self._count(x)
        return Point(x, f, jacobian, self.loss.cost(f), self.loss)

    def first_point(self, x: Array) -> Point:
        """The problem at the start, which must be finite.

        Raises
        ------
        NanError
            If a residual, or a derivative of one, is not.
        """
        point = self.point(x)
        if point is None:
            raise NanError(
                f"{self._name}: the residuals or their derivatives are not finite at the start.",
                got=self.fault,
                expected="finite numbers at x0",
                try_="another x0, or bounds that keep out where the function is undefined",
            )
        return point

    def _count(self, x: Array) -> None:
        """One Jacobian more was used, unless it is that of the last time."""
        if x.tobytes() != self._differentiated:
            self.njev += 1
            self._differentiated = x.tobytes()

    def _at(self, x: Array) -> tuple[Array, Any]:
        key = x.tobytes()
        known = self._known.get(key)
        if known is None:
            self.nfev += 1
            known = self._evaluate(x.copy())
            if self._fault_in(*known) is not None:
                self.faults += 1
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
        else:
            del self._known[key]  # it comes last again
        self._known[key] = known
        return known

    def _fault_in(self, f: Array, jacobian: Any) -> str | None:
        """Which number is not finite, in the user's words; the first ever is remembered."""
        fault = None
        if not np.isfinite(f).all():
            entry = int(np.flatnonzero(~np.isfinite(f))[0])
            fault = f"{f[entry]} in residual {self.residual_name(entry)}"
        elif not np.isfinite(f @ f):
            entry = int(np.argmax(np.abs(f)))
            fault = (
                f"{f[entry]:.3g}, whose square overflows, in residual {self.residual_name(entry)}"
            )
        else:
            place = _not_finite(jacobian)
            if place is not None:
                row, column, number = place
                fault = (
                    f"{number} in the derivative of residual {self.residual_name(row)}"
                    f" by {self.variable_name(column)}"
                )
        self.fault = self.fault or fault
        return fault


def _not_finite(jacobian: Any) -> tuple[int, int, float] | None:
    """Row, column and value of the first entry that is NaN or Inf."""
    data = jacobian if isinstance(jacobian, np.ndarray) else jacobian.data
    bad = ~np.isfinite(data)
    if not bad.any():
        return None
    if isinstance(jacobian, np.ndarray):
        row, column = (int(i) for i in np.argwhere(bad)[0])
        return row, column, float(jacobian[row, column])
    entry = int(np.flatnonzero(bad)[0])
    row = int(np.searchsorted(jacobian.indptr, entry, side="right")) - 1
    return row, int(jacobian.indices[entry]), float(jacobian.data[entry])
