"""The pages of the API reference, from the public names of the package: called by docs/conf.py.

One page a module: its docstring, a table of its names, and a page for each name that has a
docstring of ours. Names that are another library's own (SciPy's ufuncs in `wengert.scipy.special`,
NumPy's functions in `wengert.numpy`) are listed only.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

MODULES = {
    "Transforms and compiling": ("wengert",),
    "Arrays": (
        "wengert.numpy",
        "wengert.numpy.linalg",
        "wengert.numpy.fft",
        "wengert.numpy.polynomial",
        "wengert.random",
    ),
    "SciPy": (
        "wengert.scipy.special",
        "wengert.scipy.stats",
        "wengert.scipy.linalg",
        "wengert.scipy.fft",
        "wengert.scipy.signal",
        "wengert.scipy.ndimage",
        "wengert.scipy.interpolate",
        "wengert.scipy.integrate",
        "wengert.scipy.optimize",
        "wengert.scipy.sparse",
        "wengert.scipy.sparse.linalg",
    ),
    "Sparse derivatives and solvers": ("wengert.sparse", "wengert.optimize"),
    "Other ways to a derivative": ("wengert.numeric", "wengert.symbolic", "wengert.implicit"),
    "Beyond the library": (
        "wengert.extend",
        "wengert.interop",
        "wengert.compat.autograd",
        "wengert.draw",
        "wengert.errors",
    ),
}
# The tables of a module with many names of several kinds; a test holds them to every name.
GROUPS: dict[str, dict[str, str]] = {
    "wengert": {
        "Derivatives": """grad value_and_grad derivative elementwise_grad jacobian
            value_and_jacobian jacfwd jacrev hessian hessian_diagonal""",
        "Products with derivatives": "jvp vjp linearize linear_transpose hvp vhp",
        "Taylor mode": "jet taylor",
        "Mapping, compiling, recording": "vmap jit trace Program explain clear_cache",
        "Control flow": "cond switch scan map fori_loop while_loop",
        "Shaping derivatives": """stop_gradient checkpoint remat custom_jvp custom_vjp
            implicit_root implicit_minimum""",
        "Checking": "check_grads compare_methods debug_nans WengertError",
    },
}


def write(folder: Path) -> None:
    """Write all pages into a folder, leaving alone what is up to date."""
    pages = {"index.md": _index()}
    for module in [name for names in MODULES.values() for name in names]:
        pages[f"{module}.md"] = _page(module)
        pages |= {f"generated/{module}.{n}.rst": _entry(module, n) for n in own_names(module)}
    (folder / "generated").mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.md"), *folder.glob("generated/*.rst")]:
        if old.relative_to(folder).as_posix() not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _entry(module: str, name: str) -> str:
    """The page of one name."""
    value = getattr(importlib.import_module(module), name)
    lines = [name, "=" * len(name), "", f".. currentmodule:: {module}", ""]
    if inspect.isclass(value):
        kind = "exception" if issubclass(value, BaseException) else "class"
        lines += [f".. auto{kind}:: {name}", "   :members:" if kind == "class" else ""]
    else:
        lines += [f".. auto{'function' if callable(value) else 'data'}:: {name}"]
    return "\n".join([*lines, ""])


def _index() -> str:
    lines = ["# Reference", "", "Every public name, from its docstring.", ""]
    for subject, names in MODULES.items():
        lines += [f"## {subject}", "", "```{list-table}", ":widths: 35 65", ""]
        for name in names:
            lines += [f"* - [`{name}`]({name}.md)", f"  - {_first_line(name)}"]
        lines += ["```", ""]
    lines += ["```{toctree}", ":hidden:", ""]
    lines += [name for names in MODULES.values() for name in names]
    return "\n".join([*lines, "```", ""])


def _first_line(name: str) -> str:
    return (inspect.getdoc(importlib.import_module(name)) or "").partition("\n")[0]


def _page(name: str) -> str:
    lines = [f"# {name}", "", "```{eval-rst}", f".. automodule:: {name}", "   :no-members:", "```"]
    own = own_names(name)
    groups = GROUPS.get(name, {"": " ".join(own)})
    for title, names in groups.items():
        if title:
            lines += ["", f"## {title}"]
        lines += _table(name, [n for n in names.split() if n in own])
    if name == "wengert.numpy":
        lines += ["", "Everything else is NumPy's own, under the same name."]
    elif others := other_names(name):
        lines += ["", "Also there, with the names and arguments of the library they come from:", ""]
        lines.append(" ".join([f"`{n}`" for n in others]))
    return "\n".join([*lines, ""])


def _table(module: str, names: list[str]) -> list[str]:
    if not names:
        return []
    lines = ["", "```{eval-rst}", f".. currentmodule:: {module}", "", ".. autosummary::"]
    lines += ["   :toctree: generated", "   :nosignatures:", ""]
    return [*lines, *[f"   {n}" for n in names], "```"]


def own_names(name: str) -> list[str]:
    """The public names of a module with docstrings of ours."""
    module = importlib.import_module(name)
    return [n for n in _public(module) if _is_ours(_value(module, n))]


def other_names(name: str) -> list[str]:
    """Those that another library defines: SciPy's ufuncs have rules, but not our docstrings."""
    module = importlib.import_module(name)
    found = [n for n in _public(module) if not _is_ours(_value(module, n))]
    if name == "wengert.scipy.special":
        from wengert.ops.special import FUNCTIONS

        found += [n for n in FUNCTIONS if n[0] != "_" and n not in own_names(name)]
    return sorted(set(found))


def _public(module: Any) -> list[str]:
    listed = getattr(module, "__all__", None)
    if listed is None:
        listed = [n for n, value in vars(module).items() if _home(value) == module.__name__]
    return sorted(n for n in listed if n[0] != "_" and not inspect.ismodule(_value(module, n)))


def _value(module: Any, name: str) -> Any:
    """What a module has under a name; None where the library that it is about is not there."""
    try:
        return getattr(module, name)
    except ModuleNotFoundError:
        return None


def _is_ours(value: Any) -> bool:
    """Whether a docstring of ours is there: not one of NumPy's, nor that of an object's class."""
    wrapped = getattr(value, "__wrapped__", value)
    is_instance = not (inspect.isclass(value) or inspect.isroutine(value))
    doc = inspect.getdoc(value)
    is_described = bool(doc) and not (is_instance and doc == inspect.getdoc(type(value)))
    return is_described and all([_home(v).startswith("wengert") for v in (value, wrapped)])


def _home(value: Any) -> str:
    return getattr(value, "__module__", None) or ""


INDENTED = re.compile(r"\n\n(?=    \S)")
TITLE = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def module_docstring(app: Any, what: str, name: str, obj: Any, options: Any, lines: Any) -> None:
    """Indented lines in a module's docstring are tables or code, and titles are not sections."""
    if what != "module":
        return
    text = INDENTED.sub("\n\n::\n\n", "\n" + "\n".join(lines)).strip("\n")
    text = TITLE.sub(r".. rubric:: \1\n", text)
    lines[:] = text.split("\n")
