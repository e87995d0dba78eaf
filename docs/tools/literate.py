"""The page of docs/from_scratch.py: its comments as prose, its code between, what it prints below.

Comments that start in the first column are the text; a numbered one with a rule under it is a
heading, with the files of the library that it is the small picture of at its right.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "from_scratch.py"
HEADING = re.compile(r"^# (\d+\. .*?)(?:\s{2,}\((\S.*)\))?$")
RULE = re.compile(r"^# -{20,}$")
FILES = re.compile(r"\s{2,}\((wengert/[^)]*)\)")


def write(path: Path) -> None:
    """Write the page, unless it is up to date."""
    text = page(SOURCE.read_text(encoding="utf-8"), printed())
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def page(source: str, output: str) -> str:
    """The program as a page."""
    docstring = ast.get_docstring(ast.parse(source)) or ""
    title, _, introduction = docstring.partition("\n")
    code = source.split('"""', 2)[2]
    parts = [f"# {title.rstrip('.')}", introduction.strip()]
    parts += [_prose(part) if part.startswith("#") else _code(part) for part in _parts(code)]
    return "\n\n".join([*parts, "It prints:", f"```text\n{output.strip()}\n```"]) + "\n"


def printed() -> str:
    """What the program prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(str(SOURCE), run_name="__main__")
    return out.getvalue()


def _parts(code: str) -> list[str]:
    """Stretches of comments and of code, in turn."""
    parts: list[list[str]] = [[]]
    for line in code.strip("\n").split("\n"):
        is_comment = line.startswith("#")
        if line and parts[-1] and is_comment != parts[-1][0].startswith("#"):
            parts.append([])
        if line or parts[-1]:
            parts[-1].append(line)
    return ["\n".join(part).strip("\n") for part in parts]


def _prose(comment: str) -> str:
    lines = []
    for line in comment.split("\n"):
        heading = HEADING.match(line)
        if heading:
            lines += [f"\n## {heading[1]}", ""]
            lines += [f"*In the library: {_names(heading[2])}*", ""] if heading[2] else []
        elif not RULE.match(line):
            lines.append(FILES.sub(lambda m: f" (`{m[1]}`)", line[2:]))
    return "\n".join(lines).strip("\n")


def _names(files: str) -> str:
    return ", ".join(f"`{name}`" for name in files.split(", "))


def _code(code: str) -> str:
    return f"```py\n{code}\n```"
