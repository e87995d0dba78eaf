"""The native form of products of arrays: sums over pairs of axes, where they are not short.

`product` takes two arrays in memory with a label for each axis. Axes are grouped into rows,
columns, summed ones and those that all have; neighbors in memory are merged. What is left is a
product of two matrices, in a loop over the rest: by BLAS, or, where a call would cost more than the
work, by loops over tiles that stay in registers. An operand is copied only where no stride says how
it lies.

Shorter products are sums written out, `Reduce`: `is_worth_a_call` draws the line.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from wengert.ops.native_matrices import NS, is_cut, matrix_product
from wengert.types import Type

WRITTEN_OUT = 128  # multiplications of a product that is left to straight-line code
VECTOR_CALL = 4096  # elements of a matrix from which its product with a vector is BLAS's
FEW_ITEMS = 8  # of a stack whose large products are shared by threads rather than itself
INNER_CALL = 32**3  # multiplications that are worth a call in a loop, without a copy

Label = Hashable


LARGE_RESULT = 1 << 14  # elements of a product that is not made apart where its sums are short


def is_worth_a_call(
    sizes: dict[Label, int], a: Sequence[Label], b: Sequence[Label], out: Sequence[Label]
) -> bool:
    """Whether a product is long enough to be more than sums of a few terms."""
    shared = [x for x in a if x in b]
    summed = math.prod([sizes[x] for x in shared if x not in out])
    rows = math.prod([sizes[x] for x in a if x not in b])
    columns = math.prod([sizes[x] for x in b if x not in a])
    if rows == 1 or columns == 1:
        return max(rows, columns) > 1 and max(rows, columns) * summed >= VECTOR_CALL
    # A large result of few terms costs its own memory: it is better made where it is read.
    is_flat = summed < 5 or (summed <= 12 and rows * columns >= LARGE_RESULT)
    is_flat = is_flat or min(rows, columns) * summed <= 32
    return not is_flat and rows * columns * summed > WRITTEN_OUT


def accepts(
    in_types: Sequence[Any],
    out_type: Type,
    a: Sequence[Label],
    b: Sequence[Label],
    out: Sequence[Label],
) -> bool:
    """Whether `product` takes these operands."""
    if not all(isinstance(t, Type) and t.dtype == out_type.dtype for t in in_types):
        return False
    if out_type.dtype.char not in "fdFD" or not all(t.size for t in in_types):
        return False
    sizes: dict[Label, int] = {}
    for labels, t in ((a, in_types[0]), (b, in_types[1])):
        for x, n in zip(labels, t.shape, strict=True):
            sizes[x] = max(n, sizes.get(x, 1))
    return is_worth_a_call(sizes, a, b, out)


# -- axes ------------------------------------------------------------------------------------------


class _Axis(NamedTuple):
    """A size, and how far apart its places are in both operands and the result."""

    size: int
    x: int
    y: int
    z: int


def _merged(axes: Sequence[_Axis]) -> list[_Axis]:
    """Neighbors in all three arrays as one axis."""
    result: list[_Axis] = []
    for axis in axes:
        if result:
            outer = result[-1]
            if all(outer[i] == axis[i] * axis.size for i in (1, 2, 3)):
                result[-1] = axis._replace(size=outer.size * axis.size)
                continue
        result.append(axis)
    return result


class _Layout(NamedTuple):
    """A product of matrices in a loop; `rows` and so on have size 1 where there are none."""

    stack: list[_Axis]
    rows: _Axis
    columns: _Axis
    summed: _Axis

    @property
    def n_products(self) -> int:
        return self.rows.size * self.columns.size * self.summed.size


def _layout(axes: Sequence[_Axis], may_be_small: bool) -> _Layout | None:
    """The axes by role; None where strides do not describe matrices as BLAS takes them.

    Rows or columns of several axes are taken in a loop over small products only if nothing else
    is possible.
    """
    one = _Axis(1, 0, 0, 0)
    rows = _merged([a for a in axes if a.z and a.x and not a.y])
    columns = _merged([a for a in axes if a.z and a.y and not a.x])
    summed = _merged(sorted([a for a in axes if not a.z], key=lambda a: (-a.x, -a.y)))
    stack = _merged([a for a in axes if a.z and bool(a.x) == bool(a.y)])
    if len(summed) > 1:
        return None
    chosen = []
    for group in (rows, columns):
        largest = max(group, key=lambda a: a.size, default=one)
        chosen.append(largest)
        stack += [a for a in group if a is not largest]
    layout = _Layout(stack, chosen[0], chosen[1], summed[0] if summed else one)
    is_split = len(rows) > 1 or len(columns) > 1
    if is_split and layout.n_products < INNER_CALL and not may_be_small:
        return None
    r, c, s = layout.rows, layout.columns, layout.summed
    sides = ((r.size, r.x, s.size, s.x), (s.size, s.y, c.size, c.y), (r.size, r.z, c.size, c.z))
    return layout if all([_is_matrix(*side) for side in sides]) else None


def _is_matrix(n: int, s: int, m: int, t: int) -> bool:
    """Whether one axis is contiguous and the other goes over whole rows of it."""
    if n == 1 or m == 1:
        return (s if m == 1 else t) >= 1 or n == m == 1
    return (t == 1 and s >= m) or (s == 1 and t >= n)


# -- the product -----------------------------------------------------------------------------------


def product(
    m: Any,
    x: Any,
    labels_x: Sequence[Label],
    y: Any,
    labels_y: Sequence[Label],
    z: Any,
    labels_z: Sequence[Label],
) -> None:
    """Write z = the sum of x y over the labels that `z` does not have."""
    sizes: dict[Label, int] = {}
    for array, labels in ((x, labels_x), (y, labels_y), (z, labels_z)):
        for label, n in zip(labels, array.shape, strict=True):
            sizes[label] = max(n, sizes.get(label, 1))
    summed = [label for label in labels_x if label not in labels_z and sizes[label] > 1]
    arrays = [x, y, z]
    strides = [_by_label(a, ls) for a, ls in ((x, labels_x), (y, labels_y), (z, labels_z))]
    own_x, own_y, _ = strides

    def role(label: Label) -> int:
        """First those of both operands, then rows, then columns: regular arrays have a layout."""
        return 0 if (label in own_x) == (label in own_y) else 1 if label in own_x else 2

    order = sorted([label for label in labels_z if sizes[label] > 1], key=role)
    temporary = []
    layout = None
    ways = ((), (0,), (1,), (0, 1), (2,), (0, 2), (1, 2), (0, 1, 2))
    for may_be_small, copied in itertools.product((False, True), ways):
        tried = [
            _regular(order, summed, strides[i], sizes) if i in copied else s
            for i, s in enumerate(strides)
        ]
        axes = [
            _Axis(sizes[label], *[s.get(label, 0) for s in tried]) for label in (*order, *summed)
        ]
        layout = _layout(axes, may_be_small)
        if layout is not None:
            break
    assert layout is not None, "regular arrays have a layout"
    targets = list(arrays)
    for i in copied:
        kept = _regular_order(order, summed, strides[i])
        made = m.temporary(z.kind, [sizes[label] for label in kept])
        temporary.append(made)
        targets[i] = made
        if i < 2:
            m.copy(_viewed(m, arrays[i], strides[i], kept, sizes), made)
    _stacked(m, layout, *targets)
    if 2 in copied:
        kept = _regular_order(order, summed, strides[2])
        m.copy(targets[2], _viewed(m, z, strides[2], kept, sizes))
    m.release(*temporary)


def _by_label(array: Any, labels: Sequence[Label]) -> dict[Label, int]:
    """Strides that lead to other elements."""
    sizes = zip(labels, array.shape, array.strides, strict=True)
    return {label: s for label, n, s in sizes if n > 1 and s}


def _regular_order(
    order: Sequence[Label], summed: Sequence[Label], own: dict[Label, int]
) -> list[Label]:
    """An array's labels in the order of a copy: as in the result, the summed ones last."""
    return [label for label in (*order, *summed) if label in own]


