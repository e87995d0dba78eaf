"""`wengert.numeric`: values against closed forms and mpmath, rates, trees, steps, messages."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

from wengert import numeric
from wengert.errors import (
    ArgumentError,
    DtypeError,
    NonScalarOutputError,
    NotDifferentiableError,
    OutputError,
    ShapeError,
)
from wengert.numeric import stepping

METHODS = ["forward", "central", "complex", "richardson"]
# What each method reaches relative to the derivative, for functions computed to full precision.
ACCURACY = {"forward": 3e-7, "central": 3e-9, "complex": 1e-14, "richardson": 1e-11}
ACCURACY_HESSIAN = {"forward": 3e-3, "central": 3e-6, "complex": 3e-8, "richardson": 1e-7}

Function = Callable[..., Any]


def derivative_by_mpmath(f: Function, x: float) -> float:
    with mpmath.workdps(50):
        return float(mpmath.diff(f, mpmath.mpf(x)))


ELEMENTARY = [
    (np.sin, mpmath.sin, 1.1),
    (np.exp, mpmath.exp, -2.0),
    (np.log, mpmath.log, 0.37),
    (np.tan, mpmath.tan, 1.2),
    (np.arctan, mpmath.atan, 5.0),
    (np.sqrt, mpmath.sqrt, 3.0),
    (np.cosh, mpmath.cosh, 2.5),
    (scipy.special.erf, mpmath.erf, 0.6),
    (lambda x: x**5 - 3 * x, lambda x: x**5 - 3 * x, 1.7),
    (lambda x: 1 / (1 + x**2), lambda x: 1 / (1 + x**2), -0.8),
]


class TestValues:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("case", range(len(ELEMENTARY)))
    def test_elementary_functions_against_mpmath(self, case: int, method: str) -> None:
        f, f_mp, x = ELEMENTARY[case]
        expected = derivative_by_mpmath(f_mp, x)
        estimate = numeric.derivative(f, method=method, with_error=True)(x)
        assert estimate.value == pytest.approx(expected, rel=ACCURACY[method])
        assert abs(estimate.value - expected) <= 4 * estimate.error + 4e-16 * abs(expected)
        assert estimate.error < 100 * ACCURACY[method] * abs(expected)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize(
        "f, df, x",
        [
            (np.sin, np.cos, 1e6),  # the argument is long, the function's length is not
            (np.log, lambda x: 1 / x, 1e-9),  # a step of eps^(1/3) would leave the domain
            (np.sqrt, lambda x: 0.5 / np.sqrt(x), 1e-300),
            (lambda x: np.tanh(1e6 * x), lambda x: 1e6 / np.cosh(1e6 * x) ** 2, 0.0),
            (lambda x: x**3, lambda x: 3 * x**2, 1e100),
            (lambda x: np.sin(300 * x), lambda x: 300 * np.cos(300 * x), 0.7),
        ],
    )
    def test_step_follows_the_scale(self, f: Function, df: Function, x: float, method: str) -> None:
        assert numeric.derivative(f, method=method)(x) == pytest.approx(df(x), rel=1e-6)

    @pytest.mark.parametrize("method", METHODS)
    def test_gradient_hessian_of_exp_sin_quadratic_form(self, method: str) -> None:
        a = np.arange(9.0).reshape(3, 3) / 7
        x = np.array([0.1, -0.4, 0.7])

        def f(x: Any) -> Any:
            return np.exp(np.sin(x @ a @ x))

        s = a + a.T
        q, d = x @ a @ x, s @ x
        gradient = f(x) * np.cos(q) * d
        hessian = f(x) * ((np.cos(q) ** 2 - np.sin(q)) * np.outer(d, d) + np.cos(q) * s)
        size = abs(hessian).max()
        assert numeric.gradient(f, method=method)(x) == pytest.approx(
            gradient, rel=10 * ACCURACY[method]
        )
        estimate = numeric.hessian(f, method=method, with_error=True)(x)
        assert abs(estimate.value - hessian).max() < ACCURACY_HESSIAN[method] * size
        assert np.all(abs(estimate.value - hessian) <= 4 * estimate.error)
        assert np.array_equal(estimate.value, estimate.value.T)

    @pytest.mark.parametrize("method", METHODS)
    def test_function_that_does_not_depend_on_its_argument(self, method: str) -> None:
        x = np.array([1.0, 2.0])
        assert np.array_equal(numeric.gradient(lambda x: x[0] * 0 + 7.0, method=method)(x), [0, 0])

    @pytest.mark.parametrize("method", ["forward", "central", "richardson"])
    def test_kink_gives_the_mean_or_the_right_derivative(self, method: str) -> None:
        value = numeric.derivative(np.abs, method=method)(0.0)
        assert value == (1.0 if method == "forward" else 0.0)

    def test_jump_has_an_error_as_large_as_itself(self) -> None:
        estimate = numeric.derivative(np.sign, with_error=True)(0.0)
        assert estimate.error > 0.9 * abs(estimate.value) > 0

    def test_nan_at_the_point_gives_nan(self) -> None:
        with np.errstate(invalid="ignore"):
            estimate = numeric.derivative(np.log, with_error=True)(-1.0)
        assert np.isnan(estimate.value)
        assert not estimate.error < np.inf

    @pytest.mark.parametrize("method", ["forward", "central", "richardson"])
    def test_search_may_leave_the_domain(self, method: str) -> None:
        # math.log raises outside its domain, where np.log gives NaN.
        value = numeric.derivative(math.log, method=method)(1e-5)
        assert value == pytest.approx(1e5, rel=1e-6)


class TestConvergence:
    """The error falls as the power of the step that the formula's name promises."""

    @pytest.mark.parametrize("method, order", [("forward", 1), ("central", 2)])
    def test_gradient(self, method: str, order: int) -> None:
        steps = 0.1 * 0.5 ** np.arange(5)
        errors = [
            abs(numeric.derivative(np.exp, method=method, step=h)(0.5) - np.exp(0.5)) for h in steps
        ]
        slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
        assert slopes == pytest.approx(order, abs=0.1)

    @pytest.mark.parametrize("n_levels, order", [(2, 4), (3, 6)])
    def test_richardson(self, n_levels: int, order: int) -> None:
        def central(h: float) -> stepping.Sample:
            value = (np.exp(0.5 + h) - np.exp(0.5 - h)) / (2 * h)
            return stepping.Sample(np.array([value]), np.array([0.0]), h)

        formula = stepping.Formula(central, 2, 1, 2.0**-52, np.array([1.0]))
        steps = 0.5 * 0.5 ** np.arange(3)
        errors = [
            abs(stepping.extrapolate(formula, h, n_levels).value[0] - np.exp(0.5)) for h in steps
        ]
        slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
        assert slopes == pytest.approx(order, abs=0.2)

    def test_complex_step(self) -> None:
        steps = np.array([0.1, 0.05, 0.025])
        errors = [
            abs(numeric.derivative(np.exp, method="complex", step=h)(0.5) - np.exp(0.5))
            for h in steps
        ]
        slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
        assert slopes == pytest.approx(2, abs=0.05)

    @pytest.mark.parametrize("method, order", [("forward", 1), ("central", 2), ("complex", 2)])
    def test_hessian(self, method: str, order: int) -> None:
        x = np.array([0.3, -0.2])

        def f(x: Any) -> Any:
            return np.exp(x[0] - x[1]) * np.cos(2 * (x[0] + x[1] - 0.1))

        def exact(a: int, b: int) -> float:
            with mpmath.workdps(30):
                f_mp = lambda u, v: mpmath.exp(u - v) * mpmath.cos(2 * (u + v - mpmath.mpf(0.1)))
                orders = [0, 0]
                orders[a] += 1
                orders[b] += 1
                return float(mpmath.diff(f_mp, (x[0], x[1]), tuple(orders)))

        expected = np.array([[exact(a, b) for b in range(2)] for a in range(2)])
        steps = np.array([0.04, 0.02, 0.01])
        errors = [abs(numeric.hessian(f, method=method, step=h)(x) - expected).max() for h in steps]
        slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
        assert slopes == pytest.approx(order, abs=0.25)

    def test_negative_step_gives_backward_differences(self) -> None:
        h = 1e-3
        backward = numeric.derivative(np.exp, method="forward", step=-h)(1.0)
        assert backward == pytest.approx((np.exp(1.0) - np.exp(1.0 - h)) / h, rel=1e-12)


