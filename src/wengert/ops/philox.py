"""The counter-based generator Philox4x64-10: random bits as a function of a key and a counter.

`philox(key, counter, n)` are the `n` words that NumPy's `Philox(key=key, counter=counter)` gives
from there on, bit for bit: block i of four words is the encryption of counter + 1 + i.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011, section 3.3, DOI 10.1145/2063384.2063405; the constants are theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.emission import Whole
from wengert.ir.primitive import Primitive, define
from wengert.trace.tracer import bind
from wengert.types import Type

ROUNDS = 10
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
KEY_STEPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)  # Weyl sequence: golden ratio, sqrt(3) - 1
_MASK = 2**32 - 1
_LONG = 64  # words from which NumPy's generator, made anew for each key, is the faster way


def philox(key: Any, counter: Any, n: int) -> Any:
    """`n` random words of 64 bits.

    Parameters
    ----------
    key : array, uint64, shape (..., 2)
    counter : array, uint64, shape (..., 4)
        The least significant word first, as in NumPy; leading axes broadcast with those of `key`.
    n : int

    Returns
    -------
    array, uint64, shape (..., n)
    """
    return bind(philox_p, key, counter, n=n)


def _run(key: Any, counter: Any, *, n: int) -> Any:
    lead = np.broadcast_shapes(key.shape[:-1], counter.shape[:-1])
    if n < _LONG:
        return blocks(key, counter, -(-n // 4)).reshape(*lead, -1)[..., :n]
    keys, counters = np.broadcast_to(key, (*lead, 2)), np.broadcast_to(counter, (*lead, 4))
    out = np.empty((*lead, n), np.uint64)
    for at in np.ndindex(lead):
        out[at] = np.random.Philox(key=keys[at], counter=counters[at]).random_raw(n)
    return out


def blocks(key: Any, counter: Any, n_blocks: int) -> Any:
    """Blocks in NumPy arithmetic, shape (..., n_blocks, 4)."""
    words = _counters(counter, n_blocks)
    k0, k1 = key[..., :1], key[..., 1:]
    m0, m1 = [np.uint64(m) for m in MULTIPLIERS]
    with np.errstate(over="ignore"):  # arithmetic is modulo 2^64
        for turn in range(ROUNDS):
            if turn:
                k0, k1 = k0 + np.uint64(KEY_STEPS[0]), k1 + np.uint64(KEY_STEPS[1])
            (high0, low0), (high1, low1) = _product(words[0], m0), _product(words[2], m1)
            words = [high1 ^ words[1] ^ k0, low1, high0 ^ words[3] ^ k1, low0]
    return np.stack(np.broadcast_arrays(*words), axis=-1)


def _counters(counter: Any, n_blocks: int) -> list[Any]:
    """The four words of counter + 1, counter + 2, …"""
    with np.errstate(over="ignore"):
        low = counter[..., :1]
        words = [low + np.arange(1, n_blocks + 1, dtype=np.uint64)]
        carry = words[0] < low
        for i in (1, 2, 3):
            words.append(counter[..., i : i + 1] + carry)
            carry = carry & (words[i] == 0)
    return words


def _product(x: Any, m: np.uint64) -> tuple[Any, Any]:
    """The upper and lower word of a product of 128 bits, from four products of halves."""
    x0, x1 = x & _MASK, x >> 32
    m0, m1 = m & np.uint64(_MASK), m >> np.uint64(32)
    low, middle = x0 * m0, x1 * m0
    other = x0 * m1 + (low >> 32) + (middle & _MASK)
    return x1 * m1 + (middle >> 32) + (other >> 32), x * m


# -- native code -----------------------------------------------------------------------------------

_NS_PER_BLOCK = 12.0


def _emit(m: Any, key: Any, counter: Any, out: Any, *, n: int) -> None:
    *lead, _ = out.shape
    n_blocks = -(-n // 4)
    if 0 in out.shape:
        return
    with m.stack((*lead, n_blocks), _NS_PER_BLOCK) as (*at, i):
        words = _native_block(
            m,
            [m.load(key, m.broadcast(key, (*at, k))) for k in range(2)],
            [m.load(counter, m.broadcast(counter, (*at, k))) for k in range(4)],
            m.number(i),
        )
        for k, word in enumerate(words):
            if n % 4 <= k and n % 4:  # the last block is not whole
                is_inside = m.b.compare("lt", m.number(i), m.b.index(n_blocks - 1))
                branch = m.b.branch(is_inside)
                m.store(out, (*at, 4 * i + k), word)
                branch.otherwise()
                branch.join()
            else:
                m.store(out, (*at, 4 * i + k), word)


def _native_block(m: Any, key: Sequence[Any], counter: Sequence[Any], i: Any) -> list[Any]:
    b = m.b
    one = b.constant(1, "u8")
    words = [b.add(b.add(counter[0], b.convert(i, "u8")), one)]
    carry = b.compare("lt", words[0], counter[0])
    for k in (1, 2, 3):
        words.append(b.add(counter[k], b.convert(carry, "u8")))
        carry = b.and_(carry, b.compare("eq", words[k], b.constant(0, "u8")))
    k0, k1 = key
    for turn in range(ROUNDS):
        if turn:
            k0 = b.add(k0, b.constant(KEY_STEPS[0], "u8"))
            k1 = b.add(k1, b.constant(KEY_STEPS[1], "u8"))
        high0, low0 = _native_product(b, words[0], MULTIPLIERS[0])
        high1, low1 = _native_product(b, words[2], MULTIPLIERS[1])
        words = [
            b.xor(b.xor(high1, words[1]), k0),
            low1,
            b.xor(b.xor(high0, words[3]), k1),
            low0,
        ]
    return words


def _native_product(b: Any, x: Any, factor: int) -> tuple[Any, Any]:
    """One instruction of the CPU's: LLVM sees a product of 128 bits."""

    def wide(text: str) -> Any:
        return b.pure(("wide", text), text, "u8", 0, x.depth)

    full = wide(f"zext i64 {x.text} to i128")
    product = wide(f"mul i128 {full.text}, {factor}")
    shifted = wide(f"lshr i128 {product.text}, 64")
    return wide(f"trunc i128 {shifted.text} to i64"), wide(f"trunc i128 {product.text} to i64")


# -- the record ------------------------------------------------------------------------------------


def _type(key: Type, counter: Type, *, n: int) -> Type:
    lead = np.broadcast_shapes(key.shape[:-1], counter.shape[:-1])
    return Type((*lead, n), np.uint64)


def _batch(size: int, args: Sequence[Any], is_batched: Sequence[bool], *, n: int) -> Any:
    """Axes of a batch in front, those of both operands in line."""
    rank = max([len(a.shape) - on for a, on in zip(args, is_batched, strict=True)])
    aligned = []
    for a, on in zip(args, is_batched, strict=True):
        missing = rank - (len(a.shape) - on)
        if on and missing:
            a = np.reshape(a, (size, *(1,) * missing, *a.shape[1:]))
        aligned.append(a)
    return bind(philox_p, *aligned, n=n), True


philox_p: Primitive = define(
    Primitive(
        "philox",
        _run,
        _type,
        batch=_batch,
        cost=lambda in_types, out_types, *, n: 0,
        gives_array=True,
        emit=Whole(_emit),
        facts={"derivative": "zero: integers", "stream": "that of numpy.random.Philox"},
    )
)
