"""`np.einsum`: parsed into labels, brought to products of two operands.

Repeated letters in one operand become diagonals, an ellipsis becomes numbered labels; one operand
is summed and transposed; two are one product; more are multiplied in the order that
`np.einsum_path` finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import LETTERS, as_operand
from wengert.ops.core import convert, sum_axes, transpose
from wengert.ops.matmul import product
from wengert.ops.output import deliver
from wengert.trace.tracer import implements
from wengert.types import Type

Labels = list[Hashable]


@implements(np.einsum)
def einsum(
    *operands: Any,
    out: Any = None,
    optimize: Any = False,
    dtype: Any = None,
    order: str = "K",
    casting: Any = "safe",
) -> Any:
    """NumPy's einsum, in both of its forms of call.

    Parameters
    ----------
    *operands
        A string and the operands, or operands and lists of integers in turn.
    out : traced array, optional
    optimize : bool, str or path
        The order of multiplication for three or more operands, as in `np.einsum_path`; False
        lets the greedy order be found.
    dtype, casting
        The dtype to compute in, and which conversions to it are allowed.
    order : str
        Accepted for NumPy's sake; memory order is the implementation's.
    """
    arrays, labels, labels_out = _parse(operands)
    if dtype is not None:
        for x in arrays:
            if not np.can_cast(x.dtype, dtype, casting):
                raise ArgumentError(
                    "einsum: an operand cannot be cast to the dtype asked for.",
                    got=f"{x.dtype} to {np.dtype(dtype)} with casting={casting!r}",
                    expected="a dtype that holds every operand",
                    try_="casting='unsafe'",
                )
        arrays = [convert(x, dtype) for x in arrays]
    pairs = [_diagonal(x, own) for x, own in zip(arrays, labels, strict=True)]
    result = _multiply(pairs, labels_out, optimize)
    return result if out is None else deliver(result, out, "einsum")


# -- parsing ---------------------------------------------------------------------------------------


def _refuse(what: str, got: str, expected: str) -> ArgumentError:
    return ArgumentError(f"einsum: {what}", got=got, expected=expected)


def _parse(operands: Sequence[Any]) -> tuple[list[Any], list[Labels], Labels]:
    """The operands, the labels of each, and those of the result."""
    if len(operands) < 2:
        raise _refuse(
            "there are no operands, or no subscripts.",
            f"{len(operands)} arguments",
            "subscripts, then arrays; or arrays and lists of integers in turn",
        )
    if not isinstance(operands[0], str):
        n = len(operands) // 2
        arrays = [as_operand(x) for x in operands[0 : 2 * n : 2]]
        words = [list(word) for word in operands[1 : 2 * n : 2]]
        out_word = list(operands[-1]) if len(operands) % 2 else None
        return arrays, *_labeled(words, out_word, [x.shape for x in arrays])
    arrays = [as_operand(x) for x in operands[1:]]
    return arrays, *_parse_text(operands[0], tuple([x.shape for x in arrays]))


@lru_cache(maxsize=10_000)
def _parse_text(text: str, shapes: tuple[Any, ...]) -> tuple[list[Labels], Labels]:
    text = text.replace(" ", "")
    left, arrow, right = text.partition("->")
    words = [_letters(term, text) for term in left.split(",")]
    if len(words) != len(shapes):
        raise _refuse(
            "the subscripts do not name as many operands as there are.",
            f"{text!r} with {len(shapes)} operands",
            f"{len(words)} operands",
        )
    return _labeled(words, _letters(right, text) if arrow else None, shapes)


def _labeled(
    words: Sequence[list[Any]], out_word: list[Any] | None, shapes: Sequence[Any]
) -> tuple[list[Labels], Labels]:
    labels = [_labels(shape, word) for shape, word in zip(shapes, words, strict=True)]
    return labels, _output_labels(labels, words, out_word)


def _letters(term: str, text: str) -> list[Any]:
    word: list[Any] = list(term.replace("...", "\0"))
    word = [Ellipsis if x == "\0" else x for x in word]
    if word.count(Ellipsis) > 1 or any(x is not Ellipsis and x not in LETTERS for x in word):
        raise _refuse(
            "a subscript is not a letter.", repr(text), "letters, ',', '->' and one '...'"
        )
    return word


def _labels(shape: tuple[int, ...], word: list[Any]) -> Labels:
    """One label an axis; the axes of an ellipsis are numbered from the last."""
    n_hidden = len(shape) - sum([letter is not Ellipsis for letter in word])
    if n_hidden < 0 or (n_hidden and Ellipsis not in word):
        raise ShapeError(
            "einsum: the subscripts do not fit the number of axes.",
            got=f"{_shown(word)!r} for an array of shape {shape}",
            expected=f"{len(shape)} letters, or '...' for the rest",
        )
    labels: Labels = []
    for letter in word:
        labels += _hidden(n_hidden) if letter is Ellipsis else [letter]
    return labels


def _hidden(n: int) -> Labels:
    return [("...", i) for i in range(n, 0, -1)]


def _shown(word: list[Any]) -> str:
    return "".join(["..." if letter is Ellipsis else str(letter) for letter in word])


def _output_labels(
    labels: Sequence[Labels], words: Sequence[list[Any]], out_word: list[Any] | None
) -> Labels:
    hidden = _hidden(max([sum([isinstance(x, tuple) for x in own]) for own in labels], default=0))
    if out_word is None:
        counts = Counter([x for word in words for x in word if x is not Ellipsis])
        return hidden + sorted([x for x, count in counts.items() if count == 1])
    named = [x for x in out_word if x is not Ellipsis]
    known = {x for word in words for x in word}
    if len(set(named)) < len(named) or not known.issuperset(named):
        raise _refuse(
            "the output has a letter twice, or one that no operand has.",
            repr(_shown(out_word)),
            "letters of the operands, each once",
        )
    if hidden and Ellipsis not in out_word:
        raise _refuse(
            "axes of an ellipsis cannot be summed.", repr(_shown(out_word)), "'...' in the output"
        )
    result: Labels = []
    for letter in out_word:
        result += hidden if letter is Ellipsis else [letter]
    return result


def _diagonal(x: Any, labels: Labels) -> tuple[Any, Labels]:
    """`x` with axes of one label replaced by their diagonal."""
    if len(set(labels)) == len(labels):
        return x, labels
    for label, count in Counter(labels).items():
        for _ in range(count - 1):
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ShapeError(
                    "einsum: axes of one operand with one letter have different sizes.",
                    got=f"sizes {x.shape[i]} and {x.shape[j]} for {label!r} in "
                    f"{Type(x.shape, x.dtype)!r}",
                    expected="one size",
                )
            x = np.diagonal(x, axis1=i, axis2=j)
            labels = [own for k, own in enumerate(labels) if k not in (i, j)] + [label]
    return x, labels


# -- multiplying -----------------------------------------------------------------------------------


def _multiply(pairs: list[tuple[Any, Labels]], out: Labels, optimize: Any) -> Any:
    if len(pairs) == 1:
        return _reduce(*pairs[0], out)
    if len(pairs) == 2:
        (a, labels_a), (b, labels_b) = pairs
        return product(a, labels_a, b, labels_b, out, "einsum")
    for step in _path(pairs, out, optimize):
        chosen = [pairs[i] for i in step]
        pairs = [pair for i, pair in enumerate(pairs) if i not in step]
        pairs.append(_multiply_all(chosen, pairs, out))
    (x, labels), *others = pairs
    if others:
        x, labels = _multiply_all(pairs, [], out)
    return _reduce(x, labels, out)


def _multiply_all(
    chosen: list[tuple[Any, Labels]], rest: list[tuple[Any, Labels]], out: Labels
) -> tuple[Any, Labels]:
    """The product of the chosen operands, from the left, with the labels still needed."""
    x, labels = chosen[0]
    for i, (y, more) in enumerate(chosen[1:], 2):
        needed = {*out, *[own for _, owns in (*rest, *chosen[i:]) for own in owns]}
        kept = [own for own in dict.fromkeys([*labels, *more]) if own in needed]
        x, labels = product(x, labels, y, more, kept, "einsum"), kept
    return x, labels


def _reduce(x: Any, labels: Labels, out: Labels) -> Any:
    """`x` summed over the labels that the output does not have, its axes in the output's order."""
    x = sum_axes(x, [i for i, label in enumerate(labels) if label not in out])
    labels = [label for label in labels if label in out]
    return transpose(x, [labels.index(label) for label in out])


