"""Control flow and custom rules as equations.

Read `scan.py` first, then `while_loop.py` and `branches.py`; `loops.py` and the end of
`branches.py` are what users call. `call.py` and `checkpoint.py` run a Program as one equation,
`custom_jvp.py` and `custom_vjp.py` replace its derivative.
"""

from wengert.control import rendering as _rendering  # gives the records their source text
from wengert.control.branches import cond, switch
from wengert.control.checkpoint import checkpoint, remat, stop_gradient
from wengert.control.custom_jvp import custom_jvp
from wengert.control.custom_vjp import custom_vjp
from wengert.control.loops import fori_loop, map, scan, while_loop

__all__ = [
    "checkpoint",
    "cond",
    "custom_jvp",
    "custom_vjp",
    "fori_loop",
    "map",
    "remat",
    "scan",
    "stop_gradient",
    "switch",
    "while_loop",
]

del _rendering
