"""Samples as functions of random words and of their distribution's parameters: the primitives.

Each takes parameters in float64 and, last, words of 64 bits, and works element by element. The
derivative in a parameter is that of the sample with its word held fixed: the quantile's, in closed
form or by `slopes`. Samples that are integers are constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.control.call import call_p
from wengert.control.programs import record_rule_program
from wengert.ir.emission import Elementwise, Expand
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.families import batch_elementwise, broadcast_shapes, elementwise
from wengert.random import quantiles, slopes
from wengert.trace.tracer import bind
from wengert.transforms.rules import LinearRule, linear_rule
from wengert.types import Type

_BY_SCIPY = Unsupported("SciPy computes it")
_BLOCK = 512  # elements of a slope at a time: their values at all nodes stay in the cache
_SUPPORT = "import wengert.random"  # where a printed program finds these primitives


def open_uniform(words: Any) -> Any:
    """Numbers in (0, 1), ends excluded and symmetric: the upper 52 bits, and half of the next."""
    return ((words >> 12).astype(np.float64) + 0.5) * 2.0**-52


def _sample(
    name: str,
    array: Callable[..., Any],
    partials: Sequence[Any] = (),
    *,
    dtype: Any = np.float64,
    flops: int,
    emit: Any = _BY_SCIPY,
    **facts: Any,
) -> Primitive:
    def type_rule(*types: Any) -> Type:
        return Type(broadcast_shapes(name, *types), dtype)

    primitive = elementwise(
        name, array, type_rule=type_rule, partials=partials, flops=flops, emit=emit, **facts
    )
    primitive.support = _SUPPORT
    return primitive


# -- slopes: primitives that are formulas ----------------------------------------------------------


def _formula(name: str, f: Callable[..., Any], flops: int, meaning: str) -> Primitive:
    """A primitive, element by element, whose value, derivatives and native form are those of `f`.

    The interpreter computes a few elements at a time, since f makes an axis of nodes. Its result is
    a tuple of one, as the call is that takes its place when it is differentiated.
    """
    programs: dict[Any, Any] = {}

    def type_rule(*types: Any) -> tuple[Type]:
        return (Type(broadcast_shapes(name, *types), np.float64),)

    def array(*args: Any) -> tuple[Any]:
        full = np.broadcast_arrays(*args)
        flat = [x.ravel() for x in full]
        out = np.empty(full[0].shape)
        with np.errstate(all="ignore"):  # of the branch that is not taken
            for k in range(0, out.size, _BLOCK):
                out.reshape(-1)[k : k + _BLOCK] = f(*[x[k : k + _BLOCK] for x in flat])
        return (out[()],)

    def program(types: tuple[Type, ...]) -> Any:
        if types not in programs:
            if len(programs) > 1000:
                programs.clear()
            run = lambda *args: [f(*args)]
            programs[types] = record_rule_program(f"the formula of {name}", run, types)
        return programs[types]

    def linearize(kinds: Any, params: Any, active: tuple[int, ...]) -> LinearRule:
        return linear_rule(call_p, kinds, {"program": program(tuple(kinds))}, active)

    def series(order: int, args: Sequence[Sequence[Any]]) -> Any:
        types = tuple([Type(np.shape(a[0]), np.float64) for a in args])
        assert call_p.series is not None
        return call_p.series(order, args, program=program(types))

    def batch(size: int, args: Sequence[Any], is_batched: Sequence[bool]) -> Any:
        values, _ = batch_elementwise(name)(size, args, is_batched)
        return values, (True,)

    return define(
        Primitive(
            name,
            array,
            type_rule,
            linearize=linearize,
            series=series,
            transpose=Unsupported("its derivative is that of its formula"),
            batch=batch,
            cost=lambda in_types, out_types: flops * out_types[0].size,
            emit=Expand(lambda *args: (f(*args),)),
            support=_SUPPORT,
            is_multiple=True,
            facts={"meaning": meaning},
        )
    )


log_gamma_slope_p = _formula(
    "log_gamma_slope",
    slopes.log_gamma_slope,
    4000,
    "of the logarithm of a gamma sample in the shape parameter",
)
von_mises_slope_p = _formula(
    "von_mises_slope", slopes.von_mises_slope, 9000, "of a von Mises sample in the concentration"
)
mills_ratio_p = _formula("mills_ratio", slopes.mills_ratio, 1500, "(1 - Φ) / φ")


def log_gamma_slope(a: Any, y: Any) -> Any:
    return bind(log_gamma_slope_p, a, y)[0]


def von_mises_slope(kappa: Any, x: Any) -> Any:
    return bind(von_mises_slope_p, kappa, x)[0]


def mills_ratio(z: Any) -> Any:
    return bind(mills_ratio_p, z)[0]


# -- continuous ------------------------------------------------------------------------------------


def normal_sample(words: Any) -> Any:
    """Φ^-1 of `open_uniform`."""
    return bind(normal_sample_p, words)


def log_gamma_sample(a: Any, words: Any) -> Any:
    """The logarithm of a sample of Gamma(a, 1)."""
    return bind(log_gamma_sample_p, a, words)


def truncated_normal_sample(lower: Any, upper: Any, words: Any) -> Any:
    return bind(truncated_normal_sample_p, lower, upper, words)


def von_mises_sample(kappa: Any, words: Any) -> Any:
    return bind(von_mises_sample_p, kappa, words)


def wald_sample(mean: Any, scale: Any, words: Any) -> Any:
    return bind(wald_sample_p, mean, scale, words)


def _normal_native(b: Any, words: Any) -> Any:
    """Wichura's rational functions, in the elementary arithmetic that compiled code has."""
    number = lambda x: b.constant(x, "f8")
    whole = b.convert(b.op("lshr", words, b.constant(12, "u8")), "f8")
    p = b.mul(b.add(whole, number(0.5)), number(2.0**-52))
    q = b.sub(p, number(0.5))

    def quotient(x: Any, above: Sequence[float], below: Sequence[float]) -> Any:
        return b.div(b.polynomial(x, above[::-1]), b.polynomial(x, below[::-1]))

    r = b.sub(number(0.180625), b.mul(q, q))
    center = b.mul(q, quotient(r, *quantiles.CENTER))
    tail = b.minimum(p, b.sub(number(1.0), p))
    r = b.sqrt(b.neg(b.call_math("log", tail)))
    near = quotient(b.sub(r, number(1.6)), *quantiles.NEAR_TAIL)
    far = quotient(b.sub(r, number(5.0)), *quantiles.FAR_TAIL)
    size = b.select(b.compare("le", r, number(5.0)), near, far)
    is_center = b.compare("le", b.abs(q), number(0.425))
    return b.select(is_center, center, b.copysign(size, q))