class TestTrees:
    def test_gradient_keeps_structure_shapes_and_dtypes(self) -> None:
        p = {
            "a": np.array([[1.0, 2.0], [3.0, 4.0]]),
            "b": (2.0, [np.float32(3.0), np.array(0.5)]),
            "none": None,
        }

        def f(p: Any) -> Any:
            return np.sum(p["a"] ** 2) * p["b"][0] + p["b"][1][0] * p["b"][1][1]

        g = numeric.gradient(f)(p)
        assert list(g) == ["a", "b", "none"]
        assert g["none"] is None
        assert g["a"] == pytest.approx(4 * p["a"], rel=1e-3)
        assert g["a"].dtype == np.float64
        assert isinstance(g["b"], tuple)
        assert isinstance(g["b"][1], list)
        assert g["b"][0] == pytest.approx(30.0, rel=1e-3)
        assert type(g["b"][1][0]) is np.float32
        assert g["b"][1][1] == pytest.approx(3.0, rel=1e-3)

    def test_argnums_tuple_and_negative(self) -> None:
        def f(x: float, n: int, y: float) -> float:
            return x**n * y

        g = numeric.gradient(f, argnums=(0, 2))(3.0, 2, 5.0)
        assert isinstance(g, tuple)
        assert g == pytest.approx((30.0, 9.0))
        assert numeric.gradient(f, argnums=-1)(3.0, 2, 5.0) == pytest.approx(9.0)
        assert numeric.derivative(f, argnum=2)(3.0, 2, 5.0) == pytest.approx(9.0)

    def test_keyword_arguments_pass_through(self) -> None:
        assert numeric.derivative(lambda x, *, k: k * x)(1.0, k=3.0) == pytest.approx(3.0)

    def test_jacobian_has_shape_out_plus_in(self) -> None:
        a = np.arange(12.0).reshape(3, 4)

        def f(p: Any) -> Any:
            return {"y": a @ p["x"], "s": (p["x"].sum() * p["k"],)}

        jac = numeric.jacobian(f)({"x": np.ones((4, 2)), "k": 2.0})
        assert jac["y"]["x"].shape == (3, 2, 4, 2)
        expected = np.einsum("ik,jl->ijkl", a, np.eye(2))
        assert jac["y"]["x"] == pytest.approx(expected, abs=1e-9)
        assert jac["y"]["k"].shape == (3, 2)
        assert jac["s"][0]["x"] == pytest.approx(np.full((4, 2), 2.0))
        assert jac["s"][0]["k"] == pytest.approx(8.0)

    def test_jacobian_with_a_tuple_of_arguments(self) -> None:
        jac = numeric.jacobian(lambda x, y: x * y, argnums=(0, 1))(np.ones(2), 3.0)
        assert isinstance(jac, tuple)
        assert jac[0] == pytest.approx(3 * np.eye(2))
        assert jac[1] == pytest.approx(np.ones(2))

    def test_hessian_blocks(self) -> None:
        def f(p: Any) -> Any:
            return p["u"][0] * p["u"][1] ** 2 * p["v"]

        h = numeric.hessian(f, method="complex")({"u": np.array([2.0, 3.0]), "v": 5.0})
        assert h["u"]["u"] == pytest.approx(np.array([[0, 30.0], [30.0, 20.0]]), rel=1e-7, abs=1e-7)
        assert h["u"]["v"] == pytest.approx(np.array([9.0, 12.0]), rel=1e-7)
        assert h["v"]["u"] == pytest.approx(np.array([9.0, 12.0]), rel=1e-7)
        assert h["v"]["v"] == pytest.approx(0.0, abs=1e-7)

    def test_hessian_of_an_array_result(self) -> None:
        h = numeric.hessian(lambda x: x**3)(np.array([1.0, 2.0]))
        assert h.shape == (2, 2, 2)
        expected = np.zeros((2, 2, 2))
        expected[0, 0, 0], expected[1, 1, 1] = 6.0, 12.0
        assert h == pytest.approx(expected, abs=1e-5)

    def test_estimate_has_the_structure_of_the_value(self) -> None:
        p = {"x": np.ones(3), "k": 2.0}
        e = numeric.gradient(lambda p: np.sum(np.sin(p["x"])) * p["k"], with_error=True)(p)
        assert e.error["x"].shape == e.step["x"].shape == (3,)
        assert 0 < e.error["k"] < 1e-8
        assert np.all(e.step["x"] > 0)
        assert e.method == "central"

    @pytest.mark.parametrize("method", METHODS)
    def test_empty_arrays_and_empty_trees(self, method: str) -> None:
        g = numeric.gradient(lambda x: np.sum(x), method=method)(np.zeros((0, 3)))
        assert g.shape == (0, 3)
        assert numeric.jacobian(lambda x: x, method=method)(np.zeros(0)).shape == (0, 0)
        j = numeric.jacobian(lambda x: np.zeros((0, 2)) * x[0], method=method)(np.ones(3))
        assert j.shape == (0, 2, 3)
        assert numeric.hessian(lambda x: np.sum(x), method=method)(np.zeros(0)).shape == (0, 0)
        assert numeric.gradient(lambda p: 1.0, method="central")({}) == {}

    def test_zero_dimensional_arrays_stay_arrays_for_the_function(self) -> None:
        seen = []

        def f(x: Any) -> Any:
            seen.append(type(x))
            return x * x

        numeric.gradient(f)(np.array(2.0))
        numeric.gradient(f)(2.0)
        numeric.gradient(f)(np.float32(2.0))
        assert set(seen) == {np.ndarray, float, np.float32}

    @pytest.mark.parametrize("layout", ["fortran", "strided", "reversed", "transposed"])
    def test_memory_layout_does_not_matter(self, layout: str) -> None:
        base = np.arange(1.0, 25.0)
        x = {
            "fortran": np.asfortranarray(base[:6].reshape(2, 3)),
            "strided": base.reshape(4, 6)[::2, ::2],
            "reversed": base[:6].reshape(2, 3)[::-1, ::-1],
            "transposed": base[:6].reshape(3, 2).T,
        }[layout]
        weights = np.arange(6.0).reshape(2, 3)
        assert numeric.gradient(lambda x: np.sum(weights * x**2))(x) == pytest.approx(
            2 * weights * x, abs=1e-6
        )


