"""jit on native code: kinds of arguments, methods, threads, forks, re-entry, and going without."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import timeit
import warnings

import numpy as np
import pytest

import wengert as wg
from wengert.api import calls, specialize
from wengert.api import jit as jit_module
from wengert.errors import ArgumentError, CompilerWarning
from wengert.ir.primitive import registry
from wengert.native import engine, entry
from wengert.native.python_entry import PythonEntry

native = pytest.mark.skipif(not engine.available(), reason="no LLVM here")


def poly(x):
    return np.sum(3.0 * x**2 - x)


# -- kinds of arguments ----------------------------------------------------------------------------


def test_many_shapes_warn_once_and_say_what_changes():
    f = wg.jit(poly)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(1, jit_module.MANY_KINDS + 5):
            x = np.arange(float(n))
            assert f(x) == pytest.approx(poly(x))
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith("jit: poly was recorded and compiled for 17 different kinds")
    assert "args[0]" in message or "argument 0" in message
    assert "float64[1], float64[2], float64[3], float64[17]" in message


def test_many_static_values_warn_too():
    f = wg.jit(lambda x, n: x * n, static_argnums=1)
    for n in range(16):
        f(1.0, n)
    with pytest.warns(RuntimeWarning, match=r"argument 1 .* changes: 0, 1, 2, 16"):
        f(1.0, 16)


def test_many_structures():
    f = wg.jit(lambda p: sum(p.values()))
    for n in range(16):
        f({f"k{n}": 1.0})
    with pytest.warns(RuntimeWarning, match="their structure changes"):
        f({"k16": 1.0})


def test_the_number_of_kinds_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(jit_module, "MAX_KINDS", 3)
    f = wg.jit(poly)
    for n in range(1, 7):
        f(np.ones(n))
    assert len(f.specializations()) == 3
    assert f(np.ones(1)) == 2.0


@pytest.mark.parametrize(
    "args, kwargs, path",
    [
        ((1.0, np.array([None, 1])), {}, "args[1]"),
        (({"a": [1.0, np.array(["x"])]},), {}, "args[0]['a'][1]"),
        ((1.0,), {"p": (np.array([b"x"]),)}, "kwargs['p'][0]"),
        ((np.zeros(2, "M8[s]"),), {}, "args[0]"),
        ((1.0, [{1, 2}]), {}, "args[1][0]"),
    ],
)
def test_what_cannot_be_traced_is_named_with_its_path(args, kwargs, path):
    with pytest.raises(ArgumentError) as caught:
        wg.jit(lambda *a, **k: a[0])(*args, **kwargs)
    assert f"at {path}\n" in str(caught.value)


def test_strings_and_other_hashable_things_are_static():
    f = wg.jit(lambda x, names: x * len(names[0]))
    assert f(2.0, ["abc"]) == 6.0 and f(2.0, ["ab"]) == 4.0 and f(3.0, ["abc"]) == 9.0


def test_paths_of_leaves():
    assert calls.argument_path(2, (1.0, (2.0, [3.0])), {}) == "args[1][1][0]"
    assert calls.argument_path(1, (1.0,), {"b": {"c": 2.0}}) == "kwargs['b']['c']"


# -- methods, pickling -----------------------------------------------------------------------------


class Oscillator:
    def __init__(self, k):
        self.k = k

    @wg.jit
    def energy(self, q):
        return 0.5 * self.k * q * q


def test_methods():
    a, b = Oscillator(2.0), Oscillator(6.0)
    assert (a.energy(3.0), b.energy(3.0), a.energy(1.0)) == (9.0, 27.0, 1.0)
    assert Oscillator.energy(a, 2.0) == 4.0
    assert a.energy.__self__ is a and a.energy.__name__ == "energy"


@native
def test_methods_stay_on_the_native_path():
    a = Oscillator(2.0)
    a.energy(3.0)
    before = Oscillator.energy._python
    assert Oscillator.energy.target is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jit_module.Jitted, "_run", None)  # the Python path would fail
        assert a.energy(4.0) == 16.0
    assert Oscillator.energy._python is before
    if entry.is_fast():
        f = wg.jit(lambda q: 0.5 * q * q)
        f(1.0)
        call = min(timeit.repeat(lambda: f(2.0), number=2000, repeat=5))
        method = min(timeit.repeat(lambda: a.energy(2.0), number=2000, repeat=5))
        assert method < 5 * call + 2e-3


def test_jitted_functions_pickle():
    f = pickle.loads(pickle.dumps(wg.jit(poly)))
    assert f(np.ones(2)) == 4.0
    with pytest.raises(Exception, match="lambda"):
        pickle.dumps(wg.jit(lambda x: x))


# -- threads, forks, re-entry ----------------------------------------------------------------------


def in_threads(work, n=8):
    errors = []

    def run(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors, errors[0]


def test_threads_call_one_function_with_numbers_of_their_own():
    f = wg.jit(wg.grad(lambda x, a: np.sum(np.sin(a * x) ** 2) + np.dot(x, x)))

    def work(i):
        rng = np.random.default_rng(i)
        for _ in range(60):
            x, a = rng.normal(size=3000), rng.normal()
            expected = 2 * np.sin(a * x) * np.cos(a * x) * a + 2 * x
            np.testing.assert_allclose(f(x, a), expected, rtol=1e-11, atol=1e-11)

    in_threads(work)


def test_threads_compile_at_once():
    f = wg.jit(lambda x: np.sum(np.exp(-x) * x))

    def work(i):
        for n in range(1, 6):
            x = np.linspace(0.0, 1.0, n + 10 * (i % 3))
            assert f(x) == pytest.approx(np.sum(np.exp(-x) * x), rel=1e-13)

    in_threads(work)


@native
def test_a_long_call_lets_other_threads_run():
    f = wg.jit(lambda x: wg.fori_loop(0, 3000, lambda i, c: np.sin(c) + 0.1, x))
    x = np.ones(2000)
    f(x)
    alone = min(timeit.repeat(lambda: f(x), number=1, repeat=3))
    if alone < 0.01:
        pytest.skip("too fast to tell")
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(1)
            done.wait(alone / 50)

    ticker = threading.Thread(target=tick)
    ticker.start()
    before = len(ticks)
    f(x)
    during = len(ticks) - before
    done.set()
    ticker.join()
    assert during >= 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_calls_and_compiles():
    code = """
