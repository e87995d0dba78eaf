"""Every case of every `cases_<family>.py`, through every check of `checks.py` that applies."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import Any

import pytest

from primitives.checks import CHECKS, in_both_fields, parameters
from primitives.harness import Case


def load() -> tuple[dict[str, Any], dict[str, str]]:
    """The cases of each family, and what went wrong in files that could not be imported."""
    cases: dict[str, Any] = {}
    failures: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        try:
            module = importlib.import_module(f"primitives.{path.stem}")
            cases[path.stem.removeprefix("cases_")] = module.CASES
        except Exception:  # reported below, so that one broken file does not hide the others
            failures[path.name] = traceback.format_exc()
    return cases, failures


FAMILIES, FAILURES = load()


def test_every_file_of_cases_was_read() -> None:
    assert FAMILIES
    assert not FAILURES, "\n".join(FAILURES.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_names_of_cases_differ(family: str) -> None:
    names = [case.name for case in in_both_fields(FAMILIES[family])]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("case, check", parameters(FAMILIES))
def test_case(case: Case, check: str) -> None:
    CHECKS[check](case)
