"""The demonstration: what it computes, checked by other means, and the page it writes."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from wengert import cli, demo
from wengert.demo import co2, digits, helmholtz
from wengert.demo.progress import PlainScreen, RichScreen, Screen
from wengert.demo.timing import best_time, timed

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Recorder(PlainScreen):
    """A plain screen whose text can be read."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        super().__init__(self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


class Page(HTMLParser):
    """Collects tags, references and text, and demands that tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, str, str]:
    """A quick run of everything: the page, its text, what the terminal showed."""
    path = tmp_path_factory.mktemp("demo") / "page.html"
    screen = Recorder()
    assert demo.run(quick=True, output=path, screen=screen) == path
    source = path.read_text(encoding="utf-8")
    return Page(source), source, screen.text


def test_the_page_stands_alone(whole: tuple[Page, str, str]) -> None:
    page, source, _ = whole
    assert page.tags.count("section") == 3
    assert page.tags.count("table") >= 4
    # references lead inside the page or carry their data with them
    assert all(reference.startswith(("#", "data:")) for reference in page.references)
    assert "@import" not in source
    assert "<script" not in source


def test_figures_are_well_formed(whole: tuple[Page, str, str]) -> None:
    _, source, _ = whole
    figures = source.split("<svg")[1:]
    assert len(figures) == 5
    for figure in figures:
        ElementTree.fromstring("<svg" + figure[: figure.index("</svg>")] + "</svg>")


def test_ids_are_unique_over_figures(whole: tuple[Page, str, str]) -> None:
    """A clip path of one figure must not cut another."""
    _, source, _ = whole
    figures = [
        "<svg" + part[: part.index("</svg>")] + "</svg>" for part in source.split("<svg")[1:]
    ]
    clips = [
        {
            element.get("id")
            for element in ElementTree.fromstring(figure).iter()
            if "clipPath" in element.tag
        }
        for figure in figures
    ]
    for k, first in enumerate(clips):
        for second in clips[k + 1 :]:
            assert not first & second


def test_the_page_says_what_was_found(whole: tuple[Page, str, str]) -> None:
    page, _, _ = whole
    for words in ("held-out images", "standard error", "reverse mode", "Expression swell", "NumPy"):
        assert words in page.text
    assert not re.search(r"\bnan\b", page.text.lower())


def test_the_terminal_shows_progress_and_results(whole: tuple[Page, str, str]) -> None:
    _, _, text = whole
    for words in ("100 %", "held-out accuracy", "standard error", "Richardson", "page.html"):
        assert words in text


def test_digits_are_learned() -> None:
    result = digits.run(Recorder(), quick=True)
    assert result.accuracy >= 0.95
    assert result.confusion.sum() == result.n_test == 450
    assert np.trace(result.confusion) == round(result.accuracy * result.n_test)
    assert len(result.mistakes) == result.n_test - np.trace(result.confusion)
    assert result.losses[-1] < 0.3 * result.losses[0]


def test_digits_loss_is_the_cross_entropy() -> None:
    from scipy.special import log_softmax

    generator = np.random.default_rng(1)
    parameters = digits._initial(generator)
    images, labels = generator.uniform(size=(7, 64)), np.arange(7)
    expected = -np.mean(log_softmax(digits.scores(parameters, images), axis=1)[labels, labels])
    for layer in parameters.values():
        expected += digits.WEIGHT_DECAY * np.sum(layer["weight"] ** 2)
    assert digits.loss(parameters, images, labels) == pytest.approx(expected, rel=1e-13)


def test_co2_fits_agree_with_scipys_own_curve_fit() -> None:
    from scipy.optimize import curve_fit

    result = co2.run(Recorder(), quick=True)
    best = result.fits[0]
    p, covariance = curve_fit(
        lambda t, *p: co2.concentration(np.array(p), t),
        result.t,
        result.observed,
        p0=co2.START,
        x_scale="jac",
        method="trf",
    )
    np.testing.assert_allclose(best.p, p, rtol=1e-4)
    np.testing.assert_allclose(result.errors, np.sqrt(np.diag(covariance)), rtol=1e-3)
    assert best.jacobian_error < 1e-13
    assert result.fits[1].n_residuals > 10 * best.n_residuals
    for fit in result.fits[1:]:
        np.testing.assert_allclose(fit.p, best.p, rtol=1e-4)
    assert 0.5 < result.sigma < 1.0


def test_co2_growth_and_its_error() -> None:
    generator = np.random.default_rng(0)
    p = co2.START
    spread = 1e-4 * np.eye(p.size) * p**2
    rate, error = co2._growth(p, 20.0, spread)
    assert rate == pytest.approx(p[1] * p[2] * np.exp(20.0 * p[2]), rel=1e-14)
    samples = generator.multivariate_normal(p, spread, size=20_000)
    rates = samples[:, 1] * samples[:, 2] * np.exp(20.0 * samples[:, 2])
    assert error == pytest.approx(np.std(rates), rel=0.03)


def test_standard_errors_of_a_straight_line() -> None:
    """The textbook formulas: σ²/Sxx for the slope, σ²(1/n + x̄²/Sxx) for the intercept."""
    x = np.linspace(0.0, 3.0, 20)
    residual = np.sin(7.0 * x)
    errors, covariance = co2.standard_errors(np.stack([np.ones_like(x), x], axis=1), residual)
    variance = residual @ residual / 18
    sxx = np.sum((x - x.mean()) ** 2)
    expected = np.sqrt(variance * np.array([1 / 20 + x.mean() ** 2 / sxx, 1 / sxx]))
    np.testing.assert_allclose(errors, expected, rtol=1e-12)
    np.testing.assert_allclose(covariance[0, 1], -variance * x.mean() / sxx, rtol=1e-12)


def gradient_by_hand(p: helmholtz.Problem) -> np.ndarray:
    """∇f by the rules of calculus, with s = bᵀx and q = xᵀAx."""
    root2 = np.sqrt(2.0)
    s, q = p.b @ p.x, p.x @ p.a @ p.x
    up, down = 1 + (1 + root2) * s, 1 + (1 - root2) * s
    logarithm = np.log(up / down)
    slope = (1 + root2) / up - (1 - root2) / down
    return (
        helmholtz.RT * (1 / p.x + p.x.size * p.b / (1 - s))
        - 2 * (p.a @ p.x) * logarithm / (np.sqrt(8.0) * s)
        - q / np.sqrt(8.0) * p.b * (slope / s - logarithm / s**2)
    )


@pytest.mark.parametrize("n", [1, 2, 7, 50])
def test_helmholtz_reference(n: int) -> None:
    p = helmholtz.problem(n)
    assert p.b @ p.x == pytest.approx(0.5)
    np.testing.assert_array_equal(p.a, p.a.T)
    np.testing.assert_allclose(helmholtz.reference(p), gradient_by_hand(p), rtol=1e-13)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("reverse mode", 1e-14),
        ("reverse mode, jit", 1e-14),
        ("forward mode", 1e-14),
        ("complex step", 1e-14),
        ("central differences", 1e-8),
        ("forward differences", 1e-5),
        ("Richardson", 1e-10),
        (helmholtz.SCIPY, 1e-5),
    ],
)
def test_every_method_gives_the_gradient(name: str, tolerance: float) -> None:
    p = helmholtz.problem(6)
    truth = gradient_by_hand(p)
    gradient = np.asarray(helmholtz.methods(p.energy)[name](p.x))
    assert np.linalg.norm(gradient - truth) < tolerance * np.linalg.norm(truth)


def test_calls_of_the_function_are_counted() -> None:
    p = helmholtz.problem(4)
    truth = gradient_by_hand(p)
    f = helmholtz.Counted(p.energy)
    gradients = helmholtz.methods(f)
    for name, expected in (("reverse mode", 1), ("reverse mode, jit", 0), (helmholtz.SCIPY, 5)):
        measured = helmholtz._measure(p.x, f, gradients[name], truth, 1e-5)
        assert measured.n_calls == expected, name
        assert measured.error < 1e-5
        assert measured.ratio == pytest.approx(measured.seconds / 1e-5)


def test_the_symbolic_gradient_and_its_swell() -> None:
    small, gradient = helmholtz._symbolic(helmholtz.problem(2))
    p = helmholtz.problem(5)
    large, gradient = helmholtz._symbolic(p)
    np.testing.assert_allclose(gradient(p.x), gradient_by_hand(p), rtol=1e-13)
    assert small.n_gradient < large.n_gradient
    assert large.n_function < large.n_gradient
    assert large.n_program == small.n_program


def test_parts_run_in_order_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    real = co2.run

    def run(screen: Screen, quick: bool = False) -> co2.Co2Result:
        ran.append("co2")
        return real(screen, quick)

    monkeypatch.setattr(co2, "run", run)
    path = demo.run(("co2", "co2"), quick=True, output=tmp_path / "p.html", screen=Recorder())
    assert ran == ["co2"]
    assert Page(path.read_text(encoding="utf-8")).tags.count("section") == 1


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == "sklearn" else object())
    with pytest.raises(
        ImportError, match=r"no scikit-learn\n.*try +pip install \"wengert\[demo\]\""
    ):
        demo.run(("digits",), output=tmp_path / "p.html", screen=Recorder())
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_is_found_out_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        demo.run(output=tmp_path / "none" / "p.html", screen=Recorder())
    assert cli.main(["demo", "--output", str(tmp_path / "none" / "p.html")]) == 1
    assert "there is no directory" in capsys.readouterr().err


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "digit"]) == 2
    assert "there is no part 'digit'" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [PlainScreen, RichScreen])
def test_screens(kind: type[Screen]) -> None:
    stream = io.StringIO()
    screen = kind(stream)  # type: ignore[call-arg] # both take a stream
    screen.heading("A part")
    screen.say("something [bold] happened")
    with screen.step("work", 4) as step:
        for k in range(4):
            step.advance(f"note {k}")
    screen.table(("name", "value"), [("x", "1.5"), ("longer", "22.25")])
    text = stream.getvalue()
    for words in ("A part", "something [bold] happened", "work", "note 3", "longer", "22.25"):
        assert words in text


def test_timing() -> None:
    calls = []
    assert timed(lambda: calls.append(1)) >= 0.0
    assert best_time(lambda: calls.append(1), budget=10.0, n_most=5) >= 0.0
    assert len(calls) == 1 + 6
    assert best_time(lambda: calls.append(1), budget=0.0) >= 0.0
    assert len(calls) == 1 + 6 + 3
