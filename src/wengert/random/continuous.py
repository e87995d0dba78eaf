"""Samples of continuous distributions, differentiable in their parameters.

Conventions of all of them: the key first, then parameters without a default, then `shape` (that of
all samples; by default the one to which the parameters broadcast) and `dtype`, float64 or float32.
Parameters are those of NumPy's `Generator`, under its names. Sample number i depends on the key and
its own parameters alone. Parameters outside their domain give NaN. float32 samples are computed in
float64 and rounded, but for `uniform`.

The derivative in a parameter is that of the sample with the random bits held fixed: for each
distribution of one number that of the quantile (reparameterization, implicit where the quantile
has no formula), so that its mean over samples is the derivative of the mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import DtypeError, ShapeError
from wengert.random import samples
from wengert.random.keys import Shape, as_key, as_shape, halves, number, split, words
from wengert.random.samples import TWO_PI, open_uniform
from wengert.trace.tracer import Tracer

_DTYPES = (np.dtype(np.float64), np.dtype(np.float32))


class _Draw:
    """The common arguments of one call: key, shape of the samples, dtype, parameters in float64."""

    def __init__(
        self, name: str, key: Any, shape: Shape, dtype: Any, parameters: Sequence[Any] = ()
    ) -> None:
        self.name = name
        self.key = as_key(name, key)
        self.dtype = np.dtype(dtype)
        if self.dtype not in _DTYPES:
            raise DtypeError(
                f"{name}: samples have no such dtype.",
                got=self.dtype.name,
                expected="float64 or float32",
            )
        self.parameters = [as_float(name, p) for p in parameters]
        self.shape = sample_shape(name, shape, [p.shape for p in self.parameters])

    def uniform(self, key: Any = None) -> Any:
        """Numbers in the open interval (0, 1)."""
        return open_uniform(self.words(key))

    def words(self, key: Any = None) -> Any:
        return words(self.key if key is None else key, self.shape)

    def result(self, x: Any) -> Any:
        return number(x if self.dtype == np.float64 else x.astype(self.dtype))


def as_float(name: str, parameter: Any) -> Any:
    """A parameter as real numbers of 64 bits."""
    if not isinstance(parameter, (Tracer, np.ndarray, np.generic)):
        parameter = np.asarray(parameter)[()]
    if parameter.dtype.kind not in "fiub":
        raise DtypeError(
            f"{name}: a parameter is not real.", got=str(parameter.dtype), expected="real numbers"
        )
    return parameter if parameter.dtype == np.float64 else parameter.astype(np.float64)


def sample_shape(name: str, shape: Shape, parameters: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape asked for, to which all parameters must broadcast; else their common one."""
    given = None if shape is None else as_shape(name, shape)
    try:
        common = np.broadcast_shapes(*parameters)
        if given is None or np.broadcast_shapes(given, common) == given:
            return common if given is None else given
    except ValueError:
        pass
    raise ShapeError(
        f"{name}: the shapes do not fit.",
        got=f"shape={given}, parameters of shapes {', '.join(map(str, parameters))}",
        expected="parameters that broadcast to the shape of the samples",
    )


# -- from a formula for the quantile ---------------------------------------------------------------


def uniform(
    key: Any, shape: Shape = None, dtype: Any = np.float64, low: Any = 0.0, high: Any = 1.0
) -> Any:
    """Uniform samples in [low, high).

    With the default ends, the numbers of NumPy's `Generator(Philox(key=key)).random(shape, dtype)`,
    bit for bit: 53 bits in float64, 24 in float32.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> key = wg.random.key(1)
    >>> wg.grad(lambda high: np.sum(wg.random.uniform(key, 3, high=high)))(2.0)
    np.float64(1.3084115620360084)
    """
    draw = _Draw("uniform", key, shape, dtype, (low, high))
    if draw.dtype == np.float32:
        u = (halves(draw.key, draw.shape) >> 8).astype(np.float32) * np.float32(2.0**-24)
    else:
        u = (draw.words() >> 11).astype(np.float64) * 2.0**-53
    if _is_plain(low, 0.0) and _is_plain(high, 1.0):
        return u
    low, high = [p.astype(draw.dtype) for p in draw.parameters]
    return low + (high - low) * u


def _is_plain(x: Any, value: float) -> bool:
    return isinstance(x, (int, float)) and x == value


def normal(
    key: Any, shape: Shape = None, dtype: Any = np.float64, loc: Any = 0.0, scale: Any = 1.0
) -> Any:
    """Normal samples of mean `loc` and standard deviation `scale`.

    The quantile of a uniform number of 52 bits: x lies within 8.2 scale of loc.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> key = wg.random.key(0)
    >>> loss = lambda mu, sigma: np.mean(wg.random.normal(key, 10_000, loc=mu, scale=sigma) ** 2)
    >>> [round(float(g), 1) for g in wg.grad(loss, argnums=(0, 1))(1.0, 2.0)]  # 2 mu, 2 sigma
    [2.0, 4.0]
    """
    draw = _Draw("normal", key, shape, dtype, (loc, scale))
    loc, scale = draw.parameters
    return draw.result(loc + scale * samples.normal_sample(draw.words()))


