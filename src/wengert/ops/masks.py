"""Boolean masks and positions: results whose length depends on values.

The count of nonzero elements is asked of the traced value once, as a decision (a guard under
`jit`); from then on the shape is static. Where there are no values (`vmap`, loop bodies) this
raises, naming `np.where`, which needs no count.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ir.emission import Whole
from wengert.ir.failure import failure
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import convert, iota, reshape, sum_axes
from wengert.ops.elementwise import ne_p
from wengert.trace.tracer import Tracer, bind, implements
from wengert.types import Type


def is_mask(x: Any) -> bool:
    """Whether an operand of an index is boolean."""
    return hasattr(x, "dtype") and x.dtype.kind == "b"


def as_mask(x: Any) -> Any:
    """Truth values of numbers."""
    return x if is_mask(x) else bind(ne_p, x, 0)


def count_of(mask: Any) -> int:
    """The number of true elements, taken as a decision where the mask is traced."""
    if not isinstance(mask, Tracer):
        return int(np.count_nonzero(mask))
    total = sum_axes(convert(mask, np.int64), range(mask.ndim))
    return int(total)


def nonzero(x: Any) -> tuple[Any, ...]:
    """The positions of nonzero elements, one integer array for each axis."""
    if not isinstance(x, Tracer):
        return np.nonzero(x)
    if not x.shape:
        raise ArgumentError(
            "nonzero of a 0-d array.",
            got=repr(x.type),
            expected="an array with at least one axis",
            try_="np.atleast_1d(x)",
        )
    mask = as_mask(x)
    return bind(nonzero_p, mask, count=count_of(mask))


def _nonzero(mask: Any, *, count: int) -> tuple[Any, ...]:
    found = np.nonzero(mask)
    if found[0].size != count:  # without a guard the Program would be used for another mask
        raise _changed(f"{found[0].size} true elements", f"{count}")
    return found


def _changed(got: str, expected: str) -> ArgumentError:
    return ArgumentError(
        "the number of true elements of a mask changed since this was recorded.",
        got=got,
        expected=expected,
        try_="np.where(mask, x, y), whose shape does not depend on values",
    )


MASK_CHANGED = failure(17, lambda _: _changed("another number of them", "the recorded one"))


def _nonzero_batch(size: int, args: Any, is_batched: Any, *, count: int) -> Any:
    """Every item has `count` true elements, so that the positions of all line up."""
    found = bind(nonzero_p, args[0], count=size * count)
    return tuple([reshape(i, (size, count)) for i in found[1:]]), True


def _emit_nonzero(m: Any, mask: Any, *outs: Any, count: int) -> None:
    """One pass; an element more or less than recorded ends the function."""
    size = math.prod(mask.shape)
    flat = m.reshaped(mask, (size,))

    def turn(i: Any, found: Any) -> Any:
        is_true = m.load(flat, (i,))
        more = m.b.add(found, m.b.convert(is_true, "i8"))
        if count:
            fits = m.b.compare("lt", found, m.b.index(count))
            branch = m.branch(m.b.and_(is_true, fits))
            place = m.opaque(found, count)
            for out, part in zip(outs, m.unravel(i, mask.shape), strict=True):
                m.store(out, (place,), m.number(part))
            branch.otherwise()
            branch.join()
        return [more]

    found = m.fold(size, [m.b.index(0)], turn)[0] if size else m.b.index(0)
    m.fail_if(m.b.compare("ne", found, m.b.index(count)), MASK_CHANGED)


nonzero_p = define(
    Primitive(
        "nonzero",
        _nonzero,
        lambda mask, *, count: (Type((count,), np.intp),) * len(mask.shape),
        batch=_nonzero_batch,
        cost=lambda in_types, out_types, **params: 0,
        is_multiple=True,
        gives_array=True,
        render=lambda ins, params: f"np.nonzero({ins[0]})",
        emit=Whole(_emit_nonzero),
        facts={"derivative": "zero: integers"},
    )
)


@implements(np.nonzero)
def _np_nonzero(a: Any) -> tuple[Any, ...]:
    return nonzero(a)


@implements(np.flatnonzero)
def _flatnonzero(a: Any) -> Any:
    return nonzero(reshape(a, (a.size,)))[0]


@implements(np.argwhere)
def _argwhere(a: Any) -> Any:
    if not a.ndim:
        return reshape(iota(count_of(as_mask(a))), (count_of(as_mask(a)), 0))
    return np.stack(nonzero(a), axis=1)
