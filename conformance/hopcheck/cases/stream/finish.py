"""Why a chat stream stopped."""

from hopcheck import Events, Findings, Relay, Target, case, edits, event_of, expect, function_tools, reply

ENDS = {
    "stop": reply.stream("Hel", "lo"),
    "length": reply.stream("Hel", "lo", finish="length"),
    "content-filter": reply.stream("Hel", "lo", finish="content_filter"),
    "tool-calls": reply.stream(tools=[reply.call("look_up", '{"q":', '"x"}')]),
}

TRIPPED = ("stream.*", "tools.text-and-call")
"""Cases that notice a finish reason which comes too early, or is made up."""


@case(
    "stream.finish-once",
    level="MUST",
    refs=["opencode#43379", "opencode#43882", "openclaw#5898", "litellm#31634", "litellm#35663"],
    upstream=reply.stream("Hel", "lo"),
)
async def finish_once(target: Target) -> Findings:
    """A choice has exactly one finish reason that isn't null, and nothing of it comes after that."""
    stream = await target.chat.stream()
    choices = stream.choices()
    finished = [place for place, choice in enumerate(choices) if choice.get("finish_reason") is not None]
    yield expect("finish reasons", len(finished), equals=1)
    late = stream.deltas()[finished[0] + 1 :] if finished else []
    yield expect("deltas after it", [delta for delta in late if delta.get("content")], equals=[])
    yield expect("empty deltas after it", len(late), equals=0, level="SHOULD")


@finish_once.mutant(killed_by="finish reasons", trips=TRIPPED)
class FinishesEachChunk(Relay):
    """Every chunk says `stop`, and clients leave after the first."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(
            events, lambda choice: choice.update(finish_reason=choice.get("finish_reason") or "stop")
        )


@finish_once.mutant(killed_by="deltas after it", trips=TRIPPED)
class FinishesFirst(Relay):
    """The finish reason goes with the first delta instead of the last."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(
            events,
            lambda choice: choice.update(finish_reason="stop" if choice["delta"].get("role") else None),
        )


@case(
    "stream.finish-matches",
    level="MUST",
    refs=["litellm#12862", "litellm#21577", "vllm#9209", "Bifrost#3638"],
    upstream=ENDS,
)
async def finish_matches(target: Target) -> Findings:
    """A stream's finish reason is the provider's: stop, length, content_filter or tool_calls."""
    streams = [await target.chat.stream(script=name, tools=function_tools("look_up")) for name in ENDS]
    reasons = [stream.summary["finish"] for stream in streams]
    yield expect("finish reasons", reasons, equals=[name.replace("-", "_") for name in ENDS])


@finish_matches.mutant(killed_by="finish reasons", trips=("tools.text-and-call", "stream.*"))
class AlwaysStops(Relay):
    """An answer that was cut at its length limit says that it was complete."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(
            events,
            lambda choice: choice.update(finish_reason="stop" if choice.get("finish_reason") else None),
        )


@finish_once.mutant(killed_by="empty deltas after it", trips=TRIPPED)
class SaysNothingMore(Relay):
    """A delta that says nothing follows the finish reason."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            chunk = edits.chunk_of(event)
            if chunk and edits.finishes(chunk):
                choices = [{"index": one["index"], "delta": {}, "finish_reason": None} for one in chunk["choices"]]
                yield event_of({**chunk, "choices": choices})
