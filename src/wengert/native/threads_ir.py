"""Machine code of the threads that share the blocks of a large loop: `wg_parallel`.

`wg_parallel(function, context, n)` runs `function(context, block)` for all blocks 0 … n - 1 and
returns when all have ended: 0, or the status of the first block, by number, that returned another.

The pool has one owner at a time; who finds it taken runs the blocks on the thread at hand, so that
calls from several threads, or from inside a block, never wait for each other. All that a worker
needs to claim a block is one word, `@claim`: the number of the job in the upper half, the blocks
left in the lower. A claim is a compare-and-exchange that takes one off; it succeeds only while that
job has blocks left, and so long its description (`@job`) stays. The owner therefore waits for the
blocks, never for workers that have not woken up yet.

Who finds nothing to do spins for some microseconds, then waits on a condition variable.
"""

from __future__ import annotations

import platform
import signal

SPINS = 2000  # pauses of 10 to 40 ns
EXPORTS = ("wg_parallel", "wg_threads_reset", "wg_threads_limit", "wg_threads_started")

_OPAQUE = 128  # bytes; more than any system's mutex, condition variable or signal set
_SET_MASK = int(getattr(signal, "SIG_SETMASK", 2))

_MACHINE = platform.machine().lower()
# What a processor offers: a pause for loops that wait, and the mode of its arithmetic. Rounding and
# the flushing of denormal numbers are settings of a thread, so workers take on the owner's.
_PAUSE = _READ_MODE = _SET_MODE = _DECLARE = ""
if _MACHINE in ("x86_64", "amd64"):
    _PAUSE = "call void @llvm.x86.sse2.pause()"
    _READ_MODE = "call void @llvm.x86.sse.stmxcsr(ptr @job.mode)"
    _SET_MODE = "call void @llvm.x86.sse.ldmxcsr(ptr @job.mode)"
    _DECLARE = """
declare void @llvm.x86.sse2.pause()
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)"""
elif _MACHINE in ("aarch64", "arm64"):
    _PAUSE = "call void @llvm.aarch64.hint(i32 1)"
    _DECLARE = """
declare void @llvm.aarch64.hint(i32)"""

