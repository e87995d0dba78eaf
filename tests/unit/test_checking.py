"""`check_grads` finds wrong rules and says where; `compare_methods` tells the methods apart."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.checking import check_grads, compare_methods, gradients
from wengert.errors import ArgumentError, GradientError, WengertError

X = np.array([0.4, 1.1, 2.0])


def with_wrong_rule(
    value: Callable[..., Any], tangent: Callable[[Any, Any], Any]
) -> Callable[..., Any]:
    """A function whose forward rule is `tangent(x, dx)`; reverse mode follows from it."""
    f = wg.custom_jvp(value)
    f.defjvp(lambda primals, tangents: (value(*primals), tangent(*primals, *tangents)))
    return f


class TestCheckGrads:
    @pytest.mark.parametrize("modes", [("forward",), ("reverse",), ("fwd", "rev")])
    @pytest.mark.parametrize("order", [1, 2, 3])
    def test_right_derivatives_pass(self, order: int, modes: tuple[str, ...]) -> None:
        check_grads(lambda x, y: np.sum(np.sin(x) * y) / (1 + y**2), (X, 0.7), order, modes)

    def test_trees_dtypes_and_fixed_integers(self) -> None:
        def f(p: Any, n: int) -> Any:
            return {"out": np.exp(p["a"]) ** n, "n": n, "pair": (p["b"][0] * p["a"], 3)}

        check_grads(f, ({"a": X, "b": [np.float64(0.3), None]}, 2))
        check_grads(f, ({"a": X.astype(np.float32), "b": [np.float32(0.3), None]}, 2))

    def test_a_single_argument_needs_no_tuple(self) -> None:
        check_grads(np.sin, 0.3)
        check_grads(np.cos, X)

    def test_complex_arguments_and_results(self) -> None:
        check_grads(lambda z: np.exp(z) * np.conj(z), (X + 1j * X[::-1],))
        check_grads(lambda x: np.exp(1j * x), (X,))

    def test_empty_arrays(self) -> None:
        check_grads(lambda x: np.sin(x), (np.zeros((0, 2)),))

    @pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
    def test_scales(self, scale: float) -> None:
        check_grads(lambda x: scale * np.sin(x / scale), (scale * X,), order=1)

    def test_wrong_factor_in_forward_mode(self) -> None:
        f = with_wrong_rule(np.sin, lambda x, dx: 1.001 * dx * np.cos(x))
        with pytest.raises(GradientError, match="J v differs from differences") as caught:
            check_grads(f, (X,), order=1)
        message = str(caught.value)
        assert "forward mode, order 1" in message
        assert "largest difference" in message
        assert "the direction was v = (" in message
        assert "x = ([0.4 1.1 2. ])" in message
        assert isinstance(caught.value, AssertionError)
        assert isinstance(caught.value, WengertError)

    def test_wrong_sign_in_reverse_mode(self) -> None:
        f = with_wrong_rule(np.sin, lambda x, dx: -dx * np.cos(x))
        with pytest.raises(GradientError, match="by differences") as caught:
            check_grads(f, (X,), order=1, modes=("reverse",))
        assert "reverse mode, order 1" in str(caught.value)

    def test_wrong_single_entry(self) -> None:
        mask = np.array([1.0, 1.0, 1.0001])
        f = with_wrong_rule(np.sin, lambda x, dx: dx * np.cos(x) * mask)
        with pytest.raises(GradientError):
            check_grads(f, (X,), order=1)

    def test_right_first_and_wrong_second_order(self) -> None:
        """The first derivative is a custom function whose own derivative is wrong."""
        cosine = with_wrong_rule(np.cos, lambda x, dx: dx * np.sin(x))
        f = with_wrong_rule(np.sin, lambda x, dx: dx * cosine(x))
        check_grads(f, (X,), order=1)
        with pytest.raises(GradientError, match=r"forward of forward mode, order 2"):
            check_grads(f, (X,), order=2)
        with pytest.raises(GradientError, match=r"reverse of reverse mode, order 2"):
            check_grads(f, (X,), order=2, modes=("reverse",))

    def test_modes_that_disagree(self) -> None:
        """A backward rule off by less than the differences can see, but not by rounding."""

        @wg.custom_vjp
        def f(x: Any) -> Any:
            return np.sin(x)

        f.defvjp(lambda x: (np.sin(x), x), lambda x, ct: (1.0001 * ct * np.cos(x),))
        with pytest.raises(GradientError, match="reverse mode, order 1"):
            check_grads(f, (X,), order=1, modes=("reverse",))

    def test_tolerances_can_be_widened(self) -> None:
        f = with_wrong_rule(np.sin, lambda x, dx: 1.001 * dx * np.cos(x))
        check_grads(f, (X,), order=1, rtol=0.01, atol=0.01)

    def test_seed_gives_the_same_direction(self) -> None:
        f = with_wrong_rule(np.sin, lambda x, dx: 2.0 * dx * np.cos(x))
        messages = []
        for seed in (1, 1, 2):
            with pytest.raises(GradientError) as caught:
                check_grads(f, (X,), seed=seed)
            messages.append(str(caught.value))
        assert messages[0] == messages[1] != messages[2]

    def test_nan_is_an_error(self) -> None:
        f = with_wrong_rule(np.sin, lambda x, dx: dx * np.cos(x) * np.nan)
        with pytest.raises(GradientError):
            check_grads(f, (X,), order=1)

    def test_value_that_changes_under_differentiation(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wrong = lambda f, x, v: ([x[0] + 1.0], [v[0]])
        monkeypatch.setattr(gradients, "jvp", wrong)
        with pytest.raises(GradientError, match="the value differs from the function's in leaf 0"):
            check_grads(lambda x: x, (X,), order=1)

    @pytest.mark.parametrize("change", [lambda a: a[:1], lambda a: a.astype(np.float32)])
    def test_shapes_and_dtypes_of_derivatives(
        self, change: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gradients, "jvp", lambda f, x, v: ([x[0]], [change(v[0])]))
        with pytest.raises(GradientError, match="the tangent has another shape or dtype") as caught:
            check_grads(lambda x: x, (X,), order=1)
        assert "expected  float64[3]" in str(caught.value)
        monkeypatch.setattr(gradients, "vjp", lambda f, x: (x, lambda w: (change(w[0]),)))
        with pytest.raises(GradientError, match="the cotangent has another shape or dtype"):
            check_grads(lambda x: x, (X,), order=1, modes=("reverse",))

    def test_modes_are_compared_to_rounding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both modes within the tolerance of differences, but not equal to each other."""
        monkeypatch.setattr(gradients, "vjp", lambda f, x: (x, lambda w: (w[0] * (1 + 1e-8),)))
        with pytest.raises(GradientError, match="of forward mode"):
            check_grads(lambda x: x, (X,), order=1)
        check_grads(lambda x: x, (X,), order=1, modes=("reverse",))

    def test_messages_for_wrong_options(self) -> None:
        with pytest.raises(ArgumentError, match="no such mode") as caught:
            check_grads(np.sin, (X,), modes=("sideways",))
        assert '"forward" or "reverse"' in str(caught.value)
        with pytest.raises(ArgumentError, match="nothing to check"):
            check_grads(np.sin, (X,), order=0)
        with pytest.raises(ArgumentError, match="nothing to check"):
            check_grads(np.sin, (X,), modes=())
        with pytest.raises(ArgumentError, match="no argument can be differentiated") as caught:
            check_grads(np.sin, (3,))
        assert "int" in str(caught.value)


