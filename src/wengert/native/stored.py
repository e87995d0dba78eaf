"""What a Program compiles to, kept on disk under the Program's own digest.

The engine keeps object code under a digest of its IR; here it is found before passes, plan and IR
are made, which take most of the time of a small function. The entry holds the object code and the
few facts that its Executable needs.

A Program with calls into the interpreter is not kept: its equations would have to be made again
first. Nor is anything kept, or taken, while the library's own files are changing: what this process
has loaded may then be older than what its digest says.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

from wengert.errors import InternalError
from wengert.ir.digest import program_digest
from wengert.ir.program import Program
from wengert.native import disk_cache, engine

_LOADED = time.time()
_SETTLED = 5.0  # seconds for which a file must have rested before it was imported


@dataclass(frozen=True)
class Facts:
    """What is known of a kernel without its IR."""

    arena_bytes: int
    n_guards: int
    n_sites: int
    n_instructions: int


def key_of(program: Program, how: str) -> bytes | None:
    """The key of a Program's entry; None where it has none. `how` names the passes run."""
    if disk_cache.directory() is None:
        return None
    newest, sources = _sources()
    if newest > _LOADED - _SETTLED:
        return None
    digest = program_digest(program)
    if digest is None:
        return None
    return b"program" + digest + sources + engine.fingerprint() + how.encode()


def load(key: bytes) -> tuple[engine.Linked, Facts] | None:
    """The linked kernel stored under a key, or None."""
    found = disk_cache.get(key)
    if found is None:
        return None
    blob, meta = found
    try:
        return engine.link_blob(blob, "wengert_kernel"), Facts(**meta)
    except (InternalError, TypeError):  # a symbol that is not there any more: made again
        return None


def save(key: bytes, linked: engine.Linked, facts: Facts) -> None:
    """Keep a kernel, unless the library's files have changed since this process took its key."""
    if engine.source_state() == _sources():
        disk_cache.put(key, linked.blob, vars(facts))


@functools.lru_cache(maxsize=1)
def _sources() -> tuple[float, bytes]:
    return engine.source_state()
