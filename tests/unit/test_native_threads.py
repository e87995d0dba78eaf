"""Large loops on several threads: the same bits, whoever computes them, and no one left waiting."""

from __future__ import annotations

import ctypes
import math
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.native import engine, library, parallel, runtime, threads
from wengert.native.arithmetic import Arithmetic
from wengert.native.compiler import compile_program
from wengert.native.executable import Executable
from wengert.native.frame import Frame
from wengert.native.index import Affine, Symbol
from wengert.native.memory import c_buffer, store
from wengert.ops import native_matrices
from wengert.trace.evaluate import evaluate

is_linux = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def lse(x: Any) -> Any:
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def _rows(x: Any) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)


def _distances(points: Any, centers: Any) -> Any:
    return np.min(np.sum((points[:, None, :] - centers[None]) ** 2, axis=2), axis=1)


def _looped(x: Any) -> Any:
    return wg.fori_loop(0, 3, lambda i, y: np.sin(y) + y * np.sum(np.cos(y)) / y.size, x)


def _projections(x: Any) -> Any:
    """Items of a few numbers, all of each in registers."""
    f = lambda p: np.stack([np.exp(p[0]) / p[2], np.sin(p[1]) / p[2]])
    return wg.vmap(wg.jacobian(f))(x)


def _scores(q: Any, k: Any) -> Any:
    return q @ np.swapaxes(k, -1, -2)


_random = np.random.default_rng(5)
LONG = _random.normal(size=150_001)
WIDE = _random.normal(size=(301, 503))
MANY = _random.uniform(1.0, 2.0, size=(20_011, 3))
TALL = _random.normal(size=(401, 257))
SQUARE = _random.normal(size=(1100, 1100))
HEADS = _random.normal(size=(3, 5, 100, 40))
STACK = _random.normal(size=(300, 20, 20)) + 6.0 * np.eye(20)
ITEMS = _random.normal(size=(30_001, 4, 4)) + 6.0 * np.eye(4)

CASES: dict[str, tuple[Any, ...]] = {
    "sum of exponentials": (lse, LONG),
    "its gradient": (wg.grad(lse), LONG),
    "chain": (lambda x: np.exp(np.sin(x) * x) - np.sqrt(np.abs(x)), LONG),
    "neighbors": (lambda x: np.exp(x[1:]) - np.tanh(x[:-1]), LONG),
    "parts": (lambda x: np.concatenate([x[:7], np.exp(x[5:]) * 2.0, np.sin(x[::-1])]), LONG),
    "largest and smallest": (lambda x: (np.max(np.tanh(x)), np.min(x), np.any(x > 9.0)), LONG),
    "place of the largest": (lambda x: np.argmax(np.sin(x)), LONG),
    "product": (lambda x: np.prod(1.0 + 1e-6 * np.tanh(x)), LONG),
    "complex sum": (lambda x: np.sum(np.exp(1j * x)), LONG),
    "integers": (lambda x: np.sum((x * 8.0).astype(np.int64) ** 2), LONG),
    "single precision": (lambda x: np.sum(np.exp(x)), LONG.astype(np.float32)),
    "rows": (_rows, WIDE),
    "sums down": (lambda x: (np.sum(np.exp(x), axis=0), np.max(x, axis=0)), WIDE),
    "sums along": (lambda x: np.sum(np.exp(x), axis=1), WIDE),
    "transposed": (lambda x: np.exp(x.T) * 2.0, WIDE),
    "two long rows": (lambda x: np.sum(np.exp(x.ravel()[:150_000].reshape(2, -1)), axis=1), WIDE),
    "small items": (_projections, MANY),
    "sums of items": (lambda x: np.sum(np.exp(x), axis=0), MANY),
    "distances": (_distances, MANY, MANY[:40] + 0.1),
    "gradient of distances": (wg.grad(lambda p, c: np.sum(_distances(p, c)), 1), MANY, MANY[:40]),
    "in a loop": (_looped, LONG),
    "product of matrices": (lambda a, b: a @ b, TALL, TALL[:211].T),
    "transposed product": (lambda a, b: a.T @ b, TALL[:, :200], TALL),
    "single precision product": (lambda a, b: a @ b, TALL.astype("f4"), TALL[:320].T.astype("f4")),
    "complex product": (lambda a, b: a @ b, TALL[:, :96] + 1j, TALL[:150, :96].T - 2j),
    "product with a vector": (lambda a, x: a @ x, SQUARE, SQUARE[0]),
    "attention scores": (_scores, HEADS, HEADS[::-1]),
    "stack of small products": (lambda a: a @ a, _random.normal(size=(2500, 16, 16))),
    "systems": (lambda a: np.linalg.solve(a, a[..., :3] + 1.0), STACK),
    "small systems": (lambda a: np.linalg.solve(a, a[..., :1] + 1.0), ITEMS),
    "factors": (lambda a: np.linalg.cholesky(a @ np.swapaxes(a, -1, -2)), STACK),
    "eigenvalues": (lambda a: np.linalg.eigh(a + np.swapaxes(a, -1, -2)), STACK[:60]),
    "singular values": (lambda a: np.linalg.svd(a[..., :9])[1], STACK[:60]),
    "orthogonal factors": (np.linalg.qr, STACK),
    "inverses": (np.linalg.inv, STACK),
    "logarithms of determinants": (lambda a: tuple(np.linalg.slogdet(a)), STACK),
}
NOT_SHARED = ("place of the largest", "distances", "gradient of distances", "integers")


