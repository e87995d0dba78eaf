"""SciPy's `trf`, `dogbox` and `lm` on the exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.optimize.residuals import Residuals
from wengert.optimize.stepping import NOT_FINITE, STOPPED, Array, Outcome, Point, Settings

_EPS = float(np.finfo(float).eps)  # SciPy refuses smaller tolerances, or warns of them


class _EndedHereError(Exception):
    """Carries the reason to end through SciPy's loop, which knows no such way out."""

    def __init__(self, status: int) -> None:
        self.status = status


class _Watched:
    """Value and Jacobian as SciPy asks for them.

    All three methods ask for a Jacobian at each point that they accept, and only there: that is
    where steps are counted, the callback is called, and a derivative that is NaN ends the loop
    (SciPy's decompositions would raise).
    """

    def __init__(self, residuals: Residuals, watch: Callable[[Point, int], bool]) -> None:
        self._residuals = residuals
        self._watch = watch
        self.nit = -1
        self.point: Point | None = None

    def value(self, x: Array) -> Array:
        if self.point is None:
            self._residuals.first_point(x)
        return self._residuals.value(x).copy()

    def jacobian(self, x: Array) -> Any:
        jacobian = self._residuals.jacobian(x)
        if self.point is None or not np.array_equal(x, self.point.x):
            point = self._residuals.point(x.copy())
            if point is None:
                raise _EndedHereError(NOT_FINITE)
            self.point, self.nit = point, self.nit + 1
            if self.nit > 0 and self._watch(point, self.nit):
                raise _EndedHereError(STOPPED)
        return jacobian.copy()


def scipy_least_squares(
    residuals: Residuals,
    x0: Array,
    method: str,
    settings: Settings,
    *,
    loss: Any = "linear",
    f_scale: float = 1.0,
    x_scale: Any = None,
    tr_solver: str | None = None,
    tr_options: dict[str, Any] | None = None,
    watch: Callable[[Point, int], bool] = lambda point, nit: False,
) -> tuple[Outcome, Array | None]:
    """Run one of SciPy's methods.

    Parameters
    ----------
    residuals : Residuals
    x0 : array, shape (n,)
        Within the bounds.
    method : {"trf", "dogbox", "lm"}
    settings : Settings
    loss, f_scale, x_scale, tr_solver, tr_options
        SciPy's options.
    watch : callable
        Called with each new point and the number of steps; True stops.

    Returns
    -------
    Outcome
    array of int, shape (n,), or None
        SciPy's `active_mask`; None if the loop was left early.
    """
    from scipy.optimize import least_squares

    watched = _Watched(residuals, watch)
    options: dict[str, Any] = {"max_nfev": settings.max_nfev, "x_scale": _x_scale(x_scale, method)}
    for name in ("ftol", "xtol", "gtol"):
        tolerance = getattr(settings, name)
        options[name] = tolerance if tolerance >= _EPS else _EPS if method == "lm" else None
    if method != "lm":
        bounds = (settings.lower, settings.upper)
        options |= {"bounds": bounds, "loss": loss, "f_scale": f_scale}
        options |= {"tr_solver": tr_solver, "tr_options": tr_options}
    try:
        found = least_squares(watched.value, x0, watched.jacobian, method=method, **options)
    except _EndedHereError as ended:
        assert watched.point is not None
        return Outcome(watched.point, ended.status, max(watched.nit, 0), _name(method, None)), None
    end = residuals.point(np.array(found.x))
    assert end is not None and watched.point is not None
    outcome = Outcome(end, int(found.status), watched.nit, _name(method, tr_solver, end.jacobian))
    return outcome, np.asarray(found.active_mask)


def _x_scale(x_scale: Any, method: str) -> Any:
    """SciPy's default since 1.16, also for older versions."""
    if x_scale is None:
        return "jac" if method == "lm" else 1.0
    return x_scale


def _name(method: str, tr_solver: str | None, jacobian: Any = None) -> str:
    """How the linear problems were solved."""
    if method == "lm":
        return "QR (MINPACK)"
    solver = tr_solver or ("exact" if isinstance(jacobian, np.ndarray) else "lsmr")
    return {"exact": "SVD" if method == "trf" else "dense least squares", "lsmr": "LSMR"}[solver]
