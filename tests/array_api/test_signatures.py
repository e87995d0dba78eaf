"""Every function of the standard takes the arguments that the standard gives it.

Each is called with required arguments alone, then with each optional one spelled out at its default
value, then with all of them: by `numpy`, by `wengert.numpy` on plain arrays, inside a recording and
compiled. What NumPy refuses is listed in `DEVIATIONS` and must be refused there.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from array_api.comparing import assert_same, leaves_of
from array_api.standard import FUNCTIONS, VERSION, resolve

MATRIX = np.array([[0.5, 0.1, 0.2], [0.1, 0.7, 0.3], [0.2, 0.3, 0.9]])
VECTOR = np.array([0.5, 1.5, 2.5])
INTEGERS = np.array([[1, 2, 3], [4, 5, 6]])

# What stands for a required parameter; by function where the general one does not fit.
SAMPLES: dict[str, Any] = {
    "x": MATRIX,
    "x1": MATRIX,
    "x2": MATRIX,
    "arrays": (MATRIX, MATRIX),
    "axes": (1, 0),
    "axis": 0,
    "condition": MATRIX > 0.25,
    "destination": 1,
    "dtype": np.dtype("float32"),
    "fill_value": 2.0,
    "from_": MATRIX,
    "indices": np.array([[2, 0, 1]]),
    "kind": "real floating",
    "n": 3,
    "n_rows": 3,
    "num": 4,
    "obj": MATRIX,
    "repeats": 2,
    "repetitions": (2, 1),
    "shape": (3, 3),
    "shift": 1,
    "source": 0,
    "start": 1.0,
    "stop": 5.0,
    "to": np.dtype("complex128"),
    "type": np.dtype("float64"),
}
SPECIAL: dict[str, dict[str, Any]] = {
    "acosh": {"x": 1.0 + MATRIX},
    "broadcast_arrays": {"arrays": (MATRIX, VECTOR)},
    "iinfo": {"type": np.dtype("int32")},
    "meshgrid": {"arrays": (VECTOR, VECTOR)},
    "result_type": {"arrays_and_dtypes": (MATRIX, np.dtype("complex64"))},
    "searchsorted": {"x1": VECTOR, "x2": MATRIX},
    "squeeze": {"x": MATRIX[None]},
    "take": {"indices": np.array([2, 0])},
    **{f"bitwise_{name}": {"x1": INTEGERS, "x2": INTEGERS} for name in "and or xor".split()},
    **{f"bitwise_{d}_shift": {"x1": INTEGERS, "x2": INTEGERS} for d in ("left", "right")},
    "bitwise_invert": {"x": INTEGERS},
    "cumulative_sum": {"x": VECTOR},
    "cumulative_prod": {"x": VECTOR},
    "linalg.outer": {"x1": VECTOR, "x2": VECTOR},
}

_NO_DESCENDING = "NumPy 2.4 sorts in ascending order only"
_NO_DTYPE = "NumPy's frequencies are float64"
# (function, form): what NumPy itself refuses, and why.
DEVIATIONS: dict[tuple[str, str], str] = {}
for _name in ("sort", "argsort"):
    DEVIATIONS |= {(_name, form): _NO_DESCENDING for form in ("descending", "all")}
for _name in ("fft.fftfreq", "fft.rfftfreq"):
    DEVIATIONS |= {(_name, form): _NO_DTYPE for form in ("dtype", "all")}
for _name in ("prepend", "append", "all"):
    DEVIATIONS["diff", _name] = "None is not what np.diff takes for nothing"

CREATING = {"arange", "empty", "eye", "full", "linspace", "ones", "zeros"}
CREATING |= {"fft.fftfreq", "fft.rfftfreq"}
UNINITIALIZED = {"empty", "empty_like"}
ABOUT_DTYPES = {"can_cast", "finfo", "iinfo", "isdtype", "result_type"}
NOT_TRACED = {"from_dlpack"}  # has no traced form: test_array_object.py


def forms_of(name: str) -> dict[str, tuple[list[Any], dict[str, Any]]]:
    """Ways to call a function: positional arguments and keywords, by a name."""
    required: list[Any] = []
    optional: dict[str, inspect.Parameter] = {}
    for parameter in FUNCTIONS[name].parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            optional[parameter.name] = parameter
            continue
        sample = SPECIAL.get(name, {}).get(parameter.name)
        sample = SAMPLES[parameter.name] if sample is None else sample
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            required += sample
        else:
            required.append(sample)
    forms: dict[str, tuple[list[Any], dict[str, Any]]] = {"required": (required, {})}
    positional = [p for p in optional.values() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    if positional:
        forms["positional"] = (required + [p.default for p in positional], {})
    keywords = {
        p.name: p.default
        for p in optional.values()
        if p.kind is not inspect.Parameter.POSITIONAL_ONLY
    }
    forms |= {key: (required, {key: value}) for key, value in keywords.items()}
    if len(keywords) > 1:
        forms["all"] = (required, keywords)
    return forms


FORMS = [(name, form) for name in FUNCTIONS for form in forms_of(name)]
ACCEPTED = [key for key in FORMS if key not in DEVIATIONS]
COMPILED = [
    (name, form)
    for name, form in ACCEPTED
    if form == ("all" if (name, "all") in ACCEPTED else "required")
    and name not in CREATING | ABOUT_DTYPES | NOT_TRACED
]


def called(namespace: Any, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    result = resolve(namespace, name)(*args, **keywords)
    return result * 0 if name in UNINITIALIZED else result


@pytest.mark.parametrize("name, form", ACCEPTED)
def test_outside_a_recording(name, form):
    args, keywords = forms_of(name)[form]
    with np.errstate(all="ignore"):
        expected = called(np, name, args, keywords)
        found = called(wnp, name, args, keywords)
    assert_same(found, expected, exactly=True)


@pytest.mark.parametrize("name, form", DEVIATIONS)
def test_what_numpy_refuses(name, form):
    args, keywords = forms_of(name)[form]
    for namespace in (np, wnp):
        with pytest.raises((TypeError, ValueError)):
            called(namespace, name, args, keywords)


def split(args: list[Any]) -> tuple[list[np.ndarray], Any]:
    """The arrays among the arguments, and how the arguments are put together from arrays again."""
    arrays: list[np.ndarray] = []

    def place(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays.append(value)
            i = len(arrays) - 1
            return lambda traced: traced[i]
        if isinstance(value, tuple) and any(isinstance(v, np.ndarray) for v in value):
            parts = [place(v) for v in value]
            return lambda traced: tuple([part(traced) for part in parts])
        return lambda traced: value

    places = [place(value) for value in args]
    return arrays, lambda traced: [p(traced) for p in places]


@pytest.mark.parametrize("name, form", [k for k in ACCEPTED if k[0] not in NOT_TRACED])
def test_in_a_recording(name, form):
    args, keywords = forms_of(name)[form]
    arrays, join = split(args)
    expected = called(np, name, args, keywords)
    if name in ABOUT_DTYPES:
        found = []

        def f(*traced: Any) -> float:
            found.append(called(wnp, name, join(traced), keywords))
            return 0.0

        wg.trace(f)(*arrays)
        assert_same(found[0], expected)
        return
    program = wg.trace(lambda *traced: called(wnp, name, join(traced), keywords))(*arrays)
    assert_same(program(*arrays), expected, structure=False)


@pytest.mark.parametrize("name, form", COMPILED)
def test_compiled(name, form):
    args, keywords = forms_of(name)[form]
    arrays, join = split(args)
    compiled = wg.jit(lambda *traced: leaves_of(called(wnp, name, join(traced), keywords)))
    assert_same(compiled(*arrays), called(np, name, args, keywords), structure=False)


def test_the_table_is_the_standard():
    """An independent reading of the standard agrees on every name and parameter."""
    strict = pytest.importorskip("array_api_strict")
    strict.set_array_api_strict_flags(api_version=VERSION)
    for name, signature in FUNCTIONS.items():
        found = inspect.signature(resolve(strict, name))
        assert list(found.parameters) == list(signature.parameters), name
        for parameter in signature.parameters.values():
            other = found.parameters[parameter.name]
            assert other.kind == parameter.kind, name
            if type(other.default).__name__ != "Undef":  # a private mark for "not given"
                assert other.default == parameter.default, name
    missing = {
        name
        for name in strict.__all__
        if inspect.isfunction(getattr(strict, name, None)) and "flags" not in name
    } - set(FUNCTIONS)
    assert missing <= {"__array_namespace_info__", "broadcast_shapes", "isin"}  # 2025.12 has these
