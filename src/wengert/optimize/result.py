"""`OptimizeResult`: SciPy's, with parameters in the user's structure and their uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize

from wengert.errors import ArgumentError, ConvergenceError
from wengert.optimize.flat import Parameters

_FIRST = ("message", "method", "fun", "x", "jac")
_COUNTS = ("nit", "nfev", "njev", "nhev")


@dataclass(frozen=True)
class Information:
    """What the covariance of estimated parameters is computed from, when it is asked for.

    `matrix()` is the information matrix of the flat parameters (the Hessian of a negative log
    likelihood, J^T J of a least-squares problem), `dispersion` what its inverse is multiplied by
    (1, or the estimated variance of the residuals). Entries that are not `free` lie at a bound;
    `normals()` are the gradients of active constraints, one a row.
    """

    parameters: Parameters
    matrix: Callable[[], Any]
    free: Any
    dispersion: float = 1.0
    normals: Callable[[], Any] | None = None


class OptimizeResult(scipy.optimize.OptimizeResult):
    """What a solver found: a dictionary with attributes, as SciPy's.

    Attributes
    ----------
    x : tree
        The solution, in the structure of x0.
    success : bool
        Whether the solver ended where it should; `message` says why in words, `status` as the
        solver's own number.
    fun, jac
        The objective at x, and its gradient in the structure of x0.
    nit, nfev, njev, nhev : int
        Iterations, and evaluations of the objective, of its gradient and Hessian.
    method : str
        The method that ran.

    Others are described with the function that returns them.

    Examples
    --------
    The negative log likelihood of 4 normal observations of known variance 1: the variance of the
    estimated mean is 1/4.

    >>> import numpy as np, wengert as wg
    >>> data = np.array([1.0, 2.0, 4.0, 5.0])
    >>> fit = wg.optimize.minimize(lambda p: 0.5 * np.sum((data - p["mean"]) ** 2), {"mean": 0.0})
    >>> fit.covariance()
    array([[0.25]])
    >>> fit.standard_errors()
    {'mean': np.float64(0.5)}
    """

    def __init__(self, *given: Any, **fields: Any) -> None:
        super().__init__(*given, **fields)

    def with_information(self, information: Information) -> OptimizeResult:
        """This result, knowing what its covariance is computed from."""
        object.__setattr__(self, "_information", information)
        return self

    def covariance(self) -> Any:
        """The covariance matrix of the parameters, for an objective that is a likelihood.

        Of `minimize`: the inverse of the Hessian at x, right where the objective is a negative
        log likelihood. Of `least_squares` and `curve_fit`: the inverse of JᵀJ times the variance
        of the residuals. Parameters at a bound are held: their rows and columns are zero. So
        are active constraints: Z (Zᵀ H Z)⁻¹ Zᵀ, with Z tangent to them and H the Hessian of the
        Lagrangian. Source: J. Aitchison and S. D. Silvey, Ann. Math. Statist. 29 (1958) 813.

        Returns
        -------
        array, shape (n, n)
            Rows and columns are the leaves of x raveled and put one after the other.

        Raises
        ------
        ArgumentError
            When there is nothing to compute it from: a root, an unpickled result, constraints
            with a method that uses no gradient.
        ConvergenceError
            When the Hessian is not positive definite: x is no minimum, or the data do not
            determine all parameters.
        """
        information = self.__dict__.get("_information")
        if information is None:
            raise ArgumentError(
                "covariance: this result does not know the curvature of its objective.",
                expected="a result of minimize, with constraints by a method with gradients",
                try_="np.linalg.inv(wengert.hessian(objective)(x))",
            )
        found: Any = self.__dict__.get("_covariance")
        if found is None:
            found = _inverse(information)
            object.__setattr__(self, "_covariance", found)
        return found.copy()

    def standard_errors(self) -> Any:
        """The square roots of the covariance's diagonal, in the structure of x."""
        variances = np.diagonal(self.covariance())
        return self.__dict__["_information"].parameters.tree(np.sqrt(variances))

    def __reduce__(self) -> Any:
        # Compiled functions cannot be pickled: the numbers go, the covariance stays behind.
        return (type(self), (dict(self),))

    def __repr__(self) -> str:
        return _shown(self)

    def __dir__(self) -> list[str]:
        return sorted({*self.keys(), "covariance", "standard_errors"})


def _inverse(information: Information) -> Any:
    """The inverse on the free parameters and tangent to the active constraints, else zero."""
    given = information.matrix()
    matrix = np.asarray(given.toarray() if hasattr(given, "toarray") else given, np.float64)
    free = np.flatnonzero(information.free)
    block = matrix[np.ix_(free, free)]
    if not np.isfinite(block).all():
        raise _not_definite("a Hessian with entries that are not finite")
    # Parameters of different units: judged after scaling the diagonal to one.
    scale = np.sqrt(np.abs(np.diagonal(block)))
    scale = np.where(scale > 0, scale, 1.0)
    tangents = np.eye(free.size)
    if information.normals is not None:
        tangents = scipy.linalg.null_space(information.normals()[:, free] / scale)
    values, vectors = np.linalg.eigh(tangents.T @ (block / np.outer(scale, scale)) @ tangents)
    directions = (tangents @ vectors) / scale[:, None]
    if values.size and values[0] <= free.size * np.finfo(float).eps:
        most = int(free[np.argmax(np.abs(directions[:, 0]))])
        raise _not_definite(
            f"smallest eigenvalue {values[0]:.3g} with the diagonal scaled to 1, in a direction "
            f"that moves {information.parameters.label(most)} most"
        )
    result = np.zeros(matrix.shape)
    result[np.ix_(free, free)] = information.dispersion * (directions / values) @ directions.T
    return result


def _not_definite(got: str) -> ConvergenceError:
    return ConvergenceError(
        "covariance: the Hessian at x is not positive definite.",
        got=got,
        expected="a minimum at which the data determine every parameter",
        try_="look at success, fix or remove parameters that the data do not determine",
    )


def _shown(result: OptimizeResult) -> str:
    """The verdict, the solution, then everything else, counts in one line."""
    if not result:
        return "OptimizeResult()"
    lines = []
    width = 2 + max(len(key) for key in result)
    if "success" in result:
        lines.append("success" if result.success else "NO SUCCESS")
    rest = [k for k in result if k not in (*_FIRST, *_COUNTS, "success")]
    for key in (*_FIRST, *rest):
        if key in result:
            with np.printoptions(precision=6, threshold=20, edgeitems=3):
                body = str(result[key]) if key == "message" else repr(result[key])
            lines.append(f"{key:>{width}}: " + body.replace("\n", "\n" + " " * (width + 2)))
    counts = [f"{k} {result[k]}" for k in _COUNTS if k in result]
    if counts:
        lines.append(f"{'counts':>{width}}: " + ", ".join(counts))
    return "\n".join(lines)
