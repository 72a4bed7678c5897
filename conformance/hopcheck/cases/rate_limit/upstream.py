"""The provider's own limits, as the client gets to know of them."""

from hopcheck import (
    FORWARDED,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    reply,
)


@case(
    "rate_limit.upstream-retry-after",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#21553", "aisix#144", "litellm-rs#833", "otari#978"],
    upstream=reply.status(429, {"type": "rate_limit_error"}, headers={"Retry-After": "1"}),
    isolation="cooldown",
)
async def upstream_retry_after(target: Target, ask: Operation) -> Findings:
    """A provider's 429 reaches the client as one, with its Retry-After under that name."""
    answer = await ask()
    yield expect("status", answer.status, equals=429)
    value, wait_s = answer.header("retry-after"), answer.retry_after_s
    is_date = value is not None and not value.isdecimal()
    same = value == "1" or (is_date and wait_s is not None and 0 <= wait_s <= 2)
    # SHOULD: clients wait by it, and no document makes a gateway pass it on.
    yield expect("Retry-After", value, holds=same, to="1, or the date in one second", level="SHOULD")


@upstream_retry_after.mutant(
    killed_by="Retry-After",
    trips=("retry.*", "llm_proxy.outage-refused", "errors.retry-after", "messages.limit-headers"),
)
class KeepsRetryAfter(Relay):
    """Only headers that the proxy knows of itself are passed on."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return (await super().failed(incoming, failure)).with_header("Retry-After", None)


@upstream_retry_after.mutant(
    killed_by="status", trips=("errors.*", "retry.*", "messages.error-types", "responses.provider-errors")
)
class SaysBadGateway(Relay):
    """Whatever a provider refuses becomes 502."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 502 if response.status == 429 else response.status
        return response
