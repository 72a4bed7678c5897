"""What of a success is lost or changed on the surfaces whose streams have typed events, and how binding that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck.authoring.findings import Level
from hopcheck.client.config import Declares
from hopcheck.engine.exchanges.differences import ValueDifference, differences
from hopcheck.engine.exchanges.message import Message
from hopcheck.engine.exchanges.typed_content import Json, message_content, parsed_calls, response_content
from hopcheck_server.upstream.dialects.dialect import Dialect

CONTENTS = frozenset({"content", "output", "items", "pieces"})
"""Members that hold what the model says."""

LESS_BINDING = frozenset({"annotations", "citations", "logprobs", "stop_sequence", "service_tier", "status", "phase"})
"""Members, of items too, of which less depends."""

COUNTS = frozenset(
    {"usage", "input_tokens", "output_tokens", "total_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
     "cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "server_tool_use",
     "web_search_requests"}
)  # fmt: skip
"""Counts that bills are made of; Anthropic's input tokens don't include what a cache was involved in."""

SIGNED = ("signature", "encrypted_content")
"""What only the provider that wrote it can read."""

REASONING = frozenset({"thinking", "redacted_thinking", "reasoning"})
"""Types of blocks and items of reasoning."""


def typed_differences(
    surface: str, given: Message, answer: Message, dialect: Dialect | None, *, reasons: bool
) -> Iterator[ValueDifference]:
    """Where a response differs from the provider's.

    Args:
        surface: The contract of the surface.
        given: The provider's.
        answer: The client's.
        dialect: The provider's dialect, where it is another one than the surface's.
        reasons: Whether the reasoning of such a provider has to reach the client.
    """
    read = message_content if surface == "anthropic-messages" else response_content
    wanted, got = read(given), read(answer)
    if dialect is not None:
        wanted, got = (_comparable(parsed_calls(one), dialect, reasons=reasons) for one in (wanted, got))
    for difference in differences(wanted, got):
        if difference.kind != "is added" or difference.place.endswith("[]"):
            yield difference


def typed_level(difference: ValueDifference) -> Level:
    """How binding it is that there is no such difference."""
    names = difference.names
    if names[0] == "usage":
        return Level.MUST if names[-1] in COUNTS else Level.SHOULD
    if names[0] == "status":
        return Level.MUST
    is_content = names[0] in CONTENTS or names[0] in ("stop_reason", "incomplete_details", "error")
    return Level.MUST if is_content and LESS_BINDING.isdisjoint(names) else Level.SHOULD


def may_mark(difference: ValueDifference, declares: Declares, model: Any) -> bool:
    """Whether a difference is a mark on what a deployment has signed or encrypted, which the gateway takes off again.

    By it a gateway knows which of a model's deployments can read it. That the deployment gets back what it has made is
    for `sessions.same-deployment` to say.
    """
    is_changed = difference.kind == "is changed" and difference.names[-1] in SIGNED
    return is_changed and model in declares.balanced.values()


def _comparable(content: Json, dialect: Dialect, *, reasons: bool) -> Json:
    """The content as far as a provider of another dialect gives it."""
    left_out = {*SIGNED, *(("id", "call_id") if "call ids" in dialect.omits else ())}
    found = {name: value for name, value in content.items() if name != "usage"}
    for name, value in found.items():
        if isinstance(value, list):
            found[name] = [_without(one, left_out) for one in value if reasons or not _is_reasoning(one)]
    return {**found, "usage": _sums(content.get("usage"))}


def _sums(usage: Any) -> Any:
    """What a request used, in sums: not every provider says what of it a cache was involved in."""
    if not isinstance(usage, dict):
        return usage
    parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return {
        "input_tokens": sum(_number(usage.get(name)) for name in parts),
        "output_tokens": usage.get("output_tokens"),
    }


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def _without(item: Any, left_out: set[str]) -> Any:
    return {name: value for name, value in item.items() if name not in left_out} if isinstance(item, dict) else item


def _is_reasoning(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    return str(item.get("type")) in REASONING or any(name.startswith("reasoning") for name in item)
