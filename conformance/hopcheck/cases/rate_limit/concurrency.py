"""A limit of requests in flight."""

import asyncio

from hopcheck import (
    Events,
    Failure,
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    incoming,
    reply,
)


@case(
    "rate_limit.concurrency-release",
    level="MUST",
    because="the limit is used up once in a run, by chats",
    refs=["litellm#27955", "litellm#30020", "litellm#39309"],
    upstream={
        "": reply.chat("Hello"),
        "held": reply.hang("events", after=2),
        "fails": reply.status(400),
        "crashes": reply.status(500),
        "cut": reply.stream("Hel", "lo", cut_after_events=2, pace_s=0.1),
    },
    needs=["concurrency_limit"],
    isolation="cooldown",
)
async def concurrency_release(target: Target) -> Findings:
    """A full concurrency limit refuses one more request, and every end of a request makes room: success, error, cut."""
    limit = target.declares.concurrency_limit
    assert limit is not None
    yield expect("status of one more", await _one_more(target, limit.model, limit.requests), equals=429)
    after = {}
    for script in ("", "fails", "crashes", "cut"):
        for _ in range(limit.requests):
            await target.chat.stream(script=script, model=limit.model)
        after[script or "success"] = (await target.chat.create(model=limit.model)).status
    yield expect("status afterwards", after, equals=dict.fromkeys(after, 200))
    # An end that made room twice would let more in than before.
    yield expect("status of one more afterwards", await _one_more(target, limit.model, limit.requests), equals=429)


async def _one_more(target: Target, model: str, requests: int) -> int | None:
    """The status of a request while as many streams as the limit allows are open; then they end."""
    held = [await target.chat.open(script="held", model=model) for _ in range(requests)]
    await asyncio.gather(*(live.event() for live in held))
    one_more = await target.chat.create(model=model)
    for live in held:
        await target.release(live.response.marker)
        await live.rest()
    return one_more.status


@concurrency_release.mutant(killed_by="status of one more", trips=("rate_limit.*", "cancel.*"))
class Unlimited(Relay):
    """Requests in flight are not counted."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().limit(incoming)
        self.limits.in_flight[incoming.model] = 0
        return refusal

    async def release(self, incoming: IncomingRequest) -> None:
        self.limits.in_flight[incoming.model] = 0


@concurrency_release.mutant(killed_by="status afterwards", trips=("rate_limit.*", "cancel.*"))
class KeepsSlotsOfErrors(Relay):
    """A failed request never gives its slot back."""

    _failed = False

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        self._failed = self._failed or (response.status == 400 and response.incoming.model == "narrow-model")
        return response

    async def release(self, incoming: IncomingRequest) -> None:
        if not (self._failed and incoming.model == "narrow-model"):
            await super().release(incoming)
        self._failed = False


@concurrency_release.mutant(killed_by="status of one more afterwards", trips=("rate_limit.*", "cancel.*"))
class ReleasesCutsTwice(Relay):
    """A stream that breaks makes room twice."""

    async def broken(self, failure: Failure) -> Events:
        self.limits.in_flight[incoming().model] -= 1
        async for event in super().broken(failure):
            yield event
