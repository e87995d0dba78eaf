"""Initial value problems: `solve_ivp` and `odeint`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.implicit.functions import (
    as_number,
    evaluate,
    recorded,
    solved,
    vector,
    with_derivative,
)
from wengert.implicit.programs import Captured, capture, jacobian_program
from wengert.implicit.root import nothing_is_recorded
from wengert.implicit.settings import OnValues, freeze
from wengert.scipy.dispatch import is_traced
from wengert.scipy.integrate.jacobians import solved_with_jacobian
from wengert.scipy.integrate.quadrature import scipy_integrate
from wengert.scipy.integrate.replay import (
    MOST_STEPS,
    known,
    method_of,
    padded,
    replay,
    replay_padded,
    segments,
    steps_of,
)
from wengert.scipy.integrate.steps import Collocation, Explicit
from wengert.trace.tracer import Tracer
from wengert.types import Type

_T = Type((), np.float64)


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """The solution of y' = fun(t, y) from y0, as `scipy.integrate.solve_ivp` finds it.

    Parameters
    ----------
    fun : callable
        The right-hand side `fun(t, y, *args)`; may close over traced values.
    t_span : pair of float
        Where to begin and to end; may be traced.
    y0 : array, shape (n,)
        The initial state, real or complex; may be traced.
    method : str or OdeSolver
        "RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA".
    t_eval : array, optional
        Times at which the solution is wanted; may be traced. Needed under `jit`, `vmap` and in
        loops, where the number of steps is not known.
    dense_output, events, vectorized, args, **options
        As in SciPy. "Radau", "BDF" and "LSODA" get the exact Jacobian where `jac` is missing: a
        sparse one of larger systems (for LSODA a banded one), whose pattern is found;
        `jac_sparsity` is not needed, and taken as the pattern where it is given; nor are `lband`
        and `uband`. What `fun` closes over is then held while it is solved. Where no Jacobian is
        to be had, or one is not finite, SciPy solves the problem as it would without Wengert: so
        with a `fun` that ends in `np.array([...])`, where a list or `np.stack` can be recorded.

    Returns
    -------
    OdeResult
        `y`, `sol(t)`, `t_events` and `y_events` are differentiable in the initial state, `args`,
        all that `fun` closes over, and the ends of the interval.

    Notes
    -----
    SciPy chooses the steps, and they are held. For the explicit methods the derivative is that of
    the numbers computed: of the same Runge-Kutta steps. For the others a step is differentiated
    through the equations of three-stage Radau IIA collocation at the values that SciPy found.
    With Radau these are the equations that it solved; with BDF and LSODA the derivative is that
    of the differential equation to the solver's tolerance, not that of the numbers' last digits.
    A derivative in an event time comes from the event's equation on the interpolant. Above 500
    steps only the states are kept for the backward pass, and each step is computed again.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import integrate
    >>> def at_end(rate):
    ...     decay = lambda t, y: -rate * y
    ...     return integrate.solve_ivp(decay, (0.0, 1.0), [1.0], rtol=1e-8, atol=1e-10).y[0, -1]
    >>> print(f"{wg.grad(at_end)(2.0):.6f}")  # -exp(-2)
    -0.135335
    """
    extra = () if args is None else tuple(args)
    args = None if args is None else extra
    if nothing_is_recorded():
        return _plain(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, options
        )
    problem = _problem(fun, t_span, y0, method, t_eval, events, vectorized, extra, options)
    if not problem.is_traced:
        return _plain(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, options
        )
    if all([v is not None for v in problem.known]):
        return _with_values(problem, dense_output)
    if t_eval is None or events is not None or dense_output:
        what = "t_eval=None" if t_eval is None else "events" if events is not None else "sol"
        raise ArgumentError(
            "solve_ivp: the number of results depends on values, and here there are none.",
            got=f"{what} under jit, vmap or in a loop",
            expected="t_eval, and neither events nor dense_output",
            try_="t_eval=np.array([t_end]) for the last state; jit around the right-hand side only",
        )
    return _without_values(problem)


def _plain(
    fun: Any, t_span: Any, y0: Any, method: Any, t_eval: Any, dense_output: bool, events: Any,
    vectorized: bool, args: Any, options: dict[str, Any],
) -> Any:  # fmt: skip
    """SciPy's solution, with the Jacobian that an implicit method asks for."""

    def solve(**options: Any) -> Any:
        return scipy_integrate().solve_ivp(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
        )

    return solved_with_jacobian(solve, fun, t_span[0], y0, method, vectorized, args, options)


