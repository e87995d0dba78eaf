"""Loops written in Python mean the same as machine code."""

import numpy as np
import pytest

from wengert.errors import InternalError
from wengert.native import engine, python_loops
from wengert.native.python_loops import python_loop

native_only = pytest.mark.skipif(not engine.available(), reason="no native code here")

OFFSET = 3


@python_loop
def root(parents, s):
    while parents[s] != s:
        parents[s] = parents[parents[s]]
        s = parents[s]
    return s


@python_loop
def roots(parents, n, out):
    for i in range(n):
        out[i] = root(parents, i)


@python_loop
def branches(values, n, out):
    """Every kind of statement."""
    count = 0
    for i in range(1, n):
        value = values[i]
        if value < 0 or value == 7:
            continue
        elif value > 50 and not values[i - 1] > 50:
            out[i] = -1
        else:
            out[i] = (value << 2) - (value >> 1) * OFFSET + (value & 5 | value ^ 2)
        for j in range(i):
            if values[j] == value:
                count += 1
                if count > 100:
                    break
        k = 0
        while True:
            k += 1
            if k >= 3:
                break
        count += k
        if count == 1000:
            return -1
    return count


@python_loop
def shifted(values, n, out):
    """`range` looks at its end once, and its name may be changed inside."""
    count = 0
    end = n
    for i in range(end):
        end = 0
        i += 1
        if i < n:
            out[i] = values[i - 1] + OFFSET
        count += i
    return count


@python_loop
def guarded(values, n):
    """What an `and` or `or` need not know is not looked at."""
    i = 0
    while i < n and values[i] >= 0:
        i += 1
    if i >= n or values[i] == -5:
        return i
    return -i


@python_loop
def mixed(reals, halves, flags, n):
    for i in range(n):
        if flags[i] and reals[i] > halves[i]:
            reals[i] = reals[i] - halves[i]
            halves[i] = halves[i] * halves[i]
            flags[i] = 0


@python_loop
def divided(values, n):
    return values[0] // n


def both(loop, *args):
    """A loop run natively and by Python on copies: answers and arrays."""
    results = []
    for run in (loop, loop.interpreted):
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        results.append((run(*copies), copies))
    (native, ours), (plain, theirs) = results
    assert native == plain
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    return native, ours


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_statements(dtype):
    values = np.random.default_rng(0).integers(-20, 90, 60).astype(dtype)
    count, (_, _, out) = both(branches, values, 60, np.zeros(60, dtype))
    assert count > 100
    assert {-1, 0} < set(out.tolist())


def test_range():
    count, (_, _, out) = both(shifted, np.arange(5), 5, np.zeros(5, np.int64))
    assert count == 15
    assert out.tolist() == [0, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "values, expected", [([1, 2, 3], 3), ([1, -5, 3], 1), ([1, 4, -2], -2), ([], 0)]
)
def test_conditions_stop_early(values, expected):
    answer, _ = both(guarded, np.array(values, np.int32), len(values))
    assert answer == expected


def test_one_loop_calls_another():
    parents = np.array([0, 0, 1, 2, 3, 5, 5, 6], np.int32)
    _, (_, _, out) = both(roots, parents, 8, np.empty(8, np.int64))
    assert out.tolist() == [0, 0, 0, 0, 0, 5, 5, 5]


def test_numbers_of_several_kinds():
    reals, halves = np.array([1.5, 2.0, -1.0]), np.array([0.25, 3.0, -2.0], np.float32)
    _, (new, squared, flags, _) = both(mixed, reals, halves, np.array([True, True, True]), 3)
    assert new.tolist() == [1.25, 2.0, 1.0]
    assert squared.tolist() == [0.0625, 3.0, 4.0]
    assert flags.tolist() == [False, True, False]


@native_only
def test_what_has_no_native_form_is_named():
    with pytest.raises(InternalError, match="'divided' has no native form"):
        divided(np.arange(3), 2)
    assert divided.interpreted(np.arange(7, 9), 2) == 3


def test_without_native_code_python_runs_it(monkeypatch):
    monkeypatch.setattr(python_loops.engine, "available", lambda: False)
    assert divided(np.arange(7, 9), 2) == 3


def test_without_its_source_python_runs_it():
    names = {"python_loop": python_loop}
    exec("@python_loop\ndef double(values, n):\n    return values[0] + n\n", names)
    assert names["double"](np.arange(7, 9), 2) == 9
