"""`flatten`, optimizers, fixed points, recorded graphs, `odeint`, the namespaces."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import numpy as onp
import pytest

import wengert.compat.autograd as ours
import wengert.compat.autograd.numpy as np
from compat.autograd_cases import is_known_version
from wengert.compat.autograd import elementwise_grad, grad, jacobian
from wengert.compat.autograd.misc import const_graph, flatten
from wengert.compat.autograd.misc.fixed_points import fixed_point
from wengert.compat.autograd.misc.flatten import flatten_func
from wengert.compat.autograd.misc.optimizers import adam, rmsprop, sgd
from wengert.compat.autograd.misc.tracers import full_graph
from wengert.compat.autograd.numpy import numpy_vjps
from wengert.compat.autograd.scipy.integrate import odeint
from wengert.compat.autograd.scipy.signal import convolve
from wengert.compat.autograd.test_util import check_grads
from wengert.compat.autograd.util import func, subval, subvals
from wengert.errors import ArgumentError, ConversionError, ShapeError

tree = {"w": [onp.arange(6.0).reshape(2, 3), 2.0], "b": (onp.ones(2), {"z": 1.0 + 2.0j})}


# -- flatten ---------------------------------------------------------------------------------------


def test_flatten_and_back() -> None:
    vector, unflatten = flatten(tree)
    assert vector.shape == (10,) and vector.dtype == complex
    back = unflatten(vector)
    onp.testing.assert_array_equal(back["w"][0], tree["w"][0])
    assert back["b"][1]["z"] == 1.0 + 2.0j and back["w"][1] == 2.0
    assert back["w"][0].dtype == float and list(back) == ["w", "b"]
    assert flatten([])[0].shape == (0,) and flatten([])[1](onp.zeros(0)) == []
    assert flatten([1, 2])[0].dtype == float


def test_flatten_is_differentiable() -> None:
    vector, unflatten = flatten({"a": onp.ones(2), "b": 3.0})
    loss = lambda p: np.sum(p["a"] ** 2) * p["b"]
    onp.testing.assert_allclose(grad(lambda x: loss(unflatten(x)))(vector), [6.0, 6.0, 2.0])
    found = grad(lambda p: np.sum(flatten(p)[0] ** 2))({"a": onp.ones(2), "b": 3.0})
    onp.testing.assert_allclose(found["a"], [2.0, 2.0])
    assert found["b"] == 6.0


def test_flatten_func() -> None:
    f, unflatten, vector = flatten_func(
        lambda p, s: {"a": p["a"] * s, "b": p["b"]}, {"a": 1.0, "b": 2.0}
    )
    onp.testing.assert_array_equal(f(vector, 3.0), [3.0, 2.0])
    assert unflatten(vector) == {"a": 1.0, "b": 2.0}


# -- optimizers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam"])
def test_optimizers_take_autograds_steps(name: str) -> None:
    pytest.importorskip("autograd")
    theirs = importlib.import_module("autograd.misc.optimizers")
    mine = importlib.import_module("wengert.compat.autograd.misc.optimizers")
    start = {"a": onp.array([1.0, -2.0]), "b": 0.5}

    def slope(p: Any, i: int) -> Any:
        return {"a": 2 * p["a"] * (1 + i % 3), "b": onp.cos(p["b"])}

    def run(module: Any) -> Any:
        seen: list[Any] = []
        last = getattr(module, name)(
            slope, start, lambda p, i, g: seen.append((p["b"], i, g["b"])), num_iters=7
        )
        return last, seen

    (last, seen), (expected, expected_seen) = run(mine), run(theirs)
    onp.testing.assert_allclose(last["a"], expected["a"], rtol=1e-14)
    onp.testing.assert_allclose(seen, expected_seen, rtol=1e-14)


@pytest.mark.parametrize("optimizer, steps", [(sgd, 300), (rmsprop, 300), (adam, 2000)])
def test_optimizers_find_a_minimum(optimizer: Any, steps: int) -> None:
    slope = grad(lambda p, i: np.sum((p["a"] - 1.0) ** 2) + (p["b"] + 2.0) ** 2)
    found = optimizer(slope, {"a": onp.zeros(2), "b": -1.0}, num_iters=steps)
    onp.testing.assert_allclose(found["a"], [1.0, 1.0], atol=0.05)
    assert found["b"] == pytest.approx(-2.0, abs=0.05)


def test_an_optimizer_is_differentiated() -> None:
    def final(step: Any) -> Any:
        slope = grad(lambda p, i: (p - 1.0) ** 2)
        return (sgd(slope, 3.0, num_iters=5, step_size=step) - 1.0) ** 2

    onp.random.seed(0)
    check_grads(final, order=2)(0.3)


# -- fixed points ----------------------------------------------------------------------------------


def distance(x: Any, y: Any) -> Any:
    return onp.max(onp.abs(x - y))


def newton(a: Any) -> Any:
    return lambda x: 0.5 * (x + a / x)


def test_fixed_point() -> None:
    root = lambda a: fixed_point(newton, a, onp.ones(2), distance, 1e-12)
    a = onp.array([2.0, 5.0])
    onp.testing.assert_allclose(root(a), onp.sqrt(a))
    onp.testing.assert_allclose(jacobian(root)(a), onp.diag(0.5 / onp.sqrt(a)), rtol=1e-9)
    onp.testing.assert_allclose(
        elementwise_grad(elementwise_grad(root))(a), -0.25 * a**-1.5, rtol=1e-8
    )
    onp.random.seed(0)
    check_grads(root, modes=["rev"], order=2)(a)


def test_fixed_point_of_a_contraction() -> None:
    """The memory is that of one step, and the derivative that of the closed form."""
    M = onp.array([[0.2, 0.1], [-0.3, 0.4]])
    solve = lambda a: fixed_point(
        lambda a: lambda x: np.dot(M, x) + a, a, onp.zeros(2), distance, 1e-13
    )
    b = onp.array([1.0, 2.0])
    onp.testing.assert_allclose(solve(b), onp.linalg.solve(onp.eye(2) - M, b))
    onp.testing.assert_allclose(jacobian(solve)(b), onp.linalg.inv(onp.eye(2) - M), rtol=1e-9)


# -- graphs ----------------------------------------------------------------------------------------


def test_const_graph_runs_what_was_recorded() -> None:
    calls: list[int] = []

    def f(x: Any, y: Any, scale: float = 1.0) -> Any:
        calls.append(1)
        return {"out": x * np.sin(y) * scale}

    graph = const_graph(f, scale=2.0)
    assert graph(2.0, 0.3)["out"] == pytest.approx(4 * onp.sin(0.3))
    assert graph(3.0, 0.5)["out"] == pytest.approx(6 * onp.sin(0.5))
    assert len(calls) == 1 and graph.__name__ == "f"
    assert grad(lambda x: graph(x, 0.3)["out"])(1.0) == pytest.approx(2 * onp.sin(0.3))


def test_full_graph() -> None:
    node = full_graph(lambda x, y: np.sin(x) * y, 0.5, 2.0)
    assert node.value == 2 * onp.sin(0.5)
    function, args, _, parents = node.recipe
    assert function(*args) == node.value and function.__name__ == "mul"
    assert parents[0][1].recipe[0].__name__ == "sin"


# -- odeint ----------------------------------------------------------------------------------------

times = onp.linspace(0.0, 2.0, 6)
y0 = onp.array([1.0, 0.5])
TIGHT = {"rtol": 1e-11, "atol": 1e-11}


def pendulum(y: Any, t: Any, a: Any, b: Any) -> Any:
    return np.array([y[1], -a * np.sin(y[0]) - b * y[1] + 0.1 * t])


def solution(y0: Any, t: Any, a: Any, b: Any) -> Any:
    return odeint(pendulum, y0, t, (a, b), **TIGHT)


def test_odeint() -> None:
    onp.random.seed(0)
    check_grads(solution, (0, 1, 2, 3), modes=["fwd", "rev"], order=1)(y0, times, 2.0, 0.3)
    check_grads(lambda a: np.sum(solution(y0, times, a, 0.3)), order=2)(2.0)


def test_odeint_is_autograds() -> None:
    autograd = pytest.importorskip("autograd")
    import autograd.numpy as anp
    from autograd.scipy.integrate import odeint as their_odeint

    def theirs(y: Any, t: Any, a: Any, b: Any) -> Any:
        return anp.array([y[1], -a * anp.sin(y[0]) - b * y[1] + 0.1 * t])

    def loss(y0: Any, t: Any, a: Any, b: Any) -> Any:
        args = autograd.builtins.tuple((a, b))
        return anp.sum(anp.sin(their_odeint(theirs, y0, t, args, **TIGHT)))

    expected = autograd.grad(loss, (0, 1, 2, 3))(y0, times, 2.0, 0.3)
    found = grad(lambda *args: np.sum(np.sin(solution(*args))), (0, 1, 2, 3))(y0, times, 2.0, 0.3)
    for a, b in zip(found, expected, strict=True):
        onp.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


def test_odeint_against_the_closed_form() -> None:
    decay = lambda rate: odeint(lambda y, t, r: -r * y, onp.ones(1), times, (rate,), **TIGHT)
    onp.testing.assert_allclose(
        jacobian(decay)(0.7)[:, 0], -times * onp.exp(-0.7 * times), rtol=1e-8, atol=1e-10
    )


def test_what_the_right_hand_side_closes_over() -> None:
    with pytest.raises(ConversionError, match="drop its derivative") as caught:
        grad(lambda r: np.sum(odeint(lambda y, t: -r * y, onp.ones(1), times)))(0.7)
    assert "has to stand in args" in caught.value.__notes__[0]


# -- namespaces ------------------------------------------------------------------------------------


def test_every_name_of_numpy_is_there() -> None:
    missing = [name for name in onp.__all__ if not hasattr(np, name)]
    assert not missing
    for part in ("linalg", "fft", "random"):
        module = getattr(np, part)
        names = getattr(onp, part).__all__
        assert not [name for name in names if not hasattr(module, name)]
    assert np.pi == onp.pi and np.newaxis is None and np.__version__ == onp.__version__
    with pytest.raises(AttributeError):
        np.nonsense


def test_names_that_autograd_has() -> None:
    """Every public name of every module of autograd, apart from what is listed."""
    if not is_known_version():
        pytest.skip("the list is that of autograd 1.9.1")
    left_out = {
        "builtins": "SequenceBox DictBox container_take make_sequence sequence_extend_left "
        "sequence_extend_right container_untake grad_container_take ContainerVSpace "
        "grad_sequence_extend_left grad_sequence_extend_right fwd_grad_make_sequence TupleMeta "
        "ListMeta DictMeta SequenceVSpace ListVSpace TupleVSpace DictVSpace NamedTupleVSpace "
        "isinstance_ type_ tuple_ list_ dict_",
        "core": "sparse_add SparseBox add_outgrads translate_vjp translate_jvp primitive_ "
        "deprecated_defvjp deprecated_defvjp_is_zero deprecated_defgrad "
        "deprecated_defvjp_message primitive_with_deprecation_warnings sparse_object_types "
        "deprecation_message",
        "tracer": "trace_primitives_map TraceStack trace_stack box_type_mappings box_types "
        "find_top_boxed_args toposort",
        "util": "deprecation_msg quick_grad_check",
        "differential_operators": "",
        "extend": "", "test_util": "", "wrap_util": "", "misc": "", "misc.flatten": "",
        "misc.optimizers": "", "misc.fixed_points": "fixed_point_vjp",
        "misc.tracers": "ConstGraphNode", "scipy.integrate": "grad_odeint argnums_unpack",
    }  # fmt: skip
    import types

    for name, without in left_out.items():
        theirs = importlib.import_module(f"autograd.{name}")
        mine = importlib.import_module(f"wengert.compat.autograd.{name}")
        own = {
            n
            for n, value in vars(theirs).items()
            if not n.startswith("_")
            and not isinstance(value, types.ModuleType)
            and getattr(value, "__module__", theirs.__name__) == theirs.__name__
        }
        missing = {n for n in own if not hasattr(mine, n)} - set(without.split())
        assert not missing, f"{name}: {missing}"


def test_modules_load_when_touched() -> None:
    code = (
        "import sys, wengert; assert not [m for m in sys.modules if 'wengert.compat' in m]; "
        "import wengert.compat.autograd.numpy as np; "
        "import wengert.compat.autograd.scipy.stats.norm as norm; "
        "from wengert.compat.autograd.scipy.special import logsumexp; "
        "from wengert.compat.autograd.scipy.misc import logsumexp; "
        "assert wengert.compat.autograd.scipy.special.__name__.endswith('special'); "
        "assert 'autograd' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("name", ["", ".scipy", ".scipy.stats", ".numpy.fft", ".numpy.random"])
def test_unknown_names(name: str) -> None:
    module = importlib.import_module(f"wengert.compat.autograd{name}")
    dir(module)
    with pytest.raises(AttributeError):
        module.__nonsense__


# -- NumPy's own -----------------------------------------------------------------------------------


def test_make_diagonal_is_for_the_last_axes() -> None:
    with pytest.raises(ArgumentError, match="only the main diagonal of the last two axes"):
        np.make_diagonal(onp.ones(2))


def test_what_autograd_numpy_has_besides() -> None:
    assert np.metadata(onp.ones((2, 3))) == ((2, 3), 2, onp.float64, False)
    assert np.parse_einsum_input("ij,jk", onp.ones((2, 2)), onp.ones((2, 2)))[1] == "ik"
    assert np.array_from_args((), {"dtype": float}, 1, 2).dtype == float
    found = grad(lambda x: np.sum(np.concatenate_args(0, np.array([x, 1.0]), [2.0]) ** 2))(3.0)
    assert found == 6.0
    assert isinstance(np.int64(3), np.int64) and np.zeros(2, np.int64).dtype == onp.int64
    onp.testing.assert_array_equal(np.r_[1:3, 0.5], [1.0, 2.0, 0.5])
    jac = jacobian(lambda x: np.r_["0,2", x, 2 * x])(onp.ones(2))
    onp.testing.assert_array_equal(jac[:, :, 0], [[1.0, 0.0], [2.0, 0.0]])


def test_helpers_of_rules() -> None:
    x = onp.ones((2, 1, 3))
    onp.testing.assert_array_equal(
        numpy_vjps.unbroadcast_f(x, lambda g: g)(onp.ones((5, 2, 4, 3))), 20 * onp.ones((2, 1, 3))
    )
    assert numpy_vjps.unbroadcast(onp.ones(2) * 1j, np.metadata(1.0)) == 0.0
    spread, size = numpy_vjps.repeat_to_match_shape(onp.ones(2), (2, 3), float, 1, False)
    assert spread.shape == (2, 3) and size == 3
    assert numpy_vjps.repeat_to_match_shape(2.0, (), float, None, False) == (2.0, 1)
    spread, size = numpy_vjps.repeat_to_match_shape(1.0, (2, 3), float, None, False)
    assert spread.shape == (2, 3) and size == 6
    onp.testing.assert_array_equal(numpy_vjps.replace_zero(onp.array([0.0, 2.0]), 5.0), [5.0, 2.0])
    assert numpy_vjps.balanced_eq(1.0, 1.0, 1.0) == 0.5
    assert numpy_vjps.match_complex(1.0, 2.0 + 1.0j) == 2.0
    assert numpy_vjps.match_complex(1j, 2.0) == 2.0 + 0j
    assert onp.argmax in numpy_vjps.nograd_functions


def test_convolve_refuses() -> None:
    with pytest.raises(ArgumentError, match="convolve: there is no such mode"):
        convolve(onp.ones(3), onp.ones(2), mode="half")
    with pytest.raises(ShapeError, match="one array must be the larger one along all axes"):
        convolve(onp.ones((3, 1)), onp.ones((1, 3)), mode="valid")


def test_util() -> None:
    assert subvals((1, 2, 3), [(0, 5), (-1, 7)]) == (5, 2, 7)
    assert subval([1, 2], 1, 9) == (1, 9) and func(subval) is subval
    assert ours.grad is grad