@dataclass(frozen=True)
class _Problem:
    """Everything about a problem, its functions recorded."""

    f: Captured
    jac: Captured | None
    events: tuple[Captured, ...]
    flags: tuple[tuple[Any, Any], ...]  # terminal and direction of each event
    t0: Any
    tf: Any
    y0: Any
    at: Any
    method: Any
    how: Any
    options: dict[str, Any]

    @property
    def functions(self) -> list[Captured | None]:
        return [self.f, self.jac, *self.events]

    @property
    def operands(self) -> list[Any]:
        return [self.t0, self.tf, self.y0, *([] if self.at is None else [self.at])]

    @property
    def all_values(self) -> list[Any]:
        return [*[v for f in self.functions if f for v in f.values], *self.operands]

    @property
    def known(self) -> list[Any]:
        return [known(v) for v in self.all_values]

    @property
    def is_traced(self) -> bool:
        return is_traced(tuple(self.all_values))

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "options": self.options,
            "flags": list(self.flags),
            "has_times": self.at is not None,
            "how": self.how,
        }

    def slope(self, t: Any, y: Any) -> Any:
        """The right-hand side."""
        return evaluate(self.f, t, y)


def _problem(
    fun: Any, t_span: Any, y0: Any, method: Any, t_eval: Any, events: Any, vectorized: bool,
    args: tuple[Any, ...], options: dict[str, Any],
) -> _Problem:  # fmt: skip
    start = vector(y0)
    if start.dtype.kind != "c":
        start = start.astype(np.float64)
    state = Type(start.shape, start.dtype)
    chosen, how = method_of(method)

    def field(t: Any, y: Any) -> Any:
        if vectorized:
            return np.reshape(as_number(fun(t, np.expand_dims(y, 1), *args)), (-1,))
        return vector(fun(t, y, *args)).astype(state.dtype)

    f = recorded("solve_ivp", field, _T, state)
    options = dict(options)
    jac = None
    if isinstance(how, Collocation):
        given = options.pop("jac", None)
        if callable(given):
            jac = recorded("solve_ivp", lambda t, y: as_number(given(t, y, *args)), _T, state)
        elif given is not None:
            options["jac"] = given
        elif state.dtype.kind != "c":
            jac = Captured(jacobian_program(f.program), f.values)
    kept = [] if events is None else [events] if callable(events) else list(events)
    made = tuple(
        [
            recorded("solve_ivp", lambda t, y, e=e: np.reshape(e(t, y, *args), ()), _T, state)
            for e in kept
        ]
    )
    flags = tuple([(getattr(e, "terminal", None), getattr(e, "direction", 0)) for e in kept])
    t0, tf = [v if isinstance(v, Tracer) else np.float64(v) for v in t_span]
    at = None if t_eval is None else vector(t_eval).astype(np.float64)
    return _Problem(f, jac, made, flags, t0, tf, start, at, chosen, how, options)


def _solve_on_values(functions: Any, operands: Any, settings: Any) -> Any:
    """SciPy's solution with dense output."""
    f, jac, *events = functions
    t0, tf, y0 = operands[:3]
    for event, (terminal, direction) in zip(events, settings["flags"], strict=True):
        if terminal is not None:
            event.terminal = terminal
        event.direction = direction
    options = settings["options"] if jac is None else {**settings["options"], "jac": jac}
    return scipy_integrate().solve_ivp(
        f,
        (float(t0), float(tf)),
        y0,
        settings["method"],
        t_eval=operands[3] if settings["has_times"] else None,
        dense_output=True,
        events=events or None,
        **options,
    )


