"""Boxes: the names by which programs for autograd know Wengert's tracers."""

from __future__ import annotations

from typing import Any

from wengert.control.host import plain_value
from wengert.errors import ArgumentError
from wengert.trace.tracer import Tracer, install

__all__ = ["ArrayBox", "Box", "getval", "isbox", "new_box"]


class _BoxMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tracer)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Tracer) or type.__subclasscheck__(cls, subclass)


class Box(metaclass=_BoxMeta):
    """What `isinstance(x, Box)` asks: whether `x` is a traced value."""

    def __init__(self, *args: Any) -> None:
        raise ArgumentError(
            "boxes are made by the functions that differentiate, not by hand.",
            expected="wengert.compat.autograd.make_vjp, grad and the like",
        )

    @classmethod
    def register(cls, value_type: type) -> None:
        """Containers are made known to Wengert instead."""
        raise ArgumentError(
            "Box.register: Wengert has no box classes of its users' own.",
            got=f"{value_type.__name__}",
            expected="numbers, arrays, and containers of them",
            try_="wengert.trees.register(cls, flatten, unflatten) for a container",
        )


class ArrayBox(Box):
    """A traced array or number, in `isinstance` and in annotations."""


def getval(x: Any) -> Any:
    """The number or array that a box stands for, out of reach of derivatives; else `x` itself.

    Examples
    --------
    >>> from wengert.compat.autograd import grad
    >>> from wengert.compat.autograd.tracer import getval
    >>> grad(lambda x: x * getval(x))(3.0)
    np.float64(3.0)
    """
    value = plain_value(x)
    return x if value is None else value


def isbox(x: Any) -> bool:
    """Whether `x` is a traced value."""
    return isinstance(x, Tracer)


def new_box(value: Any, trace: Any, node: Any) -> Any:
    """Not there: see `Box`."""
    return Box(value, trace, node)


def _value(x: Tracer) -> Any:
    """`box._value`: what the box stands for one level down."""
    x.refresh()
    return getval(x) if x.value is None else x.value


# Programs print and compare `x._value`; it is an attribute of every tracer from here on.
install("_value", property(_value))
