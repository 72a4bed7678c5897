"""How often a failing provider is asked."""

from hopcheck import (
    FORWARDED,
    GENERATING,
    ON_MESSAGES,
    Failure,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    reply,
)

WITHIN_S = 3.0


@case(
    "retry.budget",
    level="MUST",
    on=(*FORWARDED, *ON_MESSAGES),
    refs=["litellm#34129", "litellm#25285", "nanobot#2760"],
    upstream=reply.status(500),
)
async def budget(target: Target, ask: Operation) -> Findings:
    """A failing provider gets at most one attempt and the declared retries, however many layers retry."""
    answer = await ask()
    yield expect("attempts", len(await target.seen(answer)), at_most=1 + target.declares.retries)


@budget.mutant(killed_by="attempts", trips=("retry.*", "errors.*", "rate_limit.*", "stream.*", "chat.*"))
class Multiplies(Relay):
    """A client library below retries, too: each of the proxy's attempts becomes three."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return 0.01 if outgoing.attempt_on_model < 3 * (1 + self.config.retries) else None


@case(
    "retry.backoff",
    level="MUST",
    on=(*FORWARDED, *ON_MESSAGES),
    refs=["failoverbench S02"],
    upstream=reply.status(503),
    isolation="exclusive",
)
async def backoff(target: Target, ask: Operation) -> Findings:
    """A provider that is overloaded is not hammered: at most four attempts within 3 s."""
    attempts = await target.seen(await ask())
    early = [attempt for attempt in attempts if attempt.received_ns - attempts[0].received_ns < WITHIN_S * 1e9]
    yield expect("attempts within 3 s", len(early), at_most=4)


backoff.mutant(killed_by="attempts within 3 s", trips=("retry.*", "errors.*", "rate_limit.*", "stream.*", "chat.*"))(
    Multiplies
)


@case(
    "retry.honours-retry-after",
    level="SHOULD",
    on=(*GENERATING, *ON_MESSAGES),
    refs=["failoverbench S01", "RFC 9110, section 10.2.3"],
    upstream=[reply.status(429, headers={"Retry-After": "1"}), reply.chat("Hello")],
    isolation="cooldown",
    timed=True,
)
async def honours_retry_after(target: Target, ask: Operation) -> Findings:
    """A provider that says when to come back is not asked sooner."""
    answer = await ask()
    first = await target.arrival(answer.marker)
    others = (await target.seen(answer))[1:]
    gaps_s = [(other.received_ns - first.received_ns) / 1e9 for other in others if other.key == first.key]
    yield expect("seconds until the next attempt", min(gaps_s, default=1.0), at_least=0.95)


@honours_retry_after.mutant(killed_by="seconds until the next attempt", trips=("rate_limit.*", "retry.*"))
class ComesBackAtOnce(Relay):
    """Retries follow the proxy's own clock."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return 0.02 if outgoing.attempt_on_model <= self.config.retries else None
