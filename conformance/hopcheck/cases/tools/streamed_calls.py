"""Which call a streamed piece belongs to."""

from hopcheck import Events, Findings, Relay, Target, case, dig, expect, function_tools, reply
from hopcheck.cases.tools.pieces import edit_parts, parts

TWO = reply.stream(
    tools=[reply.call("weather", '{"city":', '"Oslo"}'), reply.call("clock", '{"zone":', '"CET"}', id="call_hop2")]
)


@case(
    "tools.stream-index",
    level="MUST",
    because="it is about the deltas of streamed calls",
    on="chat.stream",
    refs=["OAI ChatCompletionMessageToolCallChunk", "ollama#7881", "openai-python#2806"],
    upstream=TWO,
)
async def stream_index(target: Target) -> Findings:
    """Every streamed piece of a tool call has an integer index, and each call has an index of its own."""
    found = parts(await target.chat.stream(tools=function_tools("weather", "clock")))
    indexes = [dig(part, "index") for part in found]
    whole = bool(indexes) and all(type(index) is int for index in indexes)
    yield expect("an index in every piece", indexes, holds=whole, to="an integer for each piece")
    opened = [[dig(part, "index"), dig(part, "function", "name")] for part in found if dig(part, "function", "name")]
    yield expect("calls by index", opened, equals=[[0, "weather"], [1, "clock"]])


@stream_index.mutant(
    killed_by="an index in every piece", trips=("tools.*", "sessions.parallel-calls", "stream.n-choices")
)
class IndexOnce(Relay):
    """Only the first piece of a call has its index."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edit_parts(event, lambda part: part if part.get("id") else part.pop("index"))


@stream_index.mutant(killed_by="calls by index", trips=("tools.*", "sessions.parallel-calls"))
class AlwaysIndexZero(Relay):
    """Every call has the index 0, so clients glue them together."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edit_parts(event, lambda part: part.update(index=0))
