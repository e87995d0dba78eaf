"""What an explanation holds: plain data, made by `gather.py`, shown by `text.py` and `page.py`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from wengert.api.choices import Choice
from wengert.ir.cost import Cost
from wengert.ir.program import Program
from wengert.passes import Report


@dataclass(frozen=True)
class Made:
    """A value that a step makes: `where` is "output", "arena", "memory" or "registers"."""

    name: str
    type: str
    expression: str
    where: str
    bytes: int
    line: str


@dataclass
class Step:
    """One step of a plan.

    `kind` is "nest" (loops over elements), "registers" (numbers computed one by one), "library",
    "rule" (code of a primitive's own), "loop", "branch", "guard" or "callback".
    """

    kind: str
    title: str
    loops: list[tuple[int, str]] = field(default_factory=list)  # depth, text
    made: list[Made] = field(default_factory=list)
    fused: Counter[str] = field(default_factory=Counter)
    detail: str = ""
    lines: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)  # bodies


@dataclass(frozen=True)
class Piece:
    """Arena memory of a value: where, and from which step to which it is needed."""

    label: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass
class Block:
    """A straight list of steps: the function itself, or a body of a loop or branch."""

    steps: list[Step]
    memory: list[Piece] = field(default_factory=list)

    def walk(self) -> list[Step]:
        """All steps, those of bodies after the step they belong to."""
        found = []
        for step in self.steps:
            found.append(step)
            for block in step.blocks:
                found += block.walk()
        return found


@dataclass(frozen=True)
class Path:
    """A specialization: the types it is for and the decisions it was recorded with."""

    types: str
    guards: tuple[str, ...]
    is_this: bool


@dataclass
class Explanation:
    """What became of a function on these arguments; made by `wengert.explain`.

    `print` it, let a notebook show it, or `save` it as a page. The parts are plain data.

    Attributes
    ----------
    name, signature : str
        The function, and the types of the numbers it was called with.
    problem : str
        Why there is no native code, or empty.
    recorded, compiled : Program
        As recorded with its guards, and after the passes, in the equations that were compiled.
    report : Report
        Which rule of the passes was applied how often, and how long each stage took.
    block : Block or None
        The steps of the native function.
    seconds : dict
        "record", "passes", "write", "parse", "codegen", "link", in this order, measured anew.
    found_on_disk : bool
        Whether the function itself came from the disk cache.
    call_seconds : dict
        Of one call: "native", "interpreter", "Python".
    cost : Cost
        Floating-point operations and bytes, estimated.
    touched_bytes : int
        Of arguments and results: the least that any program must move.
    """

    name: str
    signature: str
    problem: str
    recorded: Program
    compiled: Program
    report: Report
    seconds: dict[str, float]
    call_seconds: dict[str, float]
    cost: Cost
    touched_bytes: int
    found_on_disk: bool = False
    has_given_up: bool = False
    block: Block | None = None
    arena_bytes: int = 0
    n_instructions: int = 0
    paths: list[Path] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    ir: str = ""
    assembly: str = ""

    def count(self, kind: str) -> int:
        """How many steps of a kind there are, bodies included."""
        return 0 if self.block is None else sum([s.kind == kind for s in self.block.walk()])

    @property
    def verdict(self) -> str:
        """In one sentence."""
        if self.has_given_up:
            return "Too many different paths were taken: calls like this one run uncompiled."
        if self.problem:
            return f"Runs on the interpreter: {self.problem}"
        words = [
            _counted(self.count("nest"), "loop nest"),
            _counted(self.count("library"), "library call"),
            _counted(self.count("rule"), "written-out routine"),
            _counted(self.count("loop"), "sequential loop"),
            _counted(self.count("branch"), "branch"),
            _counted(self.count("guard"), "guard"),
        ]
        parts = ", ".join([w for w in words if w]) or "straight-line code"
        n = self.count("callback")
        back = f"{_counted(n, 'call')} back into the interpreter" if n else "no call into Python"
        return f"One native function: {parts}; {back}."

    def save(self, path: str | FilePath) -> None:
        """Write the page to a file; it needs no other."""
        from wengert.explanation.page import page

        FilePath(path).write_text(page(self), encoding="utf-8")

    def __str__(self) -> str:
        from wengert.explanation.text import text

        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from wengert.explanation.page import fragment

        return fragment(self)


def _counted(n: int, what: str) -> str:
    if not n:
        return ""
    ending = "" if n == 1 else "es" if what.endswith("ch") else "s"
    return f"{n} {what}{ending}"
