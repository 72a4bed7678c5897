"""Ids within a stream."""

from collections import Counter
from typing import Any

from hopcheck import Events, Findings, Operation, Relay, Target, case, dig, edits, expect, function_tools, items, reply
from hopcheck.cases.responses.written import output_of


@case(
    "responses.same-ids",
    level="MUST",
    on="responses.stream",
    refs=["OAI Responses streaming: item_id", "openai-python: items are found by their place"],
    upstream=reply.chat("So:", reasoning=("Hm.",), tools=(reply.call("clock", "{}"),)),
)
async def same_ids(target: Target, ask: Operation) -> Findings:
    """The response and each of its items have one id throughout their stream, in their final form as well."""
    stream = await ask.stream(tools=function_tools("clock"))
    responses = {str(dig(one, "response", "id")) for one in stream.objects if dig(one, "response")}
    yield expect("ids of the response", len(responses), equals=1)
    final = enumerate(items(output_of(stream)))
    ids: dict[str, set[str]] = {str(place): {str(dig(one, "id"))} for place, one in final}
    for one in stream.objects:
        if (place := dig(one, "output_index")) is not None:
            ids.setdefault(str(place), set()).add(str(dig(one, "item_id") or dig(one, "item", "id")))
    yield expect("items with several ids", [place for place, found in ids.items() if len(found) > 1], equals=[])
    used = Counter(one for found in ids.values() for one in found)
    yield expect("ids of several items", [one for one, times in used.items() if times > 1], equals=[])


class _Renames(Relay):
    count = 0

    def events(self, events: Events) -> Events:
        return edits.every_event_object(events, self.rename)

    def rename(self, content: dict[str, Any]) -> None:
        """Change an object."""


@same_ids.mutant(killed_by="ids of the response", trips=("responses.sdk-stream", "sessions.same-deployment"))
class NumbersEvents(_Renames):
    """The response's id is made anew for each event."""

    def rename(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            self.count += 1
            content["id"] = f"resp_own{self.count}"


@same_ids.mutant(killed_by="items with several ids", trips=("responses.sdk-stream",))
class NamesItemsInTheEnd(_Renames):
    """The items of the final response have ids of their own."""

    def rename(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            content["output"] = [{**one, "id": f"own_{one['id']}"} for one in content["output"]]


@same_ids.mutant(killed_by="ids of several items")
class NamesItemsAlike(_Renames):
    """All items have the id of the response."""

    def rename(self, content: dict[str, Any]) -> None:
        if content.get("item_id"):
            content["item_id"] = "item_own"
        if content.get("type") in ("message", "reasoning", "function_call"):
            content["id"] = "item_own"
