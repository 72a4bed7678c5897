"""The model's name, on its way to the upstream."""

from hopcheck import Findings, OutgoingRequest, Relay, Response, Target, case, dig, edits, expect


async def ask(target: Target, model: str) -> Response:
    """Ask a model what it is for."""
    if model == target.models.embedding:
        return await target.embeddings.create(model=model)
    return await target.chat.create(model=model)


@case(
    "requests.model-map",
    level="MUST",
    because="it asks on every operation",
    refs=["litellm#27046"],
    needs=["two_sided"],
)
async def model_map(target: Target) -> Findings:
    """A model goes upstream under one name, for answers and for streams; under the name that is declared for it.

    Which name that is, only `model_map` says. Of a model that isn't in it, no more can be judged than that it has one.
    """

    async def name(answer: Response) -> str:
        return str(dig(await target.openai_form(answer), "model"))

    plain = await name(await target.chat.create())
    yield expect("a stream's model", await name(await target.chat.stream()), equals=plain)
    declared = target.declares.model_map
    mapped = {model: await name(await ask(target, model)) for model in declared}
    chats = [model for model in declared if model != target.models.embedding]
    streamed = {model: await name(await target.chat.stream(model=model)) for model in chats}
    yield expect("declared names", mapped, equals=dict(declared))
    yield expect("declared names of streams", streamed, equals={model: declared[model] for model in chats})


@model_map.mutant(
    killed_by="a stream's model", trips=("fallback.same-request", "llm_proxy.default-model", "retry.model-name")
)
class MarksStreams(Relay):
    """Streams are asked of another variant of the model."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return (
            edits.request_field(outgoing, "model", lambda model: f"{model}-fast")
            if outgoing.incoming.streams
            else outgoing
        )


@model_map.mutant(killed_by="declared names", trips=("fallback.same-request", "retry.model-name"))
class SendsTheAlias(Relay):
    """The name that clients use is sent on, and the map is forgotten."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "model", lambda _: outgoing.model)


@model_map.mutant(killed_by="declared names of streams", trips=("fallback.same-request", "retry.model-name"))
class MapsNoStreams(Relay):
    """The name that is declared for a model isn't used for its streams."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        own = outgoing.model in self.config.upstream_models and outgoing.incoming.streams
        return outgoing.with_json({**outgoing.json, "model": outgoing.model}) if own else outgoing
