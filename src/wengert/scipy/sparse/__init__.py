"""Sparse matrices with values that may be traced; on plain arrays SciPy's own.

    arrays      csr_array, csc_array, coo_array, diags_array: `SparseArray` where data is traced
    products    the primitives: products with a matrix, and samples of an outer product
    solve       the primitive of sparse LU
    linalg      spsolve, splu, factorized, cg, bicgstab, gmres, minres, norm

A sparse matrix of SciPy times a traced vector (`A @ x`, `x @ A`, `A.dot(x)`) works as it stands.
Other names are SciPy's.
"""

from __future__ import annotations

import importlib
from typing import Any

from wengert.scipy.dispatch import without_rule
from wengert.scipy.sparse.arrays import (
    SparseArray,
    coo_array,
    csc_array,
    csr_array,
    diags_array,
)

__all__ = ["SparseArray", "coo_array", "csc_array", "csr_array", "diags_array"]


def __getattr__(name: str) -> Any:
    if name == "linalg":
        return importlib.import_module(f"{__name__}.linalg")
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return without_rule("sparse", name)
