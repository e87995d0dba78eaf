"""`wengert.scipy.signal`: SciPy's values in all modes, and the primitives at their edges."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.signal

import wengert as wg
from wengert.errors import ShapeError
from wengert.ops.multirate import convolve_steps
from wengert.ops.recursive import recurse
from wengert.scipy import signal

RNG = np.random.default_rng(22)
X = RNG.normal(size=(2, 60))
Y = RNG.normal(size=(2, 60))
S = RNG.normal(size=(3, 20))
B, A = scipy.signal.butter(3, 0.3)
SOS = scipy.signal.butter(5, 0.3, output="sos")


def check_same(name: str, *args: Any, **how: Any) -> None:
    """SciPy's values, shapes and dtypes from a recording; all array arguments are traced."""
    traced = [i for i, a in enumerate(args) if isinstance(a, np.ndarray)]

    def f(*arrays: Any) -> Any:
        every = list(args)
        for i, x in zip(traced, arrays, strict=True):
            every[i] = x
        return getattr(signal, name)(*every, **how)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # segments longer than the signal
        expected = getattr(scipy.signal, name)(*args, **how)
        found = wg.vjp(f, *[args[i] for i in traced])[0]
    if not isinstance(expected, tuple):
        found, expected = (found,), (expected,)
    for x, y in zip(found, expected, strict=True):
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-11)


class TestConvolutions:
    @pytest.mark.parametrize("mode", ["full", "same", "valid"])
    def test_values(self, mode: str) -> None:
        shapes: list[Any] = [((5,), (3,)), ((3,), (6,)), ((5, 4), (2, 3)), ((2, 3), (5, 4))]
        shapes += [((4, 4), (1, 1)), ((4, 5, 3), (2, 2, 3))]
        for first, second in shapes:
            for factor in (0.0, 1j):
                x = RNG.normal(size=first) + factor * RNG.normal(size=first)
                v = RNG.normal(size=second) + factor * RNG.normal(size=second)
                x, v = (z if factor else z.real for z in (x, v))
                for method in ("direct", "fft", "auto"):
                    check_same("convolve", x, v, mode, method)
                    check_same("correlate", x, v, mode, method)
                check_same("fftconvolve", x, v, mode)
                check_same("oaconvolve", x, v, mode)
                if len(first) == 2:
                    for boundary in ("fill", "wrap", "symm"):
                        check_same("convolve2d", x, v, mode, boundary)
                        check_same("correlate2d", x, v, mode, boundary)

    @pytest.mark.parametrize("mode", ["full", "same", "valid"])
    def test_blocks(self, mode: str) -> None:
        for first, second, axes in (
            ((60,), (3,), None),
            ((3,), (61,), None),
            ((2, 60), (2, 4), 1),
            ((60, 2), (4, 1), 0),
            ((1, 60), (3, 4), (1,)),
        ):
            x, v = RNG.normal(size=first), RNG.normal(size=second)
            check_same("oaconvolve", x, v, mode, axes=axes)
            check_same("fftconvolve", x, v, mode, axes=axes)

    def test_corner_cases(self) -> None:
        check_same("convolve", np.array(2.0), np.array(3.0))
        with pytest.raises(ShapeError, match="correlate: an operand is empty"):
            wg.vjp(lambda x: signal.correlate(x, np.ones(2)), np.zeros(0))
        check_same("fftconvolve", np.zeros(0), np.ones(2))
        check_same("convolve2d", S, np.ones((2, 2)), fillvalue=1.5)
        assert wg.vjp(lambda x: x * len(signal.choose_conv_method(x, x)), X[0])[0].shape == (60,)

    def test_whole_numbers(self) -> None:
        """Traced whole numbers stay whole, by either method."""
        for method in ("direct", "fft"):

            def f(x: Any, method: str = method) -> Any:
                n = np.round(x).astype(int) * np.array([1, 2, 3])
                assert signal.convolve(n, n, method=method).dtype == np.int64
                return x * np.sum(signal.convolve(n, n, method=method))

            assert wg.grad(f)(2.0) == 144

    def test_a_kernel_gradient_costs_what_the_kernel_does(self) -> None:
        """Windows much shorter than both operands: the sum over all windows is never formed."""
        a, v = RNG.normal(size=2000), RNG.normal(size=2000)
        from wengert.ops.convolution import convolve_window

        for start, length in ((1998, 4), (-3, 5), (3995, 9), (10, 1), (0, 0)):
            full = np.concatenate([np.zeros(5), np.convolve(a, v), np.zeros(10)])
            expected = full[start + 5 : start + 5 + length]
            np.testing.assert_allclose(convolve_window(a, v, start, length), expected, atol=1e-11)


