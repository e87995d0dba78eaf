"""Six small studies on real data, as one writes them for autograd.

    python before.py            all of them, about ten seconds
    python before.py --small    a few iterations of each

`after.py` is this file with other imports; both print the same numbers.
"""

import sys
from itertools import pairwise

import wengert.compat.autograd.numpy as np
import wengert.compat.autograd.numpy.random as npr
import scipy.linalg
from wengert.compat.autograd import checkpoint, elementwise_grad, grad
from wengert.compat.autograd import hessian, make_hvp, value_and_grad
from wengert.compat.autograd.builtins import tuple as atuple
from wengert.compat.autograd.extend import defjvp, defvjp, primitive
from wengert.compat.autograd.misc import flatten
from wengert.compat.autograd.misc.fixed_points import fixed_point
from wengert.compat.autograd.misc.optimizers import adam, rmsprop
from wengert.compat.autograd.scipy.integrate import odeint
from wengert.compat.autograd.scipy.special import gammaln, logsumexp
from wengert.compat.autograd.test_util import check_grads
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer, load_digits
from statsmodels.datasets import co2, elnino, sunspots

# -- primitives of our own -------------------------------------------------------------------------


@primitive
def log1pexp(x):
    """log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


defvjp(log1pexp, lambda ans, x: lambda g: g * sigmoid(x))
defjvp(log1pexp, lambda g, ans, x: g * sigmoid(x))


@primitive
def gaussian_energy(K, y):
    """yᵀ K⁻¹ y / 2 + log det K / 2, by LAPACK's Cholesky factorization of plain arrays."""
    factor = scipy.linalg.cho_factor(K, lower=True)
    fitted = scipy.linalg.cho_solve(factor, y)
    return 0.5 * np.dot(y, fitted) + np.sum(np.log(np.diag(factor[0])))


def gaussian_energy_vjp_K(ans, K, y):
    def vjp(g):
        inverse = np.linalg.inv(K)
        fitted = np.dot(inverse, y)
        return 0.5 * g * (inverse - np.outer(fitted, fitted))

    return vjp


defvjp(
    gaussian_energy,
    gaussian_energy_vjp_K,
    lambda ans, K, y: lambda g: g * np.linalg.solve(K, y),
)

# -- 1. logistic regression: Newton's method, Laplace's approximation ------------------------------


def cancer_data(n):
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return np.hstack([np.ones((n, 1)), X[:n, :6]]), 2.0 * y[:n] - 1.0


def negative_log_posterior(w, X, y, precision=0.1):
    margins = y * np.dot(X, w)
    return np.sum(log1pexp(-margins)) + 0.5 * precision * np.sum(w**2)


def logistic_regression(n=300):
    X, y = cancer_data(n)

    def objective(w):
        return negative_log_posterior(w, X, y)

    def hessp(w, v):
        hvp, _ = make_hvp(objective)(w)
        return hvp(v)

    start = np.zeros(X.shape[1])
    fit = minimize(value_and_grad(objective), start, jac=True, hessp=hessp, method="Newton-CG")
    H = hessian(objective)(fit.x)
    sign, logdet = np.linalg.slogdet(H)
    evidence = -fit.fun - 0.5 * sign * logdet
    return {"logistic: weights": fit.x, "logistic: evidence": evidence}


# -- 2. the same posterior by variational inference ------------------------------------------------


def variational_inference(n=300, n_iterations=100, n_samples=10):
    X, y = cancer_data(n)
    D = X.shape[1]
    rs = npr.RandomState(0)
    draws = rs.randn(n_iterations, n_samples, D)

    def negative_elbo(params, i):
        mean, log_std = params["mean"], params["log_std"]
        samples = mean + np.exp(log_std) * draws[i]
        energies = [negative_log_posterior(w, X, y) for w in samples]
        entropy = 0.5 * D * (1.0 + np.log(2 * np.pi)) + np.sum(log_std)
        return np.mean(np.array(energies)) - entropy

    trace = []

    def callback(params, i, g):
        if i % 20 == 0:
            trace.append(float(negative_elbo(params, i)))

    start = {"mean": np.zeros(D), "log_std": -1.0 * np.ones(D)}
    params = adam(grad(negative_elbo), start, callback, num_iters=n_iterations, step_size=0.05)
    return {"variational: mean": params["mean"], "variational: trace": np.array(trace)}


