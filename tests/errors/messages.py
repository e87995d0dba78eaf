"""Every message of the package, read off its source, and which of them the tests quote."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import wengert
from wengert import errors

SOURCE = Path(wengert.__file__).parent
TESTS = Path(__file__).parents[1]
_INTERNAL = {"AssertionError", "NotStatic"}  # never seen by users
_LEAST = 12  # characters that two texts must share to be the same message


@dataclass(frozen=True)
class Message:
    """An error that is made somewhere: its class, and the constant parts of its first sentence."""

    path: str
    line: int
    error: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.error}: {' … '.join(self.parts)}"


def error_names() -> set[str]:
    """The classes of the package's errors, those defined outside of errors.py too."""
    names = {n for n, c in vars(errors).items() if isinstance(c, type)}
    for path in SOURCE.rglob("*.py"):
        for name, base in re.findall(r"^class (\w+Error)\((\w+)", path.read_text("utf-8"), re.M):
            if base in names:
                names.add(name)
    return {n for n in names if n.endswith("Error")}


def messages() -> Iterator[Message]:
    """Every message, with the helpers that word several of them."""
    names = error_names()
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name == "errors.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else node
            if not isinstance(call, ast.Call) or not call.args:
                continue
            is_error = name_of(call.func) in names
            if is_error is not isinstance(node, ast.Raise):  # raised helpers word errors too
                parts = tuple(constant_parts(call.args[0]))
                where = str(path.relative_to(SOURCE.parent))
                if (is_error or parts) and name_of(call.func) not in _INTERNAL:
                    yield Message(where, call.lineno, name_of(call.func), parts)


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def constant_parts(text: ast.expr) -> Iterator[str]:
    """The pieces of a string between its braces."""
    for node in ast.walk(text):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            part = node.value.strip(" :.,")
            if part:
                yield part


def quotes() -> list[str]:
    """The strings in the tests, and in examples that run: what they say of messages."""
    found = []
    for path in [*TESTS.rglob("*.py"), *SOURCE.rglob("*.py")]:
        if path.name == "messages.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and (path.is_relative_to(TESTS) or "Traceback" in text):
                found.append(re.sub(r"\\(.)", r"\1", text))
    for path in [*(TESTS.parent / "docs").rglob("*.md"), TESTS.parent / "README.md"]:
        found.append(path.read_text(encoding="utf-8"))
    return [q for q in found if len(q) >= _LEAST and " " in q]


def is_quoted(message: Message, texts: list[str]) -> bool:
    """Whether a test names the longest constant part of a message, or a good piece of it."""
    part = max(message.parts, key=len, default="")
    return any(
        part in text or (len(text) >= _LEAST and text.strip(" :.,") in part) for text in texts
    )
