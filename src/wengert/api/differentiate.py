"""First derivatives: `vjp`, `jvp`, `linearize`, `grad` and its relatives.

All of them record the function once on its values (`record`), take the linear Program of that
recording, and run it (forward mode) or its transpose (reverse mode).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import (
    ArgNames,
    ArgNums,
    Selection,
    flatten_outputs,
    leaf_type,
    rebuild_tree,
    require_differentiable,
    select_arguments,
)
from wengert.errors import NonScalarOutputError, NotDifferentiableError
from wengert.ir.program import Program, Var
from wengert.ops.core import conj, full, zeros_of
from wengert.trace.evaluate import copied, evaluate, watcher
from wengert.trace.tracer import Tracer, current_recording
from wengert.transforms.linearize import DifferentiatingRecording, Linearized
from wengert.transforms.simplify import simplify
from wengert.transforms.transpose import transpose_program


@dataclass
class Recorded:
    """A function recorded on its values."""

    values: list[Any]  # of the outputs
    spec: Any
    types: list[Any]
    linearized: Linearized
    residuals: list[Any]
    aux: Any = None


def record(
    name: str,
    f: Callable[..., Any],
    selection: Selection,
    has_aux: bool = False,
    outlives: bool = False,
) -> Recorded:
    """Run `f` on the selection's leaves, recording what it does."""
    active = tuple([leaf.dtype.kind in "fc" for leaf in selection.leaves])
    recording = DifferentiatingRecording(name, active, keeps_sources=watcher.get() is not None)
    with recording:
        handles = [recording.argument(leaf_type(x), x) for x in selection.leaves]
        args, kwargs = selection.rebuild(rebuild_tree(selection.spec, handles))
        result = f(*args, **kwargs)
        aux = None
        if has_aux:
            result, aux = result
            aux = strip(aux, recording)
        leaves, spec = flatten_outputs(name, result)
        outputs = [recording.output(leaf) for leaf in leaves]
        values = [strip_leaf(leaf, recording) for leaf in leaves]
        linearized = recording.linear_program(outputs)
        residuals = recording.residual_values(linearized.residuals)
        if outlives:
            residuals = [copy_frozen(r, recording) for r in residuals]
            values = [copied(v) for v in values]  # the user may write into what is returned
            aux = None if aux is None else trees.map_tree(copied, aux)
        types = [a.type if isinstance(a, Var) else None for a in outputs]
    return Recorded(values, spec, types, linearized, residuals, aux)


def strip_leaf(leaf: Any, recording: Any) -> Any:
    """The value of a leaf that belongs to `recording`; any other leaf as it is."""
    if isinstance(leaf, Tracer) and leaf.recording is recording:
        leaf.refresh()
        leaf.is_owned = False
        return leaf.value
    if isinstance(leaf, (bool, int, float, complex)) and not isinstance(leaf, np.generic):
        return np.asarray(leaf)[()]
    return leaf


def strip(tree: Any, recording: Any) -> Any:
    """`tree` with the recording's tracers replaced by their values."""
    if tree is None:
        return None
    return trees.map_tree(
        lambda leaf: strip_leaf(leaf, recording) if isinstance(leaf, Tracer) else leaf, tree
    )


def copy_frozen(value: Any, recording: DifferentiatingRecording) -> Any:
    """A copy of an array that was only marked read-only while the recording was open."""
    if type(value) is np.ndarray and any(value is a for a in recording._frozen):
        return value.copy()
    return value


def pull_back(recorded: Recorded, cts: Sequence[Any]) -> list[Any]:
    """Cotangents of the active leaves, for cotangents of the active outputs."""
    return scalars(evaluate(pullback_program(recorded), [*recorded.residuals, *cts]))


def scalars(values: Sequence[Any]) -> list[Any]:
    """The values, 0-d arrays made NumPy scalars: what a derivative in a number is."""
    return [v[()] if isinstance(v, np.ndarray) and v.shape == () else v for v in values]


def pullback_program(recorded: Recorded, of_one: bool = False) -> Program:
    """The transposed linear Program, made once; `of_one` for a cotangent known to be one."""
    linearized = recorded.linearized
    name = "gradient" if of_one else "transpose"
    program = linearized.derived.get(name)
    if program is None:
        plain = transpose_program(linearized.program, linearized.is_linear)
        program = simplify(plain, plain.inputs[-1:] if of_one else ())
        linearized.derived[name] = program
    return program


