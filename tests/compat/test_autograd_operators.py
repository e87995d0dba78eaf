"""`grad` and its relatives: argnums, keywords, containers, complex numbers, as in autograd."""

from __future__ import annotations

import warnings
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as onp
import pytest

import wengert as wg
import wengert.compat.autograd as ours
import wengert.compat.autograd.numpy as np
from wengert.compat.autograd import builtins, core, extend
from wengert.compat.autograd.numpy.numpy_boxes import ArrayBox
from wengert.compat.autograd.test_util import (
    check_equivalent,
    check_grads,
    check_jvp,
    check_vjp,
    combo_check,
)
from wengert.compat.autograd.tracer import Node, getval, isbox, trace
from wengert.compat.autograd.wrap_util import unary_to_nary
from wengert.errors import ArgumentError

A = onp.array([[2.0, 0.5], [-0.3, 1.0]])
x = onp.array([0.4, -1.3])
v = onp.array([0.7, 0.2])
Z = onp.array([1.0 + 2.0j, -0.5 + 1.0j])
Point = namedtuple("Point", "a b")


def scalar(np: Any, x: Any, y: Any = 2.0, *, power: int = 2) -> Any:
    return np.sum(np.sin(x) ** power) * np.sum(y**2)


def vector(np: Any, x: Any, y: Any = 2.0) -> Any:
    return np.tanh(np.dot(A, x)) * np.sum(y)


def quartic(np: Any, x: Any) -> Any:
    return np.sum(x**4) + x[0] * x[1] ** 2


def both(call: Any, rtol: float = 1e-9) -> None:
    """`call(library, np)` gives the same with autograd and with ours."""
    autograd = pytest.importorskip("autograd")
    import autograd.numpy as anp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(call(ours, np), call(autograd, anp), rtol)


def assert_same(a: Any, b: Any, rtol: float) -> None:
    if isinstance(b, dict):
        assert list(a) == list(b)
        a, b = list(a.values()), list(b.values())
    if isinstance(b, (tuple, list)):
        assert type(a) is type(b) and len(a) == len(b)
        for left, right in zip(a, b, strict=True):
            assert_same(left, right, rtol)
        return
    assert onp.shape(a) == onp.shape(b)
    onp.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


