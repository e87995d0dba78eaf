"""The native engine and its disk cache: linking, symbols, trust, bounds, concurrent writers."""

from __future__ import annotations

import ctypes
import math
import os
import subprocess
import sys
import threading
import time
import warnings

import pytest

from wengert.errors import ArgumentError, InternalError
from wengert.native import disk_cache, engine, symbols

pytestmark = pytest.mark.skipif(not engine.available(), reason="no LLVM here")
posix = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are POSIX")

DOUBLE = "define i64 @double(i64 %x) {\n  %y = add i64 %x, %x\n  ret i64 %y\n}\n"
_numbers = iter(range(10**6))


def fresh(ir: str = DOUBLE) -> str:
    """The same module with a text that nothing has seen before."""
    return ir + f"; {os.getpid()} {time.time_ns()} {next(_numbers)}\n"


def function(linked: engine.Linked, name: str, result=ctypes.c_int64, *args):
    call = ctypes.CFUNCTYPE(result, *(args or (ctypes.c_int64,)))(linked.address(name))
    call.linked = linked  # the code lives as long as this
    return call


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("WENGERT_CACHE", str(path))
    monkeypatch.delenv("WENGERT_CACHE_SIZE", raising=False)
    monkeypatch.setattr(disk_cache, "_has_warned", False)
    return path


# -- linking -----------------------------------------------------------------------------------


def test_link_gives_an_address_that_runs(folder):
    linked = engine.link(fresh(), "one")
    assert function(linked, "double")(21) == 42
    assert linked.seconds.codegen > 0 and linked.seconds.total >= linked.seconds.codegen
    assert not linked.from_disk


def test_a_module_is_found_on_disk_without_parsing(folder):
    text = fresh()
    engine.link(text, "first")
    second = engine.link(text, "second")
    assert second.from_disk and second.seconds.parse == second.seconds.codegen == 0
    assert function(second, "double")(4) == 8


def test_options_are_part_of_the_key(folder):
    text = fresh()
    engine.link(text, "a")
    other = engine.link(text, "b", engine.Options(opt_level=0, passes=("instruction_combine",)))
    assert not other.from_disk and other.seconds.passes > 0
    assert function(other, "double")(4) == 8
    assert not engine.link(text, "c", engine.Options(use_disk=False)).from_disk


def test_a_blob_links_without_its_ir(folder):
    blob = engine.link(fresh(), "a").blob
    again = engine.link_blob(blob, "a")
    assert again.from_disk and function(again, "double")(5) == 10


def test_registered_symbols_and_libm_are_bound(folder):
    callback = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda x: 10 * x)
    value = ctypes.c_double(0.5)
    suffix = str(time.time_ns())
    symbols.register("ten_" + suffix, ctypes.cast(callback, ctypes.c_void_p).value)
    symbols.register("half_" + suffix, ctypes.addressof(value))
    text = f"""
declare double @ten_{suffix}(double)
declare noundef double @sin(double) nounwind
@half_{suffix} = external global double
define double @f(double %x) {{
  %h = load double, ptr @half_{suffix}
  %s = call double @sin(double %x)
  %t = call double @ten_{suffix}(double %s)
  %r = fadd double %t, %h
  ret double %r
}}
"""
    for _ in range(2):  # the second time from disk
        f = function(engine.link(text, "f"), "f", ctypes.c_double, ctypes.c_double)
        assert f(1.0) == 10 * math.sin(1.0) + 0.5


def test_internal_functions_are_not_exported(folder):
    text = "define internal i64 @g() {\n  ret i64 3\n}\n"
    text += "define i64 @f() {\n  %r = call i64 @g()\n  ret i64 %r\n}\n"
    linked = engine.link(fresh(text), "f")
    with pytest.raises(InternalError, match=r"native module 'f' does not define 'g'"):
        linked.address("g")


def test_a_missing_symbol_is_named(folder):
    text = "declare i64 @nobody_has_this()\ndefine i64 @f() {\n"
    text += "  %r = call i64 @nobody_has_this()\n  ret i64 %r\n}\n"
    with pytest.raises(InternalError, match="not registered: nobody_has_this"):
        engine.link(text, "f")


