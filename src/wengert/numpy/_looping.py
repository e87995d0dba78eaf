"""Python functions applied element by element: `vectorize`, `ndenumerate`; and `kaiser`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wengert.ops.core import convert, reshape
from wengert.ops.creation import here
from wengert.ops.functions import as_operand
from wengert.ops.joining import has_tracer, stack


class vectorize(np.vectorize):  # NumPy's name
    """`np.vectorize`; traced elements are given to the Python function one by one.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> import wengert.numpy as wnp
    >>> relu = wnp.vectorize(lambda a: a if a > 0 else 0.0 * a)
    >>> wg.grad(lambda x: wnp.sum(relu(x)))(np.array([-1.0, 2.0]))
    array([0., 1.])
    """

    # NumPy's __call__ sorts out excluded and keyword arguments and comes here.
    def _vectorize_call(self, func: Callable[..., Any], args: Any) -> Any:
        if not has_tracer(args):
            return super()._vectorize_call(func, args)  # type: ignore[misc]  # not in its stub
        operands = [as_operand(a) for a in args]
        n_core = _core_ranks(self.signature, len(args))
        loops = [x.shape[: len(x.shape) - k] for x, k in zip(operands, n_core, strict=True)]
        shape = np.broadcast_shapes(*loops)
        spread = [
            np.broadcast_to(x, (*shape, *x.shape[len(x.shape) - k :]))
            for x, k in zip(operands, n_core, strict=True)
        ]
        results = [func(*[x[place] for x in spread]) for place in np.ndindex(shape)]
        if not isinstance(results[0], tuple):
            return self._joined(results, shape, 0)
        return tuple(
            [self._joined(part, shape, i) for i, part in enumerate(zip(*results, strict=True))]
        )

    def _joined(self, results: Any, shape: tuple[int, ...], i: int) -> Any:
        joined = stack([as_operand(r) for r in results], 0)
        joined = reshape(joined, (*shape, *joined.shape[1:]))
        types = self.otypes
        return joined if not types else convert(joined, np.dtype(types[i]))


def _core_ranks(signature: str | None, n: int) -> list[int]:
    """How many axes of each argument the function sees: of "(n),(m,n)->(m)" 1 and 2."""
    if signature is None:
        return [0] * n
    inputs = signature.partition("->")[0]
    return [len(re.findall(r"\w+", part)) for part in re.findall(r"\(([^)]*)\)", inputs)]


def ndenumerate(arr: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Pairs of an index and the element there, in C order."""
    if not has_tracer(arr):
        return np.ndenumerate(arr)
    x = as_operand(arr)
    return ((place, x[place]) for place in np.ndindex(x.shape))


def kaiser(M: Any, beta: Any) -> Any:
    """The Kaiser window of length M, differentiable in its shape parameter `beta`."""
    if not has_tracer(beta):
        return here(np.kaiser(M, beta))
    n = np.arange(M)
    half = max((M - 1) / 2.0, 0.5)
    height = np.sqrt(np.maximum(1.0 - ((n - (M - 1) / 2.0) / half) ** 2, 0.0))
    return np.i0(beta * height) / np.i0(beta)
