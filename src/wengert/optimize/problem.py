"""What the methods of `minimize` are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.optimize.constraints import ConstraintSystem
from wengert.optimize.flat import Parameters, Vector
from wengert.optimize.objective import Objective


@dataclass(frozen=True)
class Problem:
    """Minimize an objective from `start`, within bounds and constraints."""

    objective: Objective
    system: ConstraintSystem
    start: Vector
    lower: Vector
    upper: Vector
    keep_feasible: Any = False

    @property
    def parameters(self) -> Parameters:
        return self.objective.parameters

    @property
    def size(self) -> int:
        return self.parameters.size

    @property
    def is_bounded(self) -> bool:
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())
