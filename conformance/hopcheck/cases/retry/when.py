"""What is tried again, and what is not."""

from hopcheck import (
    FORWARDED,
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

REFUSALS = (400, 401, 403, 404, 422)


@case(
    "retry.not-on-4xx",
    level="MUST",
    on=FORWARDED,
    refs=["failoverbench S12", "failoverbench S13"],
    upstream={str(status): reply.status(status) for status in REFUSALS},
    isolation="cooldown",
)
async def not_on_4xx(target: Target, ask: Operation) -> Findings:
    """A request that the provider refuses as wrong is not sent again."""
    attempts = {status: len(await target.seen(await ask(script=str(status)))) for status in REFUSALS}
    yield expect("attempts", attempts, equals=dict.fromkeys(REFUSALS, 1))


@not_on_4xx.mutant(killed_by="attempts", trips=("errors.*", "auth.*", "retry.*", "timeout.ttfb"))
class TriesEverythingAgain(Relay):
    """Every status but 200 is taken for a passing fault."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return 0.01 if outgoing.attempt_on_model <= self.config.retries else None


@case(
    "retry.conn-reset",
    level="SHOULD",
    on=FORWARDED,
    refs=["failoverbench S05"],
    upstream=[*[reply.chat("lost", cut="reset", cut_at=-1)] * 2, reply.chat("Hello")],
)
async def conn_reset(target: Target, ask: Operation) -> Findings:
    """A connection that the provider resets before it answers is tried again, or results in a clean error."""
    # Twice, since a client library may by itself replace a pooled connection that turns out to be dead.
    answer = await ask()
    outcome = "an answer" if answer.status == 200 else contract_violations("Error", answer.json) or "an error"
    yield expect(
        "status",
        answer.status,
        one_of=(200, *range(501, 600)),
        to="200, or a server error that isn't the gateway's own",
    )
    if not target.declares.transparent:
        yield expect("answer or error", outcome, one_of=["an answer", "an error"])


@conn_reset.mutant(killed_by="answer or error", trips=("errors.*", "stream.*", "chat.*", "timeout.*", "retry.declared"))
class SaysItInWords(Relay):
    """The error about an unreachable provider is plain text."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind in ("cut", "connect", "timeout"):
            response.body = b"upstream connect error"
        return response


@conn_reset.mutant(killed_by="status", trips=("chat.*", "stream.*", "timeout.*", "retry.declared"))
class BlamesTheRequest(Relay):
    """A reset is reported as a client error."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 400 if failure.kind == "cut" else response.status
        return response
