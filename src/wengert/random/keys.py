"""Keys, what is derived from them, and raw bits.

A key is a plain array of two words of 64 bits. With it, Philox turns counters of 256 bits into
random blocks of four words. A counter's last word says what for, so that no use meets another:

    0   samples: the stream of `numpy.random.Philox(key=key)`
    1   split: block i makes key i
    2   fold_in: the block of a number makes the key of that number
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ops.philox import philox
from wengert.trace.tracer import Tracer

_SAMPLES, _SPLIT, _FOLD_IN = 0, 1, 2
_WORD = 2**64
Shape = int | Sequence[int] | None


def key(seed: Any) -> Any:
    """The key of a seed: its two words of 64 bits, the lower one first.

    Parameters
    ----------
    seed : int
        0 <= seed < 2^128. Neighboring seeds are as independent as any; a traced integer of 64 bits
        will do.

    Returns
    -------
    array, uint64, shape (2,)
        The key that `numpy.random.Philox(key=seed)` has.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.random.uniform(wg.random.key(7), 3)
    array([0.87207345, 0.29536538, 0.42009768])
    >>> np.random.Generator(np.random.Philox(key=7)).random(3)
    array([0.87207345, 0.29536538, 0.42009768])
    """
    if isinstance(seed, Tracer):
        word = _word(seed, "key")
        return np.stack([word, word & 0])
    try:
        number = operator.index(seed)
    except TypeError as error:
        raise ArgumentError(
            "key: the seed is no integer.", got=repr(seed), expected="an integer below 2^128"
        ) from error
    if not 0 <= number < _WORD**2:
        raise ArgumentError(
            "key: the seed does not fit in 128 bits.",
            got=str(number),
            expected="0 <= seed < 2^128",
        )
    return np.array([number % _WORD, number // _WORD], np.uint64)


def split(key: Any, n: int = 2) -> Any:
    """`n` new keys, independent of the key's own samples and of each other.

    Parameters
    ----------
    key : array, uint64, shape (2,)
    n : int or tuple of int
        How many; the first ones do not depend on it.

    Returns
    -------
    array, uint64, shape (n, 2)

    Examples
    --------
    >>> import wengert as wg
    >>> first, second = wg.random.split(wg.random.key(0))
    """
    key = as_key("split", key)
    shape = as_shape("split", n)
    numbers = np.arange(math.prod(shape), dtype=np.uint64)
    counters = np.zeros((numbers.size, 4), np.uint64)
    counters[:, 0], counters[:, 3] = numbers, _SPLIT
    return np.reshape(philox(key, counters, 2), (*shape, 2))


def fold_in(key: Any, data: Any) -> Any:
    """The key that belongs to an integer: of a step in a loop, a worker, a parameter.

    Parameters
    ----------
    key : array, uint64, shape (2,)
    data : int
        A number below 2^64 or above -2^63; may be traced.

    Returns
    -------
    array, uint64, shape (2,)

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> walk = lambda x, i: (x + wg.random.normal(wg.random.fold_in(wg.random.key(0), i)), x)
    >>> wg.scan(walk, 0.0, np.arange(4))[1].shape
    (4,)
    """
    key = as_key("fold_in", key)
    word: Any = _word(data, "fold_in")
    if isinstance(word, np.generic):
        return philox(key, np.array([word, 0, 0, _FOLD_IN], np.uint64), 2)
    zero = word & 0
    return philox(key, np.stack([word, zero, zero, zero | _FOLD_IN]), 2)


def bits(key: Any, shape: Shape = None, dtype: Any = np.uint64) -> Any:
    """Random bits: unsigned integers, all values alike.

    Parameters
    ----------
    key : array, uint64, shape (2,)
    shape : int or tuple of int, optional
    dtype : dtype
        uint64 (the words of Philox), uint32 (their halves, the lower first), uint16 or uint8.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> np.all(wg.random.bits(wg.random.key(1), 5) == np.random.Philox(key=1).random_raw(5))
    np.True_
    """
    key, shape = as_key("bits", key), as_shape("bits", shape)
    dtype = np.dtype(dtype)
    if dtype not in _BIT_DTYPES:
        raise DtypeError(
            "bits: not a dtype of random bits.",
            got=dtype.name,
            expected="uint64, uint32, uint16 or uint8",
        )
    if dtype == np.uint64:
        return words(key, shape)
    return halves(key, shape).astype(dtype)


_BIT_DTYPES = tuple(map(np.dtype, (np.uint64, np.uint32, np.uint16, np.uint8)))
_START = np.array([0, 0, 0, _SAMPLES], np.uint64)
_START.flags.writeable = False


def words(key: Any, shape: tuple[int, ...], start: int = 0) -> Any:
    """Words of the stream of samples, from block `start` on."""
    counter = _START
    if start:
        counter = np.array([start, 0, 0, _SAMPLES], np.uint64)
    return np.reshape(philox(key, counter, math.prod(shape)), shape)[()]


def halves(key: Any, shape: tuple[int, ...]) -> Any:
    """The same in numbers below 2^32 (as uint64): each word gives its lower half first."""
    n = math.prod(shape)
    pairs = words(key, (-(-n // 2),))
    both = np.stack([pairs & 0xFFFFFFFF, pairs >> 32], axis=-1)
    return np.reshape(np.reshape(both, (-1,))[:n], shape)[()]


def number(x: Any) -> Any:
    """A plain array without axes as the scalar that NumPy's ufuncs would have given."""
    return x[()] if isinstance(x, np.ndarray) else x


# -- arguments -------------------------------------------------------------------------------------


def as_key(name: str, key: Any) -> Any:
    """The key, or the error that it is none."""
    shape, dtype = getattr(key, "shape", None), getattr(key, "dtype", None)
    if dtype != np.uint64 or not isinstance(key, (Tracer, np.ndarray)):
        raise DtypeError(
            f"{name}: the first argument is no key.",
            got=repr(key) if dtype is None else f"{dtype}{list(shape or ())}",
            expected="an array uint64[2] from wengert.random.key, split or fold_in",
            try_="wengert.random.key(seed)",
        )
    if shape != (2,):
        raise ShapeError(
            f"{name}: one key has two words.",
            got=f"uint64{list(shape or ())}",
            expected="uint64[2]",
            try_=f"wengert.vmap of a function that calls {name}, for many keys",
        )
    return key


def as_shape(name: str, shape: Shape) -> tuple[int, ...]:
    """A shape as a tuple; None is that of a number."""
    if shape is None:
        return ()
    try:
        sizes = tuple([operator.index(n) for n in np.atleast_1d(np.asarray(shape, object))])
    except TypeError as error:
        raise ArgumentError(
            f"{name}: the shape is no tuple of integers.", got=repr(shape), expected="(3, 2), or 3"
        ) from error
    if any(n < 0 for n in sizes):
        raise ArgumentError(
            f"{name}: a size is negative.", got=repr(shape), expected="sizes of 0 or more"
        )
    return sizes


def _word(number: Any, name: str) -> Any:
    """An integer as a word of 64 bits; negative ones modulo 2^64."""
    dtype = getattr(number, "dtype", None)
    if dtype is not None:
        if dtype.kind in "iu" and number.shape == ():
            return number.astype(np.uint64)
    elif isinstance(number, int) and -(_WORD // 2) <= number < _WORD:
        return np.uint64(number % _WORD)
    raise ArgumentError(
        f"{name}: not an integer of 64 bits.", got=repr(number), expected="one integer"
    )