CALLS: dict[str, Any] = {
    "grad": lambda lib, np: lib.grad(lambda x: scalar(np, x))(x),
    "grad argnum": lambda lib, np: lib.grad(lambda x, y: scalar(np, x, y), 1)(x, v),
    "grad argnums": lambda lib, np: lib.grad(lambda x, y: scalar(np, x, y), (1, 0))(x, v),
    "grad keyword argnum": lambda lib, np: lib.grad(lambda x, y: scalar(np, x, y), argnum=[0])(
        x, v
    ),
    "grad negative argnum": lambda lib, np: lib.grad(lambda x, y: scalar(np, x, y), -1)(x, v),
    "grad with keywords": lambda lib, np: lib.grad(lambda x, y, **k: scalar(np, x, y, **k))(
        x, v, power=3
    ),
    "value_and_grad": lambda lib, np: lib.value_and_grad(lambda x: scalar(np, x))(x),
    "second derivative": lambda lib, np: lib.grad(lib.grad(lambda t: np.sin(t) * t))(0.3),
    "third derivative": lambda lib, np: lib.grad(lib.grad(lib.grad(lambda t: np.exp(t * t))))(0.3),
    "elementwise_grad": lambda lib, np: lib.elementwise_grad(lambda x: np.sin(x) * x)(x),
    "elementwise_grad twice": lambda lib, np: lib.elementwise_grad(lib.elementwise_grad(np.tanh))(
        A
    ),
    "deriv": lambda lib, np: lib.deriv(lambda x: vector(np, x))(x),
    "jacobian": lambda lib, np: lib.jacobian(lambda x: vector(np, x))(x),
    "jacobian of matrix": lambda lib, np: lib.jacobian(lambda a: np.dot(a, a))(A),
    "jacobian of scalar": lambda lib, np: lib.jacobian(lambda x: scalar(np, x))(x),
    "jacobian in scalar": lambda lib, np: lib.jacobian(lambda t: t * np.array([1.0, t]))(2.0),
    "jacobian complex": lambda lib, np: lib.jacobian(lambda z: np.abs(z * z[0]))(Z),
    "hessian": lambda lib, np: lib.hessian(lambda x: quartic(np, x))(x),
    "hessian argnum": lambda lib, np: lib.hessian(lambda y, x: y * quartic(np, x), 1)(2.0, x),
    "hessian of vector": lambda lib, np: lib.hessian(lambda x: vector(np, x))(x),
    "hvp": lambda lib, np: lib.hessian_vector_product(lambda x: quartic(np, x))(x, v),
    "hvp argnum": lambda lib, np: lib.hessian_vector_product(lambda y, x: y * quartic(np, x), 1)(
        2.0, x, v
    ),
    "htp": lambda lib, np: lib.hessian_tensor_product(lambda a: np.sum(a**3))(A, A),
    "vjp product": lambda lib, np: lib.vector_jacobian_product(lambda x: vector(np, x))(x, v),
    "tjp": lambda lib, np: lib.tensor_jacobian_product(lambda a: np.dot(a, a))(A, A),
    "make_hvp": lambda lib, np: (lambda pair: (pair[0](v), pair[1]))(
        lib.make_hvp(lambda x: quartic(np, x))(x)
    ),
    "make_vjp": lambda lib, np: (lambda pair: (pair[0](v), pair[1]))(
        lib.make_vjp(lambda x: vector(np, x))(x)
    ),
    "make_jvp": lambda lib, np: lib.make_jvp(lambda x: vector(np, x))(x)(v),
    "make_jvp argnums": lambda lib, np: lib.differential_operators.make_jvp_reversemode(
        lambda y, x: vector(np, x, y), 1
    )(v, x)(v),
    "make_ggnvp": lambda lib, np: lib.make_ggnvp(lambda x: vector(np, x))(x)(v),
    "make_ggnvp g": lambda lib, np: lib.make_ggnvp(
        lambda y, x: vector(np, x, y), lambda u: np.sum(u**4), f_argnum=1
    )(v, x)(v),
    "grad_named": lambda lib, np: lib.grad_named(lambda a, b: a * b**2, "b")(3.0, 2.0),
    "checkpoint": lambda lib, np: lib.grad(lib.checkpoint(lambda x, y: scalar(np, x, y)), 1)(x, v),
    "holomorphic_grad": lambda lib, np: lib.holomorphic_grad(lambda z: np.sin(z) * z)(0.3 + 0.2j),
    "complex grad": lambda lib, np: lib.grad(lambda z: np.sum(np.abs(z * z) ** 2))(Z),
    "complex vjp": lambda lib, np: lib.make_vjp(lambda z: np.exp(z) * z)(Z)[0](Z[::-1]),
    "complex jvp": lambda lib, np: lib.differential_operators.make_jvp_reversemode(
        lambda z: z * np.abs(z)
    )(Z)(Z),
    "complex second": lambda lib, np: lib.grad(
        lambda z: np.real(lib.grad(lambda w: np.abs(w) ** 4)(z))
    )(1.0 + 2.0j),
    "real to complex": lambda lib, np: lib.grad(lambda t: np.imag(np.exp(1j * t) ** 2))(0.4),
    "list": lambda lib, np: lib.grad(lambda p: p[0] * np.sum(p[1]) ** 2)([2.0, x]),
    "dict": lambda lib, np: lib.grad(lambda p: p["b"] * np.sum(p["a"]) ** 2)({"b": 2.0, "a": x}),
    "nested": lambda lib, np: lib.grad(lambda p: p[0]["w"][1] * p[1])(({"w": [1.0, 2.0]}, 3.0)),
    "list arithmetic": lambda lib, np: lib.grad(
        lambda p: sum(np.sum(q**2) for q in p) + len(p) * p[-1][0]
    )([x, v]),
    "dict methods": lambda lib, np: lib.grad(
        lambda p: sum(np.sum(value) for _, value in p.items()) * p.get("a", 1.0)
    )({"a": 2.0, "b": x}),
    "value_and_grad of dict": lambda lib, np: lib.value_and_grad(lambda p: p["a"] ** 2)({"a": 3.0}),
    "closure": lambda lib, np: lib.grad(lambda a: lib.grad(lambda b: a * a * b)(a) * a)(3.0),
    "perturbations": lambda lib, np: lib.grad(lambda a: a * lib.deriv(lambda b: a + b)(1.0))(1.0),
    "jacobian of grad": lambda lib, np: lib.jacobian(lib.grad(lambda x: quartic(np, x)))(x),
    "array of lists": lambda lib, np: lib.grad(lambda t: np.sum(np.array([[t, 1.0], [t * t, 2]])))(
        3.0
    ),
    "while": lambda lib, np: lib.grad(lambda t: halved(t))(37.0),
}


def halved(t: Any) -> Any:
    while t > 1.0:
        t = t / 2.0
    return t * t


@pytest.mark.parametrize("name", CALLS)
def test_as_autograd(name: str) -> None:
    both(CALLS[name])


