"""Passes: from a Program to an equal one that does less, before any backend sees it.

Read `pattern.py` (what a rule is), then the tables `arithmetic_rules.py`, `shape_rules.py`,
`read_rules.py`, `sum_rules.py` and `product_rules.py`, which read like algebra; `rewriting.py`
applies them in one walk. `push.py`, with `parts.py` (`moved_parts.py`, `worked_parts.py`) and
`buffers.py`, works on what is asked for; `inline.py`, `control.py` with `loops.py`, and
`sharing.py` are the other stages; `stages.py` runs them all.
"""

from wengert.passes.pattern import Changes, Rule
from wengert.passes.report import Report, StageReport
from wengert.passes.stages import STAGES, TABLE, optimize

__all__ = ["STAGES", "TABLE", "Changes", "Report", "Rule", "StageReport", "optimize"]
