"""From SymPy back to NumPy: `from_sympy` writes straight-line code, one line a subexpression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, MissingRuleError
from wengert.symbolic.library import Expr, sympy
from wengert.symbolic.size import iterate_expressions, postorder
from wengert.trace.tracer import Tracer

Function = Callable[..., Any]

# SymPy's function -> the name in NumPy.
_NUMPY = {
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "Abs": "abs",
    "sign": "sign",
    "floor": "floor",
    "ceiling": "ceil",
    "conjugate": "conj",
    "re": "real",
    "im": "imag",
    "arg": "angle",
    "Not": "logical_not",
    "Equality": "equal",
    "Unequality": "not_equal",
    "StrictLessThan": "less",
    "LessThan": "less_equal",
    "StrictGreaterThan": "greater",
    "GreaterThan": "greater_equal",
}
_FOLDED = {"And": "logical_and", "Or": "logical_or", "Xor": "logical_xor"}
_FOLDED |= {"Max": "maximum", "Min": "minimum"}
# SymPy's function -> the name in scipy.special, of the same arguments.
_SPECIAL = {
    "erf": "erf",
    "erfc": "erfc",
    "erfinv": "erfinv",
    "erfcinv": "erfcinv",
    "gamma": "gamma",
    "loggamma": "gammaln",
    "digamma": "digamma",
    "polygamma": "polygamma",
    "beta": "beta",
    "besselj": "jv",
    "bessely": "yv",
    "besseli": "iv",
    "besselk": "kv",
    "zeta": "zeta",
}


def from_sympy(expression: Any, symbols: Any) -> Function:
    """A NumPy function that computes a SymPy expression; Wengert traces and differentiates it.

    Each distinct subexpression is computed once. A Piecewise becomes `np.where`, which computes all
    pieces and chooses; if one that is not chosen has no finite derivative, reverse mode gives NaN.
    A Dirac delta, SymPy's derivative of a step, is computed as zero: its value everywhere but at
    the step.

    Parameters
    ----------
    expression : SymPy expression, array or matrix, or any nesting of containers of these
        What to compute.
    symbols : symbol, or sequence
        The function's parameters, in order. Each is a symbol, or an array or nested list of symbols
        for a parameter that is an array.

    Returns
    -------
    callable
        Takes numbers or arrays, one for each entry of `symbols`. For a single expression arrays
        broadcast, as in NumPy; an expression array gives an array of its shape.

    Raises
    ------
    ArgumentError
        If the expression contains other symbols.
    MissingRuleError
        If it contains a function that has no NumPy or SciPy counterpart.

    Examples
    --------
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> f = from_sympy(sympy.sin(x) * y**2, (x, y))
    >>> float(f(1.0, 2.0))
    3.365883939
    """
    single = isinstance(symbols, sympy.Basic | str) and not isinstance(symbols, sympy.NDimArray)
    parameters = [symbols] if single else list(symbols)
    writer = _Writer()
    for k, parameter in enumerate(parameters):
        writer.bind_parameter(f"a{k}", parameter)
    leaves, spec = trees.flatten(expression)
    results = [[writer.write(e) for e in iterate_expressions(leaf)] for leaf in leaves]
    shapes = [getattr(leaf, "shape", ()) for leaf in leaves]
    compute = writer.function(len(parameters), [name for names in results for name in names])
    lengths = [len(names) for names in results]

    def function(*args: Any) -> Any:
        if len(args) != len(parameters):
            raise ArgumentError(
                "a function made by from_sympy was called with a wrong number of arguments.",
                got=f"{len(args)} arguments",
                expected=f"{len(parameters)}: {', '.join(map(str, parameters))}",
            )
        # Pieces that are not chosen may be computed outside of their domain.
        ignored: Any = dict.fromkeys(writer.ignored_warnings, "ignore")
        with np.errstate(**ignored):
            values = compute(*[a if isinstance(a, Tracer) else np.asarray(a)[()] for a in args])
        outputs, start = [], 0
        for shape, length in zip(shapes, lengths, strict=True):
            outputs.append(_assemble(values[start : start + length], shape))
            start += length
        return trees.unflatten(spec, outputs)

    return function


def _assemble(values: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Entries of an expression array as one array; a single expression as it is."""
    if shape == ():
        return values[0]
    if not values:
        return np.zeros(shape)
    inner = np.broadcast_shapes(*[getattr(v, "shape", ()) for v in values])
    stacked = np.stack([np.broadcast_to(v, inner) for v in values])
    return np.reshape(stacked, shape + inner)


