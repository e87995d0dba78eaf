"""SciPy's interpolation for traced arrays: in the points, the data, and the places of the data.

    piecewise     PPoly: piecewise polynomials in powers
    bernstein     BPoly: the same in Bernstein's basis
    cubic         CubicSpline, PchipInterpolator, Akima1DInterpolator, CubicHermiteSpline
    bsplines      BSpline, splev, splint, splder, splantider
    fitting       make_interp_spline, make_lsq_spline, splrep
    tables        interp1d
    grids         RegularGridInterpolator, interpn
    polynomials   BarycentricInterpolator, KroghInterpolator, lagrange
    scattered     RBFInterpolator

Signatures and attributes are SciPy's. The classes derive from SciPy's, and on plain arrays compute
with SciPy's code; an object built from plain arrays may be called with traced points. Other names
of `scipy.interpolate` are SciPy's; called with a traced array they raise by name. Importing this
module imports `scipy.interpolate`.
"""

from __future__ import annotations

from typing import Any

from wengert.scipy.dispatch import without_rule
from wengert.scipy.interpolate.bernstein import BPoly
from wengert.scipy.interpolate.bsplines import BSpline, splantider, splder, splev, splint
from wengert.scipy.interpolate.common import refusing, scipy_interpolate
from wengert.scipy.interpolate.cubic import (
    Akima1DInterpolator,
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
    pchip_interpolate,
)
from wengert.scipy.interpolate.fitting import make_interp_spline, make_lsq_spline, splrep
from wengert.scipy.interpolate.grids import RegularGridInterpolator, interpn
from wengert.scipy.interpolate.piecewise import PPoly
from wengert.scipy.interpolate.polynomials import (
    BarycentricInterpolator,
    KroghInterpolator,
    barycentric_interpolate,
    krogh_interpolate,
    lagrange,
)
from wengert.scipy.interpolate.scattered import RBFInterpolator
from wengert.scipy.interpolate.tables import interp1d

__all__ = [
    "Akima1DInterpolator",
    "BPoly",
    "BSpline",
    "BarycentricInterpolator",
    "CubicHermiteSpline",
    "CubicSpline",
    "KroghInterpolator",
    "PPoly",
    "PchipInterpolator",
    "RBFInterpolator",
    "RegularGridInterpolator",
    "barycentric_interpolate",
    "interp1d",
    "interpn",
    "krogh_interpolate",
    "lagrange",
    "make_interp_spline",
    "make_lsq_spline",
    "pchip_interpolate",
    "splantider",
    "splder",
    "splev",
    "splint",
    "splrep",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(scipy_interpolate, name)
    if isinstance(found, type) and not issubclass(found, Exception):
        return refusing(name, found)
    return without_rule("interpolate", name)
