"""`integral`: the integrals of several functions of one variable, by adaptive quadrature.

    operands    constants, a, b
    integrand   (constants, x) -> functions of x, arrays or numbers
    outputs     their integrals from a to b, and an estimate of the error

The derivative is Leibniz's rule,

    d int_a^b f dx = int_a^b df dx + f(b) db - f(a) da,

whose first term is one integral of the tangent of the integrand, and its transpose one integral of
the transposed tangent: as many functions as there are numbers to differentiate in, integrated at
once. Both are equations of this kind again, with the tolerances of the first.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control.call import program_flops
from wengert.control.programs import record_rule_program, transpose_body
from wengert.errors import ArgumentError
from wengert.implicit.lanes import by_lanes
from wengert.implicit.programs import slope
from wengert.implicit.settings import thaw
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Program
from wengert.ops.core import fit
from wengert.trace.evaluate import plan_of, record_program
from wengert.trace.tracer import bind
from wengert.types import Type

_ERROR = Type((), np.float64)


@dataclass(frozen=True)
class Rule:
    """How to integrate: `kind` is "quad" or "vec", and the options are SciPy's, frozen."""

    kind: str
    options: Any

    def __call__(self) -> dict[str, Any]:
        """The options."""
        found: dict[str, Any] = thaw(self.options)
        return found


def integral(
    integrand: Program, consts: Sequence[Any], a: Any, b: Any, rule: Rule
) -> tuple[Any, ...]:
    """The integrals and an error estimate."""
    return tuple(bind(integral_p, *consts, a, b, integrand=integrand, rule=rule))


def _run(*args: Any, integrand: Program, rule: Rule) -> tuple[Any, ...]:
    *consts, a, b = args
    plan = plan_of(integrand)
    types: Any = integrand.out_types
    x_type: Any = integrand.in_types[-1]
    options = rule()

    def outputs(x: Any) -> list[Any]:
        found: list[Any] = plan.run((*consts, x_type.dtype.type(x)))
        return found

    sizes = [t.size for t in types]
    is_complex = any([t.dtype.kind == "c" for t in types])
    dtype = complex if is_complex else float
    joined = lambda x: _flat(outputs(x), dtype)
    weight = options.pop("weight", None)
    if sum(sizes) == 1 and rule.kind == "quad":
        value, error = _scalar(lambda x: outputs(x)[0].item(), a, b, weight, is_complex, options)
        flat = np.array([value], dtype)
    elif weight is not None:
        pairs = [
            _scalar(lambda x, i=i: joined(x)[i], a, b, weight, is_complex, options)
            for i in range(sum(sizes))
        ]
        flat, error = np.array([p[0] for p in pairs], dtype), max([p[1] for p in pairs])
    else:
        flat, error = _vector(joined, a, b, options, sum(sizes))
    results, start = [], 0
    for t, n in zip(types, sizes, strict=True):
        part = flat[start : start + n]
        part = part.real if t.dtype.kind != "c" else part
        results.append(part.astype(t.dtype).reshape(t.shape)[()])
        start += n
    return (*results, np.float64(error))


def _flat(values: Sequence[Any], dtype: Any) -> Any:
    return np.concatenate([np.ravel(v).astype(dtype) for v in values])


def _scalar(
    f: Any, a: Any, b: Any, weight: Any, is_complex: bool, options: dict[str, Any]
) -> tuple[Any, float]:
    quad = importlib.import_module("scipy.integrate").quad
    if weight is not None:
        options = {**options, "weight": weight}
    found = quad(f, float(a), float(b), complex_func=is_complex, **options)
    error = found[1]
    return found[0], float(abs(error))


def _vector(f: Any, a: Any, b: Any, options: dict[str, Any], size: int) -> tuple[Any, float]:
    if size == 0 or a == b:
        return np.zeros(size, f(a).dtype), 0.0
    quad_vec = importlib.import_module("scipy.integrate").quad_vec
    known = {"epsabs", "epsrel", "limit", "points", "norm", "quadrature", "cache_size"}
    given = {k: v for k, v in options.items() if k in known}
    if "limit" in given and "norm" not in given:
        given["limit"] = max(given["limit"], 10_000)  # intervals of all functions together
    found = quad_vec(f, float(a), float(b), **given)
    return np.asarray(found[0]), float(found[1])


