"""From LLVM IR as text to an address: parse, generate code, link; or only link, from the disk.

`link` is all that a backend needs. Object code is kept on disk under a digest of the IR, the host
and the versions, and is found there before anything is parsed. A process that already knows what a
program compiles to (its own digest in `disk_cache`) skips the IR too, with `Linked.blob` and
`link_blob`.

Linking is ORC's: 0.25 ms for a small object where MCJIT takes 1.3, and a missing symbol is an
error that can be reported, where MCJIT ends the process.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import threading
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wengert.errors import InternalError
from wengert.native import disk_cache
from wengert.native.toolchain import Options, Seconds, Toolchain, never_free

_NAME = r'@(?:"([^"]+)"|([-\w.$]+))'
_DECLARED = re.compile(rf"^[ \t]*declare\b[^@]*{_NAME}", re.MULTILINE)
_EXTERNAL = re.compile(rf"^[ \t]*{_NAME}\s*=\s*external\b", re.MULTILINE)
_DEFINED = re.compile(rf"^define\b([^@\n]*){_NAME}", re.MULTILINE)
_LOCAL = re.compile(r"\b(internal|private)\b")


@dataclass(frozen=True)
class Linked:
    """A linked module. Its code is unloaded when this object dies: callers keep it.

    `blob` is the object code with what linking needs to know, for `link_blob`.
    """

    name: str
    blob: bytes
    seconds: Seconds
    from_disk: bool
    _tracker: Any = field(repr=False)

    def address(self, symbol: str) -> int:
        """The address of a function or global that the module defines."""
        try:
            return int(self._tracker[symbol])
        except KeyError:
            raise InternalError(
                f"native module {self.name!r} does not define {symbol!r}.",
                try_="name it in `exports`",
            ) from None

    def keep_forever(self) -> None:
        """Never unload the code: for what may run until the very end of the process."""
        never_free(self._tracker)


__all__ = [
    "Linked",
    "Options",
    "Seconds",
    "assembly",
    "available",
    "exclusive",
    "fingerprint",
    "link",
    "link_blob",
    "reason",
    "source_digest",
    "source_state",
]


def available() -> bool:
    """Whether native code can be made in this process; if not, one RuntimeWarning says why."""
    return _toolchain() is not None


def reason() -> str | None:
    """Why native code cannot be made here, or None."""
    _toolchain()
    return _reason


def fingerprint() -> bytes:
    """What object code depends on besides its IR: the host CPU and LLVM."""
    chain = _require()
    return chain.fingerprint


@functools.lru_cache(maxsize=1)
def source_digest() -> bytes:
    """A digest of the library's own files: names, sizes and times of change.

    For keys of what is stored before there is IR: a change in a pass or a rule makes them stale.
    """
    return source_state()[1]


def source_state() -> tuple[float, bytes]:
    """When one of the library's own files last changed, and the digest of all, as of now."""
    newest = 0
    digest = hashlib.sha256()
    folders = [str(Path(__file__).parent.parent)]
    while folders:
        for entry in sorted(os.scandir(folders.pop()), key=lambda e: e.name):
            if entry.name.endswith(".py"):
                status = entry.stat()
                newest = max(newest, status.st_mtime_ns)
                digest.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}\n".encode())
            elif entry.is_dir() and entry.name != "__pycache__":
                folders.append(entry.path)
                digest.update(f"{entry.name}/\n".encode())
    return newest / 1e9, digest.digest()


def link(
    ir_text: str, name: str, options: Options | None = None, exports: Iterable[str] = ()
) -> Linked:
    """Compile and link a module of LLVM IR.

    Parameters
    ----------
    ir_text : str
        Textual LLVM IR. External symbols are those given to `symbols.register`, or functions of
        the C and mathematical libraries.
    name : str
        Named in errors and in debuggers; need not be unique.
    options : Options, optional
        Effort, passes, and whether the disk cache is used.
    exports : iterable of str, optional
        The symbols whose addresses will be asked for; by default all functions the module defines
        with external linkage.

    Returns
    -------
    Linked

    Raises
    ------
    InternalError
        If the IR is not valid or a symbol is missing.

    Notes
    -----
    A module found on disk costs about 0.4 ms; otherwise 2 ms and more, with the size.
    """
    chain = _require()
    options = options or Options()
    exported = sorted(exports) or _defined_functions(ir_text)
    key = None
    if options.use_disk:
        digest = hashlib.sha256(ir_text.encode()).digest()
        key = b"ir" + digest + chain.fingerprint + repr((options, exported)).encode()
        found = disk_cache.get(key)
        if found is not None:
            return link_blob(found[0], name)
    seconds = Seconds()
    externals = _external_names(ir_text)
    with _lock:
        code = chain.compile(ir_text, name, options, seconds)
    blob = _pack(code, exported, externals)
    if key is not None:
        disk_cache.put(key, blob)
    return _link_object(chain, name, blob, code, exported, externals, seconds, from_disk=False)


def assembly(ir_text: str) -> str:
    """The machine code of a module of LLVM IR, to be read."""
    with _lock:
        return _require().assembly(ir_text)


def link_blob(blob: bytes, name: str) -> Linked:
    """Link object code made earlier on the same host: the `blob` of a `Linked`."""
    size = int.from_bytes(blob[:8], "little")
    exported, externals = json.loads(blob[8 : 8 + size])
    code = blob[8 + size :]
    return _link_object(
        _require(), name, blob, code, exported, externals, Seconds(), from_disk=True
    )


def _pack(code: bytes, exported: list[str], externals: list[str]) -> bytes:
    head = json.dumps([exported, externals]).encode()
    return len(head).to_bytes(8, "little") + head + code


def _defined_functions(ir_text: str) -> list[str]:
    found = _DEFINED.findall(ir_text)
    return sorted([a or b for head, a, b in found if not _LOCAL.search(head)])


def _external_names(ir_text: str) -> list[str]:
    found = _DECLARED.findall(ir_text) + _EXTERNAL.findall(ir_text)
    return sorted({a or b for a, b in found if not (a or b).startswith("llvm.")})


def _link_object(
    chain: Toolchain,
    name: str,
    blob: bytes,
    code: bytes,
    exported: list[str],
    externals: list[str],
    seconds: Seconds,
    *,
    from_disk: bool,
) -> Linked:
    start = time.perf_counter()
    with _lock:
        tracker = chain.link(name, code, exported, externals)
    seconds.link = time.perf_counter() - start
    return Linked(name, blob, seconds, from_disk, tracker)


# -- the toolchain, and its lock ----------------------------------------------------------------

_lock = threading.RLock()  # llvmlite locks each call, but a link is a sequence of them
_chain: Toolchain | None = None
_reason: str | None = None


def _reset_lock() -> None:
    global _lock
    _lock = threading.RLock()  # another thread may have held it when the process was forked


def exclusive() -> threading.RLock:
    """The lock under which modules are compiled and linked; reentrant."""
    return _lock


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_lock)


def _toolchain() -> Toolchain | None:
    return _chain if _chain is not None else _set_up()


def _set_up() -> Toolchain | None:
    global _chain, _reason
    with _lock:
        if _chain is None and _reason is None:
            try:
                _chain = Toolchain()
            except Exception as error:  # whatever is broken, Python code still runs
                _reason = f"{type(error).__name__}: {error}"
                warnings.warn(
                    f"native code is switched off, everything runs on the interpreter: {_reason}",
                    RuntimeWarning,
                    stacklevel=4,
                )
        return _chain


def _require() -> Toolchain:
    chain = _toolchain()
    if chain is None:
        raise InternalError(f"native code was asked for where there is none: {_reason}")
    return chain
