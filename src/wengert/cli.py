"""The command line: ``wengert demo`` and ``wengert grad "x**2*sin(y)" x=1 y=2``.

Exit codes: 0 for success, 1 for a computation that failed, 2 for a command that cannot be
understood (argparse's own code), 130 after an interruption from the keyboard.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import wengert as wg
from wengert import numeric
from wengert.errors import WengertError
from wengert.expression import CONSTANTS, FUNCTIONS, Expression, ExpressionError, parse, parse_value

NUMERIC = {
    "complex": "complex",
    "central": "central",
    "differences": "forward",
    "richardson": "richardson",
}
METHODS = ("reverse", "forward", *NUMERIC, "symbolic", "all")
DEMO_PARTS = ("digits", "co2", "helmholtz")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; `sys.argv[1:]` when not given.

    Returns
    -------
    int
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(_protect_minus(words))
    try:
        return int(options.run(options))
    except ExpressionError as error:
        print(f"wengert: {error}", file=sys.stderr)
        return 2
    except (WengertError, OSError) as error:
        print(f"wengert: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("wengert: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wengert", description="Differentiate NumPy programs.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"wengert {wg.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="three problems on real data, and a page with the results",
        description="Train a classifier of handwritten digits, fit a model to the carbon dioxide "
        "measurements of Mauna Loa, and compare the ways to differentiate the Helmholtz energy of "
        "a fluid. Writes one HTML page.",
    )
    demo.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(DEMO_PARTS)}")
    demo.add_argument("--quick", action="store_true", help="smaller runs, about ten seconds")
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("wengert-demo.html"),
        metavar="FILE",
        help="where to write the page (default: %(default)s)",
    )
    demo.set_defaults(run=_run_demo)

    grad = commands.add_parser(
        "grad",
        help="derivatives of a formula",
        description="Print the value and the partial derivatives of a formula.",
        epilog=f"Functions: {' '.join(FUNCTIONS)}. Constants: {' '.join(CONSTANTS)}.",
    )
    grad.add_argument("formula", help='for instance "x**2*sin(y)"')
    grad.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="a number, a list 1,2,3 or rows 1,2;3,4"
    )
    grad.add_argument("--order", type=int, choices=(1, 2), default=1, help="2 adds the Hessian")
    grad.add_argument(
        "--method",
        choices=METHODS,
        default="reverse",
        help="how to differentiate (default: %(default)s); all compares them",
    )
    grad.set_defaults(run=_run_grad)
    return parser


def _protect_minus(words: list[str]) -> list[str]:
    """Keep argparse from taking the formula in ``wengert grad "-x**2"`` for an option."""
    if "grad" not in words[:1]:
        return words
    return [
        " " + word if word[0] == "-" and word[1:2] != "-" and word != "-h" else word
        for word in words
        if word
    ]


def _run_demo(options: argparse.Namespace) -> int:
    # The demonstration needs packages that nothing else here does.
    from wengert import demo

    unknown = [part for part in options.parts if part not in DEMO_PARTS]
    if unknown:
        print(
            f"wengert demo: there is no part {unknown[0]!r}; choose from {', '.join(DEMO_PARTS)}",
            file=sys.stderr,
        )
        return 2
    demo.run(tuple(options.parts) or DEMO_PARTS, quick=options.quick, output=options.output)
    return 0


def _run_grad(options: argparse.Namespace) -> int:
    expression = parse(options.formula)
    values = _bind_values(expression, options.values)
    function = expression.function(list(values))
    if options.method == "all":
        _compare(function, values)
        return 0
    value = function(*values.values())
    rows = [("value", value)]
    if options.method == "symbolic":
        rows += _symbolic_rows(function, values, options.order)
    else:
        rows += _rows(function, values, options.method, options.order)
    print(f"f({', '.join(values)}) = {expression.text}")
    width = max(len(label) for label, _ in rows)
    for label, row in rows:
        lines = _format(row).split("\n")
        print(f"  {label:<{width}}  " + ("\n" + " " * (width + 4)).join(lines))
    return 0


def _bind_values(expression: Expression, words: Sequence[str]) -> dict[str, Any]:
    """The values of the names, in the order in which they were given."""
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.strip().partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ExpressionError(
                "a value cannot be read.", got=word, expected="NAME=VALUE", where=""
            )
        if name in values:
            raise ExpressionError(f"{name} has two values.", where=word)
        if name not in expression.names + expression.constants:
            raise ExpressionError(
                f"{name} has a value but does not occur in the formula.",
                expected="a value for " + (", ".join(expression.names) or "nothing"),
                where=expression.text,
            )
        values[name] = parse_value(text)
    missing = [name for name in expression.names if name not in values]
    if missing:
        raise ExpressionError(
            f"{', '.join(missing)} {'has' if len(missing) == 1 else 'have'} no value.",
            where=expression.text,
            try_=" ".join(f"{name}=1" for name in missing),
        )
    if not values:
        raise ExpressionError(
            "the formula has no names to differentiate by.",
            where=expression.text,
            try_='wengert grad "x**2*sin(y)" x=1 y=2',
        )
    return values


def _rows(
    function: Callable[..., Any], values: Mapping[str, Any], method: str, order: int
) -> list[tuple[str, Any]]:
    """Labels and derivatives: first order, then the second derivatives of each pair."""
    every, arguments = tuple(range(len(values))), list(values.values())
    if method in NUMERIC:
        first = numeric.jacobian(function, every, method=NUMERIC[method])(*arguments)
    else:
        transform = wg.jacrev if method == "reverse" else wg.jacfwd
        first = transform(function, argnums=every)(*arguments)
    rows = [(f"df/d{name}", row) for name, row in zip(values, first, strict=True)]
    if order == 2:
        if method in NUMERIC:
            second = numeric.hessian(function, every, method=NUMERIC[method])(*arguments)
        else:
            second = transform(transform(function, argnums=every), argnums=every)(*arguments)
        rows += [
            (_second_label(a, b), second[i][j])
            for i, a in enumerate(values)
            for j, b in enumerate(values)
            if j >= i
        ]
    return rows


def _symbolic_rows(
    function: Callable[..., Any], values: Mapping[str, Any], order: int
) -> list[tuple[str, Any]]:
    """Labels and derivatives as formulas, each followed by its value."""
    arrays = [name for name, value in values.items() if np.ndim(value)]
    if arrays:
        raise ExpressionError(
            "symbolic differentiation takes numbers only.",
            got=f"a list for {', '.join(arrays)}",
            where="",
            try_="another --method",
        )
    from wengert import symbolic  # imports SymPy

    formulas = [
        (f"df/d{name}", symbolic.differentiate(function, k)) for k, name in enumerate(values)
    ]
    if order == 2:
        formulas += [
            (_second_label(a, b), formula.diff(b))
            for i, (a, (_, formula)) in enumerate(zip(values, formulas, strict=True))
            for j, b in enumerate(values)
            if j >= i
        ]
    rows: list[tuple[str, Any]] = []
    for label, formula in formulas:
        at = {symbol: values[symbol.name] for symbol in formula.free_symbols}
        rows += [(label, str(formula)), ("", float(formula.evalf(17, subs=at)))]
    return rows


def _second_label(a: str, b: str) -> str:
    return f"d²f/d{a}²" if a == b else f"d²f/d{a}d{b}"


def _compare(function: Callable[..., Any], values: Mapping[str, Any]) -> None:
    """Print the table of all methods, for the values taken as one vector."""
    arrays = [np.asarray(value) for value in values.values()]
    ends = np.cumsum([array.size for array in arrays])
    starts = ends - [array.size for array in arrays]

    def flat(x: Any) -> Any:
        parts = zip(arrays, starts, ends, strict=True)
        return function(*(x[i:j].reshape(array.shape) for array, i, j in parts))

    wg.compare_methods(flat, np.concatenate([array.ravel() for array in arrays]))


def _format(value: Any) -> str:
    """All digits of a number or an array; other things as they print."""
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.ndim == 0:
        return repr(array.item())
    return np.array2string(array, precision=17, floatmode="unique", separator=", ")
