"""Elementary functions as functions of their own, for code that calls many of them.

Inlined, a sine is some fifty instructions: the best form in a loop over an array. Hundreds of them
in straight-line code, as in the body of a long recurrence, cost seconds of compilation (measured:
the gradient of 200 in a row, 5.5 s inlined, 0.3 s called, for 20 % more time a turn). Once a native
function has `MOST` instructions of them, each further function of single numbers is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, Value
from wengert.native.elementary.support import Kit, exact

MOST = 2000  # instructions of inlined elementary functions


def is_due(b: Arithmetic, xs: tuple[Any, ...]) -> bool:
    """Whether the next function is called, not inlined."""
    return b.n_inlined > MOST and all([isinstance(x, Value) and not x.lanes for x in xs])


def call(b: Arithmetic, name: str, function: Callable[..., Any], xs: tuple[Any, ...]) -> Value:
    """A call of the function, which is written where it is first met."""
    kinds = [x.kind for x in xs]
    symbol = f"wg_{name}_{'_'.join(kinds)}"
    result = b.called.get(symbol)
    if result is None:
        result = b.called[symbol] = _define(b, symbol, function, xs)
    arguments = ", ".join([x.operand for x in xs])
    return b.pure(
        (symbol, *[x.text for x in xs]),
        f"call {LLVM_TYPES[result]} @{symbol}({arguments})",
        result,
        0,
        max([x.depth for x in xs]),
    )


def _define(b: Arithmetic, symbol: str, function: Callable[..., Any], xs: tuple[Any, ...]) -> str:
    """Write the function beside the one of `b`; the kind of its result."""
    parameters = [(x.kind, f"x{i}") for i, x in enumerate(xs)]
    own = Arithmetic(symbol, parameters, b.declarations)
    with exact(own):
        value = function(Kit(own, xs[0].kind), *own.parameters)
    own.line(f"ret {value.operand}")
    b.outlined.append(own.text(value.type, "internal "))
    return str(value.kind)
