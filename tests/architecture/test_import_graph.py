"""Imports go down only: the floors of ARCHITECTURE.md, enforced on the source text."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "wengert"

FLOORS = {
    "errors": 0,
    "types": 0,
    "trees": 0,
    "ir": 1,
    "trace": 2,
    "ops": 3,
    "transforms": 4,
    "numpy": 4,
    "scipy": 4,
    "control": 5,
    "passes": 6,
    "native": 6,
    "compression": 7,
    "api": 8,
    "numeric": 9,
    "symbolic": 9,
    "draw": 9,
    "implicit": 9,
    "random": 9,
    "extend": 10,
    "scipy.sparse": 10,
    "scipy.stats": 10,
    "sparse": 11,
    "scipy.integrate": 12,
    "scipy.optimize": 12,
    "optimize": 13,
    "checking": 13,
    "explanation": 13,
    "expression": 13,
    "interop": 13,
    "compat": 14,
    "demo": 14,
    "cli": 15,
    "__init__": 16,
}
# Third-party packages that only some parts may import, and nobody when `wengert` is imported.
GUARDED = {
    "sympy": {"symbolic", "demo"},
    "matplotlib": {"demo", "sparse"},
    "rich": {"checking", "demo", "cli", "optimize"},
    "ipyopt": {"optimize"},
    "sklearn": {"demo"},
    "statsmodels": {"demo"},
    "torch": {"interop"},
    "jax": {"interop"},
    "optree": {"trees"},
    "llvmlite": {"native"},
}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def part_named(dotted):
    """The entry of FLOORS that a module below `wengert` belongs to: the longest that fits."""
    first, _, rest = dotted.partition(".")
    inner = f"{first}.{rest.partition('.')[0]}"
    return inner if inner in FLOORS else first


def part_of(path):
    return part_named(".".join(path.relative_to(SOURCE).with_suffix("").parts))


def imported(path):
    """(part of wengert or None, top-level package, line) for every import in a file."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}:{node.lineno}"
            names = [node.module]
            if node.module == "wengert":
                names = [f"wengert.{alias.name}" for alias in node.names]
        for name in names:
            top, _, rest = name.partition(".")
            part = part_named(rest)
            if top == "wengert" and (
                not part or (part not in FLOORS and not (SOURCE / part).exists())
            ):
                part = "api"  # a public name, taken from the package itself
            yield (part if top == "wengert" else None), top, node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_down(path):
    own = part_of(path)
    assert own in FLOORS, f"{own} has no floor: give it one here and in ARCHITECTURE.md"
    for part, _, line in imported(path):
        if part is None or part == own:
            continue
        if own != "__init__":
            assert part in FLOORS, f"{path}:{line} imports the unknown part {part!r}"
        assert FLOORS.get(part, 15) < FLOORS[own], (
            f"{path}:{line}: {own} (floor {FLOORS[own]}) imports {part} (floor {FLOORS.get(part)})"
        )


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_third_party_packages_stay_in_their_place(path):
    for _, top, line in imported(path):
        if top in GUARDED:
            assert part_of(path) in GUARDED[top], f"{path}:{line} imports {top}"


def test_importing_wengert_is_light():
    code = (
        "import sys, wengert; heavy = 'sympy matplotlib rich sklearn statsmodels jax torch'.split()"
        "; print([m for m in sys.modules if m.split('.')[0] in heavy or m.startswith('scipy.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent)},
    )
    assert done.stdout.strip() == "[]"
