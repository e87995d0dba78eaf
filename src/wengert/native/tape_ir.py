"""Machine code for memory whose amount is known only at run time: the tapes of loops.

A call that needs such memory has a *roll* on its stack: three pointers, to the newest chunk, to the
first free byte in it and to its end. Memory is taken from the front, like a stack's; chunks double
in size and come from the arenas' store, so that the next call finds them warm.

    wg_tape_take(roll, bytes)                  memory, or null where there is none
    wg_tape_grow(roll, old, size, used, bytes) the same contents in a larger piece, in place if last
    wg_tape_trim(roll, old, size, used)        the end of a piece given back, if it is the last
    wg_tape_rewind(roll, chunk, cursor)        all taken since then given back
    wg_tape_free(roll)                         everything given back, at the end of a call

Sizes are in bytes and multiples of 16.
"""

from __future__ import annotations

FIRST_CHUNK = 1 << 16  # bytes of the first chunk of a call; the store may have a larger one

TAPE_IR = f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define ptr @wg_tape_take(ptr %roll, i64 %bytes) nounwind {{
start:
  %cursor.at = getelementptr inbounds ptr, ptr %roll, i64 1
  %end.at = getelementptr inbounds ptr, ptr %roll, i64 2
  %cursor = load ptr, ptr %cursor.at, align 8
  %end = load ptr, ptr %end.at, align 8
  %from = ptrtoint ptr %cursor to i64
  %to = ptrtoint ptr %end to i64
  %left = sub i64 %to, %from
  %fits = icmp ule i64 %bytes, %left
  br i1 %fits, label %take, label %more
take:
  %next = getelementptr inbounds i8, ptr %cursor, i64 %bytes
  store ptr %next, ptr %cursor.at, align 8
  ret ptr %cursor
more:
  %chunk = load ptr, ptr %roll, align 8
  %low = ptrtoint ptr %chunk to i64
  %size = sub i64 %to, %low
  %double = shl i64 %size, 1
  %needed = add i64 %bytes, 64
  %a = icmp ugt i64 %double, %needed
  %large = select i1 %a, i64 %double, i64 %needed
  %c = icmp ugt i64 %large, {FIRST_CHUNK}
  %wanted = select i1 %c, i64 %large, i64 {FIRST_CHUNK}
  %new = call ptr @wg_arena_take(i64 %wanted)
  %none = icmp eq ptr %new, null
  br i1 %none, label %refused, label %made
made:
  %head = getelementptr inbounds i8, ptr %new, i64 -64
  %real = load i64, ptr %head, align 8
  %stop = getelementptr inbounds i8, ptr %new, i64 %real
  store ptr %chunk, ptr %new, align 8
  store ptr %new, ptr %roll, align 8
  store ptr %stop, ptr %end.at, align 8
  %data = getelementptr inbounds i8, ptr %new, i64 64
  %free = getelementptr inbounds i8, ptr %data, i64 %bytes
  store ptr %free, ptr %cursor.at, align 8
  ret ptr %data
refused:
  ret ptr null
}}

define ptr @wg_tape_grow(ptr %roll, ptr %old, i64 %size, i64 %used, i64 %bytes) nounwind {{
start:
  %cursor.at = getelementptr inbounds ptr, ptr %roll, i64 1
  %end.at = getelementptr inbounds ptr, ptr %roll, i64 2
  %cursor = load ptr, ptr %cursor.at, align 8
  %end = load ptr, ptr %end.at, align 8
  %after = getelementptr inbounds i8, ptr %old, i64 %size
  %last = icmp eq ptr %after, %cursor
  %to = ptrtoint ptr %end to i64
  %from = ptrtoint ptr %old to i64
  %room = sub i64 %to, %from
  %fits = icmp ule i64 %bytes, %room
  %here = and i1 %last, %fits
  %begun = icmp ne ptr %old, null
  %in.place = and i1 %here, %begun
  br i1 %in.place, label %extend, label %move
extend:
  %next = getelementptr inbounds i8, ptr %old, i64 %bytes
  store ptr %next, ptr %cursor.at, align 8
  ret ptr %old
move:
  %new = call ptr @wg_tape_take(ptr %roll, i64 %bytes)
  %none = icmp eq ptr %new, null
  %empty = icmp eq i64 %used, 0
  %skip = or i1 %none, %empty
  br i1 %skip, label %done, label %copy
copy:
  call void @llvm.memcpy.p0.p0.i64(ptr %new, ptr %old, i64 %used, i1 false)
  br label %done
done:
  ret ptr %new
}}

define void @wg_tape_trim(ptr %roll, ptr %old, i64 %size, i64 %used) nounwind {{
start:
  %cursor.at = getelementptr inbounds ptr, ptr %roll, i64 1
  %cursor = load ptr, ptr %cursor.at, align 8
  %after = getelementptr inbounds i8, ptr %old, i64 %size
  %last = icmp eq ptr %after, %cursor
  %begun = icmp ne ptr %old, null
  %can = and i1 %last, %begun
  br i1 %can, label %back, label %done
back:
  %next = getelementptr inbounds i8, ptr %old, i64 %used
  store ptr %next, ptr %cursor.at, align 8
  br label %done
done:
  ret void
}}

define void @wg_tape_rewind(ptr %roll, ptr %chunk, ptr %cursor) nounwind {{
start:
  %now = load ptr, ptr %roll, align 8
  %same = icmp eq ptr %now, %chunk
  %first = getelementptr i8, ptr %now, i64 64
  %next = select i1 %same, ptr %cursor, ptr %first
  %cursor.at = getelementptr inbounds ptr, ptr %roll, i64 1
  store ptr %next, ptr %cursor.at, align 8
  ret void
}}

define void @wg_tape_free(ptr %roll) nounwind {{
start:
  %newest = load ptr, ptr %roll, align 8
  br label %check
check:
  %chunk = phi ptr [ %newest, %start ], [ %before, %give ]
  %none = icmp eq ptr %chunk, null
  br i1 %none, label %done, label %give
give:
  %before = load ptr, ptr %chunk, align 8
  call void @wg_arena_give(ptr %chunk)
  br label %check
done:
  ret void
}}
"""

EXPORTS = (
    "wg_tape_take",
    "wg_tape_grow",
    "wg_tape_trim",
    "wg_tape_rewind",
    "wg_tape_free",
)
