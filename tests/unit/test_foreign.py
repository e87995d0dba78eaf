"""`wengert.extend.foreign`: functions that cannot be traced, under every transform."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.extend import Type, foreign

X = np.array([0.5, 1.25, 2.0])


def cube(x: Any) -> Any:
    """x³ by way of Python numbers, which no tracer passes."""
    return np.asarray([v**3 for v in np.ravel(x).tolist()], x.dtype).reshape(np.shape(x))


def square_jvp(primals: Any, tangents: Any) -> Any:
    return 3.0 * primals[0] ** 2 * tangents[0]


def square_vjp(primals: Any, out: Any, ct: Any) -> Any:
    return (3.0 * out / primals[0] * ct,)


def opaque_jvp(primals: Any, tangents: Any) -> Any:
    slopes = [3 * v**2 for v in primals[0].ravel().tolist()]
    return np.reshape(slopes, primals[0].shape) * tangents[0]


RULES = {
    "jvp": {"jvp": square_jvp},
    "vjp": {"vjp": square_vjp},
    "both": {"jvp": square_jvp, "vjp": square_vjp},
    "opaque": {"jvp": opaque_jvp},
    "central": {"numeric": "central"},
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("vectorized", [False, True])
def test_every_first_order_transform(name: str, vectorized: bool) -> None:
    f = foreign(cube, out=lambda x: x, vectorized=vectorized, **RULES[name])
    slope, tol = 3 * X**2, 1e-9 if name == "central" else 1e-14
    loss = lambda x: np.sum(f(x) * X)
    for transform in (wg.grad(loss), wg.jit(wg.grad(loss)), wg.jacfwd(loss), wg.jacrev(loss)):
        np.testing.assert_allclose(transform(X), slope * X, rtol=tol)
    np.testing.assert_allclose(wg.jvp(f, (X,), (X,))[1], slope * X, rtol=tol)
    np.testing.assert_allclose(wg.jacobian(f)(X), np.diag(slope), atol=tol * 12)
    batch = np.stack([X, 2 * X])
    for g in (wg.grad(loss), wg.jacfwd(loss)):
        np.testing.assert_allclose(wg.vmap(g)(batch), 3 * batch**2 * X, rtol=tol)
        np.testing.assert_allclose(wg.jit(wg.vmap(g))(batch), 3 * batch**2 * X, rtol=tol)
    np.testing.assert_array_equal(wg.trace(f)(X)(2 * X), cube(2 * X))
    np.testing.assert_array_equal(f(X), cube(X))


@pytest.mark.parametrize("name", ["jvp", "vjp", "both"])
def test_rules_that_can_be_traced_have_derivatives(name: str) -> None:
    f = foreign(cube, out=lambda x: x, **RULES[name])
    loss = lambda x: np.sum(f(x) * X)
    expected = np.diag(6 * X * X)
    for hessian in (wg.hessian, lambda g: wg.jacrev(wg.grad(g)), lambda g: wg.jacfwd(wg.jacfwd(g))):
        np.testing.assert_allclose(hessian(loss)(X), expected, rtol=1e-13)
        np.testing.assert_allclose(wg.jit(hessian(loss))(X), expected, rtol=1e-13)
    batch = np.stack([X, 2 * X])
    found = wg.vmap(wg.hessian(loss))(batch)
    np.testing.assert_allclose(found, [np.diag(6 * x * X) for x in batch], rtol=1e-13)
    third = wg.jet(f, (X,), ([np.ones(3), np.zeros(3), np.zeros(3), np.zeros(3)],))[1]
    np.testing.assert_allclose(third, [3 * X**2, 6 * X, np.full(3, 6.0), np.zeros(3)], atol=1e-13)


def test_batches_of_shared_and_own_arguments() -> None:
    """An argument that all items share gets the sum of the items' cotangents."""
    product = foreign(
        lambda a, b: float(a) * float(b),
        jvp=lambda p, t: t[0] * p[1] + p[0] * t[1],
        out=0.0,
    )
    shared = lambda b: np.sum(wg.vmap(product, in_axes=(0, None))(X, b) * X)
    assert wg.grad(shared)(2.0) == pytest.approx(np.sum(X * X))
    nested = lambda b: np.sum(wg.vmap(lambda x: wg.vmap(lambda y: product(x, b) * y)(X))(X))
    assert wg.grad(nested)(2.0) == pytest.approx(np.sum(X) ** 2)
    assert wg.jit(wg.grad(nested))(2.0) == pytest.approx(np.sum(X) ** 2)


