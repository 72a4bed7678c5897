"""Providers that are silent or slow."""

import time

from hopcheck import (
    GENERATING,
    STREAMED,
    Events,
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
    incoming,
    reply,
)

SLACK_S = 5.0
"""What a proxy may add to its declared timeouts for everything else."""

WORDS = [f"{number} " for number in range(12)]


@case(
    "timeout.ttfb",
    level="MUST",
    on=GENERATING,
    refs=["litellm#38358", "litellm#19909", "Bifrost#7104"],
    upstream=reply.hang("headers"),
    needs=["timeout_s"],
    isolation="cooldown",
    timed=True,
)
async def silent(target: Target, ask: Operation) -> Findings:
    """A silent provider is given up within the declared timeout, with an error whose status should name the timeout."""
    declared = target.declares
    assert declared.timeout_s is not None
    answer = await ask(model=target.timed_model)
    yield expect("status", answer.status, one_of=(408, *range(500, 600)), to="408, or a server error")
    # SHOULD: official clients take all of these for failures that may pass.
    yield expect("status of a timeout", answer.status, one_of=[408, 504], level="SHOULD")
    bound_s = (1 + declared.timeout_retries) * declared.timeout_s + SLACK_S
    yield expect("seconds", round(answer.elapsed_s, 2), at_most=bound_s)
    yield expect("attempts", len(await target.seen(answer)), at_most=1 + declared.timeout_retries)


@silent.mutant(killed_by="status", trips=("retry.*", "stream.*", "errors.*"))
class SaysBadRequest(Relay):
    """What a silent provider doesn't answer was a bad request."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 400 if failure.kind == "timeout" else response.status
        return response


@silent.mutant(killed_by="status of a timeout", trips=("retry.*", "stream.*", "errors.*"))
class SaysInternalError(Relay):
    """A timeout is an exception like any other."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 500 if failure.kind == "timeout" else response.status
        return response


@silent.mutant(killed_by="seconds", trips=("stream.*", "retry.*"))
class TriesForLong(Relay):
    """A timeout is tried again and again, a dozen times over."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.kind != "timeout":
            return await super().retry(outgoing, failure)
        return 0.0 if outgoing.attempt_on_model < 12 else None


@case(
    "timeout.stream-idle-not-total",
    level="SHOULD",
    on=STREAMED,
    because="it is about a stream that has begun",
    refs=["litellm#19184"],
    upstream=reply.stream(*WORDS, pace_s=0.1),
    needs=["timeout_s"],
    isolation="paced",
)
async def idle_not_total(target: Target, ask: Operation) -> Findings:
    """A stream that goes on for longer than the timeout is not cut while its events keep coming."""
    stream = await ask(model=target.timed_model)
    yield expect("text", stream.content, equals="".join(WORDS))


@idle_not_total.mutant(killed_by="text", trips=("stream.*",))
class CutsLongStreams(Relay):
    """The timeout counts from the beginning of the request."""

    async def events(self, events: Events) -> Events:
        limit_s = self.config.timeouts.get(incoming().model, self.config.timeout_s)
        begun_s = time.monotonic()
        async for event in events:
            if time.monotonic() - begun_s > limit_s:
                async for event in self.broken(Failure("timeout", "the request took too long")):
                    yield event
                return
            yield event


@silent.mutant(killed_by="attempts")
class AsksSilentProvidersTwice(Relay):
    """A provider that is silent is asked once more than is declared."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.kind == "timeout":
            return 0.0 if outgoing.attempt_on_model == 1 else None
        return await super().retry(outgoing, failure)
