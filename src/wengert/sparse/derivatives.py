"""`jacobian`, `hessian` and their relatives: what users call."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from wengert.api.arguments import (
    ArgNames,
    ArgNums,
    rebuild_tree,
    require_differentiable,
    select_arguments,
)
from wengert.api.differentiate import record, value_and_grad
from wengert.compression.plan import MEMORY, Plan
from wengert.errors import ArgumentError, NotDifferentiableError
from wengert.scipy.sparse.arrays import SparseArray
from wengert.sparse.functions import SparseFunction, Wish, compressed, prepared_functions
from wengert.sparse.patterns import given_structure
from wengert.sparse.probe import check_given_pattern
from wengert.trace.tracer import Tracer

FORMATS = ("csr", "csc", "coo")
MODES = ("auto", "forward", "reverse")


def jacobian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    pattern: Any = None,
    format: str = "csr",
    mode: str = "auto",
    has_aux: bool = False,
    memory: float = MEMORY,
) -> Callable[..., Any]:
    """The Jacobian of a function as a sparse matrix.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays.
    argnums, argnames
        What to differentiate with respect to, as in `wengert.jacobian`; by default argument 0.
    pattern : Pattern, sparse matrix or boolean array, optional
        Where the Jacobian may be different from zero, if that is known better than it is found.
    format : {"csr", "csc", "coo"}
    mode : {"auto", "forward", "reverse"}
        Products with columns together, or with rows; "auto" takes what costs less.
    has_aux : bool, default False
        Whether `f` returns a pair whose second entry is passed on undifferentiated.
    memory : float, default 2**30
        Bytes that the intermediate results of products may take at once.

    Returns
    -------
    callable
        Called like `f`, gives a `scipy.sparse` array: rows are the elements of the outputs, one
        leaf after the other in C order, columns those of the arguments. Where arguments are
        traced, a `wengert.scipy.sparse.SparseArray` with traced values.

    Raises
    ------
    ArgumentError
        When the pattern given misses an entry that is not zero, which is named.

    Notes
    -----
    The first call records `f`, finds the pattern, colors it and compiles value and products
    together; later ones with arguments of the same shapes run what was compiled. Integer and
    boolean arguments are part of what is prepared: for others all is done again. The pattern is
    right whatever the floating-point arguments are: it may hold entries that happen to be zero.

    Source: Curtis, Powell and Reid (1974) for products of several columns at once; Gebremedhin,
    Manne and Pothen (2005) for coloring.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> J = wg.sparse.jacobian(lambda x: x[1:] * x[:-1])(np.array([1.0, 2.0, 3.0]))
    >>> J.toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """
    both = value_and_jacobian(f, argnums, argnames, pattern, format, mode, has_aux, memory)

    @wraps(f)
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    prepared_functions[jacobian_of] = prepared_functions[both]
    return jacobian_of


def value_and_jacobian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    pattern: Any = None,
    format: str = "csr",
    mode: str = "auto",
    has_aux: bool = False,
    memory: float = MEMORY,
) -> Callable[..., Any]:
    """The value and the sparse Jacobian of a function, computed together; see `jacobian`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> value, J = wg.sparse.value_and_jacobian(np.sin)(np.array([0.0, 1.0]))
    >>> value, J.nnz
    (array([0.        , 0.84147098]), 2)
    """
    wish = _wish("sparse.jacobian", format, mode, memory, pattern)

    def derive(args: Any, kwargs: Any) -> tuple[Any, Plan, Any]:
        selection = select_arguments(wish.name, args, kwargs, argnums, argnames)
        require_differentiable(wish.name, selection)
        recorded = record(wish.name, f, selection, has_aux)
        _require_floats(wish.name, recorded.types)
        made, data = compressed(recorded, selection, wish)
        value = rebuild_tree(recorded.spec, recorded.values)
        return ((value, recorded.aux) if has_aux else value), made, data

    prepared = SparseFunction(derive)

    @wraps(f)
    def value_and_jacobian_of(*args: Any, **kwargs: Any) -> Any:
        value, made, data, is_new = prepared(args, kwargs)
        if is_new and wish.given is not None:
            selection = select_arguments(wish.name, args, kwargs, argnums, argnames)
            check_given_pattern(wish.name, f, selection, has_aux, made.structure, data)
        return value, matrix(made, data, format)

    prepared_functions[value_and_jacobian_of] = prepared
    return value_and_jacobian_of


def hessian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    pattern: Any = None,
    format: str = "csr",
    memory: float = MEMORY,
) -> Callable[..., Any]:
    """The matrix of second derivatives of a scalar function, sparse; see `jacobian`.

    Both triangles are stored. Where `f` is a sum of many terms of few arguments each, the products
    are as many as one term has arguments, whatever the pattern of the sum.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> f = lambda x: np.sum(x[1:] * x[:-1] ** 2)
    >>> wg.sparse.hessian(f)(np.array([1.0, 2.0, 3.0])).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    both = value_and_hessian(f, argnums, argnames, pattern, format, memory)

    @wraps(f)
    def hessian_of(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    prepared_functions[hessian_of] = prepared_functions[both]
    return hessian_of


def value_and_hessian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    pattern: Any = None,
    format: str = "csr",
    memory: float = MEMORY,
) -> Callable[..., Any]:
    """The value and the sparse Hessian of a scalar function; see `hessian`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> value, H = wg.sparse.value_and_hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    >>> value, H.diagonal()
    (np.float64(9.0), array([ 6., 12.]))
    """
    three = value_grad_and_hessian(f, argnums, argnames, pattern, format, memory)

    @wraps(f)
    def value_and_hessian_of(*args: Any, **kwargs: Any) -> Any:
        value, _, result = three(*args, **kwargs)
        return value, result

    prepared_functions[value_and_hessian_of] = prepared_functions[three]
    return value_and_hessian_of


