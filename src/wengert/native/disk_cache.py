"""Object code and its descriptions, kept on disk from one process to the next.

The directory is `WENGERT_CACHE` (empty, "0" or "off": no cache), else `wengert` in the user's
cache directory. What lies there is executed, so nothing is used that another user could have
written: the directory and every file must belong to the user and be writable by nobody else, and
an entry starts with a digest of the rest. Whatever fails is refused, with one warning a process,
and made again.

An entry:  magic (8 bytes) · SHA-256 of what follows (32) · length of the JSON (8) · JSON · blob
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MAGIC = b"WENGERT1"
DEFAULT_SIZE = 256 * 2**20
_HEAD = len(MAGIC) + 32
_SUFFIX = ".native"
_O_BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends
_SCRATCH_PREFIX = ".writing-"
_SCRATCH_AGE = 3600.0  # seconds after which a file left by a killed writer is removed

_has_warned = False
_known_size: dict[str, int] = {}  # bytes in a directory, as far as this process knows


def directory() -> Path | None:
    """Where entries are kept, or None when the cache is switched off."""
    named = os.environ.get("WENGERT_CACHE")
    if named is not None:
        return None if named.strip().lower() in ("", "0", "off") else Path(named).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "wengert"
    except RuntimeError:  # a user without a home directory
        return None


def size_limit() -> int:
    """The most bytes kept: `WENGERT_CACHE_SIZE`, else 256 MiB."""
    try:
        return max(0, int(os.environ.get("WENGERT_CACHE_SIZE", DEFAULT_SIZE)))
    except ValueError:
        return DEFAULT_SIZE


def get(key: bytes) -> tuple[bytes, dict[str, Any]] | None:
    """The blob and metadata stored under `key`, or None.

    Parameters
    ----------
    key : bytes
        Whatever identifies the entry: everything that its contents depend on.
    """
    folder = _trusted_directory(create=False)
    if folder is None:
        return None
    path = _path(folder, key)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | _O_BINARY)
    except FileNotFoundError:
        return None
    except OSError as error:
        _refuse(path, f"it cannot be opened ({error.strerror})", delete=False)
        return None
    with open(descriptor, "rb") as file:
        problem = _distrust(os.fstat(file.fileno()))
        data = b"" if problem else file.read()
    if problem:
        _refuse(path, problem, delete="belongs" not in problem)
        return None
    entry = _decode(data)
    if entry is None:
        _refuse(path, "its contents do not match their digest", delete=True)
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the eviction order is by last use
    return entry


def put(key: bytes, blob: bytes, meta: Mapping[str, Any] | None = None) -> bool:
    """Store `blob` and `meta` under `key`; whether that succeeded.

    Parameters
    ----------
    key : bytes
        As for `get`.
    blob : bytes
        What is stored.
    meta : mapping, optional
        What JSON can hold.

    Notes
    -----
    Written to a file of its own and then renamed, so that a reader, or another writer of the same
    key, sees the old entry or the new one. A full or read-only disk is not an error.
    """
    limit = size_limit()
    data = _encode(blob, meta or {})
    if len(data) > limit:
        return False
    folder = _trusted_directory(create=True)
    if folder is None:
        return False
    scratch = None
    try:
        descriptor, scratch = tempfile.mkstemp(prefix=_SCRATCH_PREFIX, dir=folder)
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(scratch, _path(folder, key))
    except OSError:
        if scratch is not None:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
        return False
    _make_room(folder, len(data), limit)
    return True


def clear() -> int:
    """Remove all entries; the number removed."""
    folder = _trusted_directory(create=False)
    if folder is None:
        return 0
    removed = 0
    for path, _ in _files(folder, (_SUFFIX, None)):
        removed += _unlink(path)
    _known_size.pop(str(folder), None)
    return removed


# -- the format --------------------------------------------------------------------------------


def _path(folder: Path, key: bytes) -> Path:
    return folder / (hashlib.sha256(key).hexdigest() + _SUFFIX)


def _encode(blob: bytes, meta: Mapping[str, Any]) -> bytes:
    text = json.dumps(dict(meta)).encode()
    body = len(text).to_bytes(8, "little") + text + blob
    return MAGIC + hashlib.sha256(body).digest() + body


def _decode(data: bytes) -> tuple[bytes, dict[str, Any]] | None:
    body = data[_HEAD:]
    if data[: len(MAGIC)] != MAGIC or hashlib.sha256(body).digest() != data[len(MAGIC) : _HEAD]:
        return None
    end = 8 + int.from_bytes(body[:8], "little")
    return body[end:], json.loads(body[8:end])


# -- trust -------------------------------------------------------------------------------------


def _distrust(status: os.stat_result) -> str | None:
    """Why a file or directory is not ours alone, or None."""
    if sys.platform == "win32":  # the profile directory carries the access list
        return None
    if status.st_uid != os.geteuid():
        return "it belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write to it"
    return None


def _trusted_directory(create: bool) -> Path | None:
    folder = directory()
    if folder is None:
        return None
    try:
        status = os.stat(folder)
    except OSError:
        if not create:
            return None
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700)
            status = os.stat(folder)
        except OSError:
            return None
    problem = _distrust(status) if stat.S_ISDIR(status.st_mode) else "it is not a directory"
    if problem:
        _refuse(folder, problem, delete=False)
        return None
    return folder


def _refuse(path: Path, problem: str, *, delete: bool) -> None:
    global _has_warned
    if delete:
        _unlink(path)
    if not _has_warned:
        _has_warned = True
        warnings.warn(
            f"the cache of compiled code at {path} is not used: {problem}. What was there is "
            "compiled again; set WENGERT_CACHE to another directory, or to 'off'.",
            RuntimeWarning,
            stacklevel=3,
        )


# -- the bound on its size ---------------------------------------------------------------------


def _make_room(folder: Path, added: int, limit: int) -> None:
    """Remove the entries used longest ago once the directory holds more than `limit` bytes."""
    name = str(folder)
    total = _known_size.get(name)
    if total is None or total + added > limit:  # other processes write too: count anew
        entries = sorted(_files(folder, (_SUFFIX,)), key=lambda e: e[1].st_mtime)
        total = sum([status.st_size for _, status in entries])
        if total > limit:
            for path, status in entries:
                if total <= 0.9 * limit:  # room for a while, so that few writes pay for a scan
                    break
                _unlink(path)
                total -= status.st_size
        oldest = time.time() - _SCRATCH_AGE
        for path, status in _files(folder, (None,)):
            if status.st_mtime < oldest:
                _unlink(path)
        _known_size[name] = total
    else:
        _known_size[name] = total + added


def _files(folder: Path, kinds: tuple[str | None, ...]) -> Iterator[tuple[Path, os.stat_result]]:
    """Entries (kind `_SUFFIX`) and files still being written (kind None), with their status."""
    try:
        with os.scandir(folder) as found:
            for item in found:
                is_entry = item.name.endswith(_SUFFIX)
                if not is_entry and not item.name.startswith(_SCRATCH_PREFIX):
                    continue
                if (_SUFFIX if is_entry else None) in kinds:
                    with contextlib.suppress(OSError):  # removed by another process meanwhile
                        yield Path(item.path), item.stat(follow_symlinks=False)
    except OSError:
        return


def _unlink(path: Path) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True
