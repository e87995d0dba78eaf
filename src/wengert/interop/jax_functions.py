"""`to_jax` and `from_jax`: functions between NumPy and JAX, with derivatives both ways.

A Wengert function becomes a callback (`jax.pure_callback`) with a custom derivative, which is the
callback of the derived function. In the other direction a JAX function becomes a foreign function
whose rules are JAX's own transforms, themselves functions that were brought over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, update_wrapper
from typing import Any

import jax
import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, DecisionError
from wengert.extend import foreign
from wengert.interop.flat import Flat, Flattened, Kept, has_tangent, result_types
from wengert.types import Type

MODES = ("reverse", "forward")


def to_jax(
    f: Callable[..., Any], mode: str = "reverse", out: Any = None, compile: bool = True
) -> Callable[..., Any]:
    """`f` as a function of JAX arrays, which JAX can differentiate, map and compile.

    Parameters
    ----------
    f : callable
        Function of trees of arrays, giving a tree of arrays.
    mode : {"reverse", "forward"}
        Which derivatives JAX can take, each to any order: JAX transposes no callback, so that one
        function cannot have both.
    out : tree, optional
        Arrays (or `jax.ShapeDtypeStruct`) like the result, needed only where `f` decides by values
        (`if`, `while`), so that its result's shape cannot be found beforehand.
    compile : bool, default True
        Whether `f` and its derivatives are compiled, as by `wengert.jit`.

    Returns
    -------
    callable
        The same with JAX arrays in place of NumPy's. Works under `jax.jit`, `jax.vmap` (one call
        for the whole batch) and, in its mode, `jax.grad`, `jax.vjp` or `jax.jvp`, `jax.jacfwd`.

    Notes
    -----
    The function runs in the precision of what it is given; with JAX's default of 32 bits its
    results are rounded to that: `jax.config.update("jax_enable_x64", True)` keeps float64.

    Examples
    --------
    >>> import numpy as np, wengert as wg, jax  # doctest: +SKIP
    >>> f = wg.interop.to_jax(lambda x: np.sum(np.sin(x)))  # doctest: +SKIP
    >>> jax.jit(jax.grad(f))(jax.numpy.zeros(2))  # doctest: +SKIP
    Array([1., 1.], dtype=float32)
    """
    if mode not in MODES:
        raise ArgumentError("to_jax: an unknown mode.", got=repr(mode), expected=" or ".join(MODES))
    flattened = Flattened(f, _is_array, compile)
    bridge = _reverse if mode == "reverse" else _forward
    bridges: dict[Flat, Any] = {}

    def on_arrays(*args: Any, **kwargs: Any) -> Any:
        flat, arrays = flattened(args, kwargs)
        arrays = [jax.numpy.asarray(x) for x in arrays]
        _, spec = _types(flat, arrays, out)
        bridged = bridges.get(flat)
        if bridged is None:
            bridged = bridges[flat] = bridge(flat, lambda xs: _types(flat, xs, out)[0])
        return trees.unflatten(spec, bridged(*arrays))

    return update_wrapper(on_arrays, f, updated=())


def _is_array(x: Any) -> bool:
    return isinstance(x, (jax.Array, np.ndarray, np.generic))


def _types(flat: Flat, arrays: Any, out: Any) -> tuple[list[Type], Any]:
    if out is not None:
        leaves, spec = trees.flatten(out)
        return [_type(x if hasattr(x, "dtype") else np.asarray(x)) for x in leaves], spec
    try:
        return result_types(flat, [_type(x) for x in arrays])
    except DecisionError as error:
        raise ArgumentError(
            "to_jax: what the function returns cannot be found without running it.",
            got=str(error).partition("\n")[0],
            expected="a function without decisions on values, or out=",
            try_="out=np.zeros(()) for a function that gives one float64",
        ) from error


def _callback(flat: Flat, types: list[Type], arrays: Any) -> tuple[Any, ...]:
    """The leaves of the result, by a call that JAX makes when it has the values."""
    ranks = [x.ndim for x in arrays]
    shapes = [jax.ShapeDtypeStruct(t.shape, jax.dtypes.canonicalize_dtype(t.dtype)) for t in types]

    def run(*values: Any) -> tuple[Any, ...]:
        values = tuple([np.asarray(v) for v in values])
        n_lead = values[0].ndim - ranks[0] if values else 0
        batched = flat
        for _ in range(n_lead):  # JAX has spread every array over the axes of its batches
            batched = batched.batched((0,) * len(values))
        leaves, _ = batched(values)
        return tuple([np.asarray(y, s.dtype) for y, s in zip(leaves, shapes, strict=True)])

    return tuple(jax.pure_callback(run, tuple(shapes), *arrays, vmap_method="broadcast_all"))


TypesOf = Callable[[Any], list[Type]]


def _reverse(flat: Flat, types_of: TypesOf) -> Callable[..., Any]:
    """The function with its pullback, which is bridged in the same way."""
    pullbacks: dict[int, Any] = {}

    @jax.custom_vjp
    def f(*arrays: Any) -> Any:
        return _callback(flat, types_of(arrays), arrays)

    def forward(*arrays: Any) -> Any:
        return f(*arrays), arrays

    def backward(arrays: Any, cts: Any) -> Any:
        n = len(arrays)
        pull = pullbacks.get(n)
        if pull is None:
            pull = pullbacks[n] = _reverse(flat.pullback(n), lambda xs: _float_types(xs[:n]))
        given = [ct for ct in cts if ct.dtype != jax.dtypes.float0]
        found = iter(pull(*arrays, *given))
        return tuple([next(found) if has_tangent(x) else None for x in arrays])

    f.defvjp(forward, backward)
    return f


def _forward(flat: Flat, types_of: TypesOf) -> Callable[..., Any]:
    """The function with its derivative along a direction, bridged in the same way."""
    derived: dict[int, Any] = {}

    @jax.custom_jvp
    def f(*arrays: Any) -> Any:
        return _callback(flat, types_of(arrays), arrays)

    @f.defjvp
    def along(arrays: Any, tangents: Any) -> Any:
        n = len(arrays)
        results = f(*arrays)
        push = derived.get(n)
        if push is None:
            push = derived[n] = _forward(
                flat.pushforward(n), lambda xs: _float_types(types_of(xs[:n]))
            )
        given = [dx for x, dx in zip(arrays, tangents, strict=True) if has_tangent(x)]
        found = iter(push(*arrays, *given))
        moved = [
            next(found) if has_tangent(y) else np.zeros(y.shape, jax.dtypes.float0) for y in results
        ]
        return results, tuple(moved)

    return f


def _type(x: Any) -> Type:
    return Type(tuple(x.shape), np.dtype(x.dtype))


def _float_types(arrays: Iterable[Any]) -> list[Type]:
    """The Types of those that have tangents."""
    return [_type(x) for x in arrays if has_tangent(x)]


def from_jax(f: Callable[..., Any]) -> Callable[..., Any]:
    """A JAX function as a function of NumPy arrays, which Wengert can differentiate.

    Parameters
    ----------
    f : callable
        Function of trees of arrays, giving a tree of arrays; it is compiled with `jax.jit` for the
        CPU and must give the same result for the same arguments.

    Returns
    -------
    callable
        Works in forward and reverse mode, to any order, and under `vmap`, `jit` and `trace`;
        compiled code calls back into Python for it.

    Notes
    -----
    It runs with JAX's 64-bit mode on, so that float64 stays float64, whatever the program's own
    setting. Arrays and results share their memory where JAX allows it.

    Examples
    --------
    >>> import numpy as np, wengert as wg, jax  # doctest: +SKIP
    >>> f = wg.interop.from_jax(lambda x: jax.numpy.sinh(x).sum())  # doctest: +SKIP
    >>> wg.grad(f)(np.array([0.0, 1.0]))  # doctest: +SKIP
    array([1.        , 1.54308063])
    """
    compiled = jax.jit(f)
    rules = Kept()

    def on_arrays(*args: Any, **kwargs: Any) -> Any:
        with jax.enable_x64(True):
            return trees.map_tree(_as_numpy, compiled(*args, **kwargs))

    def push(primals: Any, tangents: Any, **kwargs: Any) -> Any:
        return rules.get(_pushforward, f, kwargs)(primals, tangents)

    def pull(primals: Any, result: Any, cotangent: Any, **kwargs: Any) -> Any:
        return rules.get(_pullback, f, kwargs)(primals, cotangent)

    def types(*args: Any, **kwargs: Any) -> Any:
        with jax.enable_x64(True):
            shapes = [
                jax.ShapeDtypeStruct(x.shape, x.dtype) if isinstance(x, Type) else x
                for x in trees.flatten((args, kwargs))[0]
            ]
            args, kwargs = trees.unflatten(trees.structure((args, kwargs)), shapes)
            result = jax.eval_shape(f, *args, **kwargs)
        return trees.map_tree(lambda y: Type(tuple(y.shape), np.dtype(y.dtype)), result)

    on_arrays.__name__ = getattr(f, "__name__", type(f).__name__)
    on_arrays.__doc__ = f.__doc__
    return foreign(on_arrays, jvp=push, vjp=pull, out=types)


def _pullback(f: Callable[..., Any], kwargs: Any) -> Callable[..., Any]:
    """(primals, cotangent) -> cotangents, as a foreign function of its own."""

    def pull(primals: Any, cotangent: Any) -> Any:
        _, spec = trees.flatten(primals)
        g, floats = _of_floats(partial(f, **kwargs), primals)
        results, back = jax.vjp(g, *floats)
        cts = iter(trees.flatten(cotangent)[0])
        found = iter(back(tuple([next(cts) for _ in results])))
        leaves = trees.flatten(primals)[0]
        return trees.unflatten(spec, [next(found) if has_tangent(x) else None for x in leaves])

    return from_jax(pull)


def _pushforward(f: Callable[..., Any], kwargs: Any) -> Callable[..., Any]:
    """(primals, tangents) -> tangent of the result, as a foreign function of its own."""

    def push(primals: Any, tangents: Any) -> Any:
        g, floats = _of_floats(partial(f, **kwargs), primals)
        _, moved = jax.jvp(g, tuple(floats), tuple(trees.flatten(tangents)[0]))
        found = iter(moved)
        result = jax.eval_shape(partial(f, **kwargs), *primals)
        leaves, spec = trees.flatten(result)
        return trees.unflatten(spec, [next(found) if has_tangent(y) else None for y in leaves])

    return from_jax(push)


def _of_floats(f: Callable[..., Any], primals: Any) -> tuple[Callable[..., Any], list[Any]]:
    """`f` as a function of its floating-point leaves, giving those of its result; the leaves."""
    leaves, spec = trees.flatten(primals)
    leaves = [jax.numpy.asarray(x) for x in leaves]

    def g(*floats: Any) -> Any:
        rest = iter(floats)
        filled = [next(rest) if has_tangent(x) else x for x in leaves]
        results = trees.flatten(f(*trees.unflatten(spec, filled)))[0]
        return tuple([y for y in results if has_tangent(y)])

    return g, [x for x in leaves if has_tangent(x)]


def _as_numpy(y: Any) -> Any:
    return np.asarray(y)[()]
