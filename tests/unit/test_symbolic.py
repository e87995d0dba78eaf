"""`wengert.symbolic`: agrees with AD, round trips, naming, swell, and what cannot be converted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import wengert as wg
from wengert import symbolic
from wengert.errors import (
    ArgumentError,
    DecisionError,
    MissingRuleError,
    NotDifferentiableError,
)
from wengert.ir import Equation, Literal, Primitive, Program, Var, registry
from wengert.symbolic import control, table
from wengert.types import Type

x, y = sympy.symbols("x y")


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    source = str(Path(wg.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# Functions of one number, with an interval to draw points from.
SCALAR: dict[str, tuple[Callable[..., Any], tuple[float, float]]] = {
    "polynomial": (lambda x: 3 * x**3 - x / 2 + 1, (-2, 2)),
    "quotient": (lambda x: (1 + x) / (2 - x**2), (-1, 1)),
    "negative power": (lambda x: x**-3, (0.5, 2)),
    "real power": (lambda x: x**2.5, (0.5, 2)),
    "power of itself": (lambda x: x**x, (0.5, 2)),
    "exponential": (lambda x: np.exp(-(x**2)) + np.exp2(x) + np.expm1(x), (-1, 1)),
    "logarithms": (lambda x: np.log(x) + np.log2(x) * np.log10(x) + np.log1p(x), (0.5, 2)),
    "roots": (lambda x: np.sqrt(x) + np.cbrt(x), (0.5, 2)),
    "cube root of negative": (np.cbrt, (-2, -0.5)),
    "trigonometric": (lambda x: np.sin(x) * np.cos(2 * x) + np.tan(x / 2), (-1, 1)),
    "inverse trigonometric": (lambda x: np.arcsin(x) * np.arccos(x) + np.arctan(x), (-0.8, 0.8)),
    "arctan2": (lambda x: np.arctan2(x, 2 - x), (-1, 1)),
    "hyperbolic": (lambda x: np.sinh(x) * np.cosh(x) - np.tanh(x), (-1, 1)),
    "inverse hyperbolic": (lambda x: np.arcsinh(x) + np.arctanh(x / 2), (-1, 1)),
    "arccosh": (np.arccosh, (1.5, 3)),
    "hypot": (lambda x: np.hypot(x, 3.0), (-1, 1)),
    "logaddexp": (lambda x: np.logaddexp(x, -2 * x), (-1, 1)),
    "sinc": (np.sinc, (0.2, 1.3)),
    "absolute value": (lambda x: np.abs(x - 1) * x, (-1, 2)),
    "maximum": (lambda x: np.maximum(x, x**2), (0.2, 2)),
    "minimum": (lambda x: np.minimum(np.sin(x), 0.3), (0.5, 2)),
    "clip": (lambda x: np.clip(x**2, 0.5, 2.0), (0.1, 2)),
    "where": (lambda x: np.where(x > 0.5, x**2, np.sin(x)), (0, 1)),
    "sign": (lambda x: np.sign(x) * x**2, (-1, 1)),
    "floor": (lambda x: np.floor(x) * x, (0.1, 3)),
    "degrees": (lambda x: np.deg2rad(x) * np.rad2deg(x), (-1, 1)),
    "square and reciprocal": (lambda x: np.square(x) + np.reciprocal(x), (0.5, 2)),
}

# Functions of small arrays, with a shape.
ARRAY: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "sum of squares": (lambda x: np.sum(x**2), (3,)),
    "mean and variance": (lambda x: np.mean(x) * np.var(x), (4,)),
    "product": (lambda x: np.prod(x), (4,)),
    "dot": (lambda x: x @ np.arange(3.0), (3,)),
    "quadratic form": (lambda x: x @ np.arange(9.0).reshape(3, 3) @ x, (3,)),
    "matrix product": (lambda x: np.sum(np.sin(x @ x.T)), (2, 3)),
    "einsum": (lambda x: np.einsum("ij,kj->ik", x, x**2), (2, 2)),
    "slices": (lambda x: x[1:] * x[:-1] - x[::2].sum(), (5,)),
    "advanced index": (lambda x: x[np.array([2, 0, 2])] ** 2, (3,)),
    "reshape and transpose": (lambda x: x.reshape(3, 2).T * np.arange(6.0).reshape(2, 3), (6,)),
    "broadcasting": (lambda x: x[:, None] * x[None, :], (3,)),
    "concatenate": (lambda x: np.concatenate([x, x**2, np.ones(2)]), (2,)),
    "stack": (lambda x: np.stack([np.sin(x), x]), (2,)),
    "cumulative sum": (lambda x: np.cumsum(x) ** 2, (4,)),
    "roll and flip": (lambda x: np.roll(x, 1) * x[::-1], (4,)),
    "diagonal": (lambda x: np.trace(x @ x) + np.diagonal(x).sum(), (2, 2)),
    "pad": (lambda x: np.pad(x, 1) ** 2, (3,)),
    "softmax": (lambda x: np.exp(x) / np.sum(np.exp(x)), (3,)),
    "largest": (lambda x: np.max(x) ** 2, (3,)),
    "determinant": (lambda x: np.linalg.det(x), (3, 3)),
    "inverse": (lambda x: np.linalg.inv(x + 3 * np.eye(2)), (2, 2)),
    "outer": (lambda x: np.outer(x, np.cos(x)), (2,)),
    "cumulative product": (lambda x: np.cumprod(x), (3,)),
    "norm": (lambda x: np.linalg.norm(x), (3,)),
    "log-sum-exp": (lambda x: np.logaddexp.reduce(x), (3,)),
    "solve by the matrix": (
        lambda x: np.linalg.solve(x + 3 * np.eye(2), np.array([1.0, 2.0])),
        (2, 2),
    ),
    "solve by the right-hand side": (
        lambda x: np.linalg.solve(np.array([[2.0, 1.0], [0.5, 3.0]]), x),
        (2,),
    ),
    "cholesky": (lambda x: np.linalg.cholesky(x @ x.T + np.eye(2)), (2, 2)),
    "log-determinant": (lambda x: np.linalg.slogdet(x)[1], (2, 2)),
    "assignment": (lambda x: assigned(x), (4,)),
}


def assigned(x: Any) -> Any:
    y = x * 1.0
    y[1] = x[0] * x[2]
    y[2:] *= x[:2]
    return y


class TestAgreesWithAutomaticDifferentiation:
    @pytest.mark.parametrize("name", SCALAR)
    def test_functions_of_a_number(self, name: str) -> None:
        f, interval = SCALAR[name]
        expression = symbolic.to_sympy(f)
        derivative = symbolic.differentiate(f)
        value = symbolic.from_sympy(expression, [x])
        slope = symbolic.from_sympy(derivative, [x])
        for point in np.random.default_rng(0).uniform(*interval, size=5):
            assert value(point) == pytest.approx(f(point), rel=1e-12)
            assert slope(point) == pytest.approx(wg.grad(f)(point), rel=1e-11, abs=1e-12)

    @pytest.mark.parametrize("name", ARRAY)
    def test_functions_of_an_array(self, name: str) -> None:
        f, shape = ARRAY[name]
        point = np.random.default_rng(1).uniform(0.3, 1.5, size=shape)
        derived = symbolic.derive(f, (point,))
        expected = wg.jacobian(f)(point)
        assert derived.compile()(point) == pytest.approx(expected, rel=1e-10, abs=1e-12)
        by_shape = symbolic.differentiate(f, shapes=[shape])
        assert by_shape == derived.derivative

    def test_second_derivative_by_differentiating_twice(self) -> None:
        f, _ = SCALAR["exponential"]
        first = symbolic.from_sympy(symbolic.differentiate(f), [x])
        second = symbolic.from_sympy(symbolic.differentiate(first), [sympy.Symbol("x")])
        assert second(0.3) == pytest.approx(wg.grad(wg.grad(f))(0.3), rel=1e-11)

    def test_control_flow(self) -> None:
        def f(x: Any) -> Any:
            x = wg.cond(x > 0, lambda v: v**2, lambda v: -v, x)
            x = wg.fori_loop(0, 3, lambda i, v: v * (1 + i) + 1.0, x)
            final, ys = wg.scan(lambda c, t: (c * t, c + t), x, np.array([1.0, 2.0, 3.0]))
            return final + np.sum(ys)

        slope = symbolic.from_sympy(symbolic.differentiate(f), [x])
        for point in (0.4, -0.7):
            assert slope(point) == pytest.approx(wg.grad(f)(point), rel=1e-12)

    def test_python_loops_and_captured_arrays(self) -> None:
        weights = np.array([0.1, 2.0, -1.0])

        def f(x: Any) -> Any:
            total = 0.0
            for w in weights:
                total = total + w * x ** len(weights)
            return total * (weights @ weights)

        slope = symbolic.from_sympy(symbolic.differentiate(f), [x])
        assert slope(1.3) == pytest.approx(wg.grad(f)(1.3), rel=1e-13)

    def test_through_custom_rules_and_checkpoints(self) -> None:
        f = wg.checkpoint(lambda x: np.sin(x) * x)
        assert symbolic.differentiate(lambda x: f(x)) == x * sympy.cos(x) + sympy.sin(x)
        g = wg.custom_jvp(lambda x: x**3)
        g.defjvp(lambda primals, tangents: (g(*primals), 0.0 * tangents[0]))
        assert symbolic.differentiate(lambda x: g(x)) == 3 * x**2

    def test_stop_gradient_holds_a_value(self) -> None:
        f = lambda x: wg.stop_gradient(np.sin(x)) * x**2 + wg.stop_gradient(x)
        assert symbolic.to_sympy(f) == x**2 * sympy.sin(x) + x
        assert symbolic.differentiate(f) == 2 * x * sympy.sin(x)
        assert wg.grad(f)(0.7) == pytest.approx(2 * 0.7 * np.sin(0.7))


class TestTable:
    def test_names_are_those_of_primitives(self) -> None:
        tables = {**table.ELEMENTWISE, **table.STRUCTURAL, **control.CONTROL}
        assert sorted(name for name in tables if name not in registry) == []

    def test_elementwise_primitives_without_conversion_are_known(self) -> None:
        """Each is missing for a reason: bits, decimal digits, rounding of the machine's numbers."""
        converted = {**table.ELEMENTWISE, **table.STRUCTURAL}
        missing = {
            name
            for name, primitive in registry.items()
            if primitive.is_elementwise and hasattr(np, name) and name not in converted
        }
        bits = "bitwise_and bitwise_or bitwise_xor bitwise_count invert left_shift right_shift"
        machine = "nextafter spacing rint round gcd lcm"
        assert missing == set(f"{bits} {machine}".split())