def lognormal(
    key: Any, shape: Shape = None, dtype: Any = np.float64, mean: Any = 0.0, sigma: Any = 1.0
) -> Any:
    """exp of normal samples of this mean and standard deviation."""
    draw = _Draw("lognormal", key, shape, dtype, (mean, sigma))
    mean, sigma = draw.parameters
    return draw.result(np.exp(mean + sigma * samples.normal_sample(draw.words())))


def exponential(key: Any, shape: Shape = None, dtype: Any = np.float64, scale: Any = 1.0) -> Any:
    """Exponential samples of mean `scale`."""
    draw = _Draw("exponential", key, shape, dtype, (scale,))
    return draw.result(draw.parameters[0] * _exponential(draw.uniform()))


def _exponential(u: Any) -> Any:
    return -np.log1p(-u)


def laplace(
    key: Any, shape: Shape = None, dtype: Any = np.float64, loc: Any = 0.0, scale: Any = 1.0
) -> Any:
    """Laplace samples: density exp(-abs(x - loc) / scale) / (2 scale)."""
    draw = _Draw("laplace", key, shape, dtype, (loc, scale))
    loc, scale = draw.parameters
    v = 2.0 * draw.uniform() - 1.0
    return draw.result(loc - scale * np.sign(v) * np.log1p(-np.abs(v)))


def logistic(
    key: Any, shape: Shape = None, dtype: Any = np.float64, loc: Any = 0.0, scale: Any = 1.0
) -> Any:
    """Logistic samples: distribution function 1 / (1 + exp(-(x - loc) / scale))."""
    draw = _Draw("logistic", key, shape, dtype, (loc, scale))
    loc, scale = draw.parameters
    u = draw.uniform()
    return draw.result(loc + scale * (np.log(u) - np.log1p(-u)))


def gumbel(
    key: Any, shape: Shape = None, dtype: Any = np.float64, loc: Any = 0.0, scale: Any = 1.0
) -> Any:
    """Gumbel samples: distribution function exp(-exp(-(x - loc) / scale))."""
    draw = _Draw("gumbel", key, shape, dtype, (loc, scale))
    loc, scale = draw.parameters
    return draw.result(loc - scale * np.log(-np.log(draw.uniform())))


def cauchy(
    key: Any, shape: Shape = None, dtype: Any = np.float64, loc: Any = 0.0, scale: Any = 1.0
) -> Any:
    """Cauchy samples (NumPy's `standard_cauchy`, with location and scale)."""
    draw = _Draw("cauchy", key, shape, dtype, (loc, scale))
    loc, scale = draw.parameters
    return draw.result(loc + scale * np.tan(math.pi * (draw.uniform() - 0.5)))


def rayleigh(key: Any, shape: Shape = None, dtype: Any = np.float64, scale: Any = 1.0) -> Any:
    """Rayleigh samples: the length of two normal numbers of standard deviation `scale`."""
    draw = _Draw("rayleigh", key, shape, dtype, (scale,))
    return draw.result(draw.parameters[0] * np.sqrt(2.0 * _exponential(draw.uniform())))