class _Writer:
    """Lines of Python for expressions, each distinct subexpression once."""

    def __init__(self) -> None:
        self.names: dict[Expr, str] = {}
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {"np": np}
        self.ignored_warnings: tuple[str, ...] = ()

    def bind_parameter(self, name: str, parameter: Any) -> None:
        """Give a parameter's symbol, or the symbols in a parameter array, their names."""
        if isinstance(parameter, sympy.Symbol | str):
            self.names[sympy.Symbol(parameter) if isinstance(parameter, str) else parameter] = name
            return
        shape = np.shape(_nested(parameter))
        for index in np.ndindex(*shape):
            symbol = parameter[index] if hasattr(parameter, "shape") else _at(parameter, index)
            if not isinstance(symbol, sympy.Symbol):
                raise ArgumentError(
                    "from_sympy: a parameter must be a symbol, or an array of symbols.",
                    got=f"{symbol!r}",
                    expected="symbols",
                )
            place = ", ".join(map(str, index))
            self.names[symbol] = self._line(f"{name}[{place}]")

    def write(self, root: Expr) -> str:
        """The name of the variable that holds `root`."""
        for node in postorder(root, self.names):
            self.names[node] = self._node(node)
        return self.names[root]

    def function(self, n_parameters: int, results: list[str]) -> Function:
        """The function that runs the lines."""
        parameters = ", ".join(f"a{k}" for k in range(n_parameters))
        body = "".join(f"    {line}\n" for line in self.lines)
        text = f"def compute({parameters}):\n{body}    return [{', '.join(results)}]\n"
        # The text is made of our own names and operators only; no name of a symbol enters it.
        exec(compile(text, "<wengert symbolic>", "exec"), self.namespace)
        compute: Function = self.namespace["compute"]
        return compute

    def _line(self, expression: str) -> str:
        name = f"v{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return name

    def _node(self, node: Expr) -> str:
        if node.is_Symbol:
            raise ArgumentError(
                "from_sympy: the expression contains a symbol that is no parameter.",
                got=str(node),
                expected="one of " + ", ".join(str(s) for s in self.names if s.is_Symbol),
                try_="add it to the symbols, or substitute a value for it first",
            )
        if node in (sympy.true, sympy.false):
            return repr(bool(node))
        if getattr(node, "is_number", False):
            return self._constant(node)
        if isinstance(node, sympy.functions.elementary.piecewise.ExprCondPair):
            return "None"  # its parts have names, and are read by the Piecewise
        return self._line(self._operation(node, [self.names[child] for child in node.args]))

    def _constant(self, node: Expr) -> str:
        if node.is_Integer:
            return f"({int(node)})" if abs(int(node)) < 2**53 else repr(float(node))
        value = complex(node)
        if value.imag != 0:
            return repr(value)
        name = f"c{len(self.namespace)}"
        self.namespace[name] = value.real
        return name

    def _operation(self, node: Expr, args: list[str]) -> str:
        kind = type(node).__name__
        if isinstance(node, sympy.Add):
            return " + ".join(args)
        if isinstance(node, sympy.Mul):
            return " * ".join(args)
        if isinstance(node, sympy.Pow):
            return self._power(node, args)
        if isinstance(node, sympy.Piecewise):
            return self._piecewise(node)
        if kind in _FOLDED:
            text = args[0]
            for arg in args[1:]:
                text = f"np.{_FOLDED[kind]}({text}, {arg})"
            return text
        if kind in _NUMPY:
            return f"np.{_NUMPY[kind]}({', '.join(args)})"
        if kind in _SPECIAL and len(args) <= 2:
            name = _SPECIAL[kind]
            self.namespace[name] = _special_function(name)
            return f"{name}({', '.join(args)})"
        if kind == "Heaviside":
            return f"np.heaviside({', '.join(args)})"
        if kind == "sinc":
            return f"np.sinc({args[0]} / np.pi)"
        if kind == "DiracDelta":
            return f"0.0 * {args[0]}"
        raise MissingRuleError(
            f"from_sympy: the function {kind} has no counterpart in NumPy or SciPy.",
            got=str(node),
            expected="elementary functions, those of scipy.special, Piecewise, Max, Min",
            try_="rewrite the expression, for example with expression.rewrite or doit",
        )

    def _power(self, node: Expr, args: list[str]) -> str:
        base, exponent = args
        if node.exp == sympy.Rational(1, 2):
            return f"np.sqrt({base})"
        if node.exp == -sympy.Rational(1, 2):
            return f"1 / np.sqrt({base})"
        if node.exp == -1:
            return f"1 / {base}"
        if node.exp.is_Integer and node.exp < 0:
            return f"1 / {base} ** {-int(node.exp)}"
        return f"{base} ** {exponent}"

    def _piecewise(self, node: Expr) -> str:
        *pieces, last = node.args
        self.ignored_warnings = ("invalid", "divide", "over")
        text = self.names[last.args[0]]
        if last.args[1] != sympy.true:
            text = f"np.where({self.names[last.args[1]]}, {text}, np.nan)"
        for piece in reversed(pieces):
            value, condition = (self.names[part] for part in piece.args)
            text = f"np.where({condition}, {value}, {text})"
        return text


def _special_function(name: str) -> Function:
    """SciPy's function by way of our own module, which knows what to do with tracers."""
    from wengert.scipy import special  # takes long to import, and few expressions need it

    function: Function = getattr(special, name)
    return function


def _nested(parameter: Any) -> Any:
    return parameter if isinstance(parameter, list | tuple) else np.zeros(parameter.shape)


def _at(parameter: Any, index: tuple[int, ...]) -> Any:
    for k in index:
        parameter = parameter[k]
    return parameter