def _jvp(args: Any, outs: Any, tangents: Any, *, integrand: Program, rule: Rule) -> tuple[Any, ...]:
    *consts, a, b = args
    *dconsts, da, db = tangents
    n = len(integrand.outputs)
    totals: list[Any] = [None] * n
    active = tuple([i for i, t in enumerate(dconsts) if t is not None])
    if active:
        moved, places = _tangent(integrand, active)
        if places:
            given = [dconsts[i] for i in active]
            found = integral(moved, [*consts, *given], a, b, rule)
            for place, value in zip(places, found, strict=False):
                totals[place] = value
    for limit, dlimit, sign in ((a, da, -1.0), (b, db, 1.0)):
        if dlimit is None:
            continue
        # At an infinite limit the integrand vanishes, or there is no integral.
        is_finite = np.isfinite(limit)
        at = np.where(is_finite, limit, 0.0)
        values = record_program(integrand, [*consts, at])
        factor = _weight(rule, at) * np.where(is_finite, dlimit * sign, 0.0)
        for i, value in enumerate(values):
            term = fit(value * factor, integrand.out_types[i])
            totals[i] = term if totals[i] is None else totals[i] + term
    return (*totals, None)


def _weight(rule: Rule, x: Any) -> Any:
    options = rule()
    kind = options.get("weight")
    if kind is None:
        return 1.0
    if kind in ("cos", "sin"):
        return getattr(np, kind)(options["wvar"] * x)
    raise ArgumentError(
        "quad: the derivative in a limit of a singular weight was asked for.",
        got=f"weight={kind!r}",
        expected="limits that are not differentiated, or the weights 'cos' and 'sin'",
        try_="the weight as part of the integrand, or limits of your own after a substitution",
    )


@lru_cache(maxsize=512)
def _tangent(integrand: Program, active: tuple[int, ...]) -> tuple[Program, tuple[int, ...]]:
    """(constants, tangents of the active ones, x) -> tangents of the functions that have one."""
    n = len(integrand.inputs) - 1
    places: list[int] = []

    def moved(*values: Any) -> list[Any]:
        args = [*values[:n], values[-1]]
        tangents: list[Any] = [None] * (n + 1)
        for i, t in zip(active, values[n:-1], strict=True):
            tangents[i] = t
        found = slope(integrand, args, tangents)
        places.extend([i for i, t in enumerate(found) if t is not None])
        return [t for t in found if t is not None]

    types = integrand.in_types
    given = [*types[:n], *[types[i] for i in active], types[-1]]
    return record_rule_program("the tangent of an integrand", moved, given), tuple(places)


def _transpose(
    cts: Sequence[Any],
    args: Sequence[Any],
    linear: Sequence[int],
    *,
    integrand: Program,
    rule: Rule,
) -> dict[int, Any]:
    present = tuple([i for i, ct in enumerate(cts[:-1]) if ct is not None])
    result: dict[int, Any] = dict.fromkeys(linear)
    backward, reached = _adjoint(integrand, tuple(linear), present)
    if reached:
        known = [a for i, a in enumerate(args[:-2]) if i not in linear]
        given = [cts[i] for i in present]
        found = integral(backward, [*known, *given], args[-2], args[-1], rule)
        result.update(zip(reached, found, strict=False))
    return result


@lru_cache(maxsize=512)
def _adjoint(
    integrand: Program, linear: tuple[int, ...], present: tuple[int, ...]
) -> tuple[Program, tuple[int, ...]]:
    """(known constants, cotangents, x) -> cotangents of the linear constants reached."""
    n = len(integrand.inputs)
    backward, reached = transpose_body(integrand, [i in linear for i in range(n)], present)
    n_known = n - len(linear)  # the last of them is x, which has to come last
    inputs = backward.inputs
    order = (*inputs[: n_known - 1], *inputs[n_known:], inputs[n_known - 1])
    return Program(order, backward.equations, backward.outputs), reached


def _sparsity(k: Flow, *, integrand: Program, rule: Rule) -> tuple[Any, ...]:
    """The integral of what depends on constants depends on them; linear ones have fixed ends."""
    found = k.walk(integrand, [*k.labels[:-2], None], [*k.values[:-2], None])
    return (*found, None)


integral_p: Primitive = define(
    Primitive(
        "integral",
        _run,
        lambda *types, integrand, rule: (*integrand.out_types, _ERROR),
        jvp=_jvp,
        transpose_all=_transpose,
        batch=lambda size, args, is_batched, **params: by_lanes(
            integral_p, size, args, is_batched, params
        ),
        cost=lambda in_types, out_types, *, integrand, rule: 63 * program_flops(integrand),
        is_multiple=True,
        facts={"cost": "of three intervals: the number is not known", "error": "a constant"},
        sparsity=_sparsity,
        emit=Unsupported("SciPy chooses the intervals"),
    )
)
