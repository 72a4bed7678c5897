"""How many events of a stream arrive."""

from hopcheck import (
    Events,
    Findings,
    Relay,
    Target,
    case,
    edits,
    event_of,
    expect,
    reply,
)

JOINED = ("stream.*", "tools.*", "cancel.*", "chat.reasoning-between", "sessions.parallel-calls")
"""Cases that notice deltas which were joined."""

QUICK = [f"w{number} " for number in range(12)]


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
