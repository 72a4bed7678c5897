"""Both sides of a played example: the request as sent and forwarded, the response as given and received. Pure.

Each function returns a pair, expected and actual, without what a target may change: the model's name, fields that it
declares to drop, members that are null.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from hopcheck.authoring.equivalence import canonical_request
from hopcheck.client.config import TargetConfig
from hopcheck.fuzz.comparison import only, without_nothing
from hopcheck.fuzz.generation.chat_responses import join_chunks
from hopcheck.fuzz.player import PlayedExample

Pair = tuple[dict[str, Any], dict[str, Any]]

REQUIRED_REQUEST_FIELDS = frozenset(
    {"frequency_penalty", "function_call", "functions", "input", "logit_bias", "logprobs", "max_completion_tokens",
     "max_tokens", "messages", "model", "n", "parallel_tool_calls", "presence_penalty", "response_format", "seed",
     "stop", "stream", "temperature", "tool_choice", "tools", "top_logprobs", "top_p"}
)  # fmt: skip
"""Fields of a request that steer its response: they must arrive. The others should."""

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
REQUIRED_MESSAGE_FIELDS = ("role", "content")
OPTIONAL_MESSAGE_FIELDS = ("refusal", "annotations", "audio", "function_call")


def request(played: PlayedExample, config: TargetConfig) -> Pair:
    """A request's fields as the client sent them, and as the provider received them."""
    assert played.attempts
    arrived = played.attempts[-1].json
    got = _plain(arrived) if isinstance(arrived, dict) else {}
    wanted = {name: value for name, value in _plain(played.body).items() if value is not None}
    model = wanted.pop("model")
    if model in config.declares.model_map:
        wanted["model"] = config.declares.model_map[model]
    for name in config.declares.drops:
        if name not in got:
            wanted.pop(name, None)
    return wanted, only(got, tuple(wanted))


def part(pair: Pair, *, required: bool) -> Pair:
    """The fields of both that must arrive, or the others."""
    names = [name for name in pair[0] if (name in REQUIRED_REQUEST_FIELDS) is required]
    return only(pair[0], names), only(pair[1], names)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """A canonical body without null members in its messages, and with `system` in place of the role `developer`."""
    messages, plain = body.get("messages"), canonical_request(body)
    return {**plain, "messages": [_plain_message(one) for one in messages]} if isinstance(messages, list) else plain


def _plain_message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    plain = {key: value for key, value in message.items() if value is not None}
    return {**plain, "role": "system"} if plain.get("role") == "developer" else plain


def chat(played: PlayedExample) -> tuple[Any, Any]:
    """The completion that the upstream gave, and that the client received; a stream's chunks are joined."""
    turn, answer = played.example.turn, played.answer
    if turn.events is not None:
        return join_chunks(turn.events), join_chunks(answer.objects)
    return json.loads(turn.body or b"{}"), answer.json


def required_fields(body: Any) -> dict[str, Any]:
    """The part of a completion that must come back: texts, calls, finish reasons and token counts."""
    whole = body if isinstance(body, dict) else {}
    choices = [_choice(choice) for choice in whole.get("choices") or [] if isinstance(choice, dict)]
    return {"choices": choices, "usage": only(whole.get("usage"), COUNTS)}


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message") or {}
    fields = {**only(message, REQUIRED_MESSAGE_FIELDS), "tool_calls": without_nothing(message.get("tool_calls") or [])}
    return {**only(choice, ("index", "finish_reason")), "message": fields}


def optional_fields(body: Any) -> dict[str, Any]:
    """The part of a completion that should come back, without empty members."""
    whole = body if isinstance(body, dict) else {}
    usage = {key: value for key, value in (whole.get("usage") or {}).items() if key not in COUNTS}
    choices = [
        {"logprobs": choice.get("logprobs"), "message": only(choice.get("message"), OPTIONAL_MESSAGE_FIELDS)}
        for choice in whole.get("choices") or []
        if isinstance(choice, dict)
    ]
    return dict(
        without_nothing({**only(whole, ("system_fingerprint", "service_tier")), "usage": usage, "choices": choices})
    )


def vectors(played: PlayedExample) -> tuple[Any, Any]:
    """The vectors that the upstream gave, by input, and those that came back; only their number for generated ones."""
    given = played.example.turn.embedding
    count = _inputs(played.body["input"])
    data = played.answer.at("data")
    received = [_vector(one.get("embedding")) for one in data or [] if isinstance(one, dict)]
    if given is None or not given.vectors:
        return count, len(received)
    return [list(given.vectors[place % len(given.vectors)]) for place in range(count)], received


def _vector(vector: Any) -> Any:
    """A vector as numbers; base64 is decoded."""
    if not isinstance(vector, str):
        return vector
    raw = base64.b64decode(vector)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


def _inputs(given: Any) -> int:
    return 1 if isinstance(given, str) or isinstance(given[0], int) else len(given)
