"""Passes: from a Program to an equal one that does less, before any backend sees it.

Read `pattern.py` (what a rule is), then the tables `arithmetic_rules.py`, `structure_rules.py` and
`product_rules.py`, which read like algebra; `rewriting.py` applies them in one walk. `push.py`,
`parts.py` and `buffers.py` work on what is asked for; `inline.py`, `control.py`, `loops.py` and
`sharing.py` are the other stages; `stages.py` runs them all.
"""

from wengert.passes.pattern import Changes, Rule
from wengert.passes.report import Report, StageReport
from wengert.passes.stages import STAGES, TABLE, optimize

__all__ = ["STAGES", "TABLE", "Changes", "Report", "Rule", "StageReport", "optimize"]
