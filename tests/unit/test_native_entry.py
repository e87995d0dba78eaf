"""The native entry: what it accepts, what it returns, references, threads, donation, the pool.

Every behaviour is asked of both the machine code and its Python counterpart.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pickle
import sys
import threading
import tracemalloc
import warnings
import weakref

import numpy as np
import pytest

from wengert.errors import InternalError
from wengert.native import engine, entry, layout, pool, symbols
from wengert.native.entry import InSpec, NativeCallable, NativeEntry, OutSpec, Same, make_entry
from wengert.native.pool_ir import LARGE
from wengert.native.python_entry import PythonEntry

pytestmark = pytest.mark.skipif(not engine.available(), reason="no LLVM here")
native_only = pytest.mark.skipif(not entry.is_fast(), reason=str(layout.problem()))

KERNELS = """
declare i64 @python_hook(i64)

define i64 @nothing(ptr %ins, ptr %outs, ptr %env) {
  ret i64 0
}
define i64 @double(ptr %ins, ptr %outs, ptr %env) {       ; first number of the first input
  %in = load ptr, ptr %ins
  %x = load double, ptr %in
  %y = fadd double %x, %x
  %out = load ptr, ptr %outs
  store double %y, ptr %out
  ret i64 0
}
define i64 @double_int(ptr %ins, ptr %outs, ptr %env) {
  %in = load ptr, ptr %ins
  %x = load i64, ptr %in
  %y = add i64 %x, %x
  %out = load ptr, ptr %outs
  store i64 %y, ptr %out
  ret i64 0
}
define i64 @copy16(ptr %ins, ptr %outs, ptr %env) {       ; 16 bytes in, 16 bytes out
  %in = load ptr, ptr %ins
  %x = load i128, ptr %in, align 1
  %out = load ptr, ptr %outs
  store i128 %x, ptr %out, align 1
  ret i64 0
}
define i64 @copy_env(ptr %ins, ptr %outs, ptr %env) {     ; as many bytes as env says
  %in = load ptr, ptr %ins
  %out = load ptr, ptr %outs
  %n = ptrtoint ptr %env to i64
  call void @llvm.memmove.p0.p0.i64(ptr %out, ptr %in, i64 %n, i1 false)
  ret i64 0
}
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
define i64 @positive(ptr %ins, ptr %outs, ptr %env) {     ; a guard: the first number is above 0
  %in = load ptr, ptr %ins
  %x = load double, ptr %in
  %good = fcmp ogt double %x, 0.0
  br i1 %good, label %yes, label %no
yes:
  %r = call i64 @double(ptr %ins, ptr %outs, ptr %env)
  ret i64 0
no:
  ret i64 1
}
define i64 @fail(ptr %ins, ptr %outs, ptr %env) {         ; a status that env says
  %n = ptrtoint ptr %env to i64
  ret i64 %n
}
define i64 @increment(ptr %ins, ptr %outs, ptr %env) {    ; out[0] += 1, in place
  %out = load ptr, ptr %outs
  %x = load double, ptr %out
  %y = fadd double %x, 1.0
  store double %y, ptr %out
  ret i64 0
}
define i64 @hook(ptr %ins, ptr %outs, ptr %env) {         ; calls Python
  %n = ptrtoint ptr %env to i64
  %s = call i64 @python_hook(i64 %n)
  ret i64 %s
}
define i64 @sum2(ptr %ins, ptr %outs, ptr %env) {
  %a = load ptr, ptr %ins
  %bp = getelementptr ptr, ptr %ins, i64 1
  %b = load ptr, ptr %bp
  %x = load double, ptr %a
  %y = load double, ptr %b
  %z = fadd double %x, %y
  %o0 = load ptr, ptr %outs
  store double %z, ptr %o0
  %o1p = getelementptr ptr, ptr %outs, i64 1
  %o1 = load ptr, ptr %o1p
  store double %y, ptr %o1
  ret i64 0
}
"""

_hook = [lambda n: 0]


@ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_int64)
def _python_hook(n):
    return _hook[0](n)


@pytest.fixture(scope="module")
def linked():
    address = ctypes.cast(_python_hook, ctypes.c_void_p).value
    if symbols.address("python_hook") is None:
        symbols.register("python_hook", address)
    return engine.link(KERNELS, "kernels")


@pytest.fixture(params=["native", "python"])
def make(request, linked, monkeypatch):
    """`make_entry` by the kernel's name, of either kind."""
    if request.param == "python":
        monkeypatch.setattr(entry, "is_fast", lambda: False)
    elif not entry.is_fast():
        pytest.skip(str(layout.problem()))

    def build(name, ins, outs, fallback=lambda *a, **k: ("fallback", a, k), **options):
        made = make_entry(
            linked.address(name), ins, outs, fallback=fallback, keep=(linked,), **options
        )
        assert type(made) is (NativeEntry if request.param == "native" else PythonEntry)
        return made

    return build


