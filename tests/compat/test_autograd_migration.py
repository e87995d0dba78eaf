"""The program of the migration page: `after.py` is `before.py` with other imports, and agrees."""

from __future__ import annotations

import difflib
import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parents[2] / "examples" / "autograd_migration"
NAMES = """logistic variational gaussian pacific recurrent autoencoder poisson mixture fixed
elementwise""".split()


def run(name: str) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return module.main(small=True)


def test_only_import_lines_differ() -> None:
    before, after = [
        (HERE / f"{n}.py").read_text("utf-8").splitlines() for n in ("before", "after")
    ]
    changed = [
        line
        for line in difflib.ndiff(before, after)
        if line.startswith(("- ", "+ "))  # "? " marks the places within lines
    ]
    assert len(changed) > 10 and len(before) > 250
    for line in changed:
        assert line[2:].startswith(("import ", "from ")) and "autograd" in line
    assert [line.replace("wengert.compat.autograd", "autograd") for line in after] == before


def test_it_runs_and_agrees() -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("statsmodels")
    found = run("after")
    assert {name.split(":")[0].split(" ")[0] for name in found} == set(NAMES)
    assert all(np.all(np.isfinite(value)) for value in found.values())
    first, last = found["recurrent: loss"]
    assert last < first
    np.testing.assert_allclose(found["fixed point"], [np.sqrt(2.0), np.sqrt(0.125)], rtol=1e-9)
    pytest.importorskip("autograd")
    expected = run("before")
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-7, err_msg=name)
