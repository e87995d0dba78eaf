"""Power series in two increments, cut off: dicts from exponents (i, j) to arrays.

Series in one increment have j = 0. What is missing is zero; the constant term has the key (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Series = dict[tuple[int, int], Any]
Order = tuple[int, int]


def exponents(order: Order) -> Iterator[Order]:
    """All (i, j) up to `order`, in an order in which none comes before a smaller one."""
    for i in range(order[0] + 1):
        for j in range(order[1] + 1):
            yield i, j


def multiply(p: Series, q: Series, order: Order) -> Series:
    """The product."""
    out: Series = {}
    for (i, j), x in p.items():
        for (k, m), y in q.items():
            if i + k <= order[0] and j + m <= order[1]:
                key = i + k, j + m
                out[key] = out[key] + x * y if key in out else x * y
    return out


def divide(p: Series, q: Series, order: Order) -> Series:
    """The quotient, by the constant term of `q`."""
    out: Series = {}
    for i, j in exponents(order):
        rest = p.get((i, j), 0.0)
        for (k, m), y in q.items():
            if (k, m) != (0, 0) and (i - k, j - m) in out:
                rest = rest - y * out[i - k, j - m]
        out[i, j] = rest / q[0, 0]
    return out


def exp(p: Series, order: Order) -> Series:
    """exp(p) of a series without constant term, from e' = p' e along one of the increments."""
    out: Series = {(0, 0): 1.0}
    for i, j in exponents(order):
        if (i, j) == (0, 0):
            continue
        n, total = (i, 0.0) if i else (j, 0.0)
        for (k, m), x in p.items():
            weight = k if i else m
            if weight and (i - k, j - m) in out:
                total = total + weight * x * out[i - k, j - m]
        out[i, j] = total / n
    return out


def log(p: Series, order: Order) -> Series:
    """log(p) of a series with constant term 1, from l' p = p' along one of the increments."""
    out: Series = {}
    for i, j in exponents(order):
        if (i, j) == (0, 0):
            continue
        n = i or j
        total = n * p.get((i, j), 0.0)
        for (k, m), x in out.items():
            weight = k if i else m
            if weight and (k, m) != (i, j):
                total = total - weight * x * p.get((i - k, j - m), 0.0)
        out[i, j] = total / n
    return out
