"""`autograd.scipy.misc`, which once held `logsumexp`."""

from wengert.scipy.special import logsumexp

__all__ = ["logsumexp"]
