"""Token counts that a provider says in another place than OpenAI does."""

from collections import Counter
from typing import Any

from hopcheck import Events, Findings, Relay, Target, case, dig, edits, event_of, expect, reply

COUNTS = dict(reply.USAGE)


def running() -> Any:
    """A stream in which every chunk says how many tokens there have been until then, as vLLM's can."""
    head = {"id": "chatcmpl-running", "object": "chat.completion.chunk", "created": 1, "model": "fake-model"}
    given = COUNTS["prompt_tokens"]
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], "usage": _counts(given, number)}
        for number, text in enumerate(("Hel", "lo"), 1)
    ]
    ending = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": COUNTS}
    return reply.events(*({**head, **one} for one in (*chunks, ending)))


def _counts(given: int, written: int) -> dict[str, int]:
    return {"prompt_tokens": given, "completion_tokens": written, "total_tokens": given + written}


RUNNING = running()


@case(
    "stream.usage-on-last-content",
    level="MUST",
    refs=["litellm#36168"],
    upstream={"": reply.stream("Hel", "lo", usage_on_last_content=True), "running": RUNNING},
)
async def usage_on_last_content(target: Target) -> Findings:
    """Token counts on a stream's last chunk, or on all of them, reach the client, there or on a chunk of their own."""

    async def last(script: str) -> list[dict[str, Any]]:
        usages = (await target.chat.stream(script=script, stream_options={"include_usage": True})).usages
        return [{name: dig(usage, name) for name in COUNTS} for usage in usages][-1:]

    yield expect("counts", await last(""), equals=[COUNTS])
    yield expect("counts until then", await last("running"), equals=[COUNTS])


@usage_on_last_content.mutant(killed_by="counts")
class LooksForAChunkOfItsOwn(Relay):
    """Token counts are read from chunks without choices alone, and taken off the others."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk["choices"] and chunk.pop("usage", None))


@usage_on_last_content.mutant(killed_by="counts until then", trips=("stream.*",))
class AddsCounts(Relay):
    """Counts of several chunks are added up."""

    async def events(self, events: Events) -> Events:
        sums: Counter[str] = Counter()
        async for event in events:
            usage = dig(event.json, "usage") if dig(event.json, "choices") is not None else None
            if not isinstance(usage, dict):
                yield event
                continue
            sums.update({name: usage[name] for name in COUNTS})
            yield event_of({**event.json, "usage": {**usage, **sums}})
