"""User primitives: rules by argument, both modes from either rule, higher order, refusals."""

from __future__ import annotations

from typing import Any

import numpy as onp
import pytest

import wengert as wg
import wengert.compat.autograd.numpy as np
from wengert.compat.autograd import builtins, checkpoint, elementwise_grad, grad, jacobian
from wengert.compat.autograd.core import make_jvp, make_vjp
from wengert.compat.autograd.extend import (
    SparseObject,
    VJPNode,
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
    register_notrace,
    vspace,
)
from wengert.compat.autograd.numpy.numpy_vjps import unbroadcast_f
from wengert.compat.autograd.numpy.numpy_wrapper import wrap_namespace
from wengert.compat.autograd.test_util import check_grads
from wengert.errors import (
    ArgumentError,
    ConversionError,
    DecisionError,
    MissingRuleError,
    OutputError,
)

x = onp.array([0.4, -1.3, 0.7])
A = onp.array([[1.0, 2.0, 0.5], [0.3, -1.0, 1.5]])


def logsumexp_vjp(ans: Any, x: Any, scale: float = 1.0) -> Any:
    return lambda g: g * np.exp((x - ans) / scale)


@primitive
def logsumexp(x: Any, scale: float = 1.0) -> Any:
    """Runs on plain arrays, and takes decisions."""
    assert type(x) is onp.ndarray
    largest = float(max(x))
    total = 0.0
    for entry in x.tolist():
        total += float(onp.exp((entry - largest) / scale))
    return scale * float(onp.log(total)) + largest


defvjp(logsumexp, logsumexp_vjp)


@primitive
def product(a: Any, b: Any) -> Any:
    return onp.multiply(a, b)


defvjp(
    product,
    lambda ans, a, b: unbroadcast_f(a, lambda g: g * b),
    lambda ans, a, b: unbroadcast_f(b, lambda g: g * a),
)
defjvp(product, "same", "same")


@primitive
def pushed_only(a: Any, b: Any) -> Any:
    return onp.sin(a) * b


defjvp(pushed_only, lambda g, ans, a, b: g * np.cos(a) * b, lambda g, ans, a, b: np.sin(a) * g)


# -- derivatives -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f, args",
    [
        (logsumexp, (x,)),
        (lambda x: logsumexp(x, scale=2.0), (x,)),
        (lambda a, b: product(a, b), (A, x)),
        (lambda a: product(a, a), (x,)),
        (lambda a, b: pushed_only(a, b), (x, x + 1.0)),
        (lambda a: product(2.0, a) + product(a, 3.0), (1.5,)),
        (lambda a: product(pushed_only(a, 0.5), logsumexp(a)), (x,)),
    ],
)
def test_all_orders_and_modes(f: Any, args: Any) -> None:
    onp.random.seed(0)
    check_grads(f, tuple(range(len(args))), modes=["fwd", "rev"], order=3)(*args)


def test_values_are_plain_where_nothing_is_traced() -> None:
    assert type(logsumexp(x)) is float
    assert logsumexp.__name__ == "logsumexp" and "plain arrays" in logsumexp.__doc__
    assert logsumexp.fun(x) == logsumexp(x)


def test_the_other_transforms() -> None:
    exact = lambda x: np.exp(x) / np.sum(np.exp(x))
    onp.testing.assert_allclose(wg.jit(wg.grad(logsumexp))(x), exact(x))
    onp.testing.assert_allclose(wg.jit(logsumexp)(x), logsumexp(x))
    onp.testing.assert_allclose(wg.vmap(wg.grad(logsumexp))(A), [exact(row) for row in A])
    assert wg.vmap(logsumexp)(onp.zeros((0, 3))).shape == (0,)
    onp.testing.assert_allclose(wg.hessian(logsumexp)(x), jacobian(exact)(x))
    onp.testing.assert_allclose(wg.checkpoint(wg.grad(logsumexp))(x), exact(x))
    _, series = wg.jet(logsumexp, (x,), ([onp.array([1.0, 0.0, 0.0]), None, None],))
    slope = lambda t: exact(x + np.array([t, 0.0, 0.0]))[0]
    onp.testing.assert_allclose(series[0], slope(0.0))
    onp.testing.assert_allclose(series[2], wg.grad(wg.grad(slope))(0.0), rtol=1e-9)