class TestPrecisions:
    @pytest.mark.parametrize("method", METHODS)
    def test_float32(self, method: str) -> None:
        x = np.array([0.3, 1.2], dtype=np.float32)
        estimate = numeric.gradient(
            lambda x: np.sum(np.sin(x) * x), method=method, with_error=True
        )(x)
        assert estimate.value.dtype == np.float32
        exact = np.cos(x.astype(float)) * x + np.sin(x.astype(float))
        rel = {"forward": 3e-3, "central": 3e-4, "complex": 3e-7, "richardson": 3e-5}[method]
        assert estimate.value == pytest.approx(exact, rel=rel)

    def test_jacobian_dtype_is_the_joint_one(self) -> None:
        x = np.float32(2.0)
        assert numeric.derivative(lambda x: np.float64(x) ** 2)(x).dtype == np.float64
        assert numeric.derivative(lambda x: x * x)(x).dtype == np.float32

    def test_integer_results_count_as_constants(self) -> None:
        assert numeric.derivative(lambda x: 3)(1.5) == 0.0
        assert numeric.jacobian(lambda x: np.array([1, 2]))(np.ones(2)).dtype == np.float64


class TestComplexArguments:
    def test_gradient_is_the_direction_of_steepest_ascent(self) -> None:
        z = np.array([1.0 + 2.0j, -0.5 + 0.3j])
        g = numeric.gradient(lambda z: np.sum(np.abs(z) ** 2))(z)
        assert g.dtype == np.complex128
        assert g == pytest.approx(2 * z, rel=1e-8)

    def test_holomorphic_gives_df_dz(self) -> None:
        z = 0.4 + 0.9j
        estimate = numeric.gradient(
            lambda z: np.exp(z) * z, holomorphic=True, with_error=True, method="richardson"
        )(z)
        assert estimate.value == pytest.approx(np.exp(z) * (z + 1), rel=1e-11)
        assert estimate.error < 1e-10
        jac = numeric.jacobian(lambda z: z**2, holomorphic=True)(np.array([z, 1j]))
        assert jac == pytest.approx(np.diag([2 * z, 2j]), abs=1e-8)

    def test_what_is_not_holomorphic_shows_in_the_error(self) -> None:
        estimate = numeric.derivative(np.conj, holomorphic=True, with_error=True)(0.4 + 0.9j)
        assert estimate.error > 0.9

    def test_complex_result_of_a_real_argument(self) -> None:
        value = numeric.derivative(lambda t: np.exp(1j * t))(0.3)
        assert value == pytest.approx(1j * np.exp(0.3j), rel=1e-9)

    def test_complex_jacobian_needs_holomorphic(self) -> None:
        with pytest.raises(DtypeError, match=r"two real derivatives, not one") as caught:
            numeric.jacobian(lambda z: z * z)(np.array([1j]))
        assert "args[0]: complex128" in str(caught.value)
        assert "holomorphic=True" in str(caught.value)

    def test_complex_hessian_raises(self) -> None:
        with pytest.raises(DtypeError, match="only real arguments have one matrix"):
            numeric.hessian(lambda z: np.abs(z))(1j)


