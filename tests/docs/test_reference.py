"""The pages of the reference: every public name has one, and its docstring reads as it should."""

from __future__ import annotations

import importlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest
from docs.tools import literate, reference

MODULES = [name for names in reference.MODULES.values() for name in names]


@pytest.mark.parametrize("module", reference.GROUPS)
def test_groups_hold_every_name_once(module: str) -> None:
    grouped = " ".join(reference.GROUPS[module].values()).split()
    assert sorted(grouped) == sorted(importlib.import_module(module).__all__)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_on_the_page_of_its_module(module: str) -> None:
    page = reference._page(module)
    assert inspect.getdoc(importlib.import_module(module))
    names = reference.own_names(module)
    if module != "wengert.numpy":  # NumPy's own are not listed there
        names += reference.other_names(module)
    for name in names:
        assert re.search(rf"^   {name}$|`{name}`", page, re.MULTILINE), name


def test_names_of_the_package_are_all_ours() -> None:
    assert set(reference.own_names("wengert")) == set(importlib.import_module("wengert").__all__)
    assert "logsumexp" in reference.own_names("wengert.scipy.special")
    assert "gammainc" in reference.other_names("wengert.scipy.special")
    assert "sin" in reference.other_names("wengert.numpy")


def test_pages_are_written_once_and_old_ones_go(tmp_path: Path) -> None:
    reference.write(tmp_path)
    page = tmp_path / "generated" / "wengert.grad.rst"
    old = page.with_name("wengert.no_more.rst")
    assert ".. autofunction:: grad" in page.read_text(encoding="utf-8")
    before = page.stat().st_mtime_ns
    old.write_text("", encoding="utf-8")
    reference.write(tmp_path)
    assert page.stat().st_mtime_ns == before and not old.exists()


def test_docstrings_of_modules() -> None:
    lines = "Names:\n\n    a   one\n    b   two\n\nText.\n\nExamples\n--------\n>>> 1".split("\n")
    reference.module_docstring(None, "module", "m", None, None, lines)
    assert lines[:5] == ["Names:", "", "::", "", "    a   one"]
    assert lines[-3:] == [".. rubric:: Examples", "", ">>> 1"]


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_are_sound_markup(module: str) -> None:
    """docutils reads each without a complaint; what only Sphinx knows is left out."""
    pytest.importorskip("numpydoc")
    from docutils.core import publish_doctree
    from numpydoc.docscrape_sphinx import SphinxDocString

    found = importlib.import_module(module)
    texts = [inspect.getdoc(getattr(found, name)) for name in reference.own_names(module)]
    heard = io.StringIO()
    settings: Any = {"warning_stream": heard, "report_level": 2, "default_role": "code"}
    page = "\n\n".join([str(SphinxDocString(text, config={})) for text in texts])
    publish_doctree(page, settings_overrides=settings)
    complaints = re.findall(r"\((?:WARNING/2|ERROR/3)\) (.*)", heard.getvalue())
    known_to_sphinx = ("Unknown directive", "Unknown interpreted text role", "No role entry")
    assert not [c for c in complaints if not c.startswith(known_to_sphinx)], module


class TestLiterate:
    source = literate.SOURCE.read_text(encoding="utf-8")

    def test_all_code_and_all_comments_are_there_in_order(self) -> None:
        page = literate.page(self.source, "printed\n")
        body = self.source.split('"""', 2)[2]
        rest = page
        for line in body.splitlines():
            if line.startswith("# ---"):
                continue
            plain = re.split(r"\s{2,}\(", line[2:])[0] if line.startswith("#") else line
            if plain.strip():
                _, found, rest = rest.partition(plain.strip())
                assert found == plain.strip()

    def test_headings_and_output(self) -> None:
        page = literate.page(self.source, "printed\n")
        assert "## 1. The list\n\n*In the library: `wengert/ir/program.py`*" in page
        assert page.endswith("It prints:\n\n```text\nprinted\n```\n")
        assert page.count("```") % 2 == 0

    def test_what_it_prints(self) -> None:
        assert literate.printed().startswith("The list of sin(x) * x")