def _regular(
    order: Sequence[Label], summed: Sequence[Label], own: dict[Label, int], sizes: dict[Label, int]
) -> dict[Label, int]:
    """Strides of the copy. Roles are kept together, those that all arrays have come first."""
    result, step = {}, 1
    for label in reversed(_regular_order(order, summed, own)):
        result[label] = step
        step *= sizes[label]
    return result


def _viewed(
    m: Any, array: Any, own: dict[Label, int], labels: Sequence[Label], sizes: dict[Label, int]
) -> Any:
    shape = [sizes[label] for label in labels]
    return m.view(array, shape, [own[label] for label in labels])


def _stacked(m: Any, layout: _Layout, x: Any, y: Any, z: Any) -> None:
    """The matrix products, one for each place of the stack."""
    r, c, s = layout.rows, layout.columns, layout.summed
    shape = [a.size for a in layout.stack]
    loops = m.loops(shape)
    if math.prod(shape) >= FEW_ITEMS or not is_cut(m, z.kind, r.size, s.size, c.size):
        loops = m.stack(shape, layout.n_products * NS[z.kind])
    with loops as at:

        def matrix(array: Any, which: int, first: _Axis, second: _Axis) -> Any:
            steps = [(i, a[which]) for i, a in zip(at, layout.stack, strict=True)]
            shape, strides = (first.size, second.size), (first[which], second[which])
            return m.view(array, shape, strides, steps)

        matrix_product(m, matrix(x, 1, r, s), matrix(y, 2, s, c), matrix(z, 3, r, c))
