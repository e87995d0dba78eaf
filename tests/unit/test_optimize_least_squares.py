"""`least_squares` and `curve_fit`: certified fits, SciPy's numbers, sparse methods, messages."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from oracle.nist_regression import PROBLEMS, Problem
from wengert.errors import (
    ArgumentError,
    ConvergenceError,
    NanError,
    OptionError,
    OutputError,
    ShapeError,
)
from wengert.optimize import covariance as covariances
from wengert.optimize import curve_fit, least_squares
from wengert.optimize.factorization import DenseSystem, Factorizer, SparseSystem
from wengert.optimize.gauss_newton import gauss_newton
from wengert.optimize.levenberg_marquardt import levenberg_marquardt
from wengert.optimize.losses import loss_of
from wengert.optimize.schur import SchurSystem, independent_blocks
from wengert.optimize.stepping import STUCK, Point, Settings

METHODS = ["trf", "dogbox", "lm", "levenberg-marquardt", "gauss-newton"]
OWN = METHODS[3:]
TIGHT: dict[str, Any] = {"ftol": 1e-14, "xtol": 1e-14, "gtol": 1e-14}
T = np.linspace(0.0, 2.0, 25)
Y = 2.0 * np.exp(-1.5 * T) + 0.05 * np.cos(40.0 * T)


def decay(p: Any) -> Any:
    return p["size"] * np.exp(-p["rate"] * T) - Y


def flat_decay(x: Any) -> Any:
    return x[0] * np.exp(-x[1] * T) - Y


GUESS = {"rate": 1.0, "size": 1.0}


def values(tree: Any) -> list[float]:
    return [tree["size"], tree["rate"]]


class TestCertifiedFits:
    @pytest.mark.parametrize("method", [None, "levenberg-marquardt"])
    @pytest.mark.parametrize("start", [0, 1])
    @pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
    def test_least_squares(self, problem: Problem, start: int, method: str | None) -> None:
        n = len(problem.values)

        def residuals(b: Any) -> Any:
            return problem.model(problem.x, *[b[i] for i in range(n)]) - problem.y

        fit = least_squares(residuals, problem.starts[start], method=method, max_nfev=5000, **TIGHT)
        assert fit.success
        assert_allclose(fit.x, problem.values, rtol=2e-7)
        assert_allclose(fit.standard_errors(), problem.errors, rtol=2e-7)
        assert_allclose(2.0 * fit.cost, problem.residual_sum, rtol=1e-9)

    @pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
    def test_curve_fit(self, problem: Problem) -> None:
        found, cov = curve_fit(problem.model, problem.x, problem.y, problem.starts[1], **TIGHT)
        assert_allclose(found, problem.values, rtol=2e-7)
        assert_allclose(np.sqrt(np.diag(cov)), problem.errors, rtol=2e-7)

    @pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
    def test_gauss_newton_near_the_solution(self, problem: Problem) -> None:
        n = len(problem.values)

        def residuals(b: Any) -> Any:
            return problem.model(problem.x, *[b[i] for i in range(n)]) - problem.y

        start = np.array(problem.values) * 1.001
        fit = least_squares(residuals, start, method="gauss-newton", **TIGHT)
        assert fit.success
        assert_allclose(fit.x, problem.values, rtol=2e-7)


class TestAgainstSciPy:
    @pytest.mark.parametrize("method", METHODS)
    def test_same_minimum(self, method: str) -> None:
        fit = least_squares(decay, GUESS, method=method, **TIGHT)
        other = scipy.optimize.least_squares(flat_decay, [1.0, 1.0], **TIGHT)
        assert fit.method == method and fit.success
        assert_allclose(values(fit.x), other.x, rtol=1e-7)
        assert_allclose(fit.cost, other.cost, rtol=1e-12)
        assert_allclose(fit.fun, other.fun, atol=1e-6)
        assert_allclose(fit.jac[:, ::-1], other.jac, rtol=1e-5, atol=1e-7)
        assert_allclose(values(fit.grad), fit.fun @ fit.jac[:, ::-1], atol=1e-14)

    @pytest.mark.parametrize("method", ["trf", *OWN])
    @pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
    def test_losses(self, loss: str, method: str) -> None:
        data = Y.copy()
        data[[3, 11, 17]] += [1.0, -2.0, 1.5]
        residuals = lambda x: x[0] * np.exp(-x[1] * T) - data
        options: dict[str, Any] = {"loss": loss, "f_scale": 0.1, **TIGHT}
        fit = least_squares(residuals, [1.8, 1.3], method=method, **options)
        other = scipy.optimize.least_squares(residuals, [1.8, 1.3], **options)
        assert fit.success
        assert_allclose(fit.x, other.x, rtol=2e-6)
        assert_allclose(fit.cost, other.cost, rtol=1e-11)
        assert_allclose(fit.jac, other.jac, atol=2e-5)

    @pytest.mark.parametrize("method", ["levenberg-marquardt", "trf"])
    def test_a_loss_of_the_users(self, method: str) -> None:
        def squared(z: Any) -> Any:
            return np.array([np.log1p(z), 1.0 / (1.0 + z), -1.0 / (1.0 + z) ** 2])

        fit = least_squares(flat_decay, [1.8, 1.3], loss=squared, method=method, **TIGHT)
        other = least_squares(flat_decay, [1.8, 1.3], loss="cauchy", method=method, **TIGHT)
        assert_allclose(fit.x, other.x, rtol=1e-9)

    @pytest.mark.parametrize("method", ["trf", "dogbox", *OWN])
    def test_bounds(self, method: str) -> None:
        bounds = ({"rate": 0.0, "size": 0.0}, {"rate": 9.0, "size": 1.6})
        fit = least_squares(decay, GUESS, bounds=bounds, method=method, **TIGHT)
        other = scipy.optimize.least_squares(
            flat_decay, [1.0, 1.0], bounds=([0, 0], [1.6, 9]), method="dogbox", **TIGHT
        )
        assert_allclose(values(fit.x), other.x, rtol=1e-6)
        assert fit.active_mask == {"rate": 0, "size": 1}
        errors = fit.standard_errors()
        assert errors["size"] == 0.0 and errors["rate"] > 0.0

    @pytest.mark.parametrize("method", ["trf", "dogbox", *OWN])
    def test_equal_bounds_hold_a_parameter(self, method: str) -> None:
        bounds = ({"rate": -np.inf, "size": 1.0}, {"rate": np.inf, "size": 1.0})
        fit = least_squares(decay, GUESS, bounds=bounds, method=method, **TIGHT)
        alone = least_squares(lambda r: decay({"size": 1.0, "rate": r}), 1.0, **TIGHT)
        assert fit.x["size"] == 1.0
        assert_allclose(fit.x["rate"], alone.x, rtol=1e-7)

    def test_all_held(self) -> None:
        fit = least_squares(flat_decay, [1.0, 1.0], bounds=([1.0, 1.0], [1.0, 1.0]))
        assert_array_equal(fit.x, [1.0, 1.0])
        assert fit.nit == 0

    def test_scipys_order_of_arguments(self) -> None:
        model = lambda x, t, y, factor: x[0] * np.exp(-factor * x[1] * t) - y
        bounds = ([0.0, 0.0], [9.0, 9.0])
        given: tuple[Any, ...] = (
            model, [1.0, 1.0], "2-point", bounds, "trf", 1e-12, 1e-12, 1e-12, "jac", "huber", 0.5,
            None, "exact", {}, None, 99, 0, (T, Y), {"factor": 2.0},
        )  # fmt: skip
        mine, other = least_squares(*given), scipy.optimize.least_squares(*given)
        assert_allclose(mine.x, other.x, rtol=1e-6)
        assert mine.solver == "SVD"


class TestTrees:
    def test_structures_come_back(self) -> None:
        def residuals(p: Any) -> Any:
            return {"fit": p["line"][0] + p["line"][1] * T - Y, "prior": 0.1 * p["shift"]}

        fit = least_squares(residuals, {"line": (0, 1), "shift": np.ones((2, 2))})
        assert type(fit.x["line"]) is tuple and fit.x["shift"].shape == (2, 2)
        assert fit.fun["fit"].shape == T.shape and fit.fun["prior"].shape == (2, 2)
        assert fit.jac.shape == (T.size + 4, 6)
        slope, intercept = np.polyfit(T, Y, 1)
        assert_allclose(fit.x["line"], [intercept, slope], rtol=1e-7)
        assert_allclose(fit.x["shift"], 0.0, atol=1e-12)
        assert fit.active_mask["line"] == (0, 0)
        assert fit.standard_errors()["shift"].shape == (2, 2)

    def test_integers_count_as_floats(self) -> None:
        fit = least_squares(lambda x: x - np.array([1.5, 2.5]), np.array([1, 2]))
        assert_allclose(fit.x, [1.5, 2.5])
        assert fit.x.dtype == np.float64

    def test_callback_and_stop(self, capsys: pytest.CaptureFixture[str]) -> None:
        for method in METHODS:
            seen: list[Any] = []

            def callback(x: Any) -> None:
                seen.append(x)
                if len(seen) == 2:
                    raise StopIteration

            fit = least_squares(decay, GUESS, method=method, callback=callback, verbose=2)
            assert fit.status == -2 and not fit.success and fit.nit == 2
            assert fit.message == "Stopped by the callback."
            assert seen[-1] == fit.x
        assert "step    2   cost" in capsys.readouterr().out

    def test_how_a_result_reads(self) -> None:
        fit = least_squares(decay, GUESS, bounds=({"rate": 0, "size": 0}, {"rate": 9, "size": 1.6}))
        text = repr(fit)
        assert text.startswith("success\n     message: Converged: ")
        assert "method: trf, SVD" in text and "jac: 25 x 2, dense" in text
        assert repr(float(fit.x["rate"])) in text and "bounds: 1 active" in text

    def test_a_pickled_result_has_numbers_only(self) -> None:
        fit = pickle.loads(pickle.dumps(least_squares(flat_decay, [1.0, 1.0])))
        assert fit.cost > 0.0
        with pytest.raises(
            ArgumentError, match="this result was pickled, and has only its numbers"
        ):
            fit.standard_errors()


def grouped(m: int, groups: int, shared: int, width: int, seed: int = 0) -> Any:
    """A Jacobian whose rows meet one of the groups and all shared columns; columns are shuffled."""
    rng = np.random.default_rng(seed)
    jacobian = np.zeros((m, groups * width + shared))
    for row in range(m):
        group = row % groups
        jacobian[row, group * width : (group + 1) * width] = rng.normal(size=width)
        some = rng.choice(shared, 3, replace=False)
        jacobian[row, groups * width + some] = rng.normal(size=3)
    return sparse.csr_array(jacobian[:, rng.permutation(jacobian.shape[1])])


class TestFactorizations:
    def test_all_solve_the_same_equations(self) -> None:
        jacobian = grouped(600, 60, 11, 3)
        rng = np.random.default_rng(1)
        residual, damping = rng.normal(size=600), rng.uniform(0.1, 1.0, jacobian.shape[1])
        dense = jacobian.toarray()
        normal = dense.T @ dense + np.diag(damping)
        expected = np.linalg.solve(normal, -dense.T @ residual)
        systems = [
            Factorizer().system(dense, residual),
            Factorizer(use_schur=False).system(jacobian, residual),
            Factorizer().system(jacobian, residual),
        ]
        kinds = [DenseSystem, SparseSystem, SchurSystem]
        assert [type(s) for s in systems] == kinds
        for system in systems:
            assert_allclose(system.solve(damping), expected, rtol=1e-9, atol=1e-12)
            inverse = system.inverse_diagonal(damping)
            assert_allclose(inverse, np.diag(np.linalg.inv(normal)), rtol=1e-9)

    def test_patterns_are_remembered_and_told_apart(self) -> None:
        factorizer = Factorizer()
        one, other = grouped(600, 60, 11, 3), grouped(600, 60, 11, 3, seed=5)
        for jacobian in (one, one.copy(), other, one):
            system = factorizer.system(jacobian, np.ones(600))
            damping = np.full(jacobian.shape[1], 0.5)
            plain = Factorizer(use_schur=False).system(jacobian, np.ones(600))
            assert_allclose(system.solve(damping), plain.solve(damping), rtol=1e-9, atol=1e-12)
        assert factorizer.name == "Schur complement (60 blocks eliminated, 11 columns left)"

    def test_blocks_that_are_found(self) -> None:
        blocks = independent_blocks(grouped(600, 60, 11, 3))
        assert blocks is not None
        assert len(blocks.members) == 60 and blocks.kept.size == 11
        assert {len(b) for b in blocks.members} == {3}

    def test_chains_have_no_blocks(self) -> None:
        chain = sparse.diags_array([np.ones(300), np.ones(299)], offsets=[0, 1]).tocsr()
        assert independent_blocks(chain) is None
        factorizer = Factorizer()
        assert isinstance(factorizer.system(chain, np.ones(300)), SparseSystem)
        assert factorizer.name == "sparse LU of the normal equations"

    def test_blocks_of_many_sizes_and_empty_columns(self) -> None:
        rng = np.random.default_rng(3)
        parts = [rng.normal(size=(6, 1 + k % 4)) for k in range(60)]
        jacobian = sparse.csr_array(
            sparse.hstack([sparse.block_diag(parts), rng.normal(size=(360, 2)), np.zeros((360, 1))])
        )
        jacobian.eliminate_zeros()
        damping = rng.uniform(0.1, 1.0, jacobian.shape[1])
        system = Factorizer().system(jacobian, np.ones(360))
        assert isinstance(system, SchurSystem)
        plain = Factorizer(use_schur=False).system(jacobian, np.ones(360))
        assert_allclose(system.solve(damping), plain.solve(damping), rtol=1e-9, atol=1e-12)
        assert_allclose(
            system.inverse_diagonal(damping), plain.inverse_diagonal(damping), rtol=1e-9
        )

    def test_entries_that_happen_to_be_zero(self) -> None:
        jacobian = grouped(600, 60, 11, 3)
        damping = np.full(jacobian.shape[1], 0.5)
        factorizer = Factorizer()
        factorizer.system(jacobian, np.ones(600))
        jacobian.data[jacobian.indices % 5 == 0] = 0.0
        system = factorizer.system(jacobian, np.ones(600))
        assert isinstance(system, SchurSystem)
        plain = Factorizer(use_schur=False).system(jacobian, np.ones(600))
        assert_allclose(system.solve(damping), plain.solve(damping), rtol=1e-9, atol=1e-12)

    def test_singular_systems_say_so(self) -> None:
        jacobian = sparse.csr_array(grouped(600, 60, 11, 3).multiply(np.arange(191) > 0))
        jacobian.eliminate_zeros()
        nothing = np.zeros(191)
        for system in (
            Factorizer().system(jacobian, np.ones(600)),
            Factorizer(use_schur=False).system(jacobian, np.ones(600)),
            Factorizer().system(jacobian.toarray(), np.ones(600)),
        ):
            assert system.solve(nothing) is None
            assert system.inverse_diagonal(nothing) is None


def stations(seed: int = 0) -> tuple[Any, Any]:
    """Readings of 40 stations with own offset and gain, and a curve of 5 numbers they share."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 1.0, 8)
    basis = t[:, None] ** np.arange(1, 6)
    gain, curve = rng.uniform(0.5, 2.0, 40), rng.normal(size=5)
    data = rng.normal(size=40)[:, None] + gain[:, None] * (basis @ curve)
    data += 0.01 * rng.normal(size=data.shape)

    def residuals(p: Any) -> Any:
        model = p["offset"][:, None] + p["gain"][:, None] * (basis @ p["curve"])
        return {"data": model - data, "scale": 10.0 * (np.sum(p["gain"][:4]) - 4.0)}

    return residuals, {"curve": np.ones(5), "gain": np.ones(40), "offset": np.zeros(40)}


