"""A request reaches the provider as the client sent it, except what the target declares to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hopcheck.authoring.equivalence import canonical_request, without_detail
from hopcheck.authoring.findings import Level
from hopcheck.client.config import Declares
from hopcheck.client.operations import ANSWERED
from hopcheck.client.providers.translated_attempt import foreign_dialect
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.differences import ValueDifference, differences
from hopcheck.engine.exchanges.exchange import Exchange
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck.engine.exchanges.translated_request import judge_translation
from hopcheck.engine.exchanges.typed_fidelity import may_mark
from hopcheck.engine.exchanges.typed_requests import canonical_message_request, canonical_response_request
from hopcheck_contracts.bounded_json import shared_json
from hopcheck_contracts.documents import Boundary, surface_of
from hopcheck_contracts.schemas import is_valid_request
from hopcheck_server.upstream.journal.attempt import Attempt

REQUEST_FIDELITY = "request-fidelity"

_COMMON_FIELDS = frozenset({"messages", "model", "stream", "temperature", "tool_choice", "tools", "top_p"})

STEERING_FIELDS: Mapping[Boundary, frozenset[str]] = {
    "openai-compatible": _COMMON_FIELDS
    | {"dimensions", "encoding_format", "frequency_penalty", "input", "logit_bias", "logprobs",
       "max_completion_tokens", "max_tokens", "n", "parallel_tool_calls", "presence_penalty", "response_format",
       "seed", "stop", "top_logprobs"},
    "openai-responses": _COMMON_FIELDS
    | {"conversation", "include", "input", "instructions", "max_output_tokens", "parallel_tool_calls",
       "previous_response_id", "prompt", "reasoning", "store", "text", "top_logprobs", "truncation"},
    "anthropic-messages": _COMMON_FIELDS
    | {"max_tokens", "output_config", "stop_sequences", "system", "thinking", "top_k"},
}  # fmt: skip
"""Fields of a request that steer its response, by surface: they must arrive unchanged, and none is added. The others
should, and so should deprecated ones (`functions`) and those of other surfaces."""

MESSAGE_FIELDS = frozenset({"role", "content", "name", "tool_calls", "tool_call_id", "function_call"})
"""The same of a message's members."""

CALL_FIELDS = frozenset({"id", "type", "function", "custom"})
"""And of a call's: others are vendors' own."""

VENDOR_FIELDS = frozenset({"cache_control", "extra_content"})
"""Members of messages that some providers know, and OpenAI doesn't."""

ADDABLE = frozenset({"stream", "stream_options"})
"""What a target may add for itself: it counts tokens, and may put together what it has streamed to it. That the client
gets no stream then is for the contract to say."""

MAX_EXACT = 2**53
MAX_DOUBLE = 10**308

GATEWAY_FIELDS = frozenset(
    {"api_base", "api_key", "api_version", "base_url", "cache", "caching", "custom_llm_provider", "extra_body",
     "extra_headers", "extra_query", "fallbacks", "headers", "max_retries", "mock_response", "mock_timeout",
     "model_list", "num_retries", "organization", "request_timeout", "stream_timeout", "tags", "timeout"}
)  # fmt: skip
"""Fields of no provider's API, by which clients steer some gateways: they end there."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield what of a valid request is lost, changed or added on its way to the provider."""
    exchange = judged.exchange
    if exchange.asked is None or not _is_valid(exchange):
        return
    if any(foreign_dialect(one, exchange.path) for one in exchange.attempts):
        yield from judge_translation(judged)
        return
    changed = [attempt for attempt in exchange.attempts if not _arrived_as_sent(judged, attempt)]
    wanted = _expected(judged, exchange.asked) if changed else {}
    seen = set()
    for attempt in changed:
        for difference in _differences(wanted, attempt, judged):
            if difference.cause not in seen:
                seen.add(difference.cause)
                level = level_of(difference, surface_of(exchange.path))
                yield Complaint(difference.cause, f"{exchange.about}: {difference.detail}", level)


def _arrived_as_sent(judged: Judged, attempt: Attempt) -> bool:
    """Whether an attempt has the request's own bytes, and nothing of them had to be changed."""
    asked, declares = judged.exchange.asked or {}, judged.config.declares
    is_renamed = not asked.get("model") or str(asked["model"]) in declares.model_map
    knows_other_id = str(asked.get("previous_response_id")) in judged.known.provider_id_by_own
    return attempt.body == judged.exchange.response.sent.body and not is_renamed and not knows_other_id