class TestExpressions:
    def test_known_derivatives(self) -> None:
        assert symbolic.differentiate(np.sin) == sympy.cos(x)
        assert symbolic.differentiate(lambda x, y: x**2 * np.sin(y)) == 2 * x * sympy.sin(y)
        assert symbolic.differentiate(lambda x, y: x**2 * np.sin(y), 1) == x**2 * sympy.cos(y)

    def test_symbols_are_named_after_the_parameters(self) -> None:
        expression = symbolic.to_sympy(lambda mass, velocity: 0.5 * mass * velocity**2)
        assert expression == sympy.Symbol("mass") * sympy.Symbol("velocity") ** 2 / 2
        assert str(symbolic.to_sympy(lambda x: x[0] - x[1], shapes={"x": 2})) == "x_0 - x_1"
        matrix = symbolic.to_sympy(lambda a: a.T, shapes=[(2, 2)])
        assert str(matrix) == "[[a_0_0, a_1_0], [a_0_1, a_1_1]]"
        tree = symbolic.to_sympy(lambda p: p["w"][1] * 2.0, example=({"w": (1.0, 2.0)},))
        assert str(tree) == "2*p_w_1"

    def test_integers_of_an_example_are_held(self) -> None:
        assert symbolic.to_sympy(lambda x, n: x**n, example=(1.0, 3)) == x**3

    def test_results_keep_their_structure(self) -> None:
        result = symbolic.to_sympy(lambda x: {"a": x + 1, "b": (x * 2, np.stack([x, -x]))})
        assert result["a"] == x + 1
        assert result["b"][0] == 2 * x
        assert result["b"][1] == sympy.Array([x, -x])
        derivative = symbolic.differentiate(lambda x: (x**2, np.sin(x)))
        assert derivative == (2 * x, sympy.cos(x))

    def test_short_binary_fractions_become_rationals_and_others_stay_floats(self) -> None:
        assert symbolic.to_sympy(lambda x: 0.25 * x) == x / 4
        assert symbolic.to_sympy(lambda x: 2.0 * x) == 2 * x
        assert float(symbolic.to_sympy(lambda x: 0.1 * x).coeff(x)) == 0.1

    def test_absolute_value_of_a_real_number_has_the_sign_as_derivative(self) -> None:
        assert symbolic.differentiate(np.abs) == sympy.sign(x)

    def test_programs(self) -> None:
        program = wg.trace(lambda x, y: np.sin(x) * y**2)(1.0, 2.0)
        assert program.to_sympy(names=["x", "y"]) == y**2 * sympy.sin(x)
        assert str(program.to_sympy()) == "x1**2*sin(x0)"
        assert symbolic.differentiate(program, 1, names=["x", "y"]) == 2 * y * sympy.sin(x)
        assert program.latex(names=["x", "y"]) == r"y^{2} \sin{\left(x \right)}"
        two = wg.trace(lambda x: (x * 2.0, x * x))(1.0)
        assert two.to_sympy(names=["x"]) == (2 * x, x**2)

    def test_program_with_captured_arrays(self) -> None:
        a = np.array([1.0, 2.0])
        program = wg.trace(lambda x: np.sum(a * x))(1.0)
        assert program.to_sympy(names=["x"]) == 3 * x

    def test_latex(self) -> None:
        assert symbolic.latex(lambda x: np.sqrt(x) / 2) == r"\frac{\sqrt{x}}{2}"
        assert symbolic.latex(x**2) == "x^{2}"
        assert symbolic.latex(lambda x: x[0] / x[1], shapes=[2]) == r"\frac{x_{0}}{x_{1}}"


