"""Transforms and filters against their definitions, written out as matrices and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg

import wengert as wg
from wengert.scipy import fft, signal

RNG = np.random.default_rng(11)


def fourier_matrix(n: int) -> np.ndarray:
    j = np.arange(n)
    return np.exp(-2j * np.pi * np.outer(j, j) / n)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
class TestFourier:
    def test_parseval(self, n: int) -> None:
        """sum |F x|^2 = n sum |x|^2, so that the gradient is 2 n x."""
        z = RNG.normal(size=n) + 1j * RNG.normal(size=n)
        gradient = wg.grad(lambda z: np.sum(np.abs(np.fft.fft(z)) ** 2))(z)
        assert gradient == pytest.approx(2 * n * z)
        x = RNG.normal(size=n)
        gradient = wg.grad(lambda x: np.sum(np.abs(np.fft.ifft(x, norm="ortho")) ** 2))(x)
        assert gradient == pytest.approx(2 * x)

    def test_the_jacobian_is_the_matrix(self, n: int) -> None:
        z = RNG.normal(size=n) + 0j
        found = wg.jacobian(np.fft.fft, holomorphic=True)(z)
        np.testing.assert_allclose(found, fourier_matrix(n), atol=1e-13 * n)
        found = wg.jacobian(np.fft.ifft, holomorphic=True)(z)
        np.testing.assert_allclose(found, np.conj(fourier_matrix(n)) / n, atol=1e-13)

    def test_half_spectra(self, n: int) -> None:
        """Rows 0 … n // 2 of the matrix, and what the inverse makes of each frequency."""
        half = fourier_matrix(n)[: n // 2 + 1]
        x = RNG.normal(size=n)
        for part, of_matrix in ((np.real, half.real), (np.imag, half.imag)):
            found = wg.jacrev(lambda x, part=part: part(np.fft.rfft(x)))(x)
            np.testing.assert_allclose(found, of_matrix, atol=1e-13 * n)
        counts = np.full(n // 2 + 1, 2.0)
        counts[0] = 1
        counts[-1] = 1 if n % 2 == 0 or n == 1 else 2
        z = np.fft.rfft(x)
        for factor in (1.0, 1j):
            found = wg.jacrev(lambda y, f=factor: np.fft.irfft(z + f * y, n))(np.zeros(n // 2 + 1))
            expected = np.real(factor * np.conj(half) * counts[:, None]).T / n
            np.testing.assert_allclose(found, expected, atol=1e-13)

    def test_a_delay(self, n: int) -> None:
        """Delayed by t, a signal has the derivative -x'(. - t), of which the spectrum is known."""
        x = RNG.normal(size=n)
        omega = 2 * np.pi * np.arange(n // 2 + 1) / n
        if n % 2 == 0:
            omega[-1] = 0  # has no phase of its own

        def delayed(t: Any) -> Any:
            return np.fft.irfft(np.fft.rfft(x) * np.exp(-1j * omega * t), n)

        expected = np.fft.irfft(np.fft.rfft(x) * (-1j * omega) ** 3 * np.exp(-0.3j * omega), n)
        _, series = wg.jet(delayed, (0.3,), ([1.0, 0.0, 0.0],))
        np.testing.assert_allclose(series[2], expected, atol=1e-12)


def trigonometric_matrix(family: str, type: int, n: int) -> np.ndarray:
    """SciPy's definitions with norm="backward", written out."""
    k, j = np.arange(n)[:, None], np.arange(n)[None, :]
    pi = np.pi
    if family == "dct":
        matrix = {
            1: lambda: 2 * np.cos(pi * k * j / (n - 1)),
            2: lambda: 2 * np.cos(pi * k * (2 * j + 1) / (2 * n)),
            3: lambda: 2 * np.cos(pi * (2 * k + 1) * j / (2 * n)),
            4: lambda: 2 * np.cos(pi * (2 * k + 1) * (2 * j + 1) / (4 * n)),
        }[type]()
        if type in (1, 3):
            matrix[:, 0] /= 2
        if type == 1:
            matrix[:, -1] /= 2
        return matrix
    matrix = {
        1: lambda: 2 * np.sin(pi * (k + 1) * (j + 1) / (n + 1)),
        2: lambda: 2 * np.sin(pi * (k + 1) * (2 * j + 1) / (2 * n)),
        3: lambda: 2 * np.sin(pi * (2 * k + 1) * (j + 1) / (2 * n)),
        4: lambda: 2 * np.sin(pi * (2 * k + 1) * (2 * j + 1) / (4 * n)),
    }[type]()
    if type == 3:
        matrix[:, -1] /= 2
    return matrix


@pytest.mark.parametrize("type", [1, 2, 3, 4])
@pytest.mark.parametrize("family", ["dct", "dst"])
def test_cosines_and_sines(family: str, type: int) -> None:
    for n in (2, 5):
        x = RNG.normal(size=n)
        matrix = trigonometric_matrix(family, type, n)
        forward, inverse = getattr(fft, family), getattr(fft, "i" + family)
        for jacobian in (wg.jacfwd, wg.jacrev):
            found = jacobian(lambda x, f=forward: f(x, type))(x)
            np.testing.assert_allclose(found, matrix, atol=1e-12)
            found = jacobian(lambda x, f=inverse: f(x, type))(x)
            np.testing.assert_allclose(found, np.linalg.inv(matrix), atol=1e-12)
            found = jacobian(lambda x, f=forward: f(x, type, norm="ortho"))(x)
            np.testing.assert_allclose(found @ found.T, np.eye(n), atol=1e-12)


class TestFilters:
    def test_powers_of_the_pole(self) -> None:
        """The impulse response of 1 / (1 - r z^-1) is r^t, to any order in r."""
        impulse = np.eye(6)[0]

        def response(r: Any) -> Any:
            return signal.lfilter([1.0], np.stack([1.0, -r]), impulse)

        t = np.arange(6.0)
        first, second, third = wg.jet(response, (0.7,), ([1.0, 0.0, 0.0],))[1]
        np.testing.assert_allclose(first, t * 0.7 ** (t - 1), atol=1e-14)
        np.testing.assert_allclose(second, t * (t - 1) * 0.7 ** (t - 2), atol=1e-14)
        np.testing.assert_allclose(third, t * (t - 1) * (t - 2) * 0.7 ** (t - 3), atol=1e-13)

    def test_a_filter_is_a_triangular_toeplitz_system(self) -> None:
        b, a = np.array([0.3, 0.2]), np.array([2.0, -0.8, 0.5])
        n = 7
        forward = scipy.linalg.toeplitz(np.r_[b, np.zeros(n - 2)], np.zeros(n))
        back = scipy.linalg.toeplitz(np.r_[a, np.zeros(n - 3)], np.zeros(n))
        x, w = RNG.normal(size=n), RNG.normal(size=n)
        y, pullback = wg.vjp(lambda x: signal.lfilter(b, a, x), x)
        np.testing.assert_allclose(y, np.linalg.solve(back, forward @ x), atol=1e-13)
        np.testing.assert_allclose(
            pullback(w)[0], forward.T @ np.linalg.solve(back.T, w), atol=1e-13
        )

    def test_the_state_cuts_a_signal_in_two(self) -> None:
        """Filtering a signal in two parts, state handed over, has the derivatives of the whole."""
        b, a = signal.butter(3, 0.3)
        x = RNG.normal(size=(2, 11))
        zi = RNG.normal(size=(2, 3))

        def whole(b: Any, a: Any, x: Any, zi: Any) -> Any:
            y, zf = signal.lfilter(b, a, x, zi=zi)
            return np.sum(np.sin(y)) + np.sum(zf**2)

        def parts(b: Any, a: Any, x: Any, zi: Any) -> Any:
            first, zi = signal.lfilter(b, a, x[:, :2], zi=zi)
            second, zf = signal.lfilter(b, a, x[:, 2:], zi=zi)
            return np.sum(np.sin(first)) + np.sum(np.sin(second)) + np.sum(zf**2)

        found = wg.grad(parts, argnums=(0, 1, 2, 3))(b, a, x, zi)
        expected = wg.grad(whole, argnums=(0, 1, 2, 3))(b, a, x, zi)
        for p, q in zip(found, expected, strict=True):
            np.testing.assert_allclose(p, q, atol=1e-12)

    def test_the_steady_state(self) -> None:
        """From the state of `lfilter_zi` a constant stays constant, whatever the coefficients."""
        b, a = signal.butter(3, 0.3)

        def answer(b: Any, a: Any) -> Any:
            zi = signal.lfilter_zi(b, a)
            y, _ = signal.lfilter(b, a, np.ones(9), zi=zi)
            return y * np.sum(a) / np.sum(b)

        for derivative in wg.jacobian(answer, argnums=(0, 1))(b, a):
            np.testing.assert_allclose(derivative, 0.0, atol=1e-12)

    def test_response_and_impulse_response_agree(self) -> None:
        """The transform of a decayed impulse response is the frequency response."""
        b, a = np.array([1.0, 0.4]), np.array([1.0, -0.3, 0.2])
        impulse = np.eye(64)[0]
        w = 2 * np.pi * np.arange(33) / 64

        def by_time(a: Any) -> Any:
            return np.abs(np.fft.rfft(signal.lfilter(b, a, impulse)))

        def by_polynomials(a: Any) -> Any:
            return np.abs(signal.freqz(b, a, worN=w)[1])

        np.testing.assert_allclose(by_time(a), by_polynomials(a), atol=1e-12)
        np.testing.assert_allclose(
            wg.jacobian(by_time)(a), wg.jacobian(by_polynomials)(a), atol=1e-11
        )

    def test_a_system_is_identified(self) -> None:
        """Gauss-Newton on the output error finds the coefficients, quadratically."""
        b, a = np.array([0.5, 0.3]), np.array([-0.9, 0.4])
        x = RNG.normal(size=60)
        target = signal.lfilter(b, np.r_[1.0, a], x)

        def residual(p: Any) -> Any:
            return signal.lfilter(p[:2], np.concatenate([np.ones(1), p[2:]]), x) - target

        p = np.r_[b, a] + 0.05
        errors = []
        for _ in range(5):
            p = p - np.linalg.lstsq(wg.jacobian(residual)(p), residual(p))[0]
            errors.append(np.max(np.abs(p - np.r_[b, a])))
        assert errors[-1] < 1e-13
        assert errors[1] < errors[0] ** 1.5


class TestConvolutions:
    @pytest.mark.parametrize("mode", ["full", "same", "valid"])
    @pytest.mark.parametrize("shapes", [((9,), (4,)), ((5, 6), (3, 2)), ((3, 4, 3), (2, 2, 3))])
    def test_transforms_and_sums_agree(self, mode: str, shapes: Any) -> None:
        x, v = (RNG.normal(size=s) for s in shapes)

        def loss(method: str) -> Any:
            return lambda x, v: np.sum(signal.convolve(x, v, mode, method) ** 3)

        direct = wg.grad(loss("direct"), argnums=(0, 1))(x, v)
        by_fft = wg.grad(loss("fft"), argnums=(0, 1))(x, v)
        for p, q in zip(direct, by_fft, strict=True):
            np.testing.assert_allclose(p, q, atol=1e-10)

    def test_products_of_polynomials(self) -> None:
        """In two variables: the value of a product is the product of the values."""
        p, q = RNG.normal(size=(3, 2)), RNG.normal(size=(2, 4))
        powers = [0.7 ** np.arange(n) for n in (4, 5)]

        def value(p: Any, q: Any) -> Any:
            return powers[0] @ signal.convolve(p, q, method="direct") @ powers[1]

        u, v = (powers[0][:n] @ c @ powers[1][:m] for c, n, m in ((p, 3, 2), (q, 2, 4)))
        dp, dq = wg.grad(value, argnums=(0, 1))(p, q)
        np.testing.assert_allclose(dp, np.outer(powers[0][:3], powers[1][:2]) * v)
        np.testing.assert_allclose(dq, np.outer(powers[0][:2], powers[1][:4]) * u)

    def test_zeros_between_samples(self) -> None:
        """`upfirdn` is filtering with zeros put in and samples left out, also for derivatives."""
        h, x = RNG.normal(size=6), RNG.normal(size=9)
        spread = np.zeros((9 * 3, 9))
        spread[::3] = np.eye(9)

        def plain(h: Any, x: Any) -> Any:
            return np.convolve(h, spread[:25] @ x)[::2]

        found = wg.jacobian(lambda h, x: signal.upfirdn(h, x, 3, 2), argnums=(0, 1))(h, x)
        for p, q in zip(found, wg.jacobian(plain, argnums=(0, 1))(h, x), strict=True):
            np.testing.assert_allclose(p, q, atol=1e-12)

    def test_short_time_transforms_invert_each_other(self) -> None:
        x = RNG.normal(size=40)

        def there_and_back(x: Any) -> Any:
            z = signal.stft(x, nperseg=8, noverlap=6)[2]
            return signal.istft(z, nperseg=8, noverlap=6)[1][:40]

        np.testing.assert_allclose(wg.jacobian(there_and_back)(x), np.eye(40), atol=1e-12)

    def test_power_is_kept(self) -> None:
        """The power spectrum sums to the mean square, which has the gradient 2 x / n."""
        x = RNG.normal(size=16)

        def power(x: Any) -> Any:
            return np.sum(signal.periodogram(x, detrend=False, scaling="spectrum")[1])

        np.testing.assert_allclose(wg.grad(power)(x), 2 * x / 16, atol=1e-13)

    def test_a_polynomial_passes_unchanged(self) -> None:
        """Savitzky-Golay filters keep polynomials of their degree, and differentiate them."""
        t = np.linspace(0, 1, 11)

        def smooth(c: Any) -> Any:
            return signal.savgol_filter(c[0] + c[1] * t + c[2] * t**2, 5, 2, deriv=1, delta=0.1)

        found = wg.jacobian(smooth)(np.ones(3))
        np.testing.assert_allclose(found, np.stack([0 * t, 0 * t + 1, 2 * t], axis=1), atol=1e-12)
