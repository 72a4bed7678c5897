"""Questions that could not be put, and answers in a few words for saying why."""

from __future__ import annotations

import json

from hopcheck.client.responses import Response


class Untestable(Exception):
    """The question could not be put to the target; the text says why."""


def describe(response: Response) -> str:
    """A response in a few words, for reasons."""
    if response.status is None:
        return f"nothing ({response.detail or response.ended})"
    error = response.error
    text = error.get("message") if isinstance(error, dict) else response.text
    return f"{response.status} {json.dumps(str(text)[:160], ensure_ascii=False)}"