# -- 3. a Gaussian process on the carbon dioxide of Mauna Loa --------------------------------------


def carbon_dioxide(n_points=80, n_steps=20):
    series = co2.load_pandas().data["co2"].dropna()
    years = np.array(series.index.year + (series.index.dayofyear - 1) / 365.25)
    every = len(years) // n_points
    t = years[::every][:n_points] - years[0]
    y = np.array(series)[::every][:n_points]
    y = (y - y.mean()) / y.std()

    def covariance(log_params, t):
        amplitude, length, seasonal, smooth, noise = np.exp(log_params)
        d = t[:, None] - t[None, :]
        trend = amplitude * np.exp(-0.5 * (d / length) ** 2)
        season = seasonal * np.exp(-2.0 * np.sin(np.pi * d) ** 2 / smooth**2)
        return trend + season + noise * np.eye(len(t))

    def objective(log_params):
        prior = 0.5 * np.sum((log_params / 3.0) ** 2)
        return gaussian_energy(covariance(log_params, t), y) + prior

    start = np.log(np.array([1.0, 20.0, 0.05, 1.0, 0.01]))
    fit = minimize(
        value_and_grad(objective), start, jac=True, method="L-BFGS-B", options={"maxiter": n_steps}
    )
    return {"gaussian process: energy": fit.fun, "gaussian process: parameters": np.exp(fit.x)}


# -- 4. a differential equation fitted to the seasons of the Pacific -------------------------------


def relaxation(T, t, rate, level, swing, phase):
    """The sea follows a yearly forcing with a delay."""
    forcing = level + swing * np.cos(2 * np.pi * t - phase)
    return rate * (forcing - T)


def pacific(n_steps=6):
    months = elnino.load_pandas().data.iloc[:, 1:].mean(axis=0)
    observed = np.array(months, dtype=float)
    t = np.linspace(0.0, 11.0 / 12.0, 12)

    def predict(params):
        T0, rate, level, swing, phase = params
        args = atuple((np.exp(rate), level, swing, phase))
        return odeint(relaxation, np.array([T0]), t, args, rtol=1e-8, atol=1e-8)[:, 0]

    def objective(params):
        return np.sum((predict(params) - observed) ** 2)

    start = np.array([observed[0], 1.0, observed.mean(), 3.0, 1.0])
    fit = minimize(
        value_and_grad(objective), start, jac=True, method="BFGS", options={"maxiter": n_steps}
    )
    return {"pacific: misfit": fit.fun, "pacific: gradient": grad(objective)(start)}


# -- 5. a recurrent network on the sunspots --------------------------------------------------------


def recurrent(n_years=60, n_hidden=6, n_iterations=30):
    series = np.array(sunspots.load_pandas().data["SUNACTIVITY"])[-n_years:]
    series = (series - series.mean()) / series.std()
    rs = npr.RandomState(1)

    def glorot(m, n):
        return rs.randn(m, n) * np.sqrt(1.0 / m)

    params = {
        "gates": [glorot(n_hidden + 2, n_hidden) for _ in range(3)],
        "change": glorot(n_hidden + 2, n_hidden),
        "read": (glorot(n_hidden, 1), np.zeros(1)),
    }

    def cell(params, x, h, c):
        inputs = np.concatenate([np.array([x, 1.0]), h])
        keep, take, show = [sigmoid(np.dot(inputs, W)) for W in params["gates"]]
        c = keep * c + take * np.tanh(np.dot(inputs, params["change"]))
        return show * np.tanh(c), c

    def ten_years(params, years, h, c):
        errors = 0.0
        for i in range(len(years) - 1):
            h, c = cell(params, years[i], h, c)
            W, b = params["read"]
            errors = errors + (np.dot(h, W)[0] + b[0] - years[i + 1]) ** 2
        return np.concatenate([np.array([errors]), h, c])

    vector, unflatten = flatten(params)

    def chunk(vector, years, state):
        h, c = state[:n_hidden], state[n_hidden:]
        return ten_years(unflatten(vector), years, h, c)

    remembered = checkpoint(chunk)

    def loss(vector, i):
        state, total = np.zeros(2 * n_hidden), 0.0
        for start in range(0, n_years - 10, 10):
            found = remembered(vector, series[start : start + 11], state)
            total, state = total + found[0], found[1:]
        return total / n_years

    before = loss(vector, 0)
    vector = rmsprop(grad(loss), vector, num_iters=n_iterations, step_size=0.02)
    return {"recurrent: loss": np.array([before, loss(vector, 0)])}


