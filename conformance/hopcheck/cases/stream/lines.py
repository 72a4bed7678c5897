"""Event streams as the standard allows them to be written: other line ends, other fields, data on several lines."""

import json

from hopcheck import Event, Events, Findings, Relay, Target, case, event_of, expect, reply

WHOLE = {"text": "Hello", "finish": "stop", "done": True}

CHUNKS = [
    {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", **fields}
    for fields in (
        reply.delta(role="assistant", content="Hel"),
        reply.delta(content="lo"),
        reply.delta(finish="stop"),
    )
]


def written(before: str, *, indent: int | None = None, after: str = "\n\n") -> list[str]:
    """The chunks as events whose data lines begin with `before`, on as many lines as an indent gives."""
    texts = [json.dumps(chunk, indent=indent) for chunk in CHUNKS]
    return [before + text.replace("\n", f"\n{before}") + after for text in texts]


@case(
    "stream.line-endings",
    level="SHOULD",
    refs=["WHATWG 9.2.6"],
    upstream={
        "crlf": reply.stream("Hel", "lo", line_end="\r\n"),
        "no-space": reply.events(*written("data:"), "data:[DONE]\n\n", done=0),
    },
)
async def line_endings(target: Target) -> Findings:
    """Events with CRLF line ends, or without a space after the colon, are read as all others."""
    yield expect("answer with CRLF", (await target.chat.stream(script="crlf")).summary, equals=WHOLE)
    yield expect("answer without spaces", (await target.chat.stream(script="no-space")).summary, equals=WHOLE)


@line_endings.mutant(killed_by="answer with CRLF", trips=("stream.*",))
class LooksForTwoLineFeeds(Relay):
    """An event's end is looked for as two line feeds, so that with CRLF none ends."""

    def sound(self, events: Events) -> Events:
        return super().sound(event async for event in events if not event.raw.endswith(b"\r\n"))


@line_endings.mutant(killed_by="answer without spaces")
class LooksForTheSpace(Relay):
    """Data lines are looked for as `data: `, with the space."""

    def sound(self, events: Events) -> Events:
        return super().sound(event async for event in events if not event.raw.startswith((b"data:{", b"data:[")))


@case(
    "stream.multiline-data",
    level="SHOULD",
    refs=["WHATWG 9.2.6"],
    upstream={
        "lines": reply.events(*written("data: ", indent=1)),
        "fields": reply.events("retry: 3000\n\n", *written("event: message\nid: 7\ndata: ")),
    },
)
async def multiline_data(target: Target) -> Findings:
    """Data on several lines is put together, and the fields `event`, `id` and `retry` do no harm."""
    yield expect("answer on many lines", (await target.chat.stream(script="lines")).summary, equals=WHOLE)
    yield expect("answer with other fields", (await target.chat.stream(script="fields")).summary, equals=WHOLE)


@multiline_data.mutant(killed_by="answer on many lines")
class ReadsOneLine(Relay):
    """The last data line of an event is taken for all of it."""

    def sound(self, events: Events) -> Events:
        return super().sound(_last_line(event) async for event in events)


@multiline_data.mutant(
    killed_by="answer with other fields",
    trips=("cancel.*", "fallback.*", "http.*", "messages.*", "responses.*", "sessions.*", "stream.*", "timeout.*"),
)
class KnowsNoNames(Relay):
    """Events that have a name are taken for something else than chunks."""

    def sound(self, events: Events) -> Events:
        return super().sound(event async for event in events if event.event is None)


def _last_line(event: Event) -> Event:
    return event_of(event.data.splitlines()[-1]) if event.data and "\n" in event.data else event
