"""Stable sorting for native code: `wg_argsort_<kind>(keys, places, temporary, n)`.

`places` names elements of the vector `keys` and comes back in the order of their keys, equal ones
as they were; `temporary` is room for as many places. A NaN is behind every number, as in NumPy.
Runs of `RUN` places are sorted by insertion, then merged in passes between the two arrays; a merge
of runs that are in order already is a copy.
"""

from __future__ import annotations

import functools

from wengert.native import engine, symbols
from wengert.native.builder import LLVM_TYPES, REAL_OF, SIZES

PREFIX = "wg_argsort_"
RUN = 8


def register() -> None:
    """Let the linker ask here for names that begin with `PREFIX`."""
    symbols.register_resolver(PREFIX, lambda name: _linked(name.removeprefix(PREFIX)).address(name))


def symbol(kind: str) -> str:
    return PREFIX + ("u1" if kind == "b1" else kind)


@functools.lru_cache(maxsize=32)
def _linked(kind: str) -> engine.Linked:
    return engine.link(_ir(kind), "wengert_sorting", exports=[symbol(kind)])


def _ir(kind: str) -> str:
    return f"""
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define void @{symbol(kind)}(ptr %keys, ptr %places, ptr %temporary, i64 %n) nounwind {{
start:
  br label %runs
runs:
  %first = phi i64 [ 0, %start ], [ %end, %run_done ]
  %more = icmp slt i64 %first, %n
  br i1 %more, label %run, label %merges
run:
  %wide = add i64 %first, {RUN}
  %end = call i64 @llvm.smin.i64(i64 %wide, i64 %n)
  %second = add i64 %first, 1
  br label %insertions
insertions:
  %i = phi i64 [ %second, %run ], [ %i_next, %placed ]
  %inside = icmp slt i64 %i, %end
  br i1 %inside, label %insertion, label %run_done
insertion:
  %mine_at = getelementptr inbounds i64, ptr %places, i64 %i
  %mine = load i64, ptr %mine_at
  br label %shifts
shifts:
  %j = phi i64 [ %i, %insertion ], [ %j_next, %shift ]
  %at_first = icmp eq i64 %j, %first
  br i1 %at_first, label %placed, label %look
look:
  %j_next = sub i64 %j, 1
  %left_at = getelementptr inbounds i64, ptr %places, i64 %j_next
  %left = load i64, ptr %left_at
{_less(kind, "below", "%mine", "%left")}
  br i1 %below, label %shift, label %placed
shift:
  %hole = getelementptr inbounds i64, ptr %places, i64 %j
  store i64 %left, ptr %hole
  br label %shifts
placed:
  %home = getelementptr inbounds i64, ptr %places, i64 %j
  store i64 %mine, ptr %home
  %i_next = add i64 %i, 1
  br label %insertions
run_done:
  br label %runs

merges:
  %width = phi i64 [ {RUN}, %runs ], [ %width_next, %pass_done ]
  %source = phi ptr [ %places, %runs ], [ %target, %pass_done ]
  %target = phi ptr [ %temporary, %runs ], [ %source, %pass_done ]
  %again = icmp slt i64 %width, %n
  br i1 %again, label %pairs, label %sorted
pairs:
  %low = phi i64 [ 0, %merges ], [ %high, %merged ]
  %another = icmp slt i64 %low, %n
  br i1 %another, label %pair, label %pass_done
pair:
  %middle_far = add i64 %low, %width
  %high_far = add i64 %middle_far, %width
  %middle = call i64 @llvm.smin.i64(i64 %middle_far, i64 %n)
  %high = call i64 @llvm.smin.i64(i64 %high_far, i64 %n)
  %alone = icmp eq i64 %middle, %high
  br i1 %alone, label %whole, label %ends
ends:
  %last = sub i64 %middle, 1
  %last_at = getelementptr inbounds i64, ptr %source, i64 %last
  %middle_at = getelementptr inbounds i64, ptr %source, i64 %middle
  %last_place = load i64, ptr %last_at
  %middle_place = load i64, ptr %middle_at
{_less(kind, "mixed", "%middle_place", "%last_place")}
  br i1 %mixed, label %merge, label %whole
whole:
  %count = sub i64 %high, %low
  %bytes = mul i64 %count, 8
  %from = getelementptr inbounds i64, ptr %source, i64 %low
  %to = getelementptr inbounds i64, ptr %target, i64 %low
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  br label %merged
merge:
  %a = phi i64 [ %low, %ends ], [ %a_next, %taken ]
  %b = phi i64 [ %middle, %ends ], [ %b_next, %taken ]
  %k = phi i64 [ %low, %ends ], [ %k_next, %taken ]
  %full = icmp eq i64 %k, %high
  br i1 %full, label %merged, label %choose
choose:
  %a_at = getelementptr inbounds i64, ptr %source, i64 %a
  %b_at = getelementptr inbounds i64, ptr %source, i64 %b
  %a_over = icmp eq i64 %a, %middle
  br i1 %a_over, label %right, label %a_left
a_left:
  %b_over = icmp eq i64 %b, %high
  br i1 %b_over, label %left_one, label %both
both:
  %a_place = load i64, ptr %a_at
  %b_place = load i64, ptr %b_at
{_less(kind, "is_right", "%b_place", "%a_place")}
  br i1 %is_right, label %right, label %left_one
left_one:
  %a_value = load i64, ptr %a_at
  %a_more = add i64 %a, 1
  br label %taken
right:
  %b_value = load i64, ptr %b_at
  %b_more = add i64 %b, 1
  br label %taken
taken:
  %value = phi i64 [ %a_value, %left_one ], [ %b_value, %right ]
  %a_next = phi i64 [ %a_more, %left_one ], [ %a, %right ]
  %b_next = phi i64 [ %b, %left_one ], [ %b_more, %right ]
  %put = getelementptr inbounds i64, ptr %target, i64 %k
  store i64 %value, ptr %put
  %k_next = add i64 %k, 1
  br label %merge
merged:
  br label %pairs
pass_done:
  %width_next = mul i64 %width, 2
  br label %merges
sorted:
  %is_home = icmp eq ptr %source, %places
  br i1 %is_home, label %done, label %carry
carry:
  %all = mul i64 %n, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %places, ptr %source, i64 %all, i1 false)
  br label %done
done:
  ret void
}}
"""


