"""The pool that large results are allocated from, in LLVM IR.

A result of 1 KiB or more gets its memory here and gives it back when the array dies, through the
memory handler that every NumPy array carries (NEP 49). So pages are touched for the first time
once, not at every call, and the arrays own their memory like any other (`base` is None, `resize`
works, donation works). Callers hold Python's lock: NumPy frees under it, and so does the entry
allocate. That also makes a fork safe.

A block is `header (64 bytes) · data`, the data aligned to 64 bytes. Its header holds the class, the
capacity, the address to free, and the next free block of the class. Classes are quarters of a
power of two. When a block would take the pool past its limit, all free blocks are released first:
what is used now comes back at once, what was used long ago does not.
"""

from __future__ import annotations

# Bytes from which a result comes from the pool; NumPy keeps smaller blocks itself. Measured against
# NumPy's allocation, filling included: 2 KiB 0.13 µs (0.40), 64 KiB 0.9 (1.0), 16 MiB 640 (1760).
LARGE = 1024
DEFAULT_LIMIT = 256 * 2**20

POOL = """
declare ptr @PyMem_RawMalloc(i64)
declare void @PyMem_RawFree(ptr)
declare i64 @llvm.ctlz.i64(i64, i1)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.umax.i64(i64, i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

@pool_heads = internal global [256 x ptr] zeroinitializer
@wg_pool_bytes = global i64 0      ; in free blocks
@wg_pool_limit = global i64 268435456

define void @wg_pool_flush() {
start:
  br label %classes
classes:
  %i = phi i64 [ 0, %start ], [ %i1, %next ]
  %head = getelementptr ptr, ptr @pool_heads, i64 %i
  br label %blocks
blocks:
  %block = load ptr, ptr %head
  %empty = icmp eq ptr %block, null
  br i1 %empty, label %next, label %free
free:
  %link = getelementptr i64, ptr %block, i64 3
  %rest = load ptr, ptr %link
  store ptr %rest, ptr %head
  %rawp = getelementptr i64, ptr %block, i64 2
  %raw = load ptr, ptr %rawp
  call void @PyMem_RawFree(ptr %raw)
  br label %blocks
next:
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, 256
  br i1 %more, label %classes, label %done
done:
  store i64 0, ptr @wg_pool_bytes
  ret void
}

define ptr @wg_pool_malloc(ptr %context, i64 %wanted) {
start:
  %size = call i64 @llvm.umax.i64(i64 %wanted, i64 1024)
  %huge = icmp ugt i64 %size, 4611686018427387904
  br i1 %huge, label %fail, label %classify
classify:
  %zeros = call i64 @llvm.ctlz.i64(i64 %size, i1 true)
  %shift = sub i64 61, %zeros                ; a quarter of the power of two below
  %unit = shl i64 1, %shift
  %mask = sub i64 %unit, 1
  %up = add i64 %size, %mask
  %quarters = lshr i64 %up, %shift           ; 4 to 8
  %capacity = shl i64 %quarters, %shift
  %row = shl i64 %shift, 2
  %class = add i64 %row, %quarters
  %head = getelementptr ptr, ptr @pool_heads, i64 %class
  %block = load ptr, ptr %head
  %empty = icmp eq ptr %block, null
  br i1 %empty, label %fresh, label %reuse
reuse:
  %link = getelementptr i64, ptr %block, i64 3
  %rest = load ptr, ptr %link
  store ptr %rest, ptr %head
  %bytes = load i64, ptr @wg_pool_bytes
  %less = sub i64 %bytes, %capacity
  store i64 %less, ptr @wg_pool_bytes
  %found = getelementptr i8, ptr %block, i64 64
  ret ptr %found
fresh:
  %total = add i64 %capacity, 128            ; the header, and room to align it
  %try1 = call ptr @PyMem_RawMalloc(i64 %total)
  %none1 = icmp eq ptr %try1, null
  br i1 %none1, label %again, label %made
again:
  call void @wg_pool_flush()
  %try2 = call ptr @PyMem_RawMalloc(i64 %total)
  %none2 = icmp eq ptr %try2, null
  br i1 %none2, label %fail, label %made
made:
  %raw = phi ptr [ %try1, %fresh ], [ %try2, %again ]
  %address = ptrtoint ptr %raw to i64
  %past = add i64 %address, 63
  %aligned = and i64 %past, -64
  %new = inttoptr i64 %aligned to ptr
  store i64 %class, ptr %new
  %capp = getelementptr i64, ptr %new, i64 1
  store i64 %capacity, ptr %capp
  %rawp = getelementptr i64, ptr %new, i64 2
  store ptr %raw, ptr %rawp
  %data = getelementptr i8, ptr %new, i64 64
  ret ptr %data
fail:
  ret ptr null
}

define void @wg_pool_free(ptr %context, ptr %data, i64 %size) {
start:
  %nothing = icmp eq ptr %data, null
  br i1 %nothing, label %done, label %some
some:
  %block = getelementptr i8, ptr %data, i64 -64
  %class = load i64, ptr %block
  %capp = getelementptr i64, ptr %block, i64 1
  %capacity = load i64, ptr %capp
  %limit = load i64, ptr @wg_pool_limit
  %too_big = icmp ugt i64 %capacity, %limit
  br i1 %too_big, label %release, label %weigh
weigh:
  %bytes = load i64, ptr @wg_pool_bytes
  %then = add i64 %bytes, %capacity
  %full = icmp ugt i64 %then, %limit
  br i1 %full, label %flush, label %keep
flush:
  call void @wg_pool_flush()
  br label %keep
keep:
  %now = load i64, ptr @wg_pool_bytes
  %more = add i64 %now, %capacity
  store i64 %more, ptr @wg_pool_bytes
  %head = getelementptr ptr, ptr @pool_heads, i64 %class
  %first = load ptr, ptr %head
  %link = getelementptr i64, ptr %block, i64 3
  store ptr %first, ptr %link
  store ptr %block, ptr %head
  ret void
release:
  %rawp = getelementptr i64, ptr %block, i64 2
  %raw = load ptr, ptr %rawp
  call void @PyMem_RawFree(ptr %raw)
  ret void
done:
  ret void
}

define ptr @wg_pool_calloc(ptr %context, i64 %count, i64 %each) {
  %pair = call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %count, i64 %each)
  %size = extractvalue { i64, i1 } %pair, 0
  %over = extractvalue { i64, i1 } %pair, 1
  %wanted = select i1 %over, i64 -1, i64 %size
  %data = call ptr @wg_pool_malloc(ptr null, i64 %wanted)
  %none = icmp eq ptr %data, null
  br i1 %none, label %done, label %clean
clean:
  call void @llvm.memset.p0.i64(ptr %data, i8 0, i64 %size, i1 false)
  br label %done
done:
  ret ptr %data
}

declare { i64, i1 } @llvm.umul.with.overflow.i64(i64, i64)

define ptr @wg_pool_realloc(ptr %context, ptr %data, i64 %size) {
start:
  %new = call ptr @wg_pool_malloc(ptr null, i64 %size)
  %none = icmp eq ptr %new, null
  %first = icmp eq ptr %data, null
  %stop = or i1 %none, %first
  br i1 %stop, label %done, label %move
move:
  %capp = getelementptr i8, ptr %data, i64 -56
  %capacity = load i64, ptr %capp
  %n = call i64 @llvm.umin.i64(i64 %capacity, i64 %size)
  call void @llvm.memcpy.p0.p0.i64(ptr %new, ptr %data, i64 %n, i1 false)
  call void @wg_pool_free(ptr null, ptr %data, i64 0)
  br label %done
done:
  ret ptr %new
}
"""