class TestFromSymPy:
    def test_round_trip(self) -> None:
        for name, (f, interval) in SCALAR.items():
            expression = symbolic.to_sympy(f)
            again = symbolic.from_sympy(expression, [x])
            point = float(np.mean(interval)) + 0.01
            assert again(point) == pytest.approx(f(point), rel=1e-12), name

    def test_round_trip_of_expressions(self) -> None:
        for expression in (
            x**2 * sympy.sin(y),
            sympy.exp(-x) / (1 + y**2),
            sympy.sqrt(x) * sympy.log(y),
            sympy.Piecewise((x, x > y), (y**2, True)),
        ):
            f = symbolic.from_sympy(expression, (x, y))
            back = symbolic.to_sympy(f, example=(1.0, 2.0), names=None)
            first, second = sorted(back.free_symbols, key=str)
            assert (
                sympy.simplify(back.subs({first: x, second: y}, simultaneous=True) - expression)
                == 0
            )

    def test_traced_and_differentiated(self) -> None:
        expression = sympy.exp(-x) * sympy.atan(x * y)
        f = symbolic.from_sympy(expression, (x, y))
        expected = float(sympy.diff(expression, x).subs({x: 0.3, y: 1.2}).evalf(20))
        assert wg.grad(f)(0.3, 1.2) == pytest.approx(expected, rel=1e-13)
        assert wg.jacfwd(f)(0.3, 1.2) == pytest.approx(expected, rel=1e-13)

    def test_special_functions_are_computed_by_scipy(self) -> None:
        for expression in (
            sympy.erf(x),
            sympy.gamma(x),
            sympy.loggamma(x),
            sympy.digamma(x),
            sympy.polygamma(1, x),
            sympy.besselj(1, x),
            sympy.beta(x, 2),
            sympy.erfinv(x / 3),
        ):
            f = symbolic.from_sympy(expression, [x])
            assert f(0.7) == pytest.approx(float(expression.subs(x, 0.7).evalf(20)), rel=1e-13)

    def test_arrays_of_expressions_and_of_symbols(self) -> None:
        v = sympy.Array(sympy.symbols("v_0 v_1"))
        f = symbolic.from_sympy(sympy.Array([[v[0] * v[1], 1], [v[0] ** 2, sympy.pi]]), [v])
        assert f(np.array([2.0, 3.0])) == pytest.approx(np.array([[6, 1], [4, np.pi]]))
        jacobian = wg.jacobian(f)(np.array([2.0, 3.0]))
        assert jacobian[:, :, 0] == pytest.approx(np.array([[3.0, 0], [4, 0]]))
        g = symbolic.from_sympy(sympy.Matrix([x, y]).T * sympy.Matrix([y, x]), [[x, y]])
        assert g([2.0, 3.0]) == pytest.approx(np.array([[12.0]]))

    def test_broadcasts(self) -> None:
        f = symbolic.from_sympy(sympy.sin(x) * y, (x, y))
        points = np.linspace(0, 1, 5)
        assert f(points, 2.0) == pytest.approx(2 * np.sin(points))

    def test_constants_and_shared_subexpressions(self) -> None:
        shared = sympy.exp(x + y)
        f = symbolic.from_sympy([shared * sympy.pi, shared + sympy.E, sympy.Rational(1, 3)], (x, y))
        a, b, c = f(0.2, 0.3)
        assert a == pytest.approx(np.pi * np.exp(0.5))
        assert b == pytest.approx(np.e + np.exp(0.5))
        assert c == pytest.approx(1 / 3)

    def test_dirac_delta_counts_as_zero(self) -> None:
        second = sympy.diff(sympy.Max(x, 0), x, 2)
        assert second.has(sympy.DiracDelta)
        assert symbolic.from_sympy(second, [x])(1.0) == 0.0

    def test_a_single_symbol_needs_no_list(self) -> None:
        assert symbolic.from_sympy(x**2, x)(3.0) == 9.0

    def test_missing_symbol(self) -> None:
        with pytest.raises(ArgumentError, match="symbol that is no parameter") as caught:
            symbolic.from_sympy(x * y, [x])
        assert "got       y" in str(caught.value)

    def test_unknown_function(self) -> None:
        with pytest.raises(MissingRuleError, match="airyai has no counterpart"):
            symbolic.from_sympy(sympy.airyai(x), [x])

    def test_wrong_number_of_arguments(self) -> None:
        with pytest.raises(ArgumentError, match="wrong number of arguments") as caught:
            symbolic.from_sympy(x * y, [x, y])(1.0)
        assert "2: x, y" in str(caught.value)

    def test_parameter_that_is_no_symbol(self) -> None:
        with pytest.raises(ArgumentError, match="must be a symbol"):
            symbolic.from_sympy(x, [[x, 3]])


