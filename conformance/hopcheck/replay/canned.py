"""What LiteLLM is asked beside the cases: whether it lives, what it serves, and the probes of a gate run.

Nobody knows how often a proxy will ask, so these are answered whether or not they were recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hopcheck.tapes import Tape

PROBES = frozenset({"doctor", "hopcheck"})
"""In the place of a case's id in the markers of probes."""

_CREATED = 1_677_610_602


class Canned(NamedTuple):
    """A whole answer."""

    status: int
    media_type: str
    body: bytes


def models_of(tapes: Mapping[str, Tape]) -> list[str]:
    """Every model that the tapes' requests name and LiteLLM knew, in order."""
    named = {
        str(model)
        for tape in tapes.values()
        for one in tape.interactions
        if one.response is not None and one.response.status == 200 and (model := _model(one.request.body))
    }
    return sorted(named)


def _model(body: bytes) -> str | None:
    found = re.search(rb'"model"\s*:\s*"([^"\\]+)"', body)
    return found[1].decode("utf-8", "replace") if found else None


def canned(method: str, path: str, body: bytes, *, probe: bool, models: Iterable[str]) -> Canned | None:
    """The answer to a question that no case asks, or None."""
    if probe:
        return _chat(body)
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


def miss_answer(why: str) -> Canned:
    """The answer to a request that nobody recorded: a status that no case's provider gives."""
    error = {"message": f"hopcheck replay: {why}", "type": "replay_miss", "param": None, "code": "replay_miss"}
    return _json({"error": error}, 501)


def wrong_key() -> Canned:
    """The answer to another key than LiteLLM's own."""
    error = {"message": "hopcheck replay: the key is wrong", "type": "auth_error", "param": None, "code": "401"}
    return _json({"error": error}, 401)


def _chat(body: bytes) -> Canned:
    """A healthy answer to a probe."""
    try:
        asked = json.loads(body)
        model = asked["model"]
    except (ValueError, KeyError, TypeError):
        return miss_answer("a probe that is no chat request")
    about = {"id": "chatcmpl-replay", "created": _CREATED, "model": model}
    if not asked.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        return _json({**about, "object": "chat.completion", "choices": [choice], "usage": usage})
    deltas = [({"role": "assistant", "content": "Hello."}, None), ({}, "stop")]
    chunks = [{"index": 0, "delta": delta, "finish_reason": finish} for delta, finish in deltas]
    events = [json.dumps({**about, "object": "chat.completion.chunk", "choices": [chunk]}) for chunk in chunks]
    text = "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])
    return Canned(200, "text/event-stream; charset=utf-8", text.encode())


def _json(said: Any, status: int = 200) -> Canned:
    return Canned(status, "application/json", json.dumps(said).encode())