def test_invalid_ir_and_unknown_passes_raise(folder):
    with pytest.raises(InternalError, match="'bad' is not valid LLVM IR"):
        engine.link("define i64 @f() {", "bad")
    with pytest.raises(ArgumentError, match="no pass named 'magic'"):
        engine.link(fresh(), "f", engine.Options(passes=("magic",)))


def test_a_symbol_keeps_its_address():
    symbols.register("kept_symbol", 4096)
    symbols.register("kept_symbol", 4096)
    assert symbols.address("kept_symbol") == 4096
    with pytest.raises(InternalError, match="'kept_symbol' cannot be bound"):
        symbols.register("kept_symbol", 8192)
    with pytest.raises(InternalError, match="other than 0"):
        symbols.register("null_symbol", 0)


def test_threads_link_at_the_same_time(folder):
    texts = [fresh() for _ in range(4)] * 2
    results: list[int] = []

    def work(text):
        results.append(function(engine.link(text, "t"), "double")(3))

    threads = [threading.Thread(target=work, args=(t,)) for t in texts]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [6] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_links_and_calls(folder):
    linked = engine.link(fresh(), "parent")
    text = fresh()
    engine.exclusive().acquire()  # as another thread might at that moment
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            good = function(linked, "double")(1) == 2
            good = good and function(engine.link(text, "child"), "double")(2) == 4
            os._exit(0 if good else 1)
    finally:
        engine.exclusive().release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_without_llvm_there_is_one_warning_and_a_reason(monkeypatch):
    def broken(self):
        raise ImportError("no llvmlite")

    monkeypatch.setattr(engine.Toolchain, "__init__", broken)
    monkeypatch.setattr(engine, "_chain", None)
    monkeypatch.setattr(engine, "_reason", None)
    with pytest.warns(RuntimeWarning, match="native code is switched off.*no llvmlite") as seen:
        assert not engine.available() and not engine.available()
    assert len(seen) == 1
    assert engine.reason() == "ImportError: no llvmlite"
    with pytest.raises(InternalError, match="native code was asked for where there is none"):
        engine.link(DOUBLE, "f")


def test_the_fingerprint_is_stable():
    assert engine.fingerprint() == engine.fingerprint() and engine.reason() is None
    assert len(engine.source_digest()) == 32


# -- the disk cache ----------------------------------------------------------------------------


def test_entries_round_trip(folder):
    assert disk_cache.get(b"k") is None and not folder.exists()
    assert disk_cache.put(b"k", b"\x00blob", {"n": [1, 2]})
    assert disk_cache.get(b"k") == (b"\x00blob", {"n": [1, 2]})
    assert disk_cache.put(b"k", b"other") and disk_cache.get(b"k") == (b"other", {})
    assert disk_cache.put(b"empty", b"") and disk_cache.get(b"empty") == (b"", {})
    assert disk_cache.clear() == 2 and disk_cache.get(b"k") is None


@posix
def test_the_directory_is_the_owners_only(folder):
    disk_cache.put(b"k", b"x")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(f.stat().st_mode & 0o077 == 0 for f in folder.iterdir())


@pytest.mark.parametrize("value", ["", "0", "off", " OFF "])
def test_the_cache_can_be_switched_off(monkeypatch, value):
    monkeypatch.setenv("WENGERT_CACHE", value)
    assert disk_cache.directory() is None
    assert not disk_cache.put(b"k", b"x") and disk_cache.get(b"k") is None
    assert disk_cache.clear() == 0
    assert not engine.link(DOUBLE, "no cache").from_disk


@posix
def test_the_default_is_the_users_cache_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("WENGERT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert disk_cache.directory() == tmp_path / "wengert"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert disk_cache.directory() == tmp_path / ".cache" / "wengert"


def only_file(folder):
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "magic", "head"])
def test_a_damaged_entry_is_refused_once_and_made_again(folder, damage):
    text = fresh()
    engine.link(text, "a")
    path = only_file(folder)
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "magic":
        data[0] ^= 1
    else:
        del data[{"truncate": len(data) - 1, "empty": 0, "head": 20}[damage] :]
    path.write_bytes(data)
    with pytest.warns(RuntimeWarning, match="contents do not match their digest") as seen:
        again = engine.link(text, "a")
    assert len(seen) == 1 and not again.from_disk and function(again, "double")(2) == 4
    assert engine.link(text, "a").from_disk
    path.write_bytes(b"damaged again")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # one warning a process
        assert not engine.link(text, "a").from_disk


