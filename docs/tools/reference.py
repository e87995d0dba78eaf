"""The pages of the API reference, from the public names of the package: called by docs/conf.py.

One page a module: its docstring, a table of its names, and a page for each name that has a
docstring of ours. Names that are another library's own (SciPy's ufuncs in `wengert.scipy.special`,
NumPy's functions in `wengert.numpy`) are listed only.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

MODULES = {
    "Transforms and compiling": ("wengert",),
    "Arrays": ("wengert.numpy", "wengert.random"),
    "SciPy": (
        "wengert.scipy.special",
        "wengert.scipy.linalg",
        "wengert.scipy.stats",
        "wengert.scipy.fft",
        "wengert.scipy.signal",
        "wengert.scipy.ndimage",
        "wengert.scipy.interpolate",
        "wengert.scipy.integrate",
        "wengert.scipy.optimize",
        "wengert.scipy.sparse",
    ),
    "Other ways to a derivative": ("wengert.numeric", "wengert.symbolic", "wengert.implicit"),
    "Beyond the library": (
        "wengert.extend",
        "wengert.interop",
        "wengert.compat.autograd",
        "wengert.draw",
        "wengert.errors",
    ),
}


def write(folder: Path) -> None:
    """Write all pages into a folder, leaving alone what is up to date."""
    folder.mkdir(exist_ok=True)
    pages = {"index.md": _index()}
    for names in MODULES.values():
        for name in names:
            pages[f"{name}.md"] = _page(name)
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _index() -> str:
    lines = ["# Reference", "", "Every public name, from its docstring.", ""]
    for subject, names in MODULES.items():
        lines += [f"## {subject}", "", "| module | |", "|---|---|"]
        lines += [f"| [`{name}`]({name}.md) | {_first_line(name)} |" for name in names]
        lines.append("")
    lines += ["```{toctree}", ":hidden:", ""]
    lines += [name for names in MODULES.values() for name in names]
    return "\n".join([*lines, "```", ""])


def _first_line(name: str) -> str:
    return (inspect.getdoc(importlib.import_module(name)) or "").partition("\n")[0]


def _page(name: str) -> str:
    module = importlib.import_module(name)
    lines = [f"# {name}", "", "```{eval-rst}", f".. automodule:: {name}", "   :no-members:", "```"]
    own, others = _names(name, module)
    if own:
        lines += ["", "```{eval-rst}", f".. currentmodule:: {name}", "", ".. autosummary::"]
        lines += ["   :toctree: generated", "   :nosignatures:", ""]
        lines += [f"   {n}" for n in own]
        lines.append("```")
    if others:
        lines += ["", "Also there, as in the library that it comes from:", ""]
        lines.append(" ".join([f"`{n}`" for n in others]))
    return "\n".join([*lines, ""])


def _names(name: str, module: Any) -> tuple[list[str], list[str]]:
    """The public names with docstrings of ours, and those of other libraries."""
    public = sorted(n for n in getattr(module, "__all__", None) or vars(module) if n[0] != "_")
    own, others = [], []
    for n in public:
        value = getattr(module, n)
        if inspect.ismodule(value):
            continue
        home = getattr(value, "__module__", None) or ""
        if "__all__" not in vars(module) and home != name:
            continue
        is_ours = home.startswith("wengert") and bool(inspect.getdoc(value))
        (own if is_ours else others).append(n)
    return own, others
