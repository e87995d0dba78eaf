"""Comparison of results with NumPy's: kind of object, dtype, shape and elements."""

from __future__ import annotations

from typing import Any

import numpy as np


def leaves_of(result: Any) -> list[Any]:
    """The arrays in a result that may be a tuple or a list of them."""
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves_of(part)]
    return [result]


def assert_same(
    found: Any, expected: Any, *, exactly: bool = False, structure: bool = True
) -> None:
    """Assert that two results are the same.

    Parameters
    ----------
    found, expected
        Arrays, scalars, dtypes, or tuples and lists of them.
    exactly : bool
        Whether elements must be equal, or differ by rounding at most.
    structure : bool
        Whether the kinds of the objects count, too.
    """
    if structure:
        assert type(found) is type(expected)
    ours, theirs = leaves_of(found), leaves_of(expected)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if not isinstance(b, (np.ndarray, np.generic)):
            assert a == b or str(a) == str(b)  # dtypes, Python numbers; finfo has no equality
            continue
        assert a.dtype == b.dtype
        assert np.shape(a) == np.shape(b)
        if exactly or b.dtype.kind not in "fc":
            np.testing.assert_array_equal(a, b)
        else:
            tolerance = 100 * np.finfo(b.dtype).eps
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
