"""Questions that could not be put, and answers in a few words for saying why."""

from __future__ import annotations

import json

from hopcheck.client.responses import Answer


class Untestable(Exception):
    """The question could not be put to the target; the text says why."""


def describe(answer: Answer) -> str:
    """An answer in a few words, for reasons."""
    if answer.status is None:
        return f"nothing ({answer.detail or answer.ended})"
    said = answer.error
    text = said.get("message") if isinstance(said, dict) else answer.text
    return f"{answer.status} {json.dumps(str(text)[:160], ensure_ascii=False)}"
