"""`debug_nans`: stop at the first NaN or infinity, and say where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from wengert.api.jit import interpreted
from wengert.errors import NanError, describe_location, user_location
from wengert.ir.program import Equation
from wengert.trace.evaluate import watcher
from wengert.types import Stack


@contextmanager
def debug_nans(infinities: bool = True) -> Iterator[None]:
    """Raise `NanError` at the first operation that makes a NaN (or infinity) of good inputs.

    Works for what is recorded or replayed inside the block: values, tangents and adjoints. The
    message names the primitive, the user's line, the shapes, and the offending input.

    Parameters
    ----------
    infinities : bool, default True
        Whether an infinity counts too.

    Notes
    -----
    Everything inside is run equation by equation, and nothing derived is cached: slow, for
    looking only.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> with wg.debug_nans():
    ...     wg.grad(lambda x: np.sqrt(x) * 2.0)(0.0)
    Traceback (most recent call last):
        ...
    wengert.errors.NanError: div: an infinity appeared, in an adjoint or tangent of sqrt.
    ...
    """

    def watch(eq: Equation, inputs: Sequence[Any], outputs: Any, is_value: bool = False) -> None:
        results = outputs if eq.primitive.is_multiple else (outputs,)
        for result in results:
            bad = _first_bad(result, infinities)
            if bad is not None and all(_first_bad(x, infinities) is None for x in inputs):
                raise _nan_error(eq, inputs, result, bad, is_value)

    token = watcher.set(watch)
    try:
        with np.errstate(all="ignore"), interpreted():
            yield
    finally:
        watcher.reset(token)


def _first_bad(value: Any, infinities: bool) -> tuple[Any, ...] | None:
    """The index of the first NaN (or infinity), or None."""
    if isinstance(value, Stack):
        return next((b for v in value.items if (b := _first_bad(v, infinities)) is not None), None)
    if not isinstance(value, (np.ndarray, np.generic, float, complex)):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return None
    mask = ~np.isfinite(array) if infinities else np.isnan(array)
    if not mask.any():
        return None
    return tuple(int(i) for i in np.argwhere(mask)[0])


def _nan_error(
    eq: Equation, inputs: Sequence[Any], result: Any, bad: tuple[Any, ...], is_value: bool
) -> NanError:
    value = np.asarray(result)[bad]
    kind = "a NaN" if np.isnan(value) else "an infinity"
    shown = []
    for x in inputs:
        array = np.asarray(x) if not isinstance(x, Stack) else None
        if array is None:
            shown.append(repr(x))
            continue
        part = f"{array.dtype.name}[{', '.join(map(str, array.shape))}]"
        try:
            element = np.broadcast_to(array, np.shape(result))[bad]
            shown.append(f"{part} with {element!r} there" if array.shape else f"{part} {element!r}")
        except ValueError:
            low, high = (array.min(), array.max()) if array.size else ("-", "-")
            shown.append(f"{part} from {low!r} to {high!r}")
    place = f" at index {bad}" if bad else ""
    of = f" of {eq.source[2]}" if eq.source is not None and len(eq.source) > 2 else ""
    what = "in a value" if is_value else f"in an adjoint or tangent{of}"
    return NanError(
        f"{eq.primitive.name}: {kind} appeared, {what}.",
        got=f"{value!r}{place}; inputs: " + "; ".join(shown),
        expected="finite numbers",
        where=describe_location(eq.source) or describe_location(user_location()),
        try_="keep the input inside the domain, e.g. np.where on the argument before the call",
    )
