"""The first half of the native entry, in LLVM IR: the arguments against the record.

Each argument's address goes to `%ins`; whatever does not fit goes to `%miss`. `$name` stands for an
offset, a constant, or the load of a word: see `entry_ir`.
"""

from __future__ import annotations

ARGUMENTS = """
define ptr @wg_entry(ptr %self, ptr %args, i64 %nargsf, ptr %names) {
start:
  %recordp = getelementptr i8, ptr %self, i64 $record
  %record = load ptr, ptr %recordp
  %n = and i64 %nargsf, 9223372036854775807  ; without PY_VECTORCALLARGUMENTS_OFFSET
  $n_args
  %positional = icmp eq ptr %names, null
  %fits = icmp eq i64 %n, %n_args
  %usual = and i1 %positional, %fits
  br i1 %usual, label %room, label %miss

room:
  $n_in
  $n_out
  $in_specs
  $out_specs
  $scratch_size
  %ins = alloca ptr, i64 %n_in, align 16
  %outs = alloca ptr, i64 %n_out, align 16
  %objects = alloca ptr, i64 %n_out, align 16
  %scratch = alloca i8, i64 %scratch_size, align 16
  %overflow = alloca i32
  %without = icmp eq i64 %n_in, 0
  br i1 %without, label %outputs, label %input

; -- one turn an input: its address goes to %ins -----------------------------------------------
input:
  %i = phi i64 [ 0, %room ], [ %i1, %taken ]
  %spec_offset = mul i64 %i, $in_size
  %spec = getelementptr i8, ptr %in_specs, i64 %spec_offset
  %argp = getelementptr ptr, ptr %args, i64 %i
  $in_mode
  $in_type
  switch i64 %in_mode, label %pointer [
    i64 $ARRAY, label %array
    i64 $INLINE, label %inline
    i64 $INTEGER, label %integer
    i64 $BOOLEAN, label %boolean
    i64 $SAME, label %same ]
array:
  %a = load ptr, ptr %argp
  %a_typep = getelementptr i8, ptr %a, i64 $TYPE
  %a_type = load ptr, ptr %a_typep
  %is_array = icmp eq ptr %a_type, %in_type
  br i1 %is_array, label %array_dtype, label %miss
array_dtype:
  %a_descrp = getelementptr i8, ptr %a, i64 $DESCR
  %a_descr = load ptr, ptr %a_descrp
  $in_descr
  %is_descr = icmp eq ptr %a_descr, %in_descr
  br i1 %is_descr, label %array_rank, label %array_number
array_number:                                ; an equal dtype that is another object
  $in_type_num
  %numberp = getelementptr i8, ptr %a_descr, i64 $TYPE_NUM
  %number32 = load i32, ptr %numberp
  %number = sext i32 %number32 to i64
  %is_number = icmp eq i64 %number, %in_type_num
  %orderp = getelementptr i8, ptr %a_descr, i64 $BYTEORDER
  %order = load i8, ptr %orderp
  %swapped = icmp eq i8 %order, 62           ; '>', as the machine is little-endian
  %native = xor i1 %swapped, true
  %is_dtype = and i1 %is_number, %native
  br i1 %is_dtype, label %array_rank, label %miss
array_rank:
  $in_ndim
  %rankp = getelementptr i8, ptr %a, i64 $NDIM
  %rank32 = load i32, ptr %rankp
  %rank = sext i32 %rank32 to i64
  %is_rank = icmp eq i64 %rank, %in_ndim
  %flagsp = getelementptr i8, ptr %a, i64 $FLAGS
  %flags = load i32, ptr %flagsp
  %layout = and i32 %flags, $DENSE
  %is_dense = icmp eq i32 %layout, $DENSE
  %is_plain = and i1 %is_rank, %is_dense
  br i1 %is_plain, label %array_shape, label %miss
array_shape:
  $in_dimensions
  %sizesp = getelementptr i8, ptr %a, i64 $DIMENSIONS
  %sizes = load ptr, ptr %sizesp
  br label %axis
axis:
  %d = phi i64 [ 0, %array_shape ], [ %d1, %axis_size ]
  %axes_done = icmp eq i64 %d, %in_ndim
  br i1 %axes_done, label %array_data, label %axis_size
axis_size:
  %sizep = getelementptr i64, ptr %sizes, i64 %d
  %size = load i64, ptr %sizep
  %wantp = getelementptr i64, ptr %in_dimensions, i64 %d
  %want = load i64, ptr %wantp
  %d1 = add i64 %d, 1
  %is_size = icmp eq i64 %size, %want
  br i1 %is_size, label %axis, label %miss
array_data:
  %datap = getelementptr i8, ptr %a, i64 $DATA
  %data = load ptr, ptr %datap
  br label %taken
inline:
  %s = load ptr, ptr %argp
  %s_typep = getelementptr i8, ptr %s, i64 $TYPE
  %s_type = load ptr, ptr %s_typep
  $in_other_type
  %is_one = icmp eq ptr %s_type, %in_type
  %is_other = icmp eq ptr %s_type, %in_other_type
  %is_either = or i1 %is_one, %is_other
  %value = getelementptr i8, ptr %s, i64 $VALUE
  br i1 %is_either, label %taken, label %miss
integer:
  %k = load ptr, ptr %argp
  %k_typep = getelementptr i8, ptr %k, i64 $TYPE
  %k_type = load ptr, ptr %k_typep
  %is_int = icmp eq ptr %k_type, %in_type
  br i1 %is_int, label %integer_value, label %integer_scalar
integer_scalar:                              ; a NumPy integer, read in place
  $in_other_type_2
  %is_scalar = icmp eq ptr %k_type, %in_other_type_2
  %k_value = getelementptr i8, ptr %k, i64 $VALUE
  br i1 %is_scalar, label %taken, label %miss
integer_value:
  %whole = call i64 @PyLong_AsLongLongAndOverflow(ptr %k, ptr %overflow)
  %over = load i32, ptr %overflow
  $in_place
  %k_placep = getelementptr i8, ptr %scratch, i64 %in_place
  store i64 %whole, ptr %k_placep
  %is_small = icmp eq i32 %over, 0
  br i1 %is_small, label %taken, label %miss
boolean:
  %b = load ptr, ptr %argp
  %is_true = icmp eq ptr %b, @py_true
  %is_np_true = icmp eq ptr %b, @npy_true
  %is_false = icmp eq ptr %b, @py_false
  %is_np_false = icmp eq ptr %b, @npy_false
  %yes = or i1 %is_true, %is_np_true
  %no = or i1 %is_false, %is_np_false
  %is_bool = or i1 %yes, %no
  $in_place_2
  %b_place = getelementptr i8, ptr %scratch, i64 %in_place_2
  %byte = zext i1 %yes to i8
  store i8 %byte, ptr %b_place
  br i1 %is_bool, label %taken, label %miss
same:
  %o = load ptr, ptr %argp
  %is_same = icmp eq ptr %o, %in_type
  br i1 %is_same, label %taken, label %miss
pointer:
  br label %taken
taken:
  %address = phi ptr [ %data, %array_data ], [ %value, %inline ], [ %k_placep, %integer_value ],
    [ %k_value, %integer_scalar ], [ %b_place, %boolean ], [ null, %same ], [ %in_type, %pointer ]
  $in_slot
  %inp = getelementptr ptr, ptr %ins, i64 %in_slot
  store ptr %address, ptr %inp
  %i1 = add i64 %i, 1
  %more_in = icmp ult i64 %i1, %n_in
  br i1 %more_in, label %input, label %outputs
"""
