"""Taylor mode: against closed forms and nested derivatives; its cost is polynomial."""

import math

import mpmath
import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, InternalError
from wengert.transforms.jet import series_program


def derivatives(f, x, order):
    return [float(d) for d in wg.jet(f, (x,), ([1.0] + [0.0] * (order - 1),))[1]]


FUNCTIONS = [
    ("sin", np.sin, mpmath.sin, 0.7),
    ("exp", np.exp, mpmath.exp, 0.3),
    ("log", np.log, mpmath.log, 1.7),
    ("sqrt", np.sqrt, mpmath.sqrt, 1.3),
    ("tanh", np.tanh, mpmath.tanh, 0.4),
    ("arctan", np.arctan, mpmath.atan, 0.4),
    ("reciprocal", lambda x: 1 / x, lambda x: 1 / x, 1.3),
    ("power", lambda x: x**2.5, lambda x: x ** mpmath.mpf(2.5), 1.3),
    ("x^x", lambda x: x**x, lambda x: x**x, 1.3),
    (
        "composite",
        lambda x: np.exp(np.sin(x)) / (1 + x**2),
        lambda x: mpmath.exp(mpmath.sin(x)) / (1 + x**2),
        0.7,
    ),
]


@pytest.mark.parametrize(("name", "f", "reference", "x"), FUNCTIONS, ids=[r[0] for r in FUNCTIONS])
def test_against_mpmath(name, f, reference, x):
    with mpmath.workdps(60):
        expected = [float(mpmath.diff(reference, mpmath.mpf(x), k)) for k in range(1, 8)]
    np.testing.assert_allclose(derivatives(f, x, 7), expected, rtol=1e-10)


def test_curved_paths():
    # x(t) = t², y(t) = 1 + t: f = x y = t² + t³ at t = 0.
    out, series = wg.jet(np.multiply, (0.0, 1.0), ([0.0, 2.0, 0.0], [1.0, 0.0, 0.0]))
    assert out == 0.0
    np.testing.assert_allclose(series, [0.0, 2.0, 6.0])


def test_trees_integers_and_still_arguments():
    def f(p, n):
        return {"y": p["a"] ** 2 * n, "n": n + 1}

    out, (d1, d2) = wg.jet(f, ({"a": 3.0}, 2), ([{"a": 1.0}, {"a": 0.0}], None))
    assert out == {"y": 18.0, "n": 3}
    assert d1 == {"y": 12.0, "n": None} and d2 == {"y": 4.0, "n": None}


def test_arrays_against_nested_jvp():
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=3), rng.normal(size=3)
    A = rng.normal(size=(3, 3)) + 3 * np.eye(3)

    def f(x):
        return np.linalg.solve(A + np.outer(x, x), np.sin(x)) * x[1]

    g = f
    _, series = wg.jet(f, (x,), ([v, None, None],))
    for k in range(3):
        h = g
        g = lambda x, h=h: wg.jvp(h, (x,), (v,))[1]
        np.testing.assert_allclose(series[k], g(x), rtol=1e-9)


@pytest.mark.parametrize(
    "f",
    [
        np.sin,
        np.tanh,
        lambda x: np.linalg.solve(np.eye(2) * (2.0 + x), np.ones(2) * x)[0],
        lambda x: wg.scan(lambda c, _: (np.sin(c) * x, None), x, None, length=3)[0],
    ],
    ids=["sin", "tanh", "solve", "scan"],
)
def test_cost_is_polynomial_in_the_order(f):
    def count(program):
        inner = sum(
            count(p)
            for eq in program.equations
            for p in eq.params.values()
            if hasattr(p, "equations")
        )
        return len(program.equations) + inner

    program = wg.trace(f)(0.5)
    active = [True] + [False] * (len(program.inputs) - 1)
    n4, n8, n16 = [count(series_program(program, active, k).program) for k in (4, 8, 16)]
    # Doubling the order may multiply the work by at most 2^3: a cubic, with room for lower terms.
    assert n8 <= 9 * n4 and n16 <= 9 * n8


def test_jet_composes():
    def third(x):
        return wg.jet(np.sin, (x,), ([1.0, 0.0, 0.0],))[1][2]

    np.testing.assert_allclose(wg.grad(third)(0.3), np.sin(0.3))
    x = np.array([0.1, 0.2])
    np.testing.assert_allclose(wg.vmap(third)(x), -np.cos(x))
    inner = wg.jet(wg.grad(np.sin), (0.3,), ([1.0, 0.0],))[1]
    np.testing.assert_allclose(inner, [-np.sin(0.3), -np.cos(0.3)])


def test_control_flow_on_values():
    def f(x):
        return x**3 if x > 0 else -x

    np.testing.assert_allclose(derivatives(f, 2.0, 3), [12.0, 12.0, 6.0])
    np.testing.assert_allclose(derivatives(f, -2.0, 3), [-1.0, 0.0, 0.0])


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_taylor_model_error_falls_with_its_order(order):
    model = wg.taylor(np.exp, 0.0, order)
    h = 0.1
    errors = [abs(float(model(d)) - math.exp(d)) for d in (h, h / 2)]
    slope = math.log2(errors[0] / errors[1])
    assert abs(slope - (order + 1)) < 0.15


def test_taylor_model_is_differentiable_and_takes_trees():
    model = wg.taylor(lambda p: p["a"] ** 2 * p["b"], {"a": 1.0, "b": 2.0}, 2)
    g = wg.grad(model)({"a": 0.0, "b": 0.0})
    np.testing.assert_allclose([g["a"], g["b"]], [4.0, 1.0])
    with pytest.raises(ArgumentError, match="non-negative integer"):
        wg.taylor(np.sin, 0.0, -1)


def test_mismatched_series():
    with pytest.raises(ArgumentError, match="one series per primal"):
        wg.jet(np.sin, (0.0,), ())


def test_residuals_without_a_series_are_refused(monkeypatch):
    """They would count as constants, and orders from the third on would be wrong."""
    from wengert.ir.primitive import registry

    f = lambda x: wg.while_loop(lambda s: s < 4.0, lambda s: s * s, x)
    assert wg.jet(f, (1.5,), ([1.0, 0.0],))[1][0] == pytest.approx(4 * 1.5**3)
    wg.clear_cache()
    monkeypatch.setattr(registry["while"], "series", None)
    with pytest.raises(InternalError, match="while: its residuals have no Taylor series"):
        wg.jet(f, (1.5,), ([1.0, 0.0],))
    wg.clear_cache()