def value_grad_and_hessian(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    pattern: Any = None,
    format: str = "csr",
    memory: float = MEMORY,
) -> Callable[..., Any]:
    """The value, the gradient and the sparse Hessian of a scalar function, computed together.

    The gradient has the structure of the argument, as that of `wengert.grad`; see `hessian`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> f = wg.sparse.value_grad_and_hessian(lambda x: np.sum(x**3))
    >>> f(np.array([1.0, 2.0]))[1]
    array([ 3., 12.])
    """
    wish = _wish("sparse.hessian", format, "auto", memory, pattern, is_symmetric=True)
    gradient = value_and_grad(f, argnums, argnames)

    def gradient_first(*args: Any, **kwargs: Any) -> Any:
        value, found = gradient(*args, **kwargs)
        return found, value

    def derive(args: Any, kwargs: Any) -> tuple[Any, Plan, Any]:
        selection = select_arguments(wish.name, args, kwargs, argnums, argnames)
        require_differentiable(wish.name, selection)
        recorded = record(wish.name, gradient_first, selection, has_aux=True)
        made, data = compressed(recorded, selection, wish)
        return (recorded.aux, rebuild_tree(recorded.spec, recorded.values)), made, data

    prepared = SparseFunction(derive)

    @wraps(f)
    def value_grad_and_hessian_of(*args: Any, **kwargs: Any) -> Any:
        (value, found), made, data, is_new = prepared(args, kwargs)
        if is_new and wish.given is not None:
            selection = select_arguments(wish.name, args, kwargs, argnums, argnames)
            check_given_pattern(wish.name, gradient_first, selection, True, made.structure, data)
        return value, found, matrix(made, data, format)

    prepared_functions[value_grad_and_hessian_of] = prepared
    return value_grad_and_hessian_of


def matrix(made: Plan, data: Any, format: str) -> Any:
    """The values as a sparse array of their own index arrays, traced or SciPy's."""
    structure = made.structure
    if isinstance(data, Tracer):
        return SparseArray(data, structure.indices, structure.pointers, structure.shape)
    return structure.in_format(data, format)


def _wish(
    name: str, format: str, mode: str, memory: float, pattern: Any, is_symmetric: bool = False
) -> Wish:
    for what, wanted, known in (("format", format, FORMATS), ("mode", mode, MODES)):
        if wanted not in known:
            raise ArgumentError(
                f"{name}: there is no such {what}.",
                got=repr(wanted),
                expected=", ".join(map(repr, known)),
            )
    if not memory > 0:
        raise ArgumentError(
            f"{name}: memory is not positive.", got=repr(memory), expected="a number of bytes"
        )
    given = None if pattern is None else given_structure(name, pattern)
    return Wish(name, mode, float(memory), given, is_symmetric)


def _require_floats(name: str, types: Any) -> None:
    for t in types:
        if t is None or not t.is_differentiable:
            raise NotDifferentiableError(
                f"{name}: the function's output is an integer or boolean.",
                got=repr(t),
                expected="floating-point outputs",
            )


__all__ = [
    "hessian",
    "jacobian",
    "matrix",
    "value_and_hessian",
    "value_and_jacobian",
    "value_grad_and_hessian",
]
