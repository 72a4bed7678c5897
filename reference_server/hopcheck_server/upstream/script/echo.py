"""A provider that tells the key which it was asked with: in error texts, in headers, inside a stream.

Providers do so when they refuse a key; what a proxy passes on of it is for cases to judge.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Turn

KEY = "$KEY"
"""Stands for the key in what a turn with `echo` says."""


def echoed(turn: Turn, key: str) -> Turn:
    """The turn with the key in all places of `$KEY`: literal body, literal events, error, headers."""
    quoted = json.dumps(key)[1:-1]
    body = turn.body.replace(KEY.encode(), quoted.encode()) if turn.body is not None else None
    events = None if turn.events is None else tuple(_replaced(turn.events, quoted))
    error = None if turn.error is None else _echoed_error(turn.error, quoted)
    completion = turn.completion
    if completion is not None and completion.failure is not None:
        completion = replace(completion, failure=_echoed_error(completion.failure, quoted))
    headers = tuple((name, value.replace(KEY, key)) for name, value in turn.headers)
    return replace(turn, body=body, events=events, error=error, completion=completion, headers=headers)


def _echoed_error(error: ErrorStory, quoted: str) -> ErrorStory:
    return ErrorStory(**_replaced(asdict(error), quoted))


def _replaced(value: Any, quoted: str) -> Any:
    """The same JSON with the quoted key in all places of `$KEY`."""
    return json.loads(json.dumps(value).replace(KEY, quoted))
