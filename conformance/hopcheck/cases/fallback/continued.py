"""A stream that the fallback continues where the primary's was cut: what came before and after are one response."""

from typing import Any

from hopcheck import (
    DONE,
    Begun,
    ContinuesStreams,
    Event,
    Events,
    Failure,
    Findings,
    Target,
    case,
    event_of,
    expect,
    function_tools,
    reply,
)

PREFIX, REST = ("Once ", "upon "), ("a ", "time.")
CUT = reply.stream(*PREFIX, cut_after_events=3, pace_s=0.05)
CALL = [reply.call("look_up", '{"q":', '"x"}')]
SCRIPTS = {
    "text": reply.backup(CUT, reply.stream(*REST)),
    "refused": reply.backup(CUT, reply.status(400, {"message": "The last message must not be the assistant's."})),
    "call": reply.backup(reply.stream(tools=CALL, cut_after_events=3, pace_s=0.05), reply.stream(tools=CALL)),
}


@case(
    "fallback.stream-continues",
    level="MUST",
    because="it is about a stream that has begun",
    on="chat.stream",
    refs=["litellm#40404", "litellm: mid-stream fallbacks"],
    upstream=SCRIPTS,
    needs=["fallback", "continues"],
)
async def continued(target: Target) -> Findings:
    """A stream that the fallback continues is one response: nothing is doubled, and what can't go on ends in an error.

    A fallback that refuses to go on from the assistant's text ends the stream, as does a call that was cut.
    """
    fallback = target.declares.fallback
    assert fallback is not None
    offered: dict[str, Any] = {"model": fallback.primary, "tools": function_tools("look_up")}
    streams = {script: await target.chat.stream(script=script, **offered) for script in SCRIPTS}
    text, refused, call = streams["text"], streams["refused"], streams["call"]
    yield expect("text", text.joined(), equals="".join((*PREFIX, *REST)))
    yield expect("taken for whole", text.clean, equals=True)
    counts = {
        "ids": len({str(piece.get("id")) for piece in text.pieces}),
        "finish reasons": len(text.finishes()),
        "ends": text.data.count("[DONE]"),
    }
    yield expect("counts", counts, equals=dict.fromkeys(counts, 1))
    shown = {**refused.summary, "error": refused.error}
    yield expect("a refused continuation", shown, holds=refused.shows_failure and not refused.clean, to="an error")
    calls = [[one["name"], one["arguments"]] for one in call.tool_calls()]
    is_one = not call.clean or calls == [["look_up", '{"q":"x"}']]
    yield expect("calls", calls, holds=is_one, to="one whole call, or an error")


@continued.mutant(killed_by="text")
class RepeatsThePrefix(ContinuesStreams):
    """The fallback's stream begins with the text so far, and is sent as it is."""

    def joined(self, event: Event, begun: Begun) -> Event:
        joined = super().joined(event, begun)
        chunk = joined.json
        if chunk and chunk["choices"] and chunk["choices"][0]["delta"].get("content") == REST[0]:
            chunk["choices"][0]["delta"]["content"] = begun.text + REST[0]
        return event_of(chunk) if chunk else joined


@continued.mutant(killed_by="taken for whole", trips=("stream.*", "fallback.stream-mid"))
class ForgetsTheEnd(ContinuesStreams):
    """A stream that was continued has no `[DONE]`."""

    async def broken(self, failure: Failure) -> Events:
        async for event in super().broken(failure):
            if not event.is_done:
                yield event


@continued.mutant(killed_by="counts")
class NamesTheRoleAgain(ContinuesStreams):
    """The fallback's chunks are sent as they come, with a role and an id of their own."""

    def joined(self, event: Event, begun: Begun) -> Event:
        return event


@continued.mutant(
    killed_by="a refused continuation", trips=("stream.*", "fallback.*", "retry.*", "messages.broken-stream")
)
class TakesTheHalfForWhole(ContinuesStreams):
    """A continuation that is refused ends the stream as if it had been finished."""

    async def broken(self, failure: Failure) -> Events:
        async for event in super().broken(failure):
            if "error" in (event.json or {}):
                yield event_of(reply.delta(finish="stop"))
                yield DONE
            else:
                yield event


@continued.mutant(killed_by="calls", trips=("fallback.stream-mid",))
class BeginsCallsAgain(ContinuesStreams):
    """A call that was begun is followed by the fallback's."""

    def can_continue(self, begun: Begun) -> bool:
        return True
