"""`numpy.fft` and `wengert.scipy.fft`: values and dtypes of all forms, lists, buffers, edges."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.signal

import wengert as wg
import wengert.numpy as wnp
from wengert.scipy import fft, signal

RNG = np.random.default_rng(21)


def recorded(f: Any, *args: Any) -> Any:
    """The value of a function as a recording computes it."""
    return wg.vjp(f, *args)[0]


def check_same(found: Any, expected: Any) -> None:
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_values(name: str, norm: str | None) -> None:
    """All shapes, lengths and axes, in NumPy's and SciPy's namespace."""
    for n in (2, 5):
        x = RNG.normal(size=(4, n))
        if name not in ("rfft", "ihfft"):
            x = x + 1j * RNG.normal(size=x.shape)
        for suffix in ("", "2", "n"):
            options: list[dict[str, Any]] = [{}, {"axis": 0, "n": 3}]
            if suffix:
                options = [{}, {"s": (3, 5), "axes": (0, 1)}, {"axes": (1, 0)}]
            for how in options:
                for ours, theirs in ((np.fft, np.fft), (fft, scipy.fft)):
                    reference = getattr(theirs, name + suffix, None)
                    if reference is None:
                        continue
                    function = getattr(ours, name + suffix)
                    found = recorded(lambda x, f=function, k=how: f(x, norm=norm, **k), x)
                    check_same(found, reference(x, norm=norm, **how))


@pytest.mark.parametrize("type", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_values_of_trigonometric_transforms(name: str, type: int) -> None:
    """Every normalization; of complex numbers both parts, also where SciPy forgets the option."""
    x = RNG.normal(size=(3, 4))
    for norm in (None, "ortho", "forward"):
        for orthogonalize in (None, True, False):
            how = {"type": type, "norm": norm, "orthogonalize": orthogonalize}
            ours, theirs = getattr(fft, name), getattr(scipy.fft, name)
            check_same(recorded(lambda x, f=ours, k=how: f(x, **k), x), theirs(x, **how))
            ours, theirs = getattr(fft, name + "n"), getattr(scipy.fft, name + "n")
            found = recorded(lambda x, f=ours, k=how: f(x, s=(4, 3), **k), x + 2j * x)
            check_same(found, (1 + 2j) * theirs(x, s=(4, 3), **how))


def test_dtypes() -> None:
    """Single precision stays single; whole numbers become double."""
    for dtype, expected in ((np.float32, np.complex64), (np.complex64, np.complex64)):
        x = np.ones(4, dtype)
        assert recorded(np.fft.fft, x).dtype == expected
        assert recorded(np.fft.irfft, x).dtype == np.float32
        gradient = wg.grad(lambda x: np.sum(np.abs(np.fft.fftn(x)) ** 2))(x)
        assert gradient.dtype == dtype

    def of_integers(x: Any) -> Any:
        return x * np.sum(np.abs(np.fft.rfft(np.round(x).astype(int) * np.arange(3))))

    assert wg.grad(of_integers)(2.0) == pytest.approx(of_integers(2.0) / 2)
    assert recorded(lambda x: fft.dct(np.float32(1) * x), np.ones(3, np.float32)).dtype == "f4"


def test_empty_stacks() -> None:
    x = np.zeros((0, 4))
    for f in (np.fft.fft, np.fft.rfft, np.fft.irfft, np.fft.fft2, fft.dct):
        if f is not np.fft.fft2:
            assert recorded(f, x).shape == f(x).shape
    assert wg.grad(lambda x: np.sum(np.abs(np.fft.rfft(x))))(x).shape == (0, 4)


def test_lists_with_traced_numbers() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.abs(wnp.fft.fft([x, 1.0, x**2])) ** 2)

    assert wg.grad(f)(2.0) == pytest.approx(3 * (2 * 2.0 + 4 * 2.0**3))


def test_results_into_buffers() -> None:
    def f(x: Any) -> Any:
        buffer = wnp.zeros(3, complex)
        result = np.fft.fft(x, out=buffer)
        assert result is buffer
        return np.sum(np.abs(buffer) ** 2)

    x = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(wg.grad(f)(x), 6 * x)


def test_frequencies_of_a_traced_distance() -> None:
    for f in (wnp.fft.fftfreq, wnp.fft.rfftfreq, fft.fftfreq, fft.rfftfreq):
        for n in (5, 6):
            value, slope = wg.jvp(lambda d, f=f, n=n: f(n, d), (0.5,), (1.0,))
            np.testing.assert_array_equal(value, f(n, 0.5))
            np.testing.assert_allclose(slope, -f(n, 0.5) / 0.5)


def test_names_without_rules_are_scipys() -> None:
    assert fft.next_fast_len(13) == scipy.fft.next_fast_len(13)
    assert signal.windows is scipy.signal.windows
    np.testing.assert_array_equal(signal.get_window("hann", 8), scipy.signal.get_window("hann", 8))
    x = RNG.normal(size=20)
    np.testing.assert_array_equal(signal.find_peaks(x)[0], scipy.signal.find_peaks(x)[0])
    np.testing.assert_array_equal(signal.welch(x, nperseg=8), scipy.signal.welch(x, nperseg=8))
    for module in (fft, signal):
        with pytest.raises(AttributeError):
            module.no_such_name
        with pytest.raises(AttributeError):
            module.__no_such_name__


def test_scipy_is_imported_late() -> None:
    code = (
        "import sys, wengert, wengert.scipy.fft, wengert.scipy.signal\n"
        "assert not [m for m in sys.modules if m.startswith('scipy.')], sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(wg.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr


def test_a_transform_of_a_transform_is_compiled() -> None:
    """Native code calls NumPy back for the transforms and computes the rest itself."""

    def f(x: Any) -> Any:
        spectrum = np.fft.fftshift(np.fft.fft2(x))
        return np.sum(np.log(1 + np.abs(spectrum) ** 2))

    x = RNG.normal(size=(6, 5))
    np.testing.assert_allclose(wg.jit(wg.grad(f))(x), wg.grad(f)(x), rtol=1e-12)
