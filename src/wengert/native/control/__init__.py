"""Control flow natively: loops, branches, stacks and guards. `REGIONS` gives their writers.

Read `carried.py` (what goes from turn to turn), `loops.py`, `turns.py` with `updates.py` (bodies,
and arrays changed in place), `branches.py`; `tape.py` and `stack_ops.py` for stacks.
"""

from __future__ import annotations

from typing import Any

from wengert.control.cond_equation import cond_p
from wengert.control.guard import guard_p
from wengert.control.lanes import borrow_p, stack_choose_p
from wengert.control.scan import scan_p
from wengert.control.while_loop import while_p
from wengert.native.control.branches import write_checked, write_cond, write_guard
from wengert.native.control.loops import write_scan, write_while
from wengert.native.control.stack_ops import (
    write_items,
    write_stack_add,
    write_stack_choose,
    write_stack_zeros,
)
from wengert.native.places import checked_p
from wengert.ops.stacks import stack_add_p, stack_spread_p, stack_sum_p, stack_zeros_p

REGIONS: dict[Any, Any] = {
    scan_p: write_scan,
    while_p: write_while,
    cond_p: write_cond,
    guard_p: write_guard,
    checked_p: write_checked,
    stack_zeros_p: write_stack_zeros,
    stack_add_p: write_stack_add,
    stack_choose_p: write_stack_choose,
    stack_spread_p: write_items,
    stack_sum_p: write_items,
    borrow_p: write_items,  # of a stack; arrays are expanded
}

__all__ = ["REGIONS"]
