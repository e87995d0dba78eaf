"""Jacobians, Hessians and elementwise derivatives, from batched products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert import trees
from wengert.api.arguments import (
    ArgNames,
    ArgNums,
    Selection,
    leaf_type,
    rebuild_tree,
    require_differentiable,
    select_arguments,
)
from wengert.api.choices import MODES, choose
from wengert.api.choices import total as total_size
from wengert.api.differentiate import (
    Recorded,
    grad,
    one,
    pull_back,
    pullback_program,
    push_forward,
    record,
    scalars,
)
from wengert.errors import ArgumentError, NonScalarOutputError, NotDifferentiableError
from wengert.ir.program import Program, split_program
from wengert.ops.core import basis, conj, full, reshape, transpose, zeros_of
from wengert.ops.gather import scatter_set
from wengert.ops.indexing import index
from wengert.trace.evaluate import evaluate, plan_of
from wengert.trace.recording import lifts_scalars_here
from wengert.transforms.batch import batch_program
from wengert.types import Type

if TYPE_CHECKING:
    from wengert.compression.plan import Plan

_MAX_FOLDED = 1 << 22  # bytes of unit vectors, and what follows from them, that a cache may hold


def jacobian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    mode: str = "auto",
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of a function of arrays.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays.
    argnums : int or tuple of int, default 0
        Positional arguments to differentiate with respect to.
    argnames : str or tuple of str, optional
        Keyword arguments to differentiate with respect to.
    mode : {"auto", "forward", "reverse", "compressed"}
        Forward mode costs about one product a column, reverse mode one a row, compressed one for
        several columns or rows that have no entry in common. "auto" takes forward mode unless
        there are fewer rows than columns, and where that costs enough to look for a pattern,
        compressed if it costs less than half. `wengert.explain` says what was chosen and why;
        `wengert.sparse.jacobian` gives the sparse matrix itself.
    has_aux : bool, default False
        Whether `f` returns a pair whose second entry is passed on undifferentiated.
    holomorphic : bool, default False
        The complex Jacobian of a holomorphic function; without it a complex input or output
        raises.

    Returns
    -------
    callable
        Its result is a tree of the outputs, each leaf a tree of the arguments, each leaf of
        shape `output.shape + argument.shape`.

    Raises
    ------
    NotDifferentiableError
        For integer or boolean arguments and outputs, named by their paths.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    with_value = value_and_jacobian(f, argnums, argnames, mode, has_aux, holomorphic)

    @wraps(f)
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        value, result = with_value(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return jacobian_of


def value_and_jacobian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    mode: str = "auto",
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The value and the Jacobian of a function; see `jacobian`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.value_and_jacobian(np.sin)(0.0)
    (np.float64(0.0), np.float64(1.0))
    """
    if mode not in MODES:
        raise ArgumentError(
            "jacobian: there is no such mode.",
            got=repr(mode),
            expected=", ".join([f'"{m}"' for m in MODES]),
        )

    @wraps(f)
    def value_and_jacobian_of(*args: Any, **kwargs: Any) -> Any:
        selection = select_arguments("jacobian", args, kwargs, argnums, argnames)
        require_differentiable("jacobian", selection)
        recorded = record("jacobian", f, selection, has_aux)
        _require_jacobian_types(recorded, selection, holomorphic)
        in_types = [leaf_type(x) for x in selection.leaves]
        way = choose(recorded, in_types, mode)
        if isinstance(way, str):
            blocks = (_forward if way == "forward" else _reverse)(recorded, in_types)
        else:
            blocks = _compressed(recorded, in_types, way)
        rows = [
            rebuild_tree(selection.spec, [blocks[i][j] for j in range(len(in_types))])
            for i in range(len(recorded.types))
        ]
        result = rebuild_tree(recorded.spec, rows)
        value = rebuild_tree(recorded.spec, recorded.values)
        return ((value, recorded.aux), result) if has_aux else (value, result)

    return value_and_jacobian_of


