"""The functions that the native entry calls, and what it refers to, in LLVM IR.

`$name` stands for an offset, a constant, or the load of a word: see `entry_ir`.
"""

from __future__ import annotations

HELPERS = """
define internal void @drop(ptr %objects, i64 %n) {
start:
  br label %head
head:
  %i = phi i64 [ 0, %start ], [ %i1, %next ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %end, label %one
one:
  %p = getelementptr ptr, ptr %objects, i64 %i
  %object = load ptr, ptr %p
  %none = icmp eq ptr %object, null
  br i1 %none, label %next, label %release
release:
  call void @Py_DecRef(ptr %object)
  br label %next
next:
  %i1 = add i64 %i, 1
  br label %head
end:
  ret void
}

define internal void @raise(ptr %on_status, i64 %status) {
  %code = call ptr @PyLong_FromLongLong(i64 %status)
  %none = icmp eq ptr %code, null
  br i1 %none, label %end, label %call
call:
  %answer = call ptr @PyObject_CallOneArg(ptr %on_status, ptr %code)
  call void @Py_DecRef(ptr %code)
  %raised = icmp eq ptr %answer, null
  br i1 %raised, label %end, label %silent
silent:
  call void @Py_DecRef(ptr %answer)
  call void @PyErr_SetString(ptr @py_system_error, ptr @not_raised)
  br label %end
end:
  ret void
}
@not_raised = internal constant [42 x i8] c"a native error status raised no exception\\00"

define internal ptr @new_array(ptr %spec) {
  $new_descr
  $new_ndim
  $new_dimensions
  $new_in_pool
  call void @Py_IncRef(ptr %new_descr)       ; NumPy takes over a reference
  %rank = trunc i64 %new_ndim to i32
  %pooled = icmp ne i64 %new_in_pool, 0
  br i1 %pooled, label %large, label %small
small:
  %array = call ptr @npy_new_from_descr(ptr @npy_array_type, ptr %new_descr, i32 %rank,
    ptr %new_dimensions, ptr null, ptr null, i32 0, ptr null)
  ret ptr %array
large:
  $new_n_bytes
  %data = call ptr @wg_pool_malloc(ptr null, i64 %new_n_bytes)
  %none = icmp eq ptr %data, null
  br i1 %none, label %full, label %around
full:
  call void @Py_DecRef(ptr %new_descr)
  %error = call ptr @PyErr_NoMemory()
  ret ptr null
around:
  %big = call ptr @npy_new_from_descr(ptr @npy_array_type, ptr %new_descr, i32 %rank,
    ptr %new_dimensions, ptr null, ptr %data, i32 $CARRAY, ptr null)
  %no_big = icmp eq ptr %big, null
  br i1 %no_big, label %undo, label %own
undo:
  call void @wg_pool_free(ptr null, ptr %data, i64 0)
  ret ptr null
own:                                         ; the array frees its memory through our handler
  call void @Py_IncRef(ptr @wg_pool_handler)
  %handlerp = getelementptr i8, ptr %big, i64 $HANDLER
  store ptr @wg_pool_handler, ptr %handlerp
  %flagsp = getelementptr i8, ptr %big, i64 $FLAGS
  %flags = load i32, ptr %flagsp
  %owned = or i32 %flags, $OWNDATA
  store i32 %owned, ptr %flagsp
  ret ptr %big
}

define internal ptr @new_scalar(ptr %spec, i64 %mode, ptr %source) {
  switch i64 %mode, label %general [ i64 $COPIED, label %copied  i64 $TRUTH, label %truth ]
copied:
  $scalar_type
  $scalar_allocator
  %object = call ptr %scalar_allocator(ptr %scalar_type, i64 0)
  %none = icmp eq ptr %object, null
  br i1 %none, label %done, label %fill
fill:
  $scalar_item_size
  %value = getelementptr i8, ptr %object, i64 $VALUE
  %word = icmp eq i64 %scalar_item_size, 8
  br i1 %word, label %fill_word, label %fill_bytes
fill_word:
  %bits = load i64, ptr %source
  store i64 %bits, ptr %value
  ret ptr %object
fill_bytes:
  call void @llvm.memcpy.p0.p0.i64(ptr %value, ptr %source, i64 %scalar_item_size, i1 false)
  ret ptr %object
truth:
  %byte = load i8, ptr %source
  %no = icmp eq i8 %byte, 0
  %bool = select i1 %no, ptr @npy_false, ptr @npy_true
  call void @Py_IncRef(ptr %bool)
  ret ptr %bool
general:
  $scalar_descr
  %scalar = call ptr @npy_scalar(ptr %source, ptr %scalar_descr, ptr null)
  ret ptr %scalar
done:
  ret ptr null
}

; Whether a donated array owns its memory, may be written, and overlaps no other input.
define internal i1 @may_reuse(ptr %array, i64 %donor, i64 %n_in, ptr %ins, ptr %specs) {
start:
  %flagsp = getelementptr i8, ptr %array, i64 $FLAGS
  %flags = load i32, ptr %flagsp
  %wanted = and i32 %flags, $OURS
  %is_owned = icmp eq i32 %wanted, $OURS
  %basep = getelementptr i8, ptr %array, i64 $BASE
  %base = load ptr, ptr %basep
  %is_root = icmp eq ptr %base, null
  %is_whole = and i1 %is_owned, %is_root
  %offset = mul i64 %donor, $in_size
  %spec = getelementptr i8, ptr %specs, i64 %offset
  $donor_n_bytes
  $donor_slot
  %beginp = getelementptr ptr, ptr %ins, i64 %donor_slot
  %begin = load ptr, ptr %beginp
  %end = getelementptr i8, ptr %begin, i64 %donor_n_bytes
  br i1 %is_whole, label %head, label %no
head:
  %i = phi i64 [ 0, %start ], [ %i1, %next ]
  %all = icmp eq i64 %i, %n_in
  br i1 %all, label %yes, label %which
which:
  %is_donor = icmp eq i64 %i, %donor
  br i1 %is_donor, label %next, label %compare
compare:
  %offset2 = mul i64 %i, $in_size
  %spec2 = getelementptr i8, ptr %specs, i64 %offset2
  $other_n_bytes
  $other_slot
  %begin2p = getelementptr ptr, ptr %ins, i64 %other_slot
  %begin2 = load ptr, ptr %begin2p
  %end2 = getelementptr i8, ptr %begin2, i64 %other_n_bytes
  %before = icmp ult ptr %begin, %end2
  %after = icmp ult ptr %begin2, %end
  %overlaps = and i1 %before, %after
  br i1 %overlaps, label %no, label %next
next:
  %i1 = add i64 %i, 1
  br label %head
yes:
  ret i1 true
no:
  ret i1 false
}
"""

EXTERNALS = """
@wg_entry_type = external global i8
@wg_pool_handler = external global i8
@npy_array_type = external global i8
@npy_true = external global i8
@npy_false = external global i8
@py_true = external global i8
@py_false = external global i8
@py_type_error = external global i8
@py_system_error = external global i8
declare ptr @npy_new_from_descr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @npy_scalar(ptr, ptr, ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare void @PyErr_SetString(ptr, ptr)
declare ptr @PyErr_NoMemory()
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyObject_CallOneArg(ptr, ptr)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyList_New(i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyLong_FromLongLong(i64)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare ptr @wg_pool_malloc(ptr, i64)
declare void @wg_pool_free(ptr, ptr, i64)
"""