class TestCompareMethods:
    def test_all_methods_agree_on_a_smooth_function(self) -> None:
        table = compare_methods(lambda x: np.sum(np.log(x) * np.sin(x)), X, show=False)
        expected = np.sin(X) / X + np.log(X) * np.cos(X)
        assert table.quantity == "gradient"
        assert table.reference == "AD reverse"
        assert table.confirmed_by.startswith("confirmed by complex step")
        limits = {
            "AD forward": 1e-14,
            "AD reverse": 1e-14,
            "symbolic": 1e-13,
            "complex step": 1e-14,
            "central differences": 1e-8,
            "forward differences": 1e-6,
            "Richardson": 1e-11,
        }
        assert [row.method for row in table.rows] == list(limits)
        for row in table.rows:
            assert row.value == pytest.approx(expected, rel=1e-6)
            assert row.error is not None
            assert row.error < limits[row.method]
            assert row.seconds is not None
            assert row.seconds > 0
        assert table["forward differences"].error > table["Richardson"].error

    def test_evaluations_are_counted(self) -> None:
        table = compare_methods(lambda x: np.sum(x * x), np.ones(4), show=False)
        assert table["AD forward"].n_evaluations == 1
        assert table["AD reverse"].n_evaluations == 1
        assert table["symbolic"].n_evaluations == 0
        assert table["central differences"].n_evaluations == 1 + 4 * 4
        assert table["forward differences"].n_evaluations == 1 + 2 * 4

    def test_jacobian_of_an_array_function(self) -> None:
        table = compare_methods(lambda x: np.stack([x[0] * x[1], x[1] ** 2]), X, show=False)
        assert table.quantity == "jacobian"
        for row in table.rows:
            expected = np.array([[1.1, 0.4, 0.0], [0.0, 2.2, 0.0]])
            assert row.value == pytest.approx(expected, rel=1e-6, abs=1e-6)

    def test_containers(self) -> None:
        point = {"a": 0.3, "b": (X,)}
        table = compare_methods(
            lambda p: np.exp(p["a"]) * np.sum(p["b"][0] ** 2), point, show=False
        )
        for row in table.rows:
            assert row.value["a"] == pytest.approx(np.exp(0.3) * np.sum(X**2), rel=1e-6)
            assert row.value["b"][0] == pytest.approx(2 * np.exp(0.3) * X, rel=1e-6)

    def test_methods_that_cannot_be_used_give_their_reason(self) -> None:
        def f(x: Any) -> Any:
            total = 0.0
            while abs(total) < 3.0:  # decides on values, and is not analytic
                total = total + np.abs(np.sum(x * x))
            return total

        table = compare_methods(f, X, show=False)
        for method in ("symbolic", "complex step"):
            row = table[method]
            assert row.value is None
            assert row.error is None
            assert row.n_evaluations is None
            assert row.remark.startswith("not possible: ")
        assert "not complex-capable" in table["complex step"].remark
        assert "truth value" in table["symbolic"].remark
        assert table["AD reverse"].value == pytest.approx(2 * X, rel=1e-12)
        assert "confirmed by Richardson" in table.confirmed_by

    def test_symbolic_is_not_tried_for_many_numbers(self) -> None:
        table = compare_methods(lambda x: np.sum(x**2), np.ones(11), show=False)
        remark = table["symbolic"].remark
        assert remark == "not possible: the expressions would be too large. 11 numbers"
        table = compare_methods(lambda x: np.sum(x**2), np.ones(11), show=False, symbolic_limit=11)
        assert table["symbolic"].error == 0.0

    def test_nothing_works(self) -> None:
        table = compare_methods(lambda x: x * x, 3, show=False)
        assert all(row.value is None for row in table.rows)
        assert "Errors refer to nothing" in str(table)

    def test_a_wrong_rule_is_contradicted(self) -> None:
        f = with_wrong_rule(np.sin, lambda x, dx: 1.01 * dx * np.cos(x))
        table = compare_methods(lambda x: np.sum(f(x)), X, show=False)
        assert "CONTRADICTED" in table.confirmed_by
        assert table["AD reverse"].error > 1e-3
        assert table["Richardson"].error > 1e-3

    def test_function_that_cannot_be_traced(self) -> None:
        table = compare_methods(lambda x: float(x[0]) ** 2, X, show=False)
        assert table["AD forward"].value is None
        assert "drop its derivative" in table["AD forward"].remark
        assert table.reference == "Richardson"
        assert table["central differences"].value == pytest.approx([0.8, 0, 0], abs=1e-8)

    def test_text(self) -> None:
        table = compare_methods(lambda x: np.sum(x**3), X, show=False)
        text = str(table)
        assert repr(table) == text
        lines = text.splitlines()
        assert lines[0] == "gradient"
        assert lines[1].split() == ["method", "value", "error", "time", "calls", "of", "f"]
        assert lines[3].startswith("AD forward")
        assert "Errors refer to AD reverse, confirmed by complex step" in text
        assert "symbolic: " in text
        assert "operations" in text

    def test_html(self) -> None:
        table = compare_methods(lambda x: np.sum(x**3), X, show=False)
        page = table._repr_html_()
        assert page.startswith("<table>")
        assert page.count("<tr>") == 8
        assert "complex step" in page

    def test_prints_with_and_without_rich(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compare_methods(lambda x: np.sum(x**3), X, seconds=0.001)
        with_rich = capsys.readouterr().out
        assert "AD reverse" in with_rich
        assert "┃" in with_rich
        real_import = builtins.__import__

        def without_rich(name: str, *args: Any, **kwargs: Any) -> Any:
            if name.split(".")[0] == "rich":
                raise ImportError(name)
            return real_import(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without_rich)
        for name in [m for m in sys.modules if m.split(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        compare_methods(lambda x: np.sum(x**3), X, seconds=0.001)
        plain = capsys.readouterr().out
        assert "AD reverse" in plain
        assert "┃" not in plain

    def test_unknown_method(self) -> None:
        table = compare_methods(np.sin, 1.0, show=False)
        with pytest.raises(KeyError, match="magic"):
            table["magic"]
