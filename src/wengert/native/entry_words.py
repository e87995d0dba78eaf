"""The tables through which Python tells the native entry about a kernel, word by word.

A *record* describes a kernel; it points to a table of inputs and a table of outputs. `records.py`
packs them, `entry_ir.py` reads them.
"""

from __future__ import annotations

RECORD = (
    "kernel env releases_gil structure n_args n_in n_out in_specs out_specs scratch_size"
).split()
IN_SPEC = "mode type other_type descr type_num ndim dimensions place n_bytes slot".split()
OUT_SPEC = (
    "mode type allocator descr item_size ndim dimensions place n_bytes donor donor_slot in_pool"
).split()
_POINTERS = frozenset(
    "kernel env in_specs out_specs type other_type descr dimensions allocator".split()
)

# Modes of an input. ARRAY: an ndarray. INLINE: a number read in place, of either type. INTEGER: a
# Python int. BOOLEAN: True or False. SAME: that very object. POINTER: no argument but an address.
ARRAY, INLINE, INTEGER, BOOLEAN, SAME, POINTER = range(6)
# `slot` is the place of the input's address in the kernel's table; objects that are only compared
# have the last ones, which no kernel reads.
# Modes of an output besides ARRAY: a number whose bytes are copied into a new object; True or
# False; anything NumPy can make a scalar of.
COPIED, TRUTH, SCALAR = 1, 2, 3
# Structures of a result.
LEAF, TUPLE, LIST = 0, 1, 2


def load(name: str, base: str, words: list[str], word: str) -> str:
    """LLVM IR that loads one word of a table into `%name`."""
    kind = "ptr" if word in _POINTERS else "i64"
    place = f"%{name}.p = getelementptr i64, ptr {base}, i64 {words.index(word)}"
    return f"{place}\n  %{name} = load {kind}, ptr %{name}.p"