NUMBER = InSpec((), "f8", is_array=False)
NUMBER_OUT = OutSpec((), "f8", is_array=False)
VECTOR = InSpec((3,), "f8")


def missed(result):
    return type(result) is tuple and result[:1] == ("fallback",)


# -- arguments ---------------------------------------------------------------------------------


def test_numbers_in_and_out(make):
    f = make("double", [NUMBER], [NUMBER_OUT])
    for x in (1.5, np.float64(1.5)):
        result = f(x)
        assert result == 3.0 and type(result) is np.float64
    for other in (1, True, np.float32(1), np.array(1.5), "1.5", None, [1.5], 1j):
        assert missed(f(other))


def test_integers(make):
    f = make("double_int", [InSpec((), "i8", is_array=False)], [OutSpec((), "i8", is_array=False)])
    for x in (21, np.int64(21), -(2**62), 0):
        result = f(x)
        assert result == 2 * int(x) and type(result) is np.int64
    for other in (True, 2**63, -(2**70), 1.0, np.int32(1), np.uint64(1)):
        assert missed(f(other))


def test_booleans(make):
    spec, out = InSpec((), "?", is_array=False), OutSpec((), "?", is_array=False)
    f = make("copy_env", [spec], [out], env=1)
    for x in (True, False, np.True_, np.False_):
        assert f(x) is np.bool_(x)
    assert missed(f(1)) and missed(f(np.int8(1)))


