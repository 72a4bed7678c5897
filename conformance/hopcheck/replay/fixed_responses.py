"""What LiteLLM is asked beside the cases: whether it lives, and what it serves.

Nobody knows when a proxy will ask that, so it is answered whether or not it was recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hopcheck.cassettes import Cassette

_CREATED = 1_677_610_602


class FixedResponse(NamedTuple):
    """A whole answer."""

    status: int
    media_type: str
    body: bytes


def models_of(cassettes: Mapping[str, Cassette]) -> list[str]:
    """Every model that the cassettes' requests name and LiteLLM knew, in order."""
    named = {
        str(model)
        for cassette in cassettes.values()
        for one in cassette.interactions
        if one.response is not None and one.response.status == 200 and (model := model_in(one.request.body))
    }
    return sorted(named)


def model_in(body: bytes) -> str | None:
    """The model that a body names, whether or not it is JSON; None if none is found."""
    found = re.search(rb'"model"\s*:\s*"([^"\\]+)"', body)
    return found[1].decode("utf-8", "replace") if found else None


def canned(method: str, path: str, models: Iterable[str]) -> FixedResponse | None:
    """The answer to a question that needs no recording, or None."""
    match method, path.partition("?")[0].removeprefix("/v1"):
        case "GET", "/health/liveliness" | "/health/liveness":
            return _json("I'm alive!")
        case "GET", "/health/readiness":
            return _json({"status": "healthy"})
        case "GET", "/models":
            data = [{"id": model, "object": "model", "created": _CREATED, "owned_by": "openai"} for model in models]
            return _json({"data": data, "object": "list"})
        case "GET", "/model/info":
            return _json({"data": [{"model_name": model, "model_info": {}} for model in models]})
    return None


def miss_answer(why: str) -> FixedResponse:
    """The answer to a request that nobody recorded: a status that no case's provider gives."""
    error = {"message": f"hopcheck replay: {why}", "type": "replay_miss", "param": None, "code": "replay_miss"}
    return _json({"error": error}, 501)


def wrong_key() -> FixedResponse:
    """The answer to another key than LiteLLM's own."""
    error = {"message": "hopcheck replay: the key is wrong", "type": "auth_error", "param": None, "code": "401"}
    return _json({"error": error}, 401)


def _json(said: Any, status: int = 200) -> FixedResponse:
    return FixedResponse(status, "application/json", json.dumps(said).encode())
