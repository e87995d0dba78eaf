"""The rows of the table: a program at a size, with its data, and every workload by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks.compiled.names import EAGER_PEERS, MODULES, PEERS, WORKLOADS
from benchmarks.compiled.toolkits import Function, Toolkit

__all__ = ["EAGER_PEERS", "Case", "Pair", "cases"]


class Pair(NamedTuple):
    """A function and its derivative, both of all arguments of the case, not yet compiled."""

    function: Function
    derivative: Function


@dataclass(frozen=True)
class Case:
    """A workload at one size.

    Parameters
    ----------
    workload, size : str
        What the tables call it.
    build : callable
        ``build(toolkit)`` gives the `Pair` that a contestant runs.
    data : callable
        Makes the arguments, a tuple of NumPy arrays, from a fixed seed.
    is_small : bool
        Whether ``--sizes small`` has it.
    dtype : str
        What it computes in, which sets how well answers must agree.
    peers : tuple of str
        Who takes part beside Wengert.
    has_numpy_io : bool
        Whether every call takes NumPy arrays and gives them back (else each library's own).
    is_parallel : bool
        Whether a second thread may help; the others run single-threaded only.
    check_data : callable or None
        Other arguments of the same shapes at which answers are compared, where those that are
        timed would show nothing.
    """

    workload: str
    size: str
    build: Callable[[Toolkit], Pair]
    data: Callable[[], tuple[Any, ...]]
    is_small: bool = True
    dtype: str = "float64"
    peers: tuple[str, ...] = PEERS
    has_numpy_io: bool = False
    is_parallel: bool = True
    check_data: Callable[[], tuple[Any, ...]] | None = None

    @property
    def name(self) -> str:
        """The name by which processes speak of it."""
        return f"{self.workload}: {self.size}"


def cases(workloads: tuple[str, ...] = WORKLOADS, sizes: str = "all") -> Iterator[Case]:
    """The rows of these workloads; ``sizes`` is ``small`` or ``all``."""
    for workload, module in MODULES.items():
        if workload in workloads:
            for case in import_module(f"benchmarks.compiled.{module}").cases():
                if case.workload == workload and (case.is_small or sizes == "all"):
                    yield case
