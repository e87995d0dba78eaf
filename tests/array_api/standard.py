"""The Python array API standard 2024.12 as a table: every name, with its signature.

Facts from the standard's text (data-apis.org/array-api/2024.12). `FUNCTIONS` maps the names of the
namespace, `linalg.` and `fft.` included, to `inspect.Signature` objects; annotations are left out.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

VERSION = "2024.12"

DTYPES = """
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
""".split()

KINDS = {
    "bool": ["bool"],
    "signed integer": ["int8", "int16", "int32", "int64"],
    "unsigned integer": ["uint8", "uint16", "uint32", "uint64"],
    "integral": ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"],
    "real floating": ["float32", "float64"],
    "complex floating": ["complex64", "complex128"],
    "numeric": DTYPES[1:],
}

CONSTANTS = {"e": math.e, "inf": math.inf, "nan": math.nan, "newaxis": None, "pi": math.pi}

# Elementwise functions by the dtypes that the standard requires of them.
UNARY = {
    "numeric": "abs negative positive sign square",
    "numeric and rounding": "ceil floor trunc round",
    "real or complex": """
        acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal sin
        sinh sqrt tan tanh
    """,
    "any number": "isfinite isinf isnan conj real imag",
    "real": "signbit",
    "bool": "logical_not",
    "bool or integer": "bitwise_invert",
}
BINARY = {
    "numeric": "add multiply subtract pow",
    "real or complex": "divide",
    "real": "floor_divide remainder maximum minimum greater greater_equal less less_equal",
    "real floating": "atan2 copysign hypot logaddexp nextafter",
    "all": "equal not_equal",
    "bool": "logical_and logical_or logical_xor",
    "bool or integer": "bitwise_and bitwise_or bitwise_xor",
    "integer": "bitwise_left_shift bitwise_right_shift",
}

_MAIN = """
    all(x, /, *, axis=None, keepdims=False)
    any(x, /, *, axis=None, keepdims=False)
    arange(start, /, stop=None, step=1, *, dtype=None, device=None)
    argmax(x, /, *, axis=None, keepdims=False)
    argmin(x, /, *, axis=None, keepdims=False)
    argsort(x, /, *, axis=-1, descending=False, stable=True)
    asarray(obj, /, *, dtype=None, device=None, copy=None)
    astype(x, dtype, /, *, copy=True, device=None)
    broadcast_arrays(*arrays)
    broadcast_to(x, /, shape)
    can_cast(from_, to, /)
    clip(x, /, min=None, max=None)
    concat(arrays, /, *, axis=0)
    count_nonzero(x, /, *, axis=None, keepdims=False)
    cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False)
    cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False)
    diff(x, /, *, axis=-1, n=1, prepend=None, append=None)
    empty(shape, *, dtype=None, device=None)
    empty_like(x, /, *, dtype=None, device=None)
    expand_dims(x, /, axis)
    eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)
    finfo(type, /)
    flip(x, /, *, axis=None)
    from_dlpack(x, /, *, device=None, copy=None)
    full(shape, fill_value, *, dtype=None, device=None)
    full_like(x, /, fill_value, *, dtype=None, device=None)
    iinfo(type, /)
    isdtype(dtype, kind)
    linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True)
    matmul(x1, x2, /)
    matrix_transpose(x, /)
    max(x, /, *, axis=None, keepdims=False)
    mean(x, /, *, axis=None, keepdims=False)
    meshgrid(*arrays, indexing='xy')
    min(x, /, *, axis=None, keepdims=False)
    moveaxis(x, source, destination, /)
    nonzero(x, /)
    ones(shape, *, dtype=None, device=None)
    ones_like(x, /, *, dtype=None, device=None)
    permute_dims(x, /, axes)
    prod(x, /, *, axis=None, dtype=None, keepdims=False)
    repeat(x, repeats, /, *, axis=None)
    reshape(x, /, shape, *, copy=None)
    result_type(*arrays_and_dtypes)
    roll(x, /, shift, *, axis=None)
    searchsorted(x1, x2, /, *, side='left', sorter=None)
    sort(x, /, *, axis=-1, descending=False, stable=True)
    squeeze(x, /, axis)
    stack(arrays, /, *, axis=0)
    std(x, /, *, axis=None, correction=0.0, keepdims=False)
    sum(x, /, *, axis=None, dtype=None, keepdims=False)
    take(x, indices, /, *, axis=None)
    take_along_axis(x, indices, /, *, axis=-1)
    tensordot(x1, x2, /, *, axes=2)
    tile(x, repetitions, /)
    tril(x, /, *, k=0)
    triu(x, /, *, k=0)
    unique_all(x, /)
    unique_counts(x, /)
    unique_inverse(x, /)
    unique_values(x, /)
    unstack(x, /, *, axis=0)
    var(x, /, *, axis=None, correction=0.0, keepdims=False)
    vecdot(x1, x2, /, *, axis=-1)
    where(condition, x1, x2, /)
    zeros(shape, *, dtype=None, device=None)
    zeros_like(x, /, *, dtype=None, device=None)
