"""The native entry: from Python's calling convention to a compiled kernel and back, in LLVM IR.

One piece of machine code serves all kernels. What it needs to know of one lies in a record (see
`entry_words.py`), so a new specialization costs no compilation here.

    wg_forward   the entry of a NativeCallable: calls its `target`
    wg_entry     the entry of a NativeEntry: checks the arguments against the record, allocates the
                 results, runs the kernel, wraps what it computed; anything else goes to `fallback`

`$name` stands for an offset, a constant, or the load of a word: `entry_ir` puts them in.
"""

from __future__ import annotations

from string import Template

from wengert.native import entry_words, layout
from wengert.native.entry_arguments_ir import ARGUMENTS
from wengert.native.entry_helpers_ir import EXTERNALS, HELPERS
from wengert.native.entry_words import IN_SPEC, OUT_SPEC, RECORD, load

_FORWARD = """
define ptr @wg_forward(ptr %self, ptr %args, i64 %nargsf, ptr %names) {
  %slot = getelementptr i8, ptr %self, i64 $target
  %target = load ptr, ptr %slot
  %unset = icmp eq ptr %target, null
  br i1 %unset, label %nothing, label %go
go:
  call void @Py_IncRef(ptr %target)          ; it may be replaced while it runs
  %typep = getelementptr i8, ptr %target, i64 $TYPE
  %type = load ptr, ptr %typep
  %native = icmp eq ptr %type, @wg_entry_type
  br i1 %native, label %direct, label %general
direct:
  %r1 = call ptr @wg_entry(ptr %target, ptr %args, i64 %nargsf, ptr %names)
  br label %done
general:
  %r2 = call ptr @PyObject_Vectorcall(ptr %target, ptr %args, i64 %nargsf, ptr %names)
  br label %done
done:
  %r = phi ptr [ %r1, %direct ], [ %r2, %general ]
  call void @Py_DecRef(ptr %target)
  ret ptr %r
nothing:
  call void @PyErr_SetString(ptr @py_type_error, ptr @no_target)
  ret ptr null
}
@no_target = internal constant [32 x i8] c"this callable has no target yet\\00"
"""

