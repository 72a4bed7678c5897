"""Causes as sentences."""

from __future__ import annotations

import pytest

from hopcheck.report.cause_sentences import sentence_of


@pytest.mark.parametrize(
    ("check", "cause", "sentence"),
    [
        ("contract.event", "error.type: expected a string, not null", "Errors in streams have no `type`"),
        ("contract.response", "the body: error is missing", "Error responses have no `error`"),
        ("contract.response", "choices[].message: role is missing", "Responses have no `role`"),
        ("contract.response", "the body: is not JSON", "Responses are not JSON"),
        ("contract.response", 'content-type: expected application/json, not ""', "Responses have no content type"),
        (
            "contract.response",
            'content-type: expected application/json, not "text/html"',
            "Responses are sent as text/html",
        ),
        ("contract.event", "choices[].index: expected an integer, not a string", "In the words of the contract"),
        ("acceptance", "the body: error is missing", "In the words of the contract"),
    ],
)
def test_a_cause_is_a_sentence_that_ends_with_the_complaint(check: str, cause: str, sentence: str) -> None:
    assert sentence_of(check, "In the words of the contract", cause) == f"{sentence}: {cause}."