class TestArgumentsAreNotTouched:
    @pytest.mark.parametrize("method", METHODS)
    def test_a_function_that_writes_into_its_argument(self, method: str) -> None:
        x = np.array([1.0, 2.0])
        data = np.array([3.0, 4.0])

        def f(x: Any, data: Any) -> Any:
            x *= 2.0
            data += 1.0
            return np.sum(x * x * data)

        assert numeric.gradient(f, method=method)(x, data) == pytest.approx(8 * x * (data + 1))
        assert np.array_equal(x, [1.0, 2.0])
        assert np.array_equal(data, [3.0, 4.0])

    def test_a_function_that_raises_midway(self) -> None:
        x = np.array([1.0, 2.0])
        calls = []

        def f(x: Any) -> Any:
            calls.append(1)
            x[0] = np.nan
            if len(calls) == 4:
                raise RuntimeError("gone")
            return x[1] ** 2

        with pytest.raises(RuntimeError, match="gone"):
            numeric.gradient(f)(x)
        assert np.array_equal(x, [1.0, 2.0])

    def test_evaluations_are_counted(self) -> None:
        calls = []

        def f(x: Any) -> Any:
            calls.append(1)
            return np.sum(np.exp(x))

        for method in METHODS:
            calls.clear()
            estimate = numeric.gradient(f, method=method, with_error=True)(np.ones(3))
            assert estimate.n_evaluations == len(calls)
        calls.clear()
        numeric.gradient(f, method="central", step=1e-5)(np.ones(3))
        assert len(calls) == 1 + 2 * 3
        calls.clear()
        numeric.gradient(f, method="forward", step=1e-5)(np.ones(3))
        assert len(calls) == 1 + 3


