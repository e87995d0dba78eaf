"""Filters run forward and backward in time, so that no phase is shifted."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError, ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import convert
from wengert.ops.fourier_functions import as_samples, one_axis
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.signal.filters import (
    lfilter_zi,
    polynomials_of,
    run_filter,
    sections_of,
    sosfilt_zi,
)

_EXTENSIONS: dict[str, dict[str, Any]] = {
    "odd": {"mode": "reflect", "reflect_type": "odd"},
    "even": {"mode": "reflect"},
    "constant": {"mode": "edge"},
}


def _extended(name: str, x: Any, padtype: Any, padlen: Any, default: int) -> tuple[Any, int]:
    """`x` with samples put before and after it along the last axis, and how many."""
    if padtype is not None and padtype not in _EXTENSIONS:
        raise ArgumentError(
            f"{name}: there is no such extension.",
            got=f"padtype={padtype!r}",
            expected="'odd', 'even', 'constant' or None",
        )
    width = 0 if padtype is None else default if padlen is None else int(padlen)
    if width < 0 or x.shape[-1] <= width:
        raise ShapeError(
            f"{name}: the signal is shorter than what would be put around it.",
            got=f"{x.shape[-1]} samples, padlen {width}",
            expected="more samples than padlen",
            try_="a smaller padlen",
        )
    if not width:
        return x, 0
    widths = [(0, 0)] * (len(x.shape) - 1) + [(width, width)]
    return np.pad(x, widths, **_EXTENSIONS[padtype]), width


def _both_ways(x: Any, width: int, run: Any) -> Any:
    """`run(signal, its first value)` forward, then backward in time."""
    y = run(x, x[..., :1])[..., ::-1]
    y = run(y, y[..., :1])[..., ::-1]
    return y[..., width : y.shape[-1] - width] if width else y


@follows_scipy("signal")
def filtfilt(
    b: Any,
    a: Any,
    x: Any,
    axis: int = -1,
    padtype: str | None = "odd",
    padlen: int | None = None,
    method: str = "pad",
    irlen: int | None = None,
) -> Any:
    """Filter forward and backward, so that no phase is shifted.

    Parameters
    ----------
    b, a : array, shapes (m,) and (n,)
    x : array
    axis : int
    padtype : {"odd", "even", "constant"} or None
        How the signal is continued at both ends before it is filtered.
    padlen : int, optional
        By how many samples, 3 max(m, n) by default.
    method : "pad"
        SciPy's other method, "gust", raises.
    """
    if method != "pad":
        raise MissingRuleError(
            "filtfilt: this method has no derivative in Wengert.",
            got=f"method={method!r}",
            expected="'pad'",
        )
    b, a = polynomials_of("filtfilt", b, a)
    x = as_samples(x)
    dtype = np.result_type(b.dtype, a.dtype, x.dtype)
    b, a, x = (convert(o, dtype) for o in (b, a, x))
    axis = one_axis("filtfilt", axis, len(x.shape))
    x, width = _extended(
        "filtfilt", np.moveaxis(x, axis, -1), padtype, padlen, 3 * max(b.shape[0], a.shape[0])
    )
    zi = convert(lfilter_zi(b, a), dtype)

    def run(signal: Any, start: Any) -> Any:
        return run_filter(b, a, signal, zi * start)[0]

    return np.moveaxis(_both_ways(x, width, run), -1, axis)


@follows_scipy("signal")
def sosfiltfilt(
    sos: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: int | None = None
) -> Any:
    """`filtfilt` by sections of second order."""
    sections = sections_of("sosfiltfilt", sos)
    x = as_samples(x)
    dtype = np.result_type(x.dtype, *[c.dtype for pair in sections for c in pair])
    axis = one_axis("sosfiltfilt", axis, len(x.shape))
    default = 0
    if padtype is not None and padlen is None:
        default = 3 * (2 * len(sections) + 1 - _cancelled(as_operand(sos)))
    x, width = _extended(
        "sosfiltfilt", np.moveaxis(convert(x, dtype), axis, -1), padtype, padlen, default
    )
    states = convert(sosfilt_zi(sos), dtype)

    def run(signal: Any, start: Any) -> Any:
        for (b, a), zi in zip(sections, states, strict=True):
            signal = run_filter(convert(b, dtype), convert(a, dtype), signal, zi * start)[0]
        return signal

    return np.moveaxis(_both_ways(x, width, run), -1, axis)


def _cancelled(sos: Any) -> int:
    """Poles and zeros at the origin that cancel, which SciPy's default for padlen leaves out.

    Of traced sections this is a decision on their values.
    """
    zeros, poles = np.sum(sos[:, 2] == 0), np.sum(sos[:, 5] == 0)
    return min(int(zeros), int(poles))