class TestFilters:
    @pytest.mark.parametrize("shape, axis", [((12,), -1), ((12, 3), 0), ((2, 12), 1), ((2,), -1)])
    def test_values(self, shape: Any, axis: int) -> None:
        x = RNG.normal(size=shape)
        for b, a in (
            (B, A),
            (B, np.array([2.0, 0.5, 0.3])),
            (np.array([1.0, 0.5]), A),
            (B, np.array([2.0])),
            (np.array([0.7]), np.array([2.0])),
        ):
            check_same("lfilter", b, a, x, axis)
            state = list(shape)
            state[axis] = max(len(a), len(b)) - 1
            check_same("lfilter", b, a, x, axis, RNG.normal(size=state))
        check_same("sosfilt", SOS, x, axis)
        state = [3, *shape]
        state[axis % len(shape) + 1] = 2
        check_same("sosfilt", SOS, x, axis, RNG.normal(size=state))

    @pytest.mark.parametrize("padtype", ["odd", "even", "constant", None])
    def test_both_ways(self, padtype: Any) -> None:
        check_same("filtfilt", B, A, X, padtype=padtype)
        check_same("filtfilt", B, A, X.T, 0, padtype, 5)
        check_same("sosfiltfilt", SOS, X, padtype=padtype)

    def test_states(self) -> None:
        check_same("lfilter_zi", B, A)
        check_same("lfilter_zi", np.array([1.0, 0.5]), A)
        assert wg.vjp(lambda b: signal.lfilter_zi(b, 1.0), np.ones(1))[0].shape == (0,)
        check_same("sosfilt_zi", SOS)
        for n in (1, 2, 5):
            y, x = RNG.normal(size=n), RNG.normal(size=n)
            check_same("lfiltic", B, A, y)
            check_same("lfiltic", B[:2], 2 * A, y, x)

    def test_single_precision(self) -> None:
        x = X[0].astype(np.float32)
        b, a = B.astype(np.float32), A.astype(np.float32)
        gradients = wg.grad(lambda *p: np.sum(signal.lfilter(*p) ** 2), argnums=(0, 1, 2))(b, a, x)
        assert [g.dtype for g in gradients] == [np.float32] * 3

    @pytest.mark.parametrize("n_rows, n", [(3, 9), (20, 4)])
    def test_rows_with_filters_of_their_own(self, n_rows: int, n: int) -> None:
        """Row after row, and step after step where rows are short and many."""
        a, u = 0.3 * RNG.normal(size=(n_rows, 2)), RNG.normal(size=(n_rows, n))
        expected = np.stack([recurse(c, x) for c, x in zip(a, u, strict=True)])
        np.testing.assert_allclose(recurse(a, u), expected, atol=1e-13)
        np.testing.assert_allclose(wg.jit(recurse)(a, u), expected, atol=1e-13)
        found = wg.vmap(wg.grad(lambda a, u: np.sum(recurse(a, u) ** 2)))(a, u)
        one = wg.grad(lambda a: np.sum(recurse(a, u[1]) ** 2))(a[1])
        np.testing.assert_allclose(found[1], one, atol=1e-12)

    def test_edges_of_the_recursion(self) -> None:
        u = X[:, :5]
        np.testing.assert_array_equal(recurse(np.zeros(0), u), u)
        assert recurse(np.zeros(2), u[:, :0]).shape == (2, 0)
        np.testing.assert_array_equal(wg.jit(recurse)(np.zeros(0), u), u)
        long = np.r_[0.1, np.zeros(18), -0.2]  # more states than registers
        np.testing.assert_allclose(wg.jit(recurse)(long, X), recurse(long, X), rtol=1e-12)


