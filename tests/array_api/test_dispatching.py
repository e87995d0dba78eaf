"""SciPy and scikit-learn compute with traced arrays through the standard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wengert


def test_programs_of_scipy_and_scikit_learn():
    pytest.importorskip("sklearn", minversion="1.7")
    pytest.importorskip("scipy", minversion="1.17")  # Rotation
    path = Path(__file__).with_name("dispatching.py")
    source = str(Path(wengert.__file__).parents[1])  # the package under test, wherever it lies
    run = subprocess.run(
        [sys.executable, path],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": source},
    )
    assert run.returncode == 0, run.stderr
    rows = [line.split("\t") for line in run.stdout.splitlines() if "\t" in line]
    assert len(rows) == 30
    wrong = [row for row in rows if float(row[1]) > 1e-6 or float(row[2]) > 1e-12]
    assert not wrong
