"""The demonstration: three problems, and one HTML page with what came out.

    digits     train a classifier of handwritten digits
    co2        fit a nonlinear model to measurements, with an exact Jacobian and standard errors
    helmholtz  one gradient by every method: time, size of expressions, error

Each part is a file with a function `run(screen, quick)` that returns its result; `report` turns
results into the page. Needs the extra: ``pip install "wengert[demo]"``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wengert.demo.progress import Screen, open_screen
from wengert.errors import MissingExtraError

PARTS = ("digits", "co2", "helmholtz")
TITLES = {
    "digits": "Handwritten digits",
    "co2": "Carbon dioxide at Mauna Loa",
    "helmholtz": "One gradient, every method",
}
_PACKAGES = {
    "digits": {"sklearn": "scikit-learn"},
    "co2": {"statsmodels": "statsmodels"},
    "helmholtz": {"sympy": "sympy"},
}


def run(
    parts: Sequence[str] = PARTS,
    *,
    quick: bool = False,
    output: Path | str = "wengert-demo.html",
    screen: Screen | None = None,
) -> Path:
    """Run parts of the demonstration and write the page.

    Parameters
    ----------
    parts : sequence of str
        Any of `PARTS`; each runs once, in the order of `PARTS`.
    quick : bool, default False
        Smaller runs.
    output : path, default "wengert-demo.html"
        The page; a file of that name is replaced.
    screen : Screen, optional
        Where to show progress; the terminal if not given.

    Returns
    -------
    Path
        Where the page is.

    Raises
    ------
    MissingExtraError
        If a package that a part needs is not installed.
    FileNotFoundError
        If the page's directory does not exist; found out before anything runs.
    """
    chosen = [part for part in PARTS if part in parts]
    _require(chosen)
    path = Path(output).resolve()
    if not path.parent.is_dir():  # which should not cost the user the whole run
        raise FileNotFoundError(f"there is no directory {path.parent} to write the page to")
    screen = open_screen() if screen is None else screen
    results: dict[str, Any] = {}
    for part in chosen:
        screen.heading(TITLES[part])
        results[part] = import_module(f"wengert.demo.{part}").run(screen, quick=quick)
    from wengert.demo import report

    path.write_text(report.page(results), encoding="utf-8")
    screen.say(f"\nThe page with all figures and tables: {path}")
    return path


def _require(parts: Sequence[str]) -> None:
    packages = {"matplotlib": "matplotlib"}
    for part in parts:
        packages |= _PACKAGES[part]
    missing = [package for module, package in packages.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            "the demonstration needs packages that are not installed.",
            got="no " + ", no ".join(missing),
            where="",
            try_='pip install "wengert[demo]"',
        )
