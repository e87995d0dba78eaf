"""`autograd.numpy.numpy_boxes`: the box of arrays, for `isinstance`."""

from wengert.compat.autograd._boxes import ArrayBox

__all__ = ["ArrayBox"]