THREADS_IR = f"""
@claim = internal global i64 0, align 64
@done = internal global i64 0, align 64
@job.function = internal global ptr null, align 64
@job.context = internal global ptr null, align 8
@job.n = internal global i64 0, align 8
@job.mode = internal global i32 0, align 4
@job.status = internal global i64 0, align 64
@job.failed = internal global i64 0, align 8
@busy = internal global i32 0, align 64
@sleepers = internal global i64 0, align 64
@is_waiting = internal global i64 0, align 8
@wg_threads_started = global i64 0, align 64
@wg_threads_limit = global i64 1, align 8
@mutex = internal global [{_OPAQUE} x i8] zeroinitializer, align 64
@work = internal global [{_OPAQUE} x i8] zeroinitializer, align 64
@joined = internal global [{_OPAQUE} x i8] zeroinitializer, align 64

declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_detach(ptr)
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @sigfillset(ptr){_DECLARE}

; The state of a process without workers: the first one, or the child of a fork.
define void @wg_threads_reset() nounwind {{
  store atomic i64 0, ptr @claim seq_cst, align 8
  store i64 0, ptr @sleepers, align 8
  store i64 0, ptr @is_waiting, align 8
  store i64 0, ptr @wg_threads_started, align 8
  %a = call i32 @pthread_mutex_init(ptr @mutex, ptr null)
  %b = call i32 @pthread_cond_init(ptr @work, ptr null)
  %c = call i32 @pthread_cond_init(ptr @joined, ptr null)
  store atomic i32 0, ptr @busy seq_cst, align 4
  ret void
}}

; Blocks of the current job, as long as there are any.
define internal void @run_blocks(i1 %is_worker) nounwind {{
start:
  br label %look
look:
  %word = load atomic i64, ptr @claim acquire, align 8
  %left = and i64 %word, 4294967295
  %none = icmp eq i64 %left, 0
  br i1 %none, label %end, label %try
try:
  %less = sub i64 %word, 1
  %pair = cmpxchg ptr @claim, i64 %word, i64 %less acq_rel acquire
  %won = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %won, label %run, label %look
run:
  %function = load ptr, ptr @job.function, align 8
  %context = load ptr, ptr @job.context, align 8
  %n = load i64, ptr @job.n, align 8
  %block = sub i64 %n, %left
  {_SET_MODE}
  %status = call i64 %function(ptr %context, i64 %block)
  %failed = icmp ne i64 %status, 0
  br i1 %failed, label %fail, label %count
fail:
  %f1 = call i32 @pthread_mutex_lock(ptr @mutex)
  %known = load i64, ptr @job.failed, align 8
  %is_earlier = icmp slt i64 %block, %known
  br i1 %is_earlier, label %keep, label %kept
keep:
  store i64 %block, ptr @job.failed, align 8
  store i64 %status, ptr @job.status, align 8
  br label %kept
kept:
  %f2 = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %count
count:
  %before = atomicrmw add ptr @done, i64 1 seq_cst
  %after = add i64 %before, 1
  %is_last = icmp eq i64 %after, %n
  %tells = and i1 %is_last, %is_worker
  br i1 %tells, label %last, label %look
last:
  %waits = load atomic i64, ptr @is_waiting seq_cst, align 8
  %is_awaited = icmp ne i64 %waits, 0
  br i1 %is_awaited, label %tell, label %look
tell:
  %t1 = call i32 @pthread_mutex_lock(ptr @mutex)
  %t2 = call i32 @pthread_cond_signal(ptr @joined)
  %t3 = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %look
end:
  ret void
}}

; Until the claim shows blocks; false when that took too long.
define internal i1 @spin_for_work() nounwind {{
start:
  br label %look
look:
  %i = phi i64 [ 0, %start ], [ %j, %again ]
  %word = load atomic i64, ptr @claim monotonic, align 8
  %left = and i64 %word, 4294967295
  %some = icmp ne i64 %left, 0
  br i1 %some, label %end, label %again
again:
  {_PAUSE}
  %j = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %j, {SPINS}
  br i1 %more, label %look, label %end
end:
  ret i1 %some
}}

; Woken, a worker spins again even if it came too late: the next job is likely to follow.
define internal ptr @worker(ptr %unused) nounwind {{
start:
  br label %turn
turn:
  call void @run_blocks(i1 true)
  %some = call i1 @spin_for_work()
  br i1 %some, label %turn, label %sleep
sleep:
  %s1 = call i32 @pthread_mutex_lock(ptr @mutex)
  %s2 = atomicrmw add ptr @sleepers, i64 1 seq_cst
  %word = load atomic i64, ptr @claim seq_cst, align 8
  %left = and i64 %word, 4294967295
  %none = icmp eq i64 %left, 0
  br i1 %none, label %wait, label %wake
wait:
  %s3 = call i32 @pthread_cond_wait(ptr @work, ptr @mutex)
  br label %wake
wake:
  %s4 = atomicrmw sub ptr @sleepers, i64 1 seq_cst
  %s5 = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %turn
}}

; Workers take no signals: those are for the threads that Python knows.
define internal void @start_workers() nounwind {{
start:
  %all = alloca [{_OPAQUE} x i8], align 16
  %old = alloca [{_OPAQUE} x i8], align 16
  %thread = alloca ptr, align 8
  %m1 = call i32 @sigfillset(ptr %all)
  %m2 = call i32 @pthread_sigmask(i32 {_SET_MASK}, ptr %all, ptr %old)
  %limit = load i64, ptr @wg_threads_limit, align 8
  br label %look
look:
  %n = phi i64 [ 0, %start ], [ %next, %made ]
  %next = add nuw nsw i64 %n, 1
  %more = icmp slt i64 %next, %limit
  br i1 %more, label %make, label %end
make:
  %error = call i32 @pthread_create(ptr %thread, ptr null, ptr @worker, ptr null)
  %failed = icmp ne i32 %error, 0
  br i1 %failed, label %end, label %made
made:
  %handle = load ptr, ptr %thread, align 8
  %d = call i32 @pthread_detach(ptr %handle)
  br label %look
end:
  store i64 %n, ptr @wg_threads_started, align 8
  %m3 = call i32 @pthread_sigmask(i32 {_SET_MASK}, ptr %old, ptr null)
  ret void
}}

define internal i64 @run_alone(ptr %function, ptr %context, i64 %n) nounwind {{
start:
  br label %turn
turn:
  %i = phi i64 [ 0, %start ], [ %j, %turn ]
  %before = phi i64 [ 0, %start ], [ %status, %turn ]
  %own = call i64 %function(ptr %context, i64 %i)
  %fine = icmp eq i64 %before, 0
  %status = select i1 %fine, i64 %own, i64 %before
  %j = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %j, %n
  br i1 %more, label %turn, label %end
end:
  ret i64 %status
}}

define i64 @wg_parallel(ptr %function, ptr %context, i64 %n) nounwind {{
start:
  %limit = load i64, ptr @wg_threads_limit, align 8
  %single = icmp slt i64 %limit, 2
  %short = icmp slt i64 %n, 2
  %trivial = or i1 %single, %short
  br i1 %trivial, label %alone, label %take
take:
  %pair = cmpxchg ptr @busy, i32 0, i32 1 acq_rel monotonic
  %won = extractvalue {{ i32, i1 }} %pair, 1
  br i1 %won, label %owner, label %alone
owner:
  %before = load i64, ptr @wg_threads_started, align 8
  %is_new = icmp eq i64 %before, 0
  br i1 %is_new, label %found, label %describe
found:
  call void @start_workers()
  %now = load i64, ptr @wg_threads_started, align 8
  %refused = icmp eq i64 %now, 0
  br i1 %refused, label %drop, label %describe
drop:
  store atomic i32 0, ptr @busy release, align 4
  br label %alone
describe:
  store ptr %function, ptr @job.function, align 8
  store ptr %context, ptr @job.context, align 8
  store i64 %n, ptr @job.n, align 8
  {_READ_MODE}
  store i64 0, ptr @job.status, align 8
  store i64 %n, ptr @job.failed, align 8
  store i64 0, ptr @done, align 8
  store i64 0, ptr @is_waiting, align 8
  %last = load i64, ptr @claim, align 8
  %number = and i64 %last, -4294967296
  %numbered = add i64 %number, 4294967296
  %word = or i64 %numbered, %n
  store atomic i64 %word, ptr @claim seq_cst, align 8
  %asleep = load atomic i64, ptr @sleepers seq_cst, align 8
  %others = sub i64 %n, 1
  %fewer = icmp slt i64 %asleep, %others
  %calls = select i1 %fewer, i64 %asleep, i64 %others
  %any = icmp sgt i64 %calls, 0
  br i1 %any, label %wake, label %work
wake:
  %w1 = call i32 @pthread_mutex_lock(ptr @mutex)
  br label %signal
signal:
  %i = phi i64 [ 0, %wake ], [ %j, %signal ]
  %w2 = call i32 @pthread_cond_signal(ptr @work)
  %j = add nuw nsw i64 %i, 1
  %again = icmp slt i64 %j, %calls
  br i1 %again, label %signal, label %called
called:
  %w3 = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %work
work:
  call void @run_blocks(i1 false)
  br label %look
look:
  %k = phi i64 [ 0, %work ], [ %next, %pause ]
  %ended = load atomic i64, ptr @done acquire, align 8
  %all = icmp eq i64 %ended, %n
  br i1 %all, label %end, label %pause
pause:
  {_PAUSE}
  %next = add nuw nsw i64 %k, 1
  %patient = icmp ult i64 %next, {SPINS}
  br i1 %patient, label %look, label %rest
rest:
  %r1 = call i32 @pthread_mutex_lock(ptr @mutex)
  store atomic i64 1, ptr @is_waiting seq_cst, align 8
  br label %check
check:
  %count = load atomic i64, ptr @done seq_cst, align 8
  %complete = icmp eq i64 %count, %n
  br i1 %complete, label %rested, label %sleep
sleep:
  %r2 = call i32 @pthread_cond_wait(ptr @joined, ptr @mutex)
  br label %check
rested:
  %r3 = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %end
end:
  %status = load i64, ptr @job.status, align 8
  store atomic i32 0, ptr @busy release, align 4
  ret i64 %status
alone:
  %own = call i64 @run_alone(ptr %function, ptr %context, i64 %n)
  ret i64 %own
}}
"""