class TestSparse:
    @pytest.mark.parametrize("method", METHODS)
    def test_methods_agree(self, method: str) -> None:
        residuals, guess = stations()
        chosen = least_squares(residuals, guess, **TIGHT)
        assert chosen.success and chosen.method == "levenberg-marquardt"
        assert sparse.issparse(chosen.jac)
        options: dict[str, Any] = {"tr_solver": "exact"} if method in ("trf", "dogbox") else {}
        fit = least_squares(residuals, guess, method=method, **options, **TIGHT)
        assert fit.success
        assert sparse.issparse(fit.jac) is (method in OWN)
        assert_allclose(fit.cost, chosen.cost, rtol=1e-9)
        assert_allclose(fit.x["curve"], chosen.x["curve"], rtol=1e-5)

    def test_scipys_iterative_solver(self) -> None:
        residuals, guess = stations()
        fit = least_squares(residuals, guess, method="trf", max_nfev=20)
        assert fit.solver == "LSMR" and sparse.issparse(fit.jac)
        assert fit.cost < 0.02

    def test_sparse_and_dense_errors_agree(self, monkeypatch: pytest.MonkeyPatch) -> None:
        jacobian = grouped(600, 60, 11, 3)
        dense = covariances.variances(jacobian)
        assert_allclose(dense, np.diag(covariances.covariance(jacobian)), rtol=1e-12)
        monkeypatch.setattr(covariances, "_DENSE_ENTRIES", 0)
        assert_allclose(covariances.variances(jacobian), dense, rtol=1e-7)
        lost = sparse.csr_array(
            sparse.hstack([jacobian, jacobian[:, [7]] * 2.0, np.zeros((600, 1))])
        )
        lost.eliminate_zeros()
        infinite = np.flatnonzero(np.isinf(covariances.variances(lost)))
        assert_array_equal(infinite, [7, 191, 192])
        monkeypatch.undo()
        assert_array_equal(np.flatnonzero(np.isinf(covariances.variances(lost))), infinite)

    def test_a_given_sparse_jacobian(self) -> None:
        matrix = grouped(600, 60, 11, 3)
        target = np.random.default_rng(2).normal(size=600)
        fit = least_squares(
            lambda x: matrix @ x - target, np.zeros(191), jac=lambda x: sparse.coo_array(matrix)
        )
        expected = np.linalg.lstsq(matrix.toarray(), target, rcond=None)[0]
        assert "Schur complement" in fit.solver
        assert_allclose(fit.x, expected, atol=1e-7)

    def test_bounds_in_many_variables(self) -> None:
        matrix = grouped(600, 60, 11, 3)
        target = np.random.default_rng(2).normal(size=600)
        limits = (np.full(191, -0.05), np.full(191, 0.08))
        expected = scipy.optimize.lsq_linear(matrix.toarray(), target, limits, tol=1e-14)
        for method in OWN:
            fit = least_squares(
                lambda x: matrix @ x - target, np.zeros(191), jac=lambda x: matrix, bounds=limits,
                method=method, **TIGHT,
            )  # fmt: skip
            assert_allclose(fit.cost, expected.cost, rtol=1e-10)
            assert_allclose(fit.x, expected.x, atol=1e-6)
            assert_array_equal(fit.active_mask, expected.active_mask)

    def test_covariance_of_too_many(self) -> None:
        with pytest.raises(OptionError, match="matrix of all parameters is too large"):
            covariances.covariance(sparse.eye_array(20_000).tocsr())


