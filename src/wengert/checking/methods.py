"""`compare_methods`: the derivative of one function by every method that there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from wengert import numeric, trees
from wengert.api.jacobians import jacfwd, jacrev
from wengert.checking.comparison import Comparison, Row
from wengert.errors import ArgumentError

AD_FORWARD = "AD forward"
AD_REVERSE = "AD reverse"
SYMBOLIC = "symbolic"
COMPLEX_STEP = "complex step"
CENTRAL = "central differences"
FORWARD = "forward differences"
RICHARDSON = "Richardson"

# In the order of preference as a reference; and who may confirm it, the most accurate first.
_REFERENCES = (AD_REVERSE, AD_FORWARD, SYMBOLIC, COMPLEX_STEP, RICHARDSON, CENTRAL, FORWARD)
_WITNESSES = (COMPLEX_STEP, SYMBOLIC, RICHARDSON, CENTRAL, FORWARD)


@dataclass
class _Trial:
    """One method while it is being tried."""

    method: str
    value: Any = None
    flat: np.ndarray[Any, Any] | None = None
    estimated_error: float | None = None
    seconds: float | None = None
    n_evaluations: int | None = None
    remarks: list[str] = field(default_factory=list)


class _Counted:
    """A function that counts its calls."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.n_calls = 0
        self.__wrapped__ = f  # the parameters' names are read through this
        self.__name__ = getattr(f, "__name__", "f")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.n_calls += 1
        return self.f(*args, **kwargs)


def compare_methods(
    f: Callable[[Any], Any],
    x: Any,
    *,
    show: bool = True,
    seconds: float = 0.1,
    symbolic_limit: int = 10,
) -> Comparison:
    """Differentiate `f` at `x` by every method; print and return a table.

    The methods: automatic differentiation in forward and reverse mode, symbolic differentiation
    with SymPy, the complex step, central, forward and Richardson-extrapolated differences. A method
    that cannot be used for this function is listed with the reason.

    The errors refer to the result of AD in reverse mode (or the next that works of forward mode,
    symbolic, complex step, Richardson). An independent method, the complex step where it can be
    used, else symbolic or extrapolated differences, must confirm it within that method's own
    error; the table says which did and how well, or that none does: then the reference is not to
    be trusted.

    Parameters
    ----------
    f : callable
        A function of one argument. If it returns one real number its gradient is computed, else
        its Jacobian.
    x : pytree
        The point: floating-point numbers and arrays in any nesting of containers.
    show : bool, default True
        Print the table.
    seconds : float, default 0.1
        Time to spend on timing each method.
    symbolic_limit : int, default 10
        The most numbers in `x` for which symbolic differentiation is tried: its expressions swell,
        and SymPy takes minutes where the other methods take milliseconds.

    Returns
    -------
    Comparison
        Its `rows` hold method, value, error, seconds, n_evaluations and a remark.

    Examples
    --------
    >>> import numpy as np
    >>> table = compare_methods(lambda x: np.sum(np.sin(x)), np.array([1.0, 2.0]), show=False)
    >>> table.reference, bool(table["complex step"].error < 1e-15)
    ('AD reverse', True)
    """
    quantity = "gradient" if _is_real_scalar(f(x)) else "jacobian"
    trials = [
        _try(AD_FORWARD, partial(_automatic, f, x, "forward"), seconds),
        _try(AD_REVERSE, partial(_automatic, f, x, "reverse"), seconds),
        _try(SYMBOLIC, partial(_symbolic, f, x, symbolic_limit), seconds),
        *[
            _try(name, partial(_numeric, f, x, method, quantity), seconds)
            for name, method in (
                (COMPLEX_STEP, "complex"),
                (CENTRAL, "central"),
                (FORWARD, "forward"),
                (RICHARDSON, "richardson"),
            )
        ],
    ]
    comparison = _conclude(quantity, trials)
    if show:
        comparison.print()
    return comparison


def _is_real_scalar(out: Any) -> bool:
    return np.ndim(out) == 0 and not trees.structure(out).num_nodes > 1 and np.isrealobj(out)


# -- one method ------------------------------------------------------------------------------------


def _automatic(f: Callable[..., Any], x: Any, mode: str, trial: _Trial) -> Callable[[], Any]:
    counted = _Counted(f)
    jacobian = jacfwd if mode == "forward" else jacrev
    trial.value = jacobian(counted)(x)
    trial.n_evaluations = counted.n_calls
    return partial(jacobian(f), x)


