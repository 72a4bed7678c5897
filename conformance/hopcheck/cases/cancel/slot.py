"""A client that hangs up gives its place back."""

import asyncio

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect, reply


@case(
    "cancel.slot-release",
    level="MUST",
    because="it fills a limit with streams",
    refs=["litellm#27955"],
    upstream={
        "": reply.stream("Hello"),
        "held": reply.hang("events", after=2),
        "slow": reply.chat("Hello", delay_s=0.3),
    },
    needs=["concurrency_limit"],
)
async def slot_release(target: Target) -> Findings:
    """After every client that filled a concurrency limit has hung up, the next request is served."""
    limit = target.declares.concurrency_limit
    assert limit is not None
    held = [await target.chat.open(script="held", model=limit.model) for _ in range(limit.requests)]
    begun = await asyncio.gather(*(live.event() for live in held))
    yield expect(
        "requests within the limit that began", sum(event is not None for event in begun), equals=limit.requests
    )
    for live in held:
        live.hang_up()
        await target.seen(live.response.marker)
    answer = await target.chat.create(model=limit.model)
    yield expect("status of the next", answer.status, equals=200)
    full = await asyncio.gather(*(target.chat.create(script="slow", model=limit.model) for _ in range(limit.requests)))
    yield expect("statuses of as many as the limit", [one.status for one in full], equals=[200] * limit.requests)


@slot_release.mutant(killed_by="status of the next", trips=("rate_limit.*", "cancel.*"))
class KeepsSlots(Relay):
    """A slot is given back only by answers that reached their end."""

    async def release(self, incoming: IncomingRequest) -> None:
        if not incoming.exchange.gone.is_set():
            await super().release(incoming)


@slot_release.mutant(killed_by="requests within the limit that began", trips=("rate_limit.*",))
class OneAtATime(Relay):
    """Where two are allowed, only one is served at a time."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.model in self.config.concurrency_limits and self.limits.in_flight[incoming.model]:
            return self.limited(incoming, (("Retry-After", "1"),))
        return await super().limit(incoming)


@slot_release.mutant(killed_by="statuses of as many as the limit")
class GivesBackOnePlace(Relay):
    """Of all the places that hang-ups left, one is given back."""

    async def release(self, incoming: IncomingRequest) -> None:
        await super().release(incoming)
        task = asyncio.current_task()
        if task and task.cancelling():
            self.limits.in_flight[incoming.model] = max(1, self.limits.in_flight[incoming.model])