class TestHowTheyEnd:
    @pytest.mark.parametrize("method", METHODS)
    def test_out_of_evaluations(self, method: str) -> None:
        fit = least_squares(decay, GUESS, method=method, max_nfev=2)
        assert fit.status == 0 and not fit.success and fit.nfev <= 3
        assert "max_nfev evaluations were not enough" in fit.message

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
    @pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
    def test_nan_on_the_way(self, method: str) -> None:
        """The first full step leads to a negative number under the root."""
        residuals = lambda p: {"a": np.sqrt(p["u"]) - 0.3, "b": np.zeros(2) * p["u"]}
        fit = least_squares(residuals, {"u": 30.0}, method=method)
        assert fit.success
        assert_allclose(fit.x["u"], 0.09, rtol=1e-6)
        assert re.search(r"a number was not finite, first (nan|inf) in .*\['a'\]", fit.message)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
    @pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
    def test_a_derivative_that_is_infinite(self, method: str) -> None:
        """|x|^½ at its kink, which the first step meets: no exception leaves SciPy."""
        jac = lambda x: np.array([[1.0 if x[0] > 0.5 else np.inf]])
        fit = least_squares(lambda x: x, [2.0], jac=jac, method=method)
        assert not fit.success or fit.x[0] > 0.5
        assert "inf in the derivative of residual [0] by x0[0]" in fit.message

    def test_a_wall_of_nan(self) -> None:
        loss = loss_of("f", "linear", 1.0)
        start = Point(np.ones(1), np.ones(1), np.ones((1, 1)), 0.5, loss)
        settings = Settings(np.array([-np.inf]), np.array([np.inf]), 1e-8, 1e-8, 1e-8, 500)
        for method in (levenberg_marquardt, gauss_newton):
            outcome = method(lambda x: None, start, settings)
            assert outcome.status == -3 and outcome.point is start

    def test_a_line_search_that_fails(self) -> None:
        """The Jacobian has the wrong sign, so that every step leads uphill."""
        fit = least_squares(lambda x: x, [2.0], jac=lambda x: -np.eye(1), method="gauss-newton")
        assert fit.status == -4 and not fit.success
        assert fit.message == "Not converged: no step was found that lowers the cost."

    def test_equations_that_cannot_be_solved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DenseSystem, "solve", lambda self, damping: None)
        fit = least_squares(flat_decay, [1.0, 1.0], method="levenberg-marquardt")
        assert fit.status == STUCK and not fit.success

    def test_a_decomposition_that_fails_within_scipy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(fun: Any, x0: Any, jac: Any, **options: Any) -> Any:
            jac(x0 + 0.0 * fun(x0)[0])
            raise np.linalg.LinAlgError("SVD did not converge")

        monkeypatch.setattr(scipy.optimize, "least_squares", failing)
        fit = least_squares(flat_decay, [1.0, 1.0], method="trf")
        assert fit.status == STUCK and not fit.success

    def test_errors_of_the_function_are_the_users(self) -> None:
        def singular(x: Any) -> Any:
            raise np.linalg.LinAlgError("a matrix of the user's")

        for method in METHODS:
            with pytest.raises(np.linalg.LinAlgError, match="a matrix of the user's"):
                least_squares(lambda x: x, [1.0], jac=singular, method=method)

    def test_an_exact_solution(self) -> None:
        for method in METHODS:
            fit = least_squares(lambda x: x - 1.0, np.array([1.0, 1.0]), method=method)
            assert fit.success and fit.cost == 0.0

    @pytest.mark.parametrize("method", ["trf", "dogbox", *OWN])
    def test_more_parameters_than_residuals(self, method: str) -> None:
        fit = least_squares(lambda x: x[:1] + x[1:] - 3.0, [0.0, 0.0], method=method)
        assert_allclose(fit.x, [1.5, 1.5], rtol=1e-6)
        with pytest.warns(scipy.optimize.OptimizeWarning, match="of 1 residuals for 2 parameters"):
            assert np.isinf(fit.standard_errors()).all()

    def test_parameters_that_are_not_determined(self) -> None:
        residuals = lambda p: (p["a"] + p["b"]) * T + p["c"] - Y
        fit = least_squares(residuals, {"a": 1.0, "b": 1.0, "c": 0.0})
        names = r"do not determine x0\['a'\], x0\['b'\]\."
        with pytest.warns(scipy.optimize.OptimizeWarning, match=names):
            errors = fit.standard_errors()
        assert np.isinf([errors["a"], errors["b"]]).all()
        cov = np.polyfit(T, Y, 1, cov="unscaled")[1]
        assert_allclose(errors["c"] ** 2, 2.0 * fit.cost / (T.size - 3) * cov[1, 1], rtol=1e-7)
        with pytest.warns(scipy.optimize.OptimizeWarning, match="could not be estimated"):
            assert np.isinf(fit.covariance()).sum() == 8


