"""The model's name in a retry."""

from hopcheck import (
    GENERATING,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    reply,
)


@case(
    "retry.model-name",
    level="MUST",
    on=GENERATING,
    because="models for embeddings are mapped like others",
    refs=["litellm#27046"],
    needs=["retries", "two_sided"],
    upstream=[reply.status(500), reply.chat("Hello")],
    isolation="cooldown",
)
async def model_name(target: Target, ask: Operation) -> Findings:
    """A model goes upstream by the name that its provider has for it in every attempt, the first and retries."""
    names = target.declares.model_map
    mapped = [model for model in names if _serves(target, ask, model)]
    seen = {model: {one.model for one in await target.seen(await ask(model=model))} for model in mapped}
    yield expect("names of attempts", seen, equals={model: {names[model]} for model in mapped})


def _serves(target: Target, ask: Operation, model: str) -> bool:
    """Whether a model is one of this operation's, and no other one's to fall back on."""
    fallback = target.declares.fallback
    return ask.generates is (model != target.models.embedding) and not (fallback and model in fallback.chain)


@model_name.mutant(killed_by="names of attempts", trips=("fallback.same-request",))
class RetriesByTheClientsName(Relay):
    """A retry asks for the model by the name that its client has for it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing if outgoing.attempt == 1 else outgoing.with_json({**outgoing.json, "model": outgoing.model})