"""
_LINALG = """
    cholesky(x, /, *, upper=False)
    cross(x1, x2, /, *, axis=-1)
    det(x, /)
    diagonal(x, /, *, offset=0)
    eigh(x, /)
    eigvalsh(x, /)
    inv(x, /)
    matmul(x1, x2, /)
    matrix_norm(x, /, *, keepdims=False, ord='fro')
    matrix_power(x, n, /)
    matrix_rank(x, /, *, rtol=None)
    matrix_transpose(x, /)
    outer(x1, x2, /)
    pinv(x, /, *, rtol=None)
    qr(x, /, *, mode='reduced')
    slogdet(x, /)
    solve(x1, x2, /)
    svd(x, /, *, full_matrices=True)
    svdvals(x, /)
    tensordot(x1, x2, /, *, axes=2)
    trace(x, /, *, offset=0, dtype=None)
    vecdot(x1, x2, /, *, axis=-1)
    vector_norm(x, /, *, axis=None, keepdims=False, ord=2)
"""
_ONE_AXIS = "(x, /, *, n=None, axis=-1, norm='backward')"
_AXES = "(x, /, *, s=None, axes=None, norm='backward')"
_FFT = "\n".join(
    [f"{name}{_ONE_AXIS}" for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")]
    + [f"{name}{_AXES}" for name in ("fftn", "ifftn", "rfftn", "irfftn")]
    + [f"{name}(n, /, *, d=1.0, dtype=None, device=None)" for name in ("fftfreq", "rfftfreq")]
    + [f"{name}(x, /, *, axes=None)" for name in ("fftshift", "ifftshift")]
)


def _parsed(text: str, prefix: str = "") -> dict[str, inspect.Signature]:
    found: dict[str, inspect.Signature] = {}
    for line in text.strip().splitlines():
        namespace: dict[str, Any] = {}
        exec(f"def {line.strip()}: ...", namespace)
        name = line.strip().partition("(")[0]
        found[prefix + name] = inspect.signature(namespace[name])
    return found


def _elementwise() -> dict[str, inspect.Signature]:
    lines = [f"{name}(x, /)" for names in UNARY.values() for name in names.split()]
    lines += [f"{name}(x1, x2, /)" for names in BINARY.values() for name in names.split()]
    return _parsed("\n".join(lines))


FUNCTIONS: dict[str, inspect.Signature] = {
    **_elementwise(),
    **_parsed(_MAIN),
    **_parsed(_LINALG, "linalg."),
    **_parsed(_FFT, "fft."),
}

# What an array object has: attributes, operators and methods.
ATTRIBUTES = "dtype device mT ndim shape size T".split()
OPERATORS = """
    __add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __pow__ __matmul__ __and__ __or__
    __xor__ __lshift__ __rshift__
""".split()
METHODS = """
    __abs__ __array_namespace__ __bool__ __complex__ __dlpack__ __dlpack_device__ __eq__ __float__
    __ge__ __getitem__ __gt__ __index__ __int__ __invert__ __le__ __lt__ __ne__ __neg__ __pos__
    __setitem__ to_device
""".split()
METHODS += OPERATORS
METHODS += [f"__r{name[2:]}" for name in OPERATORS] + [f"__i{name[2:]}" for name in OPERATORS]


def resolve(namespace: Any, name: str) -> Any:
    """`linalg.solve` and the like."""
    for part in name.split("."):
        namespace = getattr(namespace, part)
    return namespace
