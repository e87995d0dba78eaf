"""Long straight-line code cut into blocks that LLVM keeps apart.

Instruction selection takes time that grows faster than the number of loads and stores in a block
(measured: 2,000 numbers loaded, combined and stored, 11.8 s of code generation in one block, 0.65 s
in pieces). So a block ends after `MOST` of them, by a branch on something that never holds, which
LLVM cannot know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST = 64  # loads and stores of a block
MOST_LINES = 500  # registers alone grow with it too, if more gently

_FUNCTION = re.compile(r"^(define .*?^\})$", re.MULTILINE | re.DOTALL)
_DEFINED = re.compile(r"^define [^@]*@[^(]+\(ptr (%[-\w.$]+)")
_LABEL = re.compile(r"^([-\w.$]+):")
_FROM = re.compile(r"(, %)([-\w.$]+)( \])")


def in_pieces(text: str) -> str:
    """IR with long blocks cut, function by function."""
    parts = _FUNCTION.split(text)
    return "".join(
        [
            "\n".join(_function(part.split("\n"))) if part.startswith("define ") else part
            for part in parts
        ]
    )


def _function(lines: list[str]) -> list[str]:
    found = _DEFINED.match(lines[0])
    if found is None or _longest(lines) <= MOST:
        return lines
    last: dict[str, str] = {}  # the label of a block -> that of its last piece
    result = list(_cut(lines, last))
    result = [_renamed(line, last) if " = phi " in line else line for line in result]
    at = next(i for i, line in enumerate(result) if _LABEL.match(line)) + 1
    result.insert(at, f"  %never = icmp eq ptr {found[1]}, inttoptr (i64 1 to ptr)")
    result[-1:] = ["nowhere:", "  ret i64 0", "}"]
    return result


def _is_memory(line: str) -> bool:
    return line.startswith("  store ") or " = load " in line


def _longest(lines: list[str]) -> float:
    longest = n = 0.0
    for line in lines:
        n = 0 if line.endswith(":") else n + _weight(line)
        longest = max(longest, n)
    return longest


def _weight(line: str) -> float:
    """The part of a full block that a line is, times `MOST`."""
    return 1 if _is_memory(line) else MOST / MOST_LINES


def _cut(lines: list[str], last: dict[str, str]) -> Iterator[str]:
    label = ""
    n, n_pieces = 0.0, 0
    for line in lines:
        if line.endswith(":"):
            label, n = line[:-1], 0.0
        elif " = phi " not in line:
            n += _weight(line)
            if n > MOST:
                n_pieces += 1
                n = _weight(line)
                piece = f"piece{n_pieces}"
                yield f"  br i1 %never, label %nowhere, label %{piece}"
                yield f"{piece}:"
                last[label] = piece
        yield line


def _renamed(line: str, last: dict[str, str]) -> str:
    return _FROM.sub(lambda m: f"{m[1]}{last.get(m[2], m[2])}{m[3]}", line)