class TestSmoothing:
    @pytest.mark.parametrize("mode", ["interp", "mirror", "nearest", "constant", "wrap"])
    def test_savgol(self, mode: str) -> None:
        for window, order in ((5, 2), (4, 2), (3, 0)):
            for deriv in (0, 1):
                check_same("savgol_filter", S, window, order, deriv=deriv, delta=0.5, mode=mode)
        check_same("savgol_filter", S.T, 5, 3, axis=0, mode=mode, cval=1.5)

    def test_trends(self) -> None:
        for how in ({}, {"type": "constant"}, {"bp": [5, 11]}, {"axis": 0}):
            check_same("detrend", S, **how)

    def test_order_statistics(self) -> None:
        check_same("medfilt", S)
        check_same("medfilt", S, [3, 5])
        check_same("medfilt", S[0], 5)
        check_same("medfilt2d", S)
        domain = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1]])
        found = wg.vjp(lambda x: signal.order_filter(x, domain, 1), S)[0]
        np.testing.assert_array_equal(found, scipy.signal.order_filter(S, domain, 1))
        check_same("wiener", S)
        check_same("wiener", S, [3, 5], 0.7)

    def test_equal_neighbors_count_as_the_sort_has_them(self) -> None:
        """Among equals the median is the one in the middle of the stable order."""
        jacobian = wg.jacobian(lambda x: signal.medfilt(x, 3))(np.array([1.0, 1.0, 1.0]))
        # windows (0, x0, x1), (x0, x1, x2), (x1, x2, 0)
        np.testing.assert_array_equal(jacobian, [[1, 0, 0], [0, 1, 0], [0, 1, 0]])

    def test_analytic_signals(self) -> None:
        for n in (None, 16, 25):
            check_same("hilbert", S, n)
            check_same("hilbert2", S, n)
        check_same("hilbert", S, axis=0)
        check_same("hilbert2", S, (4, 7))


class TestRates:
    @pytest.mark.parametrize("up, down", [(1, 1), (2, 1), (1, 3), (3, 2), (4, 6)])
    def test_polyphase(self, up: int, down: int) -> None:
        for n, taps in ((7, 5), (10, 1), (3, 12)):
            h, x = RNG.normal(size=taps), RNG.normal(size=(2, n))
            for mode in ("constant", "symmetric", "edge", "wrap", "reflect"):
                check_same("upfirdn", h, x, up, down, mode=mode)
            check_same("upfirdn", h, x.T, up, down, 0, cval=1.5)
        for padtype in ("constant", "mean", "edge"):
            check_same("resample_poly", X[:, :31], up, down, 1, padtype=padtype)
        if up * down > 1:
            check_same("resample_poly", X, up, down, 1, RNG.normal(size=8))

    def test_fourier(self) -> None:
        for n in (6, 7):
            for factor in (0.0, 1j):
                x = RNG.normal(size=(n, 2)) + factor
                x = x if factor else x.real
                for num in (1, 3, 4, 5, 6, 7, 8, 11):
                    check_same("resample", x, num)
                    check_same("resample", x, num, window="hann")
                    check_same("resample", x, num, window=lambda f: 1 + 0.3 * f, domain="freq")
        check_same("resample", X[0], 9, np.arange(60.0))

    def test_decimation(self) -> None:
        for ftype in ("iir", "fir"):
            for zero_phase in (True, False):
                check_same("decimate", X, 3, ftype=ftype, zero_phase=zero_phase)

    def test_every_step(self) -> None:
        """The definition as a sum over all pairs, for all kinds of steps and windows."""
        a, v = RNG.normal(size=7), RNG.normal(size=9)
        for steps in ((1, 1, 1), (1, 3, 2), (2, 1, 3), (2, 3, 1), (4, 6, 1), (3, 2, 5), (4, 2, 6)):
            for start, length in ((0, 6), (-5, 9), (7, 4), (40, 30)):
                expected = np.zeros(length)
                for i, j in np.ndindex(7, 9):
                    m, rest = divmod(steps[0] * i + steps[1] * j - start, steps[2])
                    if not rest and 0 <= m < length:
                        expected[m] += a[i] * v[j]
                found = convolve_steps(a, v, steps, start, length)
                np.testing.assert_allclose(found, expected, atol=1e-13)
                found = convolve_steps(np.stack([a, 2 * a]), v, steps, start, length)
                np.testing.assert_allclose(found[1], 2 * expected, atol=1e-13)


