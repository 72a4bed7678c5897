"""When to come back."""

from email.utils import formatdate

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

WAIT_S = 2
"""Seconds that the provider asks for: a gateway that retries may wait so long between two attempts."""

HOURS_S = 5 * 3600
"""Until a quota is there again."""


@case(
    "errors.retry-after",
    level="SHOULD",
    on=FORWARDED,
    needs=["parses"],
    refs=["RFC 9110 10.2.3", "litellm#21553"],
    isolation="cooldown",
    upstream={
        "503": reply.status(503, headers={"Retry-After": str(WAIT_S)}),
        "429-hours": reply.status(429, headers={"Retry-After": str(HOURS_S)}),
        "429-date": reply.status(429, headers={"Retry-After": formatdate(4_102_444_800, usegmt=True)}),
    },
)
async def retry_after(target: Target, ask: Operation) -> Findings:
    """A provider's Retry-After reaches the client with a 503 as with a 429, and also where it is a date."""
    unavailable = await ask(script="503")
    value, wait_s = unavailable.header("retry-after"), unavailable.retry_after_s
    near = wait_s is not None and WAIT_S - 1 <= wait_s <= WAIT_S + 1
    yield expect("of a 503", value, holds=near, to=f"{WAIT_S}, or the date in that many seconds")
    asked = await ask(script="429-hours")
    near = asked.retry_after_s is not None and abs(asked.retry_after_s - HOURS_S) < 60
    yield expect("hours of a 429", asked.header("retry-after"), holds=near, to=f"{HOURS_S}, or the date by then")
    limited = await ask(script="429-date")
    wait_s = limited.retry_after_s
    far = wait_s is not None and wait_s > 24 * 3600
    yield expect(
        "a date of a 429", limited.header("retry-after"), holds=far, to="the provider's date, or as long in seconds"
    )


class Drops(Relay):
    """A provider's Retry-After is lost in some of its errors."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return response.with_header("Retry-After", None) if self.drops(response) else response

    def drops(self, response: RelayedResponse) -> bool:
        """Whether it is lost in this one."""
        return False


@retry_after.mutant(killed_by="hours of a 429")
class WaitsAnHourAtMost(Drops):
    """More than an hour is taken for a mistake."""

    def drops(self, response: RelayedResponse) -> bool:
        asked = response.header("retry-after") or ""
        return asked.isdigit() and int(asked) > 3600


@retry_after.mutant(killed_by="of a 503", trips=("rate_limit.*", "retry.*"))
class OnlyWithLimits(Drops):
    """Nothing but a limit says when to come back."""

    def drops(self, response: RelayedResponse) -> bool:
        return response.status == 503


@retry_after.mutant(killed_by="a date of a 429", trips=("rate_limit.*",))
class OnlySeconds(Drops):
    """A Retry-After that is no number is dropped."""

    def drops(self, response: RelayedResponse) -> bool:
        return not (response.header("retry-after") or "0").isdecimal()
