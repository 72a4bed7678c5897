"""Items that no story of a provider's has: of its own tools, of kinds that came later, and several of one kind."""

from typing import Any

from hopcheck import ON_RESPONSES, EditsObjects, Findings, Operation, Target, case, expect, items, without_additions
from hopcheck.cases.responses.written import both, message, output_of

CUSTOM = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_hop1", "name": "shell", "input": "ls -l\n"}


SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}}


IMAGE = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "aW1n"}


LATER = {"type": "hologram_call", "id": "hg_1", "beams": [1, {"é": None}]}


THOUGHT: dict[str, Any] = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": text} for text in ("First this.", "Then that.")],
}


SPOKEN = [{**message(text), "id": f"msg_{text}"} for text in ("before", "after")]


OTHERS: list[dict[str, Any]] = [THOUGHT, SPOKEN[0], CUSTOM, SEARCH, IMAGE, LATER, SPOKEN[1]]


@case(
    "responses.other-items",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: output items", "OAI Responses: custom_tool_call"],
    upstream=both(*OTHERS),
)
async def other_items(target: Target, ask: Operation) -> Findings:
    """Calls of custom tools and the provider's own, items of later kinds, several texts and summaries arrive whole."""
    output = output_of(await ask(script=ask.name))
    found = [_with_id(one, sent["id"]) for one, sent in zip(items(output), OTHERS, strict=False)]
    yield expect("items", without_additions(found, OTHERS), equals=OTHERS)


def _with_id(item: Any, given: str) -> Any:
    """An item under the id that the provider gave it."""
    return {**item, "id": given} if isinstance(item, dict) else item


@other_items.mutant(killed_by="items")
class KnowsFiveTypes(EditsObjects):
    """Items of unknown types are left out."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            content["output"] = [one for one in content["output"] if one["type"] != "hologram_call"]