class TestSwell:
    def test_count(self) -> None:
        size = symbolic.expression_size((sympy.sin(x) + 1) ** 2 * sympy.sin(x))
        assert (size.operations, size.shared) == (5, 4)
        assert symbolic.expression_size(x).operations == 0
        assert symbolic.expression_size([x + 1, x + 1]).operations == 2
        assert symbolic.expression_size([x + 1, x + 1]).shared == 1
        assert "5 operations, 4 with common" in str(size)

    def test_speelpenning_gradient_grows_quadratically_and_program_linearly(self) -> None:
        def product(x: Any) -> Any:
            result = x[0]
            for k in range(1, len(x)):
                result = result * x[k]
            return result

        sizes = [
            symbolic.expression_size(symbolic.differentiate(product, shapes=[n])).operations
            for n in (5, 10, 20)
        ]
        assert sizes == [n * (n - 2) for n in (5, 10, 20)]

    def test_iterated_map_grows_exponentially_and_shared_slowly(self) -> None:
        def logistic(n: int) -> Callable[..., Any]:
            def f(x: Any) -> Any:
                for _ in range(n):
                    x = 4 * x * (1 - x)
                return x

            return f

        sizes = [symbolic.expression_size(symbolic.to_sympy(logistic(n))) for n in (4, 8, 16)]
        assert sizes[1].operations > 10 * sizes[0].operations
        assert sizes[2].operations > 200 * sizes[1].operations
        assert sizes[2].shared < 16 * sizes[0].shared  # at most quadratic

    def test_helmholtz(self) -> None:
        root2 = np.sqrt(2.0)

        def helmholtz(n: int) -> Callable[..., Any]:
            rng = np.random.default_rng(n)
            a, b = rng.uniform(size=(n, n)), rng.uniform(size=n) / n

            def f(x: Any) -> Any:
                bx = b @ x
                logs = np.log((1 + (1 + root2) * bx) / (1 + (1 - root2) * bx))
                mixed = (x @ a @ x) / (np.sqrt(8.0) * bx)
                return np.sum(np.log(x / (1 - bx))) - mixed * logs

            return f

        per_number = []
        for n in (1, 2, 4):
            f = helmholtz(n)
            point = np.linspace(0.3, 0.6, n)
            derived = symbolic.derive(f, (point,))
            assert derived.compile()(point) == pytest.approx(wg.grad(f)(point), rel=1e-10)
            function = symbolic.expression_size(derived.function)
            gradient = symbolic.expression_size(derived.derivative)
            assert gradient.shared < gradient.operations
            per_number.append(gradient.operations / function.operations)
        # The gradient grows faster than the function: the ratio rises with their number.
        assert per_number[2] > per_number[1] > per_number[0]


