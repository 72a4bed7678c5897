"""Keys in every form and place are in no report, and the search for them finds what it looks for."""

from __future__ import annotations

import base64
import codecs

import pytest

from hopcheck_server.redaction import REDACTED, SecretRedactor
from tools.canary_forms import FORMS
from tools.report_canaries import PLACES, leaks, shown_part

KEY = "sk-7f3aQ91bZx0LmK22vTnY"


def test_no_report_shows_a_key() -> None:
    assert leaks(2 * len(FORMS)) == []
    assert len(FORMS) >= 50
    assert len(PLACES) >= 60


CODED = [code(KEY.encode()).decode() for code in (base64.b64encode, base64.a85encode, base64.b85encode)]


@pytest.mark.parametrize(
    "text",
    [KEY, KEY.upper(), KEY[3:11], KEY[::-1], codecs.encode(KEY, "rot13"), KEY.encode().hex(), *CODED],
)
def test_the_search_finds_a_key(text: str) -> None:
    assert shown_part(f'{{"exchanges": "{text}", "cases": []}}', KEY)


def test_the_search_finds_no_key_in_other_texts() -> None:
    assert not shown_part('{"exchanges": "sk-7f3a and Q91b", "cases": []}', KEY)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_redacted(form: str) -> None:
    shown = SecretRedactor([KEY]).text(f"before {FORMS[form](KEY)} after")
    assert REDACTED in shown
    assert FORMS[form](KEY) not in shown
