"""`autograd.test_util`: derivatives checked against differences of function values.

The numerical derivative is the central difference with step 1e-6 in a random direction, compared
in relative or absolute error 1e-6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from wengert.compat.autograd._vspaces import vspace
from wengert.compat.autograd.core import make_jvp, make_vjp
from wengert.compat.autograd.wrap_util import get_name, unary_to_nary
from wengert.errors import ArgumentError, GradientError

TOL = 1e-6
RTOL = 1e-6
EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers agree in absolute or relative error."""
    return bool(abs(a - b) < TOL or abs(a - b) < RTOL * abs(a + b))


def make_numerical_jvp(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    """The directional derivative of `f` at `x` by a central difference."""
    x_space, y_space = vspace(x), vspace(f(x))

    def jvp(v: Any) -> Any:
        ahead = f(x_space.add(x, x_space.scalar_mul(v, EPS / 2)))
        behind = f(x_space.add(x, x_space.scalar_mul(v, -EPS / 2)))
        difference = y_space.add(ahead, y_space.scalar_mul(behind, -1.0))
        return y_space.scalar_mul(difference, 1.0 / EPS)

    return jvp


def check_vjp(f: Callable[[Any], Any], x: Any) -> None:
    """Raise unless reverse mode agrees with a difference in a random direction."""
    vjp, y = make_vjp(f, x)
    x_space, y_space = vspace(x), vspace(y)
    v, w = x_space.randn(), y_space.randn()
    pulled = x_space.covector(vjp(y_space.covector(w)))
    if vspace(pulled) != x_space:
        raise GradientError(
            f"The VJP of {get_name(f)} is not in the space of its argument.",
            got=repr(vspace(pulled)),
            expected=repr(x_space),
        )
    exact = x_space.inner_prod(v, pulled)
    numeric = y_space.inner_prod(w, make_numerical_jvp(f, x)(v))
    if not scalar_close(numeric, exact):
        raise GradientError(
            f"Derivative (VJP) check of {get_name(f)} failed with arg {x}.",
            got=f"{exact}",
            expected=f"{numeric}, by a difference",
        )


def check_jvp(f: Callable[[Any], Any], x: Any) -> None:
    """Raise unless forward mode agrees with a difference in a random direction."""
    v = vspace(x).randn()
    check_equivalent(make_jvp(f, x)(v)[1], make_numerical_jvp(f, x)(v))


def check_equivalent(x: Any, y: Any) -> None:
    """Raise unless two values are in one space and agree in a random direction."""
    space = vspace(x)
    if space != vspace(y):
        raise GradientError("VSpace mismatch.", got=repr(space), expected=repr(vspace(y)))
    v = space.randn()
    if not scalar_close(space.inner_prod(x, v), space.inner_prod(y, v)):
        raise GradientError("Value mismatch.", got=f"{x}", expected=f"{y}")


@unary_to_nary
def check_grads(
    f: Callable[[Any], Any], x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2
) -> None:
    """Check derivatives up to an order: `check_grads(f, argnum, modes=..., order=...)(*args)`.

    Raises
    ------
    GradientError
        An `AssertionError` that shows both numbers.

    Examples
    --------
    >>> import wengert.compat.autograd.numpy as np
    >>> from wengert.compat.autograd.test_util import check_grads
    >>> check_grads(np.sin, modes=["fwd", "rev"], order=3)(0.3)
    """
    if not set(modes) <= {"fwd", "rev"}:
        raise ArgumentError(
            "check_grads: there is no such mode.", got=repr(modes), expected='"fwd" and "rev"'
        )
    if "fwd" in modes:
        check_jvp(f, x)
        if order > 1:

            def pushed(x: Any, v: Any) -> Any:
                return make_jvp(f, x)(v)[1]

            pushed.__name__ = f"jvp_{get_name(f)}"
            check_grads(pushed, (0, 1), modes, order=order - 1)(x, vspace(x).randn())
    if "rev" in modes:
        check_vjp(f, x)
        if order > 1:

            def pulled(x: Any, w: Any) -> Any:
                return make_vjp(f, x)[0](w)

            pulled.__name__ = f"vjp_{get_name(f)}"
            check_grads(pulled, (0, 1), modes, order=order - 1)(x, vspace(f(x)).randn())


def combo_check(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., None]:
    """`check_grads(fun, *args, **kwargs)` at every combination of entries of lists."""
    check = check_grads(fun, *args, **kwargs)

    def combined(*lists: Any, **keyword_lists: Any) -> None:
        for at in product(*lists):
            for chosen in product(*keyword_lists.values()):
                check(*at, **dict(zip(keyword_lists, chosen, strict=True)))

    return combined


__all__ = [
    "check_equivalent",
    "check_grads",
    "check_jvp",
    "check_vjp",
    "combo_check",
    "make_numerical_jvp",
    "scalar_close",
]
