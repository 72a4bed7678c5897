"""What comes after a provider's faults."""

from hopcheck import Events, Failure, Findings, OutgoingRequest, Relay, Target, case, expect, reply


@case(
    "timeout.after-alive",
    level="MUST",
    because="it asks on several operations",
    refs=["litellm#26015"],
    upstream={
        "": reply.chat("Hello"),
        "reset": reply.chat("lost", cut="reset", cut_at=-1),
        "garbage": reply.raw(200, b"\x00\xff{", "application/json"),
        "cut": reply.stream("Hel", "lo", cut_after_events=2, pace_s=0.1),
        "malformed": reply.stream("Hel", "lo", malformed_event=1),
    },
)
async def after_alive(target: Target) -> Findings:
    """After any fault of its provider, the target serves the next request."""
    after = {}
    for fault in ("reset", "garbage", "cut", "malformed"):
        await target.chat.stream(script=fault)
        after[fault] = (await target.chat.create()).status
    yield expect("status of the next request", after, equals=dict.fromkeys(after, 200))


@after_alive.mutant(killed_by="status of the next request", trips=("*",))
class DiesOfGarbage(Relay):
    """One malformed event, and the proxy answers nobody any more."""

    _dead = False

    async def broken(self, failure: Failure) -> Events:
        self._dead = failure.kind == "garbled"
        async for event in super().broken(failure):
            yield event

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if self._dead:
            raise RuntimeError("stream parser is in state ERROR")
        return outgoing