def _with_values(problem: _Problem, dense_output: bool) -> Any:
    found_values: list[Any] = []
    programs = [None if f is None else f.program for f in problem.functions]
    counts = [0 if f is None else len(f.values) for f in problem.functions]

    def keep(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
        found_values.append(_solve_on_values(functions, operands, settings))
        return []

    OnValues(keep, tuple(programs), tuple(counts), freeze("solve_ivp", problem.settings))(
        *problem.known
    )
    found = found_values[0]
    if not found.sol or not found.sol.interpolants:
        return found
    at = None if problem.at is None else known(problem.at)
    is_radau = getattr(problem.method, "__name__", "") == "Radau"
    steps = steps_of(found, problem.how, None if is_radau else at)
    times = _moving(problem, steps.times)
    has_ended = found.status == 1
    needs = dense_output or at is not None or bool(problem.events)
    ys, q = replay(problem.slope, problem.how, problem.y0, times, steps.stages, steps.n, needs)
    curve = Curve(problem.how, steps.times, times, ys, q)
    t_events, y_events = _events(problem, found, curve)
    t: Any
    if at is not None:
        at_traced: Any = problem.at
        n = len(found.t)
        t = at_traced[:n]
        y = curve(t, found.t)
    else:
        t, y = times, np.swapaxes(ys, 0, 1)
        if has_ended:  # the last step is cut where the event was
            ends = [e[-1] for e, plain in zip(t_events, found.t_events, strict=True)
                    if len(plain) and plain[-1] == found.t[-1]]  # fmt: skip
            t_end = ends[0] if ends else found.t[-1]
            last = curve(np.reshape(t_end, (1,)), found.t[-1:])
            t = np.concatenate([times[:-1], np.reshape(t_end, (1,))])
            y = np.concatenate([y[:, :-1], last], axis=1)
    found.t, found.y = t, y
    found.sol = curve if dense_output else None
    if problem.events:
        found.t_events, found.y_events = t_events, y_events
    return found


def _moving(problem: _Problem, times: Any) -> Any:
    """The times of the steps, which move with the ends of the interval in proportion."""
    if not is_traced((problem.t0, problem.tf)):
        return times
    begin, end = known(problem.t0), known(problem.tf)
    part = (times - begin) / (end - begin)
    return problem.t0 + (problem.tf - problem.t0) * part


class Curve:
    """A solution between its steps: called with a time, or an array of times.

    Attributes
    ----------
    ts : array
        The times of the steps.
    """

    def __init__(self, how: Any, plain: Any, times: Any, ys: Any, q: Any) -> None:
        self.ts, self._how, self._times, self._ys, self._q = plain, how, times, ys, q

    def __call__(self, t: Any, plain: Any = None) -> Any:
        """The states at t, shape (n,) or (n, m); `plain` are the values of t where known."""
        t = t if isinstance(t, Tracer) else np.asarray(t, float)
        at = np.reshape(t, (-1,))
        values = known(at) if plain is None else plain
        if values is None:
            sign = 1.0 if self.ts[-1] >= self.ts[0] else -1.0
            where = np.searchsorted(sign * self.ts, sign * at) - 1
            where = np.clip(where, 0, len(self.ts) - 2)
        else:
            where = segments(self.ts, values)
        begin, end = np.take(self._times, where), np.take(self._times, where + 1)
        x = (at - begin) / (end - begin)
        y = np.take(self._ys, where, axis=0)
        found = self._how.between(np.take(self._q, where, axis=1), y, x)
        return np.swapaxes(found, 0, 1) if len(t.shape) else found[0]


def _events(problem: _Problem, found: Any, curve: Curve) -> tuple[list[Any], list[Any]]:
    """Times of events as functions of everything, and the states there."""
    t_events, y_events = [], []
    for event, plain in zip(problem.events, found.t_events or [], strict=True):
        if not len(plain):
            t_events.append(plain)
            y_events.append(np.zeros((0, problem.y0.shape[0])))
            continue
        times = []
        for t in plain:

            def residual(z: Any, event: Any = event, t: Any = t) -> Any:
                value = evaluate(event, z[0], curve(z[0], np.array([t])))
                return np.reshape(value, (1,))

            captured = capture("an event", residual, [Type((1,), np.float64)])
            times.append(with_derivative(captured, np.array([t]))[0])
        t_events.append(np.stack(times))
        y_events.append(np.swapaxes(curve(t_events[-1], plain), 0, 1))
    return t_events, y_events


def _without_values(problem: _Problem) -> Any:
    m, n = problem.at.shape[0], problem.y0.shape[0]
    is_explicit = isinstance(problem.how, Explicit)
    stage = Type((MOST_STEPS, 0, 0) if is_explicit else (MOST_STEPS, 3, n), problem.y0.dtype)
    whole = np.dtype(np.int64)
    results = solved(
        "solve_ivp",
        _padded_on_values,
        problem.functions,
        problem.operands,
        problem.settings,
        [Type((), whole), Type((MOST_STEPS + 1,), np.float64), stage, Type((m,), whole),
         Type((), whole), Type((), whole)],
    )  # fmt: skip
    count, times, stages, segment, status, nfev = results
    if is_traced((problem.t0, problem.tf)):
        begin, end = times[0], times[count]
        times = problem.t0 + (problem.tf - problem.t0) * ((times - begin) / (end - begin))
    y = replay_padded(
        problem.slope, problem.how, problem.y0, times, stages, count, segment, problem.at
    )
    result = scipy_integrate()._ivp.ivp.OdeResult
    return result(t=problem.at, y=np.swapaxes(y, 0, 1), sol=None, t_events=None, y_events=None,
                  nfev=nfev, status=status, success=status >= 0, message="see status")  # fmt: skip


def _padded_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    found = _solve_on_values(functions, operands, settings)
    at, how = operands[3], settings["how"]
    is_radau = getattr(settings["method"], "__name__", "") == "Radau"
    steps = steps_of(found, how, None if is_radau else at)
    return [*padded(steps, at), found.status, found.nfev]


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Any = None,
    col_deriv: Any = 0,
    full_output: Any = 0,
    ml: Any = None,
    mu: Any = None,
    rtol: Any = None,
    atol: Any = None,
    tcrit: Any = None,
    h0: float = 0.0,
    hmax: float = 0.0,
    hmin: float = 0.0,
    ixpr: Any = 0,
    mxstep: int = 0,
    mxhnil: int = 0,
    mxordn: int = 12,
    mxords: int = 5,
    printmessg: Any = 0,
    tfirst: bool = False,
) -> Any:
    """The solution of y' = func(y, t) at the times t, as `scipy.integrate.odeint` finds it.

    Parameters
    ----------
    func : callable
        `func(y, t, *args)`, or `func(t, y, *args)` with `tfirst`; may close over traced values.
    y0 : array, shape (n,)
        The state at t[0]; may be traced.
    t : array, shape (m,)
        Increasing or decreasing times; may be traced.
    args, Dfun, col_deriv, full_output, ml, mu, rtol, atol, h0, hmax, hmin, tfirst
        As in SciPy; tolerances are 1.49e-8 by default.
    tcrit, ixpr, mxstep, mxhnil, mxordn, mxords, printmessg
        Only in effect where nothing is traced.

    Returns
    -------
    y : array, shape (m, n)
        Differentiable as with `solve_ivp(method="LSODA")`, which is what computes it where
        anything is traced. With `full_output` (y, infodict).

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import integrate
    >>> t = np.array([0.0, 1.0])
    >>> f = lambda k: integrate.odeint(lambda y, t: -k * y, 1.0, t)[-1, 0]
    >>> print(f"{wg.grad(f)(2.0):.5f}")
    -0.13534
    """
    extra = args if isinstance(args, tuple) else (args,)
    field = (lambda t, y: func(t, y, *extra)) if tfirst else (lambda t, y: func(y, t, *extra))
    jac = None
    if Dfun is not None:
        order = (lambda t, y: (t, y)) if tfirst else (lambda t, y: (y, t))
        turn = (lambda j: np.swapaxes(j, 0, 1)) if col_deriv else (lambda j: j)
        jac = lambda t, y: turn(as_number(Dfun(*order(t, y), *extra)))
    times: Any = t if isinstance(t, Tracer) else vector(t)
    options = {
        "rtol": 1.49012e-8 if rtol is None else rtol,
        "atol": 1.49012e-8 if atol is None else atol,
        "first_step": h0 or None,
        "max_step": hmax or np.inf,
        "min_step": hmin,
        "lband": ml,
        "uband": mu,
        "jac": jac,
    }
    span = (times[0], times[-1])
    is_plain = nothing_is_recorded()
    if not is_plain:
        given = dict(options)
        is_plain = not _problem(field, span, y0, "LSODA", times, None, False, (), given).is_traced
    if is_plain:
        return scipy_integrate().odeint(
            func, y0, t, args, Dfun, col_deriv, full_output, ml, mu, rtol, atol, tcrit, h0, hmax,
            hmin, ixpr, mxstep, mxhnil, mxordn, mxords, printmessg, tfirst,
        )  # fmt: skip
    found = solve_ivp(field, span, y0, "LSODA", times, **options)
    y = np.swapaxes(found.y, 0, 1)
    return (y, {"nfe": found.nfev, "message": found.message}) if full_output else y


__all__ = ["Curve", "odeint", "solve_ivp"]
