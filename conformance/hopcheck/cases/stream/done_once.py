"""A chat stream ends once, and cleanly."""

from hopcheck import DONE, Events, Findings, Relay, Target, case, expect, reply


@case("stream.done-once", level="MUST", refs=["OAI streaming", "tempoxyz/mpp#975"], upstream=reply.stream("Hel", "lo"))
async def done_once(target: Target) -> Findings:
    """The stream's last event is `[DONE]`, sent exactly once, and the answer ends with it."""
    stream = await target.chat.stream()
    yield expect("status", stream.status, equals=200)
    yield expect("one [DONE]", stream.data.count("[DONE]"), equals=1)
    yield expect("[DONE] is last", stream.data[-1:], equals=["[DONE]"])
    yield expect("ended as framed", stream.ended, equals="complete")


@done_once.counterexample(breaks="one [DONE]")
class SaysDoneTwice(Relay):
    """The end of the stream is announced twice."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield DONE