def test_in_a_loop_body_without_values() -> None:
    def chained(f: Any) -> Any:
        def run(a: Any) -> Any:
            return wg.scan(lambda c, row: (c * f(row * c), None), a, A)[0]

        return run

    def plain(row: Any) -> Any:
        return np.log(np.sum(np.exp(row)))

    for derivative in (wg.grad, lambda f: wg.grad(wg.grad(f))):
        found, expected = derivative(chained(logsumexp))(0.7), derivative(chained(plain))(0.7)
        onp.testing.assert_allclose(found, expected, rtol=1e-10)


def test_rules_take_decisions_on_values_at_any_order() -> None:
    @primitive
    def relu_cubed(a: Any) -> Any:
        return a**3 if a > 0 else 0.0

    defvjp(relu_cubed, lambda ans, a: lambda g: g * 3.0 * a**2 if a > 0 else 0.0 * g)
    second = grad(grad(relu_cubed))
    assert (second(2.0), second(-2.0)) == (12.0, 0.0)


def test_a_rule_that_calls_its_own_primitive() -> None:
    exponential = primitive(onp.exp)
    defvjp(exponential, lambda ans, a: lambda g: g * exponential(a))
    assert grad(grad(grad(exponential)))(0.5) == pytest.approx(onp.exp(0.5))


def test_rules_run_on_plain_values_at_first_order() -> None:
    """So that they may call anything."""
    from scipy.special import erf

    error_function = primitive(erf)
    seen: list[Any] = []

    def vjp(ans: Any, a: Any) -> Any:
        seen.append((type(ans), type(a)))
        return lambda g: g * 2.0 / onp.sqrt(onp.pi) * onp.exp(-(float(a) ** 2))

    defvjp(error_function, vjp)
    assert grad(error_function)(0.3) == pytest.approx(2 / onp.sqrt(onp.pi) * onp.exp(-0.09))
    assert seen == [(onp.float64, onp.float64)]
    with pytest.raises(ConversionError, match="would turn a traced value into a plain one"):
        grad(grad(error_function))(0.3)


def test_complex_rules_follow_autograds_convention() -> None:
    z = onp.array([1.0 + 2.0j, -0.5 + 1.0j])
    square = primitive(lambda z: z * z)
    defvjp(square, lambda ans, z: lambda g: 2.0 * g * z)
    for f in (square, lambda z: z * z):
        onp.testing.assert_allclose(make_vjp(f, z)[0](z), 2 * z * z)
        onp.testing.assert_allclose(make_jvp(f, z)(z)[1], 2 * z * z)
        loss = lambda z: np.sum(np.abs(f(z)) ** 2)
        onp.testing.assert_allclose(grad(loss)(z), 4 * onp.abs(z) ** 2 * onp.conj(z))


def test_wengerts_own_grad_meets_a_primitive() -> None:
    """In its own convention: the direction of steepest ascent."""
    size = primitive(lambda z: onp.abs(z) ** 2)
    defvjp(size, lambda ans, z: lambda g: 2.0 * g * np.conj(z))
    assert wg.grad(size)(1.0 + 2.0j) == 2.0 + 4.0j
    assert grad(size)(1.0 + 2.0j) == 2.0 - 4.0j


# -- arguments and results -------------------------------------------------------------------------


