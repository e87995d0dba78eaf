"""A library that is not installed is named when it is needed."""

import sys

import pytest

import wengert.interop


@pytest.mark.parametrize("name, library", [("to_torch", "torch"), ("from_jax", "jax")])
def test_a_missing_library_is_named(monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"wengert.interop.{library}_functions", raising=False)
    message = rf"wengert\.interop\.{name} needs {library}, which is not installed here"
    with pytest.raises(ModuleNotFoundError, match=message):
        getattr(wengert.interop, name)