def _path(pairs: list[tuple[Any, Labels]], out: Labels, optimize: Any) -> list[tuple[int, ...]]:
    names: dict[Hashable, str] = {}
    for _, labels in pairs:
        for label in labels:
            if label not in names:
                if len(names) == len(LETTERS):
                    raise _refuse(
                        "there are too many axes.",
                        "more letters than the alphabet has",
                        f"at most {len(LETTERS)}",
                    )
                names[label] = LETTERS[len(names)]
    words = ["".join([names[label] for label in labels]) for _, labels in pairs]
    subscripts = ",".join(words) + "->" + "".join([names[label] for label in out])
    shapes = tuple([x.shape for x, _ in pairs])
    if isinstance(optimize, (list, tuple)) and optimize and optimize[0] == "einsum_path":
        return [tuple(step) for step in optimize[1:]]
    method = "greedy" if optimize is False or optimize is True else optimize
    return _found_path(subscripts, shapes, method)


@lru_cache(maxsize=2_000)
def _found_path(subscripts: str, shapes: tuple[Any, ...], method: Any) -> list[tuple[int, ...]]:
    stand_ins = [np.broadcast_to(np.float64(0), shape) for shape in shapes]
    path, _ = np.einsum_path(subscripts, *stand_ins, optimize=method)
    return [tuple(step) for step in path[1:]]
