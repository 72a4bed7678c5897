"""Retries that are declared happen."""

from hopcheck import (
    FORWARDED,
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

FAULTS = {
    "500": [reply.status(500), reply.chat("Hello")],
    **{str(status): [reply.status(status), reply.chat("Hello")] for status in (502, 503)},
    "reset": [*[reply.chat("lost", cut="reset", cut_at=-1)] * 2, reply.chat("Hello")],
}
"""Failures that pass; a connection is reset twice, as a client library may itself replace one that is dead."""


@case(
    "retry.declared",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#24320", "failoverbench S02"],
    needs=["retries"],
    isolation="cooldown",
    upstream=FAULTS,
)
async def declared(target: Target, ask: Operation) -> Findings:
    """Where retries are declared, a provider's failure that passes doesn't reach the client."""
    faults = [fault for fault in FAULTS if fault != "reset" or target.declares.retries > 1]
    answers = {fault: await ask(script=fault) for fault in faults}
    statuses = {fault: answer.status for fault, answer in answers.items()}
    yield expect("statuses", statuses, equals=dict.fromkeys(faults, 200))


@declared.mutant(killed_by="statuses", trips=("retry.*",))
class NeverRetries(Relay):
    """The number of retries is read from a setting that nobody looks at."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None


@declared.mutant(killed_by="statuses", trips=("retry.*",))
class OnlyRetriesLimits(Relay):
    """Nothing but a 429 is worth another attempt."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return await super().retry(outgoing, failure) if failure.status == 429 else None
