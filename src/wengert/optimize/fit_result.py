"""`LeastSquaresResult`: what a fit found, and how well the data determine it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import OptimizeWarning

from wengert import trees
from wengert.errors import ArgumentError
from wengert.optimize import covariance as _covariance
from wengert.optimize.flat import Parameters
from wengert.optimize.jacobians import ResidualFunction
from wengert.optimize.residuals import Residuals
from wengert.optimize.result import OptimizeResult
from wengert.optimize.stepping import MESSAGES, Array, Outcome, Settings

_NAMED = 5  # parameters that a warning lists


class LeastSquaresResult(OptimizeResult):
    """What `least_squares` found: a dictionary with attributes, as SciPy's.

    Attributes
    ----------
    x : tree
        The parameters, in the structure of x0.
    cost : float
        ½ Σ ρ(f²) at x.
    fun : tree
        The residuals at x, in the structure in which the function gave them.
    jac : array or csr_array, shape (m, n)
        The Jacobian at x; rows are weighted where the loss is robust.
    grad, active_mask : tree
        The gradient of the cost; -1 or 1 where a parameter is at its lower or upper bound.
    optimality : float
        The largest entry of the gradient, at bounds as the method measures it.
    nfev, njev, nit : int
        Evaluations of the residuals, of the Jacobian, and steps.
    method, solver : str
        What ran, and how it solved its linear problems.
    status : int
        1 gradient, 2 cost, 3 step, 4 both converged; 0 out of evaluations, -1 MINPACK refused, -2
        stopped by the callback, -3 NaN or Inf wherever a step led, -4 no step lowers the cost.
    success, message
        Whether it converged, and the same in words.
    """

    def covariance(self) -> Array:
        """s² (JᵀJ)⁻¹ with s² = 2 cost / (m − n), shape (n, n), in the order of the leaves.

        Rows and columns are inf for parameters that the data do not determine, which a warning
        names, and all are inf where there are no more residuals than parameters. Parameters at an
        active bound are held: their rows and columns are zero. With a robust loss this is the
        covariance that SciPy's `curve_fit` computes.

        Raises
        ------
        OptionError
            If there are more than 10,000 parameters; `standard_errors` serves any number.
        """
        return self._estimated("_matrix", _covariance.covariance).copy()

    def standard_errors(self) -> Any:
        """The square roots of the covariance's diagonal, in the structure of x.

        For a large sparse Jacobian they come from a factorization of JᵀJ, without the covariance:
        a triangular solve for each parameter that is not eliminated.
        """
        parameters = self._parameters()
        variances = self._estimated("_variances", _covariance.variances)
        return parameters.tree(np.sqrt(variances))

    def __repr__(self) -> str:
        """The verdict, the parameters, and sizes in place of long arrays."""
        if "cost" not in self:
            return super().__repr__()
        m, n = self.jac.shape
        full = "dense" if isinstance(self.jac, np.ndarray) else f"{self.jac.nnz} nonzeros"
        rows = {
            "message": self.message,
            "method": f"{self.method}, {self.solver}",
            "cost": f"{self.cost:.10g}",
            "optimality": f"{self.optimality:.3g}",
            "x": _shown(self.x),
            "residuals": f"{m}, root mean square {_root_mean_square(self.fun):.6g}",
            "jac": f"{m} x {n}, {full}",
            "counts": f"{self.nit} steps, {self.nfev} evaluations, {self.njev} Jacobians",
        }
        bound = sum([int(np.count_nonzero(a)) for a in trees.flatten(self.active_mask)[0]])
        if bound:
            rows["bounds"] = f"{bound} active"
        lines = ["success" if self.success else "NO SUCCESS"]
        lines += [
            f"{key:>12}: " + text.replace("\n", "\n" + " " * 14) for key, text in rows.items()
        ]
        return "\n".join(lines)

    def _parameters(self) -> Parameters:
        found: Parameters | None = self.__dict__.get("_layout")
        if found is None:
            raise ArgumentError(
                "covariance: this result was pickled, and has only its numbers left.",
                expected="the result of least_squares itself",
                try_="ask for the covariance before pickling, and keep it beside",
            )
        return found

    def _estimated(self, key: str, compute: Any) -> Array:
        known: Array | None = self.__dict__.get(key)
        if known is not None:
            return known
        parameters = self._parameters()
        m, n = self.jac.shape
        held = np.concatenate([np.ravel(a) for a in trees.flatten(self.active_mask)[0]]) != 0
        found = np.zeros((n, n) if key == "_matrix" else n)
        free = np.flatnonzero(~held)
        matrix = self.jac if free.size == n else self.jac[:, free]
        index = np.ix_(free, free) if key == "_matrix" else free
        found[index] = scaled(compute(matrix), self.cost, m, free.size)
        diagonal = np.diag(found) if found.ndim == 2 else found
        warn_of_undetermined(diagonal, parameters.label, m)
        object.__setattr__(self, key, found)
        return found


def _shown(tree: Any) -> str:
    """A tree with its numbers as Python prints them, long arrays shortened."""
    plain = lambda a: a if np.ndim(a) else float(a)
    with np.printoptions(precision=8, threshold=20, edgeitems=3):
        return repr(trees.map_tree(plain, tree))


def _root_mean_square(tree: Any) -> float:
    flat = np.concatenate([np.ravel(leaf) for leaf in trees.flatten(tree)[0]])
    return float(np.sqrt(np.mean(flat**2)))


def scaled(inverse: Array, cost: float, m: int, n: int) -> Array:
    """(JᵀJ)⁻¹ times the variance of the residuals, inf where that is unknown."""
    if m <= n:
        return np.full_like(inverse, np.inf)
    return inverse * (2.0 * cost / (m - n))


def warn_of_undetermined(variances: Array, name: Callable[[int], str], m: int) -> None:
    """Name the parameters whose variance is infinite."""
    wrong = np.flatnonzero(np.isinf(variances))
    if not wrong.size:
        return
    if m <= variances.size:
        reason = f"of {m} residuals for {variances.size} parameters none is left over for that"
    else:
        names = ", ".join([name(int(i)) for i in wrong[:_NAMED]])
        more = f" and {wrong.size - _NAMED} more" if wrong.size > _NAMED else ""
        reason = f"the data do not determine {names}{more}"
    warnings.warn(
        f"Covariance of the parameters could not be estimated: {reason}.",
        OptimizeWarning,
        stacklevel=5,
    )


def result_of(
    parameters: Parameters,
    function: ResidualFunction,
    residuals: Residuals,
    settings: Settings,
    method: str,
    outcome: Outcome,
) -> LeastSquaresResult:
    """The result that the user sees."""
    point = outcome.point
    plain = replace(point, loss=replace(point.loss, least_curvature=0.0))
    mask = outcome.active
    if mask is None:
        mask = settings.active(point.x, point.gradient)
    optimality = outcome.optimality
    if optimality is None:
        optimality = settings.optimality(point)
    found = LeastSquaresResult(
        message=_message(outcome, residuals),
        success=outcome.status > 0,
        status=outcome.status,
        method=method,
        solver=outcome.solver,
        x=parameters.tree(point.x),
        cost=point.cost,
        fun=function.tree(point.f),
        jac=plain.weighted[1],
        grad=parameters.tree(point.gradient),
        optimality=optimality,
        active_mask=trees.map_tree(
            lambda a: np.asarray(a).astype(int)[()], parameters.tree(1.0 * mask)
        ),
        nfev=residuals.nfev,
        njev=residuals.njev,
        nit=outcome.nit,
    )
    object.__setattr__(found, "_layout", parameters)
    return found


def _message(outcome: Outcome, residuals: Residuals) -> str:
    message = MESSAGES[outcome.status]
    if residuals.faults:
        message += (
            f" At {residuals.faults} of {residuals.nfev} points tried a number was not finite,"
            f" first {residuals.fault}; steps were shortened there."
        )
    return message
