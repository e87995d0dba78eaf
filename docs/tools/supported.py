"""Write docs/supported.md: `python -m docs.tools.supported` in the root of a checkout.

With `--check` nothing is written; the exit status says whether the page is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs.tools.functions import REFUSED_METHODS, others, promised, refused
from docs.tools.matrix import CAPABILITIES, Cell, matrix, primitives

PAGE = Path(__file__).parent.parent / "supported.md"
WIDTH = 100

HEAD = """\
# What is supported

*This page is written by `make supported` (`python -m docs.tools.supported`) from the tables and
records of the package; a test keeps it up to date.*

Every function below takes traced arguments: in forward and reverse mode, to any order, under `jit`
and `vmap` and in Taylor mode, with the arguments that NumPy gives it (axis tuples, `keepdims`,
`where=`, `out=`, `dtype=` where the function has them). Results whose shape depends on values
(boolean indices, `nonzero`, `unique`) are possible where there are values, so not under `vmap`.

What is not listed raises `MissingRuleError`, by name, when it meets a traced value;
`wengert.custom_jvp`, `wengert.custom_vjp` and `wengert.extend` are the ways to add a rule.

Names are NumPy's. `x.` marks a method or attribute of arrays, `wnp.` stands for `wengert.numpy`,
and `scipy.` for the same function in `wengert.scipy`.

## Functions
"""

MATRIX = """\
## Primitives

Functions are made of primitives, the equations of a Program. What each can do follows from its
record:

- **rule**: written in the record
- **derived**: follows from the record's other facts: from partial derivatives; from being linear
  or bilinear; from the linearization (a nonlinear primitive is transposed, and expanded in a Taylor
  series, by way of it); from being elementwise; for the source, a call of the implementation
- **expansion**: the record holds or builds Programs, which are transformed in its place
- **zero**: the derivative is zero by nature: booleans, integers, steps
- **library**, **loop**, **callback**: how compiled code does it, where not by code of its own: it
  calls BLAS or LAPACK, or is a loop or branch, or calls the interpreter back, for a reason that
  stands below the table
- **everything**: of the sparsity of derivatives nothing is known; see below the table
- **–**: refused, with a reason; see below the table
"""

TITLES = {
    "jvp": "derivative",
    "transpose": "transpose",
    "sparsity": "sparsity",
    "batch": "batch",
    "series": "Taylor",
    "source": "source",
    "cost": "cost",
    "in_place": "in place",
    "native": "native",
}

FACTS = """\
## Facts

Domains, kinks and conventions, as the records state them. `docs/conventions.md` explains the
choices.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, functions_text(), MATRIX, matrix_text(), refusals_text(), facts_text()])


def functions_text() -> str:
    """The lists of functions."""
    lines = []
    for group in promised():
        lines += [f"### {group.subject}", "", wrapped(group.handled)]
        if group.missing:
            lines += ["Promised and missing:", "", wrapped(group.missing)]
    lines += ["### Also handled", "", wrapped(others())]
    lines += [
        "### Functions of NumPy that refuse traced arguments, by name",
        "",
        wrapped(refused()),
    ]
    methods = tuple(f"x.{name}" for name in REFUSED_METHODS)
    lines += ["### Methods of arrays that refuse, by name", "", wrapped(methods)]
    return "\n".join(lines)


def wrapped(names: tuple[str, ...]) -> str:
    """Names as code, in lines of at most `WIDTH` characters."""
    lines = [""]
    for name in names:
        item = f"`{name}`"
        if lines[-1] and len(lines[-1]) + 1 + len(item) > WIDTH:
            lines.append(item)
        else:
            lines[-1] = f"{lines[-1]} {item}".strip()
    return "\n".join(lines) + "\n"


def matrix_text() -> str:
    """The table of primitives and capabilities."""
    lines = ["| primitive | " + " | ".join(TITLES[c] for c in CAPABILITIES) + " |"]
    lines.append("|---" * (len(CAPABILITIES) + 1) + "|")
    for name, row in matrix().items():
        cells = [short(row[c]) for c in CAPABILITIES]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def short(cell: Cell) -> str:
    """A cell in a word."""
    return {"unsupported": "–", "by expansion": "expansion", "": "**blank**"}.get(
        cell.kind, cell.kind
    )


def refusals_text() -> str:
    """The reasons of all refusals, alike ones together."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, row in matrix().items():
        for capability, cell in row.items():
            if cell.kind in ("unsupported", "callback", "everything"):
                reasons.setdefault((capability, cell.note), []).append(name)
    lines = ["Refused, native code that calls back, and sparsity that is not known:", ""]
    for (capability, note), names in sorted(reasons.items()):
        who = ", ".join(f"`{n}`" for n in names) if len(names) <= 8 else "all others"
        lines.append(f"- {TITLES[capability]}: {note} ({who})")
    return "\n".join(lines) + "\n"


def facts_text() -> str:
    """What the records say of domains, kinks and conventions."""
    lines = [FACTS]
    for primitive in primitives():
        told = {k: v for k, v in primitive.facts.items() if isinstance(v, str)}
        if told:
            texts = [f"{kind.replace('_', ' ')}: {text}" for kind, text in told.items()]
            lines.append(f"- `{primitive.name}`: {'; '.join(texts)}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in arguments:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
