"""Mutants of the cases about fallbacks and retries."""

from hopcheck import (
    DONE,
    Begun,
    ContinuesStreams,
    Event,
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayConfig,
    RelayedResponse,
    edits,
    event_of,
    incoming,
)
from hopcheck.selftest.independent import violates


class _KnowsFallbacks(Relay):
    """Knows which requests a backup has answered."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.fell: set[str] = set()

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        backup = await super().fall_back(outgoing, failure)
        if backup is not None:
            self.fell.add(outgoing.incoming.id)
        return backup


@violates("fallback.all-fail")
class ListsItsAttempts(_KnowsFallbacks):
    """When all has failed, a header lists the models that were tried."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        tried = f"{incoming.model}, {self.config.fallbacks.get(incoming.model)}"
        return response.with_header("x-attempted-models", tried) if incoming.id in self.fell else response


@violates("fallback.all-fail")
class TellsTheChain(_KnowsFallbacks):
    """When all has failed, the message says which model was the last one."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if incoming.id not in self.fell:
            return response
        error = response.json["error"]
        message = f"{error['message']} (after {incoming.model}: {self.config.fallbacks[incoming.model]})"
        return response.with_json({"error": {**error, "message": message}})


@violates("fallback.not-on-client-error")
class FallsBackOnUnprocessable(Relay):
    """A 422 and a 413 are replayed to the fallback; only a 400 is known for a mistake of the client's."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        if failure.status in (413, 422):
            return self.config.fallbacks.get(outgoing.model)
        return await super().fall_back(outgoing, failure)


@violates("fallback.reported-model", on="chat.stream")
class NamesThePrimaryFirst(_KnowsFallbacks):
    """The first chunk of a fallback's stream names the primary."""

    async def events(self, events: Events) -> Events:
        first = True
        async for event in events:
            if first and incoming().id in self.fell:
                yield edits.chunk(event, lambda chunk: chunk.update(model=incoming().model))
            else:
                yield event
            first = False


@violates("fallback.reported-model", on="chat")
class NamesBoth(_KnowsFallbacks):
    """A fallback's answer names the model that was asked for."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.id not in self.fell:
            return response
        return edits.body(response, lambda body: body.update(model=response.incoming.model))


@violates("fallback.stream-continues")
class RepeatsTheLastCharacter(ContinuesStreams):
    """What the fallback continues begins with the last character of what was there."""

    def joined(self, event: Event, begun: Begun) -> Event:
        joined, last = super().joined(event, begun), begun.text[-1:]
        if edits.text_of(edits.chunk_of(joined) or {}):
            begun.text = ""
            return edits.deltas(joined, lambda delta: delta.update(content=last + delta["content"]))
        return joined


@violates("fallback.stream-continues")
class ChangesIdsMidway(ContinuesStreams):
    """The chunks of the fallback keep the id of its own stream."""

    def joined(self, event: Event, begun: Begun) -> Event:
        own = event.json
        return edits.chunk(super().joined(event, begun), lambda chunk: chunk.update(id=own["id"]))


@violates("fallback.stream-mid")
class CallsCutsTooLong(Relay):
    """A stream that fails midway ends with the finish reason `length`."""

    async def broken(self, failure: Failure) -> Events:
        choice = {"index": 0, "delta": {}, "finish_reason": "length"}
        common = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fragile-model"}
        yield event_of({**common, "choices": [choice]})
        yield DONE


@violates("fallback.stream-pre-first")
class FallsBackOnStatusesOnly(Relay):
    """A stream that is cut or in error before its first token isn't served by the fallback."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        return await super().fall_back(outgoing, failure) if failure.kind == "status" else None


@violates("fallback.taken")
class KnowsThreeStatuses(Relay):
    """The fallback answers for 429, 500 and 503, and for nothing else."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        return await super().fall_back(outgoing, failure) if failure.status in (429, 500, 503) else None