# -- 6. a variational autoencoder of digits, and three small things --------------------------------


def autoencoder(n_images=100, n_latent=3, n_hidden=20, n_iterations=30):
    images = load_digits().data[:n_images] / 16.0
    D = images.shape[1]
    rs = npr.RandomState(2)

    def layers(sizes):
        return [(0.2 * rs.randn(m, n), np.zeros(n)) for m, n in pairwise(sizes)]

    params = {
        "encoder": layers([D, n_hidden, 2 * n_latent]),
        "decoder": layers([n_latent, n_hidden, D]),
    }

    def network(layers, x):
        for W, b in layers[:-1]:
            x = np.maximum(np.dot(x, W) + b, 0.0)
        W, b = layers[-1]
        return np.dot(x, W) + b

    def objective(params, i):
        found = network(params["encoder"], images)
        mean, log_std = found[:, :n_latent], found[:, n_latent:]
        noise = npr.RandomState(i).randn(n_images, n_latent)
        logits = network(params["decoder"], mean + np.exp(log_std) * noise)
        misfit = np.sum(log1pexp(logits) - images * logits)
        divergence = 0.5 * np.sum(np.exp(2 * log_std) + mean**2 - 1.0 - 2 * log_std)
        return (misfit + divergence) / n_images

    first = objective(params, 0)
    params = adam(grad(objective), params, num_iters=n_iterations, step_size=0.01)
    return {"autoencoder: objective": np.array([first, objective(params, 0)])}


def small_things():
    counts = load_digits().data[:50].sum(axis=1)

    def poisson_shape(log_rate):
        return np.mean(np.exp(log_rate) - counts * log_rate + gammaln(counts + 1.0))

    def mixture(mu):
        return np.sum(logsumexp(-0.5 * ((counts[:, None] - mu) / 20.0) ** 2, axis=1))

    def square_root(a):
        return fixed_point(
            lambda a: lambda x: 0.5 * (x + a / x), a, 1.0, lambda x, y: abs(x - y), 1e-12
        )

    check_grads(log1pexp, modes=["fwd", "rev"], order=2)(np.array([-0.3, 2.0]))
    K = np.array([[2.0, 0.3], [0.3, 1.0]])
    check_grads(gaussian_energy, 1, modes=["rev"], order=2)(K, np.array([1.0, -0.5]))
    return {
        "poisson: derivatives": np.array(
            [grad(poisson_shape)(5.0), grad(grad(poisson_shape))(5.0)]
        ),
        "mixture: gradient": grad(mixture)(np.array([250.0, 300.0, 350.0])),
        "fixed point": np.array([square_root(2.0), grad(square_root)(2.0)]),
        "elementwise": elementwise_grad(elementwise_grad(log1pexp))(np.linspace(-2.0, 2.0, 5)),
    }


def main(small=False):
    npr.seed(0)
    results = {}
    results.update(logistic_regression(60 if small else 300))
    results.update(variational_inference(*((40, 10, 3) if small else (200, 100, 10))))
    results.update(carbon_dioxide(*((20, 4) if small else (80, 20))))
    results.update(pacific(1 if small else 6))
    results.update(recurrent(*((21, 3, 3) if small else (60, 6, 30))))
    results.update(autoencoder(*((10, 2, 4, 3) if small else (100, 3, 20, 30))))
    results.update(small_things())
    return results


if __name__ == "__main__":
    for name, value in main("--small" in sys.argv).items():
        print(f"{name:30s}", np.round(value, 5))
