"""Loops over vectors that are written once, in Python, and run as machine code.

Graph algorithms visit one element after the other and decide as they go; NumPy has no words for
that. A function under `@python_loop` is a small part of Python (`python_loops_ir.py`) and is
translated when first called, once for each combination of dtypes; where there is no native code,
Python runs it. So there is one text of each algorithm, and the two ways of running it agree.
"""

from __future__ import annotations

import ast
import ctypes
import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from wengert.native import engine
from wengert.native.python_loops_ir import INTEGER, FunctionWriter
from wengert.native.toolchain import Options

Vector: TypeAlias = Any  # in a loop's signature: a 1-D array, or a list where Python runs it

# Names in registers, then what other names made needless.
_OPTIONS = Options(passes=("sroa", "instruction_combine", "simplify_cfg"))


class PythonLoop:
    """A function of 1-D contiguous arrays and integers that fills arrays it is given.

    It returns an integer, 0 without a `return`. Indices are not checked natively.
    """

    def __init__(self, function: Callable[..., int | None]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._native: dict[tuple[str, ...], Any] = {}

    def __call__(self, *args: Any) -> int:
        if isinstance(args[0], list):
            return int(self.function(*args) or 0)  # called by another one that Python runs
        if not engine.available() or self.tree is None:
            return self.interpreted(*args)
        codes = tuple([_code(a) for a in args])
        native = self._native.get(codes)
        if native is None:
            native = self._native[codes] = self._compiled(codes)
        return int(native(*[a if isinstance(a, int) else a.ctypes.data for a in args]))

    def interpreted(self, *args: Any) -> int:
        """The same, run by Python; lists are several times as fast as arrays there."""
        lists = [a if isinstance(a, int) else a.tolist() for a in args]
        answer = self.function(*lists)
        for array, values in zip(args, lists, strict=True):
            if not isinstance(array, int) and array.flags.writeable:
                array[:] = values
        return int(answer or 0)

    def _compiled(self, codes: tuple[str, ...]) -> Callable[..., int]:
        module = _Module()
        symbol = module.symbol_of(self, codes)
        linked = engine.link(module.text(), "wengert_loops", _OPTIONS, exports=[symbol])
        linked.keep_forever()
        kinds = [ctypes.c_int64 if code == INTEGER else ctypes.c_void_p for code in codes]
        return ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(linked.address(symbol))

    @functools.cached_property
    def tree(self) -> ast.FunctionDef | None:
        """The function's syntax tree; None where its source is not at hand."""
        try:
            source = inspect.getsource(self.function)
        except OSError:
            return None
        tree = ast.parse(textwrap.dedent(source)).body[0]
        assert isinstance(tree, ast.FunctionDef)
        return tree


def python_loop(function: Callable[..., int | None]) -> PythonLoop:
    """Decorate a function of loops over vectors: machine code where there is any."""
    return PythonLoop(function)


class _Module:
    """The text of a function and of those that it calls."""

    def __init__(self) -> None:
        self._symbols: dict[tuple[PythonLoop, tuple[str, ...]], str] = {}
        self._texts: list[str] = []

    def symbol_of(self, loop: PythonLoop, codes: tuple[str, ...]) -> str:
        """The symbol of a function for arguments of these codes; written if it is a new one."""
        symbol = self._symbols.get((loop, codes))
        if symbol is None:
            is_first = not self._symbols
            symbol = f"wg_loop_{loop.function.__name__}_{len(self._symbols)}"
            self._symbols[loop, codes] = symbol
            assert loop.tree is not None
            writer = FunctionWriter(
                loop.tree, symbol, codes, loop.function.__globals__, self.symbol_of
            )
            self._texts.append(writer.text(internal=not is_first))
        return symbol

    def text(self) -> str:
        return "\n".join(self._texts)


def _code(value: Any) -> str:
    return INTEGER if isinstance(value, int) else np.dtype(value.dtype).str[1:]
