"""Messages without a text, and with an empty one."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Events,
    Findings,
    Operation,
    RelayedResponse,
    Stream,
    Target,
    TranslatingRelay,
    case,
    dig,
    edits,
    expect,
    function_tools,
    reply,
)
from hopcheck.cases.translation.endings import finish_of
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


@case(
    "translation.empty-response",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["OAI ChatCompletionResponseMessage", "anthropic: empty content", "gemini: no parts"],
    upstream=reply.chat(),
)
async def empty_response(target: Target, ask: Operation) -> Findings:
    """A response without a text is one like any other: it has a role, no text, and its finish reason."""
    response = await ask()
    yield expect("finish reason", finish_of(response), equals="stop")
    texts = [response.joined()] if isinstance(response, Stream) else [response.at("choices", 0, "message", "content")]
    yield expect("texts that nobody wrote", [text for text in texts if text], equals=[])
    if isinstance(response, Stream):
        roles = [dig(delta, "role") for delta in response.deltas()[:1]]
        yield expect("role of the first delta", roles, equals=["assistant"])


class EditsEmptyChoices(TranslatingRelay):
    """Where a response has no text, the end of its choice is changed."""

    def edit(self, choice: dict[str, Any], content: dict[str, Any]) -> None:
        """Change a choice, or what it says last."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def change(choice: dict[str, Any]) -> None:
            if not choice["message"].get("content"):
                self.edit(choice, choice["message"])

        return edits.choices(response, change)

    async def events(self, events: Events) -> Events:
        has_text = False
        async for event in events:
            has_text = has_text or bool(edits.text_of(edits.chunk_of(event) or {}))
            yield event if has_text else edits.chunk(event, self._end)

    def _end(self, chunk: dict[str, Any]) -> None:
        for choice in chunk["choices"]:
            if choice["finish_reason"]:
                self.edit(choice, choice["delta"])


@empty_response.mutant(killed_by="finish reason", trips=("translation.*",))
class CallsNothingCutOff(EditsEmptyChoices):
    """A response without a text was cut off."""

    def edit(self, choice: dict[str, Any], content: dict[str, Any]) -> None:
        choice["finish_reason"] = "length"


@empty_response.mutant(killed_by="texts that nobody wrote", trips=("translation.*",))
class FillsEmptyResponses(EditsEmptyChoices):
    """Where there is no text, it says so."""

    def edit(self, choice: dict[str, Any], content: dict[str, Any]) -> None:
        content["content"] = "(no content)"


@empty_response.mutant(killed_by="role of the first delta", on="chat.stream")
class NamesNoRole(TranslatingRelay):
    """A stream doesn't say whose it is."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice["delta"].pop("role", None))
