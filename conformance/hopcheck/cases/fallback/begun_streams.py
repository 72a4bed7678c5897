"""Fallbacks of streams that have begun: a change of model isn't fine."""

from hopcheck import (
    STREAMED,
    Events,
    Failure,
    Findings,
    Operation,
    Relay,
    Target,
    case,
    edits,
    expect,
    reply,
)
from hopcheck.cases.fallback.streams import BACKUP


@case(
    "fallback.stream-mid",
    level="MUST",
    on=STREAMED,
    because="it is about a stream that has begun",
    refs=["litellm#40404", "litellm#27967", "Portkey#1797"],
    upstream=reply.backup(reply.stream("half ", "of it", cut_after_events=2), BACKUP),
    needs=["fallback"],
)
async def midway(target: Target, ask: Operation) -> Findings:
    """A stream that fails midway ends in an error or as one whole answer: no two halves, no silent cut.

    Where the target declares that its fallback continues a stream, the beginning and what follows are one answer.
    """
    fallback = target.declares.fallback
    assert fallback is not None
    stream = await ask.stream(model=fallback.primary)
    text = stream.joined()
    wholes = ["from the backup", *(["half from the backup"] if target.declares.continues else [])]
    yield expect("text", text, one_of=["", "half ", *wholes])
    whole = text in wholes
    yield expect("taken for whole", stream.clean, equals=whole)


@midway.mutant(killed_by="text", trips=("stream.*", "retry.*", "messages.broken-stream", "responses.broken-stream"))
class GluesOn(Relay):
    """The fallback's text follows what the primary had sent."""

    async def broken(self, failure: Failure) -> Events:
        for event in [edits.text_event("from the backup"), *edits.ending()]:
            yield event


@midway.mutant(
    killed_by="taken for whole", trips=("stream.*", "retry.*", "messages.broken-stream", "responses.broken-stream")
)
class Whitewashes(Relay):
    """A stream that broke is ended as if it had been finished."""

    async def broken(self, failure: Failure) -> Events:
        for event in edits.ending():
            yield event