_OUTPUTS = """
; -- one turn an output: its address goes to %outs, a new array to %objects ---------------------
outputs:
  %no_outs = icmp eq i64 %n_out, 0
  br i1 %no_outs, label %ready, label %output
output:
  %j = phi i64 [ 0, %outputs ], [ %j1, %placed ]
  %out_offset = mul i64 %j, $out_size
  %out_spec = getelementptr i8, ptr %out_specs, i64 %out_offset
  $out_mode
  %is_new = icmp eq i64 %out_mode, $ARRAY
  br i1 %is_new, label %donation, label %number_out
number_out:
  $out_place
  %out_scratch = getelementptr i8, ptr %scratch, i64 %out_place
  br label %placed
donation:
  $out_donor
  %is_given = icmp sge i64 %out_donor, 0
  br i1 %is_given, label %donor, label %allocate
donor:
  %donatedp = getelementptr ptr, ptr %args, i64 %out_donor
  %donated = load ptr, ptr %donatedp
  %is_ours = call i1 @may_reuse(ptr %donated, i64 %out_donor, i64 %n_in, ptr %ins, ptr %in_specs)
  $out_donor_slot
  %given_inp = getelementptr ptr, ptr %ins, i64 %out_donor_slot
  %given_in = load ptr, ptr %given_inp
  br i1 %is_ours, label %reuse, label %copy
reuse:
  call void @Py_IncRef(ptr %donated)
  br label %placed
copy:
  %fresh = call ptr @new_array(ptr %out_spec)
  %no_fresh = icmp eq ptr %fresh, null
  br i1 %no_fresh, label %failed, label %copied
copied:
  %fresh_datap = getelementptr i8, ptr %fresh, i64 $DATA
  %fresh_data = load ptr, ptr %fresh_datap
  $out_n_bytes
  call void @llvm.memcpy.p0.p0.i64(ptr %fresh_data, ptr %given_in, i64 %out_n_bytes, i1 false)
  store ptr %fresh_data, ptr %given_inp
  br label %placed
allocate:
  %new = call ptr @new_array(ptr %out_spec)
  %no_new = icmp eq ptr %new, null
  br i1 %no_new, label %failed, label %allocated
allocated:
  %new_datap = getelementptr i8, ptr %new, i64 $DATA
  %new_data = load ptr, ptr %new_datap
  br label %placed
placed:
  %out_address = phi ptr [ %out_scratch, %number_out ], [ %given_in, %reuse ],
    [ %fresh_data, %copied ], [ %new_data, %allocated ]
  %object = phi ptr [ null, %number_out ], [ %donated, %reuse ],
    [ %fresh, %copied ], [ %new, %allocated ]
  %outp = getelementptr ptr, ptr %outs, i64 %j
  store ptr %out_address, ptr %outp
  %objectp = getelementptr ptr, ptr %objects, i64 %j
  store ptr %object, ptr %objectp
  %j1 = add i64 %j, 1
  %more_out = icmp ult i64 %j1, %n_out
  br i1 %more_out, label %output, label %ready
failed:
  call void @drop(ptr %objects, i64 %j)
  ret ptr null

; -- the kernel ---------------------------------------------------------------------------------
ready:
  $kernel
  $env
  $releases_gil
  %keeps = icmp eq i64 %releases_gil, 0
  br i1 %keeps, label %locked, label %unlocked
locked:
  %status1 = call i64 %kernel(ptr %ins, ptr %outs, ptr %env)
  br label %ran
unlocked:
  %thread = call ptr @PyEval_SaveThread()
  %status2 = call i64 %kernel(ptr %ins, ptr %outs, ptr %env)
  call void @PyEval_RestoreThread(ptr %thread)
  br label %ran
ran:
  %status = phi i64 [ %status1, %locked ], [ %status2, %unlocked ]
  %is_fine = icmp eq i64 %status, 0
  br i1 %is_fine, label %box, label %not_fine
not_fine:
  call void @drop(ptr %objects, i64 %n_out)
  %is_guard = icmp sgt i64 %status, 0
  br i1 %is_guard, label %miss, label %error
error:
  %is_set = icmp eq i64 %status, -1
  br i1 %is_set, label %error_set, label %error_code
error_set:
  ret ptr null
error_code:
  %on_statusp = getelementptr i8, ptr %self, i64 $on_status
  %on_status = load ptr, ptr %on_statusp
  call void @raise(ptr %on_status, i64 %status)
  ret ptr null
"""

_RESULT = """
; -- one turn an output: numbers become objects --------------------------------------------------
box:
  %no_boxes = icmp eq i64 %n_out, 0
  br i1 %no_boxes, label %wrap, label %boxing
boxing:
  %m = phi i64 [ 0, %box ], [ %m1, %boxed ]
  %box_offset = mul i64 %m, $out_size
  %box_spec = getelementptr i8, ptr %out_specs, i64 %box_offset
  $box_mode
  %is_done = icmp eq i64 %box_mode, $ARRAY
  br i1 %is_done, label %boxed, label %number_box
number_box:
  %sourcep = getelementptr ptr, ptr %outs, i64 %m
  %source = load ptr, ptr %sourcep
  %scalar = call ptr @new_scalar(ptr %box_spec, i64 %box_mode, ptr %source)
  %boxp = getelementptr ptr, ptr %objects, i64 %m
  store ptr %scalar, ptr %boxp
  %no_scalar = icmp eq ptr %scalar, null
  br i1 %no_scalar, label %unboxed, label %boxed
boxed:
  %m1 = add i64 %m, 1
  %more_boxes = icmp ult i64 %m1, %n_out
  br i1 %more_boxes, label %boxing, label %wrap
unboxed:                                     ; the numbers not yet made are null
  call void @drop(ptr %objects, i64 %n_out)
  ret ptr null

wrap:
  $structure
  switch i64 %structure, label %leaf [ i64 $TUPLE, label %tuple  i64 $LIST, label %list ]
leaf:
  %only = load ptr, ptr %objects
  br label %finish
tuple:
  %t = call ptr @PyTuple_New(i64 %n_out)
  br label %collect
list:
  %l = call ptr @PyList_New(i64 %n_out)
  br label %collect
collect:
  %whole_result = phi ptr [ %t, %tuple ], [ %l, %list ]
  %set = phi ptr [ @PyTuple_SetItem, %tuple ], [ @PyList_SetItem, %list ]
  %no_room = icmp eq ptr %whole_result, null
  br i1 %no_room, label %unboxed, label %items
items:
  %q = phi i64 [ 0, %collect ], [ %q1, %item ]
  %all_set = icmp eq i64 %q, %n_out
  br i1 %all_set, label %finish, label %item
item:
  %itemp = getelementptr ptr, ptr %objects, i64 %q
  %one = load ptr, ptr %itemp
  %ignored = call i32 %set(ptr %whole_result, i64 %q, ptr %one)
  %q1 = add i64 %q, 1
  br label %items
finish:
  %result = phi ptr [ %only, %leaf ], [ %whole_result, %items ]
  %finishp = getelementptr i8, ptr %self, i64 $finish
  %finisher = load ptr, ptr %finishp
  %is_plain_result = icmp eq ptr %finisher, null
  br i1 %is_plain_result, label %answer, label %rebuild
answer:
  ret ptr %result
rebuild:
  %rebuilt = call ptr @PyObject_CallOneArg(ptr %finisher, ptr %result)
  call void @Py_DecRef(ptr %result)
  ret ptr %rebuilt

miss:                                        ; another signature, or another path
  %fallbackp = getelementptr i8, ptr %self, i64 $fallback
  %fallback = load ptr, ptr %fallbackp
  call void @Py_IncRef(ptr %fallback)
  %elsewhere = call ptr @PyObject_Vectorcall(ptr %fallback, ptr %args, i64 %nargsf, ptr %names)
  call void @Py_DecRef(ptr %fallback)
  ret ptr %elsewhere
}
"""

