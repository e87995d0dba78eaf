"""Every function of the table: values, pullbacks and directional derivatives as autograd's."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as onp
import pytest

import wengert.compat.autograd as ours
import wengert.compat.autograd.numpy as np
import wengert.compat.autograd.scipy as scipy
from compat.autograd_cases import CASES, Both, is_known_version
from wengert.compat.autograd.test_util import check_grads

# Where autograd 1.9.1 raises or is wrong: ours is held to differences instead.
AUTOGRAD_RAISES = {"sort", "flip", "diagonal", "gradient both", "broadcast_to", "qr", "cross"}
AUTOGRAD_IS_WRONG = {
    "diag of matrix": "the gradient of np.diag of a matrix that is not square has another shape",
    "full": "the gradient of np.full with an array is not summed over the axes broadcast",
    "full_like": "the gradient in the fill value of np.full_like is dropped",
    "complex make_diagonal": "make_diagonal drops imaginary parts",
}


def derivatives(library: Any, modules: Any, case: Both) -> tuple[Any, Any]:
    def f(*args: Any) -> Any:
        return case.f(*modules, *args)

    vjp, y = library.make_vjp(f, case.argnum)(*case.args)
    return y, vjp(cotangent(y))


def cotangent(y: Any) -> Any:
    rng = onp.random.default_rng(0)
    g = rng.normal(size=onp.shape(y))
    if onp.iscomplexobj(y):
        g = g + 1j * rng.normal(size=onp.shape(y))
    return onp.asarray(g)[()]


def run_ours(case: Both) -> tuple[Any, Any]:
    return derivatives(ours, (np, scipy), case)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_as_autograd(case: Both) -> None:
    autograd = pytest.importorskip("autograd")
    if case.name in AUTOGRAD_RAISES or case.name in AUTOGRAD_IS_WRONG:
        pytest.skip("autograd has no answer")
    y, ct = run_ours(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, expected_ct = derivatives(autograd, autograd_modules(), case)
    onp.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)
    assert onp.shape(y) == onp.shape(expected)
    found = ct if isinstance(ct, tuple) else (ct,)
    wanted = expected_ct if isinstance(expected_ct, tuple) else (expected_ct,)
    for a, b in zip(found, wanted, strict=True):
        assert onp.shape(a) == onp.shape(b)
        onp.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9)


def autograd_modules() -> tuple[Any, Any]:
    import autograd.numpy
    import autograd.scipy.linalg
    import autograd.scipy.signal
    import autograd.scipy.special
    import autograd.scipy.stats

    return autograd.numpy, autograd.scipy


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.name in {*AUTOGRAD_RAISES, *AUTOGRAD_IS_WRONG}],
    ids=lambda c: c.name,
)
def test_where_autograd_has_no_answer(case: Both) -> None:
    onp.random.seed(0)
    check_grads(lambda *a: case.f(np, scipy, *a), case.argnum, order=1)(*case.args)


def test_the_list_of_autograds_faults_is_not_too_long() -> None:
    """A fault that is mended in autograd has to leave the list."""
    autograd = pytest.importorskip("autograd")
    if not is_known_version():
        pytest.skip("the list is that of version 1.9.1")
    for case in CASES:
        if case.name in AUTOGRAD_RAISES:
            with pytest.raises(Exception):  # noqa: B017  # whatever it is
                derivatives(autograd, autograd_modules(), case)
        if case.name in AUTOGRAD_IS_WRONG:
            _, expected = derivatives(autograd, autograd_modules(), case)
            _, found = run_ours(case)
            assert onp.shape(found) != onp.shape(expected) or not onp.allclose(found, expected)


FORWARD = [c for c in CASES if not c.name.startswith("complex")]


@pytest.mark.parametrize("case", FORWARD[::4], ids=lambda c: c.name)
def test_forward_mode(case: Both) -> None:
    """<w, J v> = <Jᵀ w, v>, whatever autograd has forward rules for."""
    f = lambda *a: case.f(np, scipy, *a)
    y, ct = run_ours(case)
    chosen = case.argnum if isinstance(case.argnum, tuple) else (case.argnum,)
    rng = onp.random.default_rng(1)
    v = tuple(rng.normal(size=onp.shape(case.args[i])) for i in chosen)
    _, dy = ours.make_jvp(f, case.argnum)(*case.args)(v if len(v) > 1 else v[0])
    cts = ct if isinstance(ct, tuple) else (ct,)
    forward = onp.vdot(cotangent(y), dy)
    backward = sum(onp.vdot(a, b) for a, b in zip(cts, v, strict=True))
    onp.testing.assert_allclose(forward, backward, rtol=1e-8, atol=1e-10)
