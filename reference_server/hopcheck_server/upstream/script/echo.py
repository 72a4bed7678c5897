"""A provider that tells the key which it was asked with: in error texts, in headers, inside a stream.

Providers do so when they refuse a key; what a proxy passes on of it is for cases to judge.
"""

from __future__ import annotations

import json
from dataclasses import replace

from hopcheck_server.upstream.script.turns import Turn

KEY = "$KEY"
"""Stands for the key in what a turn with `echo` says."""


def echoed(turn: Turn, key: str) -> Turn:
    """The turn with the key in all places of `$KEY`: literal body, literal events, headers."""
    quoted = json.dumps(key)[1:-1]
    body = turn.body.replace(KEY.encode(), quoted.encode()) if turn.body is not None else None
    events = None
    if turn.events is not None:
        events = tuple(json.loads(json.dumps(turn.events).replace(KEY, quoted)))
    headers = tuple((name, value.replace(KEY, key)) for name, value in turn.headers)
    return replace(turn, body=body, events=events, headers=headers)