def jacfwd(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """`jacobian` by forward mode: one product per input element.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.jacfwd(np.cumsum)(np.ones(2))
    array([[1., 0.],
           [1., 1.]])
    """
    return jacobian(f, argnums, argnames, "forward", has_aux, holomorphic)


def jacrev(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """`jacobian` by reverse mode: one product per output element.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.jacrev(lambda x: x[0] * x)(np.array([2.0, 3.0]))
    array([[4., 0.],
           [3., 2.]])
    """
    return jacobian(f, argnums, argnames, "reverse", has_aux, holomorphic)


def _require_jacobian_types(recorded: Recorded, selection: Selection, holomorphic: bool) -> None:
    for i, t in enumerate(recorded.types):
        if not t.is_differentiable:
            tree = rebuild_tree(recorded.spec, recorded.types)
            path = "" if recorded.spec is None else trees.paths(tree)[i]
            raise NotDifferentiableError(
                "jacobian: the function's output is an integer or boolean.",
                got=repr(t) + (f" at {path}" if path else ""),
                expected="floating-point outputs",
            )
    is_complex = any(t.dtype.kind == "c" for t in recorded.types) or any(
        x.dtype.kind == "c" for x in selection.leaves
    )
    if is_complex and not holomorphic:
        raise NotDifferentiableError(
            "jacobian: a complex function has no single complex Jacobian.",
            got=", ".join(repr(leaf_type(x)) for x in selection.leaves)
            + " to "
            + ", ".join(map(repr, recorded.types)),
            expected="real arguments and outputs, or a holomorphic function",
            try_="holomorphic=True, or the Jacobian of real and imaginary parts",
        )


def recorded_seeds(types: Sequence[Any]) -> list[Any]:
    """The same as equations of the current recording, whose zeros the compiler sees."""
    total = total_size(types)
    result = []
    start = 0
    for t in types:
        result.append(basis(total, start, t.shape, t.dtype))
        start += t.size
    return result


@lru_cache(maxsize=64)
def seeds(types: tuple[Any, ...]) -> tuple[Any, ...]:
    """The unit vectors of a product space: one array of shape (total,) + shape per space."""
    total = sum(t.size for t in types)
    result = []
    start = 0
    for t in types:
        block = np.zeros((total, t.size), t.dtype)
        block[range(start, start + t.size), range(t.size)] = 1
        block = block.reshape((total, *t.shape))
        block.flags.writeable = False  # shared by all calls
        result.append(block)
        start += t.size
    return tuple(result)


def _batched_run(
    recorded: Recorded, name: str, program: Program, types: Sequence[Any], size: int
) -> list[Any]:
    """Run a linear Program on the unit vectors of its linear inputs, all at once.

    The batched Program is made once, and what it does to the unit vectors alone is done once.
    """
    if not lifts_scalars_here():
        return _recorded_run(recorded, name, program, types, size)
    units: Sequence[Any] = seeds(tuple(types))
    key = (name, size)
    derived = recorded.linearized.derived
    found = derived.get(key)
    if found is None:
        n_known = len(recorded.linearized.residuals)
        flags = [False] * n_known + [True] * len(units)
        batched = batch_program(program, flags, size, [True] * len(program.outputs)).program
        first, second = split_program(batched, flags)
        if sum(t.nbytes for t in first.out_types) > _MAX_FOLDED:
            first, second = split_program(batched, [False] * len(flags))
            units_first: Sequence[Any] = ()
        else:
            units_first, units = units, ()
        found = derived[key] = (plan_of(first).run(units_first), second, not units)
    constants, second, is_folded = found
    return evaluate(second, [*constants, *recorded.residuals, *(() if is_folded else units)])


def _recorded_run(
    recorded: Recorded, name: str, program: Program, types: Sequence[Any], size: int
) -> list[Any]:
    """The same while something is recorded to be compiled: unit vectors are equations."""
    key = (name, size, "recorded")
    derived = recorded.linearized.derived
    batched = derived.get(key)
    if batched is None:
        flags = [False] * len(recorded.linearized.residuals) + [True] * len(types)
        batched = batch_program(program, flags, size, [True] * len(program.outputs)).program
        derived[key] = batched
    return evaluate(batched, [*recorded.residuals, *recorded_seeds(types)])


def _compressed(recorded: Recorded, in_types: list[Any], plan: Plan) -> list[list[Any]]:
    """The dense blocks, zero where the plan's structure has no entry."""
    structure = plan.structure
    data = plan.values(recorded.residuals)
    n_rows, n_columns = structure.shape
    places = structure.rows.astype(np.int64) * n_columns + structure.indices
    dense = scatter_set(full((n_rows * n_columns,), 0, plan.dtype), data, (places,), (0,))
    dense = reshape(dense, (n_rows, n_columns))
    blocks: list[list[Any]] = []
    top = 0
    for out in recorded.types:
        left, row = 0, []
        for t in in_types:
            part = index(dense, ((top, top + out.size, 1), (left, left + t.size, 1)))
            row.append(_owned(reshape(part, (*out.shape, *t.shape))))
            left += t.size
        blocks.append(row)
        top += out.size
    return blocks


def _forward(recorded: Recorded, in_types: list[Any]) -> list[list[Any]]:
    size = total_size(in_types)
    linearized = recorded.linearized
    columns = _batched_run(recorded, "forward", linearized.program, in_types, size)
    found = dict(zip(linearized.out_active, columns, strict=True))
    blocks = []
    for i, out in enumerate(recorded.types):
        row = []
        start = 0
        for t in in_types:
            if i not in found:
                row.append(_owned(zeros_of(Type((*out.shape, *t.shape), out.dtype))))
                continue
            part = found[i]
            if len(in_types) > 1:
                part = part[start : start + t.size]
            start += t.size
            if isinstance(part, np.ndarray):
                last = part.reshape(part.shape[0], -1).T
                row.append(_owned(last.reshape((*out.shape, *t.shape))))
            else:
                last = transpose(part, (*range(1, part.ndim), 0))
                row.append(reshape(last, (*out.shape, *t.shape)))
        blocks.append(row)
    return blocks


def _owned(value: Any) -> Any:
    """A result that is no view and not read-only."""
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value) if value.shape else value[()]
    return value


def _reverse(recorded: Recorded, in_types: list[Any]) -> list[list[Any]]:
    linearized = recorded.linearized
    active = [recorded.types[i] for i in linearized.out_active]
    size = sum(t.size for t in active)
    program = pullback_program(recorded)
    rows = _batched_run(recorded, "reverse", program, active, size) if active else []
    blocks = []
    start = 0
    for i, out in enumerate(recorded.types):
        if i not in linearized.out_active:
            zeros = [zeros_of(Type((*out.shape, *t.shape), t.dtype)) for t in in_types]
            blocks.append([_owned(z) for z in zeros])
            continue
        row = []
        for t, all_rows in zip(in_types, rows, strict=True):
            part = all_rows[start : start + out.size] if len(active) > 1 else all_rows
            part = reshape(part, (*out.shape, *t.shape))
            row.append(_owned(conj(part)))
        start += out.size
        blocks.append(row)
    return blocks


def hessian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The matrix of second derivatives of a scalar function: forward over reverse.

    The Jacobian of the gradient: for an argument of shape s the result has shape s + s; for a
    tree, a tree of trees. A function with array output gives the second derivatives of each.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    inner = jacobian(f, argnums, argnames, "reverse", has_aux, holomorphic)
    return jacobian(inner, argnums, argnames, "forward", has_aux, holomorphic)


def hessian_diagonal(
    f: Callable[..., Any], argnums: ArgNums = None, argnames: ArgNames = None
) -> Callable[..., Any]:
    """The second derivatives d²f/dx_i² of a scalar function, in the structure of the argument.

    Notes
    -----
    Costs one Hessian-vector product per element of the argument, batched; memory is that of a
    dense Hessian.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.hessian_diagonal(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    gradient = grad(f, argnums, argnames)

    @wraps(f)
    def diagonal(*args: Any, **kwargs: Any) -> Any:
        selection = select_arguments("hessian_diagonal", args, kwargs, argnums, argnames)
        require_differentiable("hessian_diagonal", selection)
        recorded = record("hessian_diagonal", gradient, selection)
        types = [leaf_type(x) for x in selection.leaves]
        blocks = _forward(recorded, types)
        parts = []
        for i, t in enumerate(types):
            square = reshape(blocks[i][i], (t.size, t.size))
            parts.append(reshape(np.diagonal(square), t.shape))
        return rebuild_tree(selection.spec, [_owned(p.copy()) for p in parts])

    return diagonal


def derivative(
    f: Callable[..., Any], argnums: ArgNums = None, argnames: ArgNames = None
) -> Callable[..., Any]:
    """df/dx of a function of one number, by forward mode; the output may be any tree.

    Raises
    ------
    NonScalarOutputError
        When the argument is not a scalar.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.derivative(np.sin)(0.0)
    np.float64(1.0)
    """

    @wraps(f)
    def derivative_of(*args: Any, **kwargs: Any) -> Any:
        selection = select_arguments("derivative", args, kwargs, argnums, argnames)
        require_differentiable("derivative", selection)
        if len(selection.leaves) != 1 or selection.leaves[0].shape != ():
            raise NonScalarOutputError(
                "derivative: the argument is not a single number.",
                got=", ".join(repr(leaf_type(x)) for x in selection.leaves),
                expected="a scalar argument",
                try_="wengert.jacobian, or wengert.elementwise_grad",
            )
        recorded = record("derivative", f, selection)
        seed = one(selection.leaves[0].dtype)
        found = dict(
            zip(recorded.linearized.out_active, push_forward(recorded, [seed]), strict=True)
        )
        leaves = [
            found[i] if i in found else zeros_of(t) if t.is_differentiable else None
            for i, t in enumerate(recorded.types)
        ]
        return rebuild_tree(recorded.spec, scalars(leaves))

    return derivative_of


def elementwise_grad(
    f: Callable[..., Any], argnums: ArgNums = None, argnames: ArgNames = None
) -> Callable[..., Any]:
    """The gradient of the sum of the outputs: f'(x) elementwise for functions like `np.sin`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        selection = select_arguments("elementwise_grad", args, kwargs, argnums, argnames)
        require_differentiable("elementwise_grad", selection)
        recorded = record("elementwise_grad", f, selection)
        active = [recorded.types[i] for i in recorded.linearized.out_active]
        ones = [full(t.shape, 1, t.dtype) for t in active]
        if not active:
            zeros = [zeros_of(x) for x in selection.leaves]
            return rebuild_tree(selection.spec, scalars(zeros))
        return rebuild_tree(selection.spec, pull_back(recorded, ones))

    return gradient
