"""A well-formed success of the provider's reaches the client as it was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hopcheck.authoring.findings import Level
from hopcheck.client.operations import FORWARDED
from hopcheck.client.providers.translated_attempt import foreign_dialect
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.content import chat_content, embeddings_content, with_parsed_arguments
from hopcheck.engine.exchanges.differences import ValueDifference, differences
from hopcheck.engine.exchanges.exchange import Exchange
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck.engine.exchanges.message import Message
from hopcheck.engine.exchanges.typed_fidelity import may_mark, typed_differences, typed_level
from hopcheck_contracts.documents import surface_of
from hopcheck_server.upstream.dialects.dialect import Dialect

RESPONSE_FIDELITY = "response-fidelity"

OPERATIONS = frozenset(FORWARDED)

TYPED = ("anthropic-messages", "openai-responses")
"""The surfaces whose streams have typed events."""

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")

MUST_FIELDS = ("content", "tool_calls", "finish_reason")
SHOULD_FIELDS = ("function_call", "refusal", "annotations", "audio", "logprobs")
REASONING_FIELDS = ("reasoning_content",)
"""Fields of a message that OpenAI doesn't have: they are owed by those who declare so."""

FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
"""Those of OpenAI; what stands for another one is the target's own to decide."""

Json = Mapping[str, Any]


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield what of a success is lost, changed or added on its way to the client."""
    exchange, answer = judged.exchange, judged.exchange.answer
    given = exchange.given[-1]
    assert given is not None
    if failed := _failure(exchange):
        # What a provider may rarely send binds no more than the case that is about it.
        yield Complaint(failed, f"{exchange.about}: {answer.error or ''}", judged.case.level)
        return
    if judged.is_verbatim or answer.body is None or answer.streams is not given.streams:
        return  # that is a matter of HTTP
    if answer.streams and answer.error is not None:
        # What is missing after the error is no loss of its own.
        yield Complaint("a success ends in an error", f"{exchange.about}: {answer.error}", judged.case.level)
        return
    found = dict.fromkeys(_lost(judged, given, answer))
    seen = set()
    for difference in found:
        if difference.cause not in seen:
            seen.add(difference.cause)
            level = typed_level if surface_of(exchange.path) in TYPED else _level
            yield Complaint(difference.cause, f"{exchange.about}: {difference.detail}", level(difference))


def _failure(exchange: Exchange) -> str:
    """What a success becomes that doesn't reach the client whole, or ""."""
    status, ended = exchange.answer.status, exchange.response.ended
    if status != 200:
        return f"a success becomes {f'status {status}' if status else f'no response ({ended})'}"
    return "" if ended == "complete" else f"a success doesn't reach its end ({ended})"


def _lost(judged: Judged, given: Message, answer: Message) -> Iterator[ValueDifference]:
    found = (foreign_dialect(one, judged.exchange.path) for one in judged.exchange.attempts)
    dialect = next(filter(None, found), None)
    omits = dialect.omits if dialect else frozenset()
    if (surface := surface_of(judged.exchange.path)) in TYPED:
        reasons = judged.config.declares.reasoning
        return _unmarked(judged, typed_differences(surface, given, answer, dialect, reasons=reasons))
    if judged.exchange.operation == "embeddings":
        counts = "embedding usage" not in omits
        return _embeddings(embeddings_content(given), embeddings_content(answer), counts=counts)
    contents = chat_content(given), chat_content(answer)
    if dialect is None:
        return _chat(judged, *contents)
    has_ids = "call ids" not in omits
    wanted, got = (with_parsed_arguments(one, with_ids=has_ids) for one in contents)
    return _chat(judged, {**wanted, "usage": _expressible_usage(wanted.get("usage"), dialect)}, got)


def _unmarked(judged: Judged, found: Iterator[ValueDifference]) -> Iterator[ValueDifference]:
    model = (judged.exchange.asked or {}).get("model")
    return (one for one in found if not may_mark(one, judged.config.declares, model))


def _expressible_usage(usage: Any, dialect: Dialect) -> Any:
    """A usage as far as a dialect can report it: none says which tokens there were none of."""
    if not isinstance(usage, dict):
        return usage
    if "usage details" in dialect.omits:
        return {name: usage.get(name) for name in COUNTS}
    return {name: _without_zeros(value) for name, value in usage.items()}


def _without_zeros(value: Any) -> Any:
    return {name: count for name, count in value.items() if count} or None if isinstance(value, dict) else value


def _embeddings(given: Json, answer: Json, *, counts: bool) -> Iterator[ValueDifference]:
    wanted, got = given["vectors"], answer["vectors"]
    yield from differences([wanted[place] for place in sorted(wanted, key=repr)],
                           [got[place] for place in sorted(got, key=repr)], "embeddings")  # fmt: skip
    if counts:
        yield from _usage(given, answer)


def _chat(judged: Judged, given: Json, answer: Json) -> Iterator[ValueDifference]:
    wanted, got = given["choices"], answer["choices"]
    if wanted.keys() != got.keys():
        yield ValueDifference(
            "choices", "is changed", f"choices {sorted(wanted, key=repr)} became {sorted(got, key=repr)}"
        )
    names = [*MUST_FIELDS, *SHOULD_FIELDS, *(REASONING_FIELDS if judged.config.declares.reasoning else ())]
    for index in wanted.keys() & got.keys():
        for name in names:
            yield from _field(name, wanted[index].get(name), got[index].get(name))
    for name in ("system_fingerprint", "service_tier"):
        yield from _kept(differences({name: given.get(name)}, {name: answer.get(name)}))
    if not judged.exchange.answer.streams or _asked_for_usage(judged):
        yield from _usage(given, answer)


def _field(name: str, wanted: Any, got: Any) -> Iterator[ValueDifference]:
    if name == "finish_reason" and wanted not in FINISH_REASONS:
        return
    found = differences({name: wanted}, {name: got}, "choices[]")
    is_known = name in ("content", "tool_calls")
    yield from (one for one in found if one.kind != "is added" or (is_known and one.place.endswith(name)))


def _usage(given: Json, answer: Json) -> Iterator[ValueDifference]:
    yield from _kept(differences({"usage": given.get("usage")}, {"usage": answer.get("usage")}))


def _kept(found: Iterator[ValueDifference]) -> Iterator[ValueDifference]:
    """Those that aren't about something added, which is nothing lost."""
    return (one for one in found if one.kind != "is added")


def _asked_for_usage(judged: Judged) -> bool:
    options = (judged.exchange.asked or {}).get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _level(difference: ValueDifference) -> Level:
    names = difference.names
    if names[0] == "usage":
        return Level.MUST if names[-1] in ("usage", *COUNTS) else Level.SHOULD
    is_binding = names[0] == "embeddings" or names == ["choices"] or (names[1:2] and names[1] in MUST_FIELDS)
    return Level.MUST if is_binding else Level.SHOULD


INVARIANT = JudgedInvariant(RESPONSE_FIDELITY, frozenset({Forecast.CLEAN}), judge, OPERATIONS)
