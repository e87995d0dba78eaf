"""Compiled code on disk, by Program: digests, warm starts, corrupt entries, many processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import wengert as wg
from wengert.errors import InternalError
from wengert.ir.digest import program_digest
from wengert.ir.primitive import registry
from wengert.ir.program import Equation, Program, Var
from wengert.native import disk_cache, engine, executable, stored
from wengert.types import Type

pytestmark = pytest.mark.skipif(not engine.available(), reason="no LLVM here")


# -- digests ---------------------------------------------------------------------------------------


def digest(f, *args):
    return program_digest(wg.trace(f)(*args))


def test_digests_tell_programs_apart_to_the_bit():
    x = np.ones(3)
    functions = [
        lambda x: x * 0.0,
        lambda x: x * -0.0,
        lambda x: x * 0,
        lambda x: x * float("nan"),
        lambda x: x + 0.0,
        lambda x: x * 1.0,
        lambda x: x * (1.0 + 2**-52),
        lambda x: x * 1j,
        lambda x: x.sum(0),
        lambda x: x.sum(0, keepdims=True),
        lambda x: (x, x * 1.0),
        lambda x: wg.scan(lambda c, y: (c + y, c), 0.0, x),
        lambda x: wg.scan(lambda c, y: (c * y, c), 0.0, x),
    ]
    found = [digest(f, x) for f in functions]
    assert len(set(found)) == len(functions) and None not in found
    assert digest(functions[0], np.ones(4)) != found[0]
    assert digest(functions[0], np.ones(3, "f4")) != found[0]


def test_digests_are_those_of_any_process():
    code = (
        "import numpy as np, wengert as wg\n"
        "from wengert.ir.digest import program_digest\n"
        "f = lambda x: wg.grad(lambda y: np.sum(np.sin(y)[::2] * 0.1))(x)\n"
        "print(program_digest(wg.trace(f)(np.ones(3))).hex())"
    )
    mine = digest(lambda x: wg.grad(lambda y: np.sum(np.sin(y)[::2] * 0.1))(x), np.ones(3))
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout.strip() == mine.hex()


def test_what_has_no_lasting_description_has_no_digest():
    v, out = Var(Type((), float)), Var(Type((), float))
    program = Program([v], [Equation(registry["sin"], (v,), {"how": object()}, (out,))], [out])
    assert program_digest(program) is None
    assert stored.key_of(program, "") is None


# -- in this process -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("WENGERT_CACHE", str(path))
    monkeypatch.setattr(disk_cache, "_has_warned", False)
    # As if nobody were at work on the library's files.
    monkeypatch.setattr(stored, "_sources", lambda: (0.0, b"fixed"))
    monkeypatch.setattr(engine, "source_state", lambda: (0.0, b"fixed"))
    executable.clear_executables()
    yield path
    executable.clear_executables()


def made(f, *args):
    jitted = wg.jit(f)
    jitted(*args)
    ((_, (one,)),) = jitted.specializations()
    return one.executable


def test_a_program_is_found_before_passes_and_ir(folder):
    program = wg.trace(lambda x: np.sum(np.sin(x) * 0.75))(np.ones(5))
    calls = []

    def optimize(program):
        calls.append(program)
        return program

    first = executable.executable_for(program, optimize)
    executable.clear_executables()
    again = executable.executable_for(program, optimize)
    assert not first.from_disk and again.from_disk and len(calls) == 1
    assert again.seconds.write == again.seconds.codegen == 0.0 and again.facts == first.facts
    x = np.arange(5.0)
    assert again.run([x]) == first.run([x])


def test_errors_of_stored_code_name_their_line(folder):
    def f(x, i):
        return x[i] * 0.875

    program = wg.trace(f)(np.ones(3), np.array([0, 1]))
    for _ in range(2):
        one = executable.executable_for(program)
        with pytest.raises(IndexError) as caught:
            one.run([np.ones(3), np.array([0, 7])])
        assert any("test_stored_code.py" in note for note in caught.value.__notes__)
        executable.clear_executables()
    assert one.from_disk


def test_code_with_calls_into_the_interpreter_is_not_kept(folder, monkeypatch):
    monkeypatch.setattr(registry["cos"], "emit", None)
    f = lambda x: np.cos(x) * 0.625
    assert made(f, np.ones(4)).n_callbacks == 1
    executable.clear_executables()
    again = made(f, np.ones(4))
    assert again.seconds.write > 0.0
    np.testing.assert_allclose(again.run([np.ones(4)])[0], np.cos(1.0) * 0.625)


def test_a_corrupt_entry_is_made_again_with_one_warning(folder):
    f = lambda x: np.exp(x) - 0.375
    made(f, 1.0)
    for path in folder.iterdir():
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    executable.clear_executables()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        again = made(f, 1.0)
    assert len(caught) == 1 and "do not match their digest" in str(caught[0].message)
    assert not again.from_disk
    executable.clear_executables()
    assert made(f, 1.0).from_disk


def test_an_entry_that_no_longer_links_is_made_again(folder, monkeypatch):
    f = lambda x: np.exp(x) - 0.4375
    made(f, 1.0)
    executable.clear_executables()
    link, refusals = engine.link_blob, []

    def refuse_once(blob, name):
        if refusals:
            return link(blob, name)
        refusals.append(name)
        raise InternalError("a symbol is missing")

    monkeypatch.setattr(engine, "link_blob", refuse_once)
    again = made(f, 1.0)
    assert refusals == ["wengert_kernel"] and again.seconds.write > 0.0
    assert again.run([1.0])[0] == pytest.approx(np.exp(1.0) - 0.4375)


def test_nothing_is_kept_while_the_library_changes(folder, monkeypatch):
    program = wg.trace(lambda x: x * 0.3125)(1.0)
    monkeypatch.setattr(stored, "_sources", lambda: (time.time() + 1, b"fixed"))
    assert stored.key_of(program, "") is None
    monkeypatch.setattr(stored, "_sources", lambda: (0.0, b"fixed"))
    monkeypatch.setattr(engine, "source_state", lambda: (0.0, b"other"))
    executable.executable_for(program)
    executable.clear_executables()
    assert executable.executable_for(program).seconds.write > 0.0


def test_clear_cache_clears_both_levels(folder):
    f = wg.jit(lambda x: np.sinh(x) + 0.1875)
    f(1.0)
    assert any(folder.iterdir())
    wg.clear_cache(disk=False)
    assert any(folder.iterdir()) and not executable._executables
    wg.clear_cache()
    assert not any(p.suffix == ".native" for p in folder.iterdir())
    assert f(2.0) == pytest.approx(np.sinh(2.0) + 0.1875)


def test_the_cache_can_be_switched_off(folder, monkeypatch):
    monkeypatch.setenv("WENGERT_CACHE", "off")
    made(lambda x: np.sinh(x) + 0.21875, 1.0)
    assert not folder.exists()


# -- from one process to the next ------------------------------------------------------------------

SCRIPT = """
import json, time
import numpy as np, wengert as wg

