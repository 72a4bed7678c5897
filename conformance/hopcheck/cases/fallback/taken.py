"""A declared fallback is taken when the primary can't answer, and only then."""

import asyncio

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
    expect,
    reply,
)

BACKUP = reply.chat("from the backup")

FAULTS = {str(status): reply.backup(reply.status(status), BACKUP) for status in (429, 500, 502, 503, 504, 529)}
REFUSALS = (400, 413, 422)
FAULTS["429-timed"] = reply.backup(reply.status(429, headers={"Retry-After": "1"}), BACKUP)
FAULTS["503-timed"] = reply.backup(reply.status(503, headers={"Retry-After": "1"}), BACKUP)
FAULTS["reset"] = reply.backup(reply.chat("lost", cut="reset", cut_at=-1), BACKUP)


@case(
    "fallback.taken",
    level="MUST",
    on=GENERATING,
    refs=["Portkey#855", "failoverbench S04"],
    upstream=FAULTS,
    needs=["fallback"],
    isolation="cooldown",
)
async def taken(target: Target, ask: Operation) -> Findings:
    """When the primary is limited, failing or unreachable, the declared fallback answers."""
    fallback = target.declares.fallback
    assert fallback is not None
    got = await asyncio.gather(*(ask(script=fault, model=fallback.primary) for fault in FAULTS))
    answers = {fault: one.content or f"status {one.status}" for fault, one in zip(FAULTS, got, strict=True)}
    yield expect("answers", answers, equals=dict.fromkeys(FAULTS, "from the backup"))


@taken.mutant(killed_by="answers", trips=("fallback.same-request",))
class OnlyFallsBackOnServerErrors(Relay):
    """A limited primary is not taken for one that can't answer."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        return None if failure.status == 429 else await super().fall_back(outgoing, failure)


@taken.mutant(killed_by="answers")
class WaitsInsteadOfFallingBack(Relay):
    """A primary that says when to come back isn't replaced."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        return None if failure.retry_after_s is not None else await super().fall_back(outgoing, failure)


@taken.mutant(killed_by="answers", trips=("fallback.*", "auth.fallback-credential"))
class NeverFallsBack(Relay):
    """The fallback stands in the configuration, and nothing reads it."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        return None


@case(
    "fallback.not-on-client-error",
    level="SHOULD",
    on=GENERATING,
    refs=["failoverbench S13", "Portkey#855"],
    upstream={str(status): reply.backup(reply.status(status, {"code": "refused"}), BACKUP) for status in REFUSALS},
    needs=["fallback"],
)
async def not_on_client_error(target: Target, ask: Operation) -> Findings:
    """A request that the primary refuses as wrong is not replayed to the fallback."""
    fallback = target.declares.fallback
    assert fallback is not None
    elsewhere, statuses = {}, {}
    for status in REFUSALS:
        answer = await ask(script=str(status), model=fallback.primary)
        first = await target.arrival(answer.marker)
        others = await target.seen(answer)
        elsewhere[status] = sum(other.route != first.route for other in others)
        statuses[status] = answer.status
    yield expect("attempts at the fallback", elsewhere, equals=dict.fromkeys(REFUSALS, 0))
    # One status for another that tells a client the same is for another case to judge.
    yield expect("status", statuses, holds=all((one or 0) // 100 == 4 for one in statuses.values()), to="4xx for each")


@not_on_client_error.mutant(killed_by="attempts at the fallback", trips=("fallback.*",))
class FallsBackOnEverything(Relay):
    """Every refusal is taken for the primary's fault."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        return self.config.fallbacks.get(outgoing.model)


@not_on_client_error.mutant(killed_by="status", trips=("errors.*",))
class SaysServerError(Relay):
    """With a fallback configured, every failure is the proxy's own."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if incoming.model in self.config.fallbacks:
            response.status = 500
        return response
