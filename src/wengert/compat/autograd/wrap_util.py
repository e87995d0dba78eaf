"""`autograd.wrap_util`: operators on functions of one argument made operators on any function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.compat.autograd.util import subvals
from wengert.errors import ArgumentError

__all__ = ["get_doc", "get_name", "unary_to_nary", "wrap_nary_f", "wraps"]


def get_name(f: Any) -> str:
    """The name of a function, if it has one."""
    return getattr(f, "__name__", "[unknown name]")


def get_doc(f: Any) -> str:
    """The docstring of a function, or nothing."""
    return getattr(f, "__doc__", None) or ""


def wraps(fun: Any, namestr: str = "{fun}", docstr: str = "{doc}", **kwargs: Any) -> Any:
    """A decorator that gives a function a name and a docstring made from those of `fun`."""

    def decorate(f: Any) -> Any:
        f.__name__ = namestr.format(fun=get_name(fun), **kwargs)
        f.__doc__ = docstr.format(fun=get_name(fun), doc=get_doc(fun), **kwargs)
        return f

    return decorate


def wrap_nary_f(fun: Any, op: Any, argnum: Any) -> Any:
    """The decorator of what an operator makes of `fun`: `grad_of_loss_wrt_argnum_0`."""
    return wraps(
        fun,
        "{op}_of_{fun}_wrt_argnum_{argnum}",
        "{op} of {fun} in positional argument {argnum}; called like {fun}.",
        op=get_name(op),
        argnum=argnum,
    )


def unary_to_nary(unary_operator: Callable[..., Any]) -> Callable[..., Any]:
    """From `op(fun, x)`, for functions of one argument, to `op(fun, argnum)(*args, **kwargs)`.

    With several argnums the one argument is the tuple of those chosen.

    Examples
    --------
    >>> from wengert.compat.autograd.wrap_util import unary_to_nary
    >>> @unary_to_nary
    ... def slope(f, x):
    ...     return (f(x + 0.5) - f(x - 0.5)) / 1.0
    >>> slope(lambda a, b: a * b**2, 1)(2.0, 3.0)
    12.0
    """

    @wraps(unary_operator)
    def nary_operator(
        fun: Callable[..., Any], argnum: Any = 0, *op_args: Any, **op_kwargs: Any
    ) -> Callable[..., Any]:
        if type(argnum) not in (int, tuple, list):
            raise ArgumentError(
                f"{get_name(unary_operator)}: argnum is not an integer or a tuple of integers.",
                got=repr(argnum),
                expected="the position of an argument, or several",
            )

        @wrap_nary_f(fun, unary_operator, argnum)
        def nary_f(*args: Any, **kwargs: Any) -> Any:
            @wraps(fun)
            def unary_f(x: Any) -> Any:
                chosen = (
                    [(argnum, x)] if isinstance(argnum, int) else [*zip(argnum, x, strict=True)]
                )
                return fun(*subvals(args, chosen), **kwargs)

            x = args[argnum] if isinstance(argnum, int) else tuple([args[i] for i in argnum])
            return unary_operator(unary_f, x, *op_args, **op_kwargs)

        return nary_f

    return nary_operator