def test_arguments_that_are_no_numbers() -> None:
    @primitive
    def apply(f: Any, a: Any, mode: str, times: int, table: Any) -> Any:
        assert mode in ("sum", "none") and type(times) is int and table == {"scale": 2.0}
        y = f(a) * times * table["scale"]
        return onp.sum(y) if mode == "sum" else y

    def vjp(ans: Any, f: Any, a: Any, mode: str, times: int, table: Any) -> Any:
        return lambda g: g * elementwise_grad(f)(a) * times * table["scale"]

    defvjp(apply, vjp, argnums=[1])
    for mode in ("sum", "none"):
        found = grad(lambda a: np.sum(apply(np.sin, a, mode, 3, {"scale": 2.0})))(x)
        onp.testing.assert_allclose(found, 6 * onp.cos(x))


def test_containers_as_arguments_and_results() -> None:
    @primitive
    def both(pair: Any, factor: Any) -> Any:
        return {"sum": pair[0] + pair[1], "product": factor * pair[0] * pair[1]}

    def vjp(ans: Any, pair: Any, factor: Any) -> Any:
        a, b = pair

        def pull(g: Any) -> Any:
            s, p = g["sum"], g["product"]
            return [s + factor * b * p, s + factor * a * p]

        return pull

    defvjp(both, vjp, lambda ans, pair, factor: lambda g: g["product"] * pair[0] * pair[1])

    def f(a: Any, factor: Any) -> Any:
        out = both([a, a**2], factor)
        return out["sum"] * out["product"]

    exact = lambda a, factor: (a + a**2) * factor * a**3
    for argnum in (0, 1):
        onp.testing.assert_allclose(grad(f, argnum)(1.3, 2.0), grad(exact, argnum)(1.3, 2.0))
    onp.testing.assert_allclose(grad(grad(f))(1.3, 2.0), grad(grad(exact))(1.3, 2.0))
    onp.testing.assert_allclose(wg.jvp(f, (1.3, 2.0), (1.0, 0.0))[1], grad(exact)(1.3, 2.0))


def test_several_results_with_integers_among_them() -> None:
    @primitive
    def largest(a: Any) -> Any:
        return onp.max(a), int(onp.argmax(a))

    defvjp(
        largest,
        lambda ans, a: lambda g: g[0] * (np.arange(len(a)) == getattr(ans[1], "value", ans[1])),
    )
    onp.testing.assert_array_equal(grad(lambda a: largest(a)[0] * 2.0)(x), [0.0, 0.0, 2.0])


def test_results_share_no_memory_with_arguments() -> None:
    same = primitive(lambda a: a)
    defvjp(same, lambda ans, a: lambda g: g)

    def f(a: Any) -> Any:
        b = same(a)
        b[0] = 5.0
        return np.sum(a * b)

    onp.testing.assert_allclose(grad(f)(x), [5.0, *(2 * x[1:])])


def test_none_says_zero_and_sparse_objects_are_added() -> None:
    @primitive
    def pick(a: Any, i: int, ignored: Any) -> Any:
        return a[i]

    def vjp(ans: Any, a: Any, i: int, ignored: Any) -> Any:
        def pull(g: Any) -> Any:
            def add(total: Any) -> Any:
                total[i] += g
                return total

            return SparseObject(vspace(a), add)

        return pull

    defvjp(pick, vjp, None, None)
    defjvp(pick, lambda g, ans, a, i, ignored: g[i], None, None)
    first, second = grad(lambda a, b: pick(a, 1, b) ** 2, (0, 1))(x, 2.0)
    onp.testing.assert_allclose(first, [0.0, 2 * x[1], 0.0])
    assert second == 0.0
    assert make_jvp(lambda b: pick(x, 1, b), 2.0)(1.0)[1] == 0.0


