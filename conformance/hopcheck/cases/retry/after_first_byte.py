"""A stream that has begun begins no second time."""

from hopcheck import (
    STREAMED,
    Events,
    Failure,
    Findings,
    Operation,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    incoming,
    reply,
)

FIRST = ("message_start", "response.created")
"""Events with which the streams of typed events begin."""


@case(
    "retry.not-after-first-byte",
    level="MUST",
    on=STREAMED,
    because="it is about a stream that has begun",
    refs=["nanobot#4038", "hive#6541", "cadis#412", "litellm#32835"],
    upstream={
        "": [reply.stream("Hel", "lo", cut_after_events=2, pace_s=0.1), reply.stream("Hel", "lo")],
        "role": [reply.stream("Hel", "lo", cut_after_events=1, pace_s=0.1), reply.stream("Hel", "lo")],
    },
)
async def not_after_first_byte(target: Target, ask: Operation) -> Findings:
    """Once a client has some of a stream, a retry does not begin it again in the same answer."""
    stream = await ask.stream()
    continued = ["HelHello"] if target.declares.continues else []  # a second attempt goes on behind what was sent
    yield expect("text", stream.joined(), one_of=["", "Hel", "Hello", *continued])
    begun = await ask.stream(script="role")
    roles = sum("role" in delta for delta in begun.deltas()) if ask.surface == "openai" else 0
    firsts = roles + sum(dig(one, "type") in FIRST for one in begun.objects)
    yield expect("first events, where no text came", firsts, at_most=1)


@not_after_first_byte.mutant(
    killed_by="text", trips=("stream.*", "fallback.*", "messages.broken-stream", "responses.broken-stream")
)
class BeginsAgain(Relay):
    """A stream that broke is replaced by a new one, behind what was sent already."""

    async def broken(self, failure: Failure) -> Events:
        for event in [edits.text_event("Hel"), edits.text_event("lo"), *edits.ending()]:
            yield event


@not_after_first_byte.mutant(killed_by="first events, where no text came")
class BeginsAgainAfterTheRole(Relay):
    """A stream of which the client has no text yet begins again, its first chunk included."""

    async def broken(self, failure: Failure) -> Events:
        again = await self._provider.attempt(self._outgoing(incoming(), incoming().model), self.config.timeout_s)
        assert again.events is not None
        yield await anext(again.events)
        again.close()
        async for event in super().broken(failure):
            yield event
