"""Changes to answers in one piece, for counterexamples: each is given what to change, and changes it in place.

What an edit isn't about (streams, errors, lists of models) stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck_server.relay import Response

Edit = Callable[[dict[str, Any]], object]


def edit_body(response: Response, edit: Edit, *, having: str = "choices") -> Response:
    """Change the body of an answer that has a field of that name: a chat answer, unless told otherwise."""
    body = response.json
    if not isinstance(body, dict) or having not in body:
        return response
    edit(body)
    return response.with_json(body)


def edit_choices(response: Response, edit: Edit) -> Response:
    """Change every choice of a chat answer."""
    return edit_body(response, lambda body: [edit(choice) for choice in body["choices"]])


def edit_messages(response: Response, edit: Edit) -> Response:
    """Change every message of a chat answer."""
    return edit_choices(response, lambda choice: edit(choice["message"]))
