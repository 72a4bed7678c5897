"""An event in a provider's stream that is no JSON."""

from hopcheck import DONE, Events, Failure, Findings, Relay, Target, case, event_of, expect, reply


@case(
    "stream.malformed-chunk",
    level="MUST",
    needs=["parses"],
    refs=["failoverbench S10", "litellm#40404"],
    upstream=reply.stream("Hel", "?", "lo", malformed_event=2),
)
async def malformed_chunk(target: Target) -> Findings:
    """A malformed event hides nothing: the rest of the response follows, or an error; the event isn't passed on."""
    stream = await target.chat.stream()
    await target.forwarded(stream)
    # SHOULD: it is the provider's own, and official clients raise an error on it.
    yield expect("data that isn't JSON", stream.unreadable, equals=[], level="SHOULD")
    shown = {**stream.summary, "error": stream.error, "ended": stream.ended}
    is_whole = stream.ended == "complete" and stream.error is None and stream.finishes() == ["stop"]
    rest_came = is_whole and stream.joined() == "Hello"
    yield expect("answer", shown, holds=rest_came or stream.shows_failure, to="the rest of the answer, or an error")


@malformed_chunk.mutant(killed_by="data that isn't JSON", trips=("stream.*", "messages.*", "responses.*"))
class PassesGarbageOn(Relay):
    """Events are passed on without being read."""

    async def sound(self, events: Events) -> Events:
        async for event in events:
            yield event


@malformed_chunk.mutant(killed_by="answer")
class StopsInSilence(Relay):
    """A malformed event ends the answer as if it had been whole."""

    async def broken(self, failure: Failure) -> Events:
        if failure.kind == "garbled":
            yield event_of(reply.delta(finish="stop"))
            yield DONE
            return
        async for event in super().broken(failure):
            yield event
