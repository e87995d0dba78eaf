"""Wengert: exact derivatives of NumPy programs."""

from wengert import ops
from wengert.api.differentiate import grad, value_and_grad

__version__ = "0.1.0"
__all__ = ["grad", "ops", "value_and_grad"]