def f(x):
    return np.sum(np.sin(x) ** 2 + np.exp(-x) * x)

jitted = wg.jit(wg.value_and_grad(f))
x = np.linspace(0.0, 1.0, 100)
start, used = time.perf_counter(), time.process_time()
value, gradient = jitted(x)
seconds, cpu = time.perf_counter() - start, time.process_time() - used
((_, (one,)),) = jitted.specializations()
print(json.dumps({
    "seconds": seconds, "cpu": cpu, "value": float(value), "gradient": gradient.tolist(),
    "from_disk": one.executable.from_disk, "written": one.executable.seconds.write,
}))
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """The library as it is now: its files may be worked on while the test runs."""
    root = tmp_path_factory.mktemp("snapshot")
    shutil.copytree(Path(wg.__file__).parent, root / "wengert")
    for path in root.rglob("*.py"):
        os.utime(path, (1e9, 1e9))
    return root


def process(snapshot, folder):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(snapshot), "WENGERT_CACHE": str(folder)},
    )
    return json.loads(done.stdout)


def test_the_second_process_finds_the_code(snapshot, tmp_path):
    process(snapshot, tmp_path / "warm-up")  # also compiles the library's own files
    cold = process(snapshot, tmp_path / "cache")
    warm = process(snapshot, tmp_path / "cache")
    assert not cold["from_disk"] and warm["from_disk"]
    assert warm["written"] == 0.0
    assert warm["cpu"] < cold["cpu"]
    assert (warm["value"], warm["gradient"]) == (cold["value"], cold["gradient"])


def test_processes_at_once_share_a_cache(snapshot, tmp_path):
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: process(snapshot, tmp_path / "cache"), range(3)))
    assert len({json.dumps([r["value"], r["gradient"]]) for r in results}) == 1
    assert process(snapshot, tmp_path / "cache")["from_disk"]
