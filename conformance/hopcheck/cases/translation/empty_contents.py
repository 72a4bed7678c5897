"""Messages without a text, and with an empty one."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    Target,
    TranslatingRelay,
    case,
    expect,
    function_tools,
)
from hopcheck.cases.translation.turns import EditsMessages

CALL = {"id": "call_hop1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
ASKED = "Look it up."
CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": ""},
    {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": ASKED}]},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_hop1", "content": ""},
    {"role": "assistant", "content": ""},
    {"role": "user", "content": "And?"},
]


@case(
    "translation.empty-contents",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["anthropic: text content blocks must be non-empty", "litellm#10071", "litellm#13371"],
)
async def empty_contents(target: Target, ask: Operation) -> Findings:
    """Empty texts neither make a request fail nor become texts that nobody wrote."""
    response = await ask(messages=CONVERSATION, tools=function_tools("look_up"))
    yield expect("status", response.status, equals=200)
    request = await target.provider_request(response)
    parts = [part for turn in request.turns for part in turn.parts]
    marked = str(response.sent.json["messages"][-1]["content"])
    texts = [*request.system, *(part.text for part in parts if part.kind == "text")]
    made_up = [text for text in texts if text.strip() and text.strip() not in (ASKED, marked.strip())]
    yield expect("texts that nobody wrote", made_up, equals=[])
    kinds = [part.kind for part in parts if part.kind != "text"]
    yield expect("calls and results", kinds, equals=["call", "result"])


@empty_contents.mutant(killed_by="status")
class RefusesEmptyTexts(TranslatingRelay):
    """An empty text is taken for a mistake of the client's."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        if any(message["content"] == "" for message in body["messages"]):
            raise ValueError("an empty text")
        return super().to_request(body)


@empty_contents.mutant(killed_by="texts that nobody wrote")
class FillsEmptyTexts(EditsMessages):
    """What may not be empty says that it is."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "content": one["content"] or "(no content)"} for one in messages]


@empty_contents.mutant(killed_by="calls and results")
class LeavesEmptyMessagesOut(EditsMessages):
    """Messages without a text say nothing."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in messages if one["content"] != ""]
