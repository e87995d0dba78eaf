"""`verified`: a value whose derivative may be asked for only where a solver has converged.

SciPy's solvers return what they have, with `success=False`. The value is theirs; a derivative at a
point that is no solution would be wrong, and raises.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ConvergenceError
from wengert.ir.dependence import ELEMENTWISE
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.trace.tracer import bind

_LARGE = 1e-3  # a relative Newton step: SciPy's "precision loss" is far below


def _verified(x: Any, error: Any, *, name: str) -> Any:
    return np.array(x)[()]


def _require(x: Any, error: Any, name: str) -> None:
    worst = float(np.max(error)) if np.size(error) else 0.0
    if not worst <= _LARGE:
        raise ConvergenceError(
            f"{name}: the derivative was asked for where the solver did not converge.",
            got=f"a point about {worst:.3g} (relative) from the nearest solution",
            expected="a solution: there only does it have a derivative",
            try_="more iterations, another method, or a better guess; look at result.success",
        )


def _checked(x: Any, error: Any, *, name: str) -> Any:
    _require(x, error, name)
    return np.array(x)[()]


def _checked_batch(size: int, args: Any, is_batched: Any, *, name: str) -> Any:
    return bind(checked_p, *args, name=name), is_batched[0]


checked_p: Primitive = define(
    Primitive(
        "checked",
        _checked,
        lambda x, error, *, name: x,
        linear_in=(frozenset({0}),),
        transpose={0: lambda ct, args, *, name: bind(checked_p, ct, args[1], name=name)},
        batch=_checked_batch,
        cost=lambda in_types, out_types, **params: 0,
        facts={"meaning": "the identity on tangents, unless the error is large"},
        sparsity=ELEMENTWISE,
        emit=Unsupported("it may raise, with numbers in the message"),
    )
)


def _verified_batch(size: int, args: Any, is_batched: Any, *, name: str) -> Any:
    return bind(verified_p, *args, name=name), is_batched[0]


verified_p: Primitive = define(
    Primitive(
        "verified",
        _verified,
        lambda x, error, *, name: x,
        jvp=lambda args, out, tangents, *, name: (
            None if tangents[0] is None else bind(checked_p, tangents[0], args[1], name=name)
        ),
        batch=_verified_batch,
        cost=lambda in_types, out_types, **params: 0,
        facts={"meaning": "the identity, whose derivative raises where the error is large"},
        emit=Unsupported("its derivative may raise, with numbers in the message"),
    )
)


def verified(x: Any, error: Any, name: str) -> Any:
    """`x`; its derivative raises where `error`, the relative distance to a solution, is large."""
    return bind(verified_p, x, error, name=name)