class TestComplexStepRefusals:
    @pytest.mark.parametrize(
        "f",
        [
            lambda x: np.abs(x) * 2.0,
            lambda x: float(x) ** 2,
            lambda x: math.sin(x),
            lambda x: np.real(x),
            lambda x: scipy.special.gammainc(1.5, x),
        ],
        ids=["abs", "float", "math", "real", "real only ufunc"],
    )
    def test_real_result_or_type_error(self, f: Function) -> None:
        with pytest.raises(DtypeError, match="function is not complex-capable") as caught:
            numeric.derivative(f, method="complex")(0.7)
        assert 'method="central"' in str(caught.value)

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: np.real(x) * x,
            lambda x: np.abs(x) * np.sin(x),
            lambda x: np.conj(x) * x + x,
            lambda x: np.abs(x) + 0j * x if np.iscomplexobj(x) else np.abs(x),
        ],
        ids=["real", "abs", "conj", "hidden abs"],
    )
    def test_wrong_answers_are_found_by_comparison(self, f: Function) -> None:
        with pytest.raises(DtypeError, match="operation on the way is not analytic"):
            numeric.derivative(f, method="complex")(0.7)
        with pytest.raises(DtypeError, match="operation on the way is not analytic"):
            numeric.hessian(f, method="complex")(0.7)

    def test_store_into_a_real_buffer(self) -> None:
        def f(x: Any) -> Any:
            buffer = np.zeros(2)
            buffer[:] = x
            return np.sum(buffer**2)

        with pytest.raises(DtypeError, match="ComplexWarning"):
            numeric.gradient(f, method="complex")(np.array([1.0, 2.0]))

    def test_complex_arguments_or_results(self) -> None:
        with pytest.raises(DtypeError, match="real function of real arguments") as caught:
            numeric.gradient(lambda z: np.abs(z), method="complex")(1j)
        assert "complex arguments" in str(caught.value)
        with pytest.raises(DtypeError, match="a complex result"):
            numeric.derivative(lambda t: np.exp(1j * t), method="complex")(1.0)
        with pytest.raises(DtypeError, match="one of the two"):
            numeric.derivative(np.exp, method="complex", holomorphic=True)


