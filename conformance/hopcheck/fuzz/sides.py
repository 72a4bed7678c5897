"""Both directions of a played example: what was sent and arrived, what was said and came back. Pure.

Each function gives a pair, what should be and what is, without what a target may change: the model's name, fields that
it declares to drop, nulls that say nothing.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from hopcheck.client.config import TargetConfig
from hopcheck.fuzz.chat_answers import together
from hopcheck.fuzz.comparison import only, without_nothing
from hopcheck.fuzz.player import Played

Pair = tuple[dict[str, Any], dict[str, Any]]

OWED = frozenset(
    {"frequency_penalty", "function_call", "functions", "input", "logit_bias", "logprobs", "max_completion_tokens",
     "max_tokens", "messages", "model", "n", "parallel_tool_calls", "presence_penalty", "response_format", "seed",
     "stop", "stream", "temperature", "tool_choice", "tools", "top_logprobs", "top_p"}
)  # fmt: skip
"""Fields of a request that steer its answer: they must arrive. The others should."""

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
SPOKEN = ("role", "content")
BESIDE = ("refusal", "annotations", "audio", "function_call")


def request(played: Played, config: TargetConfig) -> Pair:
    """A request's fields as they were sent, and those of them that arrived."""
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


def part(pair: Pair, *, owed: bool) -> Pair:
    """Those fields of both that must arrive, or the others."""
    names = [name for name in pair[0] if (name in OWED) is owed]
    return only(pair[0], names), only(pair[1], names)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what its messages say by null, and with one word for those who instruct the model."""
    messages = body.get("messages")
    return {**body, "messages": [_told(one) for one in messages]} if isinstance(messages, list) else dict(body)


def _told(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    plain = {key: value for key, value in message.items() if value is not None}
    return {**plain, "role": "system"} if plain.get("role") == "developer" else plain


def chat(played: Played) -> tuple[Any, Any]:
    """What the upstream said, and what the client got; of a stream, what it says in all."""
    turn, answer = played.example.turn, played.answer
    if turn.events is not None:
        return together(turn.events), together(answer.objects)
    return json.loads(turn.body or b"{}"), answer.json


def spoken(body: Any) -> dict[str, Any]:
    """What of an answer must come back: each choice's words, calls and finish reason, and the counts of tokens."""
    told = body if isinstance(body, dict) else {}
    choices = [_choice(choice) for choice in told.get("choices") or [] if isinstance(choice, dict)]
    return {"choices": choices, "usage": only(told.get("usage"), COUNTS)}


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message") or {}
    said = {**only(message, SPOKEN), "tool_calls": without_nothing(message.get("tool_calls") or [])}
    return {**only(choice, ("index", "finish_reason")), "message": said}


def beside(body: Any) -> dict[str, Any]:
    """What else of an answer should come back, without what says nothing."""
    told = body if isinstance(body, dict) else {}
    usage = {key: value for key, value in (told.get("usage") or {}).items() if key not in COUNTS}
    choices = [
        {"logprobs": choice.get("logprobs"), "message": only(choice.get("message"), BESIDE)}
        for choice in told.get("choices") or []
        if isinstance(choice, dict)
    ]
    return dict(
        without_nothing({**only(told, ("system_fingerprint", "service_tier")), "usage": usage, "choices": choices})
    )


def vectors(played: Played) -> tuple[Any, Any]:
    """The vectors that the upstream gave, by input, and those that came back; of made-up ones, how many."""
    given = played.example.turn.embedding
    count = _inputs(played.body["input"])
    data = played.answer.at("data")
    told = [_vector(one.get("embedding")) for one in data or [] if isinstance(one, dict)]
    if given is None or not given.vectors:
        return count, len(told)
    return [list(given.vectors[place % len(given.vectors)]) for place in range(count)], told


def _vector(vector: Any) -> Any:
    """A vector as numbers; base64 is read."""
    if not isinstance(vector, str):
        return vector
    raw = base64.b64decode(vector)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


def _inputs(given: Any) -> int:
    return 1 if isinstance(given, str) or isinstance(given[0], int) else len(given)