_OFFSETS = (
    "TYPE VALUE DATA NDIM DIMENSIONS BASE DESCR FLAGS HANDLER BYTEORDER TYPE_NUM OWNDATA"
).split()
# The words read in the code above: where their table's row is, and their names there (a prefix, the
# word, and a 2 where it is read twice).
_LOADS = (
    (
        "%spec",
        IN_SPEC,
        "in_mode in_type in_other_type in_other_type_2 in_descr in_type_num in_ndim "
        "in_dimensions in_place in_place_2 in_slot donor_n_bytes donor_slot",
    ),
    ("%spec2", IN_SPEC, "other_n_bytes other_slot"),
    ("%out_spec", OUT_SPEC, "out_mode out_place out_donor out_donor_slot out_n_bytes"),
    ("%box_spec", OUT_SPEC, "box_mode"),
    (
        "%spec",
        OUT_SPEC,
        "new_descr new_ndim new_dimensions new_in_pool new_n_bytes "
        "scalar_type scalar_allocator scalar_item_size scalar_descr",
    ),
)


def entry_ir(slots: dict[str, int]) -> str:
    """The module that defines `wg_forward` and `wg_entry`.

    Parameters
    ----------
    slots : dict of str to int
        Offsets of the fields of a callable: record, target, fallback, finish, on_status.
    """
    names: dict[str, object] = dict(slots)
    for name in _OFFSETS:
        names[name] = getattr(layout, name)
    names["DENSE"] = layout.C_CONTIGUOUS | layout.ALIGNED
    names["CARRAY"] = layout.C_CONTIGUOUS | layout.ALIGNED | layout.WRITEABLE
    names["OURS"] = layout.OWNDATA | layout.WRITEABLE
    for name in "ARRAY INLINE INTEGER BOOLEAN SAME COPIED TRUTH TUPLE LIST".split():
        names[name] = getattr(entry_words, name)
    names["in_size"] = 8 * len(IN_SPEC)
    names["out_size"] = 8 * len(OUT_SPEC)
    for word in RECORD:
        names[word] = load(word, "%record", RECORD, word)
    for base, words, used in _LOADS:
        for name in used.split():
            word = name.split("_", 1)[1].removesuffix("_2")
            names[name] = load(name, base, words, word)
    text = EXTERNALS + _FORWARD + ARGUMENTS + _OUTPUTS + _RESULT + HELPERS
    return Template(text).substitute(names)
