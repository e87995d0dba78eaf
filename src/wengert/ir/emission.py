"""How a primitive becomes native code: the value of a record's field `emit`.

    Elementwise   one number from the numbers at the same place
    Pull          the element of the result at an index, from elements of the inputs
    Reduce        the same, combined over further axes
    Expand        by other primitives: a function of public operations
    Whole         the whole result at once, from arrays in memory, with loops and calls
    None          no native form: compiled code calls back into the interpreter

Rules are given a builder of arithmetic (`b`) or a reader of elements (`k`), and use only their
methods: `wengert.native` defines both, and this floor knows neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class NotNative(Exception):
    """Raised by a rule that has no native form for the kinds it is given: a callback it is."""


@dataclass(frozen=True)
class Elementwise:
    """`f(b, *numbers, **params)`; the numbers arrive in the kind that NumPy computes in.

    `operands` is "ufunc" for the dtypes that the primitive's ufunc takes, "result" for the dtype
    of the result, "own" for each operand's own, "chosen" for the result's after a first operand of
    its own.
    """

    f: Callable[..., Any]
    operands: str = "ufunc"


@dataclass(frozen=True)
class Pull:
    """`f(k, at, **params)`: the element at index `at`; `k.read(i, index)` reads input i.

    A result made of parts side by side may say so, to be written part by part where it is stored:
    `parts(k, **params)` gives (input, its shape, index in it -> index in the result), and
    `parts_axis(k, **params)` the axis along which the choice is made.

    A result that is zero but for one place along an axis may say so, for sums over products with
    it: `single_axis(k, **params)` is the axis, and `single(k, at, **params)` gives the place for a
    row (`at` without the axis), whether it is the only one, and the element there.
    """

    f: Callable[..., Any]
    parts: Callable[..., Any] | None = None
    parts_axis: Callable[..., int] | None = None
    single: Callable[..., Any] | None = None
    single_axis: Callable[..., int] | None = None
    accepts: Callable[..., bool] | None = None  # (input types, output types, **params)


@dataclass(frozen=True)
class Reduce:
    """Elements combined over reduced axes.

    `extents(k, **params)` are the sizes of the reduced axes, `read(k, at, r, **params)` gives the
    element of the result at `at` and reduced index `r` before it is combined by `how`: "sum",
    "prod", "max", "min", "any", "all".
    """

    how: str
    extents: Callable[..., tuple[int, ...]]
    read: Callable[..., Any]


@dataclass(frozen=True)
class Expand:
    """`f(*args, **params)` computes the same with public operations."""

    f: Callable[..., Any]
    accepts: Callable[..., bool] | None = None  # as in Whole


@dataclass(frozen=True)
class Whole:
    """`f(m, *inputs, outputs, **params)` writes arrays in memory from arrays in memory.

    `m` offers loops, loads, stores and library calls. `in_place` names an input whose memory the
    output may take over when it is not needed any more. Inputs in `views` may arrive in any strides
    (a transposed or sliced array where it lies); the others are in C order.
    """

    f: Callable[..., Any]
    in_place: int | None = None
    accepts: Callable[..., bool] | None = None  # (input types, output types, **params)
    views: tuple[int, ...] = ()
