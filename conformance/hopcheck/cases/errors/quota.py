"""Why a limit was reached."""

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
    dig,
    expect,
    reply,
)

QUOTA = {
    "message": "You exceeded your current quota, please check your plan and billing details.",
    "type": "insufficient_quota",
    "code": "insufficient_quota",
}


@case(
    "errors.quota",
    level="SHOULD",
    on=FORWARDED,
    refs=["OAI error codes: insufficient_quota", "litellm#6132"],
    isolation="cooldown",
    upstream=reply.status(429, QUOTA),
)
async def quota(target: Target, ask: Operation) -> Findings:
    """A quota that is used up differs from a rate limit: waiting doesn't help."""
    response = await ask()
    named = [dig(response.error, "code"), dig(response.error, "type")]
    shown = "insufficient_quota" in named or "quota" in str(dig(response.error, "message"))
    yield expect("error", response.error, holds=shown, to="insufficient_quota as its code or type, or in its message")


@quota.mutant(
    killed_by="error", trips=("errors.*", "rate_limit.*", "messages.error-types", "responses.provider-errors")
)
class EveryLimitIsARate(Relay):
    """Whatever comes with a 429 is a rate limit."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.status != 429:
            return response
        error = {**response.json["error"], "message": "Rate limit reached.", "type": "rate_limit_error", "code": None}
        return response.with_json({"error": error})
