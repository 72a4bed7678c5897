"""How often a failing provider is asked."""

from hopcheck import (
    FORWARDED,
    GENERATING,
    Failure,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Response,
    Target,
    case,
    expect,
    function_tools,
    reply,
)

FAILURES = {
    "": reply.status(500),
    "cut": reply.chat("lost", cut="close", cut_at=0),
    "at-once": reply.status(503, headers={"Retry-After": "0"}),
}

WITHIN_S = 3.0
OVERLOADED = (503, 429, 529)
"""By what a provider says that it is overloaded."""


@case(
    "retry.budget",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#34129", "litellm#25285", "nanobot#2760"],
    upstream=FAILURES,
)
async def budget(target: Target, ask: Operation) -> Findings:
    """A failing provider gets at most one attempt and the declared retries, however many layers retry."""
    attempts = {script: len(await target.seen(await ask(script=script))) for script in FAILURES}
    if ask.generates:
        attempts["with tools"] = len(await target.seen(await ask(tools=function_tools("look_up"))))
    most = 1 + target.declares.retries
    yield expect("attempts", attempts, holds=max(attempts.values()) <= most, to=f"at most {most} each")


@budget.mutant(killed_by="attempts", trips=("retry.*", "errors.*", "rate_limit.*", "stream.*", "chat.*"))
class Multiplies(Relay):
    """A client library below retries, too: each of the proxy's attempts becomes three."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return 0.01 if outgoing.attempt_on_model < 3 * (1 + self.config.retries) else None


@budget.mutant(killed_by="attempts")
class DoesAsItIsAsked(Relay):
    """Attempts for which the provider asks aren't counted."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        asked = failure.retry_after_s == 0 and outgoing.attempt < 8
        return 0.0 if asked else await super().retry(outgoing, failure)


@budget.mutant(killed_by="attempts", on=GENERATING)
class TriesToolsOnceMore(Relay):
    """A request with tools gets an attempt more than is declared."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        wait_s = await super().retry(outgoing, failure)
        last = outgoing.attempt_on_model == self.config.retries + 1 and failure.status >= 500
        return 0.0 if wait_s is None and last and outgoing.json.get("tools") else wait_s


@case(
    "retry.backoff",
    level="MUST",
    on=FORWARDED,
    refs=["failoverbench S02"],
    upstream={str(status): reply.status(status) for status in OVERLOADED},
    isolation="cooldown",
    timed=True,
)
async def backoff(target: Target, ask: Operation) -> Findings:
    """A provider that is overloaded is not hammered: at most four attempts within 3 s."""
    early = {status: await _attempts_within(target, await ask(script=str(status))) for status in OVERLOADED}
    yield expect("attempts within 3 s", early, holds=max(early.values()) <= 4, to="at most 4 each")


async def _attempts_within(target: Target, response: Response) -> int:
    attempts = await target.seen(response)
    return sum(attempt.received_ns - attempts[0].received_ns < WITHIN_S * 1e9 for attempt in attempts)


backoff.mutant(
    killed_by="attempts within 3 s", trips=("retry.*", "errors.*", "rate_limit.*", "stream.*", "chat.*", "timeout.*")
)(Multiplies)