LEAST_SQUARES_ERRORS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"method": "newton"}, ArgumentError, "there is no such method of least squares"),
    ({"tr_solver": "qr"}, ArgumentError, "there is no such tr_solver"),
    ({"max_nfev": 0}, OptionError, "max_nfev allows no evaluation"),
    ({"jac": "4-point"}, ArgumentError, "jac is neither a function nor a method that SciPy knows"),
    ({"jac": lambda x: np.ones(3)}, ShapeError, "jac gives a matrix of the wrong shape"),
    ({"loss": "l2"}, ArgumentError, "there is no such loss"),
    ({"loss": "huber", "f_scale": -1.0}, ArgumentError, "f_scale is no positive number"),
    ({"loss": lambda z: z}, ShapeError, "loss function gives an array of the wrong shape"),
    ({"method": "lm", "loss": "huber"}, OptionError, "'lm' knows neither bounds nor losses"),
    ({"method": "lm", "bounds": (0, 9)}, OptionError, "got       bounds"),
    (
        {"bounds": ([0.0, 2.0], [3.0, 3.0])},
        OptionError,
        r"x0 is outside of its bounds.\s+got +1.0 for x0\[1",
    ),
    ({"ftol": None, "xtol": 0, "gtol": 0}, OptionError, "no tolerance would ever end the search"),
    ({"x_scale": [1.0, 0.0]}, OptionError, "x_scale is no typical size of a parameter"),
    ({"x_scale": "unit"}, ArgumentError, "x_scale is neither numbers nor 'jac'"),
]


