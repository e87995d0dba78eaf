"""Checking derivatives: `check_grads` against differences, `compare_methods` side by side.

Read `gradients` for the check, `methods` for what is compared, `comparison` for the table.
"""

from wengert.checking.comparison import Comparison, Row
from wengert.checking.gradients import check_grads
from wengert.checking.methods import compare_methods

__all__ = ["Comparison", "Row", "check_grads", "compare_methods"]