def _less(kind: str, name: str, i: str, j: str) -> str:
    """Lines for `%name`: whether element `i` of the keys is before element `j`."""
    real = REAL_OF.get(kind, kind)
    element = LLVM_TYPES[real]
    lines = []
    for part, index, offset in [("x", i, 0), ("y", j, 0), ("xi", i, 1), ("yi", j, 1)]:
        if offset and kind == real:
            break
        lines += [
            f"%@{part}_far = mul i64 {index}, {1 if kind == real else 2}",
            f"%@{part}_place = add i64 %@{part}_far, {offset}",
            f"%@{part}_at = getelementptr inbounds {element}, ptr %keys, i64 %@{part}_place",
            f"%@{part} = load {element}, ptr %@{part}_at, align {SIZES[real]}",
        ]
    if kind != real:
        lines += _complex_order(element)
    elif kind[0] == "f":
        lines += _float_order("r", "x", "y", element)
    else:
        lines.append(f"%@r = icmp {'s' if kind[0] == 'i' else 'u'}lt {element} %@x, %@y")
    text = "\n".join(["  " + line for line in lines])
    return text.replace("%@r =", f"%{name} =").replace("@", f"{name}_")


def _float_order(result: str, x: str, y: str, element: str) -> list[str]:
    return [
        f"%@{result}_below = fcmp olt {element} %@{x}, %@{y}",
        f"%@{result}_lost = fcmp uno {element} %@{y}, %@{y}",
        f"%@{result}_known = fcmp ord {element} %@{x}, %@{x}",
        f"%@{result}_last = and i1 %@{result}_lost, %@{result}_known",
        f"%@{result} = or i1 %@{result}_below, %@{result}_last",
    ]


def _complex_order(element: str) -> list[str]:
    """R + Rj, R + nanj, nan + Rj, nan + nanj; inside of each by real, then imaginary part."""
    return [
        f"%@lost_x = fcmp uno {element} %@xi, %@xi",
        f"%@lost_y = fcmp uno {element} %@yi, %@yi",
        "%@known_x = xor i1 %@lost_x, true",
        f"%@equal = fcmp oeq {element} %@x, %@y",
        f"%@nan_x = fcmp uno {element} %@x, %@x",
        f"%@nan_y = fcmp uno {element} %@y, %@y",
        "%@nans = and i1 %@nan_x, %@nan_y",
        "%@same = or i1 %@equal, %@nans",
        f"%@lt = fcmp olt {element} %@x, %@y",
        f"%@gt = fcmp ogt {element} %@x, %@y",
        "%@kept = or i1 %@known_x, %@lost_y",
        "%@under = and i1 %@lt, %@kept",
        "%@moved = and i1 %@lost_y, %@known_x",
        "%@over = and i1 %@gt, %@moved",
        "%@known_re = xor i1 %@nan_x, true",
        "%@last_re = and i1 %@nan_y, %@known_re",
        "%@differs_a = or i1 %@under, %@over",
        "%@differs = or i1 %@differs_a, %@last_re",
        *_float_order("by_im", "xi", "yi", element),
        "%@r = select i1 %@same, i1 %@by_im, i1 %@differs",
    ]
