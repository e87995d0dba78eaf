"""No message goes untested: each one in the source is quoted by some test or example."""

from __future__ import annotations

import pytest

from errors.messages import Message, error_names, is_quoted, messages, quotes


def test_every_message_is_quoted_by_a_test() -> None:
    texts = quotes()
    missing = [str(m) for m in messages() if not is_quoted(m, texts)]
    assert not missing, "messages that no test quotes:\n" + "\n".join(missing)


def test_the_messages_were_found() -> None:
    found = list(messages())
    assert len(found) > 300
    assert {"ShapeError", "MutationError", "ExpressionError", "LinAlgError"} <= {
        m.error for m in found
    }
    assert {"WengertError", "DecisionError", "ExpressionError"} <= error_names()


@pytest.mark.parametrize(
    "parts, texts, expected",
    [
        (("dot", "the inner sizes differ"), ["x: the inner sizes differ. got"], True),
        (("the inner sizes differ",), ["inner sizes differ"], True),
        (("the inner sizes differ",), ["the outer sizes differ"], False),
        (("the inner sizes differ",), ["sizes"], False),
    ],
)
def test_what_counts_as_quoted(parts: tuple[str, ...], texts: list[str], expected: bool) -> None:
    assert is_quoted(Message("a.py", 1, "ShapeError", parts), texts) is expected


def test_messages_are_sentences() -> None:
    """The first line ends with a full stop or a colon, and has no placeholder left in it."""
    for message in messages():
        text = " ".join(message.parts)
        assert "TODO" not in text
        assert "\n" not in text, str(message)
