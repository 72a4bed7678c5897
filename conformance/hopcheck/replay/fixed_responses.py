"""Responses that need no recording: health checks, model lists, and errors of the replay itself.

A proxy sends health checks and asks for models by its own clock, so the replay answers them in any case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hopcheck.cassettes import Cassette

_CREATED = 1_677_610_602


class FixedResponse(NamedTuple):
    """A response with a body of known length."""

    status: int
    media_type: str
    body: bytes


def models_of(cassettes: Mapping[str, Cassette]) -> list[str]:
    """Every model that a recorded request names and LiteLLM accepted, in order."""
    named = {
        str(model)
        for cassette in cassettes.values()
        for one in cassette.interactions
        if one.response is not None and one.response.status == 200 and (model := model_in(one.request.body))
    }
    return sorted(named)


def model_in(body: bytes) -> str | None:
    """The model that a body names, whether or not the body is JSON; None without one."""
    found = re.search(rb'"model"\s*:\s*"([^"\\]+)"', body)
    return found[1].decode("utf-8", "replace") if found else None


def fixed_response(method: str, path: str, models: Iterable[str]) -> FixedResponse | None:
    """The response to a request that needs no recording, or None."""
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


def missing_recording(why: str) -> FixedResponse:
    """The response to a request that was not recorded, with a status that no case's provider sends."""
    kind = "missing_recording"
    error = {"message": f"hopcheck replay: {why}", "type": kind, "param": None, "code": kind}
    return _json({"error": error}, 501)


def wrong_key() -> FixedResponse:
    """The response to a request with another key than LiteLLM's."""
    error = {"message": "hopcheck replay: the key is wrong", "type": "auth_error", "param": None, "code": "401"}
    return _json({"error": error}, 401)


def _json(value: Any, status: int = 200) -> FixedResponse:
    return FixedResponse(status, "application/json", json.dumps(value).encode())
