"""The response to a request over the limit."""

import math
import re

import hopcheck
from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, contract_violations, expect

NEEDS = ["rate_limit", "two_sided"]

IETF = ("ratelimit-limit", "ratelimit-remaining")
"""The headers of draft-ietf-httpapi-ratelimit-headers, up to its seventh version."""


@case(
    "rate_limit.429-shape",
    level="MUST",
    because="the limit is used up once in a run, by chats",
    refs=["litellm#4314", "nvcf#1690"],
    needs=[*NEEDS, "parses"],
)
async def shape(target: Target) -> Findings:
    """A request over the limit is answered with 429 and an error in OpenAI's shape."""
    denied = (await target.burst()).denied
    yield expect("statuses of the refusals", sorted({str(answer.status) for answer in denied}), equals=["429"])
    error = denied[0].json if denied else None
    yield expect("what is wrong with the error", contract_violations("Error", error), equals=[])


class Refuses(Relay):
    """Base of those that word a refusal wrongly."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return self.reworded(response) if response.status == 429 and response.origin == "relay" else response

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        """The refusal as this relay words it."""
        return response


@shape.mutant(killed_by="statuses of the refusals", trips=("rate_limit.*",))
class SaysUnavailable(Refuses):
    """A request over the limit is refused with 503."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        response.status = 503
        return response


@shape.mutant(killed_by="what is wrong with the error", trips=("rate_limit.*", "errors.*"))
class SaysDetail(Refuses):
    """The refusal has the web framework's shape."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"detail": "Too Many Requests"})


@case(
    "rate_limit.retry-after",
    level="SHOULD",
    because="the limit is used up once in a run, by chats",
    refs=["RFC 6585, section 4", "OAI TooManyRequests"],
    needs=NEEDS,
)
async def retry_after(target: Target) -> Findings:
    """The refusal of a request over the limit has a Retry-After of at least 1 second, and no more than the window."""
    burst = await target.burst()
    denied = burst.denied
    waits_s = [answer.retry_after_s for answer in denied]
    sound = bool(waits_s) and all(wait_s is not None and math.ceil(wait_s) >= 1 for wait_s in waits_s)
    values = [answer.header("retry-after") for answer in denied]
    yield expect("Retry-After", values, holds=sound, to="whole seconds, at least 1, or a later date, in every refusal")
    longest_s = max((wait_s for wait_s in waits_s if wait_s is not None), default=0.0)
    yield expect("longest wait, in seconds", math.floor(longest_s), at_most=max(1, math.ceil(burst.window_s)))


@retry_after.mutant(killed_by="Retry-After")
class SaysNoTime(Refuses):
    """The refusal doesn't say when to come back."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Retry-After", None)


@retry_after.mutant(killed_by="Retry-After", trips=("rate_limit.recovers",))
class SaysZero(Refuses):
    """The rest of the window is rounded down to no wait at all."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Retry-After", "0")


@retry_after.mutant(killed_by="longest wait, in seconds", trips=("rate_limit.recovers",))
class SaysAnHour(Refuses):
    """Whatever the window is, clients are sent away for an hour."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Retry-After", "3600")


@case(
    "rate_limit.headers",
    level="SHOULD",
    because="the limit is used up once in a run, by chats",
    refs=["litellm#5957", "litellm#14736", "OAI rate limit headers", "draft-ietf-httpapi-ratelimit-headers"],
    needs=NEEDS,
)
async def headers(target: Target) -> Findings:
    """Answers under a limit tell it, and what is left of it, which is never negative."""
    burst = await target.burst()
    values = [limit_and_rest(answer) for answer in burst.responses]
    sound = all(value is not None and value.isdecimal() for pair in values for value in pair)
    yield expect("limit and what is left", values, holds=bool(values) and sound, to="two whole numbers in every answer")
    left = sorted(int(rest) for _, rest in map(limit_and_rest, burst.admitted) if rest is not None and rest.isdecimal())
    counted = not sound or left == list(range(burst.allowed))[-len(left) :] or len(left) != burst.allowed
    yield expect("what is left, counted down", left, holds=counted, to=f"every number below {burst.allowed}, once")


def limit_and_rest(answer: hopcheck.Response) -> tuple[str | None, str | None]:
    """A limit and what is left of it: in OpenAI's headers, or else in those of the IETF's drafts, old or new."""
    for names in (("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"), IETF):
        if answer.header(names[0]) is not None:
            return answer.header(names[0]), answer.header(names[1])
    return _parameter(answer.header("ratelimit-policy"), "q"), _parameter(answer.header("ratelimit"), "r")


def _parameter(value: str | None, name: str) -> str | None:
    """A parameter of a structured header's first item."""
    found = re.search(rf";\s*{name}=(-?\d+)", value or "")
    return found and found[1]


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
