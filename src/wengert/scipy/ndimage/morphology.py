"""Grey-scale morphology: minima and maxima over a window, less or plus a structure.

Ties are those of `order.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ops.contraction import as_operand
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.ndimage.common import axes_of, finish, image, sequence
from wengert.scipy.ndimage.order import extreme


def _erode(x: Any, shape: Any, mode: Any, cval: Any, origin: Any, axes: Any) -> Any:
    size, footprint, structure = shape
    args = (size, footprint, structure, mode, cval, origin, axes, True)
    return extreme("grey_erosion", x, *args)


def _dilate(x: Any, shape: Any, mode: Any, cval: Any, origin: Any, axes: Any) -> Any:
    """The footprint and structure are reversed, and with them the origin."""
    size, footprint, structure = shape
    count = len(axes_of("grey_dilation", x, axes))
    if footprint is not None:
        sizes = np.shape(footprint)
    elif structure is not None:
        sizes = np.shape(structure)
    else:
        sizes = tuple(sequence("grey_dilation", size, count))
    origins = [
        -o if n is None or n % 2 else -o - 1
        for o, n in zip(sequence("grey_dilation", origin, count), sizes, strict=True)
    ]
    footprint = None if footprint is None else np.flip(np.asarray(footprint))
    structure = None if structure is None else np.flip(as_operand(structure))
    args = (size, footprint, structure, mode, cval, origins, axes, False)
    return extreme("grey_dilation", x, *args)


def _morphology(name: str, combine: Callable[..., Any], summary: str) -> Callable[..., Any]:
    """A function with the arguments that all of them have."""

    def function(
        input: Any,
        size: Any = None,
        footprint: Any = None,
        structure: Any = None,
        output: Any = None,
        mode: Any = "reflect",
        cval: Any = 0.0,
        origin: Any = 0,
        *,
        axes: Any = None,
    ) -> Any:
        x = image(input)
        options = ((size, footprint, structure), mode, cval, origin, axes)
        return finish(name, combine(x, *options), x, output)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = summary
    return follows_scipy("ndimage")(function)


grey_erosion = _morphology(
    "grey_erosion", _erode, "The minimum over a window, less the structure (which may be traced)."
)
grey_dilation = _morphology(
    "grey_dilation", _dilate, "The maximum over the reversed window, plus the structure."
)
grey_opening = _morphology(
    "grey_opening", lambda x, *o: _dilate(_erode(x, *o), *o), "Erosion, then dilation."
)
grey_closing = _morphology(
    "grey_closing", lambda x, *o: _erode(_dilate(x, *o), *o), "Dilation, then erosion."
)
morphological_gradient = _morphology(
    "morphological_gradient",
    lambda x, *o: _dilate(x, *o) - _erode(x, *o),
    "Dilation less erosion.",
)
morphological_laplace = _morphology(
    "morphological_laplace",
    lambda x, *o: _dilate(x, *o) + _erode(x, *o) - x - x,
    "Dilation plus erosion, less twice the image.",
)
white_tophat = _morphology(
    "white_tophat", lambda x, *o: x - _dilate(_erode(x, *o), *o), "The image less its opening."
)
black_tophat = _morphology(
    "black_tophat", lambda x, *o: _erode(_dilate(x, *o), *o) - x, "The closing less the image."
)