import os, numpy as np, wengert as wg
f = wg.jit(lambda x: np.sum(np.sin(x) ** 2))
x = np.linspace(0, 1, 50000)
expected = f(x)
pid = os.fork()
if pid == 0:
    same = f(x) == expected
    g = wg.jit(lambda x: np.sum(np.cos(x) * x))
    new = abs(g(x) - np.sum(np.cos(x) * x)) < 1e-7
    os._exit(0 if same and new else 1)
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 0
assert f(x) == expected
print("ok")
"""
    assert run_python(code).stdout.strip() == "ok"


@native
def test_a_callback_may_call_jitted_functions(monkeypatch):
    inner = wg.jit(lambda x: np.cos(x) * 2.0)
    original = registry["sin"].array
    seen = []

    def through_native(x, **params):
        if seen:  # not while it is recorded
            seen.append(np.array(x))
            np.testing.assert_allclose(inner(seen[-1]), np.cos(x) * 2.0)
            if len(seen) < 4:
                f(x[:-1])
        return original(x, **params)

    monkeypatch.setattr(registry["sin"], "emit", None)
    monkeypatch.setattr(registry["sin"], "array", through_native)
    f = wg.jit(lambda x: np.sin(x) * 0.5 + x)
    x = np.arange(5.0)
    for n in (5, 4, 3):
        f(x[:n])
    seen.append(None)
    np.testing.assert_allclose(f(x + 1), np.sin(x + 1) * 0.5 + x + 1)
    assert [v.shape for v in seen[1:]] == [(5,), (4,), (3,)]


# -- going without ---------------------------------------------------------------------------------


def run_python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done


def test_without_llvmlite_everything_runs_with_one_warning():
    code = """
import sys
sys.modules["llvmlite"] = None
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import numpy as np, wengert as wg
    f = wg.jit(lambda x: np.sum(np.sin(x) ** 2) if x[0] >= 0 else 0.0 * x[0])
    x = np.ones(3)
    for _ in range(3):
        assert abs(f(x) - 3 * np.sin(1.0) ** 2) < 1e-12
    assert f(-x) == 0.0
    assert np.allclose(wg.jit(wg.grad(f))(x), np.sin(2 * x))
    assert np.allclose(wg.jit(wg.vmap(np.cos))(x), np.cos(x))
    big = np.ones(100_000)
    assert abs(f(big) - 100_000 * np.sin(1.0) ** 2) < 1e-6
    assert f.__get__(None, type) is f
    assert "no native code" in wg.explain(f)(x).verdict
    wg.clear_cache(disk=False)
print([str(w.message)[:60] for w in caught])
"""
    said = run_python(code).stdout.strip()
    assert said == "['native code is switched off, everything runs on the interpre']"


@native
def test_an_unknown_python_goes_through_ctypes(monkeypatch):
    monkeypatch.setattr(entry, "is_fast", lambda: False)
    f = wg.jit(lambda x, y: (np.sin(x) * y, x > 0.5))
    x = np.linspace(0.0, 1.0, 7)
    f(x, 2.0)
    assert isinstance(f._entries[0], PythonEntry)
    a, b = f._entries[0](x, 3.0)
    np.testing.assert_allclose(a, np.sin(x) * 3.0, rtol=1e-15)
    np.testing.assert_array_equal(b, x > 0.5)


@native
def test_an_unknown_layout_is_found_at_import():
    code = """
import platform, numpy as np
platform.python_implementation = lambda: "AnotherPython"
import wengert as wg
from wengert.native import entry, layout
assert layout.problem() == "AnotherPython is not CPython"
assert not entry.is_fast()
f = wg.jit(lambda x: np.sum(x * x) if x.sum() > 0 else -np.sum(x))
x = np.arange(4.0)
for _ in range(3):
    assert f(x) == 14.0 and f(-x) == 6.0
print("ok")
"""
    assert run_python(code).stdout.strip() == "ok"


@native
def test_a_fault_of_the_compiler_warns_once_a_function(monkeypatch):
    def broken(program, optimize, donors):
        raise ZeroDivisionError("by a rule")

    monkeypatch.setattr(specialize, "executable_for", broken)
    f = wg.jit(lambda x: np.sin(x) + 0.25)
    with pytest.warns(CompilerWarning, match="please report this. ZeroDivisionError: by a rule"):
        assert f(1.0) == np.sin(1.0) + 0.25
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(2.0) == np.sin(2.0) + 0.25
        np.testing.assert_array_equal(f(np.ones(3)), np.sin(np.ones(3)) + 0.25)