class TestSpectra:
    @pytest.mark.parametrize(
        "how",
        [
            {},
            {"window": "hamming", "nfft": 70},
            {"nfft": 40},
            {"detrend": False},
            {"detrend": "linear"},
            {"return_onesided": False},
            {"scaling": "spectrum", "fs": 3.0},
            {"axis": 0},
            {"window": None},
        ],
    )
    def test_periodogram(self, how: Any) -> None:
        check_same("periodogram", X, **how)
        check_same("periodogram", X + 1j * Y, **how)

    @pytest.mark.parametrize(
        "how",
        [
            {},
            {"nperseg": 15, "noverlap": 4, "nfft": 20},
            {"nperseg": 16, "noverlap": 13},
            {"nperseg": 17, "average": "median"},
            {"nperseg": 16, "scaling": "spectrum", "fs": 10.0},
            {"nperseg": 16, "return_onesided": False},
            {"nperseg": 16, "detrend": lambda d: d - d[..., :1]},
            {"window": np.hanning(12)},
        ],
    )
    def test_averages(self, how: Any) -> None:
        check_same("welch", X, **how)
        check_same("welch", X + 1j * Y, **how)
        check_same("csd", X, Y, **how)
        check_same("csd", X + 1j * Y, Y, **how)
        if not {"average", "scaling", "return_onesided"} & set(how):
            check_same("coherence", X, Y, **how)

    def test_signals_of_other_shapes(self) -> None:
        check_same("welch", X.T, nperseg=16, axis=0)
        check_same("csd", X[:, :50], Y, nperseg=16)
        check_same("csd", X[0], Y, nperseg=16)
        x = X.astype(np.float32)
        assert wg.vjp(lambda x: signal.welch(x, nperseg=16)[1], x)[0].dtype == np.float32

    @pytest.mark.parametrize(
        "how",
        [
            {"nperseg": 16},
            {"nperseg": 15, "noverlap": 4, "nfft": 20},
            {"nperseg": 16, "boundary": "even"},
            {"nperseg": 16, "boundary": "constant"},
            {"nperseg": 16, "boundary": None},
            {"nperseg": 16, "padded": False, "noverlap": 11},
            {"nperseg": 16, "scaling": "psd", "fs": 2.0},
            {"nperseg": 16, "return_onesided": False},
        ],
    )
    def test_short_time_transforms(self, how: Any) -> None:
        check_same("stft", X, **how)
        check_same("stft", X.T, axis=0, **how)
        kept = ("nperseg", "noverlap", "nfft", "scaling", "fs")
        back = {k: v for k, v in how.items() if k in kept}
        z = scipy.signal.stft(X, **how)[2]
        for boundary in (True, False):
            onesided = how.get("return_onesided", True)
            check_same("istft", z, input_onesided=onesided, boundary=boundary, **back)

    def test_axes_of_short_time_transforms(self) -> None:
        z = scipy.signal.stft(X, nperseg=16)[2]
        check_same("istft", np.moveaxis(z, 0, 1), freq_axis=0)
        check_same("istft", np.moveaxis(z, -1, 0), time_axis=0, freq_axis=-1)

    @pytest.mark.parametrize("mode", ["psd", "complex", "magnitude", "angle", "phase"])
    def test_spectrogram(self, mode: str) -> None:
        check_same("spectrogram", X, nperseg=16, mode=mode)
        check_same("spectrogram", X, nperseg=15, nfft=20, scaling="spectrum", mode=mode)

    def test_short_signals_warn(self) -> None:
        with pytest.warns(UserWarning, match="welch: nperseg = 256 is more than the signal has"):
            wg.vjp(lambda x: signal.welch(x)[1], X)


class TestResponses:
    def test_values(self) -> None:
        for how in ({}, {"worN": 20, "whole": True}, {"worN": None}):
            check_same("freqz", B, A, **how)
        check_same("freqz", B, A, np.linspace(0, 1, 5), fs=10.0)
        check_same("freqz", B, A, 9, include_nyquist=True)
        check_same("freqz_sos", SOS, 20)
        check_same("sosfreqz", SOS, 20)
        check_same("freqs", B, A, np.linspace(0.1, 2, 5))
        expected = scipy.signal.group_delay((B + 0.3, A), w=20)
        found = wg.vjp(lambda b, a: signal.group_delay((b, a), w=20), B + 0.3, A)[0]
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
        check_same("deconvolve", RNG.normal(size=9), RNG.normal(size=3))
        check_same("deconvolve", RNG.normal(size=2), RNG.normal(size=3))

    def test_plots(self) -> None:
        seen = []
        wg.vjp(lambda b: signal.freqz(b, 1.0, 4, plot=lambda w, h: seen.append(h.shape))[1], B)
        wg.vjp(lambda b: signal.freqs(b, A, A, plot=lambda w, h: seen.append(h.shape))[1], B)
        assert seen == [(4,), (4,)]
