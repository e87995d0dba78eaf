"""grad and its relatives: arguments, trees, aux outputs, orders, nesting, complex numbers."""

import threading

import numpy as np
import pytest

import wengert as wg
from wengert.errors import NonScalarOutputError, NotDifferentiableError, ShapeError


def test_gradient_in_the_structure_of_the_argument():
    def f(p, x):
        return np.sum(p["w"] * x) + p["b"][0] * p["b"][1]

    p = {"w": np.array([1.0, 2.0]), "b": (3.0, 4.0)}
    x = np.array([5.0, 6.0])
    g = wg.grad(f)(p, x)
    assert list(g) == ["b", "w"] or set(g) == {"b", "w"}
    np.testing.assert_array_equal(g["w"], x)
    assert g["b"] == (4.0, 3.0)


def test_argnums_and_argnames():
    def f(x, y, *, z):
        return x * y**2 * z**3

    assert wg.grad(f, argnums=1)(2.0, 3.0, z=1.0) == 12.0
    assert wg.grad(f, argnums=(0, 1))(2.0, 3.0, z=1.0) == (9.0, 12.0)
    assert wg.grad(f, argnames="z")(2.0, 3.0, z=1.0) == 54.0
    assert wg.grad(f, argnames=("z",))(2.0, 3.0, z=1.0) == {"z": 54.0}
    assert wg.grad(f, argnums=0, argnames="z")(2.0, 3.0, z=1.0) == (9.0, 54.0)
    assert wg.grad(f, argnums=-1)(2.0, 3.0, z=1.0) == 12.0


def test_has_aux():
    g, aux = wg.grad(lambda x: (x**2, {"twice": 2 * x, "name": "s"}), has_aux=True)(3.0)
    assert g == 6.0 and aux == {"twice": 6.0, "name": "s"}
    assert isinstance(aux["twice"], np.float64)
    (value, aux), g = wg.value_and_grad(lambda x: (x**2, x), has_aux=True)(3.0)
    assert (value, aux, g) == (9.0, 3.0, 6.0)
    out, tangent, aux = wg.jvp(lambda x: (x**2, 2 * x), (3.0,), (1.0,), has_aux=True)
    assert (out, tangent, aux) == (9.0, 6.0, 6.0)
    out, pullback, aux = wg.vjp(lambda x: (x**2, 2 * x), 3.0, has_aux=True)
    assert (out, pullback(1.0), aux) == (9.0, (6.0,), 6.0)


@pytest.mark.parametrize("order", range(1, 7))
def test_nested_derivatives_of_sin(order):
    f = np.sin
    for _ in range(order):
        f = wg.grad(f)
    expected = np.sin(0.7 + order * np.pi / 2)
    np.testing.assert_allclose(f(0.7), expected, rtol=1e-13)


@pytest.mark.parametrize("outer", [wg.jacfwd, wg.jacrev])
@pytest.mark.parametrize("inner", [wg.jacfwd, wg.jacrev])
@pytest.mark.parametrize("innermost", [wg.jacfwd, wg.jacrev])
def test_every_nesting_of_forward_and_reverse(outer, inner, innermost):
    def f(x):
        return np.sum(x**3 * np.array([1.0, 2.0]))

    third = outer(inner(innermost(f)))(np.array([1.0, 2.0]))
    expected = np.zeros((2, 2, 2))
    expected[0, 0, 0], expected[1, 1, 1] = 6.0, 12.0
    np.testing.assert_allclose(third, expected)


