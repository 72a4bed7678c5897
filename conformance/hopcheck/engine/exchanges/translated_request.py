"""What a translated request keeps of the client's: both are read in the form that all dialects share.

Compared is what steers the response: system texts, turns with their order and roles, calls and results by id, images
given as data, tools, the choice among them, and the parameters that the dialect has a place for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from hopcheck.authoring.findings import Level
from hopcheck.client.providers.translated_attempt import dialect_of_path, foreign_dialect, request_of
from hopcheck.engine.exchanges.complaint import Complaint, Judged
from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_server.upstream.dialects.dialect import Dialect
from hopcheck_server.upstream.dialects.provider_request import (
    ConversationTurn,
    MessagePart,
    ProviderRequest,
    merged_turns,
    without,
)

MUST_PARAMETERS = frozenset({"max_tokens", "stop", "temperature", "top_p", "parallel_tool_calls"})

SCHEMA_NOTES = frozenset({"additionalProperties", "strict", "$schema"})
"""Keywords of a tool's schema that not every dialect takes."""


def judge_translation(judged: Judged) -> Iterator[Complaint]:
    """Yield what of a request is lost, changed or added in its translation, each cause once."""
    exchange = judged.exchange
    asked = dialect_of_path(exchange.path).read(exchange.path, dict(exchange.asked or {}))
    seen: set[str] = set()
    for attempt in exchange.attempts:
        dialect, request = foreign_dialect(attempt, exchange.path), request_of(attempt)
        got = dialect.read(attempt.path, request.payload or {}) if dialect else None
        if dialect is None or asked is None or got is None:
            continue
        wanted, carried = (without(request, dialect.omits) for request in (asked, got))
        for cause, detail, level in _differences(wanted, carried, dialect):
            if cause not in seen:
                seen.add(cause)
                yield Complaint(cause, f"{exchange.about}: {detail}", level)


def _differences(asked: ProviderRequest, got: ProviderRequest, dialect: Dialect) -> Iterator[Complaint]:
    if asked.tool_choice == "none" and not got.tools:
        asked = replace(asked, tools=(), tool_choice="")  # what isn't offered can't be called
    if "response_format" in asked.parameters:  # a schema may be that of a tool which the model has to call
        names = {tool.name for tool in asked.tools}
        got = replace(got, tools=tuple(tool for tool in got.tools if tool.name in names))
    parameters = dialect.parameters
    yield from _system(asked, got)
    yield from _turns(asked, got)
    yield from _tools(asked, got, Level.SHOULD if "JSON schemas" in dialect.omits else Level.MUST)
    if (asked.tool_choice or "auto") != (got.tool_choice or "auto") and asked.tools:
        yield Complaint("tool_choice is changed", f"{asked.tool_choice!r} became {got.tool_choice!r}")
    offers_calls = asked.tools and asked.tool_choice != "none"
    for name in sorted(parameters.intersection(asked.parameters)):
        wanted, value = asked.parameters[name], got.parameters.get(name)
        is_void = name == "parallel_tool_calls" and (wanted is True or not offers_calls)
        if wanted != value and not is_void:
            level = Level.MUST if name in MUST_PARAMETERS else Level.SHOULD
            change = "is lost" if value is None else "is changed"
            yield Complaint(f"{name} {change}", f"{wanted!r} became {value!r}", level)


def _system(asked: ProviderRequest, got: ProviderRequest) -> Iterator[Complaint]:
    """A system text may stand elsewhere, as not every dialect has a place for later ones; it must be there."""
    texts = [*got.system, *(part.text for turn in got.turns for part in turn.parts)]
    for text in asked.system:
        if text.strip() and not any(text in one for one in texts):
            yield Complaint("a system text is lost", repr(text))


def _turns(asked: ProviderRequest, got: ProviderRequest) -> Iterator[Complaint]:
    wanted, have = (merged_turns(_with_content(request.turns)) for request in (asked, got))
    if [turn.role for turn in wanted] != [turn.role for turn in have]:
        roles = [[turn.role for turn in turns] for turns in (wanted, have)]
        yield Complaint("the turns are changed", f"{roles[0]} became {roles[1]}")
        return
    for before, after in zip(wanted, have, strict=True):
        yield from _parts(before, after)


def _with_content(turns: Iterable[ConversationTurn]) -> list[ConversationTurn]:
    return [turn for turn in turns if any(part.kind != "text" or part.text.strip() for part in turn.parts)]


def _parts(before: ConversationTurn, after: ConversationTurn) -> Iterator[Complaint]:
    place, text = 0, "\n".join(part.text for part in after.parts if part.kind == "text")
    for part in _of(before, "text"):
        found = text.find(part.text.strip(), place)
        if found < 0:
            yield Complaint(f"a text of the {before.role} is lost or changed", repr(part.text))
            return
        place = found + len(part.text.strip())
    yield from _calls(_of(before, "call"), _of(after, "call"))
    yield from _results(_of(before, "result"), _of(after, "result"))
    data = [part.text for part in _of(before, "image") if part.text.startswith("data:")]
    if data != [part.text for part in _of(after, "image") if part.text in data]:
        yield Complaint("an image is lost or changed", f"{len(data)} given as data")


def _of(turn: ConversationTurn, kind: str) -> list[MessagePart]:
    return [part for part in turn.parts if part.kind == kind]


def _calls(before: list[MessagePart], after: list[MessagePart]) -> Iterator[Complaint]:
    if len(before) != len(after):
        yield Complaint("calls are lost or added", f"{len(before)} became {len(after)}")
        return
    for wanted, got in zip(before, after, strict=True):
        for name in ("id", "name", "arguments"):
            yield from _changed(f"the {name} of a call", getattr(wanted, name), getattr(got, name))


def _results(before: list[MessagePart], after: list[MessagePart]) -> Iterator[Complaint]:
    ids = [[part.id for part in parts] for parts in (before, after)]
    yield from _changed("the ids of tools' results", *ids)
    for wanted, got in zip(before, after, strict=False):
        if wanted.id == got.id:
            yield from _changed("a tool's result", *(_as_json(one.text) for one in (wanted, got)))


def _as_json(text: str) -> Any:
    """A result's value, where its text is one, as some dialects have it; else its words, as parts may be joined."""
    value = loads_or_none(text.encode())
    return "".join(text.split()) if value is None else value


def _tools(asked: ProviderRequest, got: ProviderRequest, schema_level: Level) -> Iterator[Complaint]:
    names = [[tool.name for tool in request.tools] for request in (asked, got)]
    yield from _changed("the tools", *names)
    if names[0] != names[1]:
        return
    for wanted, tool in zip(asked.tools, got.tools, strict=True):
        yield from _changed("a tool's description", wanted.description, tool.description)
        schemas = [{"type": "object", **_plain(one.parameters)} for one in (wanted, tool)]
        yield from (one._replace(level=schema_level) for one in _changed("a tool's schema", *schemas))


def _plain(schema: Any) -> Any:
    """A schema without what not every dialect takes, and without empty parts."""
    if isinstance(schema, dict):
        plain = {name: _plain(one) for name, one in schema.items() if name not in SCHEMA_NOTES}
        return {name: one for name, one in plain.items() if one not in ({}, [], None)}
    return [_plain(one) for one in schema] if isinstance(schema, list) else schema


def _changed(what: str, wanted: Any, got: Any) -> Iterator[Complaint]:
    if wanted != got:
        verb = "are" if what.partition(" of ")[0].endswith("s") else "is"
        yield Complaint(f"{what} {verb} changed", f"{wanted!r} became {got!r}")
