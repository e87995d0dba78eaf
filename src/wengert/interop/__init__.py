"""Functions that cross to other libraries, with their derivatives.

    to_torch      a Wengert function for PyTorch tensors        from_torch    the way back
    to_jax        a Wengert function for JAX arrays             from_jax      the way back
    low_level_callable    compiled code for SciPy's C interfaces: quad, generic_filter …

The other library is imported when one of these is called, never by `import wengert`.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "to_torch": "torch_functions",
    "from_torch": "torch_functions",
    "to_jax": "jax_functions",
    "from_jax": "jax_functions",
    "low_level_callable": "low_level",
}
__all__ = ["from_jax", "from_torch", "low_level_callable", "to_jax", "to_torch"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        try:
            home = import_module(f"wengert.interop.{_HOMES[name]}")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"wengert.interop.{name} needs {error.name}, which is not installed here: "
                f"pip install {error.name}",
                name=error.name,
            ) from error
        return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
