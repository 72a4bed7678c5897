"""When every model fails."""

from hopcheck import (
    GENERATING,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    expect,
    reply,
)


@case(
    "fallback.all-fail",
    level="MUST",
    on=GENERATING,
    refs=["litellm#6578", "litellm#5762"],
    upstream=reply.backup(reply.status(500), reply.status(503)),
    needs=["fallback"],
)
async def all_fail(target: Target, ask: Operation) -> Findings:
    """When primary and fallback both fail, the client gets one clean server error that doesn't show the set-up."""
    fallback = target.declares.fallback
    assert fallback is not None
    answer = await ask(model=fallback.primary)
    attempts = await target.seen(answer)
    yield expect("status", answer.status, one_of=range(500, 600), to="a server error")
    if not target.declares.transparent:
        yield expect("what is wrong with the error", contract_violations("Error", answer.json), equals=[])
    secrets = ("api_base", "127.0.0.1", *(attempt.key for attempt in attempts))
    yield expect("set-up that is shown", [name for name in secrets if name and answer.where(name)], equals=[])
    # SHOULD: clients may know these models, and ask for them.
    named = [model for model in fallback.chain[1:] if answer.where(model)]
    yield expect("fallbacks that are named", named, equals=[], level="SHOULD")


@all_fail.mutant(
    killed_by="status",
    trips=("errors.*", "chat.*", "stream.*", "retry.*", "timeout.*", "messages.*", "responses.error-first"),
)
class SaysItWorked(Relay):
    """When every provider fails, the error arrives in the body of a 200."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 200 if response.status >= 500 else response.status
        return response


@all_fail.mutant(
    killed_by="what is wrong with the error",
    trips=("errors.*", "chat.*", "stream.*", "retry.*", "timeout.*", "messages.*", "responses.*"),
)
class SaysItAsDetail(Relay):
    """Failures have the web framework's shape."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return (await super().failed(incoming, failure)).with_json({"detail": "all providers failed"})


@all_fail.mutant(killed_by="set-up that is shown", trips=("errors.*",))
class ShowsItsSetUp(Relay):
    """The message says which model was tried where."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        body = response.json
        body["error"]["message"] += f" Tried {self.config.fallbacks} at api_base={self.config.upstream}."
        return response.with_json(body)


@all_fail.mutant(killed_by="fallbacks that are named", trips=("errors.*",))
class NamesFallbacks(Relay):
    """The message says which models were tried."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        body = response.json
        body["error"]["message"] += f" Tried {', '.join(self.config.fallbacks.values())}."
        return response.with_json(body)


@all_fail.mutant(killed_by="status")
class Crashes(Relay):
    """A fallback that fails, too, was not thought of."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        if outgoing.attempt > outgoing.attempt_on_model:
            raise RuntimeError("no more fallbacks")
        return await super().fall_back(outgoing, failure)