@posix
def test_a_directory_that_others_may_write_to_is_not_used(folder):
    disk_cache.put(b"k", b"x")
    folder.chmod(0o777)
    with pytest.warns(RuntimeWarning, match="others may write to it"):
        assert disk_cache.get(b"k") is None
    assert not disk_cache.put(b"k", b"y")
    assert len(list(folder.iterdir())) == 1
    folder.chmod(0o700)
    assert disk_cache.get(b"k") == (b"x", {})


@posix
def test_an_entry_that_others_may_write_to_is_removed(folder):
    disk_cache.put(b"k", b"x")
    only_file(folder).chmod(0o620)
    with pytest.warns(RuntimeWarning, match="others may write to it"):
        assert disk_cache.get(b"k") is None
    assert list(folder.iterdir()) == []


@posix
def test_what_belongs_to_another_user_is_not_used(folder, monkeypatch):
    disk_cache.put(b"k", b"x")
    path = only_file(folder)
    real = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: real + 1)
    with pytest.warns(RuntimeWarning, match="it belongs to another user"):
        assert disk_cache.get(b"k") is None
    assert path.exists()


@posix
def test_a_link_is_not_followed(folder, tmp_path):
    disk_cache.put(b"k", b"x")
    path = only_file(folder)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(RuntimeWarning, match="cannot be opened"):
        assert disk_cache.get(b"k") is None


def test_a_file_in_place_of_the_directory(folder):
    folder.write_bytes(b"")
    with pytest.warns(RuntimeWarning, match="it is not a directory"):
        assert not disk_cache.put(b"k", b"x")


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_place_is_no_error(folder):
    folder.mkdir(mode=0o500)
    assert not disk_cache.put(b"k", b"x") and disk_cache.get(b"k") is None


def test_the_size_is_bounded_and_what_was_used_last_stays(folder, monkeypatch):
    monkeypatch.setenv("WENGERT_CACHE_SIZE", "10000")
    for i in range(8):
        assert disk_cache.put(b"%d" % i, bytes(1000))
        os.utime(disk_cache._path(folder, b"%d" % i), (i, i))
    assert disk_cache.get(b"0") is not None  # now the last one used
    for i in range(8, 14):
        disk_cache.put(b"%d" % i, bytes(1000))
    assert sum(f.stat().st_size for f in folder.iterdir()) <= 10000
    assert disk_cache.get(b"0") is not None and disk_cache.get(b"13") is not None
    assert disk_cache.get(b"1") is None
    assert not disk_cache.put(b"large", bytes(20000))


def test_a_size_that_is_no_number_is_the_default(monkeypatch):
    monkeypatch.setenv("WENGERT_CACHE_SIZE", "plenty")
    assert disk_cache.size_limit() == 256 * 2**20


def test_files_of_killed_writers_are_swept(folder, monkeypatch):
    disk_cache.put(b"a", b"x")
    stale = folder / ".writing-stale"
    stale.write_bytes(b"half")
    os.utime(stale, (1, 1))
    monkeypatch.setattr(disk_cache, "_known_size", {})
    disk_cache.put(b"b", b"x")
    assert not stale.exists() and disk_cache.get(b"a") is not None


WRITER = """
import sys
from wengert.native import disk_cache
for i in range(200):
    key = b"%d" % (i % 5)
    disk_cache.put(key, key * 3000)
    found = disk_cache.get(key)
    assert found is None or found[0] == key * 3000
"""


def test_concurrent_processes_never_see_half_an_entry(folder, monkeypatch):
    monkeypatch.setenv("WENGERT_CACHE_SIZE", "14000")  # evictions run all the time
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "error"}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER], env=env, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [w.communicate()[1] for w in writers]
    assert [w.returncode for w in writers] == [0, 0, 0], errors
