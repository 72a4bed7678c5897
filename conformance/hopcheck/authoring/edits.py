"""Changes to answers and events, for mutants: an edit is given a JSON object and changes it in place.

What an edit isn't about (errors, lists of models, the end of a stream) stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay import RelayedResponse

Edit = Callable[[dict[str, Any]], object]


def edit_body(response: RelayedResponse, edit: Edit, *, having: str = "choices") -> RelayedResponse:
    """Change the body of an answer that has a field of that name: a chat answer, unless told otherwise."""
    body = response.json
    if not isinstance(body, dict) or having not in body:
        return response
    edit(body)
    return response.with_json(body)


def edit_choices(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every choice of a chat answer."""
    return edit_body(response, lambda body: [edit(choice) for choice in body["choices"]])


def edit_messages(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every message of a chat answer."""
    return edit_choices(response, lambda choice: edit(choice["message"]))


def edit_piece(event: Event, edit: Edit) -> Event:
    """Change a stream's piece; what isn't a piece (an error, the end) stays as it was, to the byte."""
    piece = event.json
    if not isinstance(piece, dict) or "choices" not in piece:
        return event
    edit(piece)
    return event_of(piece)


def edit_deltas(event: Event, edit: Edit) -> Event:
    """Change the delta of every choice of a stream's piece."""
    return edit_piece(event, lambda piece: [edit(choice["delta"]) for choice in piece["choices"]])
