"""When the events of a stream arrive, and how many."""

from hopcheck import Events, Findings, Relay, Stream, Target, case, edits, event_of, expect, reply

LIMIT_MS = 120
"""An event that took no longer than this on its way was not held."""

UNHURRIED_S = 1.2
"""Between two events of the second look: an event that was held until the next came took as long."""

SLOW = [f"w{number} " for number in range(5)]
JOINED = ("stream.flush", "stream.logprobs", "stream.n-choices", "tools.text-and-call")
"""Cases that notice deltas which were joined."""

QUICK = [f"w{number} " for number in range(12)]


def lags_ms(stream: Stream, sent: list[tuple[int, int]], leading: int) -> list[int]:
    """How long after it was sent each word of `SLOW` arrived, in ms; shorter than that if some never came.

    Args:
        stream: What came.
        sent: When the upstream wrote which event: what leads, each word, and what follows.
        leading: How many events come before the first word.
    """
    received = ""
    arrived: list[int] = []
    for timed in stream.events:
        received += edits.text_of(edits.chunk_of(timed.event) or {})
        while len(arrived) < min(len(SLOW), len(received) // len(SLOW[0])):
            arrived.append(timed.at_ns)
    return [round((at - out) / 1e6) for at, (out, _) in zip(arrived, sent[leading:], strict=False)]


@case(
    "stream.flush",
    level="MUST",
    refs=["dstack#4269", "litellm#29557", "koine#31", "maxx#550"],
    isolation="exclusive",
    upstream={"": reply.stream(*SLOW, pace_s=0.15), "unhurried": reply.stream(*SLOW, pace_s=UNHURRIED_S)},
)
async def flush(target: Target) -> Findings:
    """Each event of a stream is passed on when it comes, and not held until there are more.

    A target that takes a while for each event is slow, and holds none: so where events came late, the provider's own
    pace is made much slower than that, and each must still come before the next one was sent.
    """
    lags: list[int] = []
    for script, limit_ms in (("", LIMIT_MS), ("", LIMIT_MS), ("unhurried", round(UNHURRIED_S * 800))):
        stream = await target.chat.stream(script=script)
        lags = lags_ms(stream, (await target.forwarded(stream)).sent, target.leading_events)
        prompt = len(lags) == len(SLOW) and max(lags) <= limit_ms
        if prompt:
            break
    yield expect("ms on the way, word by word", lags, holds=prompt, to=f"five, each at most {limit_ms}")


@flush.mutant(
    killed_by="ms on the way, word by word", trips=("http.accept-encoding-sse", "resources.pool", "cancel.slot-release")
)
class Gathers(Relay):
    """Events wait in a buffer until it is full or the stream ends."""

    async def events(self, events: Events) -> Events:
        for event in [event async for event in events]:
            yield event


@case(
    "stream.no-coalesce",
    level="SHOULD",
    refs=["litellm#38926", "llm-gateway-bench"],
    isolation="exclusive",
    upstream=reply.stream(*QUICK, pace_s=0.01),
)
async def no_coalesce(target: Target) -> Findings:
    """The provider's deltas are passed on one by one, and not joined to fewer: of twelve, nine arrive at least."""
    deltas = (await target.chat.stream()).deltas()
    yield expect("deltas with text", sum(bool(delta.get("content")) for delta in deltas), at_least=9)


@no_coalesce.mutant(killed_by="deltas with text", trips=(*JOINED, "http.accept-encoding-sse"))
class JoinsDeltas(Relay):
    """Deltas are gathered to sixteen characters, as that is cheaper to send."""

    async def events(self, events: Events) -> Events:
        kept = ""
        async for event in events:
            chunk = edits.chunk_of(event)
            kept += edits.text_of(chunk) if chunk else ""
            if chunk and kept and len(kept) < 16 and not edits.finishes(chunk):
                continue
            if chunk and kept:
                chunk["choices"][0]["delta"]["content"], kept = kept, ""
            yield event_of(chunk) if chunk else event