def flat_bytes(value: Any) -> bytes:
    values = value if isinstance(value, tuple) else (value,)
    return b"".join([np.asarray(v).tobytes() for v in values])


def digests() -> dict[str, str]:
    """What the cases give on the threads of this process; also run as a script, below."""
    import hashlib

    return {
        name: hashlib.sha256(flat_bytes(wg.jit(f)(*args))).hexdigest()
        for name, (f, *args) in CASES.items()
    }


def run_python(code: str, n_threads: int) -> str:
    here = os.path.dirname(__file__)
    env = {**os.environ, "WENGERT_THREADS": str(n_threads), "PYTHONPATH": os.pathsep.join(sys.path)}
    head = f"import sys; sys.path.insert(0, {here!r}); import test_native_threads as t; "
    done = subprocess.run(
        [sys.executable, "-c", head + code], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- the same results ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_blocks_give_what_the_interpreter_gives(name: str) -> None:
    f, *args = CASES[name]
    program = wg.trace(f)(*args)
    compiled = compile_program(program)
    if name not in NOT_SHARED:
        assert "define internal i64 @kernel_nest0(ptr %context" in compiled.ir
        assert "call i64 @wg_parallel(ptr @kernel_nest0" in compiled.ir
    found = Executable(program).run([*args, *program.captured])
    expected = evaluate(program, [*args, *program.captured])
    rtol, atol = (1e-5, 1e-4) if args[0].dtype == np.float32 else (1e-10, 1e-12)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)


def test_small_loops_are_not() -> None:
    text = compile_program(wg.trace(lse)(LONG[:5000])).ir
    assert "wg_parallel" not in text


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    code = "from wengert.native import threads; print(t.digests()); print(threads.n_started())"
    alone, three = (run_python(code, n).splitlines() for n in (1, 3))
    assert alone[0] == three[0]
    assert (alone[1], three[1]) == ("0", "2")


def test_sums_are_as_exact_as_those_of_numpy() -> None:
    total = wg.jit(np.sum)
    random = np.random.default_rng(1)
    for n, n_samples in ((3000, 40), (60_000, 20), (4_000_000, 1)):
        errors = []
        for _ in range(n_samples):
            x = random.random(n)
            exact = math.fsum(x.tolist())
            errors.append((abs(total(x) - exact) / exact, abs(np.sum(x) - exact) / exact))
        ours, theirs = np.mean(errors, axis=0)
        assert ours <= 2.0 * theirs + 2.0**-53
    x = np.full(4_000_000, 0.1)  # every rounding goes the same way
    assert abs(total(x) / 4e5 - 1.0) < 1e-14


# -- how loops are cut -----------------------------------------------------------------------------


def test_free_names_are_those_used_and_not_defined() -> None:
    lines = ["%v1 = fadd double %x, %y", "br label %b2", "b2:", "store double %v1, ptr %p, align 8"]
    assert parallel.free_names(lines) == {"%x", "%y", "%p"}