@pytest.mark.parametrize("dtype", "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split())
def test_every_dtype_as_number_and_array(make, dtype):
    dtype = np.dtype(dtype)
    value = np.frombuffer(bytes(range(1, 17)), dtype)[0]
    spec, out = InSpec((), dtype, is_array=False), OutSpec((), dtype, is_array=False)
    result = make("copy_env", [spec], [out], env=dtype.itemsize)(value)
    assert type(result) is type(value) and result.tobytes() == value.tobytes()
    array = np.array([value] * 5)
    f = make("copy_env", [InSpec((5,), dtype)], [OutSpec((5,), dtype)], env=array.nbytes)
    result = f(array)
    assert result.dtype == dtype and result.tobytes() == array.tobytes()


def test_complex_takes_the_python_type(make):
    spec, out = InSpec((), "c16", is_array=False), OutSpec((), "c16", is_array=False)
    f = make("copy16", [spec], [out])
    assert f(1 + 2j) == 1 + 2j and type(f(1 + 2j)) is np.complex128
    assert missed(f(1.0))


def test_arrays_must_fit_exactly(make):
    f = make("double", [InSpec((2, 3), "f8")], [OutSpec((), "f8", is_array=False)])
    good = np.full((2, 3), 2.0)
    assert f(good) == 4.0
    unaligned = np.frombuffer(bytearray(49), np.uint8)[1:].view("f8").reshape(2, 3)
    others = [
        np.ones((3, 2)),
        np.ones(6),
        np.ones((2, 3, 1)),
        np.ones((2, 3), "f4"),
        np.ones((2, 3), "i8"),
        np.ones((2, 3), np.dtype("f8").newbyteorder()),
        np.asfortranarray(good),
        np.ones((2, 6))[:, ::2],
        unaligned,
        np.ma.masked_array(good),
        good.tolist(),
        2.0,
        None,
    ]
    assert all([missed(f(a)) for a in others])


def test_an_equal_dtype_that_is_another_object_is_accepted(make):
    f = make("double", [VECTOR], [NUMBER_OUT])
    other = np.dtype("f8", metadata={"unit": "m"})
    a = np.ones(3, other)
    assert a.dtype is not np.dtype("f8")
    assert f(a) == 2.0
    assert f(pickle.loads(pickle.dumps(np.ones(3)))) == 2.0


def test_zero_dimensional_and_empty_arrays(make):
    f = make("double", [InSpec((), "f8")], [OutSpec((), "f8")])
    result = f(np.array(2.0))
    assert type(result) is np.ndarray and result.shape == () and result == 4.0
    assert missed(f(2.0)) and missed(f(np.float64(2.0)))
    g = make("nothing", [InSpec((0, 4), "f8")], [OutSpec((4, 0), "f4")])
    assert g(np.empty((0, 4))).shape == (4, 0)


def test_the_number_of_arguments_and_keywords(make):
    f = make("double", [NUMBER], [NUMBER_OUT])
    assert f() == ("fallback", (), {})
    assert f(1.0, 2.0) == ("fallback", (1.0, 2.0), {})
    assert f(x=1.0) == ("fallback", (), {"x": 1.0})
    assert f(1.0, y=2) == ("fallback", (1.0,), {"y": 2})
    assert f(*[1.0]) == 2.0


def test_static_arguments_are_compared_by_identity(make):
    mode = "mode"
    f = make("double", [NUMBER, Same(mode), Same(None)], [NUMBER_OUT])
    assert f(1.0, mode, None) == 2.0
    assert missed(f(1.0, "".join(["mo", "de"]), None)) and missed(f(1.0, mode, 0))


def test_kernels_do_not_see_static_arguments(make):
    constant = np.array([10.0, 20.0])
    f = make("double", [Same(None), NUMBER], [NUMBER_OUT])
    assert f(None, 4.0) == 8.0 and missed(f(1, 4.0))
    ins = [Same("a"), NUMBER, Same("b")]
    f = make("sum2", ins, [NUMBER_OUT, NUMBER_OUT], captured=[constant], structure="tuple")
    assert f("a", 1.0, "b") == (11.0, 10.0)


def test_captured_arrays_come_after_the_arguments(make):
    constant = np.array([10.0, 20.0])
    f = make("sum2", [NUMBER], [NUMBER_OUT, NUMBER_OUT], captured=[constant], structure="tuple")
    assert f(1.0) == (11.0, 10.0)
    count = sys.getrefcount(constant)
    del f
    assert sys.getrefcount(constant) < count


# -- results -----------------------------------------------------------------------------------


def test_structures(make):
    ins, outs = [NUMBER, VECTOR], [NUMBER_OUT, OutSpec((1,), "f8")]
    a = np.array([2.0, 0.0, 0.0])
    as_tuple = make("sum2", ins, outs, structure="tuple")(1.0, a)
    assert type(as_tuple) is tuple and as_tuple == (3.0, np.array([2.0]))
    as_list = make("sum2", ins, outs, structure="list")(1.0, a)
    assert type(as_list) is list and as_list == [3.0, np.array([2.0])]
    f = make("sum2", ins, outs, structure="tuple", finish=lambda t: {"z": t[0], "y": t[1]})
    assert f(1.0, a) == {"z": 3.0, "y": np.array([2.0])}
    assert make("nothing", [], [], structure="tuple")() == ()
    assert make("nothing", [], [], structure="list")() == []


def test_results_are_fresh_arrays_that_own_their_memory(make):
    f = make("double", [VECTOR], [OutSpec((2, 5), "f8")])
    a, b = f(np.ones(3)), f(np.ones(3))
    assert a.flags.owndata and a.flags.writeable and a.flags.c_contiguous and a.base is None
    assert a.shape == (2, 5) and not np.shares_memory(a, b)


def test_specs_that_would_read_past_the_end_are_refused(make):
    with pytest.raises(InternalError, match="structure 'leaf' with 0 outputs"):
        make("nothing", [], [])
    with pytest.raises(InternalError, match="structure 'dict'"):
        make("nothing", [], [], structure="dict")
    with pytest.raises(InternalError, match="cannot be a scalar"):
        make("nothing", [], [OutSpec((3,), "f8", is_array=False)])
    with pytest.raises(InternalError, match="cannot take or return dtype >f8"):
        make("nothing", [InSpec((3,), ">f8")], [NUMBER_OUT])
    with pytest.raises(InternalError, match="differs from the output"):
        make("nothing", [VECTOR], [OutSpec((2,), "f8", donor=0)])
    with pytest.raises(InternalError, match="donated twice"):
        out = OutSpec((3,), "f8", donor=0)
        make("nothing", [VECTOR], [out, out], structure="tuple")


@native_only
def test_captured_arrays_are_checked(linked):
    with pytest.raises(InternalError, match="must be contiguous, aligned, native"):
        make_entry(
            linked.address("nothing"), [], [NUMBER_OUT], fallback=print, captured=[np.ones(4)[::2]]
        )


# -- status ------------------------------------------------------------------------------------


def test_a_failed_guard_goes_on_to_the_next_entry(make):
    last = make("double", [VECTOR], [NUMBER_OUT])
    second = make("positive", [NUMBER], [NUMBER_OUT], fallback=last)
    first = make("positive", [VECTOR], [NUMBER_OUT], fallback=second)
    assert first(np.array([2.0, 0, 0])) == 4.0  # the first
    assert first(3.0) == 6.0  # another signature: the second
    assert first(np.array([-2.0, 0, 0])) == -4.0  # a guard, a signature, the last
    assert first(-3.0) == ("fallback", (-3.0,), {})
    first.fallback = lambda *a: "replaced"
    assert first(3.0) == "replaced"


def test_error_statuses(make):
    def raises(status):
        raise ZeroDivisionError(f"status {status}")

    f = make("fail", [], [OutSpec((4,), "f8")], env=2**64 - 7, on_status=raises)
    with pytest.raises(ZeroDivisionError, match="status -7"):
        f()
    silent = make("fail", [], [NUMBER_OUT], env=2**64 - 7, on_status=lambda s: None)
    with pytest.raises(SystemError, match="raised no exception"):
        silent()
    with pytest.raises(InternalError, match="ended with status -3"):
        make("fail", [], [NUMBER_OUT], env=2**64 - 3)()


def test_exceptions_of_fallback_and_finish_propagate(make):
    def broken(*args, **kwargs):
        raise KeyError("here")

    f = make("double", [NUMBER], [NUMBER_OUT], fallback=broken, finish=broken)
    with pytest.raises(KeyError, match="here"):
        f("not a number")
    with pytest.raises(KeyError, match="here"):
        f(1.0)


@native_only
def test_an_exception_set_inside_the_kernel_propagates(linked):
    set_string = ctypes.pythonapi.PyErr_SetString
    text = """
@py_value_error_slot = external global ptr
declare void @PyErr_SetString(ptr, ptr)
@text = internal constant [5 x i8] c"oops\\00"
define i64 @raising(ptr %ins, ptr %outs, ptr %env) {
  %type = load ptr, ptr @py_value_error_slot
  call void @PyErr_SetString(ptr %type, ptr @text)
  ret i64 -1
}
"""
    slot = ctypes.c_void_p.in_dll(ctypes.pythonapi, "PyExc_ValueError")
    symbols.register("py_value_error_slot", ctypes.addressof(slot))
    assert set_string is not None
    module = engine.link(text, "raising")
    address = module.address("raising")
    f = make_entry(address, [NUMBER], [OutSpec((3,), "f8")], fallback=print, keep=(module,))
    for _ in range(3):
        with pytest.raises(ValueError, match="oops"):
            f(1.0)
    g = PythonEntry(address, 0, (), (), (NUMBER_OUT,), "leaf", print, print, None, (module,))
    with pytest.raises(ValueError, match="oops"):
        g()


def test_calls_may_nest(make):
    """A kernel that calls Python, which calls the same entry again."""
    depths = []

    def hook(n):
        depths.append(len(depths))
        return 0 if len(depths) >= 20 else int(f(np.ones(3))[0] != 2.0)

    inner = make("double", [VECTOR], [OutSpec((3,), "f8")])
    f = make("hook", [VECTOR], [OutSpec((3,), "f8")], finish=lambda result: inner(np.ones(3)))
    _hook[0] = hook
    try:
        assert f(np.ones(3))[0] == 2.0
        assert len(depths) == 20
    finally:
        _hook[0] = lambda n: 0


# -- references --------------------------------------------------------------------------------


def test_references_are_kept_in_balance(make):
    a, x = np.ones(3), float("1.25")
    dtype = a.dtype
    mark = object()
    f = make("sum2", [VECTOR, NUMBER], [NUMBER_OUT, OutSpec((3,), "f8")], structure="tuple")
    miss = make("double", [NUMBER], [NUMBER_OUT], fallback=lambda *a: None)
    guard = make("positive", [VECTOR], [OutSpec((3,), "f8")], fallback=lambda *a: None)
    flag = make("copy_env", [InSpec((), "?", False)], [OutSpec((), "?", False)], env=1)
    negative = -a
    watched = (a, x, dtype, mark, negative, np.True_, np.ndarray, np.float64, f, miss, guard)
    calls = 1000

    def run(n):
        for _ in range(n):
            f(a, x)
            f(mark, mark)
            miss(mark)
            guard(negative)
            flag(True)

    run(10)
    while gc.collect():  # what other tests left may die in several turns
        pass
    before = [sys.getrefcount(o) for o in watched]
    run(calls)
    gc.collect()
    after = [sys.getrefcount(o) for o in watched]
    # One reference a call too many or too few is what is looked for; others come and go.
    kept = [abs(p - q) < calls // 2 for p, q in zip(before, after, strict=True)]
    assert kept == [True] * len(watched)


def test_calls_leave_no_memory_behind(make):
    a = np.ones(3)
    big = np.ones(LARGE // 4)
    f = make("sum2", [VECTOR, NUMBER], [NUMBER_OUT, OutSpec((50,), "f8")], structure="tuple")
    g = make("double", [InSpec(big.shape, "f8")], [OutSpec(big.shape, "f8")])

    def run(n):
        for _ in range(n):
            f(a, 2.0)
            g(big)

    run(20)
    gc.collect()
    tracemalloc.start()
    run(20)
    before = tracemalloc.get_traced_memory()[0]
    run(3000)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 4000


def test_an_entry_frees_what_it_kept(make):
    class Kept:
        def __call__(self, *args):
            return self

    kept = Kept()
    alive = weakref.ref(kept)
    f = make("double", [NUMBER], [NUMBER_OUT], fallback=kept)
    kept.back = f  # a cycle
    del kept
    gc.collect()
    assert alive() is f.fallback
    del f
    gc.collect()
    assert alive() is None


# -- donation ----------------------------------------------------------------------------------


def increments(make, extra=(), shape=(3,), **options):
    ins = [InSpec(shape, "f8"), *extra]
    return make("increment", ins, [OutSpec(shape, "f8", donor=0)], **options)


def test_a_donated_array_is_reused(make):
    f = increments(make)
    a = np.zeros(3)
    count = sys.getrefcount(a)
    result = f(a)
    assert result is a and a[0] == 1.0
    del result
    assert sys.getrefcount(a) == count


def test_what_does_not_own_its_memory_is_copied(make):
    f = increments(make)
    whole = np.zeros(6)
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    for a in (whole[:3], frozen, np.frombuffer(bytearray(24))):
        result = f(a)
        assert result is not a and result[0] == 1.0 and a[0] == 0.0
        assert result.flags.owndata and result.flags.writeable


def test_a_donated_array_that_overlaps_another_input_is_copied(make):
    f = increments(make, [VECTOR])
    a, b = np.zeros(3), np.zeros(3)
    assert f(a, b) is a
    assert f(a, a) is not a and a[0] == 1.0
    g = increments(make, [InSpec((2,), "f8")])
    tail = a[1:]
    assert g(a, tail) is not a and a[0] == 1.0
    h = increments(make, captured=[a])
    assert h(a) is not a and h(b) is b and a[0] == 1.0


def test_a_failed_guard_gives_a_donated_array_back(make):
    ins, outs = [VECTOR], [OutSpec((3,), "f8", donor=0)]
    f = make("positive", ins, outs, fallback=lambda a: a)
    a = np.array([-1.0, 2.0, 3.0])
    count = sys.getrefcount(a)
    for _ in range(20):
        assert f(a) is a
    assert sys.getrefcount(a) == count and a.tolist() == [-1.0, 2.0, 3.0]


# -- the pool ----------------------------------------------------------------------------------

LARGE_VECTOR = OutSpec((LARGE // 8,), "f8")


@pytest.fixture
def empty_pool():
    if not entry.is_fast():
        pytest.skip("the pool is part of the machine code")
    pool.release()
    yield
    pool.release()


def test_large_results_use_their_memory_again(make, empty_pool):
    f = make("double", [NUMBER], [LARGE_VECTOR])
    a = f(1.0)
    assert a.flags.owndata and a.flags.writeable and a.base is None and a.ctypes.data % 64 == 0
    address = a.ctypes.data
    assert pool.free_bytes() == 0
    view = a[10:]
    del a
    assert pool.free_bytes() == 0  # the view keeps the array
    del view
    assert pool.free_bytes() >= LARGE
    b = f(2.0)
    assert b.ctypes.data == address and b[0] == 4.0 and pool.free_bytes() == 0
    c = f(3.0)
    assert c.ctypes.data != address and b[0] == 4.0


def test_pooled_arrays_behave_like_any_other(make, empty_pool):
    f = make("double", [NUMBER], [LARGE_VECTOR])
    a = f(1.5)
    a[:] = np.arange(a.size)
    assert pickle.loads(pickle.dumps(a)).tolist() == a.tolist()
    b = a.copy()
    a.resize(a.size * 4, refcheck=False)
    assert (a[: b.size] == b).all() and (a[b.size :] == 0).all()
    a.resize(10, refcheck=False)
    assert a.tolist() == list(range(10))
    a = a.view("i8")
    del a
    gc.collect()
    assert f(1.0)[0] == 2.0


def test_the_pool_is_bounded(make, empty_pool):
    limit = ctypes.c_int64.from_address(pool._module().address("wg_pool_limit"))
    before = limit.value
    limit.value = 10 * LARGE
    try:
        f = make("double", [NUMBER], [LARGE_VECTOR])
        g = make("double", [NUMBER], [OutSpec((LARGE,), "f8")])
        many = [f(1.0) for _ in range(30)]
        del many
        assert pool.free_bytes() <= 10 * LARGE
        del_me = g(1.0)
        del del_me
        assert pool.free_bytes() <= 10 * LARGE
        limit.value = 0
        f(1.0)
    finally:
        limit.value = before


@native_only
def test_a_result_too_large_for_memory_is_a_memory_error(linked):
    out = OutSpec((2**55,), "f8")
    f = make_entry(linked.address("nothing"), [], [out], fallback=print)
    for _ in range(3):
        with pytest.raises(MemoryError):
            f()


# -- threads and processes ---------------------------------------------------------------------


def in_threads(work, n=4):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []


@pytest.mark.parametrize("releases_gil", [False, True])
def test_threads_may_call_the_same_entry(make, releases_gil):
    f = make("double", [VECTOR], [LARGE_VECTOR], releases_gil=releases_gil)

    def work(i):
        a = np.full(3, float(i))
        for _ in range(500):
            assert f(a)[0] == 2.0 * i

    in_threads(work)


@native_only
def test_other_threads_run_while_a_kernel_does(linked):
    """A kernel says that it runs and waits for an answer, which another thread gives."""
    text = """
define i64 @wait(ptr %ins, ptr %outs, ptr %env) {
start:
  %runs = getelementptr i64, ptr %env, i64 1
  store atomic i64 1, ptr %runs seq_cst, align 8
  br label %again
again:
  %n = phi i64 [ 0, %start ], [ %n1, %again ]
  %n1 = add i64 %n, 1
  %x = load atomic i64, ptr %env seq_cst, align 8
  %answered = icmp ne i64 %x, 0
  %late = icmp ugt i64 %n, 10000000000
  %stop = or i1 %answered, %late
  br i1 %stop, label %done, label %again
done:
  %status = select i1 %answered, i64 0, i64 -2
  ret i64 %status
}
"""
    module = engine.link(text, "wait")
    flags = (ctypes.c_int64 * 2)()
    results = []
    f = make_entry(
        module.address("wait"),
        [],
        [],
        structure="tuple",
        fallback=print,
        env=ctypes.addressof(flags),
        releases_gil=True,
        keep=(module, flags),
    )
    waiting = threading.Thread(target=lambda: results.append(f()))
    waiting.start()
    while not flags[1]:
        pass
    flags[0] = 1
    waiting.join()
    assert results == [()]


@native_only
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_calls_and_frees(linked):
    f = make_entry(linked.address("double"), [NUMBER], [LARGE_VECTOR], fallback=print)
    a = f(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        good = a[0] == 2.0 and f(2.0)[0] == 4.0
        del a
        good = good and f(3.0)[0] == 6.0
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert a[0] == 2.0


# -- NativeCallable ----------------------------------------------------------------------------


class Jitted(NativeCallable):
    """As a jitted function is: Python where there is no target."""

    def __init__(self, name="f"):
        self.name = name
        self.slow_calls = 0

    def __call__(self, *args, **kwargs):
        self.slow_calls += 1
        return ("slow", args, kwargs)

    def __get__(self, instance, owner=None):
        return self if instance is None else ("bound", self, instance)


@native_only
def test_a_callable_goes_to_its_target_and_back(linked):
    f = Jitted()
    assert f(1.0, k=2) == ("slow", (1.0,), {"k": 2})
    e = make_entry(linked.address("double"), [NUMBER], [NUMBER_OUT], fallback=f.__call__)
    f.retarget(e)
    f.slow_calls = 0
    assert f(2.0) == 4.0 and f(*(2.0,)) == 4.0 and list(map(f, [1.0, 2.0])) == [2.0, 4.0]
    assert f.slow_calls == 0
    assert f("s", k=1) == ("slow", ("s",), {"k": 1}) and f.slow_calls == 1
    f.retarget(None)
    assert f(2.0) == ("slow", (2.0,), {})
    f.retarget(lambda *args: args)
    assert f(2.0) == (2.0,)


@native_only
def test_a_callable_is_an_ordinary_object(linked):
    f = Jitted("g")
    f.anything = 3
    assert vars(f) == {"name": "g", "slow_calls": 0, "anything": 3}
    assert weakref.ref(f)() is f and gc.is_tracked(f) and callable(f)

    class Owner:
        method = f

    owner = Owner()
    assert owner.method == ("bound", f, owner) and Owner.method is f

    class Further(Jitted):
        pass

    class Overridden(Jitted):
        def __call__(self, *args):
            return "its own"

    e = make_entry(linked.address("double"), [NUMBER], [NUMBER_OUT], fallback=print)
    for cls, expected in ((Further, 4.0), (Overridden, "its own")):
        g = cls()
        g.retarget(e)
        assert g(2.0) == expected


@native_only
def test_a_callable_with_no_target_and_no_call_says_so():
    class Empty(NativeCallable):
        pass

    with pytest.raises(TypeError, match="Empty has neither a target nor a __call__"):
        Empty()()


@native_only
def test_a_callable_in_a_cycle_is_collected(linked):
    f = Jitted()
    alive = weakref.ref(f)
    f.retarget(make_entry(linked.address("double"), [NUMBER], [NUMBER_OUT], fallback=f.__call__))
    assert f(1.0) == 2.0
    del f
    gc.collect()
    assert alive() is None


@native_only
def test_a_target_may_be_replaced_while_it_runs(linked):
    f = Jitted()
    second = make_entry(linked.address("double"), [NUMBER], [NUMBER_OUT], fallback=print)

    def replace(x):
        f.retarget(second)
        gc.collect()
        return "replaced"

    f.retarget(make_entry(linked.address("positive"), [NUMBER], [NUMBER_OUT], fallback=replace))
    assert f(1.0) == 2.0
    assert f(-1.0) == "replaced"
    assert f(-1.0) == -2.0


@native_only
def test_threads_may_swap_targets_of_running_calls(linked):
    f = Jitted()

    def new_target():
        return make_entry(
            linked.address("double"),
            [VECTOR],
            [OutSpec((3,), "f8")],
            fallback=f.__call__,
            releases_gil=True,
        )

    f.retarget(new_target())

    def work(i):
        for _ in range(400):
            if i == 0:
                f.retarget(new_target())
            else:
                assert f(np.full(3, 2.0))[0] == 4.0

    in_threads(work)


def test_deep_recursion_raises_instead_of_crashing(make):
    f = make("double", [NUMBER], [NUMBER_OUT], fallback=lambda *a: f(*a))
    with pytest.raises(RecursionError):
        f("never accepted")


# -- the checks at import ------------------------------------------------------------------------


@pytest.mark.parametrize("name", "DATA NDIM DIMENSIONS BASE DESCR FLAGS HANDLER VALUE".split())
def test_a_layout_that_differs_is_noticed(monkeypatch, name):
    if layout.problem() is not None:
        pytest.skip("no layout to compare")
    moved = {"DATA": 80, "NDIM": 28, "DIMENSIONS": 40, "BASE": 56, "DESCR": 48}
    monkeypatch.setattr(layout, name, moved.get(name, getattr(layout, name) + 8))
    with contextlib.suppress(OSError, ValueError, OverflowError):  # `problem` reports those too
        assert layout._differs() is not None


def test_other_pythons_are_told_apart(monkeypatch):
    problem = layout.problem.__wrapped__
    with monkeypatch.context() as m:
        m.setattr(layout.platform, "python_implementation", lambda: "PyPy")
        assert problem() == "PyPy is not CPython"
    with monkeypatch.context() as m:
        m.setattr(layout.sysconfig, "get_config_var", lambda name: 1)
        assert problem() == "Python was built without its global lock"
