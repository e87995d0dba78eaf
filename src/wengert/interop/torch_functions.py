"""`to_torch` and `from_torch`: functions between NumPy and PyTorch, with derivatives both ways.

A Wengert function becomes a `torch.autograd.Function` whose backward pass is the pullback. Where
PyTorch differentiates the backward pass, the pullback goes the same way. In the other direction a
PyTorch function becomes a foreign function whose rules are PyTorch's own transforms, themselves
functions that were brought over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np
import torch

from wengert import trees
from wengert.errors import ArgumentError, DtypeError
from wengert.extend import foreign
from wengert.interop.flat import Flat, Flattened, Kept
from wengert.types import Type


def to_torch(f: Callable[..., Any], compile: bool = True) -> Callable[..., Any]:
    """`f` as a function of PyTorch tensors, which PyTorch can differentiate.

    Parameters
    ----------
    f : callable
        Function of trees of arrays, giving a tree of arrays.
    compile : bool, default True
        Whether `f` and its derivatives are compiled, as by `wengert.jit`.

    Returns
    -------
    callable
        The same with tensors in place of arrays, on the CPU. It works with `backward`, with
        `torch.autograd.grad` to any order, and under `torch.func`: `grad`, `vjp`, `jvp`, `jacrev`,
        `jacfwd`, `hessian`, `vmap`.

    Raises
    ------
    ArgumentError
        For a tensor that is not on the CPU.
    DtypeError
        For a dtype that NumPy does not have, such as bfloat16.

    Notes
    -----
    Tensors and arrays share their memory: nothing is copied on the way in or out. Integer and
    boolean tensors have no derivative. A backward pass computes what it needs of `f` again.

    Examples
    --------
    >>> import numpy as np, wengert as wg, torch  # doctest: +SKIP
    >>> f = wg.interop.to_torch(lambda x: np.sum(np.sin(x)))  # doctest: +SKIP
    >>> x = torch.zeros(2, dtype=torch.float64, requires_grad=True)  # doctest: +SKIP
    >>> f(x).backward(); x.grad  # doctest: +SKIP
    tensor([1., 1.], dtype=torch.float64)
    """
    flattened = Flattened(f, lambda x: isinstance(x, torch.Tensor), compile)

    def on_tensors(*args: Any, **kwargs: Any) -> Any:
        flat, tensors = flattened(args, kwargs)
        result = _Structure()
        outputs = _Bridge.apply(flat, result, *tensors)
        return trees.unflatten(result.spec, outputs)

    return update_wrapper(on_tensors, f, updated=())


class _Structure:
    """Where the structure of a result is left, past a library that sees rows of tensors only."""

    spec: Any = None


class _Bridge(torch.autograd.Function):
    """`apply(flat, result, *tensors)`: the leaves of the result; their structure is left in it."""

    @staticmethod
    def forward(flat: Flat, result: _Structure, *tensors: torch.Tensor) -> Any:
        arrays = [_array(t) for t in tensors]
        leaves, result.spec = flat(arrays)
        return tuple([_tensor(x, arrays) for x in leaves])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.flat, _, *tensors = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.has_tangent = [_has_tangent(t) for t in output]
        ctx.mark_non_differentiable(*[t for t in output if not _has_tangent(t)])

    @staticmethod
    def backward(ctx: Any, *cts: Any) -> Any:
        tensors = ctx.saved_tensors
        given = [ct for ct, on in zip(cts, ctx.has_tangent, strict=True) if on]
        found = iter(_Bridge.apply(ctx.flat.pullback(len(tensors)), _Structure(), *tensors, *given))
        return (None, None, *[next(found) if _has_tangent(t) else None for t in tensors])

    @staticmethod
    def jvp(ctx: Any, _flat: Any, _result: Any, *tangents: Any) -> Any:
        tensors = ctx.saved_tensors
        given = [
            torch.zeros_like(t) if dt is None else dt
            for t, dt in zip(tensors, tangents, strict=True)
            if _has_tangent(t)
        ]
        found = iter(
            _Bridge.apply(ctx.flat.pushforward(len(tensors)), _Structure(), *tensors, *given)
        )
        return tuple([next(found) if on else None for on in ctx.has_tangent])

    @staticmethod
    def vmap(info: Any, in_dims: Any, flat: Flat, result: _Structure, *tensors: Any) -> Any:
        outputs = _Bridge.apply(flat.batched(tuple(in_dims[2:])), result, *tensors)
        return outputs, (0,) * len(outputs)


def from_torch(f: Callable[..., Any], out: Any = None) -> Callable[..., Any]:
    """A PyTorch function as a function of arrays, which Wengert can differentiate.

    Parameters
    ----------
    f : callable
        Function of trees of tensors, giving a tree of tensors, such as a `torch.nn.Module`. It
        runs on the CPU, and must give the same result for the same arguments.
    out : tree, optional
        Arrays with the shapes and dtypes of the result, needed only where PyTorch cannot find them
        without running `f`; as in `wengert.extend.foreign`.

    Returns
    -------
    callable
        Works in forward and reverse mode, to the order that PyTorch has, and under `vmap`, `jit`
        and `trace`; compiled code calls back into Python for it.

    Notes
    -----
    Arrays and tensors share their memory. Parameters of a module are constants: to differentiate
    with respect to them, pass them as arguments, with `torch.func.functional_call`.

    Examples
    --------
    >>> import numpy as np, wengert as wg, torch  # doctest: +SKIP
    >>> f = wg.interop.from_torch(lambda x: torch.special.i0(x).sum())  # doctest: +SKIP
    >>> wg.grad(f)(np.array([0.0, 1.0]))  # doctest: +SKIP
    array([0.        , 0.56515911])
    """

    def on_arrays(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = trees.map_tree(_as_tensor, (args, kwargs))
        with torch.no_grad():
            return trees.map_tree(_as_array, f(*args, **kwargs))

    rules = Kept()  # a rule is one function, so that what was recorded of it is found again

    def push(primals: Any, tangents: Any, **kwargs: Any) -> Any:
        return rules.get(_pushforward, f, kwargs)(primals, tangents)

    def pull(primals: Any, result: Any, cotangent: Any, **kwargs: Any) -> Any:
        return rules.get(_pullback, f, kwargs)(primals, cotangent)

    def types(*args: Any, **kwargs: Any) -> Any:
        return _result_types(f, args, kwargs)

    on_arrays.__name__ = getattr(f, "__name__", type(f).__name__)
    on_arrays.__doc__ = f.__doc__
    return foreign(on_arrays, jvp=push, vjp=pull, out=types if out is None else out)


def _pullback(f: Callable[..., Any], kwargs: Any) -> Callable[..., Any]:
    """(primals, cotangent) -> cotangents, as a foreign function of its own."""

    def pull(primals: Any, cotangent: Any) -> Any:
        leaves, spec = trees.flatten(primals)
        active = [i for i, x in enumerate(leaves) if _has_tangent(x)]

        def g(*floats: Any) -> Any:
            filled = list(leaves)
            for i, x in zip(active, floats, strict=True):
                filled[i] = x
            results = trees.flatten(f(*trees.unflatten(spec, filled), **kwargs))[0]
            return tuple([y for y in results if _has_tangent(y)])

        back: Any = torch.func.vjp(g, *[leaves[i] for i in active])[1]
        found = iter(back(tuple(trees.flatten(cotangent)[0])))
        cts = [next(found) if i in active else None for i in range(len(leaves))]
        return trees.unflatten(spec, cts)

    return from_torch(pull)


def _pushforward(f: Callable[..., Any], kwargs: Any) -> Callable[..., Any]:
    """(primals, tangents) -> tangent of the result, as a foreign function of its own."""

    def push(primals: Any, tangents: Any) -> Any:
        leaves, spec = trees.flatten(primals)
        active = [i for i, x in enumerate(leaves) if _has_tangent(x)]
        out_spec: Any = None

        def g(*floats: Any) -> Any:
            nonlocal out_spec
            filled = list(leaves)
            for i, x in zip(active, floats, strict=True):
                filled[i] = x
            results, out_spec = trees.flatten(f(*trees.unflatten(spec, filled), **kwargs))
            return tuple(results)

        along = tuple(trees.flatten(tangents)[0])
        results, found = torch.func.jvp(g, tuple([leaves[i] for i in active]), along)[:2]
        moved = [dy if _has_tangent(y) else None for y, dy in zip(results, found, strict=True)]
        return trees.unflatten(out_spec, moved)

    return from_torch(push)


def _result_types(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What `f` returns for arguments of these Types, found without computing it."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    def pretended(x: Any) -> Any:
        if isinstance(x, Type):
            return torch.empty(x.shape, dtype=_torch_dtype(x.dtype))
        return x

    with FakeTensorMode(allow_non_fake_inputs=True):
        args, kwargs = trees.map_tree(pretended, (args, kwargs))
        result = f(*args, **kwargs)
    return trees.map_tree(lambda y: Type(tuple(y.shape), _numpy_dtype(y.dtype)), result)


def _torch_dtype(dtype: Any) -> torch.dtype:
    return torch.from_numpy(np.empty(0, dtype)).dtype


def _numpy_dtype(dtype: torch.dtype) -> Any:
    return torch.empty(0, dtype=dtype).numpy().dtype


def _as_tensor(x: Any) -> Any:
    return _tensor(x, ()) if isinstance(x, (np.ndarray, np.generic)) else x


def _as_array(t: Any) -> Any:
    return _array(t)[()] if isinstance(t, torch.Tensor) else t


def _has_tangent(t: Any) -> bool:
    return isinstance(t, torch.Tensor) and (t.dtype.is_floating_point or t.dtype.is_complex)


def _array(t: torch.Tensor) -> np.ndarray[Any, Any]:
    """The array with the memory of a tensor."""
    if t.device.type != "cpu":
        raise ArgumentError(
            "to_torch: a tensor is not on the CPU.",
            got=f"a tensor on {t.device}",
            expected="tensors on the CPU, whose memory NumPy can read",
            try_="x.cpu() before the call, and .to(device) after it",
        )
    try:
        return t.detach().resolve_conj().resolve_neg().numpy()
    except TypeError as error:
        raise DtypeError(
            "to_torch: NumPy has no such dtype.",
            got=str(t.dtype),
            expected="float32, float64, complex64, complex128, integers or booleans",
            try_="x.double() before the call",
        ) from error


def _tensor(x: Any, arrays: Sequence[Any]) -> torch.Tensor:
    """The tensor with the memory of an array; a copy of what PyTorch must not write to."""
    x = np.asarray(x)
    is_plain = x.flags.writeable and all([s >= 0 for s in x.strides])
    if not is_plain or any([np.may_share_memory(x, a) for a in arrays]):
        x = x.copy()
    return torch.from_numpy(x)
