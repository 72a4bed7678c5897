"""Short words for what an upstream says, to write scripts with: `upstream=reply.stream("Hel", "lo")`.

Each returns a `Turn`; keyword arguments that `Delivery` knows say how its bytes leave. A list of turns is played
attempt by attempt; a dict gives named variants, asked for by `script="name"`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import (
    Choice,
    Completion,
    Delivery,
    Embedding,
    HeaderFields,
    Script,
    ToolCall,
    Turn,
)

USAGE: dict[str, Any] = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
"""What a scripted response says that it used, by default."""

_DELIVERY = {field.name for field in fields(Delivery)}


def _turn(options: dict[str, Any], **scripted: Any) -> Turn:
    delivery = Delivery(**{name: _frozen(value) for name, value in options.items() if name in _DELIVERY})
    rest = {name: value for name, value in options.items() if name not in _DELIVERY}
    return Turn(**scripted, **rest, delivery=delivery)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, range)) else value


def call(name: str, *arguments: str, id: str = "call_hop1") -> ToolCall:  # noqa: A002 - the field's own name
    """A tool call; several argument pieces become several deltas of a stream."""
    return ToolCall(id=id, name=name, arguments=arguments)


def choice(*text: str, **options: Any) -> Choice:
    """One choice of a completion with several; options are those of `Choice`."""
    return Choice(text=text, **options)


def chat(
    *text: str,
    reasoning: Sequence[str] = (),
    signature: str = "",
    tools: Sequence[ToolCall] = (),
    finish: str | None = None,
    choices: Sequence[Choice] = (),
    usage: Mapping[str, Any] | None = USAGE,
    message: Mapping[str, Any] | None = None,
    logprobs: Sequence[dict[str, Any]] = (),
    extra: Mapping[str, Any] | None = None,
    interleave: bool = False,
    usage_on_last_content: bool = False,
    failure: ErrorStory | None = None,
    **options: Any,
) -> Turn:
    """A chat answer, as JSON or as a stream, whichever is asked for.

    Args:
        text: The content; in a stream, one delta each.
        reasoning: What the model thought before; in a stream, one delta each.
        signature: What the provider signs that with.
        tools: Tool calls that follow the text.
        finish: The finish reason; `tool_calls` with tools, else `stop`.
        choices: Instead of text and tools: several choices.
        usage: The usage object; None leaves it out.
        message: Further fields of the message.
        logprobs: One entry for each piece of text.
        extra: Further top-level fields.
        interleave: Choices' or calls' deltas alternate.
        usage_on_last_content: Usage stands on the chunk with the finish reason.
        failure: In a stream, the error that ends it; else the error that is sent.
        options: Of `Turn` (status, headers) and `Delivery`.
    """
    one = Choice(
        reasoning=tuple(reasoning),
        signature=signature,
        text=text,
        tool_calls=tuple(tools),
        finish=finish or ("tool_calls" if tools else "stop"),
        message=dict(message or {}),
        logprobs=tuple(logprobs),
    )
    scripted = Completion(
        choices=tuple(choices) or (one,),
        usage=None if usage is None else dict(usage),
        extra=dict(extra or {}),
        interleave=interleave,
        usage_on_last_content=usage_on_last_content,
        failure=failure,
    )
    return _turn(options, completion=scripted)


stream = chat
"""The same answer under the name that reads well where a case is about streams."""


def delta(index: int = 0, *, finish: str | None = None, **fields_: Any) -> dict[str, Any]:
    """A chunk with one choice, for `events`; its fields are the delta's."""
    return {"choices": [{"index": index, "delta": fields_, "finish_reason": finish}]}


def events(*items: dict[str, Any] | str, **options: Any) -> Turn:
    """A literal stream; see `Turn.events`."""
    return _turn(options, events=items)


def status(
    code: int, error: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None, **options: Any
) -> Turn:
    """An error, in the form of the dialect that is asked; fields given in `error` replace the default ones.

    Args:
        code: The HTTP status.
        error: Fields of OpenAI's error object.
        headers: Further response headers. `Retry-After` is repeated in the body by dialects that have it there.
        options: Of `Turn` and `Delivery`.
    """
    pairs = tuple((headers or {}).items())
    retry_after = next((value for name, value in pairs if name.lower() == "retry-after"), "")
    return _turn(options, status=code, headers=pairs, error=error_story(code, error, retry_after))


def error_story(code: int, error: Mapping[str, Any] | None = None, retry_after: str = "") -> ErrorStory:
    """What an error says; see `status`. Within a stream it is a completion's `failure`."""
    fields_ = {"message": f"scripted error {code}", "type": "scripted_error", **(error or {})}
    return ErrorStory.of(code, fields_, retry_after)


def raw(
    code: int, body: str | bytes, media_type: str, *, headers: Mapping[str, str] | None = None, **options: Any
) -> Turn:
    """Any status with any body."""
    pairs: HeaderFields = (("content-type", media_type), *(headers or {}).items())
    return _turn(options, status=code, body=body if isinstance(body, bytes) else body.encode(), headers=pairs)


def json_body(body: Any, **options: Any) -> Turn:
    """A 200 with this JSON, written as it is."""
    return raw(200, json.dumps(body, ensure_ascii=False), "application/json", **options)


def html(code: int = 502) -> Turn:
    """What a load balancer says in the provider's place."""
    return raw(code, f"<html><head><title>{code}</title></head><body>Bad gateway</body></html>", "text/html")


def embedding(*vectors: Sequence[float], usage: Mapping[str, Any] | None = None, **options: Any) -> Turn:
    """An embeddings answer; without vectors, they are made from the input."""
    used = dict(usage) if usage is not None else {"prompt_tokens": 5, "total_tokens": 5}
    return _turn(options, embedding=Embedding(vectors=tuple(tuple(vector) for vector in vectors), usage=used))


def hang(where: str = "headers", *text: str, after: int = 0, **options: Any) -> Turn:
    """Stop without ending: before the headers, after them (`body`), or after that many `events`."""
    return chat(*(text or ("Hel", "lo")), hang=where, hang_after=after, **options)


def backup(primary: Turn | Sequence[Turn], *second: Turn) -> Script:
    """A script in which the first route plays `primary`, and every other route `second`."""
    return Script(turns=(primary,) if isinstance(primary, Turn) else tuple(primary), backup=second)


Scripted = Script | Turn | Sequence[Turn]
"""What a case may give as its script."""


def script_of(scripted: Scripted) -> Script:
    """Make a script of what a case gave."""
    match scripted:
        case Script():
            return scripted
        case Turn():
            return Script(turns=(scripted,))
        case _:
            return Script(turns=tuple(scripted))