def test_vectorized_is_one_call_a_batch() -> None:
    shapes = []

    def record(x: Any) -> Any:
        shapes.append(x.shape)
        return x * 2.0

    f = foreign(record, out=lambda x: x, numeric="central", vectorized=True)
    wg.vmap(wg.vmap(f))(np.ones((4, 3, 2)))
    assert shapes == [(4, 3, 2)]
    shapes.clear()
    wg.vmap(lambda x: wg.jvp(f, (x,), (x,))[1])(np.ones((4, 2)))
    assert set(shapes) == {(4, 2)}
    assert len(shapes) <= 3


def test_inside_loops_and_branches() -> None:
    f = foreign(cube, jvp=square_jvp, out=lambda x: x)
    loop = lambda x: np.sum(wg.scan(lambda c, _: (f(c) * 0.5, None), x, None, length=2)[0])
    plain = lambda x: np.sum(0.5 * (0.5 * x**3) ** 3)
    np.testing.assert_allclose(wg.grad(loop)(X), wg.grad(plain)(X), rtol=1e-13)
    np.testing.assert_allclose(wg.jit(wg.grad(loop))(X), wg.grad(plain)(X), rtol=1e-13)
    calls = []

    def noted(x: Any) -> Any:
        calls.append(1)
        return cube(x)

    g = foreign(noted, jvp=square_jvp, out=lambda x: x)
    branch = lambda x: wg.cond(np.sum(x) > 100.0, lambda v: g(v), lambda v: v, x)
    wg.jit(branch)(X)
    assert not calls  # the branch is not taken


def test_compiled_code_of_another_language() -> None:
    libm = ctypes.CDLL(None).cbrt
    libm.restype, libm.argtypes = ctypes.c_double, [ctypes.c_double]
    root = foreign(lambda x: libm(x), vjp=lambda p, out, ct: (ct / (3.0 * out * out),), out=0.0)
    assert wg.grad(root)(8.0) == pytest.approx(1 / 12)
    assert wg.grad(wg.grad(root))(8.0) == pytest.approx(-2 / 9 * 8 ** (-5 / 3))
    assert wg.jit(wg.grad(root))(8.0) == pytest.approx(1 / 12)


def test_trees_strings_and_keywords() -> None:
    @foreign(jvp=lambda p, t, **kw: {"y": t[0]["x"] * p[2], "n": None}, out={"y": X, "n": 0})
    def f(tree: Any, how: str, factor: int, *, mode: str = "a") -> Any:
        assert (how, mode) == ("fast", "b")
        assert type(tree["x"]) is np.ndarray
        return {"y": tree["x"] * factor, "n": tree["k"] + 1}

    call = lambda x: f({"x": x, "k": 3}, factor=2, how="fast", mode="b")
    out, tangent = wg.jvp(call, (X,), (X,))
    assert out["n"] == 4 and tangent["n"] is None
    np.testing.assert_array_equal(tangent["y"], 2 * X)
    np.testing.assert_array_equal(wg.jit(call)(X)["y"], 2 * X)


def test_the_type_is_found_by_one_call() -> None:
    calls = []

    @foreign(vjp=square_vjp)
    def f(x: Any) -> Any:
        calls.append(1)
        return cube(x)

    g = wg.grad(lambda x: np.sum(f(x)))
    g(X)
    assert len(calls) == 2
    g(2 * X)
    assert len(calls) == 3
    np.testing.assert_allclose(wg.jit(g)(np.ones(70_000)), 3.0)  # recorded without values first


def test_a_function_has_its_own_copies() -> None:
    kept = np.zeros(3)

    @foreign(jvp=lambda p, t: t[0])
    def reuses(x: Any) -> Any:
        kept[:] = x + 1
        x[:] = np.nan
        return kept

    both = lambda x: (reuses(x) * 1.0, reuses(2 * x), x * 1.0)
    for run in (lambda x: wg.jvp(both, (x,), (x,))[0], wg.jit(both)):
        x = X.copy()
        first, second, third = run(x)
        np.testing.assert_array_equal(first, X + 1)
        np.testing.assert_array_equal(second, 2 * X + 1)
        np.testing.assert_array_equal(third, X)
        np.testing.assert_array_equal(x, X)


