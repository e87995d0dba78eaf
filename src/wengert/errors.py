"""Every error of the package, and the one place that words them.

The tree (each class also derives from the built-in a NumPy user would expect):

    WengertError
    ├── ShapeError            (ValueError)           sizes or ranks that do not fit
    ├── IndexingError         (IndexError)           an index out of bounds or of the wrong kind
    ├── DtypeError            (TypeError)            a dtype that cannot be used there
    ├── ArgumentError         (TypeError)            an argument of the wrong kind, a wrong option
    ├── NonScalarOutputError  (TypeError)            grad of a function whose output is not a scalar
    ├── NotDifferentiableError(TypeError)            a derivative in integers or booleans
    ├── OutputError           (TypeError)            a function returned something that is no array
    ├── MissingRuleError      (TypeError)            a primitive without the rule asked for
    ├── ConversionError       (TypeError)            a traced value made a plain number or array
    ├── DecisionError         (TypeError)            a decision on a traced value that has no value
    ├── MutationError         (ValueError)           a write that NumPy would show to the caller
    ├── OptionError           (ValueError)           a device that is not there, a copy ruled out
    ├── EscapedTracerError    (RuntimeError)         a tracer used after its function ended
    ├── ConvergenceError      (RuntimeError)         a solver found no solution
    ├── MissingExtraError     (ImportError)          a package that an option needs is not installed
    ├── NanError              (FloatingPointError)   the first NaN or Inf, found by debug_nans
    ├── GradientError         (AssertionError)       check_grads found a wrong derivative
    ├── ProgramError          (ValueError)           a Program that breaks the rules of the IR
    └── InternalError         (RuntimeError)         a fault of ours

A message says what happened, then `got`, `expected`, `where` (the user's file and line) and `try`.
"""

from __future__ import annotations

import os
import sys
import types as _types
from typing import Any

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_USER_PARTS = tuple(_PACKAGE + part + os.sep for part in ("demo",))
_LIBRARY_MARKS = tuple(
    os.sep + "site-packages" + os.sep + name + os.sep for name in ("numpy", "scipy", "optree")
) + (os.sep + "functools.py", os.sep + "contextlib.py")
_is_internal: dict[str, bool] = {}


def is_internal_file(filename: str) -> bool:
    """Whether `filename` belongs to this package or a library it calls through."""
    known = _is_internal.get(filename)
    if known is None:
        inside = filename.startswith(_PACKAGE) and not filename.startswith(_USER_PARTS)
        known = (
            inside
            or filename.startswith("<wengert")
            or any(mark in filename for mark in _LIBRARY_MARKS)
        )
        _is_internal[filename] = known
    return known


def user_frame() -> _types.FrameType | None:
    """The innermost frame on the stack that is the user's code, or None."""
    frame: _types.FrameType | None = sys._getframe(1)
    while frame is not None and is_internal_file(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def user_location() -> tuple[_types.CodeType, int] | None:
    """The user's code object and instruction offset: an equation's `source`."""
    frame = user_frame()
    return None if frame is None else (frame.f_code, frame.f_lasti)


def describe_location(source: tuple[Any, ...] | None) -> str | None:
    """`file.py:41 in loss` for a code object and instruction offset."""
    if source is None:
        return None
    code, offset = source[:2]
    line: int | None = code.co_firstlineno
    for start, end, number in code.co_lines():
        if start <= offset < end and number is not None:
            line = number
            break
    return f"{_short_name(code.co_filename)}:{line} in {code.co_name}"


def _short_name(filename: str) -> str:
    """The last part of a path; of a notebook's cell, whose file is temporary, `In[3]`."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    label = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(filename)
    return label[1] if label else os.path.basename(filename)


class CompilerWarning(RuntimeWarning):
    """Native code could not be made for a function, which runs on the interpreter instead."""


class WengertError(Exception):
    """Base of all errors of the package.

    Parameters
    ----------
    what : str
        What happened, in one sentence.
    got, expected, try_ : str, optional
        What was found, what was needed, what to do about it.
    where : str, optional
        The user's file and line; found on the stack when not given.
    """

    def __init__(
        self,
        what: str,
        *,
        got: str | None = None,
        expected: str | None = None,
        where: str | None = None,
        try_: str | None = None,
    ) -> None:
        if where is None:
            where = describe_location(user_location())
        rows = (("got", got), ("expected", expected), ("where", where), ("try", try_))
        lines = [what]
        for name, text in rows:
            if text:
                body = str(text).replace("\n", "\n" + " " * 12)
                lines.append(f"  {name:<10}{body}")
        super().__init__("\n".join(lines))
        self.what = what
        self.where = where


class ShapeError(WengertError, ValueError):
    """Sizes or ranks that do not fit together."""


class IndexingError(WengertError, IndexError):
    """An index out of bounds, too many of them, or one of the wrong kind."""


class DtypeError(WengertError, TypeError):
    """A dtype that cannot be used there."""


class ArgumentError(WengertError, TypeError):
    """An argument of the wrong kind, or an option that does not exist."""


class NonScalarOutputError(WengertError, TypeError):
    """`grad` of a function whose output is not a scalar."""


class NotDifferentiableError(WengertError, TypeError):
    """A derivative with respect to integers or booleans, or of such an output."""


class OutputError(WengertError, TypeError):
    """A function returned something that is neither a number nor an array."""


class MissingRuleError(WengertError, TypeError):
    """A function or primitive without the rule that was asked for."""


class ConversionError(WengertError, TypeError):
    """A traced value was forced into a plain number or array."""


class DecisionError(WengertError, TypeError):
    """Python asked a traced value for a decision, and the recording has no values."""


class MutationError(WengertError, ValueError):
    """A write into an array that belongs to the caller or to an outer recording."""


class OptionError(WengertError, ValueError):
    """An option that cannot be met: a device that is not there, no copy where one is needed."""


class EscapedTracerError(WengertError, RuntimeError):
    """A traced value was used after the function it belongs to had ended."""


class ConvergenceError(WengertError, RuntimeError):
    """A solver found no solution, or one that is none."""


class MissingExtraError(WengertError, ImportError):
    """A package that an option needs is not installed; the message names the extra it is in."""


class NanError(WengertError, FloatingPointError):
    """The first NaN or infinity of a computation, located by `debug_nans`."""


class GradientError(WengertError, AssertionError):
    """A derivative that `check_grads` found to be wrong."""


class ProgramError(WengertError, ValueError):
    """A Program that breaks the rules of the IR."""


class InternalError(WengertError, RuntimeError):
    """A fault of the library itself; please report it."""
