"""A model that isn't there."""

from hopcheck import (
    FORWARDED,
    OF_OPENAI,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    refuse,
)

NAME = "hopcheck-no-such-model"


@case(
    "errors.unknown-model",
    level="MUST",
    on=FORWARDED,
    refs=["OAI model_not_found", "litellm#8823", "litellm#27030"],
    needs=["parses", "two_sided"],
)
async def unknown_model(target: Target, ask: Operation) -> Findings:
    """A request for an unknown model is answered with 404, 400 or 403, and never by another model.

    403 is what a gateway says that doesn't tell a key which models it may not use. A gateway may leave it to the
    provider what models there are; that it knows by itself is a SHOULD.
    """
    names = (NAME, f"{ask.model}-{NAME}")  # the second begins like one that is there
    answers = {name: await ask(model=name) for name in names}
    attempts = {name: await target.seen(answer) for name, answer in answers.items()}
    others = [one.model for name, made in attempts.items() for one in made if name not in one.model]
    yield expect("other models asked", others, equals=[])
    statuses = [answer.status for answer in answers.values()]
    yield expect("status", statuses, holds={*statuses} <= {404, 400, 403}, to="404, 400 or 403 for each")
    if ask.name in OF_OPENAI:  # Anthropic's errors have no code
        codes = [answer.at("error", "code") for answer in answers.values()]
        yield expect("code", codes, equals=["model_not_found"] * 2, level="SHOULD")
    yield expect("upstream attempts", sum(map(len, attempts.values())), equals=0, level="SHOULD")


class Refuses(Relay):
    """An unknown model is refused in another way."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        unknown = refusal is not None and refusal.status == 404 and incoming.method == "POST"
        return self.refusal(incoming) if unknown else refusal

    def refusal(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """What is answered to a request for an unknown model."""
        return None


@unknown_model.mutant(killed_by="status", trips=("errors.*", "responses.own-errors"))
class CrashesOnLookup(Refuses):
    """A model that isn't in the table ends in an internal error."""

    def refusal(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 500, f"KeyError: {incoming.model!r}")


@unknown_model.mutant(killed_by="code", on=OF_OPENAI, trips=("errors.unknown-path",))
class JustBadRequest(Refuses):
    """An unknown model is a bad request like any other."""

    def refusal(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 400, "Invalid model name.", code="400", param="model")


@unknown_model.mutant(killed_by="upstream attempts", trips=("errors.odd-model",))
class AsksTheProvider(Refuses):
    """Whether there is such a model is left to the provider, and its key."""


@unknown_model.mutant(
    killed_by="other models asked", trips=("errors.odd-model", "messages.own-errors", "responses.own-errors")
)
class AsksAnotherModel(Refuses):
    """Instead of a model that isn't there, the default model is asked."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        unknown = outgoing.model == NAME
        return outgoing.with_json({**outgoing.json, "model": "fake-model"}) if unknown else outgoing
