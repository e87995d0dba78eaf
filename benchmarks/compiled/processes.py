"""Worker processes from outside: what they find is collected, hangs and crashes are survived.

A worker says what it is about to do and how long that may take. When it is silent for longer, or
ends before it is done, the contestant it was busy with is noted as failed, and another worker
goes on with the rest.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

GRACE = 5.0
"""Seconds beyond what a worker asked for before it is ended."""

CHECK = "check"
"""The contestant of a step after the row is there: its failure costs no times."""

Note = Callable[[str], None]


@dataclass
class Outcome:
    """All rows, who was not installed and why, and ``(item, contestant) -> reason`` of failures.

    ``partial`` has what an item's worker had found before it was ended.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    partial: dict[str, dict[str, Any]] = field(default_factory=dict)


def run_items(
    kind: str,
    items: Sequence[str],
    contestants: Sequence[str],
    options: Sequence[str],
    note: Note,
    grace: float = GRACE,
) -> Outcome:
    """Have ``items`` measured by as many workers as it takes.

    Parameters
    ----------
    kind : {"cases", "compile"}
        What the items are.
    items, contestants : sequence of str
        What to measure, and by whom.
    options : sequence of str
        Further arguments of the worker: threads, rounds, limits.
    note : callable
        Told what is going on, for showing progress.
    grace : float
        Seconds of silence allowed beyond what the worker asked for.
    """
    outcome = Outcome()
    left = list(items)
    while left:
        without = [f"{contestant}@{item}" for item, contestant in outcome.failures]
        command = [sys.executable, "-m", "benchmarks.compiled.worker", "--kind", kind, *options]
        command += ["--contestants", *contestants, "--items", *left, "--without", *without]
        last, reason = _watch(command, outcome, note, grace)
        if reason is None:
            break
        item, contestant = last.get("item", left[0]), last.get("contestant", "all")
        left = left[left.index(item) :]
        note(f"{contestant}, {item}: {reason}")
        outcome.failures[item, contestant] = reason
        if "found" in last:
            outcome.partial[item] = last["found"]
        if contestant in ("all", CHECK) or kind == "compile":
            left = left[1:]
    return outcome


def _watch(
    command: list[str], outcome: Outcome, note: Note, grace: float
) -> tuple[dict[str, Any], str | None]:
    """One worker to its end: the last thing it began, and what went wrong."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        lines: queue.Queue[str | None] = queue.Queue()
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        last: dict[str, Any] = {"limit": 120.0}
        try:
            while True:
                try:
                    line = lines.get(timeout=last["limit"] + grace)
                except queue.Empty:
                    process.kill()
                    process.wait()
                    return last, f"took longer than {last['limit']:g} s"
                if line is None:
                    break
                _take(json.loads(line), last, outcome, note)
        finally:
            if process.poll() is None:
                process.kill() if sys.exc_info()[0] else process.wait()
            process.stdout.close()
        status = process.returncode
        if status == 0:
            return last, None
        errors.seek(0)
        tail = errors.read().strip().splitlines()
        said = f": {tail[-1]}" if tail and status > 0 else ""
        return last, f"the process ended with status {status}{said}"


def _read(stream: Any, lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _take(event: dict[str, Any], last: dict[str, Any], outcome: Outcome, note: Note) -> None:
    if event["event"] == "row":
        outcome.rows.append(event["row"])
    elif event["event"] == "missing":
        outcome.missing.update(event["missing"])
    elif event["event"] == "checked":
        outcome.rows[-1]["jit_error"] = event["distance"]
    elif event["event"] == "unchecked":
        outcome.rows[-1]["errors"]["wengert without jit"] = event["error"]
    else:
        last.update(event)
        if event["event"] in ("item", "first"):
            who = "" if event["contestant"] == "all" else f" ({event['contestant']})"
            note(f"{last.get('item', '')}{who}")
