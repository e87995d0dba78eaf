"""Products with derivatives: `jvp`, `vjp`, `linearize`, `linear_transpose`, `hvp`, `vhp`.

Integer and boolean leaves are allowed here: their tangents and cotangents are None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import Selection, as_leaf, leaf_type, rebuild_tree
from wengert.api.differentiate import Recorded, grad, pull_back, push_forward, record
from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ir.program import Program, split_program
from wengert.ops.core import zeros_of
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import record_function
from wengert.transforms.transpose import transpose_program
from wengert.types import Type


def _selection(name: str, primals: Any) -> Selection:
    if not isinstance(primals, (tuple, list)):
        raise ArgumentError(
            f"{name}: the primals must be a tuple, one entry per argument of the function.",
            got=type(primals).__name__,
            expected="a tuple or list",
            try_="(x,) for a function of one argument",
        )
    leaves, spec = trees.flatten(tuple(primals))
    paths = trees.paths(tuple(primals)) if leaves else []
    leaves = [as_leaf(x, p) for x, p in zip(leaves, paths, strict=True)]
    return Selection(leaves, spec, tuple(primals), lambda value: (tuple(value), {}))


def match_leaves(
    name: str, what: str, tree: Any, spec: Any, types: Sequence[Any], example: Any
) -> list[Any]:
    """The leaves of tangents or cotangents, checked against the primals they belong to.

    None stands for zero, and is the only thing an integer or boolean leaf may have.
    """
    if spec is None:
        parts = [tree]
    else:
        try:
            parts = spec.flatten_up_to(tree)
        except (ValueError, TypeError) as error:
            raise ArgumentError(
                f"{name}: the {what}s do not have the structure of their primals.",
                got=f"{trees.structure(tree)}",
                expected=f"{spec}",
                try_=f"one {what} per leaf, None for integers",
            ) from error
    result: list[Any] = []
    for part, type_ in zip(parts, types, strict=True):
        if part is None or not type_.is_differentiable:
            result.append(None)
            continue
        leaf = as_leaf(part)
        if leaf.shape != type_.shape:
            raise ShapeError(
                f"{name}: a {what} does not have the shape of its primal.",
                got=f"{leaf_type(leaf)!r}",
                expected=f"{type_!r}",
            )
        if leaf.dtype != type_.dtype:
            if not np.can_cast(leaf.dtype, type_.dtype, "same_kind"):
                raise DtypeError(
                    f"{name}: a {what} does not have the dtype of its primal.",
                    got=f"{leaf_type(leaf)!r}",
                    expected=f"{type_!r}",
                    try_=f"{what}.astype({type_.dtype.name!r})",
                )
            leaf = leaf.astype(type_.dtype)
        result.append(leaf)
    return result


def _fill(values: Sequence[Any], types: Sequence[Any]) -> list[Any]:
    """Tangents for the differentiable leaves, zeros for those given as None."""
    return [
        zeros_of(t) if v is None else v
        for v, t in zip(values, types, strict=True)
        if t.is_differentiable
    ]


def _tangent_tree(recorded: Recorded, active: Sequence[Any]) -> Any:
    """Output tangents as a tree: zeros where nothing arrives, None for integers."""
    found = dict(zip(recorded.linearized.out_active, active, strict=True))
    leaves = [
        found[i] if i in found else zeros_of(t) if t.is_differentiable else None
        for i, t in enumerate(recorded.types)
    ]
    return rebuild_tree(recorded.spec, leaves)


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """The value of `f` and its derivative in one direction: forward mode.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays.
    primals : tuple
        One entry per argument of `f`.
    tangents : tuple
        The direction, in the structure, shapes and dtypes of `primals`. None stands for zero and
        is what integer and boolean leaves have.
    has_aux : bool, default False
        Whether `f` returns a pair whose second entry is passed on undifferentiated.

    Returns
    -------
    out, tangent_out : tree
        The value, and its derivative (None for integer leaves); then the auxiliary output.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        When the tangents do not match the primals.

    Notes
    -----
    Costs about two to three times `f`, whatever the number of inputs.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.jvp(lambda x: np.sum(x**2), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    (np.float64(5.0), np.float64(2.0))
    """
    selection = _selection("jvp", primals)
    types = [leaf_type(x) for x in selection.leaves]
    leaves = match_leaves("jvp", "tangent", tuple(tangents), selection.spec, types, primals)
    recorded = record("jvp", f, selection, has_aux)
    active = push_forward(recorded, _fill(leaves, types))
    out = rebuild_tree(recorded.spec, recorded.values)
    tangent_out = _tangent_tree(recorded, active)
    return (out, tangent_out, recorded.aux) if has_aux else (out, tangent_out)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f` and its pullback: reverse mode.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays.
    *primals
        The arguments of `f`.
    has_aux : bool, default False
        Whether `f` returns a pair whose second entry is passed on undifferentiated.

    Returns
    -------
    out : tree
    pullback : callable
        `pullback(ct)`, with `ct` in the structure of `out` (None for zero and for integer leaves),
        gives a tuple of cotangents, one per primal; None for integer leaves. It may be called any
        number of times, and does not change when the arrays of the call are changed afterwards.

    Notes
    -----
    A pullback costs about two to three times `f`, whatever the number of inputs. For complex
    values it is the adjoint under Re Σ conj(u) v.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> out, pullback = wg.vjp(np.multiply, 3.0, 4.0)
    >>> pullback(1.0)
    (np.float64(4.0), np.float64(3.0))
    """
    selection = _selection("vjp", primals)
    recorded = record("vjp", f, selection, has_aux, outlives=True)
    out_types = recorded.types
    in_types = [leaf_type(x) for x in selection.leaves]
    out = rebuild_tree(recorded.spec, recorded.values)

    def pullback(ct: Any) -> tuple[Any, ...]:
        leaves = match_leaves("pullback", "cotangent", ct, recorded.spec, out_types, out)
        wanted = recorded.linearized.out_active
        cts = [zeros_of(out_types[i]) if leaves[i] is None else leaves[i] for i in wanted]
        found = iter(pull_back(recorded, cts))
        results = [next(found) if t.is_differentiable else None for t in in_types]
        return tuple(trees.unflatten(selection.spec, results))

    return (out, pullback, recorded.aux) if has_aux else (out, pullback)


def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f` and its derivative at `primals` as a linear function of the tangents.

    What does not depend on the tangents is computed once, here.

    Returns
    -------
    out : tree
    linear : callable
        `linear(*tangents)` is the derivative in that direction, in the structure of `out`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> out, linear = wg.linearize(np.sin, 0.0)
    >>> linear(2.0)
    np.float64(2.0)
    """
    selection = _selection("linearize", primals)
    recorded = record("linearize", f, selection, has_aux, outlives=True)
    types = [leaf_type(x) for x in selection.leaves]
    known, program, n_known = split_known(recorded)
    constants = evaluate(known, recorded.residuals)
    out = rebuild_tree(recorded.spec, recorded.values)

    def linear(*tangents: Any) -> Any:
        leaves = match_leaves(
            "linearize", "tangent", tuple(tangents), selection.spec, types, primals
        )
        active = evaluate(program, [*constants, *_fill(leaves, types)])
        return _tangent_tree(recorded, active)

    return (out, linear, recorded.aux) if has_aux else (out, linear)


def split_known(recorded: Recorded) -> tuple[Program, Program, int]:
    """The linear Program in two: what depends on residuals alone, and the rest."""
    linearized = recorded.linearized
    parts = linearized.derived.get("split")
    if parts is None:
        is_known = [not on for on in linearized.is_linear]
        first, second = split_program(linearized.program, is_known)
        parts = linearized.derived["split"] = (first, second, len(first.outputs))
    return parts


def linear_transpose(f: Callable[..., Any], *examples: Any) -> Callable[[Any], tuple[Any, ...]]:
    """The adjoint of a function that is linear in all its arguments.

    Parameters
    ----------
    f : callable
        Linear function; what it closes over may enter nonlinearly.
    *examples
        Arguments, or anything with their shapes and dtypes.

    Returns
    -------
    callable
        `transposed(ct)`, with `ct` in the structure of f's output, gives a tuple with one
        cotangent per argument. Complex: the adjoint under Re Σ conj(u) v.

    Raises
    ------
    InternalError
        When `f` is not linear.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> wg.linear_transpose(lambda x: A @ x, np.zeros(2))(np.array([1.0, 0.0]))
    (array([1., 2.]),)
    """
    leaves, spec = trees.flatten(tuple(examples))
    types = [
        Type(x.shape, x.dtype) if hasattr(x, "dtype") else leaf_type(as_leaf(x)) for x in leaves
    ]

    def call(*handles: Any) -> Any:
        return f(*trees.unflatten(spec, handles))

    program, out_spec = record_function(call, types, "linear_transpose")
    n = len(types)
    captured = program.captured
    reordered = Program(
        (*program.inputs[n:], *program.inputs[:n]), program.equations, program.outputs
    )
    transposed = transpose_program(reordered, (False,) * len(captured) + (True,) * n)
    out_types = list(program.out_types)

    def transposed_function(ct: Any) -> tuple[Any, ...]:
        cts = match_leaves("linear_transpose", "cotangent", ct, out_spec, out_types, None)
        filled = [zeros_of(t) if c is None else c for c, t in zip(cts, out_types, strict=True)]
        results = evaluate(transposed, [*captured, *filled])
        return tuple(trees.unflatten(spec, results))

    return transposed_function


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The product of the Hessian of a scalar function with a direction: forward over reverse.

    Parameters
    ----------
    f : callable
        Scalar function.
    primals, tangents : tuple
        One entry per argument of `f`.

    Returns
    -------
    tree
        H·v in the structure of the argument; a tuple of them for several arguments.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    n = len(primals)
    gradient = grad(f, argnums=0 if n == 1 else tuple(range(n)))
    return jvp(gradient, primals, tangents)[1]


def vhp(f: Callable[..., Any], primals: Sequence[Any], cotangents: Sequence[Any]) -> Any:
    """The product of a covector with the Hessian of a scalar function: reverse over reverse.

    The same numbers as `hvp` where the Hessian is symmetric; see there for the arguments.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.vhp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    n = len(primals)
    gradient = grad(f, argnums=0 if n == 1 else tuple(range(n)))
    _, pullback = vjp(gradient, *primals)
    result = pullback(cotangents[0] if n == 1 else tuple(cotangents))
    return result[0] if n == 1 else result


__all__ = ["hvp", "jvp", "linear_transpose", "linearize", "vhp", "vjp"]