def test_methods() -> None:
    class Model:
        factor = 3.0

        @foreign(jvp=lambda p, t: p[0].factor * t[1], out=0.0)
        def predict(self, x: Any) -> float:
            return self.factor * float(x)

    assert wg.grad(Model().predict)(2.0) == 3.0


# -- numerical derivatives -------------------------------------------------------------------------


def test_complex_step_is_exact() -> None:
    f = foreign(lambda x: np.array([np.exp(x[0]) * x[1] ** 3, x[0]]), numeric="complex")
    x = np.array([1.5, 1e-9])
    jacobian = [[np.exp(1.5) * 1e-27, 3e-18 * np.exp(1.5)], [1.0, 0.0]]
    np.testing.assert_allclose(wg.jacfwd(f)(x), jacobian, rtol=1e-15)
    np.testing.assert_allclose(wg.jacrev(f)(x), jacobian, rtol=1e-15)
    assert wg.jacrev(f)(x.astype(np.float32)).dtype == np.float32


def test_central_differences_fall_with_the_square_of_the_step() -> None:
    errors = []
    for step in (2.0**-4, 2.0**-5, 2.0**-6):
        f = foreign(lambda x: np.asarray(np.sin(x)), numeric="central", step=step)
        errors.append(abs(wg.grad(f)(1.0) - np.cos(1.0)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.02)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.02)


def test_central_differences_of_complex_functions() -> None:
    """conj(z) z² is not holomorphic: both directions count."""
    f = foreign(lambda z: np.asarray(np.conj(z) * z**2), numeric="central", out=lambda z: z)
    z, v = 1.0 + 2.0j, 0.3 - 0.5j
    expected = wg.jvp(lambda z: np.conj(z) * z**2, (z,), (v,))[1]
    assert wg.jvp(f, (z,), (v,))[1] == pytest.approx(expected, rel=1e-9)
    ct = wg.vjp(lambda z: np.conj(z) * z**2, z)[1](v)[0]
    assert wg.vjp(f, z)[1](v)[0] == pytest.approx(ct, rel=1e-9)


def test_numbers_of_all_sizes_have_steps_of_their_own() -> None:
    f = foreign(lambda x: np.asarray(np.log(x)), numeric="central")
    x = np.array([1e-8, 1.0, 1e8])
    np.testing.assert_allclose(wg.grad(lambda x: np.sum(f(x)))(x), 1 / x, rtol=1e-9)


def test_what_a_derivative_costs() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return np.asarray(np.sum(x**2))

    for numeric, n in (("complex", 1), ("central", 2)):
        g = foreign(f, numeric=numeric, out=0.0)
        for derivative, expected in (
            (lambda x, g=g: wg.jvp(g, (x,), (x,)), 1 + n),
            (lambda x, g=g: wg.grad(g)(x), 1 + 3 * n),
        ):
            calls.clear()
            derivative(X)
            assert len(calls) == expected


# -- errors ----------------------------------------------------------------------------------------


def raised(kind: type, call: Any) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_no_rule() -> None:
    text = raised(wg.errors.MissingRuleError, lambda: wg.grad(foreign(math.gamma))(2.0))
    assert "gamma: a foreign function without a rule cannot be differentiated." in text
    for choice in ("foreign(f, jvp=...)", "foreign(f, vjp=...)", 'numeric="complex"'):
        assert choice in text
    assert wg.jit(foreign(math.gamma))(4.0) == 6.0  # no derivative, no rule needed


def test_second_derivatives_of_what_cannot_be_traced() -> None:
    f = foreign(cube, jvp=opaque_jvp, out=lambda x: x)
    text = raised(wg.errors.MissingRuleError, lambda: wg.hessian(lambda x: np.sum(f(x)))(X))
    assert (
        "the jvp rule of cube cannot be traced, and a second derivative differentiates it." in text
    )
    g = foreign(math.gamma, numeric="central", out=0.0)
    text = raised(wg.errors.MissingRuleError, lambda: wg.grad(wg.grad(g))(2.0))
    assert (
        "gamma: the numerical derivative of a foreign function is not differentiated again." in text
    )