normal_sample_p = _sample(
    "normal_sample",
    lambda words: quantiles.normal(open_uniform(words)),
    flops=60,
    emit=Elementwise(_normal_native, "own"),
    derivative="zero: of integers",
)
log_gamma_sample_p = _sample(
    "log_gamma_sample",
    lambda a, words: quantiles.log_gamma(a, open_uniform(words)),
    (lambda out, a, words: log_gamma_slope(a, out), None),
    flops=1000,
    domain="a > 0",
)


def _end_slope(weight: Any, end: Any, x: Any) -> Any:
    """weight φ(end) / φ(x): zero for an infinite end."""
    return weight * np.exp(0.5 * (x * x - end * end))


truncated_normal_sample_p = _sample(
    "truncated_normal_sample",
    lambda lower, upper, words: quantiles.truncated_normal(lower, upper, open_uniform(words)),
    (
        lambda out, lower, upper, words: _end_slope(1.0 - open_uniform(words), lower, out),
        lambda out, lower, upper, words: _end_slope(open_uniform(words), upper, out),
        None,
    ),
    flops=200,
    domain="lower < upper",
)
von_mises_sample_p = _sample(
    "von_mises_sample",
    lambda kappa, words: quantiles.von_mises(kappa, open_uniform(words)),
    (lambda out, kappa, words: von_mises_slope(kappa, out), None),
    flops=3000,
    domain="kappa >= 0",
)


def _wald_tail(mean: Any, scale: Any, x: Any) -> Any:
    """exp(2λ/μ) Φ(-z) / p(x) with z = sqrt(λ/x) (x/μ + 1)."""
    return mills_ratio(np.sqrt(scale / x) * (x / mean + 1.0)) * x * np.sqrt(x / scale)


# F(x) = Φ(sqrt(λ/x) (x/μ - 1)) + exp(2λ/μ) Φ(-sqrt(λ/x) (x/μ + 1)), differentiated in μ and λ.
wald_sample_p = _sample(
    "wald_sample",
    lambda mean, scale, words: quantiles.wald(mean, scale, open_uniform(words)),
    (
        lambda out, mean, scale, words: 2.0 * scale / (mean * mean) * _wald_tail(mean, scale, out),
        lambda out, mean, scale, words: out / scale - 2.0 / mean * _wald_tail(mean, scale, out),
        None,
    ),
    flops=1000,
    domain="mean > 0, scale > 0",
)

# -- integers --------------------------------------------------------------------------------------


def poisson_sample(rate: Any, words: Any) -> Any:
    return bind(poisson_sample_p, rate, words)


def binomial_sample(n: Any, p: Any, words: Any) -> Any:
    return bind(binomial_sample_p, n, p, words)


_CONSTANT = "zero: samples are integers"
poisson_sample_p = _sample(
    "poisson_sample",
    lambda rate, words: quantiles.poisson(rate, open_uniform(words)),
    dtype=np.int64,
    flops=1000,
    derivative=_CONSTANT,
)
binomial_sample_p = _sample(
    "binomial_sample",
    lambda n, p, words: quantiles.binomial(n, p, open_uniform(words)),
    dtype=np.int64,
    flops=1000,
    derivative=_CONSTANT,
)

TWO_PI = 2.0 * math.pi
