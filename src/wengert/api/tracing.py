"""`trace`: the Program of a function."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from wengert import trees
from wengert.api.arguments import as_leaf, flatten_outputs, leaf_type
from wengert.ir.program import Program
from wengert.trace.recording import Recording


class TracingRecording(Recording):
    """A recording with values whose every operation is kept, for looking at."""


def trace(f: Callable[..., Any]) -> Callable[..., Program]:
    """`trace(f)(*args)` is the Program that `f` runs on these arguments.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays.

    Returns
    -------
    callable
        Called like `f`, gives a `Program`: its inputs are the leaves of the arguments (integers
        and booleans too), then the arrays that `f` captured, whose values it remembers. Branches
        and loops appear as they were taken. Calling the Program runs it on other numbers.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> program = wg.trace(lambda x: np.sin(x) * 2.0)(0.0)
    >>> program(np.pi / 2)
    np.float64(2.0)
    """

    @wraps(f)
    def traced(*args: Any, **kwargs: Any) -> Program:
        leaves, spec = trees.flatten((args, kwargs))
        values = [as_leaf(x) for x in leaves]
        recording = TracingRecording("trace", has_values=True, keeps_sources=True)
        with recording:
            handles = [recording.argument(leaf_type(x), x) for x in values]
            call_args, call_kwargs = trees.unflatten(spec, handles)
            out_leaves, _ = flatten_outputs("trace", f(*call_args, **call_kwargs))
            outputs = [recording.output(leaf) for leaf in out_leaves]
            return recording.program(outputs, with_sources=True)

    return traced


__all__ = ["trace"]