class TestMessages:
    def test_integer_argument_names_its_path(self) -> None:
        with pytest.raises(NotDifferentiableError, match="with respect to int64 is not") as caught:
            numeric.gradient(lambda p: p["n"][0] * 1.0)({"n": (np.array([1, 2]),)})
        assert "args[0]['n'][0]: int64[2]" in str(caught.value)
        assert "x.astype(float)" in str(caught.value)
        with pytest.raises(NotDifferentiableError, match="int64"):
            numeric.derivative(np.sin)(2)
        with pytest.raises(NotDifferentiableError, match="bool"):
            numeric.derivative(np.sin)(True)

    def test_argument_that_is_no_number(self) -> None:
        with pytest.raises(ArgumentError, match="neither a number nor an array") as caught:
            numeric.gradient(lambda s: 1.0)("text")
        assert "args[0]: str" in str(caught.value)

    def test_non_scalar_output(self) -> None:
        with pytest.raises(NonScalarOutputError, match="must return one real number") as caught:
            numeric.gradient(lambda x: x)(np.ones(3))
        assert "result: float64[3]" in str(caught.value)
        assert "jacobian" in str(caught.value)
        with pytest.raises(NonScalarOutputError, match="complex128"):
            numeric.gradient(lambda x: 1j * x)(1.0)
        with pytest.raises(NonScalarOutputError, match=r"result\[0\]"):
            numeric.gradient(lambda x: (x, x))(1.0)

    def test_derivative_of_an_array(self) -> None:
        with pytest.raises(ShapeError, match="must be a single number") as caught:
            numeric.derivative(np.sum)(np.ones(3))
        assert "args[0]: float64[3]" in str(caught.value)

    def test_output_that_is_no_array(self) -> None:
        with pytest.raises(OutputError, match="no array of numbers") as caught:
            numeric.jacobian(lambda x: "text")(1.0)
        assert "str" in str(caught.value)

    def test_output_that_changes_its_shape(self) -> None:
        with pytest.raises(OutputError, match="changes its structure"):
            numeric.jacobian(lambda x: np.ones(3 if x[0] > 1 else 2) * x[0])(np.array([1.0]))

    @pytest.mark.parametrize("function", [numeric.gradient, numeric.jacobian, numeric.hessian])
    def test_options(self, function: Function) -> None:
        name = function.__name__
        with pytest.raises(ArgumentError, match=f"{name}: there is no such method") as caught:
            function(np.sum, method="magic")
        assert '"forward" or "central" or "complex" or "richardson"' in str(caught.value)
        for wrong in (np.ones(3), 1.5, (0, 0), "x"):
            with pytest.raises(ArgumentError, match="argnums must be distinct") as caught:
                function(np.sum, wrong)
            assert f"{name}(f)(x), not {name}(f, x)" in str(caught.value)
        for step in (0.0, np.nan, np.inf, np.ones(2)):
            with pytest.raises(ArgumentError, match="step must be a finite number"):
                function(np.sum, step=step)
        with pytest.raises(ArgumentError, match="not passed by position") as caught:
            function(np.sum, 1)(1.0)
        assert "argnums=1, 1 positional arguments" in str(caught.value)

    def test_step_too_small_to_change_anything(self) -> None:
        with pytest.raises(ArgumentError, match="step is too small") as caught:
            numeric.derivative(np.sin, step=1e-20)(1.0)
        assert "args[0] (float64)" in str(caught.value)
        assert "leave out step=" in str(caught.value)
