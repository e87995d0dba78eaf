"""`Distribution` and `Frozen`: SciPy's objects by name, ours where an argument is traced."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError
from wengert.ops.special.family import as_real
from wengert.scipy.dispatch import is_traced, scipy_function
from wengert.scipy.stats.family import Family, derived

_OF_VARIABLE = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")
_OF_PARAMETERS = ("mean", "var", "std", "entropy", "median")
_DENSITIES = {"pdf": False, "logpdf": False, "pmf": True, "logpmf": True}


class Distribution:
    """A distribution with SciPy's name, methods and arguments.

    With plain arguments every method is SciPy's own. Traced arguments may be the variable, shape
    parameters, `loc` and `scale`; methods without a rule for them refuse by name.

    Notes
    -----
    Outside the support the density is 0 and its logarithm -inf, with derivative 0, and so are the
    derivatives of distribution functions there and at its ends. At the ends of the support a
    density has the derivatives of its formula. Where parameters are not allowed everything is NaN.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy.stats import norm
    >>> data = np.array([0.5, 1.5, 4.0])
    >>> float(wg.grad(lambda mu: np.sum(norm.logpdf(data, mu, 2.0)))(1.0))
    0.75
    """

    def __init__(self, name: str, family: Family | None = None) -> None:
        self.name = name
        self.family = Family(name) if family is None else family
        self.is_known = family is not None

    @property
    def original(self) -> Any:
        """SciPy's object."""
        return scipy_function("stats", self.name)

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        return Frozen(self, args, kwargs)

    freeze = __call__

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        found = getattr(self.original, method)
        if not callable(found):
            return found

        def chosen(*args: Any, **kwargs: Any) -> Any:
            if is_traced(args) or is_traced(tuple(kwargs.values())):
                return self.traced(method, args, kwargs)
            return found(*args, **kwargs)

        chosen.__name__ = chosen.__qualname__ = method
        chosen.__doc__ = found.__doc__
        return chosen

    def __dir__(self) -> list[str]:
        return dir(self.original)

    def __repr__(self) -> str:
        return f"<wengert.scipy.stats.{self.name}>"

    # -- traced arguments --------------------------------------------------------------------------

    def traced(self, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A method of traced arguments."""
        if not self.is_known:
            raise self.missing(method)
        if method in _OF_VARIABLE:
            x, rest, keywords = _first_argument(self.name, method, args, kwargs)
            return self.of_variable(method, x, Parameters(self.family, method, rest, keywords))
        if method in _OF_PARAMETERS:
            return self.of_parameters(method, Parameters(self.family, method, args, kwargs))
        if method == "stats":
            keywords = dict(kwargs)
            moments = keywords.pop("moments", "mv")
            parameters = Parameters(self.family, method, args, keywords)
            wanted = [_MOMENTS[m] for m in "mvsk" if m in moments]
            found = tuple([self.of_parameters(name, parameters) for name in wanted])
            return found if len(found) > 1 else found[0]
        if method == "interval":
            level, rest, keywords = _first_argument(self.name, method, args, kwargs, "confidence")
            parameters = Parameters(self.family, method, rest, keywords)
            tail = 0.5 * (1.0 - as_real(level))
            return self.of_variable("ppf", tail, parameters), self.of_variable(
                "isf", tail, parameters
            )
        raise self.missing(method)

    def missing(self, method: str) -> MissingRuleError:
        tries = "wengert.random draws samples with derivatives" if method == "rvs" else None
        return MissingRuleError(
            f"scipy.stats.{self.name}.{method} has no derivative in Wengert.",
            got="a traced argument",
            expected="plain ones, or one of the methods listed in docs/supported.md",
            try_=tries or "write it with the methods that are there",
        )

    def of_variable(self, method: str, x: Any, parameters: Parameters) -> Any:
        """A method of the variable, or of a probability."""
        is_log = method.startswith("log")
        if method in _DENSITIES:
            formula = self.family.logpdf
            if _DENSITIES[method] != self.family.is_discrete:
                formula = None
        else:
            formula = derived(self.family, method)
        if formula is None:
            raise self.missing(method)
        if method in ("ppf", "isf"):
            return _quantile(self.family, formula, as_real(x), parameters, method == "isf")
        if method in _DENSITIES:
            log_value = _density(self.family, formula, as_real(x), parameters)
            return parameters.checked(log_value if is_log else np.exp(log_value))
        return _probability(self.family, formula, as_real(x), parameters, method)

    def of_parameters(self, method: str, parameters: Parameters) -> Any:
        """A moment, the entropy or the median."""
        if method == "median":
            return self.of_variable("ppf", 0.5, parameters)
        if method == "std":
            return np.sqrt(self.of_parameters("var", parameters))
        given = getattr(self.family, method)
        if given is None:
            raise self.missing(method)
        value = given(*parameters.shapes) if callable(given) else given
        if method == "mean":
            value = value * parameters.scale + parameters.loc
        elif method == "var":
            value = value * (parameters.scale * parameters.scale)
        elif method == "entropy" and not self.family.is_discrete:
            value = value + np.log(parameters.scale)
        return parameters.checked(value)


_MOMENTS = {"m": "mean", "v": "var", "s": "skew", "k": "kurtosis"}


def _first_argument(
    name: str,
    method: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    keyword: str | None = None,
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The variable, and the arguments that are parameters."""
    keywords = dict(kwargs)
    if args:
        return args[0], args[1:], keywords
    for key in (keyword, "x", "k", "q"):
        if key in keywords:
            return keywords.pop(key), args, keywords
    raise ArgumentError(
        f"{name}.{method}: the variable is missing.",
        got="parameters alone",
        expected=f"{name}.{method}(x, ...)",
    )


class Parameters:
    """Shapes, loc and scale of one call, by position or by name, and whether they are allowed."""

    def __init__(
        self, family: Family, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        names = [*family.shapes, "loc"] + ([] if family.is_discrete else ["scale"])
        given = dict(zip(names, args, strict=False))
        doubled = sorted(given.keys() & kwargs.keys())
        unknown = sorted(kwargs.keys() - set(names))
        given.update(kwargs)
        missing = [name for name in family.shapes if name not in given]
        if doubled or unknown or missing or len(args) > len(names):
            raise ArgumentError(
                f"{family.name}.{method}: the parameters do not fit.",
                got=f"{len(args)} by position" + (f", and {', '.join(kwargs)}" if kwargs else ""),
                expected=", ".join([*family.shapes, "loc=0"])
                + ("" if family.is_discrete else ", scale=1"),
            )
        self.shapes = tuple(as_real(given[name]) for name in family.shapes)
        self.loc = as_real(given.get("loc", 0.0))
        self.scale = as_real(given.get("scale", 1.0))
        self.is_standard = _is_number(self.loc, 0.0) and _is_number(self.scale, 1.0)
        self.valid = family.valid(*self.shapes)
        if not _is_number(self.scale, 1.0):
            self.valid = self.valid & (self.scale > 0.0)

    def standardized(self, x: Any) -> Any:
        return x if self.is_standard else (x - self.loc) / self.scale

    def placed(self, y: Any) -> Any:
        return y if self.is_standard else y * self.scale + self.loc

    def checked(self, value: Any) -> Any:
        """NaN, with NaN derivatives, where the parameters are not allowed."""
        if self.valid is True or (not is_traced(self.valid) and np.all(self.valid)):
            return value
        return value * np.where(self.valid, 1.0, math.nan)


def _is_number(value: Any, number: float) -> bool:
    return isinstance(value, float) and value == number


# -- the support -----------------------------------------------------------------------------------


def _bound(bound: Any, shapes: tuple[Any, ...]) -> Any:
    return bound(*shapes) if callable(bound) else bound


def _is_infinite(bound: Any) -> bool:
    return isinstance(bound, float) and math.isinf(bound)


def _outside(family: Family, y: Any, parameters: Parameters, is_open: bool) -> tuple[Any, Any]:
    """Whether y lies below and above the support; None where it cannot."""
    lower = _bound(family.lower, parameters.shapes)
    upper = _bound(family.upper, parameters.shapes)
    below = None if _is_infinite(lower) else (y <= lower if is_open else y < lower)
    above = None if _is_infinite(upper) else (y >= upper if is_open else y > upper)
    return below, above


def _within(family: Family, y: Any, outside: Any, parameters: Parameters) -> Any:
    """y, and a point of the support where it lies outside: no NaN from what is not used."""
    if family.inside is not None:
        point = family.inside(*parameters.shapes)
    else:
        lower = _bound(family.lower, parameters.shapes)
        upper = _bound(family.upper, parameters.shapes)
        if _is_infinite(lower):
            point = upper - 1.0
        else:
            point = lower + 1.0 if _is_infinite(upper) else 0.5 * (lower + upper)
    return np.where(outside, point, y)


def _either(*conditions: Any) -> Any:
    found = [c for c in conditions if c is not None]
    if not found:
        return None
    return found[0] if len(found) == 1 else np.logical_or(*found)


def _density(family: Family, logpdf: Callable[..., Any], x: Any, parameters: Parameters) -> Any:
    """The logarithm of the density."""
    y = parameters.standardized(x)
    outside = _either(*_outside(family, y, parameters, family.is_open))
    if family.is_discrete:
        whole = np.floor(y)
        outside = _either(outside, y != whole)
        y = whole
    if outside is not None:
        y = _within(family, y, outside, parameters)
    value = logpdf(y, *parameters.shapes)
    if not _is_number(parameters.scale, 1.0):
        value = value - np.log(parameters.scale)
    return value if outside is None else np.where(outside, -math.inf, value)


def _probability(
    family: Family, formula: Callable[..., Any], x: Any, parameters: Parameters, method: str
) -> Any:
    """The distribution function, its complement or one of their logarithms."""
    y = parameters.standardized(x)
    if family.is_discrete:
        y = np.floor(y)
        lower = _bound(family.lower, parameters.shapes)
        upper = _bound(family.upper, parameters.shapes)
        below = y < lower
        above = None if _is_infinite(upper) else y >= upper
        outside = _either(below, above)
        y = np.where(outside, lower, y)
    else:
        below, above = _outside(family, y, parameters, True)
        outside = _either(below, above)
        if outside is not None:
            y = _within(family, y, outside, parameters)
    value = formula(y, *parameters.shapes)
    none, all_ = (-math.inf, 0.0) if method.startswith("log") else (0.0, 1.0)
    at_lower, at_upper = (none, all_) if method.endswith("cdf") else (all_, none)
    if below is not None:
        value = np.where(below, at_lower, value)
    if above is not None:
        value = np.where(above, at_upper, value)
    return parameters.checked(value)


def _quantile(
    family: Family, formula: Callable[..., Any], q: Any, parameters: Parameters, is_upper: bool
) -> Any:
    """The inverse of the distribution function, or of its complement."""
    at_zero, at_one = (q == 0.0), (q == 1.0)
    is_end = np.logical_or(at_zero, at_one)
    is_wrong = np.logical_or(q < 0.0, q > 1.0)
    y = formula(np.where(np.logical_or(is_end, is_wrong), 0.5, q), *parameters.shapes)
    lower, upper = (_bound(b, parameters.shapes) for b in (family.lower, family.upper))
    if is_upper:
        lower, upper = upper, lower
    y = np.where(is_wrong, math.nan, np.where(at_zero, lower, np.where(at_one, upper, y)))
    return parameters.checked(parameters.placed(y))


class Frozen:
    """A distribution with its parameters; each method takes the rest of the arguments."""

    def __init__(
        self, distribution: Distribution, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self.dist = distribution
        self.args = args
        self.kwds = dict(kwargs)

    @cached_property
    def original(self) -> Any:
        """SciPy's frozen object, of plain parameters."""
        return self.dist.original(*self.args, **self.kwds)

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        is_frozen_traced = is_traced(self.args) or is_traced(tuple(self.kwds.values()))
        found = None if is_frozen_traced else getattr(self.original, method)
        if found is not None and not callable(found):
            return found

        def chosen(*args: Any, **kwargs: Any) -> Any:
            if found is None or is_traced(args) or is_traced(tuple(kwargs.values())):
                takes_first = method in (*_OF_VARIABLE, "interval")
                first, more = (args[:1], args[1:]) if takes_first else ((), args)
                if method == "stats" and more:
                    kwargs, more = {"moments": more[0], **kwargs}, more[1:]
                return self.dist.traced(
                    method, (*first, *self.args, *more), {**self.kwds, **kwargs}
                )
            return found(*args, **kwargs)

        chosen.__name__ = chosen.__qualname__ = method
        return chosen

    def __repr__(self) -> str:
        return f"<frozen {self.dist!r}>"
