"""Fallbacks of streams that haven't begun: a change of model is fine."""

from hopcheck import (
    STREAMED,
    Events,
    Failure,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    RelayConfig,
    Target,
    case,
    edits,
    event_of,
    expect,
    incoming,
    reply,
)

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
    on=STREAMED,
    because="it is about a stream that has begun",
    refs=["litellm#38606", "litellm#38610", "litellm#40404", "Bifrost#2917"],
    upstream=BEFORE,
    needs=["fallback"],
)
async def before_first(target: Target, ask: Operation) -> Findings:
    """A stream that fails before its first token is served by the fallback, as one normal stream.

    Where the provider's stream had begun with a head, the target's may have, too: then it is a SHOULD.
    """
    fallback = target.declares.fallback
    assert fallback is not None
    faults = [fault for fault in BEFORE if ask.surface == "openai" or fault != "error-event"]
    counted = {"stream_options": {"include_usage": True}} if ask.surface == "openai" else {}
    streams = {fault: await ask.stream(script=fault, model=fallback.primary, **counted) for fault in faults}
    texts = {fault: stream.joined() if stream.clean else stream.error for fault, stream in streams.items()}
    yield expect("text after a status", texts.pop("status"), equals="from the backup")
    yield expect("text after a head", texts, equals=dict.fromkeys(texts, "from the backup"), level="SHOULD")
    if ask.surface != "openai":
        return  # the other surfaces' grammars say that there is one
    counts = {fault: len(stream.usages) for fault, stream in streams.items() if stream.clean}
    yield expect("counts of tokens", counts, equals=dict.fromkeys(counts, 1))
    # Roles aren't counted: some gateways repeat them on each delta.
    ids = {fault: len({str(piece.get("id")) for piece in stream.pieces}) for fault, stream in streams.items()}
    yield expect("ids", ids, holds={*ids.values()} <= {0, 1}, to="one in each stream")


@before_first.mutant(killed_by="text after a status", trips=("fallback.*", "auth.fallback-credential"))
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


@before_first.mutant(killed_by="counts of tokens", on="chat.stream")
class CountsPrimariesAlone(Relay):
    """The stream of a fallback has no counts."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._replaced: set[str] = set()

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        self._replaced.add(outgoing.incoming.id)
        return await super().fall_back(outgoing, failure)

    def events(self, events: Events) -> Events:
        is_replaced = incoming().id in self._replaced
        return edits.drop_chunks(events, lambda chunk: is_replaced and chunk.get("usage"))


@before_first.mutant(
    killed_by="ids",
    on="chat.stream",
    trips=("stream.*", "isolation.*", "fallback.reported-model", "retry.not-after-first-byte"),
)
class AnnouncesItself(Relay):
    """A chunk with a role is sent before the provider is asked, so that the client sees something early."""

    async def events(self, events: Events) -> Events:
        yield event_of(_chunk({"role": "assistant", "content": ""}))
        async for event in events:
            yield event


def _chunk(delta: dict[str, str]) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"id": "early", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
