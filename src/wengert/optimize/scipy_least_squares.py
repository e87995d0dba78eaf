"""SciPy's `trf`, `dogbox` and `lm` on the exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.optimize.residuals import Residuals
from wengert.optimize.stepping import STOPPED, STUCK, Array, Outcome, Point, Settings

_EPS = float(np.finfo(float).eps)  # SciPy refuses smaller tolerances, or warns of them


class _StoppedError(Exception):
    """The callback's wish to stop, on its way through SciPy's loop."""


class _Watched:
    """Value and Jacobian as SciPy asks for them.

    All three methods ask for a Jacobian at each point that they accept, and only there: that is
    where steps are counted and the callback is called. Where a derivative is not finite the
    residuals are made NaN, so that SciPy shortens the step; its decompositions would raise. SciPy
    sees the variables that are not fixed.
    """

    def __init__(
        self,
        residuals: Residuals,
        watch: Callable[[Point, int], bool],
        x0: Array,
        is_free: Array,
    ) -> None:
        self._residuals = residuals
        self._watch = watch
        self._x0 = x0
        self._is_free = is_free
        self.nit = -1
        self.is_evaluating = False
        self.point: Point | None = None

    def whole(self, free: Array) -> Array:
        """x with the given values of the variables that are not fixed."""
        x = self._x0.copy()
        x[self._is_free] = free
        return x

    def value(self, free: Array) -> Array:
        x = self.whole(free)
        self.is_evaluating = True  # stays so where the user's function raises
        if self.point is None:
            self._residuals.first_point(x)
        f = self._residuals.value(x)
        self.is_evaluating = False
        return f.copy() if self._residuals.is_finite(x) else np.full_like(f, np.nan)

    def jacobian(self, free: Array) -> Any:
        x = self.whole(free)
        if self.point is None or not np.array_equal(x, self.point.x):
            point = self._residuals.point(x)
            assert point is not None  # the value was NaN otherwise, and x not accepted
            self.point, self.nit = point, self.nit + 1
            if self.nit > 0 and self._watch(point, self.nit):
                raise _StoppedError
        jacobian = self._residuals.jacobian(x)
        return jacobian.copy() if self._is_free.all() else jacobian[:, self._is_free]


def scipy_least_squares(
    residuals: Residuals,
    x0: Array,
    method: str,
    settings: Settings,
    watch: Callable[[Point, int], bool],
    *,
    loss: Any = "linear",
    f_scale: float = 1.0,
    tr_solver: str | None = None,
    tr_options: dict[str, Any] | None = None,
) -> Outcome:
    """Run one of SciPy's methods.

    Parameters
    ----------
    residuals : Residuals
    x0 : array, shape (n,)
        Within the bounds.
    method : {"trf", "dogbox", "lm"}
    settings : Settings
    watch : callable
        Called with each new point and the number of steps; True stops.
    loss, f_scale, tr_solver, tr_options
        SciPy's options.

    Returns
    -------
    Outcome
    """
    import scipy.optimize

    solve: Any = scipy.optimize.least_squares
    is_free = settings.lower < settings.upper
    watched = _Watched(residuals, watch, x0, is_free)
    scale = "jac" if settings.x_scale is None else settings.x_scale[is_free]
    options: dict[str, Any] = {"max_nfev": settings.max_nfev, "x_scale": scale}
    for name in ("ftol", "xtol", "gtol"):
        tolerance = getattr(settings, name)
        options[name] = tolerance if tolerance >= _EPS else _EPS if method == "lm" else None
    if method != "lm":
        options["bounds"] = settings.lower[is_free], settings.upper[is_free]
        options |= {"loss": loss, "f_scale": f_scale}
        options |= {"tr_solver": tr_solver, "tr_options": tr_options}
    try:
        found = solve(watched.value, x0[is_free], watched.jacobian, method=method, **options)
    except _StoppedError:
        assert watched.point is not None
        return Outcome(watched.point, STOPPED, watched.nit, _name(method, tr_solver))
    except np.linalg.LinAlgError:  # an SVD of numbers near overflow that does not converge
        if watched.is_evaluating or watched.point is None:
            raise
        return Outcome(watched.point, STUCK, watched.nit, _name(method, tr_solver))
    end = residuals.point(watched.whole(found.x))
    assert end is not None
    active = np.zeros(x0.size, int)
    active[is_free] = found.active_mask
    solver = _name(method, tr_solver, end.jacobian)
    return Outcome(end, int(found.status), watched.nit, solver, active, float(found.optimality))


def _name(method: str, tr_solver: str | None, jacobian: Any = None) -> str:
    """How the linear problems were solved."""
    if method == "lm":
        return "QR (MINPACK)"
    solver = tr_solver or ("exact" if isinstance(jacobian, np.ndarray) else "lsmr")
    return {"exact": "SVD" if method == "trf" else "dense least squares", "lsmr": "LSMR"}[solver]
