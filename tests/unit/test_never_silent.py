"""Never a silent zero: what NumPy and Python do with a traced value either keeps the derivative,
or raises the error that names the user's line and the way out.
"""

from __future__ import annotations

import math
import operator
from pathlib import Path

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from wengert.errors import ConversionError, DecisionError, MutationError, WengertError

HERE = Path(__file__).name
T0 = 1.2617


def _store(buffer, index, value):
    buffer[index] = value
    return buffer


def _call(function, *args, **kwargs):
    """Call for its effect on the first argument, which is returned."""
    function(*args, **kwargs)
    return args[0]


def _iadd(a, b):
    a += b
    return a


# Each of these keeps the derivative: f(t) is compared with differences of the plain run.
TRACES = {
    "np.stack": lambda t: np.stack([t, 2 * t]),
    "np.concatenate": lambda t: np.concatenate([[1.0], np.reshape(t, 1)]),
    "np.full_like": lambda t: np.full_like(np.ones(2) * t, t),
    "np.where": lambda t: np.where(np.array([True, False]), t, 1.0),
    "np.hstack": lambda t: np.hstack([1.0, t]),
    "wnp.array": lambda t: wnp.array([[t, 1.0], [0, -t]]),
    "wnp.array of a scalar": lambda t: wnp.array(t),
    "wnp.asarray": lambda t: wnp.asarray([t, t]),
    "wnp.full": lambda t: wnp.full(3, t),
    "wnp.fromiter": lambda t: wnp.fromiter((t * i for i in range(3)), float),
    "wnp.concatenate of lists": lambda t: wnp.concatenate([[t, 1.0], [2.0, t]]),
    "wnp.sum of a list": lambda t: wnp.sum([t, t, 1.0]),
    "wnp.zeros stored into": lambda t: _store(wnp.zeros(3), 0, t),
    "wnp.empty stored into": lambda t: _store(wnp.empty(2), slice(None), t),
    "wnp.ones +=": lambda t: _iadd(wnp.ones(2), t),
    "wnp.zeros slice of a list": lambda t: _store(wnp.zeros(3), slice(0, 2), [t, 2 * t]),
    "wnp.zeros by a list of places": lambda t: _store(wnp.zeros(3), [0, 2], [t, 2 * t]),
    "wnp.zeros by a mask": lambda t: _store(wnp.zeros(2), np.array([True, False]), t),
    "wnp.zeros in two axes": lambda t: _store(wnp.zeros((2, 2)), (slice(None), 1), t),
    "wnp.array of a buffer": lambda t: _store(wnp.array(np.ones(2)), 1, t),
    "wnp.zeros_like of a plain array": lambda t: _store(wnp.zeros_like(np.ones(2)), 1, t),
    "np.zeros_like of a traced array": lambda t: _store(np.zeros_like(np.ones(2) * t), 1, t),
    "wnp.eye": lambda t: _store(wnp.eye(2), (0, 1), t),
    "wnp.arange": lambda t: _store(wnp.arange(3.0), 1, t),
    "wnp.linspace": lambda t: _store(wnp.linspace(0, 1, 3), 1, t),
    "out=": lambda t: np.add(t, 1.0, out=wnp.zeros(2)),
    "out= of a reduction": lambda t: np.sum(np.ones((2, 3)) * t, axis=1, out=wnp.zeros(2)),
    "np.add.at": lambda t: _call(np.add.at, wnp.zeros(3), [0, 0, 2], t),
    "np.copyto": lambda t: _call(np.copyto, wnp.zeros(3), t),
    "np.put": lambda t: _call(np.put, wnp.zeros(3), [1], t),
    "np.place": lambda t: _call(
        np.place, wnp.zeros(3), np.array([True, False, True]), wnp.array([t])
    ),
    "np.put_along_axis": lambda t: _call(np.put_along_axis, wnp.zeros(3), np.array([1]), t, 0),
    "np.fill_diagonal": lambda t: _call(np.fill_diagonal, wnp.zeros((2, 2)), t),
    "x.fill": lambda t: _fill(wnp.zeros(2), t),
    "item": lambda t: (np.ones(1) * t).item(),
    "item of a scalar": lambda t: (t * np.float64(1.0)).item(),
    "tolist": lambda t: sum((np.ones(3) * t).tolist()),
    "round to digits": lambda t: round(t, 1) + t,
    "copy.copy": lambda t: __import__("copy").copy(np.ones(2) * t),
    "copy.deepcopy": lambda t: __import__("copy").deepcopy({"a": np.ones(2) * t})["a"],
    "sum builtin": lambda t: sum([t, t]),
    "max builtin": lambda t: max(t, 1.0),
    "abs builtin": lambda t: abs(-t),
    "pow builtin": lambda t: pow(t, 2),
    "divmod builtin": lambda t: divmod(t, 1.0)[1],
    "np.take of a plain table": lambda t: np.take([2.0, 3.0], np.array([0, 1])) * t,
    "format": lambda t: t * len(f"{t:.3f}"),
    "str": lambda t: t * len(str(t) + repr(t)) * 0 + t,
    "in": lambda t: t * (0.0 in (np.ones(2) * t)) + t,
    "bool": lambda t: t if t > 1 else 2 * t,
    "math.floor": lambda t: t * math.floor(t),
    "math.trunc": lambda t: t * math.trunc(t),
    "int": lambda t: t * int(t),
}


