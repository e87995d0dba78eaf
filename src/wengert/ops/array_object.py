"""What the Python array API standard asks of an array object beyond NumPy's methods.

Namespace, device and exchange of memory: a tracer's namespace is `wengert.numpy`, the one device is
the CPU, as for NumPy's arrays, and its memory cannot be handed to another library.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ConversionError, OptionError
from wengert.ir.program import door
from wengert.trace.tracer import Tracer, install

DEVICE = "cpu"


def check_device(name: str, device: Any) -> None:
    """Raise unless `device` is the one that there is, or None."""
    if device is not None and device != DEVICE:
        raise OptionError(
            f"{name}: a device that is not there.", got=repr(device), expected='"cpu" or None'
        )


def refuse_copy(name: str, x: Any) -> None:
    """Raise, because `copy=False` was given where a copy is needed."""
    raise OptionError(
        f"{name}: a copy is needed and copy=False forbids it.", got=repr(x), try_="copy=None"
    )


def array_namespace(x: Tracer, *, api_version: str | None = None) -> Any:
    """`wengert.numpy`, whose functions take traced values and create in the recording."""
    version: Any = api_version
    np.empty(0).__array_namespace__(api_version=version)  # raises for versions unknown
    return door("wengert.numpy")


def to_device(x: Tracer, device: Any, /, *, stream: Any = None) -> Tracer:
    """`x` itself, which is on the one device that there is."""
    if stream is not None:
        raise OptionError("to_device: there are no streams.", got=repr(stream), expected="None")
    check_device("to_device", device)
    return x


def dlpack(x: Tracer, **options: Any) -> Any:
    """The memory of a traced value is the recording's own."""
    raise ConversionError(
        "x.__dlpack__() would hand a traced value to another library and drop its derivative.",
        got=repr(x.type),
        expected="an operation that can be recorded",
        try_="wengert.custom_vjp around what the other library computes, "
        "or return the value (has_aux=True) and exchange it outside",
    )


install("__array_namespace__", array_namespace)
install("device", property(lambda x: DEVICE))
install("to_device", to_device)
install("__dlpack__", dlpack)
install("__dlpack_device__", lambda x: np.empty(0).__dlpack_device__())
