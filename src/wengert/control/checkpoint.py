"""`checkpoint`: a function whose derivative computes its inner values again.

The linear form of a checkpoint holds its forward part: it takes the inputs and the tangents,
computes again, and applies the linear map. Its transpose is one equation that needs the cotangent,
so that the second computation waits until the backward pass arrives there. `stop_gradient`, which
shapes derivatives too, is here as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from wengert import trees
from wengert.control.bodies import as_operand, leaf_type, record_body, require_callable
from wengert.control.call import running_primitive
from wengert.control.programs import needed_inputs, restrict, split
from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive, define
from wengert.ir.program import Equation, Program, Var
from wengert.trace.tracer import Tracer, bind
from wengert.transforms.rules import LinearRule


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    program: Program = params["program"]
    made = split(program, [i in active for i in range(len(kinds))])
    again = Program([*program.inputs, *made.tangents], [*made.forward, *made.linear], made.results)
    again = restrict(again, range(len(made.results)))
    needed = needed_inputs(again)[: len(kinds)]
    reads_in = tuple([i for i, on in enumerate(needed) if on])
    kept = [*[program.inputs[i] for i in reads_in], *made.tangents]
    again = Program(kept, again.equations, again.outputs)
    inputs = [Var(v.type) for v in kept]
    outputs = tuple([Var(t) for t in again.out_types])
    equation = Equation(checkpoint_p, tuple(inputs), {"program": again}, outputs)
    equations = [equation] if outputs else []
    return LinearRule(Program(inputs, equations, outputs), reads_in, (), active, made.out_active)


checkpoint_p = running_primitive(
    "checkpoint", _linearize, "runs a Program; its derivative keeps the inputs only"
)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose derivative keeps its inputs and computes what lies between again.

    Parameters
    ----------
    f : callable
        Function of trees; what is neither number nor array is passed on as it is. Arrays and
        traced values that it closes over are kept, too.

    Returns
    -------
    callable
        With the same values and derivatives. Reverse mode needs the memory of one call of `f`
        at a time and runs `f` once more.

    Notes
    -----
    Decisions on values work as in the function around it. Where there are no values, inside a
    loop body or under `vmap`, they are for `cond` and `np.where`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> @wg.checkpoint
    ... def layer(x):
    ...     return np.sin(np.sin(x))
    >>> wg.grad(lambda x: layer(layer(x)))(0.0)
    np.float64(1.0)
    """
    require_callable("checkpoint", f, "the argument")

    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = trees.flatten((args, kwargs))
        places = [i for i, leaf in enumerate(leaves) if is_number(leaf)]
        values = [as_operand("checkpoint", leaves[i], f"argument {i}") for i in places]

        def rebuild(handles: list[Any]) -> Any:
            filled = list(leaves)
            for i, handle in zip(places, handles, strict=True):
                filled[i] = handle
            return trees.unflatten(spec, filled)

        def run(args: Any, kwargs: Any) -> Any:
            return f(*args, **kwargs)

        types = [leaf_type(v) for v in values]
        body = record_body("checkpoint", run, types, rebuild, values)
        results = bind(checkpoint_p, *body.captured, *values, program=body.program)
        return trees.unflatten(body.spec, results)

    return checkpointed


def is_number(leaf: Any) -> bool:
    """Whether a leaf is a number or an array, which is recorded, not passed on."""
    return isinstance(leaf, (Tracer, np.ndarray, np.generic, bool, int, float, complex))


stop_gradient_p: Primitive = define(
    Primitive(
        "stop_gradient",
        lambda x: x,
        lambda x: x,
        batch=lambda size, args, is_batched: (bind(stop_gradient_p, args[0]), True),
        cost=lambda in_types, out_types, **params: 0,
        may_alias=True,
        is_elementwise=True,
        render=lambda ins, params: ins[0],
        facts={"derivative": "zero in every mode and order"},
        emit=Elementwise(lambda b, x: x, "own"),
    )
)


def stop_gradient(x: Any) -> Any:
    """`x`, held constant under differentiation.

    Parameters
    ----------
    x : tree of numbers and arrays

    Returns
    -------
    tree
        Equal values whose derivative is zero, in every mode and to every order.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.grad(lambda x: x * wg.stop_gradient(x))(3.0)
    np.float64(3.0)
    """

    def stop(leaf: Any) -> Any:
        if isinstance(leaf, Tracer):
            return bind(stop_gradient_p, leaf)
        return leaf.copy() if isinstance(leaf, np.ndarray) else leaf

    return trees.map_tree(stop, x)


remat = checkpoint

__all__ = ["checkpoint", "remat", "stop_gradient"]
