"""Machine code that all kernels share: the arenas of calls, and their tapes (`tape_ir.py`).

`wg_arena_take(bytes)` gives a block aligned to 64 bytes, one that an earlier call left if there is
one large enough: pages touched before cost a fraction of fresh ones. A call owns its block until
`wg_arena_give`, so calls may nest and run on several threads; blocks change hands by atomic
exchange, without a lock, and a fork in between only loses one.
"""

from __future__ import annotations

import functools

from wengert.native import engine, symbols, tape_ir, threads

N_SLOTS = 4  # blocks kept between calls

_IR = f"""
@slots = internal global [{N_SLOTS} x ptr] zeroinitializer
declare ptr @aligned_alloc(i64, i64)
declare void @free(ptr)

define ptr @wg_arena_take(i64 %bytes) nounwind {{
start:
  br label %next
next:
  %i = phi i64 [ 0, %start ], [ %j, %unfit ]
  %slot = getelementptr inbounds ptr, ptr @slots, i64 %i
  %block = atomicrmw xchg ptr %slot, ptr null acq_rel
  %empty = icmp eq ptr %block, null
  br i1 %empty, label %unfit, label %try
try:
  %size = load i64, ptr %block, align 8
  %fits = icmp uge i64 %size, %bytes
  br i1 %fits, label %found, label %drop
found:
  %data = getelementptr inbounds i8, ptr %block, i64 64
  ret ptr %data
drop:
  call void @free(ptr %block)
  br label %unfit
unfit:
  %j = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %j, {N_SLOTS}
  br i1 %more, label %next, label %fresh
fresh:
  %padded = add i64 %bytes, 127
  %whole = and i64 %padded, -64
  %new = call ptr @aligned_alloc(i64 64, i64 %whole)
  %failed = icmp eq ptr %new, null
  br i1 %failed, label %none, label %made
made:
  store i64 %bytes, ptr %new, align 8
  %first = getelementptr inbounds i8, ptr %new, i64 64
  ret ptr %first
none:
  ret ptr null
}}

define void @wg_arena_give(ptr %data) nounwind {{
start:
  %block = getelementptr inbounds i8, ptr %data, i64 -64
  br label %next
next:
  %i = phi i64 [ 0, %start ], [ %j, %taken ]
  %slot = getelementptr inbounds ptr, ptr @slots, i64 %i
  %pair = cmpxchg ptr %slot, ptr null, ptr %block acq_rel monotonic
  %done = extractvalue {{ ptr, i1 }} %pair, 1
  br i1 %done, label %kept, label %taken
taken:
  %j = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %j, {N_SLOTS}
  br i1 %more, label %next, label %full
full:
  call void @free(ptr %block)
  ret void
kept:
  ret void
}}
"""

_EXPORTS = ("wg_arena_take", "wg_arena_give", *tape_ir.EXPORTS)


@functools.lru_cache(maxsize=1)
def ensure() -> engine.Linked:
    """Link the shared code and make it known to the linker, once a process."""
    threads.register()
    linked = engine.link(_IR + tape_ir.TAPE_IR, "wengert_runtime", exports=_EXPORTS)
    for name in _EXPORTS:
        symbols.register(name, linked.address(name))
    return linked
