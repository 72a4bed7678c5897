"""Requests that name no model."""

from hopcheck import (
    OMIT,
    Findings,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    expect,
    refuse,
)


@case(
    "llm_proxy.default-model",
    level="MUST",
    refs=["LLM-Proxy API"],
    needs=["default_model", "two_sided"],
)
async def default_model(target: Target) -> Findings:
    """A request that names no model is answered, by the default model."""
    unnamed = await target.chat.create(model=OMIT)
    streamed = await target.chat.stream(model=OMIT)
    yield expect("status", [unnamed.status, streamed.status], equals=[200, 200])
    named = await target.chat.create(model=target.declares.default_model)
    models = [await _forwarded(target, answer) for answer in (unnamed, streamed)]
    yield expect("forwarded model", models, equals=[await _forwarded(target, named)] * 2)


async def _forwarded(target: Target, answer: Response) -> str | None:
    attempts = await target.seen(answer)
    return attempts[-1].model if attempts else None


@default_model.mutant(killed_by="status", trips=("errors.*",))
class InsistsOnAModel(Relay):
    """A request without a model is refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and incoming.json is not None and "model" not in incoming.json:
            return refuse(incoming, 400, "model is missing.", param="model")
        return await super().check(incoming)


@default_model.mutant(killed_by="forwarded model")
class TakesTheFirst(Relay):
    """A request without a model goes to some other model of the configuration."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.model or outgoing.incoming.json is None:
            return outgoing
        return outgoing.with_json({**outgoing.json, "model": "backup-model"})
