"""Functions of SciPy and scikit-learn that find `wengert.numpy` through the standard.

Run as a program, because SciPy reads SCIPY_ARRAY_API when it is imported: prints one line for each
function, its name and the largest error of its gradient against differences of the plain function,
relative to the gradient; then the same for the compiled value.
"""

from __future__ import annotations

import os

os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np
import scipy
import sklearn
from scipy.spatial.transform import Rotation
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise
from sklearn.preprocessing import MinMaxScaler, Normalizer, PolynomialFeatures

import wengert as wg
import wengert.numpy as wnp

POINT = np.array([0.3, 1.2, 0.7, 2.5, 1.1, 0.4])
OTHER = np.array([[0.1, 0.9, 1.4], [2.2, 0.8, 0.5], [1.7, 0.2, 0.6]])

PROGRAMS = {
    "integrate.trapezoid": lambda x: scipy.integrate.trapezoid(x**2),
    "integrate.cumulative_trapezoid": lambda x: (
        scipy.integrate.cumulative_trapezoid(x) ** 2
    ).sum(),
    "stats.zscore": lambda x: (scipy.stats.zscore(x) ** 3).sum(),
    "stats.gmean": scipy.stats.gmean,
    "stats.hmean": scipy.stats.hmean,
    "stats.moment": lambda x: scipy.stats.moment(x, 3),
    "stats.skew": scipy.stats.skew,
    "stats.kurtosis": scipy.stats.kurtosis,
    "stats.sem": scipy.stats.sem,
    "stats.trim_mean": lambda x: scipy.stats.trim_mean(x, 0.2),
    "stats.circmean": scipy.stats.circmean,
    "special.erf": lambda x: scipy.special.erf(x).sum(),
    "special.logsumexp": lambda x: scipy.special.logsumexp(x),
    "special.softmax": lambda x: (scipy.special.softmax(x) ** 2).sum(),
    "optimize.rosen": scipy.optimize.rosen,
    "cluster.vq.whiten": lambda x: (scipy.cluster.vq.whiten(x[:, None]) ** 3).sum(),
    "signal.hilbert": lambda x: (abs(scipy.signal.hilbert(x)) ** 2).sum(),
    "signal.fftconvolve": lambda x: (scipy.signal.fftconvolve(x, x) ** 2).sum(),
    "fft.rfft": lambda x: (abs(scipy.fft.rfft(x)) ** 3).sum(),
    "Rotation.apply": lambda q: Rotation.from_quat(q[:4]).apply(OTHER[0])[1],
    "Rotation.as_matrix": lambda q: Rotation.from_rotvec(q[:3]).as_matrix()[0, 1],
    "Rotation products": lambda q: (
        Rotation.from_rotvec(q[:3]) * Rotation.from_euler("z", q[3])
    ).as_rotvec()[2],
    "cosine_similarity": lambda x: pairwise.cosine_similarity(x.reshape(2, 3))[0, 1],
    "euclidean_distances": lambda x: pairwise.euclidean_distances(
        x.reshape(2, 3), wnp.asarray(OTHER)
    ).sum(),
    "rbf_kernel": lambda x: pairwise.rbf_kernel(x.reshape(2, 3), wnp.asarray(OTHER)).sum(),
    "MinMaxScaler": lambda x: (MinMaxScaler().fit_transform(x.reshape(3, 2)) ** 3).sum(),
    "Normalizer": lambda x: (Normalizer().fit_transform(x.reshape(3, 2)) ** 3).sum(),
    "PolynomialFeatures": lambda x: (
        PolynomialFeatures().fit_transform(x.reshape(3, 2)) ** 2
    ).sum(),
    "Ridge": lambda x: (
        Ridge(alpha=0.1, solver="svd").fit(wnp.asarray(OTHER), x[:3]).coef_ ** 2
    ).sum(),
    "PCA": lambda x: PCA(1, svd_solver="full").fit(x.reshape(3, 2)).explained_variance_[0],
}


def error(found, expected) -> float:
    size = np.max(np.abs(expected))
    return float(np.max(np.abs(np.asarray(found) - expected)) / size)


def main() -> None:
    with sklearn.config_context(array_api_dispatch=True), np.errstate(all="ignore"):
        for name, f in PROGRAMS.items():
            gradient = error(wg.grad(f)(POINT), wg.numeric.gradient(f)(POINT))
            print(name, gradient, error(wg.jit(f)(POINT), f(POINT)), sep="\t")


if __name__ == "__main__":
    main()