def pareto(key: Any, a: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Samples of Pareto's second kind (Lomax): P(X > x) = (1 + x)^-a, as NumPy's.

    Add 1 for the classical distribution, which starts there.
    """
    draw = _Draw("pareto", key, shape, dtype, (a,))
    return draw.result(np.expm1(_exponential(draw.uniform()) / draw.parameters[0]))


def weibull(
    key: Any, a: Any, shape: Shape = None, dtype: Any = np.float64, scale: Any = 1.0
) -> Any:
    """Weibull samples: P(X > x) = exp(-(x / scale)^a)."""
    draw = _Draw("weibull", key, shape, dtype, (a, scale))
    a, scale = draw.parameters
    return draw.result(scale * np.exp(np.log(_exponential(draw.uniform())) / a))


def triangular(
    key: Any,
    left: Any,
    mode: Any,
    right: Any,
    shape: Shape = None,
    dtype: Any = np.float64,
) -> Any:
    """Triangular samples: the density rises from `left` to `mode` and falls to `right`."""
    draw = _Draw("triangular", key, shape, dtype, (left, mode, right))
    left, mode, right = draw.parameters
    u = draw.uniform()
    width = right - left
    is_left = u * width <= mode - left
    rising = np.sqrt(np.where(is_left, u * width * (mode - left), 1.0))
    falling = np.sqrt(np.where(is_left, 1.0, (1.0 - u) * width * (right - mode)))
    return draw.result(np.where(is_left, left + rising, right - falling))


# -- implicit --------------------------------------------------------------------------------------


def truncated_normal(
    key: Any,
    lower: Any,
    upper: Any,
    shape: Shape = None,
    dtype: Any = np.float64,
    loc: Any = 0.0,
    scale: Any = 1.0,
) -> Any:
    """Normal samples conditioned on lower < x < upper, also far out in a tail.

    `lower` and `upper` are ends of the samples themselves (not in units of `scale`); they may be
    infinite, and the derivative in all four parameters is exact.
    """
    draw = _Draw("truncated_normal", key, shape, dtype, (lower, upper, loc, scale))
    lower, upper, loc, scale = draw.parameters
    ends = ((lower - loc) / scale, (upper - loc) / scale)
    return draw.result(loc + scale * samples.truncated_normal_sample(*ends, draw.words()))


def gamma(key: Any, a: Any, shape: Shape = None, dtype: Any = np.float64, scale: Any = 1.0) -> Any:
    """Gamma samples of shape parameter `a` and scale `scale`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> key = wg.random.key(0)
    >>> mean = lambda a: np.mean(wg.random.gamma(key, a, 20_000))
    >>> round(float(wg.grad(mean)(2.5)), 2)  # the mean is a
    1.0
    """
    draw = _Draw("gamma", key, shape, dtype, (a, scale))
    a, scale = draw.parameters
    return draw.result(scale * np.exp(samples.log_gamma_sample(a, draw.words())))


def loggamma(key: Any, a: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """The logarithm of gamma samples of scale 1, which for small `a` themselves underflow."""
    draw = _Draw("loggamma", key, shape, dtype, (a,))
    return draw.result(samples.log_gamma_sample(draw.parameters[0], draw.words()))


def chisquare(key: Any, df: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Chi-square samples of `df` degrees of freedom, any positive number."""
    draw = _Draw("chisquare", key, shape, dtype, (df,))
    return draw.result(2.0 * np.exp(_log_gammas(draw, 0.5 * draw.parameters[0])[0]))


def _log_gammas(draw: _Draw, *shapes: Any) -> list[Any]:
    """Logarithms of independent gamma samples, each from a key of its own if there are several."""
    keys = [draw.key] if len(shapes) == 1 else split(draw.key, len(shapes))
    return [samples.log_gamma_sample(a, draw.words(keys[i])) for i, a in enumerate(shapes)]


def beta(key: Any, a: Any, b: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Beta samples: density proportional to x^(a-1) (1-x)^(b-1).

    The share of one gamma sample in the sum of two, from their logarithms.
    """
    draw = _Draw("beta", key, shape, dtype, (a, b))
    one, other = _log_gammas(draw, *draw.parameters)
    return draw.result(np.exp(one - np.logaddexp(one, other)))


def f(key: Any, dfnum: Any, dfden: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Samples of Fisher's distribution: the ratio of two mean squares."""
    draw = _Draw("f", key, shape, dtype, (dfnum, dfden))
    dfnum, dfden = draw.parameters
    one, other = _log_gammas(draw, 0.5 * dfnum, 0.5 * dfden)
    return draw.result(dfden / dfnum * np.exp(one - other))


def student_t(
    key: Any,
    df: Any,
    shape: Shape = None,
    dtype: Any = np.float64,
    loc: Any = 0.0,
    scale: Any = 1.0,
) -> Any:
    """Student's t samples of `df` degrees of freedom."""
    draw = _Draw("student_t", key, shape, dtype, (df, loc, scale))
    df, loc, scale = draw.parameters
    keys = split(draw.key)
    z = samples.normal_sample(draw.words(keys[0]))
    half = samples.log_gamma_sample(0.5 * df, draw.words(keys[1]))
    return draw.result(loc + scale * z * np.exp(0.5 * (np.log(0.5 * df) - half)))


def von_mises(
    key: Any, kappa: Any, shape: Shape = None, dtype: Any = np.float64, mu: Any = 0.0
) -> Any:
    """Angles in [-π, π) of the von Mises distribution: density proportional to
    exp(kappa cos(x - mu))."""
    draw = _Draw("von_mises", key, shape, dtype, (kappa, mu))
    kappa, mu = draw.parameters
    angle = mu + samples.von_mises_sample(kappa, draw.words())
    return draw.result(angle - TWO_PI * np.floor((angle + math.pi) / TWO_PI))


def wald(key: Any, mean: Any, scale: Any, shape: Shape = None, dtype: Any = np.float64) -> Any:
    """Samples of the Wald, or inverse Gaussian, distribution."""
    draw = _Draw("wald", key, shape, dtype, (mean, scale))
    mean, scale = draw.parameters
    return draw.result(samples.wald_sample(mean, scale, draw.words()))