def _fill(x, value):
    x.fill(value)
    return x


# Each of these would lose it, and raises; the text after the function must be in the message.
RAISES = {
    "np.array": (lambda t: np.array([t, 1.0]), "wengert.numpy.array"),
    "np.array, nested": (lambda t: np.array([[t, 1.0], [0.0, t]]), "wengert.numpy.array"),
    "np.array of one": (lambda t: np.array(t), "wengert.numpy.array"),
    "np.asarray": (lambda t: np.asarray([t, t]), "wengert.numpy.array"),
    "np.asarray of arrays": (lambda t: np.asarray([np.ones(2) * t]), "wengert.numpy.array"),
    "np.float64": (lambda t: np.float64(t), "wengert.numpy.array"),
    "np.full": (lambda t: np.full(3, t), "wengert.numpy"),
    "np.full with dtype": (lambda t: np.full(3, t, float), "wengert.numpy"),
    "np.fromiter": (lambda t: np.fromiter([t, t], float), "wengert.numpy"),
    "np.ascontiguousarray": (lambda t: np.ascontiguousarray(np.ones(2) * t), "wengert.numpy"),
    "store of a scalar": (lambda t: _store(np.zeros(3), 0, t), "wengert.numpy.zeros"),
    "store in two axes": (lambda t: _store(np.zeros((2, 2)), (0, 1), t), "wengert.numpy.zeros"),
    "store of a slice": (lambda t: _store(np.zeros(3), slice(None), t), "wengert.numpy.zeros"),
    "store of a list": (lambda t: _store(np.zeros(3), slice(0, 2), [t, t]), "wengert.numpy.zeros"),
    "store at places": (lambda t: _store(np.zeros(3), [0, 1], t), "wengert.numpy.zeros"),
    "store by mask": (
        lambda t: _store(np.zeros(2), np.array([True, False]), t),
        "wengert.numpy.zeros",
    ),
    "store of an array": (lambda t: _store(np.zeros(2), slice(None), np.ones(2) * t), "zeros"),
    "+= ": (lambda t: _iadd(np.zeros(3), t), "wengert.numpy.zeros"),
    "*= by operator": (lambda t: operator.imul(np.ones(3), t), "wengert.numpy.zeros"),
    "out=": (lambda t: np.add(t, 1.0, out=np.zeros(())), "wengert.numpy.zeros"),
    "out= of a reduction": (
        lambda t: np.sum(np.ones((2, 3)) * t, axis=1, out=np.zeros(2)),
        "wengert.numpy.zeros",
    ),
    "out= of dot": (lambda t: np.dot(np.ones((2, 2)) * t, np.ones(2), out=np.zeros(2)), "wengert"),
    "np.add.at": (lambda t: _call(np.add.at, np.zeros(3), [0, 0], t), "wengert.numpy.zeros"),
    "np.subtract.at": (lambda t: _call(np.subtract.at, np.zeros(3), 0, t), "wengert.numpy.zeros"),
    "np.multiply.at": (lambda t: _call(np.multiply.at, np.zeros(3), 0, t), "wengert.numpy.zeros"),
    "np.copyto": (lambda t: _call(np.copyto, np.zeros(3), t), "wengert.numpy.zeros"),
    "np.put": (lambda t: _call(np.put, np.zeros(3), [0], t), "wengert.numpy.zeros"),
    "x.put": (lambda t: _call(lambda z: z.put([0], t), np.zeros(3)), "wengert.numpy"),
    "np.place": (lambda t: _call(np.place, np.zeros(3), np.ones(3, bool), np.ones(1) * t), "zeros"),
    "np.putmask": (lambda t: _call(np.putmask, np.zeros(3), np.ones(3, bool), t), "zeros"),
    "np.put_along_axis": (
        lambda t: _call(np.put_along_axis, np.zeros(3), np.array([0]), t, 0),
        "zeros",
    ),
    "np.fill_diagonal": (lambda t: _call(np.fill_diagonal, np.zeros((2, 2)), t), "zeros"),
    "x.fill": (lambda t: _fill(np.zeros(2), t), "wengert.numpy"),
    "float": (lambda t: float(t), "np.exp(x) for math.exp(x)"),
    "complex": (lambda t: complex(t), "x.astype(complex)"),
    "math.exp": (lambda t: math.exp(t), "np.exp(x) for math.exp(x)"),
    "math.sin": (lambda t: math.sin(t), "np.exp(x) for math.exp(x)"),
    "math.sqrt": (lambda t: math.sqrt(t), "np.exp(x) for math.exp(x)"),
    "math.isclose": (lambda t: t * math.isclose(t, 1.0), "np.exp(x) for math.exp(x)"),
    "math.fsum": (lambda t: math.fsum([t, t]), "np.exp(x) for math.exp(x)"),
    "math.hypot": (lambda t: math.hypot(t, t), "np.exp(x) for math.exp(x)"),
    "percent": (lambda t: t * len("%f" % t), "keep x as it is"),  # noqa: UP031  # this operator is what is tested
    "tobytes": (lambda t: (np.ones(2) * t).tobytes(), "has_aux"),
    "view of bytes": (lambda t: (np.ones(2) * t).view(np.int64), "astype"),
    "resize in place": (lambda t: (np.ones(2) * t).resize(4), "np.resize"),
    "np.pad by a function": (
        lambda t: np.pad(np.ones(2) * t, 1, mode=lambda *a: None),
        "np.concatenate",
    ),
    "np.save": (lambda t: np.save(__import__("io").BytesIO(), np.ones(2) * t), ""),
}