def _numeric(
    f: Callable[..., Any], x: Any, method: str, quantity: str, trial: _Trial
) -> Callable[[], Any]:
    differentiate = numeric.gradient if quantity == "gradient" else numeric.jacobian
    estimate = differentiate(f, method=method, with_error=True)(x)
    trial.value = estimate.value
    trial.estimated_error = float(np.max(_flatten(estimate.error), initial=0.0))
    counted = _Counted(f)
    differentiate(counted, method=method)(x)
    trial.n_evaluations = counted.n_calls
    steps = _flatten(estimate.step)
    if steps.size:
        least, most = float(np.min(steps)), float(np.max(steps))
        span = f"{least:.1g}" if least == most else f"{least:.1g} … {most:.1g}"
        trial.remarks.append(f"step {span}, estimated error {trial.estimated_error:.1e}")
    return partial(differentiate(f, method=method), x)


def _symbolic(f: Callable[..., Any], x: Any, limit: int, trial: _Trial) -> Callable[[], Any]:
    from wengert import symbolic  # SymPy may be missing, and takes long to import

    n_numbers = sum(np.size(leaf) for leaf in trees.flatten(x)[0])
    if n_numbers > limit:
        raise ArgumentError(
            "the expressions would be too large.",
            got=f"{n_numbers} numbers",
            expected=f"at most symbolic_limit={limit}",
        )
    counted = _Counted(f)
    start = time.perf_counter()
    derived = symbolic.derive(counted, (x,))
    evaluate = derived.compile()
    elapsed = time.perf_counter() - start
    trial.value = evaluate(x)
    trial.n_evaluations = 0
    size = symbolic.expression_size(derived.derivative)
    trial.remarks.append(f"{size}, derived in {elapsed:.2g} s")
    return partial(evaluate, x)


def _try(method: str, prepare: Callable[[_Trial], Callable[[], Any]], seconds: float) -> _Trial:
    trial = _Trial(method)
    try:
        call = prepare(trial)
        trial.seconds = _shortest_time(call, seconds)
        trial.flat = _flatten(trial.value)
    except Exception as error:  # whatever the method or f raises is the reason shown
        return _Trial(method, remarks=[_reason(error)])
    return trial


def _reason(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    got = [line.split(None, 1)[1] for line in lines if line.startswith("  got ")]
    return " ".join([f"not possible: {lines[0] or type(error).__name__}", *got])


def _shortest_time(call: Callable[[], Any], seconds: float) -> float:
    best, spent, n_calls = float("inf"), 0.0, 0
    while n_calls < 3 or (spent < seconds and n_calls < 1000):
        start = time.perf_counter()
        call()
        elapsed = time.perf_counter() - start
        best, spent, n_calls = min(best, elapsed), spent + elapsed, n_calls + 1
        if spent > 10 * seconds:
            break
    return best


# -- the reference ---------------------------------------------------------------------------------


def _conclude(quantity: str, trials: list[_Trial]) -> Comparison:
    found = {trial.method: trial for trial in trials if trial.flat is not None}
    reference = next((found[name] for name in _REFERENCES if name in found), None)
    if reference is None:
        rows = tuple(_row(trial, None) for trial in trials)
        return Comparison(quantity, rows, "nothing", "as no method gave a value")
    witness = next(
        (found[name] for name in _WITNESSES if name in found and name != reference.method), None
    )
    confirmed_by = "which no other method can confirm"
    if witness is not None:
        distance, size = _distance(witness, reference)
        allowed = 10 * (witness.estimated_error or 0.0) + 1e-10 * (size or 1.0)
        agrees = distance * (size or 1.0) <= allowed
        verb = "confirmed by" if agrees else "WHICH IS CONTRADICTED BY"
        confirmed_by = f"{verb} {witness.method} (difference {distance:.1e})"
    rows = tuple(_row(trial, witness if trial is reference else reference) for trial in trials)
    return Comparison(quantity, rows, reference.method, confirmed_by)


def _row(trial: _Trial, other: _Trial | None) -> Row:
    error = None
    if trial.flat is not None and other is not None:
        error = _distance(trial, other)[0]
    remark = "; ".join(trial.remarks)
    return Row(trial.method, trial.value, error, trial.seconds, trial.n_evaluations, remark)


def _distance(trial: _Trial, reference: _Trial) -> tuple[float, float]:
    """The largest difference relative to the reference's largest entry, and that entry."""
    a, b = trial.flat, reference.flat
    assert a is not None
    assert b is not None
    if a.shape != b.shape:
        return float("inf"), 0.0
    size = float(np.max(abs(b), initial=0.0))
    return float(np.max(abs(a - b), initial=0.0)) / (size or 1.0), size


def _flatten(tree: Any) -> np.ndarray[Any, Any]:
    leaves, _ = trees.flatten(tree)
    return np.concatenate([np.zeros(0), *[np.ravel(np.asarray(leaf)) for leaf in leaves]])
