"""`numpy.polynomial` for traced coefficients and points.

    import wengert.numpy as wnp
    wnp.polynomial.chebyshev.chebval(x, c)
    wnp.polynomial.Chebyshev(c)(x)

NumPy's package is written in Python over its own namespace, and turns what it is given into plain
arrays first. Here its modules are run once more with `wengert.numpy` as that namespace: functions
and classes are NumPy's, with NumPy's signatures, and every operation is traced through.

Coefficients are trimmed where they are zero, as in NumPy: a decision on their values. Where there
is no single value (under `vmap`, in loop bodies) nothing is trimmed.

Examples
--------
>>> import numpy as np, wengert as wg
>>> import wengert.numpy as wnp
>>> wg.grad(lambda c: wnp.polynomial.Legendre(c)(0.5))(np.ones(3))
array([ 1.   ,  0.5  , -0.125])
>>> wnp.polynomial.hermite.hermval(2.0, [1.0, 1.0])
np.float64(5.0)
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import numpy as np

import wengert.numpy as wnp
from wengert.errors import DecisionError
from wengert.ops.joining import has_tracer
from wengert.trace.tracer import ArrayTracer, ScalarTracer

# In the order in which they import each other; the first two are what the others are built on.
_MODULES = (
    "polyutils",
    "_polybase",
    "polynomial",
    "chebyshev",
    "legendre",
    "laguerre",
    "hermite",
    "hermite_e",
)
_CLASSES = {
    "Polynomial": "polynomial",
    "Chebyshev": "chebyshev",
    "Legendre": "legendre",
    "Laguerre": "laguerre",
    "Hermite": "hermite",
    "HermiteE": "hermite_e",
}
__all__ = [*_CLASSES, *[name for name in _MODULES if not name.startswith("_")]]


class _Namespace:
    """What NumPy's modules call `np`: our functions, and types that traced values belong to."""

    ndarray = (np.ndarray, ArrayTracer)
    generic = (np.generic, ScalarTracer)

    def asarray(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """A plain array where nothing is traced: a degree has its value everywhere."""
        return (wnp if has_tracer(x) else np).asarray(x, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "linalg":
            return _linalg
        return getattr(wnp if name in wnp.__all__ else np, name)


class _Linalg:
    """`wengert.numpy.linalg`, whose `lstsq` gives a rank that can be compared."""

    def lstsq(self, a: Any, b: Any, rcond: Any = None) -> Any:
        x, residuals, rank, s = wnp.linalg.lstsq(a, b, rcond)
        try:
            rank = int(rank)
        except DecisionError:
            rank = min(a.shape)  # lanes of a batch are not warned of one by one
        return x, residuals, rank, s

    def __getattr__(self, name: str) -> Any:
        return getattr(wnp.linalg, name)


_namespace, _linalg = _Namespace(), _Linalg()


def _run_again(name: str) -> ModuleType:
    """NumPy's module of this name, run as a module of this package over our namespace."""
    original = import_module(f"numpy.polynomial.{name}")
    ours = f"{__name__}.{name}"
    spec: Any = spec_from_file_location(ours, original.__file__)
    module = module_from_spec(spec)
    sys.modules[ours] = module
    spec.loader.exec_module(module)
    vars(module)["np"] = _namespace
    for key, value in list(vars(module).items()):
        if hasattr(value, "__wrapped__") and not isinstance(value, type):
            setattr(module, key, value.__wrapped__)  # without the question who handles it
    return module


def _trimseq(seq: Any) -> Any:
    try:
        return _numpys_trimseq(seq)
    except DecisionError:
        return seq


def _plain_if_plain(name: str) -> None:
    """Let NumPy's own function serve where nothing is traced: domains keep values to decide on."""
    ours, theirs = getattr(polyutils, name), getattr(np.polynomial.polyutils, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        return (ours if has_tracer(args) else theirs)(*args, **kwargs)

    setattr(polyutils, name, call)


for _name in _MODULES:
    globals()[_name] = _run_again(_name)
polyutils: Any = globals()["polyutils"]
_numpys_trimseq = polyutils.trimseq
polyutils.trimseq = _trimseq
for _name in ("as_series", "getdomain", "mapparms", "mapdomain"):
    _plain_if_plain(_name)
for _name, _home in _CLASSES.items():
    globals()[_name] = getattr(globals()[_home], _name)