def test_perturbation_confusion():
    # Siskind and Pearlmutter (2005): d/dx (x d/dy (x + y)) at x = y = 1 is 1, not 2.
    assert wg.grad(lambda x: x * wg.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert wg.derivative(lambda x: x * wg.derivative(lambda y: x + y)(1.0))(1.0) == 1.0
    assert wg.grad(lambda x: x * wg.derivative(lambda y: x * y)(2.0))(3.0) == 6.0
    assert wg.derivative(lambda x: x * wg.grad(lambda y: x * y)(2.0))(3.0) == 6.0


def test_shared_captures_at_two_levels():
    def outer(x):
        def middle(y):
            def inner(z):
                return x * y * z + x**2 * z

            return wg.grad(inner)(y) * y

        return wg.grad(middle)(x)

    # inner' = x y + x²; middle = x y² + x² y; middle' = 2 x y + x² at y = x: 3 x²; outer' = 6 x
    assert wg.grad(outer)(2.0) == 12.0


def test_functions_returning_functions_see_only_their_own_level():
    def f(x):
        return lambda y: x * y

    g = wg.grad(lambda x: f(x)(2.0) + wg.grad(f(x))(5.0))
    assert g(3.0) == 3.0


def test_python_control_flow_recursion_and_closures():
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    def newton(a):
        x = a
        while abs(x * x - a) > 1e-14:
            x = 0.5 * (x + a / x)
        return x

    assert wg.grad(lambda x: power(x, 5))(2.0) == 80.0
    np.testing.assert_allclose(wg.grad(newton)(2.0), 0.5 / np.sqrt(2.0), rtol=1e-12)


def test_integer_leaves_are_refused_by_name():
    with pytest.raises(NotDifferentiableError) as error:
        wg.grad(lambda p: p["x"] * p["n"])({"x": 1.0, "n": 3})
    assert "int64[] at ['n']" in str(error.value)
    with pytest.raises(NotDifferentiableError):
        wg.jacobian(lambda n: n * 1.0)(np.arange(3))
    with pytest.raises(NotDifferentiableError):
        wg.grad(lambda x: x > 0)(1.0)
    with pytest.raises(NotDifferentiableError, match="output is an integer"):
        wg.jacobian(lambda x: x > 0)(1.0)


def test_integer_leaves_have_no_tangents():
    def f(x, n):
        return x * n, n + 1

    (out, m), (tangent, none) = wg.jvp(f, (2.0, 3), (1.0, None))
    assert (out, m, tangent, none) == (6.0, 4, 3.0, None)
    _, pullback = wg.vjp(f, 2.0, 3)
    assert pullback((1.0, None)) == (3.0, None)
    _, linear = wg.linearize(f, 2.0, 3)
    assert linear(1.0, None) == (3.0, None)


def test_output_that_does_not_depend_on_the_argument():
    np.testing.assert_array_equal(wg.grad(lambda x: 3.0)(np.ones(2)), np.zeros(2))
    np.testing.assert_array_equal(wg.jacobian(lambda x: np.ones(3))(np.ones(2)), np.zeros((3, 2)))
    assert wg.derivative(lambda x: 3.0)(1.0) == 0.0
    out, tangent = wg.jvp(lambda x: np.ones(2), (1.0,), (1.0,))
    np.testing.assert_array_equal(tangent, np.zeros(2))


def test_results_share_memory_with_nothing():
    x = np.ones(3)
    out, pullback = wg.vjp(lambda a, b: a + b, x, x)
    ct = np.ones(3)
    a, b = pullback(ct)
    a += 1
    np.testing.assert_array_equal(b, np.ones(3))
    np.testing.assert_array_equal(ct, np.ones(3))
    g = wg.grad(lambda p: np.sum(p["a"] + p["b"]))({"a": np.ones(2), "b": np.ones(2)})
    g["a"] *= 5
    np.testing.assert_array_equal(g["b"], np.ones(2))


def test_arrays_changed_after_vjp():
    x, w = np.ones(3), np.full(3, 2.0)
    _, pullback = wg.vjp(lambda a: a * a * w, x)
    x[:] = 100.0
    w[:] = 100.0
    np.testing.assert_array_equal(pullback(np.ones(3))[0], np.full(3, 4.0))


def test_output_changed_before_the_pullback():
    out, pullback = wg.vjp(np.exp, np.zeros(2))
    out[:] = 100.0
    np.testing.assert_array_equal(pullback(np.ones(2))[0], np.ones(2))


def test_large_arrays_changed_after_vjp():
    n = 300_000  # above the size up to which arrays are copied when met
    x, w = np.ones(n), np.full(n, 2.0)
    _, pullback = wg.vjp(lambda a: a * w, x)
    assert x.flags.writeable and w.flags.writeable
    w[:] = 100.0
    np.testing.assert_array_equal(pullback(np.ones(n))[0], np.full(n, 2.0))


def test_complex_gradient_is_steepest_ascent():
    z = 1.0 + 2.0j
    np.testing.assert_allclose(wg.grad(lambda z: np.abs(z) ** 2)(z), 2 * z)
    np.testing.assert_allclose(wg.grad(lambda z: np.real(z**2))(z), np.conj(2 * z))
    np.testing.assert_allclose(wg.grad(lambda z: z**3, holomorphic=True)(z), 3 * z**2)
    with pytest.raises(NonScalarOutputError, match="complex"):
        wg.grad(lambda z: z**2)(z)
    with pytest.raises(NotDifferentiableError, match="complex"):
        wg.jacobian(lambda z: z**2)(z)
    np.testing.assert_allclose(wg.jacobian(lambda z: z**2, holomorphic=True)(z), 2 * z)
    for mode in ("forward", "reverse"):
        J = wg.jacobian(lambda z: z * 1j + z**2, holomorphic=True, mode=mode)(np.array([z, 2 * z]))
        np.testing.assert_allclose(J, np.diag([1j + 2 * z, 1j + 4 * z]))


def test_jacobian_trees_and_modes():
    def f(p):
        return {"u": p["a"] * p["b"], "v": np.sum(p["a"])}

    p = {"a": np.array([1.0, 2.0]), "b": 3.0}
    forward, reverse = wg.jacfwd(f)(p), wg.jacrev(f)(p)
    for J in (forward, reverse):
        np.testing.assert_allclose(J["u"]["a"], 3 * np.eye(2))
        np.testing.assert_allclose(J["u"]["b"], p["a"])
        np.testing.assert_allclose(J["v"]["a"], np.ones(2))
        assert J["v"]["b"] == 0.0
    value, J = wg.value_and_jacobian(f)(p)
    np.testing.assert_allclose(value["u"], [3.0, 6.0])


def test_hessians_and_products():
    def f(x):
        return x[0] ** 2 * x[1] + np.sin(x[1])

    x, v = np.array([1.0, 2.0]), np.array([0.3, -0.7])
    H = np.array([[4.0, 2.0], [2.0, -np.sin(2.0)]])
    np.testing.assert_allclose(wg.hessian(f)(x), H)
    np.testing.assert_allclose(wg.hvp(f, (x,), (v,)), H @ v)
    np.testing.assert_allclose(wg.vhp(f, (x,), (v,)), v @ H)
    np.testing.assert_allclose(wg.hessian_diagonal(f)(x), np.diag(H))
    two = wg.hvp(lambda a, b: a**2 * b, (1.0, 2.0), (1.0, 1.0))
    np.testing.assert_allclose(two, (4.0 + 2.0, 2.0))
    tree = wg.hessian(lambda p: p["a"] * p["b"] ** 2)({"a": 1.0, "b": 2.0})
    assert tree["a"]["b"] == 4.0 and tree["b"]["b"] == 2.0 and tree["a"]["a"] == 0.0


def test_linearize_computes_the_known_part_once():
    calls = []

    def f(x):
        calls.append(1)
        return np.sin(x) * x

    out, linear = wg.linearize(f, 2.0)
    slope = np.sin(2.0) + 2.0 * np.cos(2.0)
    np.testing.assert_allclose([linear(1.0), linear(2.0)], [slope, 2 * slope])
    assert len(calls) == 1


def test_linear_transpose():
    A = np.array([[1.0 + 1j, 2.0], [3.0, 4.0 - 2j]])
    (y,) = wg.linear_transpose(lambda x: np.sum(A * x, axis=1), np.zeros(2, complex))(
        np.array([1.0, 1j])
    )
    np.testing.assert_allclose(y, A.conj().T @ np.array([1.0, 1j]))


def test_mismatched_tangents():
    with pytest.raises(ShapeError, match="does not have the shape"):
        wg.jvp(np.sin, (np.ones(3),), (np.ones(2),))
    with pytest.raises(wg.errors.ArgumentError, match="structure"):
        wg.jvp(lambda p: p["a"], ({"a": 1.0},), ({"b": 1.0},))
    with pytest.raises(wg.errors.DtypeError):
        wg.jvp(np.sin, (1.0,), (1j,))


def test_float32_is_kept():
    x = np.ones(3, np.float32)
    g = wg.grad(lambda x: np.sum(np.sin(x) * 2.0))(x)
    assert g.dtype == np.float32
    assert wg.jacobian(np.sin)(x).dtype == np.float32
    assert wg.jvp(np.sin, (x,), (x,))[1].dtype == np.float32


def test_transformed_programs_are_cached_by_structure():
    from wengert.transforms import linearize

    made = []
    original = linearize.stitch

    def counting(*args):
        made.append(1)
        return original(*args)

    linearize.stitch = counting
    try:
        g = wg.grad(lambda x, rate: np.sin(x * rate) * np.exp(-0.123 * x))
        g(1.0, 0.5)
        first = len(made)
        for step in range(5):
            g(2.0 + step, 0.1 * step)  # other numbers, a rate that changes: one structure
    finally:
        linearize.stitch = original
    assert len(made) == first


def test_threads_do_not_disturb_each_other():
    errors = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(50):
            x = rng.normal(size=3)
            n = int(rng.integers(1, 6))

            def f(x, n=n):
                for _ in range(n):
                    x = np.sin(x) * x
                return np.sum(x)

            y, dy = x, np.ones(3)
            for _ in range(n):
                y, dy = np.sin(y) * y, dy * (np.cos(y) * y + np.sin(y))
            if not np.allclose(wg.grad(f)(x), dy):
                errors.append(seed)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors


@pytest.mark.parametrize(
    "f",
    [lambda x: 3.0, lambda x: np.where(x > 0, x, 0.0), np.sin, lambda x: np.reshape(x, ())],
    ids=["constant", "where", "sin", "reshape"],
)
def test_the_derivative_in_a_number_is_a_numpy_scalar(f):
    for derivative in (
        wg.grad(f)(1.5),
        wg.vjp(f, 1.5)[1](1.0)[0],
        wg.derivative(f)(1.5),
        wg.elementwise_grad(f)(1.5),
        wg.jacfwd(f)(1.5),
        wg.jacrev(f)(1.5),
    ):
        assert isinstance(derivative, np.float64)
