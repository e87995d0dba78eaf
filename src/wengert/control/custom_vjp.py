"""`custom_vjp`: a function whose reverse derivative the user gives, in two parts.

The backward Program becomes the transpose of one linear equation, `custom_linear`, which stands in
the rule of an equation `custom` (see `custom_equation.py`). Forward mode runs `custom_linear`: the
transpose of the backward Program in its cotangents, where that is linear.

    operands   known values (captured by the backward part, residuals), tangents of the arguments
    backward   (known values, cotangents of the outputs) -> cotangents of the arguments
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert import trees
from wengert.control.bodies import Body, record_body, require_callable
from wengert.control.call import call_p, program_flops
from wengert.control.checkpoint import is_number
from wengert.control.custom import CustomCall, flatten_like, require_type
from wengert.control.custom_function import CustomFunction, outputs_of_pair
from wengert.control.dependence import transposed
from wengert.control.linearity import require_linear
from wengert.control.programs import record_linear_rule, zeros
from wengert.errors import OutputError
from wengert.ir.primitive import Primitive, define
from wengert.ir.program import Equation, Program, Var
from wengert.trace.evaluate import plan_of, record_program
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program, spread
from wengert.transforms.rules import LinearRule, linear_rule
from wengert.transforms.transpose import transpose_program

# -- the linear equation ---------------------------------------------------------------------------

_forward_programs: dict[Any, Program] = {}


def forward_program(backward: Program, n_known: int, name: str) -> Program:
    """The map of tangents: the transpose of `backward` in its cotangents."""
    key = (backward.key, n_known)
    program = _forward_programs.get(key)
    if program is None:
        mask = [i >= n_known for i in range(len(backward.inputs))]
        require_linear(
            backward, mask, f"forward mode through {name}: its backward rule", "the cotangent"
        )
        if len(_forward_programs) > 1000:
            _forward_programs.clear()
        program = _forward_programs[key] = transpose_program(backward, mask)
    return program


def _run(*args: Any, backward: Program, n_known: int, name: str) -> tuple[Any, ...]:
    return tuple(plan_of(forward_program(backward, n_known, name)).run(args))


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    n_known = params["n_known"]
    if any(i < n_known for i in active):  # the rule's own derivative: that of the forward map
        program = forward_program(**params)
        return linear_rule(call_p, kinds, {"program": program}, active)

    def build(args: list[Any], outs: list[Any], tangents: dict[int, Any]) -> dict[int, Any]:
        given = [
            tangents[i] if i in tangents else zeros(kinds[i]) for i in range(n_known, len(kinds))
        ]
        return dict(enumerate(bind(custom_linear_p, *args[:n_known], *given, **params)))

    return record_linear_rule(custom_linear_p, kinds, _types(**params), active, build)


def _types(*types: Any, backward: Program, n_known: int, name: str) -> tuple[Any, ...]:
    return backward.in_types[n_known:]


def _transpose(
    cts: Sequence[Any],
    args: Sequence[Any],
    linear: Sequence[int],
    *,
    backward: Program,
    n_known: int,
    name: str,
) -> dict[int, Any]:
    filled = [
        zeros(t) if ct is None else ct
        for ct, t in zip(cts, backward.in_types[n_known:], strict=True)
    ]
    found = record_program(backward, [*args[:n_known], *filled])
    return {i: found[i - n_known] for i in linear}


def _batch(
    size: int,
    args: Sequence[Any],
    is_batched: Sequence[bool],
    *,
    backward: Program,
    n_known: int,
    name: str,
) -> Any:
    n_cts = len(backward.inputs) - n_known
    mask = [*is_batched[:n_known], *[True] * n_cts]
    program = batch_program(backward, mask, size, [True] * len(backward.outputs)).program
    tangents = [
        a if on else spread(a, size)
        for a, on in zip(args[n_known:], is_batched[n_known:], strict=True)
    ]
    values = bind(
        custom_linear_p,
        *args[:n_known],
        *tangents,
        backward=program,
        n_known=n_known,
        name=name,
    )
    return values, (True,) * n_cts


def _series(order: int, args: Sequence[Sequence[Any]], **params: Any) -> list[list[Any]]:
    assert call_p.series is not None
    program = forward_program(**params)
    return call_p.series(order, args, program=program)


custom_linear_p = define(
    Primitive(
        "custom_linear",
        _run,
        _types,
        linearize=_linearize,
        transpose_all=_transpose,
        sparsity=transposed,
        batch=_batch,
        series=_series,
        cost=lambda in_types, out_types, *, backward, **params: program_flops(backward),
        is_multiple=True,
        facts={"meaning": "the linear map whose transpose is a given Program"},
    )
)

# -- what users call -------------------------------------------------------------------------------


class custom_vjp(CustomFunction):  # a decorator, named as users know it
    """A function whose reverse-mode derivative is given by a forward and a backward function.

    Parameters
    ----------
    fun : callable
        Function of trees of numbers and arrays.
    nondiff_argnums : int or tuple of int
        Arguments that are not differentiated; they may be anything, and come first in the
        backward function.

    Notes
    -----
    Both functions run at every recording that meets `fun`; the backward one sees no values, so
    that a decision on a cotangent raises. Forward mode transposes the backward function, which
    must then be linear in the cotangent (clipping is not). What the function closes over is not
    differentiated: an error says so where it would have to be.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> @wg.custom_vjp
    ... def clip_gradient(x):
    ...     return x
    >>> clip_gradient.defvjp(lambda x: (x, None), lambda _, ct: (np.minimum(ct, 1.0),))
    >>> wg.grad(lambda x: 5.0 * clip_gradient(x))(2.0)
    np.float64(1.0)
    """

    missing = ("defvjp", "{name}.defvjp(fwd, bwd)")

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Give the rule.

        Parameters
        ----------
        fwd : callable
            `fwd(*args) -> (out, residuals)`.
        bwd : callable
            `bwd(*nondiff, residuals, ct) -> cotangents`, a tuple with one entry for every
            differentiable argument; None stands for zero.
        """
        require_callable("custom_vjp", fwd, "fwd")
        require_callable("custom_vjp", bwd, "bwd")
        self.rule = (fwd, bwd)

    def _record_rule(self, call: CustomCall, primal: Body) -> tuple[Body, tuple[int, ...]]:
        fwd, rebuild = self._record_fwd(call, primal)
        bwd = self._record_bwd(call, primal, fwd, rebuild)
        outs = tuple([j for j, t in enumerate(primal.out_types) if t.is_differentiable])
        return _rule(self.name, call, primal, fwd, bwd, outs), outs

    def _record_fwd(
        self, call: CustomCall, primal: Body
    ) -> tuple[Body, Callable[[Sequence[Any]], Any]]:
        """The forward part, outputs then residual numbers; and how to put residuals together."""
        what = f"the forward rule of {self.name}"
        residuals: list[Any] = []

        def run(*args: Any) -> list[Any]:
            result = self.rule[0](*args)
            outs = outputs_of_pair(result, "residuals", what, primal.spec)
            leaves, spec = trees.flatten(result[1])
            residuals[:] = [spec, leaves]
            return [*outs, *[x for x in leaves if is_number(x)]]

        body = record_body(what, run, call.types, call.arguments, call.values)
        for t, expected in zip(body.out_types, primal.out_types, strict=False):
            require_type(f"the output of {what}", t, expected)
        spec, leaves = residuals
        places = [i for i, leaf in enumerate(leaves) if is_number(leaf)]
        static = [None if is_number(leaf) else leaf for leaf in leaves]

        def rebuild(handles: Sequence[Any]) -> Any:
            filled = list(static)
            for i, handle in zip(places, handles, strict=True):
                filled[i] = handle
            return trees.unflatten(spec, filled)

        return body, rebuild

    def _record_bwd(
        self, call: CustomCall, primal: Body, fwd: Body, rebuild: Callable[[Sequence[Any]], Any]
    ) -> Body:
        """The backward part: cotangents of the float arguments."""
        what = f"the backward rule of {self.name}"
        types = call.types
        out_types = primal.out_types
        residual_types = list(fwd.out_types[len(out_types) :])
        float_outs = [j for j, t in enumerate(out_types) if t.is_differentiable]

        def run(*leaves: Any) -> list[Any]:
            n = len(residual_types)
            cts: list[Any] = [None] * len(out_types)
            for j, ct in zip(float_outs, leaves[n:], strict=True):
                cts[j] = ct
            static = [value for _, value in call.static]
            ct = trees.unflatten(primal.spec, cts)
            result = self.rule[1](*static, rebuild(leaves[:n]), ct)
            if not isinstance(result, (tuple, list)) or len(result) != len(call.specs):
                size = f" of length {len(result)}" if isinstance(result, (tuple, list)) else ""
                raise OutputError(
                    f"{what} did not return a tuple with one cotangent per argument.",
                    got=f"{type(result).__name__}{size}",
                    expected=f"a tuple of length {len(call.specs)}",
                    try_="return (ct_x,), with None for zero",
                )
            found: list[Any] = []
            for spec, part in zip(call.specs, result, strict=True):
                found += flatten_like(spec, part, f"a cotangent of {what}")
            return [zeros(types[i]) if found[i] is None else found[i] for i in call.floats]

        in_types = [*residual_types, *[out_types[j] for j in float_outs]]
        body = record_body(what, run, in_types, lambda handles: handles)
        for t, i in zip(body.out_types, call.floats, strict=True):
            require_type(f"a cotangent of {what}", t, types[i])
        return body


def _rule(
    name: str, call: CustomCall, primal: Body, fwd: Body, bwd: Body, float_outs: Sequence[int]
) -> Body:
    """A forward rule made of both parts: the residuals, then one linear equation."""
    n_outputs = len(primal.out_types)
    outputs, residuals = fwd.program.outputs[:n_outputs], fwd.program.outputs[n_outputs:]
    captured = [Var(t) for t in bwd.program.in_types[: bwd.n_captured]]
    tangents = [Var(call.types[i]) for i in call.floats]
    known = (*captured, *residuals)
    slopes = tuple([Var(primal.out_types[j]) for j in float_outs])
    params = {"backward": bwd.program, "n_known": len(known), "name": name}
    equation = Equation(custom_linear_p, (*known, *tangents), params, slopes)
    n = fwd.n_captured
    inputs = [*fwd.program.inputs[:n], *captured, *fwd.program.inputs[n:], *tangents]
    equations = [*fwd.program.equations, *([equation] if slopes else [])]
    program = Program(inputs, equations, [*outputs, *slopes])
    return Body(program, (*fwd.captured, *bwd.captured), fwd.spec, fwd.paths)


__all__ = ["custom_linear_p", "custom_vjp", "forward_program"]