def test_a_complex_jacobian_is_refused() -> None:
    with pytest.raises(TypeError, match="jacobian: the function is complex, of complex numbers"):
        ours.jacobian(lambda z: z * z)(Z)
    with pytest.raises(TypeError):
        ours.jacobian(lambda t: t * Z)(2.0)


def test_grad_and_aux() -> None:
    gradient, aux = ours.grad_and_aux(lambda x: (np.sum(x**2), {"kept": x[0]}))(x)
    onp.testing.assert_allclose(gradient, 2 * x)
    assert aux == {"kept": x[0]}


def test_multigrad_dict() -> None:
    def f(a: float, b: float = 2.0, *rest: float, **more: float) -> float:
        return a * b + sum(rest) ** 2 + sum(more.values()) * a

    found = ours.multigrad_dict(f)(3.0, 4.0, 5.0, c=6.0)
    assert isinstance(found, OrderedDict)
    assert found == {"a": 10.0, "b": 3.0, "rest": (10.0,), "more": {"c": 3.0}}
    assert ours.multigrad_dict(lambda a, b=2.0: a * b)(3.0) == {"a": 2.0, "b": 3.0}


def test_grad_named_needs_the_name() -> None:
    with pytest.raises(ArgumentError, match="has no argument of this name"):
        ours.grad_named(lambda a: a, "b")


def test_holomorphic_grad_of_a_real_number_warns() -> None:
    with pytest.warns(UserWarning, match="Input to holomorphic_grad is not complex"):
        ours.holomorphic_grad(np.sin)(0.3)


def test_argnum_must_be_a_position() -> None:
    with pytest.raises(ArgumentError, match="argnum is not an integer or a tuple of integers"):
        ours.grad(np.sin, "x")


def test_names_and_docstrings() -> None:
    def loss(x: Any) -> Any:
        return x

    assert ours.grad(loss).__name__ == "grad_of_loss_wrt_argnum_0"
    assert "grad of loss" in ours.grad(loss).__doc__
    assert ours.grad.__name__ == "grad"
    assert ours.checkpoint(loss).__name__ == "loss"


def test_named_tuples_and_what_autograd_cannot_take() -> None:
    found = ours.grad(lambda p: p.a * p.b**2)(Point(2.0, 3.0))
    assert found == Point(9.0, 12.0)
    assert ours.make_vjp(lambda t: (t, [t * t]))(3.0)[0]((1.0, [1.0])) == 7.0


def test_vjp_of_numbers_is_spread_over_arrays() -> None:
    vjp, _ = ours.make_vjp(np.sin)(x)
    onp.testing.assert_allclose(vjp(2.0), 2 * onp.cos(x))


def test_user_made_operators() -> None:
    @unary_to_nary
    def scaled_grad(f: Any, x: Any, factor: float = 1.0) -> Any:
        vjp, ans = core.make_vjp(f, x)
        return extend.vspace(x).scalar_mul(vjp(extend.vspace(ans).ones()), factor)

    assert scaled_grad(lambda a, b: a * b**2, 1, factor=10.0)(2.0, 3.0) == 120.0


# -- boxes -----------------------------------------------------------------------------------------


def test_boxes_show_their_values() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append((isinstance(x, ArrayBox), isbox(x), getval(x), x._value, str(x)))
        seen.append((builtins.isinstance(x, onp.ndarray), builtins.type(x)))
        return np.sum(x**2)

    ours.grad(f)(x)
    is_array_box, is_box, value, inner, text = seen[0]
    assert is_array_box and is_box and "0.4" in text
    onp.testing.assert_array_equal(value, x)
    onp.testing.assert_array_equal(inner, x)
    assert seen[1] == (True, onp.ndarray)
    assert not isbox(x) and not isinstance(x, ArrayBox) and getval(3.0) == 3.0
    assert issubclass(ArrayBox, extend.Box)


def test_getval_looks_through_all_levels() -> None:
    assert ours.grad(lambda a: ours.grad(lambda b: b * getval(b) * a)(a))(3.0) == 3.0


def test_types_where_there_are_no_values() -> None:
    seen: list[Any] = []

    def f(row: Any) -> Any:
        seen.append((builtins.isinstance(row, onp.ndarray), builtins.isinstance(row[0], float)))
        assert isbox(getval(row))
        return row[0] * 2.0

    wg.vmap(f)(A)
    assert seen[0] == (True, True)
    assert builtins.type("Name", (), {}).__name__ == "Name"


