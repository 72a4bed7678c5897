"""What can be asked of a response that was stored: it, the items of its input, to end it, to forget it.

Nothing is stored: every id that the upstream has given, or could have, is answered alike.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from hopcheck_server.upstream.dialects.dialect import MODELS, Refusal
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.openai_responses.responses import whole
from hopcheck_server.upstream.dialects.request import DialectRequest, Route
from hopcheck_server.upstream.dialects.template import CREATED, MODEL, TAG
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.reply import USAGE
from hopcheck_server.upstream.script.turns import Choice, Completion

METHODS: Mapping[str, tuple[str, ...]] = {
    "stored": ("GET", "DELETE"),
    "stored/cancel": ("POST",),
    "stored/input_items": ("GET",),
}
"""What each kind of request allows."""

PREFIX = "resp_hop"
"""What the upstream's ids of responses begin with."""

STORED = Completion(choices=(Choice(text=("It was stored.",)),), usage=USAGE)
"""What every stored response says."""

QUESTION: Json = {
    "type": "message",
    "id": "msg_hop_in",
    "status": "completed",
    "role": "user",
    "content": [{"type": "input_text", "text": "Say hello."}],
}
"""The one item that every stored input has."""


def route(rest: str) -> Route | None:
    """What the path below `/responses/` asks for; the id stands in the place of a model."""
    identity, slash, what = rest.partition("/")
    kind = f"stored{slash}{what}"
    return Route(kind, identity, method="GET") if identity and kind in METHODS else None


def refusal(request: DialectRequest) -> Refusal | None:
    """Other methods, and ids that are none of the upstream's."""
    if request.method not in METHODS[request.kind]:
        return 405, ErrorStory(message=f"Not allowed: {request.method} {request.path}", code="method_not_supported")
    if request.route.model.startswith(PREFIX):
        return None
    return 404, ErrorStory(message=f"Response with id '{request.route.model}' not found.", param="response_id")


def answer(request: DialectRequest) -> Json:
    """The body for a request about a stored response."""
    identity = request.route.model
    if request.kind == "stored/input_items":
        ends = {"first_id": QUESTION["id"], "last_id": QUESTION["id"]}
        return {"object": "list", "data": [QUESTION], "has_more": False, **ends}
    if request.method == "DELETE":
        return {"id": identity, "object": "response.deleted", "deleted": True}
    text = whole(STORED).replace(f"{PREFIX}{TAG}", identity).replace(TAG, identity.removeprefix(PREFIX))
    response: Json = json.loads(text.replace(MODEL, MODELS[0]).replace(CREATED, str(int(time.time()))))
    return {**response, "status": "cancelled"} if request.kind == "stored/cancel" else response
