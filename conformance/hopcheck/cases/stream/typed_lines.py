"""Streams of typed events as the standard allows them to be written."""

import json
from typing import Any

from hopcheck import Event, Events, Findings, Operation, Relay, Target, case, expect, reply
from hopcheck.cases.stream.typed_events import MESSAGE, RESPONSE

EVENTS = {"messages": MESSAGE, "responses": RESPONSE}
FORMS = {
    "CRLF": "event: {type}\r\ndata: {data}\r\n\r\n",
    "without spaces": "event:{type}\ndata:{data}\n\n",
    "the name last": "data: {data}\nevent: {type}\n\n",
    "comments within": ": a\nevent: {type}\n: b\ndata: {data}\n\n",
}


def _stream(surface: str, form: str) -> Any:
    numbered = [{"type": one["type"], "sequence_number": place, **one} for place, one in enumerate(EVENTS[surface])]
    text = "".join(form.format(type=one["type"], data=json.dumps(one)) for one in numbered)
    return reply.raw(200, text, "text/event-stream")


def _name(surface: str, form: str) -> str:
    return f"{surface}-{form}".replace(" ", "-").lower()


@case(
    "stream.typed-lines",
    level="SHOULD",
    on=("messages.stream", "responses.stream"),
    because="chunks have cases of their own",
    refs=["WHATWG 9.2.6", "stream.line-endings"],
    upstream={_name(surface, form): _stream(surface, FORMS[form]) for surface in EVENTS for form in FORMS},
)
async def typed_lines(target: Target, ask: Operation) -> Findings:
    """Typed events are read whichever way their lines are written: CRLF, no spaces, the name last, comments within."""
    streams = {form: await ask.stream(script=_name(ask.surface, form)) for form in FORMS}
    texts = {form: (stream.content, stream.clean) for form, stream in streams.items()}
    yield expect("texts", texts, equals=dict.fromkeys(FORMS, ("Hello", True)))


class _Overlooks(Relay):
    """Base of those that don't know events which are written in some way."""

    def sound(self, events: Events) -> Events:
        return super().sound(event async for event in events if not self.overlooks(event))

    def overlooks(self, event: Event) -> bool:
        """Whether the event isn't known."""
        return False


@typed_lines.mutant(killed_by="texts", trips=("stream.frame-split",))
class LooksForTwoLineFeeds(_Overlooks):
    """An event ends at two line feeds alone."""

    def overlooks(self, event: Event) -> bool:
        return event.raw.endswith(b"\r\n")


@typed_lines.mutant(killed_by="texts")
class LooksForTheSpace(_Overlooks):
    """A field without a space after its colon isn't known."""

    def overlooks(self, event: Event) -> bool:
        return b"data:{" in event.raw


@typed_lines.mutant(killed_by="texts")
class LooksForTheNameFirst(_Overlooks):
    """An event whose data stand before its name has none."""

    def overlooks(self, event: Event) -> bool:
        return event.raw.startswith(b"data")


@typed_lines.mutant(killed_by="texts")
class DropsCommentedEvents(_Overlooks):
    """A block with a comment is taken for nothing but a comment."""

    def overlooks(self, event: Event) -> bool:
        return bool(event.comments) and event.data is not None
