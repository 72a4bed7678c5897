"""One client's limit, next to another's."""

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect


@case(
    "rate_limit.isolation",
    level="MUST",
    because="the limit is used up once in a run, by chats",
    refs=["OAI rate limits are per project and key"],
    needs=["rate_limit", "two_sided", "second_key"],
)
async def isolation(target: Target) -> Findings:
    """A client that has used up its limit leaves another client's untouched."""
    burst = await target.burst()
    yield expect("status for the other client", burst.other_key.status if burst.other_key else None, equals=200)


@isolation.mutant(killed_by="status for the other client", trips=("rate_limit.*",))
class OneLimitForAll(Relay):
    """Every client counts against the same window."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.model in self.config.rate_limits:
            requests, window_s = self.config.rate_limits[incoming.model]
            admission = self.limits.admit("everybody", incoming.model, requests, window_s)
            if not admission.admitted:
                return self.limited(incoming, admission.headers())
            self.limits.in_flight[incoming.model] += 1
            return None
        return await super().limit(incoming)
