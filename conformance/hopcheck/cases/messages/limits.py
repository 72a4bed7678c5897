"""How the provider's limits stand."""

from hopcheck import (
    ON_MESSAGES,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    reply,
)

LIMITS = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-input-tokens-remaining": "12000",
    "anthropic-ratelimit-requests-reset": "2026-12-01T00:00:00Z",
}


@case(
    "messages.limit-headers",
    level="SHOULD",
    on=ON_MESSAGES,
    refs=["Anthropic API rate limits: response headers", "litellm: no header of the provider's arrives"],
    isolation="cooldown",
    upstream={
        "": reply.chat("Hi", headers=tuple(LIMITS.items())),
        "throttled": reply.status(429, headers={**LIMITS, "Retry-After": "2"}),
    },
)
async def limit_headers(target: Target, ask: Operation) -> Findings:
    """How the provider's limits stand reaches the client with a success, and when to come back with a refusal."""
    answer, throttled = await ask(), await ask(script="throttled")
    yield expect("headers of a success", {name: answer.header(name) for name in LIMITS}, equals=LIMITS)
    yield expect("Retry-After", throttled.retry_after_s, holds=1 <= (throttled.retry_after_s or 0) <= 3, to="2 s")


@limit_headers.mutant(killed_by="headers of a success")
class KeepsLimitsSecret(Relay):
    """Headers of the provider's end at the gateway."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [pair for pair in await super().kept(headers) if not pair[0].lower().startswith("anthropic-")]


@limit_headers.mutant(killed_by="Retry-After", trips=("errors.*", "rate_limit.*"))
class SaysNotWhen(Relay):
    """A refusal names no time to come back."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Retry-After", None)
