"""Samples that are integers, truth values or choices: constants, whatever their parameters.

The derivative of an expectation in the parameters of such a distribution is not that of the sample,
which is zero wherever it is defined. Multiply by the derivative of the log-probability instead (the
score function), `mean((f(x) - baseline) * log_prob(x))` with f(x) held constant, or sum over all
values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.random import samples
from wengert.random.continuous import as_float, gumbel, sample_shape, uniform
from wengert.random.keys import Shape, as_key, as_shape, number, split, words
from wengert.random.samples import open_uniform
from wengert.trace.tracer import Tracer


def integers(
    key: Any,
    low: Any,
    high: Any = None,
    shape: Shape = None,
    dtype: Any = np.int64,
    endpoint: bool = False,
) -> Any:
    """Integers from `low` up to `high`, which is left out unless `endpoint`; NumPy's arguments.

    With one bound, from 0 up to it. All values are equally likely to within the width of the range
    divided by 2^64. Differs from NumPy's stream, which rejects words.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.random.integers(wg.random.key(0), 1, 6, shape=4, endpoint=True).max() <= 6
    np.True_
    """
    if high is None:
        low, high = 0, low
    key, dtype = as_key("integers", key), np.dtype(dtype)
    if dtype.kind not in "iu":
        raise DtypeError("integers: not a dtype of integers.", got=dtype.name, expected="int64 …")
    low, high = _as_integer("integers", low), _as_integer("integers", high)
    is_known = not isinstance(low, Tracer) and not isinstance(high, Tracer)
    if is_known and np.any(low > high - (not endpoint)):
        raise ArgumentError(
            "integers: there is no integer in the range.",
            got=f"low={low}, high={high}, endpoint={endpoint}",
            expected="low < high, or low <= high with endpoint=True",
        )
    shape = sample_shape("integers", shape, [low.shape, high.shape])
    with np.errstate(over="ignore"):  # widths and words are taken modulo 2^64
        width = high.astype(np.uint64) - low.astype(np.uint64) + np.uint64(endpoint)
        word = words(key, shape)
        offset = np.where(width == 0, word, _upper_product(word, width))
        return number((low.astype(np.uint64) + offset).astype(dtype))


def randint(key: Any, shape: Shape, low: Any, high: Any, dtype: Any = np.int64) -> Any:
    """`integers` with JAX's order of arguments."""
    return integers(key, low, high, shape, dtype)


def _as_integer(name: str, x: Any) -> Any:
    if not isinstance(x, (Tracer, np.ndarray, np.generic)):
        x = np.asarray(x)[()]
    if x.dtype.kind not in "iu":
        raise DtypeError(f"{name}: a bound is no integer.", got=str(x.dtype), expected="integers")
    return x


def _upper_product(x: Any, y: Any) -> Any:
    """The upper 64 bits of a product of words."""
    x0, x1, y0, y1 = x & 0xFFFFFFFF, x >> 32, y & 0xFFFFFFFF, y >> 32
    middle = x1 * y0
    other = x0 * y1 + ((x0 * y0) >> 32) + (middle & 0xFFFFFFFF)
    return x1 * y1 + (middle >> 32) + (other >> 32)


def bernoulli(key: Any, p: Any = 0.5, shape: Shape = None) -> Any:
    """Truth values that hold with probability `p`."""
    p = as_float("bernoulli", p)
    return uniform(key, sample_shape("bernoulli", shape, [p.shape])) < p


def rademacher(key: Any, shape: Shape = None, dtype: Any = np.int64) -> Any:
    """1 or -1, equally likely."""
    key, shape = as_key("rademacher", key), as_shape("rademacher", shape)
    return (1 - 2 * (words(key, shape) >> 63).astype(np.int64)).astype(dtype)


def binomial(key: Any, n: Any, p: Any, shape: Shape = None) -> Any:
    """How many of `n` events of probability `p` happen; -1 where these are none."""
    key, n, p = as_key("binomial", key), as_float("binomial", n), as_float("binomial", p)
    shape = sample_shape("binomial", shape, [n.shape, p.shape])
    return samples.binomial_sample(n, p, words(key, shape))


def poisson(key: Any, lam: Any, shape: Shape = None) -> Any:
    """Poisson samples of mean `lam`; -1 where that is no mean."""
    key, lam = as_key("poisson", key), as_float("poisson", lam)
    return samples.poisson_sample(lam, words(key, sample_shape("poisson", shape, [lam.shape])))


def geometric(key: Any, p: Any, shape: Shape = None) -> Any:
    """The number of trials up to the first success, of probability 0 < p <= 1."""
    key, p = as_key("geometric", key), as_float("geometric", p)
    u = open_uniform(words(key, sample_shape("geometric", shape, [p.shape])))
    is_certain = p >= 1.0
    trials = np.ceil(np.log1p(-u) / np.log1p(-np.where(is_certain, 0.5, p)))
    return number(np.where(is_certain, 1.0, np.maximum(trials, 1.0)).astype(np.int64))


def categorical(key: Any, logits: Any, axis: int = -1, shape: Shape = None) -> Any:
    """Positions along `axis`, with probabilities proportional to exp(logits).

    Parameters
    ----------
    key : array, uint64, shape (2,)
    logits : array
        Logarithms of probabilities, up to a constant; -inf for what is never drawn.
    axis : int, default -1
    shape : tuple of int, optional
        That of the result: the other axes of `logits`, with more in front.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> draws = wg.random.categorical(wg.random.key(0), np.log([0.1, 0.2, 0.7]), shape=10_000)
    >>> np.bincount(draws)
    array([ 991, 2008, 7001])
    """
    logits = as_float("categorical", logits)
    if not logits.shape:
        raise ShapeError("categorical: logits have no axis.", got="a number", expected="an array")
    logits = np.moveaxis(logits, axis, -1)
    shape = sample_shape("categorical", shape, [logits.shape[:-1]])
    noise = gumbel(key, (*shape, logits.shape[-1]))
    return np.argmax(logits + noise, axis=-1)


