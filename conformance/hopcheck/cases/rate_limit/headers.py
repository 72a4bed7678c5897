"""What the answers under a limit say of it."""

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect


@case(
    "rate_limit.headers",
    level="SHOULD",
    because="the limit is used up once in a run, by chats",
    refs=["litellm#5957", "litellm#14736", "OAI rate limit headers", "draft-ietf-httpapi-ratelimit-headers"],
    needs=["rate_limit", "two_sided"],
)
async def headers(target: Target) -> Findings:
    """Answers under a limit tell it, and what is left of it, which is never negative."""
    burst = await target.burst()
    values = [burst.limit_and_rest(answer) for answer in burst.responses]
    sound = all(value is not None and value.isdecimal() for pair in values for value in pair)
    yield expect("limit and what is left", values, holds=bool(values) and sound, to="two whole numbers in every answer")
    rests = [burst.limit_and_rest(answer)[1] for answer in burst.admitted]
    left = sorted(int(rest) for rest in rests if rest is not None and rest.isdecimal())
    counted = len(left) != burst.allowed or left == list(range(burst.allowed))
    yield expect("what is left, counted down", left, holds=counted, to=f"every number below {burst.allowed}, once")


@headers.mutant(killed_by="limit and what is left")
class GoesBelowZero(Relay):
    """What is left is counted on below zero."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().limit(incoming)
        return refusal.with_header("x-ratelimit-remaining-requests", "-20") if refusal else None


@headers.mutant(killed_by="what is left, counted down")
class NeverCountsDown(Relay):
    """What is left of the limit is the whole limit, however much has been used."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        limit = response.header("x-ratelimit-limit-requests")
        admitted = limit and response.status == 200
        return response.with_header("x-ratelimit-remaining-requests", limit) if admitted else response