def test_a_rule_that_closes_over_a_traced_value() -> None:
    def outer(a: Any) -> Any:
        f = foreign(cube, jvp=lambda p, t: a * p[0] * t[0], out=lambda x: x)
        return wg.hessian(lambda x: np.sum(f(x)))(X)[0, 0]

    text = raised(wg.errors.MissingRuleError, lambda: wg.grad(outer)(2.0))
    assert "closes over a traced value, for which it gives no derivative" in text


def test_constant_arrays_in_rules() -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    f = foreign(
        lambda x: np.asarray((a @ x) ** 2),
        vjp=lambda p, out, ct: (a.T @ (2.0 * (a @ p[0]) * ct),),
        out=lambda x: x,
    )
    x = np.array([0.5, -1.0])
    expected = wg.hessian(lambda x: np.sum((a @ x) ** 2))(x)
    for hessian in (wg.hessian, lambda g: wg.jacrev(wg.grad(g))):
        np.testing.assert_allclose(hessian(lambda x: np.sum(f(x)))(x), expected, rtol=1e-13)
        found = wg.jit(hessian(lambda x: np.sum(f(x))))(x)
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_the_type_is_unknown_without_values() -> None:
    f = foreign(cube, jvp=square_jvp)
    text = raised(wg.errors.DecisionError, lambda: wg.vmap(f)(np.ones((2, 3))))
    assert "cube: what this foreign function returns is not known here." in text
    assert "out=lambda x: x" in text


def test_other_results_than_announced() -> None:
    wide = foreign(lambda x: np.ones(4), out=Type((3,), float), jvp=square_jvp)
    text = raised(wg.errors.OutputError, lambda: wg.jit(wide)(X))
    assert "returned another type than announced." in text
    assert "float64[4]" in text
    tree = foreign(lambda x: (x, x), out=lambda x: x)
    text = raised(wg.errors.OutputError, lambda: wg.jit(tree)(X))
    assert "returned another structure than announced." in text
    words = foreign(lambda x: "no")
    text = raised(wg.errors.OutputError, lambda: wg.jit(words)(X))
    assert "a foreign function returns something that is no array of numbers" in text


def test_rules_that_return_the_wrong_thing() -> None:
    f = foreign(cube, vjp=lambda p, out, ct: ct, out=lambda x: x)
    text = raised(wg.errors.OutputError, lambda: wg.grad(lambda x: np.sum(f(x)))(X))
    assert "the vjp rule of cube did not return one cotangent per argument." in text
    f = foreign(cube, jvp=lambda p, t: (t[0], t[0]), out=lambda x: x)
    text = raised(wg.errors.OutputError, lambda: wg.grad(lambda x: np.sum(f(x)))(X))
    assert "the jvp rule of cube" in text


def test_complex_steps_need_complex_numbers() -> None:
    for g in (math.gamma, lambda x: np.abs(x), lambda x: float(np.real(x))):
        f = foreign(g, numeric="complex", out=0.0)
        text = raised(wg.errors.ArgumentError, lambda f=f: wg.grad(f)(2.0))
        assert "the complex step needs a real function that also takes complex numbers." in text
        assert 'numeric="central"' in text


def test_arguments() -> None:
    error = wg.errors.ArgumentError
    assert "foreign: not a function." in raised(error, lambda: foreign(3))
    assert "foreign: the jvp rule is not a function." in raised(error, lambda: foreign(cube, jvp=3))
    assert "foreign: there is no such numerical method." in raised(
        error, lambda: foreign(cube, numeric="forward")
    )
    assert "foreign: both a rule and a numerical method were given." in raised(
        error, lambda: foreign(cube, numeric="central", jvp=square_jvp)
    )
    assert "foreign: a step was given without a numerical method." in raised(
        error, lambda: foreign(cube, step=1e-3)
    )
    assert "foreign: the step is not a positive number." in raised(
        error, lambda: foreign(cube, numeric="central", step=-1.0)
    )
    only_keyword = foreign(lambda *, x: x, jvp=square_jvp)
    text = raised(error, lambda: wg.grad(lambda x: np.sum(only_keyword(x=x)))(X))
    assert "a traced value was passed by keyword and has no position" in text
