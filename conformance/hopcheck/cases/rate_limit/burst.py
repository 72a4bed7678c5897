"""A burst over a declared limit: how many requests pass, and how the others are refused."""

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect

NEEDS = ["rate_limit", "two_sided"]


@case(
    "rate_limit.exact",
    level="MUST",
    because="the limit is used up once in a run, by chats",
    refs=["litellm#6938", "litellm#21957"],
    needs=NEEDS,
)
async def exact(target: Target) -> Findings:
    """Of a burst over the declared limit, exactly as many requests pass as the limit allows."""
    burst = await target.burst()
    yield expect("requests that passed", len(burst.admitted), equals=burst.allowed)


@exact.mutant(killed_by="requests that passed", trips=("rate_limit.*",))
class CountsFromZero(Relay):
    """The request that is one too many passes, too."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.model not in self.config.rate_limits:
            return await super().limit(incoming)
        requests, window_s = self.config.rate_limits[incoming.model]
        admission = self.limits.admit(incoming.key, incoming.model, requests + 1, window_s)
        if not admission.admitted:
            return self.limited(incoming, admission.headers())
        self.limits.in_flight[incoming.model] += 1
        return None


@exact.mutant(killed_by="declared-limit", trips=("rate_limit.*",))
class DoesNotLimit(Relay):
    """The limit is a hint for routing, and nothing is refused."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self.limits.in_flight[incoming.model] += 1
        return None


@case(
    "rate_limit.rejected-not-upstream",
    level="MUST",
    because="the limit is used up once in a run, by chats",
    refs=["RFC 6585, section 4"],
    needs=NEEDS,
)
async def rejected_not_upstream(target: Target) -> Findings:
    """A request over the limit never reaches the provider."""
    burst = await target.burst()
    reached = [burst.reached[answer.marker] for answer in burst.denied]
    yield expect("their attempts at the provider", sum(reached), equals=0)


@rejected_not_upstream.mutant(killed_by="their attempts at the provider", trips=("rate_limit.*",))
class LimitsOnTheWayBack(Relay):
    """The limit is looked at when the answer is there, and paid for."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self.limits.in_flight[incoming.model] += 1
        return None

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status != 200 or response.incoming.model not in self.config.rate_limits:
            return response
        requests, window_s = self.config.rate_limits[response.incoming.model]
        admission = self.limits.admit(response.incoming.key, response.incoming.model, requests, window_s)
        return response if admission.admitted else self.limited(response.incoming, admission.headers())


@case(
    "rate_limit.recovers",
    level="MUST",
    because="the limit is used up once in a run, by chats",
    refs=["RFC 9110, section 10.2.3"],
    needs=NEEDS,
    isolation="recovery",
)
async def recovers(target: Target) -> Findings:
    """Once the window has passed, requests pass again; a Retry-After tells the truth about when."""
    burst = await target.burst()
    yield expect("status after the wait", await burst.status_after(target), equals=200)


@recovers.mutant(killed_by="status after the wait", trips=("rate_limit.*",))
class NeverForgets(Relay):
    """The count is never set back."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.model in self.config.rate_limits:
            requests, _ = self.config.rate_limits[incoming.model]
            admission = self.limits.admit(incoming.key, incoming.model, requests, 3600.0)
            if not admission.admitted:
                return self.limited(incoming, (("Retry-After", "1"),))
            self.limits.in_flight[incoming.model] += 1
            return None
        return await super().limit(incoming)
