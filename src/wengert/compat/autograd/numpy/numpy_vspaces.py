"""`autograd.numpy.numpy_vspaces`: the vector spaces of arrays."""

from wengert.compat.autograd._vspaces import ArrayVSpace, ComplexArrayVSpace

__all__ = ["ArrayVSpace", "ComplexArrayVSpace"]
