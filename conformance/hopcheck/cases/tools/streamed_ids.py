"""A streamed call's id and name."""

import itertools
from typing import Any

from hopcheck import Events, Findings, Relay, Target, case, dig, expect, function_tools, reply
from hopcheck.cases.tools.calls import LONG_ID
from hopcheck.cases.tools.pieces import edit_parts, parts


@case(
    "tools.stream-id-first",
    level="MUST",
    because="it is about the deltas of streamed calls",
    needs=["call_ids"],
    on="chat.stream",
    refs=["litellm#11407", "litellm#20480", "litellm#33223", "vllm#18412"],
    upstream=reply.stream(
        tools=[reply.call("weather", '{"city":', '"Oslo"}'), reply.call("clock", '{"zone":', '"CET"}', id=LONG_ID)]
    ),
)
async def stream_id_first(target: Target) -> Findings:
    """The first streamed piece of a call has its id and name; no later piece of it has another id, or repeats them."""
    by_index: dict[str, list[list[Any]]] = {}
    for part in parts(await target.chat.stream(tools=function_tools("weather", "clock"))):
        by_index.setdefault(str(dig(part, "index")), []).append([dig(part, "id"), dig(part, "function", "name")])
    first = [pieces[0] for pieces in by_index.values()]
    yield expect("first pieces", first, equals=[["call_hop1", "weather"], [LONG_ID, "clock"]])
    later = [[piece, pieces[0]] for pieces in by_index.values() for piece in pieces[1:]]
    yield expect("other ids later", [new[0] for new, old in later if new[0] not in (None, "", old[0])], equals=[])
    # The official client's helper joins the strings of a call's pieces, so a string that is sent twice is doubled.
    again = [word for new, old in later for word in new if word and word in old]
    yield expect("repeated in later pieces", again, equals=[], level="SHOULD")


@stream_id_first.mutant(killed_by="first pieces", trips=("tools.*", "sessions.parallel-calls", "stream.n-choices"))
class DropsTheName(Relay):
    """A call's first piece is sent without the function, since it has no arguments yet."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edit_parts(event, lambda part: part if dig(part, "function", "arguments") else part.pop("function"))


@stream_id_first.mutant(killed_by="other ids later")
class FreshIdForEachPiece(Relay):
    """Pieces that come without an id get a fresh one each."""

    async def events(self, events: Events) -> Events:
        fresh = itertools.count()
        async for event in events:
            yield edit_parts(event, lambda part: part.setdefault("id", f"call_{next(fresh)}"))


@stream_id_first.mutant(killed_by="repeated in later pieces")
class RepeatsIds(Relay):
    """Every piece of a call carries its id."""

    async def events(self, events: Events) -> Events:
        ids: dict[int, Any] = {}
        async for event in events:
            yield edit_parts(event, lambda part: part.update(id=ids.setdefault(part["index"], part.get("id"))))


@stream_id_first.mutant(killed_by="first pieces")
class ShortensStreamedIds(Relay):
    """A streamed id has at most 40 characters."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edit_parts(event, lambda part: part.get("id") and part.update(id=part["id"][:40]))
