"""Token counts that a provider says in another place than OpenAI does."""

from hopcheck import Events, Findings, Relay, Target, case, dig, edits, expect, reply

COUNTS = dict(reply.USAGE)


@case(
    "stream.usage-on-last-content",
    level="MUST",
    refs=["litellm#36168"],
    upstream=reply.stream("Hel", "lo", usage_on_last_content=True),
)
async def usage_on_last_content(target: Target) -> Findings:
    """Token counts that come on the chunk with the finish reason reach the client, there or on a chunk of their own."""
    usages = (await target.chat.stream(stream_options={"include_usage": True})).usages
    yield expect("counts", [{name: dig(usage, name) for name in COUNTS} for usage in usages][-1:], equals=[COUNTS])


@usage_on_last_content.mutant(killed_by="counts")
class LooksForAChunkOfItsOwn(Relay):
    """Token counts are read from chunks without choices alone, and taken off the others."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk["choices"] and chunk.pop("usage", None))
