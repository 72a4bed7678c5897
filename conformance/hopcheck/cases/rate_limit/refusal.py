"""The response to a request over the limit."""

import math

from hopcheck import Findings, Relay, RelayedResponse, Target, case, contract_violations, expect

NEEDS = ["rate_limit", "two_sided"]


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
