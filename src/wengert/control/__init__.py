"""Control flow and custom rules as equations.

What users call stands in `loops.py`, `open_loops.py`, `branches.py`, `checkpoint.py`,
`custom_jvp.py` and `custom_vjp.py`. To see how it works read `scan.py` with `loop_rules.py`,
`scan_transpose.py` and `scan_batch.py`; then `while_loop.py`, `cond_equation.py`, `lanes.py`;
`call.py` runs a Program as one equation, `custom_equation.py` one with a rule of its own.
"""

from wengert.control import rendering as _rendering  # gives the records their source text
from wengert.control.branches import cond, switch
from wengert.control.checkpoint import checkpoint, remat, stop_gradient
from wengert.control.custom_jvp import custom_jvp
from wengert.control.custom_vjp import custom_vjp
from wengert.control.loops import map, scan
from wengert.control.open_loops import fori_loop, while_loop

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
