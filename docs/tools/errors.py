"""The page of errors: what each one means, and a program that raises it, with what it says.

The meaning is the class's docstring. The programs below run when the page is written, so that the
messages are those of this version; a test holds the table to every class.
"""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path
from typing import Any

import wengert.errors
from wengert.errors import WengertError

# Class -> (a program that raises it, what to do instead).
EXAMPLES: dict[str, tuple[str, str]] = {
    "ShapeError": (
        "wg.grad(lambda x: np.sum(x @ np.ones(4)))(np.ones(3))",
        "Print the shapes, or read them off `got`; `wg.trace(f)(x)` shows those of every value.",
    ),
    "IndexingError": (
        "wg.grad(lambda x: x[5])(np.ones(3))",
        "Indices count from 0; a negative one counts from the end.",
    ),
    "DtypeError": (
        "wg.grad(lambda x: np.sum(np.floor(x).astype(int) & 1.5))(np.ones(2))",
        "Convert with `astype` first: bitwise operations are for integers and booleans.",
    ),
    "ArgumentError": (
        "wg.grad(np.sum, argnames='z')(np.ones(3))",
        "Read `expected`: it lists what there is.",
    ),
    "NonScalarOutputError": (
        "wg.grad(np.sin)(np.ones(3))",
        "`grad` is of functions with one number as result. Sum up, or take `jacobian`, or "
        "`elementwise_grad` where each result depends on its own argument only.",
    ),
    "NotDifferentiableError": (
        "wg.grad(lambda n: n * 2.0)(3)",
        "Pass `3.0`, or choose another argument with `argnums=`: an integer has no neighbors.",
    ),
    "OutputError": (
        "wg.grad(lambda x: 'no number')(1.0)",
        "Return numbers, arrays, or containers of them; `has_aux=True` for anything else beside.",
    ),
    "MissingRuleError": (
        "wg.grad(lambda x: np.isnat(x))(1.0)",
        "Write the function with supported ones, or give it a rule: `wg.custom_jvp`, "
        "`wg.custom_vjp`, `wg.extend.foreign` for what cannot be traced at all.",
    ),
    "ConversionError": (
        "wg.grad(lambda x: math.sin(x))(1.0)",
        "Use NumPy's function instead of `math`'s; make arrays that hold traced values with "
        "`wengert.numpy` (`wnp.zeros`, `wnp.array`) or `np.stack`. `wg.stop_gradient(x)` marks "
        "what shall not be differentiated.",
    ),
    "DecisionError": (
        "wg.vmap(lambda x: x if x > 0 else -x)(np.ones(3))",
        "Under `vmap`, and in the body of a loop, there is no single value to decide by: "
        "`np.where(c, a, b)` computes both, `wg.cond(c, f, g, x)` and `wg.while_loop` choose.",
    ),
    "MutationError": (
        "def f(x):\n    x[0] = 0.0\n    return np.sum(x)\nwg.grad(f)(np.ones(3))",
        "The array belongs to the caller. Copy it first: `x = x.copy()`.",
    ),
    "OptionError": (
        "wg.grad(lambda x: np.reshape(x.T, 4, copy=False).sum())(np.ones((2, 2)))",
        "Leave the option out: arrays are on the CPU, and are copied where they must be.",
    ),
    "EscapedTracerError": (
        "kept = []\nwg.grad(lambda x: kept.append(x) or x**2)(1.0)\nkept[0] + 1.0",
        "Return the value with `has_aux=True` instead of keeping it in a list or an object.",
    ),
    "ConvergenceError": (
        "wg.implicit_root(lambda x: x**2 + 1.0, 0.5)",
        "Start nearer to a solution, try another `solver=`, or look whether there is one at all.",
    ),
    "MissingExtraError": (
        "from wengert.optimize.extras import require\n"
        "require('a_package_you_lack', 'ui', 'progress=True')",
        "Install the extra that the message names: `pip install 'wengert[ui]'`.",
    ),
    "NanError": (
        "with wg.debug_nans():\n    wg.grad(lambda x: np.sqrt(x))(0.0)",
        "The message names the operation and the place; `np.where(x > 0, x, 1.0)` before the "
        "operation keeps an infinite slope out, where another branch is chosen anyway.",
    ),
    "GradientError": (
        "@wg.custom_jvp\ndef f(x):\n    return x**2\n"
        "f.defjvp(lambda primals, tangents: (f(*primals), 4.0 * tangents[0]))\n"
        "wg.check_grads(f, (1.5,), order=1)",
        "The rule is wrong, or the point lies on a kink, or differences are inaccurate there: "
        "`wg.compare_methods(f, x)` tells which.",
    ),
    "ProgramError": (
        "from wengert.ir.text import parse_program\n"
        "parse_program('program(a: float64[]):\\n  b: float64[] = sin(c)\\n  return b')",
        "A Program read from text, or put together by hand, is not well formed.",
    ),
    "InternalError": (
        "",
        "This is a fault of the library. Please report it, with the message and, if you can, a "
        "small program; without `wg.jit` the same function runs on the interpreter.",
    ),
}

HEAD = """\
# Errors

Every error derives from `WengertError` and from the built-in that fits. Its message says what
happened, then `got`, `expected`, `where` (your file and line) and `try`. Below, one section a
class: what it means, a program that raises it with what it says, and what to do.
"""


def write(path: Path) -> None:
    """Write the page, unless it is up to date."""
    text = page()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *[_section(cls) for cls in classes()]])


def classes() -> list[type[WengertError]]:
    """All classes of errors, in the order of the source."""
    found = vars(wengert.errors).values()
    return [
        c
        for c in found
        if isinstance(c, type) and issubclass(c, WengertError) and c is not WengertError
    ]


def _section(cls: type[WengertError]) -> str:
    builtin = cls.__mro__[2].__name__ if len(cls.__mro__) > 2 else ""
    code, advice = EXAMPLES[cls.__name__]
    lines = [f"## {cls.__name__}", "", f"*Derives from `{builtin}`.* {inspect.getdoc(cls)}", ""]
    if code:
        lines += ["```py", code, "```", "", "```text", raised(cls, code), "```", ""]
    return "\n".join([*lines, textwrap.fill(advice, 100, break_on_hyphens=False), ""])


def raised(cls: type[WengertError], code: str) -> str:
    """What the program says when it raises the error."""
    import math

    import numpy as np

    import wengert as wg

    names: dict[str, Any] = {"np": np, "wg": wg, "math": math, "__name__": "__main__"}
    try:
        exec(compile(code, "model.py", "exec"), names)
    except cls as error:
        return f"{cls.__name__}: {error}"
    raise AssertionError(f"the example of {cls.__name__} does not raise it")
