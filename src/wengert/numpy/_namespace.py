"""How a NumPy namespace becomes one of ours: each function looks for traced values first."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import numpy as np

from wengert.ops.joining import has_tracer
from wengert.trace.tracer import function_handlers, missing_function


def public_names(module: ModuleType) -> list[str]:
    """The public names of a NumPy module that are no modules themselves."""
    return [
        name
        for name in module.__all__
        if not name.startswith("_") and not isinstance(getattr(module, name, None), ModuleType)
    ]


def lookup(module: ModuleType, name: str, where: str) -> Any:
    """The object that `name` stands for in our namespace.

    Functions that Wengert supports also take lists with traced values in them; types, constants
    and ufuncs are NumPy's own (ufuncs find traced arguments by themselves).
    """
    if name.startswith("_") or name not in module.__all__:
        raise AttributeError(f"module {where!r} has no attribute {name!r}")
    value = getattr(module, name)
    if isinstance(value, ModuleType):
        raise AttributeError(f"module {where!r} has no submodule {name!r}; use numpy.{name}")
    is_plain = isinstance(value, (type, np.ufunc)) or not callable(value)
    return value if is_plain else dispatching(value, f"{module.__name__}.{name}")


def dispatching(function: Any, name: str) -> Callable[..., Any]:
    """NumPy's `function`, and for traced arguments (also inside lists) our own."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not any(map(has_tracer, args)) and not any(map(has_tracer, kwargs.values())):
            return function(*args, **kwargs)
        handler = function_handlers.get(function)
        if handler is None:
            raise missing_function(name)
        return handler(*args, **kwargs)

    return call
