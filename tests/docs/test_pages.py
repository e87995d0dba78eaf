"""Every example on every page runs, and prints what the page says."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from docs.tools import reference

ROOT = Path(__file__).parents[2]
# Pages that the build writes: these, and all of docs/reference.
WRITTEN = ("errors.md", "from_scratch.md")
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    *sorted(
        p
        for p in (ROOT / "docs").rglob("*.md")
        if p.parent.name != "reference" and p.name not in WRITTEN
    ),
]
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
FENCE = re.compile(r"^`{3,}([^`]*)$")
CELLS = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def python_blocks(text: str) -> str:
    """The page with everything blanked but its Python blocks, so that line numbers stay."""
    kept = []
    language: str | None = None
    for line in text.splitlines():
        fence = FENCE.match(line.strip())
        if fence:
            language = fence.group(1) if language is None else None
        kept.append(line if language == "python" and not fence else "")
    assert language is None, "a fence is not closed"
    return "\n".join(kept) + "\n"


def examples_of(page: Path) -> doctest.DocTest:
    text = python_blocks(page.read_text(encoding="utf-8"))
    return doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_examples(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for library in re.findall(r"^>>> import (torch|jax)$", text, re.MULTILINE):
        pytest.importorskip(library)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(examples_of(page), out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize(
    "page", [p for p in PAGES if CELLS.search(p.read_text(encoding="utf-8"))], ids=names
)
def test_notebooks_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cells of an executed page, one after the other, without the notebook's own commands."""
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    names: dict[str, object] = {}
    for cell in CELLS.findall(page.read_text(encoding="utf-8")):
        code = "\n".join(line for line in cell.splitlines() if not line.startswith("%"))
        exec(compile(code, page.name, "exec"), names)
    plt.close("all")


@pytest.mark.parametrize("name", ["README.md", "docs/conventions.md", "docs/gotchas.md"])
def test_there_are_examples(name: str) -> None:
    assert len(examples_of(ROOT / name).examples) > 15


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_python_blocks_are_examples(page: Path) -> None:
    """A block without a prompt would not be run."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        assert block.lstrip().startswith(">>>"), block


def test_a_wrong_answer_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Sum:\n\n```python\n>>> 1 + 1\n3\n```\n\n    >>> not Python\n", encoding="utf-8"
    )
    assert [e.source for e in examples_of(page).examples] == ["1 + 1\n"]
    with pytest.raises(AssertionError, match="Expected:"):
        test_examples(page)


def reference_pages() -> list[str]:
    modules = [name for names in reference.MODULES.values() for name in names]
    return ["index.md", *[f"{name}.md" for name in modules]]


LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(#[^)\s]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in LINK.findall(prose):
        if target.startswith("http") or target in WRITTEN:
            continue
        if Path(target).parent.name == "reference":
            assert Path(target).name in reference_pages(), f"{target} in {page.name}"
            continue
        found = (page.parent / target) if target else page
        assert found.exists(), f"{target} in {page.name}"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in {
                re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads
            }


TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ENTRY = re.compile(r"^(?:[^:\n]*<)?([\w/.-]+)>?$", re.MULTILINE)


def test_every_page_is_reached_from_the_first() -> None:
    found, ahead = set(), [ROOT / "docs" / "index.md"]
    while ahead:
        page = ahead.pop()
        found.add(page)
        if page.parent.name == "reference" or page.name in WRITTEN:
            continue
        for tree in TOCTREE.findall(page.read_text(encoding="utf-8")):
            ahead += [page.parent / f"{entry}.md" for entry in ENTRY.findall(tree)]
    docs = ROOT / "docs"
    assert {page for page in PAGES if docs in page.parents} <= found
    assert {docs / name for name in [*WRITTEN, "reference/index.md"]} <= found


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:docs|tests|benchmarks|src)/[\w/.-]+)`", text):
        assert (ROOT / name).exists(), f"{name} in {page.name}"


def test_what_the_readme_types_into_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    from wengert.cli import main

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^    \$ wengert (.*)\n((?:    .+\n)*)", text, re.MULTILINE)
    assert shown
    for command, output in shown:
        main(shlex.split(command))
        printed = capsys.readouterr().out
        assert printed.splitlines() == [line[4:] for line in output.splitlines()]
