"""jit: specializations, guards, captures, nesting in transforms, methods, pickling."""

import pickle
import warnings

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, DecisionError, MutationError


def close_to(x):
    """Native code may round an elementary function or a sum differently by an ulp or two."""
    return pytest.approx(x, rel=1e-15, abs=0)


def counted(f):
    calls = []

    def g(*args, **kwargs):
        calls.append(1)
        return f(*args, **kwargs)

    g.calls = calls
    return g


def test_records_once_per_kind_of_argument():
    f = counted(lambda x, y=1.0: np.sin(x) * y)
    j = wg.jit(f)
    for x in (0.1, 0.2, 0.3):
        assert j(x) == close_to(np.sin(x))
    assert len(f.calls) == 1
    x = np.ones((2, 3))
    np.testing.assert_allclose(j(x), np.sin(x), rtol=1e-15)
    np.testing.assert_allclose(j(x.astype(np.float32)), np.sin(x.astype(np.float32)), rtol=3e-7)
    assert j(x.astype(np.float32)).dtype == np.float32
    assert len(f.calls) == 3


@pytest.mark.parametrize("order", [(1.0, -1.0, 2.0, -3.0), (-1.0, 1.0, 0.0, 5.0)])
def test_branches_are_right_for_every_input(order):
    f = counted(lambda x: np.sqrt(x) if x > 0 else -2.0 * x)
    j = wg.jit(f)
    for x in order:
        expected = np.sqrt(x) if x > 0 else -2.0 * x
        assert j(x) == expected
    assert len(f.calls) == 2


def test_data_dependent_loop():
    def collatz(n):
        steps = 0
        while n > 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return steps * 1.0

    j = wg.jit(collatz)
    for n in (1, 2, 3, 6, 7, 3, 6):
        assert j(n) == collatz(n)


def test_no_warning_from_a_path_that_is_not_taken():
    j = wg.jit(lambda x: np.log(x) if x > 0 else 0.0 * x)
    j(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert j(-1.0) == 0.0


def test_many_paths_warn_once_and_stay_right():
    j = wg.jit(lambda x: x * int(x))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(20):
            assert j(i + 0.5) == (i + 0.5) * i
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "test_jit.py" in message and "while_loop" in message


def test_under_transforms():
    def f(x):
        return np.sin(x) * x if x > 0 else x**2

    j = wg.jit(f)
    for x in (1.3, -1.3):
        expected = close_to(wg.grad(f)(x))
        assert wg.grad(j)(x) == expected
        assert wg.jit(wg.grad(f))(x) == expected
        assert wg.jit(wg.grad(wg.jit(f)))(x) == expected
        assert wg.grad(wg.jit(wg.grad(j)))(x) == close_to(wg.grad(wg.grad(f))(x))
        assert wg.jvp(j, (x,), (1.0,))[1] == expected
    g = wg.jit(wg.grad(wg.jit(f)))
    assert [g(1.3), g(-1.3), g(0.4)] == close_to([wg.grad(f)(x) for x in (1.3, -1.3, 0.4)])


def test_under_vmap():
    x = np.array([0.5, 1.5])
    np.testing.assert_allclose(wg.vmap(wg.jit(np.sin))(x), np.sin(x))
    np.testing.assert_allclose(wg.jit(wg.vmap(wg.grad(np.sin)))(x), np.cos(x))
    with pytest.raises(DecisionError, match=r"np\.where"):
        wg.vmap(wg.jit(lambda x: x if x > 0 else -x))(x)


def test_jit_of_a_closure_over_a_tracer():
    def outer(a):
        inner = wg.jit(lambda x: a * x**2)
        return inner(3.0) + inner(4.0)

    assert wg.grad(outer)(2.0) == 25.0
    assert wg.grad(outer)(5.0) == 25.0


def test_captured_arrays_are_frozen():
    w = np.array([1.0, 2.0])
    j = wg.jit(lambda x: x * w)
    j(1.0)
    w[:] = 100.0
    np.testing.assert_array_equal(j(2.0), [2.0, 4.0])


def test_changing_a_captured_array_inside_raises():
    w = np.ones(2)

    def f(x):
        y = x * w
        w[0] = 5.0
        return y

    with pytest.raises(MutationError, match="changed an array that it captured"):
        wg.jit(f)(1.0)


def test_static_arguments():
    f = counted(lambda x, n, kind: x**n if kind == "power" else x * n)
    j = wg.jit(f, static_argnums=1)
    assert j(2.0, 3, "power") == 8.0 and j(2.0, 3, "times") == 6.0 and j(3.0, 3, "power") == 27.0
    assert len(f.calls) == 2
    assert j(2.0, 4, kind="power") == 16.0
    with pytest.raises(ArgumentError, match="cannot be hashed"):
        wg.jit(lambda x, s: x)(1.0, {1, 2})


def test_pytrees_in_and_out():
    j = wg.jit(lambda p: {"sum": p["a"] + p["b"][0], "same": (p["a"],)})
    out = j({"a": 1.0, "b": [2.0]})
    assert out == {"sum": 3.0, "same": (1.0,)}


def test_results_are_fresh():
    x = np.ones(2)
    j = wg.jit(lambda x: (x, x))
    for _ in range(4):
        a, b = j(x)
        a += 1
        np.testing.assert_array_equal(b, np.ones(2))
        np.testing.assert_array_equal(x, np.ones(2))


class Model:
    def __init__(self, scale):
        self.scale = scale

    @wg.jit
    def predict(self, x):
        return self.scale * x


def module_level(x):
    return x * 2.0


jitted_module_level = wg.jit(module_level)


def test_methods_and_attributes():
    assert Model(3.0).predict(2.0) == 6.0 and Model(4.0).predict(2.0) == 8.0
    j = wg.jit(module_level)
    assert j.__name__ == "module_level" and j.__wrapped__ is module_level


def test_pickles_where_the_function_pickles():
    assert pickle.loads(pickle.dumps(wg.jit(np.sin)))(0.5) == close_to(np.sin(0.5))


def test_writing_into_an_argument_raises():
    def f(x):
        x[0] = 1.0
        return x

    with pytest.raises(MutationError, match="belongs to the caller"):
        wg.jit(f)(np.zeros(2))
