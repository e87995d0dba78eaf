"""Functions between NumPy and JAX: values, derivatives of all orders, both ways."""

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError

jax = pytest.importorskip("jax")
jnp = jax.numpy

from wengert.interop import from_jax, to_jax  # noqa: E402  # after the check above

X = np.array([0.3, 1.0, -2.0])


def leaves(tree):
    return tree if isinstance(tree, tuple) else (tree,)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def wave(x):
    return np.sum(np.sin(x) * x**3)


def jax_wave(x):
    return jnp.sum(jnp.sin(x) * x**3)


def third(grad):
    return lambda f: grad(lambda x: grad(lambda y: grad(f)(y).sum())(x).sum())


REVERSE = {
    "grad": jax.grad,
    "grad under jit": lambda f: jax.jit(jax.value_and_grad(f)),
    "second": lambda f: jax.jacrev(jax.grad(f)),
    "third": third(jax.grad),
    "vmap": lambda f: lambda x: jax.vmap(f)(jnp.outer(x, x)),
    "vmap of vmap": lambda f: lambda x: jax.vmap(jax.vmap(f))(jnp.ones((2, 3, 1)) * x),
    "vmap of grad": lambda f: jax.jit(lambda x: jax.vmap(jax.grad(f))(jnp.outer(x, x))),
}
FORWARD = {
    "jacfwd": jax.jacfwd,
    "jvp": lambda f: lambda x: jax.jvp(f, (x,), (x,)),
    "second under jit": lambda f: jax.jit(jax.jacfwd(jax.jacfwd(f))),
}
CASES = [("reverse", n, t) for n, t in REVERSE.items()] + [
    ("forward", n, t) for n, t in FORWARD.items()
]


@pytest.mark.parametrize("mode, name, transform", CASES, ids=lambda c: c if type(c) is str else "")
def test_jax_transforms_a_wengert_function(mode, name, transform):
    found = transform(to_jax(wave, mode=mode))(jnp.asarray(X))
    expected = transform(jax_wave)(jnp.asarray(X))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_trees_and_integers():
    f = to_jax(lambda p, n: {"y": p["a"] * n, "at": np.argmax(p["a"])})
    found = f({"a": X}, jnp.asarray(3))
    assert found["at"] == 1
    gradient = jax.grad(lambda a: f({"a": a}, jnp.asarray(3))["y"].sum())(X)
    np.testing.assert_allclose(gradient, [3.0, 3.0, 3.0])
    push = to_jax(lambda a: (a**2, np.argmax(a)), mode="forward")
    tangent, _ = jax.jvp(push, (X,), (X,))[1]
    np.testing.assert_allclose(tangent, 2 * X**2)


def test_decisions_need_the_result_described():
    branch = lambda x: np.sum(x**3) if x[0] > 0 else np.sum(x)
    with pytest.raises(ArgumentError, match="to_jax: what the function returns cannot be found"):
        to_jax(branch)(X)
    f = to_jax(branch, out=np.zeros(()))
    np.testing.assert_allclose(jax.grad(f)(X), 3 * X**2)
    np.testing.assert_allclose(jax.grad(f)(-X), np.ones(3))
    np.testing.assert_allclose(jax.jacrev(jax.grad(f))(X), np.diag(6 * X))


def test_the_precision_of_jax():
    with jax.enable_x64(False):
        f = to_jax(wave)
        assert f(jnp.asarray(X)).dtype == np.float32
        assert jax.grad(f)(jnp.asarray(X)).dtype == np.float32
        assert from_jax(jax_wave)(X).dtype == np.float64


def test_unknown_mode():
    with pytest.raises(ArgumentError, match="to_jax: an unknown mode"):
        to_jax(wave, mode="both")


WENGERT = {
    "grad": wg.grad,
    "hessian": wg.hessian,
    "jit": lambda f: wg.jit(wg.value_and_grad(f)),
    "forward over reverse": lambda f: wg.jacfwd(wg.grad(f)),
    "reverse over forward": lambda f: wg.jacrev(wg.jacfwd(f)),
    "third": third(wg.grad),
    "vmap of grad": lambda f: lambda x: wg.vmap(wg.grad(f))(np.outer(x, x)),
}


@pytest.mark.parametrize("name", WENGERT)
def test_wengert_transforms_a_jax_function(name):
    transform = WENGERT[name]
    found, expected = transform(from_jax(jax_wave))(X), transform(wave)(X)
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_trees_and_constants_from_jax():
    f = from_jax(lambda p, n, *, scale: {"y": p["a"] * n * scale, "i": jnp.argmax(p["a"])})
    loss = lambda a: np.sum(f({"a": a}, 2, scale=0.5)["y"] ** 2)
    np.testing.assert_allclose(wg.grad(loss)(X), 2 * X)
    np.testing.assert_allclose(wg.hessian(loss)(X), 2 * np.eye(3))
    assert f({"a": X}, 2, scale=0.5)["i"] == 1