class TestRefusals:
    def test_decision_on_a_value(self) -> None:
        with pytest.raises(DecisionError, match="truth value"):
            symbolic.to_sympy(lambda x: x if x > 0 else -x)

    def test_operation_without_counterpart(self) -> None:
        with pytest.raises(MissingRuleError, match="sort: this operation cannot be converted"):
            symbolic.to_sympy(lambda x: np.sort(x), shapes=[3])

    def test_integers_made_of_expressions(self) -> None:
        with pytest.raises(MissingRuleError, match="cannot become an integer"):
            symbolic.to_sympy(lambda x: x.astype(int) * x)

    def test_choice_among_more_than_two_branches(self) -> None:
        program = Program([Var(Type((), float))] * 2, [], [Literal(1.0)])
        index, operand = Var(Type((), float)), Var(Type((), float))
        out = (Var(Type((), float)),)
        equation = Equation(registry["cond"], (index, operand), {"branches": (program,) * 3}, out)
        with pytest.raises(MissingRuleError, match="more than two branches"):
            symbolic.to_sympy(Program([index, operand], [equation], out))

    @pytest.mark.parametrize(
        "array, reason",
        [
            (lambda x: x.astype(float), "on expressions: TypeError"),
            (lambda x: x + int(x.dtype == object), "treats expressions unlike numbers"),
        ],
    )
    def test_implementation_that_does_not_work_on_expressions(
        self, array: Callable[..., Any], reason: str
    ) -> None:
        primitive = Primitive("strange", array, lambda x: x, linear_in=(frozenset({0}),))
        a, b = Var(Type((2,), float)), Var(Type((2,), float))
        program = Program([a], [Equation(primitive, (a,), {}, (b,))], [b])
        with pytest.raises(MissingRuleError, match="strange: this operation") as caught:
            symbolic.to_sympy(program)
        assert reason in str(caught.value)

    def test_loop_of_unknown_length(self) -> None:
        with pytest.raises(MissingRuleError, match="while"):
            symbolic.to_sympy(lambda x: wg.while_loop(lambda v: v < 10, lambda v: 2 * v, x))

    def test_arguments(self) -> None:
        with pytest.raises(ArgumentError, match="argnum names a parameter"):
            symbolic.differentiate(np.sin, 1)
        with pytest.raises(ArgumentError, match="shapes= names a parameter") as caught:
            symbolic.to_sympy(lambda x: x, shapes={"z": 3})
        assert "z" in str(caught.value)
        with pytest.raises(ArgumentError, match="not both"):
            symbolic.to_sympy(lambda x: x, shapes=[3], example=(1.0,))
        with pytest.raises(NotDifferentiableError, match="not a floating-point"):
            symbolic.differentiate(lambda x, n: x**n, 1, example=(1.0, 2))
        with pytest.raises(NotDifferentiableError, match="not a floating-point"):
            symbolic.differentiate(lambda p: p["a"], example=({"a": 1.0},))

    def test_derive_needs_floating_point_numbers(self) -> None:
        with pytest.raises(NotDifferentiableError, match="no floating-point numbers") as caught:
            symbolic.derive(lambda x: x * x, (3,))
        assert "int: 3" in str(caught.value)
        derived = symbolic.derive(lambda p: p["x"] ** p["n"], ({"x": 2.0, "n": 3},))
        assert derived.derivative == {"x": 3 * sympy.Symbol("p_x") ** 2, "n": None}
        assert derived.compile()({"x": 2.0, "n": 3})["x"] == 12.0
        assert derived.evaluate({"x": 2.0, "n": 3})["x"] == 12.0

    def test_programs(self) -> None:
        program = wg.trace(lambda x: x * 2.0)(1.0)
        with pytest.raises(ArgumentError, match="one name for each input") as caught:
            symbolic.to_sympy(program, names=["a", "b"])
        assert "2 names" in str(caught.value)
        integers = wg.trace(lambda x, n: x * n)(1.0, np.array([1, 2]))
        with pytest.raises(ArgumentError, match="no floating-point array"):
            symbolic.to_sympy(integers)

    def test_without_sympy_the_extra_is_named(self) -> None:
        code = (
            "import sys; sys.modules['sympy'] = None\n"
            "import wengert\n"
            "try:\n"
            "    import wengert.symbolic\n"
            "except ImportError as error:\n"
            "    print(error)\n"
        )
        printed = run_python(code)
        assert "SymPy, which is not installed" in printed
        assert "pip install 'wengert[sym]'" in printed

    def test_sympy_is_not_imported_with_the_package(self) -> None:
        code = "import sys, wengert; print('sympy' in sys.modules)"
        assert run_python(code).strip() == "False"
