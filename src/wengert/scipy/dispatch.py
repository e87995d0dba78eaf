"""How a function of these modules chooses: SciPy's own on plain arrays, ours on traced ones."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from wengert.trace.tracer import Tracer, missing_function


def is_traced(value: Any) -> bool:
    """Whether a Tracer is among the arguments, inside tuples and lists too."""
    if isinstance(value, (tuple, list)):
        return any(is_traced(v) for v in value)
    return isinstance(value, Tracer)


def known(x: Any) -> Any:
    """The value of a traced array, or the plain array itself; None where there is no value."""
    while isinstance(x, Tracer):
        x = x.value
    return x


def scipy_function(module: str, name: str) -> Callable[..., Any]:
    """`scipy.<module>.<name>`, imported now."""
    return getattr(importlib.import_module(f"scipy.{module}"), name)


def follows_scipy(module: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call SciPy's function of the same name unless an argument is traced."""

    def decorate(traced: Callable[..., Any]) -> Callable[..., Any]:
        name = traced.__name__

        @wraps(traced)
        def function(*args: Any, **kwargs: Any) -> Any:
            if is_traced(args) or is_traced(tuple(kwargs.values())):
                return traced(*args, **kwargs)
            return scipy_function(module, name)(*args, **kwargs)

        return function

    return decorate


def without_rule(module: str, name: str) -> Any:
    """Any other name of a SciPy module: its function refuses traced arrays by name."""
    found = scipy_function(module, name)
    if isinstance(found, type):  # errors and warnings
        return found

    @wraps(found)
    def function(*args: Any, **kwargs: Any) -> Any:
        if is_traced(args) or is_traced(tuple(kwargs.values())):
            raise missing_function(f"scipy.{module}.{name}")
        return found(*args, **kwargs)

    return function


def rest_of(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module here whose other names are SciPy's, without rules."""

    def get(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module 'wengert.scipy.{module}' has no attribute {name!r}")
        return without_rule(module, name)

    return get