def test_rules_for_all_arguments_at_once() -> None:
    @primitive
    def total(*args: Any) -> Any:
        return sum(onp.sum(a * (k + 1)) for k, a in enumerate(args))

    factor = lambda argnum: argnum + 1.0
    defvjp_argnum(
        total, lambda k, ans, args, kwargs: lambda g: g * factor(k) * np.ones(args[k].shape)
    )
    defjvp_argnum(total, lambda k, g, ans, args, kwargs: factor(k) * np.sum(g))
    check_grads(total, (0, 2), order=2)(x, x, x)
    asked: list[Any] = []

    def all_vjps(argnums: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        asked.append(argnums)
        return lambda g: [g * factor(k) * np.ones(args[k].shape) for k in argnums]

    defvjp_argnums(total, all_vjps)
    defjvp_argnums(
        total,
        lambda argnums, gs, ans, args, kwargs: sum(
            factor(k) * np.sum(g) for k, g in zip(argnums, gs, strict=True)
        ),
    )
    onp.testing.assert_allclose(grad(lambda a: total(x, a, a))(x), 5 * onp.ones(3))
    assert asked == [(1, 2)]
    assert make_jvp(lambda a: total(x, a, a), x)(onp.ones(3))[1] == 15.0


def test_linear_in_every_argument() -> None:
    multiply = primitive(onp.multiply)
    def_linear(multiply)
    onp.random.seed(0)
    check_grads(multiply, (0, 1), modes=["fwd"], order=2)(x, x + 1.0)
    check_grads(multiply, (0, 1), order=1)(x, x + 1.0)
    with pytest.raises(MissingRuleError, match="its rule is run by Python"):
        grad(grad(lambda a: multiply(a, a)))(2.0)


def test_constants_for_every_derivative() -> None:
    rounded = notrace_primitive(lambda a: float(onp.round(a)))
    assert grad(lambda a: a * rounded(a))(2.7) == 3.0
    register_notrace(VJPNode, logsumexp)


def test_a_wrapped_namespace() -> None:
    space: dict[str, Any] = {}
    wrap_namespace({"sinh": onp.sinh, "also": onp.sinh, "pi": onp.pi, "other": []}, space)
    assert space["sinh"] is space["also"] and space["pi"] == onp.pi and "other" not in space
    defvjp(space["sinh"], lambda ans, a: lambda g: g * np.cosh(a))
    assert grad(space["sinh"])(0.3) == pytest.approx(onp.cosh(0.3))


def test_checkpoint_computes_again() -> None:
    calls: list[int] = []

    @primitive
    def counted(a: Any) -> Any:
        calls.append(1)
        return onp.sin(a)

    defvjp(counted, lambda ans, a: lambda g: g * np.cos(a))
    found = grad(lambda a: checkpoint(lambda b: counted(b) ** 2)(a))(0.3)
    assert (
        found == pytest.approx(onp.sin(0.6)) and len(calls) == 3
    )  # the type, the value, and again


# -- refusals --------------------------------------------------------------------------------------


def test_missing_rules() -> None:
    bare = primitive(lambda a, b: a * b)
    with pytest.raises(
        NotImplementedError, match=r"VJP of <lambda> wrt argnums \(0,\) not defined"
    ):
        grad(bare)(1.0, 2.0)
    with pytest.raises(
        NotImplementedError, match=r"JVP of <lambda> wrt argnums \(1,\) not defined"
    ):
        make_jvp(lambda b: bare(1.0, b), 1.0)(1.0)
    defvjp(bare, lambda ans, a, b: lambda g: g * b)
    assert grad(bare)(1.0, 2.0) == 2.0
    with pytest.raises(NotImplementedError, match="VJP of <lambda> wrt argnum 1 not defined"):
        grad(bare, 1)(1.0, 2.0)


def test_bad_rules() -> None:
    f = primitive(lambda a: a)
    with pytest.raises(ArgumentError, match="Bad VJP 'same' for"):
        defvjp(f, "same")
    with pytest.raises(ArgumentError, match="Bad JVP 3 for"):
        defjvp(f, 3)
    with pytest.raises(ArgumentError, match="the function was not made by `primitive`"):
        defvjp(onp.sin, lambda ans, a: lambda g: g)
    with pytest.raises(ArgumentError, match="primitive: the argument is not a function"):
        primitive(3.0)


def test_wrong_results_of_rules() -> None:
    f = primitive(lambda a: onp.sum(a))
    defvjp(f, lambda ans, a: lambda g: onp.ones(5))
    with pytest.raises(OutputError, match="does not have the shape of what it belongs to"):
        grad(f)(x)
    defvjp(f, lambda ans, a: lambda g: {"a": g})
    with pytest.raises(OutputError, match="does not have the structure of what it belongs to"):
        grad(lambda a: f([a, a]))(x)


def test_forward_mode_transposes_the_reverse_rule() -> None:
    f = primitive(lambda a: a * onp.ones(2))
    defvjp(f, lambda ans, a: lambda g: float(g[0]) + float(g[1]))  # by unit vectors
    onp.testing.assert_array_equal(make_jvp(f, 1.0)(3.0)[1], [3.0, 3.0])
    with pytest.raises(ConversionError, match="drop its derivative") as caught:
        make_jvp(lambda a: make_jvp(f, a)(a)[1], 1.0)(1.0)
    assert "forward mode through <lambda>" in caught.value.__notes__[0]
    defvjp(f, lambda ans, a: lambda g: np.minimum(g[0], 1.0))
    with pytest.raises(MissingRuleError, match="is not linear in the cotangent or tangent"):
        make_jvp(f, 1.0)(1.0)


def test_what_a_primitive_closes_over() -> None:
    def f(a: Any) -> Any:
        inner = primitive(lambda b: b * a)
        defvjp(inner, lambda ans, b: lambda g: g * a)
        return inner(a)

    with pytest.raises(OutputError, match="is a primitive and closes over a traced value"):
        grad(f)(2.0)


def test_keyword_arguments_are_not_differentiated() -> None:
    with pytest.raises(NotImplementedError, match="a keyword argument of a primitive is differ"):
        grad(lambda s: logsumexp(x, scale=s))(2.0)
    held = grad(lambda s: s * logsumexp(x, scale=wg.stop_gradient(s)))(2.0)
    assert held == pytest.approx(logsumexp(x, scale=2.0))


def test_results_that_are_no_numbers() -> None:
    named = primitive(lambda a: "a name")
    with pytest.raises(OutputError, match="is a primitive and returned something that is no array"):
        grad(lambda a: named(a))(1.0)


def test_types_that_depend_on_values() -> None:
    positive = primitive(lambda a: a[a > 0])
    defvjp(positive, lambda ans, a: lambda g: np.zeros(len(a)))
    grad(lambda a: np.sum(positive(a)))(x)
    with pytest.raises(OutputError, match="the types of the results depend on the values"):
        wg.vmap(positive)(A)


def test_where_ones_are_not_accepted() -> None:
    factor = primitive(lambda a: onp.linalg.cholesky(a))
    defvjp(factor, lambda ans, a: lambda g: g)
    with pytest.raises(DecisionError, match="runs on values, and here there are none"):
        wg.vmap(factor)(onp.stack([onp.eye(2)] * 2))


def test_a_second_derivative_in_a_loop_of_a_rule_with_an_array() -> None:
    weights = onp.array([1.0, 2.0, 3.0])
    weighed = primitive(lambda a: onp.sum(weights * a**2))
    defvjp(weighed, lambda ans, a: lambda g: g * 2.0 * weights * a)
    loop = lambda a: wg.scan(lambda c, row: (c + weighed(row * c), None), a, A)[0]
    assert onp.isfinite(wg.grad(loop)(0.1))
    with pytest.raises(MissingRuleError, match="closes over an array and is differentiated where"):
        wg.grad(wg.grad(loop))(0.1)


def test_isinstance_inside_a_rule() -> None:
    f = primitive(lambda a: a * 2.0)
    defvjp(f, lambda ans, a: lambda g: g * (2.0 if builtins.isinstance(a, float) else onp.nan))
    assert grad(grad(lambda a: f(a) ** 2))(3.0) == 8.0
