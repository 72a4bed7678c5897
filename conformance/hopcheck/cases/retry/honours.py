"""When a provider is asked again that says when to come back."""

from hopcheck import GENERATING, Failure, Findings, Operation, OutgoingRequest, Relay, Target, case, expect, reply


@case(
    "retry.honours-retry-after",
    level="SHOULD",
    on=GENERATING,
    refs=["failoverbench S01", "RFC 9110, section 10.2.3"],
    upstream={
        str(status): [reply.status(status, headers={"Retry-After": "1"}), reply.chat("Hello")] for status in (429, 503)
    },
    isolation="cooldown",
    timed=True,
)
async def honours_retry_after(target: Target, ask: Operation) -> Findings:
    """A provider that says when to come back is not asked sooner."""
    gaps_s: list[float] = []
    for script in ("429", "503"):
        answer = await ask(script=script)
        first = await target.arrival(answer.marker)
        others = (await target.seen(answer))[1:]
        gaps_s += [(other.received_ns - first.received_ns) / 1e9 for other in others if other.key == first.key]
    yield expect("seconds until the next attempt", min(gaps_s, default=1.0), at_least=0.95)


@honours_retry_after.mutant(
    killed_by="seconds until the next attempt", trips=("rate_limit.*", "retry.*", "timeout.ttfb")
)
class ComesBackAtOnce(Relay):
    """Retries follow the proxy's own clock."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return 0.02 if outgoing.attempt_on_model <= self.config.retries else None