def _expected(judged: Judged, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The request as it has to arrive; its provider may know a response by another id than the target gave."""
    wanted = expected_request(asked, judged.config.declares, surface_of(judged.exchange.path))
    previous = str(wanted.get("previous_response_id"))
    known = judged.known.provider_id_by_own
    return {**wanted, "previous_response_id": known[previous]} if previous in known else wanted


def _is_valid(exchange: Exchange) -> bool:
    sent = exchange.response.sent
    return is_valid_request(surface_of(exchange.path), sent.method, exchange.path, sent.body)


def _differences(wanted: Mapping[str, Any], attempt: Attempt, judged: Judged) -> Iterator[ValueDifference]:
    body = shared_json(attempt.body)
    declares = judged.config.declares
    if not isinstance(body, dict) or (declares.continues and attempt.number > 1):
        return  # the contract says so; and a stream is continued with a request of its own
    got = canonical(body, surface_of(judged.exchange.path))
    wanted = {**wanted, "model": _expected_model(judged, attempt, got.get("model"))}
    wanted = with_functions_as(got, wanted)
    for difference in differences(interoperable(wanted), interoperable(got)):
        name, is_missing = difference.names[0], difference.kind == "is missing"
        may_drop = is_missing and name in {*declares.drops, *GATEWAY_FIELDS}
        may_add = difference.kind == "is added" and name in {*declares.adds, *ADDABLE}
        if not (may_drop or may_add or may_mark(difference, declares, (judged.exchange.asked or {}).get("model"))):
            yield difference


def _expected_model(judged: Judged, attempt: Attempt, got: Any) -> Any:
    """The name under which an attempt has to ask for its model; the one that it has, where nothing says which."""
    declares, asked = judged.config.declares, str((judged.exchange.asked or {}).get("model"))
    falls_back = attempt.number > 1 and declares.fallback is not None and declares.fallback.primary == asked
    models = declares.fallback.chain if falls_back and declares.fallback else (asked,)
    names = {model: declares.model_map[model] for model in models if model in declares.model_map}
    is_another = got not in names.values() and (len(names) == len(models) or got in [*names])  # it may be no text
    return next(iter(names.values())) if is_another else got


def expected_request(
    asked: Mapping[str, Any], declares: Declares, surface: Boundary = "openai-compatible"
) -> dict[str, Any]:
    """The request as it has to arrive: with the provider's name of the model, where that is declared."""
    model = asked.get("model") or declares.default_model
    return {**canonical(asked, surface), "model": declares.model_map.get(str(model), model)}


def with_functions_as(got: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """The wanted request with its deprecated `functions` as `tools`, where they arrived so."""
    if not isinstance(wanted.get("functions"), list) or "functions" in got or "tools" not in got:
        return wanted
    rest = {name: value for name, value in wanted.items() if name not in ("functions", "function_call")}
    tools = [{"type": "function", "function": function} for function in wanted["functions"]]
    choice = wanted.get("function_call")
    named = {"type": "function", "function": choice} if isinstance(choice, dict) else choice
    return {**rest, "tools": tools, **({"tool_choice": named} if named else {})}


def interoperable(value: Any) -> Any:
    """A JSON value with its integers as a double has them: RFC 8259 warns of others, and a case asks about them."""
    if isinstance(value, dict):
        return {name: interoperable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [interoperable(one) for one in value]
    return float(value) if isinstance(value, int) and MAX_EXACT < abs(value) < MAX_DOUBLE else value


def canonical(body: Mapping[str, Any], surface: Boundary = "openai-compatible") -> dict[str, Any]:
    """The canonical form of a request, in which the role `developer` is `system`, and one input is a list of one."""
    if surface == "openai-responses":
        return canonical_response_request(body)
    if surface == "anthropic-messages":
        return canonical_message_request(body)
    plain, messages = canonical_request(body), body.get("messages")
    if isinstance(plain.get("input"), str):
        plain = {**plain, "input": [plain["input"]]}
    return {**plain, "messages": [_plain_message(one) for one in messages]} if isinstance(messages, list) else plain


def _plain_message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    plain = dict(message)
    if plain.get("role") == "developer":
        plain["role"] = "system"
    if isinstance(plain.get("content"), list):
        plain["content"] = [_plain_part(part) for part in plain["content"]]
    return plain


def _plain_part(part: Any) -> Any:
    """A part, of an image without the detail that it has by default."""
    image = part.get("image_url") if isinstance(part, dict) else None
    return {**part, "image_url": without_detail(image)} if isinstance(image, dict) else part


def level_of(difference: ValueDifference, surface: Boundary = "openai-compatible") -> Level:
    """How binding it is that there is no such difference."""
    name, *rest = difference.names
    if surface == "openai-compatible" and not VENDOR_FIELDS.isdisjoint(rest):
        return Level.SHOULD
    if rest[1:] and rest[0] == "tool_calls" and rest[1] not in CALL_FIELDS:
        return Level.SHOULD
    if name == "messages" and rest:
        return Level.MUST if rest[0] in MESSAGE_FIELDS else Level.SHOULD
    return Level.MUST if name in STEERING_FIELDS[surface] else Level.SHOULD


INVARIANT = JudgedInvariant(REQUEST_FIDELITY, frozenset({Forecast.CLEAN, Forecast.FAULTED}), judge, frozenset(ANSWERED))
