"""What the passes did: one `StageReport` a stage, and the `Report` that collects them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class StageReport:
    """One run of one stage.

    Attributes
    ----------
    stage : str
    fired : Counter
        How often each rule was applied, by name; bodies of loops and branches included.
    before, after : int
        Equations of the Program itself, those of inner Programs not counted.
    seconds : float
    """

    stage: str
    fired: Counter[str] = field(default_factory=Counter)
    before: int = 0
    after: int = 0
    seconds: float = 0.0


@dataclass
class Report:
    """The stages in the order in which they ran.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.passes import Report, optimize
    >>> report = Report()
    >>> _ = optimize(wg.trace(lambda x: x * 1.0 + np.sin(x))(1.0), report)
    >>> report.fired["x * 1 = x"]
    1
    """

    stages: list[StageReport] = field(default_factory=list)

    @property
    def fired(self) -> Counter[str]:
        """The rules of all stages together."""
        return sum([stage.fired for stage in self.stages], Counter())

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    def __str__(self) -> str:
        lines = []
        for s in self.stages:
            lines.append(f"{s.stage:10} {s.before:6} -> {s.after:6}  {1e3 * s.seconds:8.2f} ms")
            lines += [f"    {count:6} x {name}" for name, count in s.fired.most_common()]
        return "\n".join(lines)
