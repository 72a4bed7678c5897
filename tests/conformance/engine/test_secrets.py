"""What of a key a response may not show, and what only looks like a part of it."""

from __future__ import annotations

import pytest

from hopcheck.engine.invariants.secrets import shows
from hopcheck_server.redaction import SecretRedactor

KEY = "sk-hopcheck-L3fYq9aBc_dEfGhIjKlMn"


@pytest.mark.parametrize("text", ["/.cache/hopcheck/litellm/main.py", "the hopcheck-L part", "sk-hopcheck"])
def test_words_of_a_key_with_a_letter_next_to_them_are_no_part(text: str) -> None:
    assert not shows(text, KEY)


@pytest.mark.parametrize("part", ["hopcheck-L3fY", "L3fYq9aB", "fGhIjKlM", KEY[::-1]])
def test_a_part_with_characters_of_its_own_shows_the_key(part: str) -> None:
    assert shows(f"at {part} x", KEY)
    assert SecretRedactor([KEY]).text(f"at {part} x") == "at [redacted] x"


def test_what_is_written_hides_more_than_what_blames() -> None:
    assert SecretRedactor([KEY]).text("the hopcheck-L part") == "the [redacted] part"
