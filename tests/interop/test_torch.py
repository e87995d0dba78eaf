"""Functions between NumPy and PyTorch: values, derivatives of all orders, both ways."""

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, DtypeError

torch = pytest.importorskip("torch")

from wengert.interop import from_torch, to_torch  # noqa: E402  # after the check above

X = np.array([0.3, 1.0, -2.0])


def leaves(tree):
    return tree if isinstance(tree, tuple) else (tree,)


TX = torch.from_numpy(X.copy())


def wave(x):
    return np.sum(np.sin(x) * x**3)


def torch_wave(x):
    return torch.sum(torch.sin(x) * x**3)


def third(grad):
    """A transform that takes a third derivative, summed up on the way."""
    return lambda f: grad(lambda x: grad(lambda y: grad(f)(y).sum())(x).sum())


func = torch.func
TORCH_TRANSFORMS = {
    "grad": func.grad,
    "hessian": func.hessian,
    "jacfwd": func.jacfwd,
    "jacrev over grad": lambda f: func.jacrev(func.grad(f)),
    "third": third(func.grad),
    "jvp": lambda f: lambda x: func.jvp(f, (x,), (x,))[1],
    "vmap": lambda f: lambda x: func.vmap(f)(torch.outer(x, x)),
    "vmap of grad": lambda f: lambda x: func.vmap(func.grad(f))(torch.outer(x, x)),
    "vmap of an axis": lambda f: lambda x: func.vmap(f, in_dims=1)(torch.outer(x, x[:2])),
}


@pytest.mark.parametrize("name", TORCH_TRANSFORMS)
@pytest.mark.parametrize("compiled", [True, False])
def test_torch_transforms_a_wengert_function(name, compiled):
    transform = TORCH_TRANSFORMS[name]
    found = transform(to_torch(wave, compile=compiled))(TX)
    torch.testing.assert_close(found, transform(torch_wave)(TX), rtol=1e-12, atol=1e-13)


def test_trees_integers_and_several_results():
    f = to_torch(lambda x, w, n: (np.sum(x * w["a"]) * n, {"square": x**2, "at": np.argmax(x)}))
    x = TX.clone().requires_grad_()
    a = torch.ones(3, dtype=torch.float64, requires_grad=True)
    total, rest = f(x, {"a": a}, 3)
    assert rest["at"].item() == 1
    assert not rest["at"].requires_grad
    (total + rest["square"].sum()).backward()
    torch.testing.assert_close(x.grad, 3 + 2 * TX)
    torch.testing.assert_close(a.grad, 3 * TX)


def test_gradcheck():
    args = (TX.clone().requires_grad_(), torch.rand(3, dtype=torch.float64, requires_grad=True))
    f = to_torch(lambda x, y: np.exp(x) * y[::-1])
    assert torch.autograd.gradcheck(f, args)
    assert torch.autograd.gradgradcheck(f, args)


def test_complex_gradients_follow_one_convention():
    z = torch.tensor([1 + 2j, -0.5j], dtype=torch.complex128, requires_grad=True)
    to_torch(lambda z: np.sum(np.abs(z) ** 2 * z.real))(z).backward()
    found, z.grad = z.grad, None
    (z.abs() ** 2 * z.real).sum().backward()
    torch.testing.assert_close(found, z.grad)


def test_decisions_differ_between_items():
    f = to_torch(lambda x: x**2 if x > 0 else -x)
    torch.testing.assert_close(
        func.vmap(func.grad(f))(TX), torch.where(TX > 0, 2 * TX, -torch.ones_like(TX))
    )


def test_memory_is_shared_and_never_aliased():
    seen = []
    f = to_torch(lambda x: (seen.append(x), x)[1], compile=False)
    y = f(TX)
    assert np.shares_memory(seen[0], TX.numpy())
    y += 1.0
    torch.testing.assert_close(TX, torch.from_numpy(X))


def test_float32_stays():
    assert to_torch(np.sin)(torch.ones(2)).dtype == torch.float32


def test_tensors_that_numpy_cannot_read():
    with pytest.raises(DtypeError, match="to_torch: NumPy has no such dtype"):
        to_torch(np.sin)(torch.ones(2, dtype=torch.bfloat16))
    with pytest.raises(ArgumentError, match="to_torch: a tensor is not on the CPU"):
        to_torch(np.sin)(torch.ones(2, device="meta"))


WENGERT_TRANSFORMS = {
    "grad": wg.grad,
    "hessian": wg.hessian,
    "jacfwd": wg.jacfwd,
    "jit": lambda f: wg.jit(wg.value_and_grad(f)),
    "forward over reverse": lambda f: wg.jacfwd(wg.grad(f)),
    "reverse over forward": lambda f: wg.jacrev(wg.jacfwd(f)),
    "third": third(wg.grad),
    "vmap of grad": lambda f: lambda x: wg.vmap(wg.grad(f))(np.outer(x, x)),
}


@pytest.mark.parametrize("name", WENGERT_TRANSFORMS)
def test_wengert_transforms_a_torch_function(name):
    transform = WENGERT_TRANSFORMS[name]
    found, expected = transform(from_torch(torch_wave))(X), transform(wave)(X)
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_a_module():
    torch.manual_seed(0)
    layers = (torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    module = torch.nn.Sequential(*layers).double()
    f = from_torch(module)
    np.testing.assert_allclose(
        wg.jacobian(f)(X), torch.func.jacrev(module)(TX).detach().numpy(), rtol=1e-12
    )
    wg.check_grads(f, (X,), order=2)
    assert "Sequential" in str(wg.trace(f)(X))


def test_trees_from_torch():
    f = from_torch(lambda p, n: {"y": p["a"] * n, "i": torch.argmax(p["b"])})
    loss = lambda p: np.sum(f(p, 2.0)["y"] ** 2)
    found = wg.grad(loss)({"a": X, "b": X})
    np.testing.assert_allclose(found["a"], 8 * X)
    np.testing.assert_allclose(found["b"], 0 * X)