@pytest.mark.parametrize(
    "line, type_",
    [
        ("%v = fadd contract <4 x double> %a, %b", "<4 x double>"),
        ("%v = fmul float %a, 0x3FF0000000000000", "float"),
        ("%v = sub i64 0, %a", "i64"),
        ("%v = getelementptr inbounds double, ptr %a, i64 %b", "ptr"),
        ("%v = load <8 x float>, ptr %a, align 4", "<8 x float>"),
        ("%v = phi double [ %a, %b1 ], [ %b, %b2 ]", "double"),
        (
            "%v = call <4 x double> @llvm.fma.v4f64(<4 x double> %a, <4 x double> %b)",
            "<4 x double>",
        ),
        ("%v = fcmp olt <4 x double> %a, %b", "<4 x i1>"),
        ("%v = icmp slt i64 %a, %b", "i1"),
        ("%v = select <4 x i1> %m, <4 x double> %a, <4 x double> %b", "<4 x double>"),
        ("%v = select i1 %m, i64 %a, i64 3", "i64"),
        ("%v = extractelement <4 x double> %a, i64 0", "double"),
        ("%v = insertelement <4 x i64> poison, i64 %a, i64 0", "<4 x i64>"),
        (
            "%v = shufflevector <2 x double> %a, <2 x double> poison, <4 x i32> zeroinitializer",
            "<4 x double>",
        ),
        ("%v = sitofp <4 x i64> %a to <4 x double>", "<4 x double>"),
        ("%v = extractvalue { i64, i1 } %a, 1", None),
    ],
)
def test_the_type_of_an_instruction_is_read_off_its_text(line: str, type_: str | None) -> None:
    assert parallel._result_type(line) == type_


def test_code_that_leaves_the_function_gives_a_status() -> None:
    """The one of the first block that leaves, whichever thread comes first."""
    b = Arithmetic("kernel", [("ptr", "ins"), ("ptr", "outs"), ("ptr", "env")])
    frame = Frame(b)
    region = parallel.Region(b, frame, 50, 0)
    own = region.take("f8", (3000,))  # not on the stack
    at = Affine(0, ((Symbol(50, region.block), 1),))
    store(b, own, (0,), b.constant(1.0, "f8"))
    frame.leave_if(b.compare("ge", region.block, b.index(30)), b.add(region.block, b.index(100)))
    store(b, c_buffer(b.parameters[1], "f8", (50,)), (at,), b.constant(2.0, "f8"))
    region.close()
    text = "\n".join([frame.finish(), "attributes #0 = { nounwind }", *b.declarations.values()])
    assert "wg_parallel" in text
    runtime.ensure()
    linked = engine.link(text, "left", exports=["kernel"])
    out = np.zeros(50)
    run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    for _ in range(20):
        assert run(linked.address("kernel"))(None, out.ctypes.data, None) == 130
    assert out.tolist() == [2.0] * 30 + [0.0] * 20


def test_code_that_cannot_be_read_stays_in_the_function() -> None:
    b = Arithmetic("kernel", [("ptr", "ins"), ("ptr", "outs"), ("ptr", "env")])
    b.line("%pair = insertvalue { i64, i1 } zeroinitializer, i64 5, 0")
    region = parallel.Region(b, Frame(b), 3, 0)
    b.line("%five = extractvalue { i64, i1 } %pair, 0")
    region.close()
    assert not b.outlined


# -- library calls ---------------------------------------------------------------------------------


def test_blocks_of_rows_have_the_bits_of_all_rows() -> None:
    """What lets one thread call gemm once; where it does not hold, `is_separable` must say so."""
    random = np.random.default_rng(3)
    for kind in ("f4", "f8", "c8", "c16"):
        if not library.is_separable(kind):
            continue
        for _ in range(4):
            rows, summed, columns = [int(n) for n in random.integers((192, 20, 20), 500)]
            a, b = random.normal(size=(2, 500 * 500)).astype(kind)
            whole, parts = np.zeros((2, rows, columns), kind)
            trans_a, trans_b = random.choice(["N", "T"], 2)
            library.multiply(trans_a, trans_b, a, b, whole, summed, 0, rows)
            n, size = native_matrices.row_blocks(rows)
            for k in range(n):
                count = size if k < n - 1 else rows - k * size
                library.multiply(trans_a, trans_b, a, b, parts, summed, k * size, count)
            assert whole.tobytes() == parts.tobytes()


@pytest.mark.parametrize("rows", [192, 200, 256, 401, 1000, 1024, 4096, 100_000])
def test_rows_in_blocks(rows: int) -> None:
    n, size = native_matrices.row_blocks(rows)
    last = rows - (n - 1) * size
    assert n >= 2
    assert size % native_matrices.TILE_MULTIPLE == 0
    assert size / 2 <= last < 1.5 * size


def test_short_products_are_not_shared() -> None:
    text = compile_program(wg.trace(lambda a, b: a @ b)(TALL[:150], TALL[:80].T)).ir
    assert "wg_blas_dgemm" in text and "wg_parallel" not in text


def test_an_item_that_fails_is_found() -> None:
    factor = wg.jit(np.linalg.cholesky)
    a = STACK @ np.swapaxes(STACK, -1, -2)
    assert np.isfinite(factor(a)).all()
    a[170] *= -1.0
    for _ in range(5):
        with pytest.raises(np.linalg.LinAlgError):
            factor(a)
    a[170] *= -1.0
    assert np.isfinite(factor(a)).all()