def test_boxes_are_not_made_by_hand() -> None:
    with pytest.raises(ArgumentError, match="boxes are made by the functions that differentiate"):
        ArrayBox(1.0, None, None)
    with pytest.raises(ArgumentError, match="Wengert has no box classes of its users' own"):
        extend.Box.register(Point)


class CountingNode(Node):
    """The longest chain of operations that a value rests on."""

    __slots__ = ("depth", "names")

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: Any, parents: Any
    ) -> None:
        self.depth = 1 + max(p.depth for p in parents)
        self.names = [*max([p.names for p in parents], key=len), fun.__name__]

    def initialize_root(self) -> None:
        self.depth = 0
        self.names = []


def test_graphs_of_user_made_nodes() -> None:
    value, node = trace(CountingNode.new_root(), lambda x: np.sin(np.cos(x) * 2.0), 0.5)
    assert value == onp.sin(onp.cos(0.5) * 2.0)
    assert node.names == ["cos", "mul", "sin"] and node.depth == 3
    with pytest.warns(UserWarning, match="Output seems independent of input"):
        assert trace(CountingNode.new_root(), lambda x: 1.0, 0.5) == (1.0, None)
    with pytest.raises(ArgumentError, match="did not return one number or array"):
        trace(CountingNode.new_root(), lambda x: (x, x), 0.5)


def test_autograds_own_nodes() -> None:
    f = lambda x: np.sum(np.sin(x) * x[0])
    value, node = trace(core.VJPNode.new_root(), f, x)
    assert value == f(x)
    onp.testing.assert_allclose(core.backward_pass(1.0, node), ours.grad(f)(x))
    _, node = trace(core.JVPNode.new_root(v), f, x)
    onp.testing.assert_allclose(node.g, ours.grad(f)(x) @ v)


# -- vector spaces and checks ----------------------------------------------------------------------


def test_vector_spaces() -> None:
    value = {"a": [1.0, Z], "b": A}
    space = extend.vspace(value)
    assert space.size == 1 + 4 + 4
    assert space == extend.vspace(space.zeros()) != extend.vspace(A)
    assert len(list(space.standard_basis())) == space.size
    assert space.inner_prod(value, space.ones()) == pytest.approx(
        1.0 + onp.sum(Z.real + Z.imag) + onp.sum(A)
    )
    twice = space.add(value, value)
    check_equivalent(twice, space.scalar_mul(value, 2.0))
    assert space.mut_add(None, value)["a"][0] == 1.0
    onp.testing.assert_array_equal(space.covector(value)["a"][1], onp.conj(Z))
    assert extend.vspace(A).ndim == 2 and extend.vspace(Point(1.0, 2.0)).size == 2
    assert "shape" in repr(extend.vspace(A))
    with pytest.raises(TypeError, match="Can't find vector space for value 3 of type"):
        extend.vspace(3)


def test_a_vector_space_of_the_users_own() -> None:
    class Interval:
        pass

    class IntervalSpace(extend.VSpace):
        size = 2

    IntervalSpace.register(Interval)
    try:
        assert extend.vspace(Interval()).size == 2
        for method in ("zeros", "ones", "standard_basis", "randn"):
            with pytest.raises(NotImplementedError):
                getattr(extend.vspace(Interval()), method)()
    finally:
        del extend.VSpace.mappings[Interval]


def test_check_grads() -> None:
    onp.random.seed(0)
    check_grads(lambda x, y: x * np.sin(y), (0, 1), order=3)(x, v)
    combo_check(lambda x, n: x**n, [0], modes=["rev"], order=1)([0.3, 0.7], [2, 3])
    combo_check(np.sum, [0], order=1)([A], axis=[0, 1, None], keepdims=[True, False])
    with pytest.raises(ArgumentError, match="check_grads: there is no such mode"):
        check_grads(np.sin, modes=["sideways"])(0.3)


def test_check_vjp_compares_spaces() -> None:
    with pytest.raises(AssertionError, match="is not in the space of its argument"):
        check_vjp(lambda n: np.sum(n * 1.0), onp.array([1, 2]))


def test_check_grads_finds_what_is_wrong() -> None:
    onp.random.seed(0)
    wrong = extend.primitive(lambda x: x**2)
    extend.defvjp(wrong, lambda ans, x: lambda g: g * x)
    with pytest.raises(AssertionError, match=r"Derivative \(VJP\) check of .* failed with arg"):
        check_grads(wrong, modes=["rev"], order=1)(3.0)
    with pytest.raises(AssertionError, match="Value mismatch"):
        check_jvp(wrong, 3.0)
    with pytest.raises(AssertionError, match="VSpace mismatch"):
        check_equivalent(x, A)
