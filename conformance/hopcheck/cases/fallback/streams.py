"""Fallbacks and streams: before the first token a change of model is fine, after it it isn't."""

from hopcheck import Event, Events, Failure, Findings, OutgoingRequest, Relay, Target, case, event_of, expect, reply

BACKUP = reply.stream("from ", "the ", "backup")

BEFORE = {
    "status": reply.backup(reply.status(500), BACKUP),
    "error-event": reply.backup(
        reply.events({"error": {"message": "overloaded", "type": "server_error"}}, done=0), BACKUP
    ),
    "cut": reply.backup(reply.stream("lost", cut_at=0), BACKUP),
}


@case(
    "fallback.stream-pre-first",
    level="MUST",
    because="it is about a stream that has begun",
    on="chat.stream",
    refs=["litellm#38606", "litellm#38610", "litellm#40404", "Bifrost#2917"],
    upstream=BEFORE,
    needs=["fallback"],
)
async def before_first(target: Target) -> Findings:
    """A stream that fails before its first token is served by the fallback, as one normal stream.

    Where the provider's stream had begun with a head, the target's may have, too: then it is a SHOULD.
    """
    fallback = target.declares.fallback
    assert fallback is not None
    streams = {fault: await target.chat.stream(script=fault, model=fallback.primary) for fault in BEFORE}
    texts = {fault: stream.joined() if stream.clean else stream.error for fault, stream in streams.items()}
    yield expect("text after a status", texts.pop("status"), equals="from the backup")
    yield expect("text after a head", texts, equals=dict.fromkeys(texts, "from the backup"), level="SHOULD")
    # Roles aren't counted: some gateways repeat them on each delta.
    ids = {fault: len({piece.get("id") for piece in stream.pieces}) for fault, stream in streams.items()}
    yield expect("ids", ids, holds={*ids.values()} <= {0, 1}, to="one in each stream")


@before_first.mutant(killed_by="text after a status", trips=("fallback.*",))
class StreamsStayWhereTheyAre(Relay):
    """Fallbacks are for answers in one piece."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        return None if outgoing.incoming.streams else await super().fall_back(outgoing, failure)


@before_first.mutant(killed_by="text after a head", trips=("fallback.*",))
class FallsBackByStatusAlone(Relay):
    """Once the provider's head has come, its stream is the client's, whatever follows."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        begun = outgoing.incoming.streams and failure.kind not in ("status", "connect")
        return None if begun else await super().fall_back(outgoing, failure)


@before_first.mutant(killed_by="ids", trips=("stream.*", "isolation.*"))
class AnnouncesItself(Relay):
    """A chunk with a role is sent before the provider is asked, so that the client sees something early."""

    async def events(self, events: Events) -> Events:
        yield event_of(_chunk({"role": "assistant", "content": ""}))
        async for event in events:
            yield event


def _chunk(delta: dict[str, str]) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"id": "early", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


@case(
    "fallback.stream-mid",
    level="MUST",
    because="it is about a stream that has begun",
    on="chat.stream",
    refs=["litellm#40404", "litellm#27967", "Portkey#1797"],
    upstream=reply.backup(reply.stream("half ", "of it", cut_after_events=2), BACKUP),
    needs=["fallback"],
)
async def midway(target: Target) -> Findings:
    """A stream that fails midway ends in an error or as one whole answer: no two halves, no silent cut.

    Where the target declares that its fallback continues a stream, the beginning and what follows are one answer.
    """
    fallback = target.declares.fallback
    assert fallback is not None
    stream = await target.chat.stream(model=fallback.primary)
    text = stream.joined()
    wholes = ["from the backup", *(["half from the backup"] if target.declares.continues else [])]
    yield expect("text", text, one_of=["", "half ", *wholes])
    whole = text in wholes
    yield expect("taken for whole", stream.clean, equals=whole)


@midway.mutant(killed_by="text", trips=("stream.*", "retry.*"))
class GluesOn(Relay):
    """The fallback's text follows what the primary had sent."""

    async def broken(self, failure: Failure) -> Events:
        for event in _glued():
            yield event


@midway.mutant(killed_by="taken for whole", trips=("stream.*", "retry.*"))
class Whitewashes(Relay):
    """A stream that broke is ended as if it had been finished."""

    async def broken(self, failure: Failure) -> Events:
        yield event_of({**_chunk({}), "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        yield event_of("[DONE]")


def _glued() -> list[Event]:
    return [event_of(_chunk({"content": "from the backup"})), event_of("[DONE]")]
