"""Rules on products: einsum, dot and matmul in their simplest form.

Products of matrices become `dot` or `matmul`, products that sum nothing are elementwise, and a sum
over a product much larger than its factors becomes a contraction, so that it is never stored.
"""

from __future__ import annotations

import math
from typing import Any

from wengert.ir.program import Var
from wengert.ops.contraction import LETTERS, einsum_p, split_subscripts
from wengert.ops.core import broadcast_to_p, mul_p, reshape_p, sum_p, transpose_p
from wengert.ops.matmul import dot_p, matmul_p
from wengert.passes.pattern import Changes, Match, Node, Rule, X, Y, apply, array_type, rule

# A product this much larger than its factors, and of so many elements, is not written out.
_BLOWUP = 4
_LARGE = 4096


def _transposed(m: Match, x: Any, axes: list[int]) -> Any:
    if axes == list(range(len(axes))):
        return x
    return m.emit(transpose_p, x, axes=tuple(axes))


# -- einsum ----------------------------------------------------------------------------------------


def _letters(m: Match) -> tuple[str, str, str]:
    return split_subscripts(m.eq.params["subscripts"])


def _elementwise(m: Match) -> Any:
    """Nothing is summed: both operands in the order of the result, ones where an axis lacks."""
    a, b, out = _letters(m)
    if any([x in b and x not in out for x in a]):
        return None
    factors = []
    for own, name in ((a, "x"), (b, "y")):
        turned = _transposed(m, m[name], [own.index(x) for x in out if x in own])
        sizes = dict(zip(own, m[name].type.shape, strict=True))
        shape = tuple([sizes.get(x, 1) for x in out])
        factors.append(m.emit(reshape_p, turned, shape=shape, order="C"))
    return m.emit(mul_p, *factors)


def _matrix_product(m: Match) -> Any:
    """`dot` and `matmul`, with the operands transposed where they must be."""
    a, b, out = _letters(m)
    summed = [x for x in a if x in b and x not in out]
    shared = [x for x in out if x in a and x in b]
    rows, columns = [x for x in out if x not in b], [x for x in out if x not in a]
    if len(summed) != 1 or len(shared) > 1 or len(rows) > 1 or len(columns) > 1:
        return None
    if shared and not (rows and columns):
        return None
    x = _transposed(m, m["x"], [a.index(i) for i in (*shared, *rows, *summed)])
    y = _transposed(m, m["y"], [b.index(i) for i in (*shared, *summed, *columns)])
    product = m.emit(matmul_p if shared else dot_p, x, y)
    made = [*shared, *rows, *columns]
    return _transposed(m, product, [made.index(i) for i in out])


def _without_units(m: Match) -> Any:
    """Letters of size one are dropped, and put back into the result by a reshape."""
    a, b, out = _letters(m)
    sizes = dict(zip(a + b, m["x"].type.shape + m["y"].type.shape, strict=False))
    units = [x for x, n in sizes.items() if n == 1]
    if not units:
        return None
    left = ["".join([x for x in own if x not in units]) for own in (a, b, out)]
    x, y = [
        m.emit(reshape_p, m[name], shape=tuple([sizes[i] for i in own]), order="C")
        for name, own in (("x", left[0]), ("y", left[1]))
    ]
    if left[0] and left[1]:
        product = m.emit(einsum_p, x, y, subscripts=f"{left[0]},{left[1]}->{left[2]}")
    else:
        letters = left[0] + left[1]
        product = _transposed(m, m.emit(mul_p, x, y), [letters.index(i) for i in left[2]])
    return m.emit(reshape_p, product, shape=m.type.shape, order="C")


def _is_unit_product(m: Match) -> bool:
    return m.type.dtype.kind in "fiu" and bool(m["x"].type.shape[-1] == 1)


def _dot_of_units(m: Match) -> Any:
    """One term each: a column times a row."""
    a, b = m["x"].type.shape, m["y"].type.shape
    x = m.emit(reshape_p, m["x"], shape=(*a[:-1], *(1,) * (len(b) - 1)), order="C")
    y = m.emit(reshape_p, m["y"], shape=b[1:], order="C")
    return m.emit(mul_p, x, y)


# -- sums of products ------------------------------------------------------------------------------


def _contraction(m: Match) -> Any:
    """sum(a * b) as a contraction, where a * b is much larger than a and b."""
    product = m["inner"]
    a, b = product.inputs
    if type(a) is not Var or type(b) is not Var or array_type(a).dtype != array_type(b).dtype:
        return None
    shape, axes = product.outputs[0].type.shape, m.eq.params["axes"]
    size = math.prod(shape)
    operands = [_origin(m, x) for x in (a, b)]
    largest = max([math.prod(x.type.shape) for x in operands] + [m.type.size])
    if size < _LARGE or size < _BLOWUP * largest or len(shape) > len(LETTERS):
        return None
    if m.graph.uses(product.outputs[0]) > 1 or m.type.dtype.kind != "f":
        return None
    letters = LETTERS[: len(shape)]
    words, factors = [], []
    for x in operands:
        own = letters[len(shape) - len(x.type.shape) :]
        kept = [i for i, (n, l) in enumerate(zip(x.type.shape, own, strict=True)) if n != 1]
        words.append("".join([own[i] for i in kept]))
        factors.append(
            m.emit(reshape_p, x, shape=tuple([x.type.shape[i] for i in kept]), order="C")
        )
    used = [x for x in letters if x in words[0] + words[1]]
    out = "".join([x for i, x in enumerate(letters) if i not in axes and x in used])
    if any([(x in words[0]) != (x in words[1]) and x not in out for x in used]):
        return None  # an axis that one factor alone is summed over
    if (
        not words[0]
        or not words[1]
        or any([shape[a] != 1 and letters[a] not in used for a in axes])
    ):
        return None
    result = m.emit(einsum_p, *factors, subscripts=f"{words[0]},{words[1]}->{out}")
    return m.emit(reshape_p, result, shape=m.type.shape, order="C")


def _origin(m: Match, x: Any) -> Any:
    """What an operand was broadcast from."""
    eq = m.graph.defs.get(x)
    is_spread = eq is not None and eq.primitive is broadcast_to_p and type(eq.inputs[0]) is Var
    return eq.inputs[0] if is_spread and eq is not None else x


PRODUCTS: list[Rule] = [
    rule("einsum that sums nothing = x * y", apply(einsum_p, X, Y), _elementwise),
    rule("einsum = matrix product", apply(einsum_p, X, Y), _matrix_product),
    rule(
        "einsum without unit axes",
        apply(einsum_p, X, Y),
        _without_units,
        None,
        Changes.ROUNDING,
    ),
    rule(
        "dot of one term = x * y",
        apply(dot_p, X, Y),
        _dot_of_units,
        _is_unit_product,
        Changes.ZERO_SIGN,
    ),
    rule(
        "sum of a large product = einsum",
        Node(sum_p, (Node(mul_p, None, "inner"),)),
        _contraction,
        None,
        Changes.ROUNDING,
    ),
]
