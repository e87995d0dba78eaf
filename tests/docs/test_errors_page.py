"""The page of errors knows every class, and each of its programs raises what it is about."""

import pytest
from docs.tools.errors import EXAMPLES, classes, page, raised


def test_every_class_has_a_section():
    assert {c.__name__ for c in classes()} == set(EXAMPLES)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_page_shows_messages():
    text = page()
    assert "where     model.py:2 in f" in text
    assert text.count("```text") == len(EXAMPLES) - 1  # all but internal faults


def test_a_program_that_raises_nothing_is_found():
    (some, *_) = classes()
    with pytest.raises(AssertionError, match="does not raise it"):
        raised(some, "1 + 1")
