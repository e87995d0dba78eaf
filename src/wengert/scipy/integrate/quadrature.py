"""Adaptive quadrature of functions: `quad`, `quad_vec`, and iterated integrals."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.implicit.functions import as_number, recorded
from wengert.implicit.programs import Captured
from wengert.implicit.root import nothing_is_recorded
from wengert.implicit.settings import freeze
from wengert.scipy.dispatch import is_traced
from wengert.scipy.integrate.integral import Rule, integral
from wengert.trace.tracer import Tracer
from wengert.types import Type

_X = Type((), np.float64)


def scipy_integrate() -> Any:
    """`scipy.integrate`."""
    return importlib.import_module("scipy.integrate")


def _limit(value: Any) -> Any:
    return value if isinstance(value, Tracer) else np.float64(value)


def quad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any = (),
    full_output: Any = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
    points: Any = None,
    weight: Any = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
) -> Any:
    """The integral of `func` from a to b, by QUADPACK.

    Parameters
    ----------
    func : callable
        `func(x, *args)` of one number; may close over traced values.
    a, b : float
        Limits, also infinite; may be traced.
    args : tuple
        Further arguments of `func`; may be traced.
    full_output, epsabs, epsrel, limit, points, weight, wvar, wopts, maxp1, limlst, complex_func
        As in SciPy. Points and parameters of the weight are constants; the derivative in a limit
        is refused for the singular weights.

    Returns
    -------
    y : float
        Differentiable in `args`, all that `func` closes over, and the limits.
    abserr : float
        The estimated error of y, a constant. With `full_output` an empty dict of details follows.

    Notes
    -----
    Leibniz's rule: a derivative is an integral again, computed with the same tolerances. Where it
    reaches many numbers, they are integrated at once by `scipy.integrate.quad_vec`. The
    derivative of the integrand has to be integrable; where the integrand has a kink whose place
    depends on a parameter, split the integral there.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import integrate
    >>> f = lambda a: integrate.quad(lambda x: np.exp(-a * x), 0.0, np.inf)[0]  # 1 / a
    >>> print(f"{wg.grad(f)(2.0):.9f}")
    -0.250000000
    """
    args = args if isinstance(args, tuple) else (args,)
    options = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points,
               "weight": weight, "wvar": wvar, "wopts": wopts, "maxp1": maxp1,
               "limlst": limlst}  # fmt: skip
    captured = None
    if not nothing_is_recorded():
        captured = _recorded("quad", func, args, (a, b), complex_func)
    if captured is None:
        return scipy_integrate().quad(
            func, a, b, args, full_output, **options, complex_func=complex_func
        )
    given = {k: v for k, v in options.items() if v is not None}
    rule = Rule("quad", freeze("quad", given))
    found = integral(captured.program, captured.values, _limit(a), _limit(b), rule)
    return (*found, {}) if full_output else found


def _recorded(name: str, func: Any, args: Any, limits: Any, is_complex: bool) -> Captured | None:
    """The integrand as a Program; None where nothing in it, nor the limits, is traced."""

    def integrand(x: Any) -> Any:
        value = as_number(func(x, *args))
        dtype = np.complex128 if is_complex or value.dtype.kind == "c" else np.float64
        if value.size != 1 and name == "quad":
            raise ArgumentError(
                "quad: the integrand is not one number.",
                got=repr(Type(value.shape, value.dtype)),
                expected="a number",
                try_="quad_vec for integrands that are arrays",
            )
        return np.reshape(value, ()).astype(dtype) if name == "quad" else value.astype(dtype)

    try:
        captured = recorded(name, integrand, _X)
    except Exception:  # the integrand needs values: SciPy runs it as it is
        if is_traced((args, *limits)):
            raise
        return None  # a traced value that it closes over raises by itself
    return captured if captured.is_traced or is_traced(tuple(limits)) else None


def quad_vec(
    f: Callable[..., Any],
    a: Any,
    b: Any,
    epsabs: float = 1e-200,
    epsrel: float = 1e-8,
    norm: str = "2",
    cache_size: float = 100e6,
    limit: float = 10000,
    workers: Any = 1,
    points: Any = None,
    quadrature: Any = None,
    full_output: bool = False,
    *,
    args: Any = (),
) -> Any:
    """The integral of an array-valued function from a to b.

    Parameters
    ----------
    f : callable
        `f(x, *args)`, an array; may close over traced values.
    a, b : float
        Limits, also infinite; may be traced.
    epsabs, epsrel, norm, cache_size, limit, workers, points, quadrature, full_output, args
        As in SciPy; `workers` has no effect on traced integrands.

    Returns
    -------
    res : array
        Differentiable as in `quad`.
    err : float
        The estimated error, a constant. With `full_output` None follows in place of details.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import integrate
    >>> f = lambda a: integrate.quad_vec(lambda x: np.cos(a * x), 0.0, 1.0)[0]
    >>> np.round(wg.jacobian(f)(np.array([0.0, np.pi])), 6)
    array([[ 0.     ,  0.     ],
           [ 0.     , -0.31831]])
    """
    args = args if isinstance(args, tuple) else (args,)
    options = {"epsabs": epsabs, "epsrel": epsrel, "norm": norm, "cache_size": cache_size,
               "limit": limit, "points": points, "quadrature": quadrature}  # fmt: skip
    captured = None
    if not nothing_is_recorded():
        captured = _recorded("quad_vec", f, args, (a, b), False)
    if captured is None:
        return scipy_integrate().quad_vec(
            f, a, b, **options, workers=workers, full_output=full_output, args=args
        )
    given = {k: v for k, v in options.items() if v is not None}
    rule = Rule("vec", freeze("quad_vec", given))
    found = integral(captured.program, captured.values, _limit(a), _limit(b), rule)
    return (*found, None) if full_output else found


def dblquad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """The integral of func(y, x) over y from gfun(x) to hfun(x) and x from a to b.

    Parameters
    ----------
    func : callable
        `func(y, x, *args)`.
    a, b : float
    gfun, hfun : callable or float
    args, epsabs, epsrel
        As in SciPy.

    Returns
    -------
    y, abserr : float
        As `quad` does: differentiable in all that the functions depend on, and in the limits.
    """
    ranges = [lambda x: (_value(gfun, x), _value(hfun, x)), (a, b)]
    return _iterated(func, ranges, args, {"epsabs": epsabs, "epsrel": epsrel})


def tplquad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """The integral of func(z, y, x) over z from qfun(x, y) to rfun(x, y), y and x as in `dblquad`.

    Parameters
    ----------
    func : callable
        `func(z, y, x, *args)`.
    a, b : float
    gfun, hfun, qfun, rfun : callable or float
    args, epsabs, epsrel
        As in SciPy.

    Returns
    -------
    y, abserr : float
        As in `dblquad`.
    """
    ranges = [
        lambda y, x: (_value(qfun, x, y), _value(rfun, x, y)),
        lambda x: (_value(gfun, x), _value(hfun, x)),
        (a, b),
    ]
    return _iterated(func, ranges, args, {"epsabs": epsabs, "epsrel": epsrel})


def _value(limit: Any, *args: Any) -> Any:
    return limit(*args) if callable(limit) else limit


def nquad(
    func: Callable[..., Any],
    ranges: Any,
    args: Any = None,
    opts: Any = None,
    full_output: bool = False,
) -> Any:
    """The integral of func(x0, x1, ...) over ranges, the first variable innermost.

    Parameters
    ----------
    func : callable
        `func(x0, ..., xn, *args)`.
    ranges : sequence
        Pairs, or functions of the outer variables and `args` that return pairs.
    args, opts, full_output
        As in SciPy; with `full_output` an empty dict of details follows.

    Returns
    -------
    result, abserr : float
        As in `dblquad`.
    """
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    n = len(ranges)
    if opts is None or isinstance(opts, dict) or callable(opts):
        opts = [opts or {}] * n
    found = _iterated(func, list(ranges), args, list(opts), with_args=True)
    return (*found, {}) if full_output else found


def _iterated(
    func: Any, ranges: Any, args: Any, opts: Any, with_args: bool = False
) -> tuple[Any, Any]:
    """Integrals inside integrals, the last range outermost."""
    args = args if isinstance(args, tuple) else (args,)
    options = opts if isinstance(opts, list) else [opts] * len(ranges)

    def level(k: int, outer: tuple[Any, ...]) -> Any:
        """The integral over variables 0 to k for given values of those after them."""
        given = (*outer, *args) if with_args else outer
        low, high = ranges[k](*given) if callable(ranges[k]) else ranges[k]
        opts_k = options[k](*given) if callable(options[k]) else options[k]
        if k == 0:
            return quad(lambda x: func(x, *outer, *args), low, high, **opts_k)
        return quad(lambda x: level(k - 1, (x, *outer))[0], low, high, **opts_k)

    found: tuple[Any, Any] = level(len(ranges) - 1, ())
    return found
