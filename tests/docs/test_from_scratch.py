"""The miniature of docs/from_scratch.py runs, and agrees with the library."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wengert as wg

PATH = Path(__file__).parents[2] / "docs" / "from_scratch.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("from_scratch", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["from_scratch"] = module
    spec.loader.exec_module(module)
    return module


mini = load()
RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(3, 4))


def smooth(x: Any) -> Any:
    return np.sum(np.sin(x) * np.exp(-x * x) + np.log(2.0 + np.cos(x)) / (1.0 + x**2))


def layer(x: Any) -> Any:
    """Broadcasting, slices that overlap, and a sum over one axis."""
    hidden = np.tanh(np.sum(WEIGHTS * x[None, :], axis=1))
    return np.sum(hidden[:-1] * hidden[1:]) + x[0] * hidden[2]


def twice(x: Any) -> Any:
    """Elements read more than once."""
    return np.sum(x[[0, 0, 2]] ** 3) * x[0]


def branching(x: Any) -> Any:
    return np.sum(x * x) if x[0] > 0.0 else np.sum(-x * x * x)


def constant(x: Any) -> Any:
    return np.float64(3.0)


FUNCTIONS = [smooth, layer, twice, branching, mini.rosenbrock, constant]
POINTS = [np.array([0.5, -1.2, 0.3, 2.0]), np.array([-0.7, 0.1, 1.5, -0.2])]


@pytest.mark.parametrize("x", POINTS, ids=str)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
class TestAgainstTheLibrary:
    def test_gradient(self, f: Any, x: Any) -> None:
        np.testing.assert_allclose(mini.grad(f)(x), wg.grad(f)(x), rtol=1e-12, atol=1e-13)

    def test_forward_mode(self, f: Any, x: Any) -> None:
        v = np.array([1.0, -2.0, 0.5, 0.25])
        found, expected = mini.jvp(f, x, v), wg.jvp(f, (x,), (v,))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)

    def test_hessian_forward_over_reverse(self, f: Any, x: Any) -> None:
        hessian = mini.vmap(lambda v: mini.jvp(mini.grad(f), x, v)[1])(np.eye(4))
        np.testing.assert_allclose(hessian, wg.hessian(f)(x), rtol=1e-11, atol=1e-12)

    def test_hessian_reverse_over_reverse(self, f: Any, x: Any) -> None:
        for i in range(4):
            row = mini.grad(lambda x: mini.grad(f)(x)[i])(x)
            np.testing.assert_allclose(row, wg.hessian(f)(x)[i], rtol=1e-11, atol=1e-12)

    def test_hessian_reverse_over_forward(self, f: Any, x: Any) -> None:
        row = mini.grad(lambda x: mini.jvp(f, x, np.eye(4)[1])[1])(x)
        np.testing.assert_allclose(row, wg.hessian(f)(x)[1], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("f", [smooth, layer, twice, mini.rosenbrock, constant])
def test_vmap_of_a_function_and_of_its_gradient(f: Any) -> None:
    xs = RNG.normal(size=(5, 4))
    np.testing.assert_allclose(mini.vmap(f)(xs), wg.vmap(f)(xs), rtol=1e-12)
    gradients = mini.vmap(mini.grad(f))(xs)
    np.testing.assert_allclose(gradients, wg.vmap(wg.grad(f))(xs), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(mini.grad(lambda x: np.sum(mini.vmap(f)(x)))(xs), gradients)


def test_vmap_twice() -> None:
    xs = RNG.normal(size=(2, 3, 4))
    np.testing.assert_allclose(
        mini.vmap(mini.vmap(mini.grad(layer)))(xs), wg.vmap(wg.vmap(wg.grad(layer)))(xs)
    )


def test_fourth_order() -> None:
    ours, theirs = smooth, smooth
    for _ in range(4):
        ours, theirs = mini.grad(ours), wg.grad(theirs)
        np.testing.assert_allclose(ours(0.7), theirs(0.7), rtol=1e-11)


def test_perturbations_are_not_confused() -> None:
    assert mini.grad(mini.confusing)(3.0) == 1.0
    # d/dx of x * (d/dy of x y**2, at y = x) is 6 x, whichever modes are nested.
    for x in (0.5, 2.0):
        inner = lambda x: mini.grad(lambda y: x * y * y)(x)
        assert mini.grad(lambda x: inner(x) / x)(x) == pytest.approx(2.0)
        assert mini.grad(inner)(x) == pytest.approx(4.0 * x)
        assert mini.jvp(inner, x, 1.0)[1] == pytest.approx(4.0 * x)
        forward = lambda x: mini.jvp(lambda y: x * y * y, x, 1.0)[1]
        assert mini.grad(forward)(x) == pytest.approx(4.0 * x)


def test_through_a_loop_of_python() -> None:
    assert mini.grad(mini.square_root)(2.0) == pytest.approx(0.5 / 2.0**0.5, rel=1e-14)
    second = mini.grad(mini.grad(mini.square_root))(2.0)
    assert second == pytest.approx(-0.25 / 2.0**1.5, rel=1e-12)
    assert second == pytest.approx(wg.grad(wg.grad(mini.square_root))(2.0), rel=1e-12)


def test_what_has_no_value_decides_nothing() -> None:
    with pytest.raises(TypeError, match="a decision on a value that does not exist yet"):
        mini.vmap(lambda x: x if x[0] > 0.0 else -x)(np.ones((2, 1)))
    with pytest.raises(TypeError, match="this would drop the derivative"):
        mini.grad(float)(1.0)


def test_it_runs_as_a_script_on_numpy_alone() -> None:
    done = subprocess.run([sys.executable, str(PATH)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[:4] == ["The list of sin(x) * x", "(v0):", "  v1 = sin(v0)", "  v2 = mul(v1, v0)"]
    found = {line.split()[0]: line.split()[-1] for line in lines if line.startswith("  ")}
    assert found["forward"] == found["backward"] == found["by"]  # by hand
    assert lines[-1].endswith(" 1.0")
    tree = ast.parse(PATH.read_text(encoding="utf-8"))
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {a.name for n in imports if isinstance(n, ast.Import) for a in n.names}
    assert names == {"functools", "itertools", "operator", "numpy"}


def test_the_files_it_points_to_exist() -> None:
    import re

    source = PATH.parents[1] / "src"
    text = PATH.read_text(encoding="utf-8")
    named = re.findall(r"\((wengert/[\w/.]+)", text)
    assert len(named) >= 7
    for name in named:
        assert (source / name).exists(), name
