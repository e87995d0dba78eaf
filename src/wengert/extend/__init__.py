"""For those who add primitives and rules: the constructors that the package itself uses.

    elementwise   a broadcasting function of numbers, from its partial derivatives
    linear        a function linear in one group of its inputs
    bilinear      a function linear in each of two inputs
    define        any other `Primitive`
    bind          applies a primitive: records it where a recording is open
    implements    makes a NumPy function reach a handler when its arguments are traced
    foreign       a function that cannot be traced: a black box, with a derivative from elsewhere

A primitive defined here is the equal of a built-in one: every mode, any order, `vmap`, `jit`.

Examples
--------
>>> import numpy as np, wengert as wg
>>> from wengert.extend import ONE, bind, elementwise
>>> softsign_p = elementwise(
...     "example_softsign",
...     lambda x: x / (1 + np.abs(x)),
...     ufunc=np.sin,  # dtypes as those of this ufunc
...     partials=(lambda out, x: (1 - np.abs(out)) ** 2,),
... )
>>> float(wg.grad(lambda x: bind(softsign_p, x))(1.0))
0.25
"""

from wengert.extend.foreign_function import foreign
from wengert.ir.primitive import Primitive, Unsupported, define, registry
from wengert.ops.core import conj, convert, fit, full, iota, unfit
from wengert.ops.families import ONE, bilinear, elementwise, linear
from wengert.trace.tracer import bind, implements
from wengert.types import Type

__all__ = [
    "ONE",
    "Primitive",
    "Type",
    "Unsupported",
    "bilinear",
    "bind",
    "conj",
    "convert",
    "define",
    "elementwise",
    "fit",
    "foreign",
    "full",
    "implements",
    "iota",
    "linear",
    "registry",
    "unfit",
]