def total(x):
    return np.sum(x * x) if np.ndim(x) else x * x


@pytest.mark.parametrize("f", TRACES.values(), ids=TRACES)
def test_it_keeps_the_derivative(f):
    def g(t):
        return total(f(t))

    h = 1e-5
    slope = (g(T0 + h) - g(T0 - h)) / (2 * h)
    assert wg.grad(g)(T0) == pytest.approx(slope, rel=1e-6, abs=1e-8)
    assert wg.grad(g)(np.float64(T0)) == pytest.approx(slope, rel=1e-6, abs=1e-8)
    assert wg.grad(lambda x: g(x[0]))(np.array([T0]))[0] == pytest.approx(slope, rel=1e-6, abs=1e-8)
    assert wg.jvp(g, (T0,), (1.0,))[1] == pytest.approx(slope, rel=1e-6, abs=1e-8)
    inner = wg.grad(lambda t: wg.value_and_grad(g)(t)[0])(T0)
    assert inner == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("f, remedy", RAISES.values(), ids=RAISES)
def test_it_raises_and_says_what_to_do(f, remedy):
    with pytest.raises(WengertError) as caught:
        wg.grad(lambda t: total(f(t)))(T0)
    text = str(caught.value)
    assert HERE in text, "the message must name the user's line"
    assert remedy in text
    with pytest.raises(WengertError):
        wg.jvp(lambda t: total(f(t)), (T0,), (1.0,))
    with pytest.raises(WengertError):
        wg.vmap(lambda t: total(f(t)))(np.array([T0, 2.0]))


