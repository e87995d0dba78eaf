"""NumPy's namespace for code that makes arrays inside a differentiated function.

    import wengert.numpy as wnp

Plain `import numpy as np` serves functions that compute with their arguments. An array that such
a function makes for itself and then writes traced values into has to belong to the recording:
`wnp.zeros(n)` instead of `np.zeros(n)`, `wnp.array([[c, -s], [s, c]])` instead of `np.array`.

- The constructors (`_creation.py`) create in the current recording; outside of one they return
  plain NumPy arrays, as every function here does when nothing is traced.
- Functions that Wengert supports also take lists that hold traced values.
- A function without a rule raises `MissingRuleError`, by name, when it meets a traced value.
- A plain table at traced places: `table[i]` with one traced integer asks for its value, which is a
  decision; with an array of them NumPy has no way to ask us, and the error says so. Both
  `wnp.take(table, i)` and `wnp.asarray(table)[i]` look up as part of the recorded computation.

The namespace follows the Python array API standard (2024.12) as NumPy does, and is what a traced
array names as its own (`x.__array_namespace__()`). Libraries that compute through the standard so
differentiate without a rule of ours: `scipy.spatial.transform.Rotation` and much of `scipy.stats`
where SCIPY_ARRAY_API=1 was set before SciPy was imported, scikit-learn under
`config_context(array_api_dispatch=True)`. They ask for arrays of one library: plain arrays that
are passed beside traced ones go through `wnp.asarray`.

Examples
--------
>>> import wengert as wg
>>> import wengert.numpy as wnp
>>> def f(x):
...     steps = wnp.empty(4)
...     steps[0] = x
...     for i in range(3):
...         steps[i + 1] = wnp.sin(steps[i])
...     return wnp.sum(steps**2)
>>> wg.grad(f)(0.0)
np.float64(0.0)
>>> wnp.zeros(2)
array([0., 0.])
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from wengert.numpy import fft, linalg
from wengert.numpy._creation import (
    arange,
    array,
    asanyarray,
    asarray,
    asarray_chkfinite,
    ascontiguousarray,
    asfortranarray,
    copy,
    empty,
    empty_like,
    eye,
    from_dlpack,
    fromfunction,
    fromiter,
    full,
    full_like,
    geomspace,
    identity,
    indices,
    linspace,
    logspace,
    meshgrid,
    ones,
    ones_like,
    require,
    tri,
    zeros,
    zeros_like,
)
from wengert.numpy._joining import c_, r_
from wengert.numpy._looping import kaiser, ndenumerate, vectorize
from wengert.numpy._namespace import lookup, public_names

__all__ = [
    "arange",
    "array",
    "asanyarray",
    "asarray",
    "asarray_chkfinite",
    "ascontiguousarray",
    "asfortranarray",
    "c_",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "fft",
    "from_dlpack",
    "fromfunction",
    "fromiter",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "indices",
    "kaiser",
    "linalg",
    "linspace",
    "logspace",
    "meshgrid",
    "ndenumerate",
    "ones",
    "ones_like",
    "r_",
    "require",
    "tri",
    "vectorize",
    "zeros",
    "zeros_like",
]
__array_api_version__ = np.__array_api_version__
__array_namespace_info__ = np.__array_namespace_info__
__all__ += [name for name in public_names(np) if name not in __all__]


def __getattr__(name: str) -> Any:
    if name == "special":  # where SciPy looks for a namespace's own special functions
        return import_module("wengert.scipy.special")
    if name == "polynomial":
        return import_module("wengert.numpy.polynomial")
    value = lookup(np, name, __name__)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
