"""The model that an answer of a fallback names."""

from hopcheck import (
    GENERATING,
    Events,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    edits,
    expect,
    incoming,
)
from hopcheck.cases.fallback.taken import FAULTS


@case(
    "fallback.reported-model",
    level="SHOULD",
    on=GENERATING,
    refs=["failoverbench S16"],
    upstream=FAULTS["500"],
    needs=["fallback"],
)
async def reported_model(target: Target, ask: Operation) -> Findings:
    """After a fallback, the answer names the model that gave it."""
    fallback = target.declares.fallback
    assert fallback is not None
    answer = await ask(model=fallback.primary)
    answered = (await target.forwarded(answer)).model
    yield expect("model", answer.model, one_of=[fallback.backup, answered])


@reported_model.mutant(killed_by="model", on="chat.stream", trips=("chat.model-echo", "stream.*"))
class StreamsNameWhatWasAsked(Relay):
    """The chunks of a stream name the model of the request, even after a fallback."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(model=incoming().model))


@reported_model.mutant(killed_by="model", on="chat", trips=("chat.model-echo",))
class NamesWhatWasAsked(Relay):
    """The response names the model of the request, even after a fallback."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        if response.origin != "provider" or not isinstance(body, dict) or "model" not in body:
            return response
        return response.with_json({**body, "model": response.incoming.model or body["model"]})