def test_store_into_flat_raises():
    """NumPy replaces our error by its own here; what counts is that nothing is stored."""
    with pytest.raises(ValueError, match="Error setting single item"):
        wg.grad(lambda t: total(_store(np.zeros(2).flat, 0, t)))(T0)


# -- the caller's arrays ---------------------------------------------------------------------------


def test_writes_into_the_callers_array_raise():
    x = np.ones(3)
    for write in (
        lambda y: _store(y, 0, 2.0),
        lambda y: _iadd(y, 1.0),
        lambda y: _call(np.add.at, y, 0, 1.0),
        lambda y: np.sin(y, out=y),
        lambda y: _store(y[1:], 0, 1.0),
        lambda y: _store(y.reshape(3, 1).T, (0, 0), 1.0),
        lambda y: _call(np.copyto, y, 3.0),
        lambda y: _fill(y, 1.0),
    ):
        with pytest.raises(MutationError) as caught:
            wg.grad(lambda y, write=write: np.sum(write(y)))(x)
        assert "belongs to the caller" in str(caught.value)
        assert "x = x.copy()" in str(caught.value)
        assert HERE in str(caught.value)
    assert np.array_equal(x, np.ones(3))
    assert np.array_equal(wg.grad(lambda y: np.sum(_iadd(y.copy(), 1.0) ** 2))(x), 4.0 * np.ones(3))


def test_writes_into_an_outer_functions_array_raise():
    def outer(x):
        buffer = x * 1.0

        def inner(t):
            buffer[0] = t
            return np.sum(buffer * t)

        return wg.grad(inner)(2.0)

    with pytest.raises(MutationError, match="of the function around grad"):
        wg.grad(lambda x: outer(x))(np.ones(2))


# -- buffers that are used again -------------------------------------------------------------------


def test_work_buffer_used_again():
    """Each step reads the buffer as it was then, also in reverse."""
    buffer = np.empty(3)

    def f(x):
        result = 0.0
        for k in range(4):
            buffer[:] = np.arange(3) + k
            result = result + np.sum(x * buffer) ** 2
        return result

    x = np.array([0.5, 1.0, -0.25])
    expected = sum(2 * (x @ (np.arange(3) + k)) * (np.arange(3) + k) for k in range(4))
    np.testing.assert_allclose(wg.grad(f)(x), expected, rtol=1e-13)
    np.testing.assert_allclose(wg.jacfwd(f)(x), expected, rtol=1e-13)


def test_large_work_buffer_written_while_recorded_raises():
    buffer = np.zeros(200_000)

    def f(x):
        result = np.sum(x * buffer)
        buffer[0] = 1.0
        return result

    with pytest.raises(ValueError, match="read-only"):
        wg.grad(f)(2.0)
    buffer[0] = 1.0  # writable again afterwards


def test_arrays_changed_after_vjp():
    x, c = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    out, pullback = wg.vjp(lambda y: np.exp(y) * c, x)
    expected = np.exp(x) * c
    out *= 0.0
    x[:] = 7.0
    c[:] = -1.0
    np.testing.assert_allclose(pullback(np.ones(2))[0], expected, rtol=1e-13)