@pytest.mark.parametrize("options, error, text", LEAST_SQUARES_ERRORS)
def test_options_that_are_wrong(options: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        least_squares(flat_decay, [1.0, 1.0], **options)


@pytest.mark.parametrize(
    "fun, error, text",
    [
        (lambda x: None, OutputError, r"gave no residuals.\s+got +None(.|\n)*return statement"),
        (lambda x: np.zeros(0), OutputError, "the function gave no residuals"),
        (lambda x: x * 1j, OutputError, "residuals are no real numbers"),
        (lambda x: "text", OutputError, "residuals are no real numbers"),
    ],
)
def test_functions_that_are_wrong(fun: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        least_squares(fun, [1.0, 1.0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("method", METHODS)
def test_nan_at_the_start(method: str) -> None:
    residuals = lambda x: {"u": x, "v": np.log(x[0] - T[:, None])}
    what = "the residuals or their derivatives are not finite at the start"
    with pytest.raises(NanError, match=what + r"(.|\n)*\['v'\]\[7, 0\]"):
        least_squares(residuals, [0.55, 1.0], method=method)
    with pytest.raises(NanError, match=r"whose square overflows, in residual \[0\]"):
        least_squares(lambda x: 1e200 * x, [1.0], method=method)


def test_lm_needs_enough_residuals() -> None:
    with pytest.raises(ShapeError, match="at least as many residuals as parameters"):
        least_squares(lambda x: x[:1], [1.0, 1.0], method="lm")


class TestCurveFit:
    model = staticmethod(lambda t, a, b: a * np.exp(-b * t))
    sigma = np.linspace(0.5, 2.0, T.size)

    @pytest.mark.parametrize("bounds", [(-np.inf, np.inf), ([0.0, 0.0], [9.0, 1.4])])
    @pytest.mark.parametrize("absolute", [False, True])
    @pytest.mark.parametrize("kind", ["none", "number", "each", "matrix"])
    def test_scipys_numbers(self, kind: str, absolute: bool, bounds: Any) -> None:
        sigma = {
            "none": None, "number": 0.1, "each": self.sigma,
            "matrix": np.diag(self.sigma**2) + 0.2,
        }[kind]  # fmt: skip
        options: dict[str, Any] = {"sigma": sigma, "absolute_sigma": absolute, "bounds": bounds}
        found, cov = curve_fit(self.model, T, Y, **options, **TIGHT)
        exact = lambda t, a, b: np.stack([np.exp(-b * t), -a * t * np.exp(-b * t)], axis=1)
        if kind == "number":  # which SciPy takes without jac only
            options["sigma"] = np.full(T.size, 0.1)
        other, other_cov = scipy.optimize.curve_fit(self.model, T, Y, jac=exact, **options, **TIGHT)
        assert_allclose(found, other, rtol=1e-6)
        assert_allclose(cov, other_cov, rtol=1e-5)
        given, given_cov = curve_fit(self.model, T, Y, jac=exact, **options, **TIGHT)
        assert_allclose(given, other, rtol=1e-6)
        assert_allclose(given_cov, other_cov, rtol=1e-5)

    def test_trees(self) -> None:
        model = lambda t, p: p["size"] * np.exp(-p["rate"] * t)
        found, cov = curve_fit(model, T, Y, GUESS)
        other, other_cov = curve_fit(self.model, T, Y)
        assert_allclose(values(found), other, rtol=1e-7)
        assert_allclose(cov, other_cov[::-1, ::-1], rtol=1e-6)

    def test_full_output_and_options(self) -> None:
        found, _, information, message, status = curve_fit(
            self.model, list(T), list(Y), full_output=True, method="trf", loss="huber", maxfev=99
        )
        assert_allclose(information["fvec"], self.model(T, *found) - Y)
        assert information["nfev"] > 1 and status > 0 and message.startswith("Converged")

    def test_starts_within_bounds(self) -> None:
        bounds = ([2.5, -np.inf, 0.0], [np.inf, -3.0, 1.0])
        found, _ = curve_fit(lambda t, a, b, c: a + b * t + c * t**2, T, Y, bounds=bounds)
        assert found[0] >= 2.5 and found[1] <= -3.0

    def test_nan_left_out(self) -> None:
        data, where = Y.copy(), T.copy()
        data[3], where[5] = np.nan, np.nan
        keep = np.delete(np.arange(T.size), [3, 5])
        for sigma in (None, self.sigma, np.diag(self.sigma) + 0.1):
            found, cov = curve_fit(
                self.model, where, data, sigma=sigma, check_finite=False, nan_policy="omit"
            )
            part = sigma if sigma is None else sigma[keep] if sigma.ndim == 1 else (
                sigma[np.ix_(keep, keep)]
            )  # fmt: skip
            other, other_cov = curve_fit(self.model, T[keep], Y[keep], sigma=part)
            assert_allclose(found, other)
            assert_allclose(cov, other_cov)

    def test_data_that_do_not_determine(self) -> None:
        with pytest.warns(scipy.optimize.OptimizeWarning, match="data do not determine b."):
            _, cov = curve_fit(lambda t, a, b: a * t + 0.0 * b, T, Y)
        assert np.isfinite(cov[0, 0]) and np.isinf(cov[1, 1])
        with pytest.warns(scipy.optimize.OptimizeWarning, match="none is left over"):
            _, cov = curve_fit(self.model, T[:2], Y[:2])
        assert np.isinf(cov).all()

    @pytest.mark.parametrize(
        "options, error, text",
        [
            ({"f": lambda t, *p: t}, ArgumentError, "how many parameters the model has cannot be"),
            ({"epsfcn": 1e-3}, ArgumentError, "curve_fit: there is no such option"),
            ({"ydata": []}, ShapeError, "ydata holds no real numbers"),
            (
                {"ydata": np.full(25, np.inf)},
                NanError,
                r"data are not finite.\s+got +inf in ydata\[0",
            ),
            ({"nan_policy": "drop"}, ArgumentError, "there is no such nan_policy"),
            ({"sigma": np.ones(3)}, ShapeError, "sigma does not fit the data"),
            ({"sigma": np.zeros(25)}, OptionError, "standard deviation that is not positive"),
            ({"sigma": -np.eye(25)}, OptionError, "sigma is no covariance matrix"),
            ({"maxfev": 2}, ConvergenceError, "no parameters were found that fit best"),
        ],
    )
    def test_messages(self, options: Any, error: type[Exception], text: str) -> None:
        given: dict[str, Any] = {"f": self.model, "xdata": T, "ydata": Y, **options}
        with pytest.raises(error, match=text):
            curve_fit(**given)

    def test_nan_policy_raise(self) -> None:
        data = np.where(T > 1.0, np.nan, Y)
        with pytest.raises(NanError, match="the data are not finite"):
            curve_fit(self.model, T, data, check_finite=False, nan_policy="raise")


def test_points_know_their_gradient() -> None:
    """The weighted problem has the gradient of the robust cost, checked by differences."""
    x = np.array([1.7, 1.1])
    for loss in ("linear", "soft_l1", "huber", "cauchy", "arctan"):
        rho = loss_of("f", loss, 0.1, 1.0)
        jacobian = np.stack([np.exp(-x[1] * T), -x[0] * T * np.exp(-x[1] * T)], axis=1)
        point = Point(x, flat_decay(x), jacobian, 0.0, rho)
        h = 1e-6
        slopes = [
            (rho.cost(flat_decay(x + e)) - rho.cost(flat_decay(x - e))) / (2 * h)
            for e in h * np.eye(2)
        ]
        assert_allclose(point.gradient, slopes, rtol=1e-6)
        plain = replace(point, loss=replace(rho, least_curvature=0.0))
        assert_allclose(plain.gradient, point.gradient, rtol=1e-9)