def push_forward(recorded: Recorded, tangents: Sequence[Any]) -> list[Any]:
    """Tangents of the active outputs, for tangents of the active leaves."""
    return evaluate(recorded.linearized.program, [*recorded.residuals, *tangents])


def value_and_grad(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The value and the gradient of a scalar function, from one recording; see `grad`.

    Returns
    -------
    callable
        Called like `f`, returns `(value, gradient)`; with `has_aux`, `((value, aux), gradient)`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        selection = select_arguments("grad", args, kwargs, argnums, argnames)
        require_differentiable("grad", selection)
        recorded = record("grad", f, selection, has_aux)
        seed = _scalar_seed(recorded, holomorphic)
        if recorded.linearized.out_active:
            program = pullback_program(recorded, of_one=True)
            cts = scalars(evaluate(program, [*recorded.residuals, seed]))
        else:
            cts = scalars([zeros_of(x) for x in selection.leaves])
        if holomorphic:
            cts = [conj(ct) for ct in cts]
        gradient = rebuild_tree(selection.spec, cts)
        value = rebuild_tree(recorded.spec, recorded.values)
        return ((value, recorded.aux), gradient) if has_aux else (value, gradient)

    return value_and_gradient


def _scalar_seed(recorded: Recorded, holomorphic: bool) -> Any:
    if len(recorded.values) != 1 or recorded.types[0].shape != ():
        shown = ", ".join(map(repr, recorded.types))
        raise NonScalarOutputError(
            "grad: the function's output is not a scalar.",
            got=f"an output of type {shown}",
            expected="one number",
            try_="np.sum(...) of it, or wengert.jacobian, or wengert.vjp",
        )
    dtype = recorded.types[0].dtype
    if dtype.kind == "c" and not holomorphic:
        raise NonScalarOutputError(
            "grad: the function's output is complex.",
            got=repr(recorded.types[0]),
            expected="a real number",
            try_="np.real(...) of it, or holomorphic=True for df/dz of a holomorphic function",
        )
    if dtype.kind not in "fc":
        raise NotDifferentiableError(
            "grad: the function's output is an integer or boolean.",
            got=repr(recorded.types[0]),
            expected="a floating-point number",
        )
    return one(dtype)


def one(dtype: np.dtype[Any]) -> Any:
    """The number one: an equation where something is recorded, not a captured value."""
    return dtype.type(1) if current_recording.get() is None else full((), 1, dtype)


def grad(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The gradient of a scalar function, by reverse mode.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays, with one real number as output. Plain NumPy:
        `if`, `while`, recursion and assignment into arrays made inside are all right.
    argnums : int or tuple of int, default 0
        Positional arguments to differentiate with respect to.
    argnames : str or tuple of str, optional
        Keyword arguments to differentiate with respect to.
    has_aux : bool, default False
        Whether `f` returns a pair whose second entry is passed on undifferentiated.
    holomorphic : bool, default False
        For a holomorphic function of complex numbers with complex output: df/dz.

    Returns
    -------
    callable
        Called like `f`, returns the gradient in the structure, shapes and dtypes of the argument
        (a tuple for several `argnums`, a dictionary for several `argnames`, a pair of both when
        both are given); with `has_aux`, `(gradient, aux)`.

    Raises
    ------
    NonScalarOutputError
        When the output is not one real number.
    NotDifferentiableError
        When an argument holds integers or booleans, named by its path.
    MutationError
        When `f` writes into an array of its caller.

    Notes
    -----
    Costs about two to four times `f`, whatever the number of inputs; memory is that of the
    intermediate results that derivatives read. For complex arguments the gradient is the
    direction of steepest ascent (the conjugate Wirtinger derivative, times two).

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.grad(lambda x: np.sum(np.exp(x)))(np.array([0.0, 1.0]))
    array([1.        , 2.71828183])
    >>> wg.grad(lambda p, x: p["a"] * x**2)({"a": 3.0}, 2.0)
    {'a': np.float64(4.0)}
    >>> wg.grad(wg.grad(np.sin))(0.5) == -np.sin(0.5)
    np.True_
    """
    both = value_and_grad(f, argnums, argnames, has_aux, holomorphic)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return gradient
