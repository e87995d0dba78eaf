"""`to_sympy`, `differentiate`, `derive` and `latex`: from functions and Programs to expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, NotDifferentiableError
from wengert.ir.program import Program
from wengert.symbolic.code import from_sympy
from wengert.symbolic.interpret import run
from wengert.symbolic.library import Expr, array_of, boxed, held, sympy
from wengert.symbolic.naming import Argument, Shapes, arguments_of, to_public
from wengert.trace.recording import record_function
from wengert.types import Type


@dataclass(frozen=True)
class Traced:
    """A function run on symbols: the entries of each leaf of its result, in working symbols."""

    arguments: list[Argument]
    spec: Any
    outputs: list[np.ndarray[Any, Any]]


def to_sympy(
    f: Callable[..., Any] | Program,
    *,
    shapes: Shapes = None,
    example: tuple[Any, ...] | None = None,
    names: Sequence[str] | None = None,
) -> Any:
    """What a function or a Program computes, as SymPy expressions.

    Loops of known length are unrolled, arrays written out entry by entry: meant for scalar
    functions and small arrays.

    Parameters
    ----------
    f : callable or Program
        A function that Wengert can trace without values (`np.where` or `wengert.cond` instead of
        `if`), or a Program.
    shapes : mapping or sequence, optional
        For a function: shapes of its parameters, by name or in order; scalars by default.
    example : tuple, optional
        Instead of `shapes`: arguments whose structure, shapes and dtypes are to be used. Integers
        among them are held as they are.
    names : sequence of str, optional
        For a Program: the names of its inputs; x0, x1, … by default.

    Returns
    -------
    expression, SymPy array, or a tree of these
        In symbols named after the parameters: `x` for a scalar, `x_0`, `x_1`, … or `x_0_0`, … for
        an array, `p_w_0` for `p["w"][0]`. For a Program with several outputs a tuple.

    Raises
    ------
    MissingRuleError
        If an operation has no counterpart in SymPy.
    DecisionError
        If the function decides on a traced value.

    Examples
    --------
    >>> import numpy as np
    >>> to_sympy(lambda x, y: np.sin(x) * y**2)
    y**2*sin(x)
    >>> to_sympy(lambda x: x @ x, shapes=[2])
    x_0**2 + x_1**2
    """
    traced = _trace(f, shapes, example, names, "to_sympy")
    shown = to_public(traced.arguments)
    return trees.unflatten(traced.spec, [_public(out, shown) for out in traced.outputs])


def differentiate(
    f: Callable[..., Any] | Program,
    argnum: int = 0,
    *,
    shapes: Shapes = None,
    example: tuple[Any, ...] | None = None,
    names: Sequence[str] | None = None,
) -> Any:
    """The derivative of a function or Program as a SymPy expression, by SymPy's own rules.

    Nothing of it comes from the derivative rules of `wengert.grad`: it is an independent answer,
    and shows what symbolic differentiation does to the size of an expression (see
    `expression_size`).

    Parameters
    ----------
    f, shapes, example, names
        As for `to_sympy`.
    argnum : int, default 0
        The parameter to differentiate with respect to: a number or an array.

    Returns
    -------
    expression, SymPy array, or a tree of these
        For numbers in and out one expression; else an array of shape out + in.

    Examples
    --------
    >>> import numpy as np
    >>> differentiate(lambda x, y: np.sin(x) * y**2)
    y**2*cos(x)
    >>> differentiate(lambda x: x @ x, shapes=[2])
    [2*x_0, 2*x_1]
    """
    traced = _trace(f, shapes, example, names, "differentiate")
    arguments = traced.arguments
    if not -len(arguments) <= argnum < len(arguments):
        raise ArgumentError(
            "differentiate: argnum names a parameter that the function does not have.",
            got=f"argnum={argnum}",
            expected=f"less than {len(arguments)}",
            try_="shapes= or example= if the function takes any number of arguments",
        )
    argument = arguments[argnum]
    if not argument.spec.is_leaf() or not isinstance(argument.types[0], Type):
        raise NotDifferentiableError(
            "differentiate: the parameter is not a floating-point number or array.",
            got=str(argument.spec) if argument.types else "a container without numbers",
            expected="a number or an array",
            try_="derive for parameters that are containers",
        )
    shown = to_public(arguments)
    by = boxed(argument.working[0])
    results = [_public(_jacobian(out, by), shown) for out in traced.outputs]
    return trees.unflatten(traced.spec, results)


@dataclass(frozen=True)
class Derivation:
    """A function and its derivative with respect to its first argument, as expressions.

    Attributes
    ----------
    function : tree of expressions or SymPy arrays
        What the function returns.
    derivative : tree
        In the structure of `wengert.jacobian`: for each leaf of the result the argument's tree of
        expressions or SymPy arrays of shape out + in; None for integers.
    symbols : tree
        The argument, as symbols or SymPy arrays of symbols.
    """

    function: Any
    derivative: Any
    symbols: Any
    _leaves: list[Any]

    def compile(self) -> Callable[[Any], Any]:
        """The derivative as a NumPy function of the argument (a pytree)."""
        compute = from_sympy(self.derivative, self._leaves)

        def evaluate(argument: Any) -> Any:
            leaves, _ = trees.flatten(argument)
            return compute(*leaves)

        return evaluate

    def evaluate(self, argument: Any) -> Any:
        """The derivative at a point; use `compile` for many points."""
        return self.compile()(argument)


def derive(f: Callable[[Any], Any], example: tuple[Any, ...]) -> Derivation:
    """Differentiate `f` symbolically by its first argument, which may be any pytree.

    Parameters
    ----------
    f : callable
        As for `to_sympy`; its other arguments, and integers, are held at their values in `example`.
    example : tuple
        Arguments with the structure, shapes and dtypes to be used.

    Returns
    -------
    Derivation
        Expressions of function and derivative; `compile()` makes a NumPy function of the latter.

    Examples
    --------
    >>> import numpy as np
    >>> derived = derive(lambda p: p["a"] * np.exp(p["b"]), ({"a": 1.0, "b": 2.0},))
    >>> derived.derivative
    {'a': exp(p_b), 'b': p_a*exp(p_b)}
    """
    first, *others = example
    if not any(np.asarray(leaf).dtype.kind in "fc" for leaf in trees.flatten(first)[0]):
        raise NotDifferentiableError(
            "derive: the first argument holds no floating-point numbers.",
            got=f"{type(first).__name__}: {first!r:.60}",
            expected="numbers or arrays to differentiate by; integers among them are held",
            try_="2.0 for 2, x.astype(float) for x",
        )
    traced = _trace(lambda *args: f(args[0], *others), None, (first,), None, "derive", named=f)
    argument = traced.arguments[0]
    shown = to_public(traced.arguments)
    moving = [k for k, kind in enumerate(argument.types) if isinstance(kind, Type)]
    rows = []
    for out in traced.outputs:
        blocks: list[Any] = [None] * len(argument.types)
        for k in moving:
            blocks[k] = _public(_jacobian(out, boxed(argument.working[k])), shown)
        rows.append(argument.tree(blocks))
    leaves = [
        array_of(list(leaf.reshape(-1)), leaf.shape) if k in moving else sympy.Dummy()
        for k, leaf in enumerate(argument.public)
    ]
    return Derivation(
        function=trees.unflatten(traced.spec, [_public(out, shown) for out in traced.outputs]),
        derivative=trees.unflatten(traced.spec, rows),
        symbols=argument.tree(leaves),
        _leaves=leaves,
    )


def latex(
    f: Any,
    *,
    shapes: Shapes = None,
    example: tuple[Any, ...] | None = None,
    names: Sequence[str] | None = None,
) -> str:
    """LaTeX of an expression, or of what a function or Program computes.

    Examples
    --------
    >>> import numpy as np
    >>> print(latex(lambda x: np.sqrt(x) / 2))
    \\frac{\\sqrt{x}}{2}
    """
    is_expression = isinstance(f, sympy.Basic | sympy.MatrixBase | sympy.NDimArray)
    if not is_expression and callable(f):
        f = to_sympy(f, shapes=shapes, example=example, names=names)
    return str(sympy.latex(f))


def _trace(
    f: Callable[..., Any] | Program,
    shapes: Shapes,
    example: tuple[Any, ...] | None,
    names: Sequence[str] | None,
    caller: str,
    named: Callable[..., Any] | None = None,
) -> Traced:
    if isinstance(f, Program):
        return _trace_program(f, names)
    arguments = arguments_of(named or f, shapes, example, caller)
    kinds = [kind for argument in arguments for kind in argument.types]
    moving = [k for k, kind in enumerate(kinds) if isinstance(kind, Type)]

    def flat(*tracers: Any) -> Any:
        leaves = list(kinds)
        for k, tracer in zip(moving, tracers, strict=True):
            leaves[k] = tracer
        args, start = [], 0
        for argument in arguments:
            stop = start + len(argument.types)
            args.append(argument.tree(leaves[start:stop]))
            start = stop
        return f(*args)

    program, spec = record_function(flat, [kinds[k] for k in moving], caller)
    working = [leaf for argument in arguments for leaf in argument.working]
    outputs = run(program, [working[k] for k in moving])
    return Traced(arguments, spec, [boxed(out) for out in outputs])


def _trace_program(program: Program, names: Sequence[str] | None) -> Traced:
    n = len(program.inputs) - len(program.captured)
    names = list(names) if names is not None else [f"x{k}" for k in range(n)]
    if len(names) != n:
        raise ArgumentError(
            "to_sympy: names= must have one name for each input of the Program.",
            got=f"{len(names)} names",
            expected=f"{n} names",
        )
    examples = []
    for kind in program.in_types[:n]:
        if not isinstance(kind, Type) or kind.dtype.kind not in "fc":
            raise ArgumentError(
                "to_sympy: an input of the Program is no floating-point array.",
                got=repr(kind),
                expected="floating-point or complex inputs",
                try_="trace the function with the integers fixed in a closure",
            )
        examples.append(np.zeros(kind.shape, kind.dtype)[()])
    arguments = [_named(name, value) for name, value in zip(names, examples, strict=True)]
    outputs = [boxed(out) for out in run(program, [a.working[0] for a in arguments])]
    spec = trees.structure(0.0 if len(outputs) == 1 else (0.0,) * len(outputs))
    return Traced(arguments, spec, outputs)


def _named(name: str, value: Any) -> Argument:
    from wengert.symbolic.naming import _from_example

    return _from_example(name, value)


def _jacobian(out: np.ndarray[Any, Any], by: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """d out / d by, an object array of shape out + by."""
    result = np.empty((out.size, by.size), object)
    for i, expression in enumerate(boxed(out).reshape(-1)):
        for j, symbol in enumerate(by.reshape(-1)):
            result[i, j] = _without_steps(sympy.diff(expression, symbol))
    return result.reshape(out.shape + by.shape)


def _without_steps(expression: Expr) -> Expr:
    """Drop the derivatives of rounding functions, which SymPy leaves standing: they are zero."""

    def is_of_step(node: Expr) -> bool:
        inner = node.expr if isinstance(node, sympy.Subs) else node
        return isinstance(inner, sympy.Derivative) and isinstance(
            inner.expr, sympy.floor | sympy.ceiling
        )

    if not expression.has(sympy.Derivative):
        return expression
    return expression.replace(is_of_step, lambda node: sympy.Integer(0))


def _public(entries: np.ndarray[Any, Any], shown: dict[Expr, Expr]) -> Expr:
    """The entries in plain symbols, with nothing held constant any more."""
    elements = [e.xreplace(shown) for e in boxed(entries).reshape(-1)]
    released = [e.replace(held, lambda x: x) if e.has(held) else e for e in elements]
    return array_of(released, entries.shape)