def test_result_that_is_a_residual_may_be_changed():
    x = np.array([1.0, 2.0])
    for f in (
        np.exp,
        np.tanh,
        lambda y: np.sqrt(y)[:],
        lambda y: np.exp(y).T,
        lambda y: np.exp(y).reshape(2, 1),
    ):
        out, pullback = wg.vjp(f, x)
        expected = pullback(np.ones_like(out))[0]
        out *= 0.0
        np.testing.assert_array_equal(pullback(np.ones_like(out))[0], expected)
        out, linear = wg.linearize(f, x)
        expected = linear(np.ones(2))
        out += 5.0
        np.testing.assert_array_equal(linear(np.ones(2)), expected)


def test_large_arrays_changed_after_vjp():
    x, c = np.full(200_000, 0.5), np.full(200_000, 2.0)
    out, pullback = wg.vjp(lambda y: np.sin(y) * c, x)
    x[:] = 9.0
    c[:] = 0.0
    np.testing.assert_allclose(pullback(np.ones(200_000))[0], 2.0 * np.cos(0.5), rtol=1e-13)


def test_buffer_rebound_after_capture():
    c = np.array([1.0, 2.0])

    def f(x):
        nonlocal c
        first = np.sum(x * c)
        c = np.array([10.0, 20.0])
        second = np.sum(x * x * c)
        return first + second

    np.testing.assert_allclose(wg.grad(f)(np.array([1.0, 1.0])), [21.0, 42.0])


def test_traced_buffer_rewritten_after_use():
    """The value that was used is kept, not the buffer that it stood in."""

    def f(x):
        y = wnp.zeros(2)
        result = 0.0
        for k in range(3):
            y[0] = x[k]
            y[1] = x[k] ** 2
            result = result + np.sin(y[0]) * y[1] + np.sum(y * y)
        return result

    x = np.array([0.3, 0.6, 0.9])
    expected = np.cos(x) * x**2 + np.sin(x) * 2 * x + 2 * x + 4 * x**3
    np.testing.assert_allclose(wg.grad(f)(x), expected, rtol=1e-13)


def test_index_array_changed_after_use():
    places = np.array([0, 1])

    def f(x):
        first = x[places]
        places[:] = 2
        return np.sum(first * x[places])

    np.testing.assert_allclose(wg.grad(f)(np.array([1.0, 2.0, 3.0])), [3.0, 3.0, 3.0])


# -- plain tables and traced places ----------------------------------------------------------------


def test_plain_table_at_a_traced_place():
    table = np.array([1.0, 2.0, 4.0])

    def f(x):
        return x[0] * table[np.argmax(x)]  # an int of Python's is asked for: a decision

    x = np.array([0.5, 3.0, 1.0])
    np.testing.assert_allclose(wg.grad(f)(x), [2.0, 0.0, 0.0])
    np.testing.assert_allclose(
        wg.grad(lambda x: x[0] * wnp.take(table, np.argmax(x)))(x), [2, 0, 0]
    )

    def by_array(x):
        return np.sum(x * table[np.argsort(x)])

    with pytest.raises(ConversionError, match=r"wengert.numpy.take\(table, i\)"):
        wg.grad(by_array)(x)
    np.testing.assert_allclose(
        wg.grad(lambda x: np.sum(x * wnp.take(table, np.argsort(x))))(x), table[np.argsort(x)]
    )
    by_value = wg.grad(lambda x: np.sum(x * wnp.asarray(table)[np.argsort(x)]))(x)
    np.testing.assert_allclose(by_value, table[np.argsort(x)])
    with pytest.raises((DecisionError, ConversionError)):
        wg.vmap(f)(np.stack([x, x]))
    mapped = wg.vmap(lambda x: x[0] * wnp.take(table, np.argmax(x)))(np.stack([x, x[::-1]]))
    np.testing.assert_allclose(mapped, [1.0, 2.0])
