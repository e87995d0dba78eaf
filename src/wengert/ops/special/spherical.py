"""Spherical Bessel functions of integer order; DLMF 10.51.

The derivatives combine both neighboring orders and hold at 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive
from wengert.ops.special.bessel import difference
from wengert.ops.special.family import FUNCTIONS, ScipyUfunc, refused, special
from wengert.ops.special.integers import previous, with_order
from wengert.types import Type


class _Reflected:
    """SciPy's function, which reflects negative arguments; its ufunc does not."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, n: Any, z: Any) -> Any:
        import scipy.special

        return np.asarray(getattr(scipy.special, self.__name__)(n, z))[()]


def _type_rule(name: str) -> Any:
    of_ufunc = ScipyUfunc(f"_{name}").type_of

    def type_rule(n: Any, z: Any) -> Type:
        result = of_ufunc(n, z)
        if name == "spherical_kn" and isinstance(z, Type) and z.dtype.kind == "f":
            return Type(result.shape, z.dtype)  # the only one that keeps single precision
        return result

    return type_rule


def _spherical(name: str, derivative: Any) -> Primitive:
    record = special(
        f"_{name}",
        refused(name, "its order"),
        lambda out, n, z: derivative(n, z),
        primitive=name,
        array=_Reflected(name),
        type_rule=_type_rule(name),
        emit=Elementwise(lambda b, n, z: b.call_special(name, n, z), "own"),
    )
    del FUNCTIONS[f"_{name}"]
    FUNCTIONS[name] = lambda n, z, derivative=False: (
        slope(name, n, z) if derivative else with_order(record, n, z)
    )
    return record


def slope(name: str, n: Any, z: Any) -> Any:
    """The derivative in z, as an operation like any other."""
    return _SLOPES[name](n, z)


def _weighted(name: str, n: Any, z: Any) -> tuple[Any, Any]:
    """n f_(n-1) and (n + 1) f_(n+1), over 2n + 1."""
    f = FUNCTIONS[name]
    below = n / (2 * n + 1) * f(previous(n), z)
    return below, (n + 1) / (2 * n + 1) * f(n + 1, z)


def _jn(n: Any, z: Any) -> Any:
    below, above = _weighted("spherical_jn", n, z)
    return below - above


def _yn(n: Any, z: Any) -> Any:
    below, above = _weighted("spherical_yn", n, z)
    return below - above if below.dtype.kind == "c" else 2.0 * difference(below, above)


def _in(n: Any, z: Any) -> Any:
    below, above = _weighted("spherical_in", n, z)
    return below + above


def _kn(n: Any, z: Any) -> Any:
    below, above = _weighted("spherical_kn", n, z)
    return -(below + above)


_SLOPES = {"spherical_jn": _jn, "spherical_yn": _yn, "spherical_in": _in, "spherical_kn": _kn}
for _name, _slope in _SLOPES.items():
    _spherical(_name, _slope)