# -- the pool --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, expected", [("3", 3), ("1", 1), ("many", None), ("0", None)])
def test_the_number_of_threads_is_a_setting(
    text: str, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENGERT_THREADS", text)
    n_processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    assert threads.wanted() == (expected or n_processors or os.cpu_count())


CONCURRENT = """
import threading
f = t.wg.jit(t.wg.grad(t.lse))
g = t.wg.jit(t._rows)
expected = t.flat_bytes(f(t.LONG)), t.flat_bytes(g(t.WIDE))
wrong = []
def work():
    for _ in range(15):
        if (t.flat_bytes(f(t.LONG)), t.flat_bytes(g(t.WIDE))) != expected:
            wrong.append(1)
workers = [threading.Thread(target=work) for _ in range(4)]
[w.start() for w in workers]
[w.join() for w in workers]
print(len(wrong))
"""


def test_python_threads_share_the_pool() -> None:
    assert run_python(f"exec({CONCURRENT!r})", 2).strip() == "0"


FORKED = """
import os
f = t.wg.jit(t.lse)
expected = f(t.LONG)
from wengert.native import threads
assert threads.n_started() == 1
for _ in range(3):
    child = os.fork()
    if not child:
        fine = threads.n_started() == 0 and f(t.LONG) == expected and threads.n_started() == 1
        os._exit(0 if fine else 1)
    assert f(t.LONG) == expected
    assert os.waitpid(child, 0)[1] == 0
print("fine")
"""


@is_linux
def test_the_child_of_a_fork_starts_threads_of_its_own() -> None:
    assert run_python(f"exec({FORKED!r})", 2).strip() == "fine"


REPEATED = """
import resource
f = t.wg.jit(t.lse)
x = t.LONG[:60_000]
expected = f(x)
assert all(f(x) == expected for _ in range(500))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert all(f(x) == expected for _ in range(2000))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_thousands_of_calls() -> None:
    grown = int(run_python(f"exec({REPEATED!r})", 3))
    assert grown < 4096  # KiB


ENDING = """
import threading
f = t.wg.jit(t.wg.grad(t.lse))
f(t.LONG)
def work():
    while True:
        f(t.LONG)
threading.Thread(target=work, daemon=True).start()
print("end")
"""


def test_a_process_ends_while_threads_work() -> None:
    assert run_python(f"exec({ENDING!r})", 2).strip() == "end"


def test_guards_and_errors_come_through() -> None:
    @wg.jit
    def f(x: Any, a: Any) -> Any:
        y = np.exp(x)
        if np.sum(y) > 1e6:
            return np.sum(np.sin(y))
        return np.sum(np.linalg.solve(a, a)) + np.sum(np.cos(y))

    regular, singular = np.eye(3), np.zeros((3, 3))
    for x in (LONG, LONG + 5.0, LONG, LONG + 5.0):
        y = np.exp(x)
        expected = np.sum(np.sin(y)) if np.sum(y) > 1e6 else 3.0 + np.sum(np.cos(y))
        assert f(x, regular) == pytest.approx(expected, rel=1e-9)
    for _ in range(3):
        with pytest.raises(np.linalg.LinAlgError):
            f(LONG, singular)
    assert f(LONG, regular) == pytest.approx(3.0 + np.sum(np.cos(np.exp(LONG))), rel=1e-9)


def test_compiled_functions_in_compiled_functions() -> None:
    inner = wg.jit(lse)
    outer = wg.jit(lambda x: inner(x) + np.sum(np.exp(x)) * inner(2.0 * x))
    expected = lse(LONG) + np.sum(np.exp(LONG)) * lse(2.0 * LONG)
    assert outer(LONG) == pytest.approx(expected, rel=1e-10)


def test_a_large_loop_lets_other_python_threads_run() -> None:
    f = wg.jit(lambda x: np.sum(np.exp(np.sin(np.tanh(x)))))
    x = np.tile(LONG, 8)
    f(x)
    turns, is_done = [0], threading.Event()

    def count() -> None:
        while not is_done.is_set():
            turns[0] += 1

    counter = threading.Thread(target=count)
    counter.start()
    sys.setswitchinterval(1.0)  # who holds the lock is not asked for it
    try:
        before = turns[0]
        for _ in range(3):
            f(x)
        assert turns[0] > before
    finally:
        sys.setswitchinterval(0.005)
        is_done.set()
        counter.join()
