"""User primitives: functions that run on plain values and have the derivatives that they are given.

`_rules.py` keeps the rules, `_primitive_calls.py` runs and differentiates calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from wengert import trees
from wengert.compat.autograd._boxes import getval
from wengert.compat.autograd._primitive_calls import call_primitive
from wengert.errors import ArgumentError
from wengert.trace.tracer import Tracer


def primitive(f_raw: Callable[..., Any]) -> Callable[..., Any]:
    """A function that runs on plain values and has the derivatives that `defvjp` or `defjvp` give.

    Parameters
    ----------
    f_raw : callable
        Takes numbers, arrays, containers of them and anything else; returns numbers, arrays or
        containers of them. Positional arguments are differentiated, keyword arguments are not.

    Returns
    -------
    callable

    Notes
    -----
    Rules run on plain values for first derivatives and on traced ones for higher derivatives, so
    that these follow from rules written with differentiable functions. A rule that is missing,
    forward or reverse, is the transpose of the other.

    Examples
    --------
    >>> import wengert.compat.autograd.numpy as np
    >>> from wengert.compat.autograd import grad
    >>> from wengert.compat.autograd.extend import primitive, defvjp
    >>> @primitive
    ... def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> defvjp(log1pexp, lambda ans, x: lambda g: g / (1.0 + np.exp(-x)))
    >>> grad(log1pexp)(0.0), grad(grad(log1pexp))(0.0)
    (np.float64(0.5), np.float64(0.25))
    """
    if not callable(f_raw):
        raise ArgumentError("primitive: the argument is not a function.", got=repr(f_raw))

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = trees.flatten((args, kwargs))
        if not any([isinstance(leaf, Tracer) for leaf in leaves]):
            return f_raw(*args, **kwargs)
        return call_primitive(f_wrapped, leaves, spec)

    f_wrapped.fun = f_raw  # type: ignore[attr-defined]  # as autograd's
    f_wrapped._is_autograd_primitive = True  # type: ignore[attr-defined]  # as autograd's
    return f_wrapped


def notrace_primitive(f_raw: Callable[..., Any]) -> Callable[..., Any]:
    """`f_raw` on the values of its arguments: a constant for every derivative."""

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        return f_raw(*map(getval, args), **kwargs)

    f_wrapped._is_primitive = True  # type: ignore[attr-defined]  # as autograd's
    return f_wrapped