def multinomial(key: Any, n: Any, pvals: Any, shape: Shape = None) -> Any:
    """How often each of the events with probabilities `pvals` happens among `n`.

    The last axis of the result is that of `pvals`; `shape` is that of the others.
    """
    key = as_key("multinomial", key)
    pvals, n = as_float("multinomial", pvals), as_float("multinomial", n)
    if not pvals.shape or not pvals.shape[-1]:
        raise ShapeError("multinomial: there are no events.", got=f"pvals of shape {pvals.shape}")
    shape = sample_shape("multinomial", shape, [n.shape, pvals.shape[:-1]])
    k = pvals.shape[-1]
    keys = split(key, k)
    left, rest = np.broadcast_to(n, shape), 1.0
    counts = []
    for i in range(k - 1):
        share = np.clip(pvals[..., i] / np.where(rest > 0.0, rest, 1.0), 0.0, 1.0)
        counts.append(binomial(keys[i], left, share, shape))
        left = left - counts[-1]
        rest = rest - pvals[..., i]
    return np.stack([*counts, left.astype(np.int64)], axis=-1)


# -- orders and choices ----------------------------------------------------------------------------


def permutation(key: Any, x: Any, axis: int = 0, independent: bool = False) -> Any:
    """The integers below `x`, or the entries of an array along an axis, in random order.

    Parameters
    ----------
    key : array, uint64, shape (2,)
    x : int or array
    axis : int, default 0
    independent : bool, default False
        Whether every line along the axis gets an order of its own (NumPy's `permuted`).

    Notes
    -----
    The order sorts random words of 64 bits. The result is differentiable in the array.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> key = wg.random.key(3)
    >>> sorted(wg.random.permutation(key, 5).tolist())
    [0, 1, 2, 3, 4]
    >>> wg.grad(lambda x: wg.random.permutation(key, x)[0])(np.ones(4)).sum()
    np.float64(1.0)
    """
    key = as_key("permutation", key)
    if np.ndim(x) == 0:
        return _order(key, _count("permutation", x))
    if not isinstance(x, (Tracer, np.ndarray)):
        x = np.asarray(x)
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(
            "permutation: there is no such axis.", got=f"axis={axis} of shape {x.shape}"
        )
    if independent:
        return np.take_along_axis(x, np.argsort(words(key, x.shape), axis=axis), axis=axis)
    return np.take(x, _order(key, x.shape[axis]), axis=axis)


def _order(key: Any, n: int) -> Any:
    return np.argsort(words(key, (n,)), kind="stable")


def _count(name: str, x: Any) -> int:
    if isinstance(x, Tracer) or np.asarray(x).dtype.kind not in "iu" or x < 0:
        raise ArgumentError(
            f"{name}: a number of things is no plain integer of 0 or more.", got=repr(x)
        )
    return int(x)


def choice(
    key: Any,
    a: Any,
    shape: Shape = None,
    replace: bool = True,
    p: Any = None,
    axis: int = 0,
) -> Any:
    """Entries of `a` along an axis, or integers below it, chosen at random.

    Parameters
    ----------
    key : array, uint64, shape (2,)
    a : int or array
    shape : int or tuple of int, optional
        That of the choices, which takes the place of the axis.
    replace : bool, default True
        Whether an entry may be chosen twice.
    p : array, shape (n,), optional
        Probabilities; all alike by default. Without replacement, those of each choice among what
        is left.
    axis : int, default 0

    Notes
    -----
    Differentiable in `a`, not in `p`. Without replacement and with `p`, the choices are the largest
    of log p plus Gumbel noise (Efraimidis and Spirakis, Inf. Process. Lett. 97 (2006) 181).
    """
    key, sizes = as_key("choice", key), as_shape("choice", shape)
    is_count = np.ndim(a) == 0
    if not is_count and not isinstance(a, (Tracer, np.ndarray)):
        a = np.asarray(a)
    if not is_count and not -a.ndim <= axis < a.ndim:
        raise ShapeError("choice: there is no such axis.", got=f"axis={axis} of shape {a.shape}")
    n = _count("choice", a) if is_count else a.shape[axis]
    m = int(np.prod(sizes, dtype=np.int64))
    if p is not None:
        p = as_float("choice", p)
        if p.shape != (n,):
            raise ShapeError(
                "choice: there is not one probability for each entry.",
                got=f"p of shape {p.shape} for {n} entries",
                expected=f"shape ({n},)",
            )
    if m and (n == 0 or (not replace and m > n)):
        raise ArgumentError(
            "choice: more is to be chosen than there is.",
            got=f"{m} of {n}",
            try_="replace=True",
        )
    places = np.reshape(_places(key, n, m, replace, p), sizes)[()]
    return places if is_count else np.take(a, places, axis=axis)


def _places(key: Any, n: int, m: int, replace: bool, p: Any) -> Any:
    if replace and p is None:
        return integers(key, 0, max(n, 1), (m,))
    if replace:
        total = np.cumsum(p)
        return np.searchsorted(total, uniform(key, (m,)) * total[-1], side="right")
    if p is None:
        return _order(key, n)[:m]
    with np.errstate(divide="ignore"):
        return np.argsort(-(np.log(p) + gumbel(key, (n,))), kind="stable")[:m]
