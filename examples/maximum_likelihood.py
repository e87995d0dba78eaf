"""Maximum-likelihood fits with standard errors, beside statsmodels, on data that it ships.

    python -m examples.maximum_likelihood [--rows N] [--picture maximum_likelihood.png]

    logit               who has an affair (Fair, 1978): 6,366 women
    negative binomial   visits to a doctor (RAND Health Insurance Experiment): 20,190 persons
    beta-binomial       students above the median (STAR98): 303 districts, spread more than a
                        binomial would; statsmodels has no such model, so its generic one is used,
                        whose Hessian is by differences

Each likelihood is a few lines of NumPy. `wengert.optimize.minimize` compiles it with its gradient;
standard errors are from the exact Hessian at the maximum.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import statsmodels.api as sm
from scipy.special import gammaln
from statsmodels.base.model import GenericLikelihoodModel

import wengert as wg


def logit(p: Any, x: Any, y: Any) -> Any:
    """−log L of y ∈ {0, 1} with log-odds x β."""
    return np.sum(np.logaddexp(0.0, (1.0 - 2.0 * y) * (x @ p["beta"])))


def negative_binomial(p: Any, x: Any, y: Any) -> Any:
    """−log L of counts with mean μ = exp(x β) and variance μ + α μ²."""
    mean = np.exp(x @ p["beta"])
    size = 1.0 / p["alpha"]
    log_l = gammaln(y + size) - gammaln(size) - gammaln(y + 1.0)
    log_l = log_l - size * np.log1p(p["alpha"] * mean) + y * np.log(mean / (mean + size))
    return -np.sum(log_l)


def beta_binomial(p: Any, x: Any, y: Any) -> Any:
    """−log L of y[:, 0] of y.sum(1), their probability beta with mean μ and concentration eᵏ."""
    mean = 1.0 / (1.0 + np.exp(-(x @ p["beta"])))
    k = np.exp(p["log k"])
    a, b = mean * k, (1.0 - mean) * k
    above, below = y[:, 0], y[:, 1]
    n = above + below
    choices = gammaln(n + 1.0) - gammaln(above + 1.0) - gammaln(below + 1.0)
    log_l = gammaln(above + a) + gammaln(below + b) - gammaln(n + k)
    log_l = log_l - gammaln(a) - gammaln(b) + gammaln(k) + choices
    return -np.sum(log_l)


@dataclass(frozen=True)
class Fit:
    """Estimates and standard errors in the order of `names`, −log L, and seconds.

    `seconds` is of a first fit and of another, for which all has been compiled.
    """

    values: np.ndarray
    errors: np.ndarray
    loss: float
    seconds: tuple[float, float]


@dataclass(frozen=True)
class Study:
    """One model on one data set, fitted by both."""

    title: str
    names: list[str]
    ours: Fit
    theirs: Fit

    @property
    def worst_error(self) -> float:
        """The largest relative difference between standard errors."""
        return float(np.max(np.abs(self.ours.errors / self.theirs.errors - 1.0)))


def timed(fit: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """What a fit gives, and the seconds of the first one and of another."""
    seconds = []
    for _ in range(2):
        begin = perf_counter()
        found = fit()
        seconds.append(perf_counter() - begin)
    return found, (seconds[0], seconds[1])


def ours(loss: Callable[..., Any], start: dict[str, Any], x: np.ndarray, y: np.ndarray) -> Fit:
    """The fit by `wengert.optimize`."""

    def fit() -> tuple[Any, Any]:
        found = wg.optimize.minimize(loss, start, args=(x, y), method="newton")
        return found, found.standard_errors()

    (found, errors), seconds = timed(fit)
    flat = lambda tree: np.concatenate([np.atleast_1d(tree[name]) for name in start])
    return Fit(flat(found.x), flat(errors), float(found.fun), seconds)


def theirs(model: Any, *args: Any, **options: Any) -> Fit:
    """The fit by statsmodels."""

    def fit() -> tuple[Any, Any]:
        found = model.fit(*args, disp=0, **options)
        return found, np.asarray(found.bse)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (found, errors), seconds = timed(fit)
    return Fit(np.asarray(found.params), errors, -float(found.llf), seconds)


def thinned(data: Any, n: int | None) -> Any:
    """About n rows of a table, evenly spaced: some tables are sorted."""
    return data if n is None else data.iloc[:: max(1, len(data) // n)]


def affairs(n: int | None = None) -> Study:
    """A logit model."""
    data = thinned(sm.datasets.fair.load_pandas().data, n)
    names = ["rate_marriage", "age", "yrs_married", "religious", "educ"]
    x = sm.add_constant(data[names]).to_numpy(float)
    y = (data["affairs"] > 0).to_numpy(float)
    mine = ours(logit, {"beta": np.zeros(x.shape[1])}, x, y)
    return Study("logit", ["const", *names], mine, theirs(sm.Logit(y, x)))


def visits(n: int | None = None) -> Study:
    """A negative binomial regression."""
    data = thinned(sm.datasets.randhie.load_pandas().data, n)
    names = ["lncoins", "idp", "lpi", "fmde", "physlm", "disea"]
    x = sm.add_constant(data[names]).to_numpy(float)
    y = data["mdvis"].to_numpy(float)
    mine = ours(negative_binomial, {"beta": np.zeros(x.shape[1]), "alpha": 1.0}, x, y)
    model = sm.NegativeBinomial(y, x)
    return Study("negative binomial", ["const", *names, "alpha"], mine, theirs(model, maxiter=200))


class GenericBetaBinomial(GenericLikelihoodModel):
    """The same likelihood for statsmodels, whose derivatives are differences."""

    def nloglikeobs(self, params: np.ndarray) -> Any:
        """−log L of the data."""
        return beta_binomial({"beta": params[:-1], "log k": params[-1]}, self.exog, self.endog)


def schools(n: int | None = None) -> Study:
    """A beta-binomial regression."""
    data = sm.datasets.star98.load_pandas()
    names = ["LOWINC", "PERASIAN", "PERBLACK", "PERHISP", "PERMINTE", "AVYRSEXP"]
    x = sm.add_constant(data.exog[names] / 10.0).to_numpy(float)[:n]
    y = data.endog.to_numpy(float)[:n]
    start = {"beta": np.zeros(x.shape[1]), "log k": 3.0}
    mine = ours(beta_binomial, start, x, y)
    model = GenericBetaBinomial(y, x)
    model.df_model, model.df_resid = x.shape[1], len(x) - x.shape[1] - 1
    first = np.append(start["beta"], start["log k"])
    other = theirs(model, start_params=first, method="bfgs", maxiter=500, gtol=1e-3)
    return Study("beta-binomial", ["const", *names, "log k"], mine, other)


def report(studies: list[Study]) -> str:
    """Estimates and standard errors side by side."""
    lines = []
    for s in studies:
        lines += [f"{s.title}: −log L {s.ours.loss:,.6f}, statsmodels {s.theirs.loss:,.6f}"]
        lines += [
            f"  {'':14}{'wengert':>12}{'std. error':>12}{'statsmodels':>14}{'std. error':>12}"
        ]
        rows = zip(
            s.names, s.ours.values, s.ours.errors, s.theirs.values, s.theirs.errors, strict=True
        )
        lines += [f"  {name:14}{a:12.6f}{b:12.6f}{c:14.6f}{d:12.6f}" for name, a, b, c, d in rows]
        lines += [
            f"  standard errors differ by {s.worst_error:.1e} at most, relatively",
            f"  seconds, first fit and another: {s.ours.seconds[0]:.2f} (compiling included) and "
            f"{s.ours.seconds[1]:.2f}, statsmodels {s.theirs.seconds[0]:.2f} and "
            f"{s.theirs.seconds[1]:.2f}",
            "",
        ]
    return "\n".join(lines[:-1])


def draw(studies: list[Study], path: Path) -> Path:
    """Estimates with 95 % intervals, but for the constants, which would stretch the axis."""
    fig, axes = plt.subplots(1, len(studies), figsize=(12.0, 4.0), layout="constrained")
    for ax, s in zip(axes, studies, strict=True):
        shown = [i for i, name in enumerate(s.names) if name not in ("const", "alpha", "log k")]
        at = np.arange(len(shown))[::-1]
        ax.axvline(0.0, color="0.8", zorder=0)
        for fit, shift, color, who in (
            (s.ours, 0.14, "C0", "wengert"),
            (s.theirs, -0.14, "C1", "statsmodels"),
        ):
            ax.errorbar(fit.values[shown], at + shift, xerr=1.96 * fit.errors[shown], fmt="o",
                        ms=4, color=color, capsize=3, label=who)  # fmt: skip
        ax.set_yticks(at, [s.names[i] for i in shown])
        ax.set_title(s.title, fontsize="medium")
        ax.set_xlabel("estimate and 95 % interval")
        ax.spines[["top", "right"]].set_visible(False)
    handles = axes[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower center", ncols=2, frameon=False)
    fig.savefig(path, dpi=130)
    plt.close(fig)
    return path


def main(arguments: list[str] | None = None) -> None:
    """Fit all three, say and draw what came out."""
    parser = argparse.ArgumentParser(prog="python -m examples.maximum_likelihood")
    parser.add_argument("--rows", type=int, help="of each data set, about (all)")
    parser.add_argument("--picture", type=Path, default=Path("maximum_likelihood.png"))
    options = parser.parse_args(arguments)
    studies = [affairs(options.rows), visits(options.rows), schools(options.rows)]
    print(report(studies))
    print(f"wrote {draw(studies, options.picture)}")


if __name__ == "__main__":
    main()
