"""When the events of streams with typed events arrive."""

from hopcheck import Events, Findings, Operation, Relay, Stream, Target, case, edits, expect, reply

LIMIT_MS = 120
"""An event that took no longer than this on its way was not held."""

UNHURRIED_S = 1.2
"""Between two events of the second look: an event that was held until the next came took as long."""

WORDS = [f"w{number} " for number in range(4)]


def lags_ms(stream: Stream) -> list[int]:
    """How long after it was sent each piece of text arrived, in ms: each says when it left."""
    lags = []
    for timed in stream.events:
        _, colon, rest = edits.text_of(timed.event.json).partition(":")
        if colon:
            lags.append(round((timed.at_ns - int(rest.partition(":")[0])) / 1e6))
    return lags


@case(
    "stream.typed-flush",
    level="MUST",
    on=("messages.stream", "responses.stream"),
    because="chat streams have `stream.flush`",
    refs=["litellm#29557", "Anthropic API streaming", "OAI Responses streaming"],
    isolation="exclusive",
    upstream={
        "": reply.stream(*WORDS, pace_s=0.15, stamps=True),
        "unhurried": reply.stream(*WORDS, pace_s=UNHURRIED_S, stamps=True),
    },
)
async def typed_flush(target: Target, ask: Operation) -> Findings:
    """Each event of a stream of typed events is passed on when it comes, and not held until there are more.

    Where events come late, the provider's own pace is made much slower: each must still come before the next is sent.
    """
    lags: list[int] = []
    for script, limit_ms in (("", LIMIT_MS), ("", LIMIT_MS), ("unhurried", round(UNHURRIED_S * 800))):
        lags = lags_ms(await ask.stream(script=script))
        prompt = len(lags) == len(WORDS) and max(lags) <= limit_ms
        if prompt:
            break
    yield expect("ms on the way, piece by piece", lags, holds=prompt, to=f"four, each at most {limit_ms}")


@typed_flush.mutant(killed_by="ms on the way, piece by piece", trips=("cancel.*", "messages.*", "responses.*"))
class Gathers(Relay):
    """Events wait in a buffer until it is full or the stream ends."""

    async def events(self, events: Events) -> Events:
        for event in [event async for event in events]:
            yield event
