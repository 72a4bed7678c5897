"""What a model thought before, which its provider signs and wants back."""

import copy
from typing import Any

from hopcheck import (
    Findings,
    NotApplicable,
    RelayedResponse,
    Target,
    TranslatingRelay,
    case,
    dig,
    edits,
    expect,
    function_tools,
    reply,
)
from hopcheck.cases.translation.turns import EditsMessages

THOUGHT = "The city decides."
SIGNATURE = "c2lnbmVkLWJ5LXRoZS1wcm92aWRlcg=="
TOOLS = function_tools("look_up")
ASKED: dict[str, Any] = {"role": "user", "content": "Look it up."}


@case(
    "translation.signatures",
    level="SHOULD",
    on="chat",
    because="a client sends back the message that it got in one piece; deltas are put together in ways of their own",
    needs=["reasoning", "translates"],
    refs=["anthropic: extended thinking with tool use", "gemini: thought signatures", "litellm#16915"],
    upstream=reply.chat(reasoning=[THOUGHT], signature=SIGNATURE, tools=[reply.call("look_up", "{}")]),
)
async def signatures(target: Target) -> Findings:
    """A client that sends back the message it got sends the provider's signature back with it, unchanged.

    OpenAI's API has no place for one, so it stands in a field of the gateway's own.
    """
    first = await target.chat.create(messages=[ASKED], tools=TOOLS)
    yield expect("reasoning", first.at("choices", 0, "message", "reasoning_content"), equals=THOUGHT)
    message = copy.deepcopy(first.message) if isinstance(first.message, dict) else {}
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "found"} for call in first.tool_calls()]
    second = await target.chat.create(messages=[ASKED, message, *results], tools=TOOLS)
    request = await target.provider_request(second)
    parts = [part for turn in request.turns for part in turn.parts]
    yield expect("signatures", [part.signature for part in parts if part.signature], equals=[SIGNATURE])


@signatures.mutant(killed_by="reasoning")
class HidesThoughts(TranslatingRelay):
    """What the model thought isn't passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message.pop("reasoning_content", None))


@signatures.mutant(killed_by="signatures")
class KeepsToTheApi(TranslatingRelay):
    """Fields that OpenAI doesn't have are taken off, and the signature with them."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def bare(message: dict[str, Any]) -> None:
            message.pop("thinking_blocks", None)
            for call in message.get("tool_calls") or ():
                call.pop("extra_content", None)

        return edits.messages(response, bare)


@signatures.mutant(killed_by="signatures")
class SignsItself(EditsMessages):
    """A signature that comes back is replaced by a dummy."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for message in messages:
            for block in message.get("thinking_blocks") or ():
                block["signature"] = "c2tpcA=="
            for call in message.get("tool_calls") or ():
                if "extra_content" in call:
                    call["extra_content"] = {"google": {"thought_signature": "c2tpcA=="}}
        return messages


@case(
    "translation.signatures-in-ids",
    level="SHOULD",
    on="chat",
    because="a client sends back the message that it got in one piece; deltas are put together in ways of their own",
    needs=["reasoning", "translates"],
    refs=["gemini: thought signatures", "litellm: __thought__ in ids of calls"],
    upstream=reply.chat(reasoning=[THOUGHT], signature=SIGNATURE, tools=[reply.call("look_up", "{}")]),
)
async def signatures_in_ids(target: Target) -> Findings:
    """A signature that a gateway puts into a call's id gets back to its provider from there."""
    first = await target.chat.create(messages=[ASKED], tools=TOOLS)
    ids = [str(call["id"]) for call in first.tool_calls()]
    if not any(SIGNATURE in one for one in ids):
        raise NotApplicable("no id of a call has a signature in it")
    calls = [{"id": one, "type": "function", "function": {"name": "look_up", "arguments": "{}"}} for one in ids]
    results = [{"role": "tool", "tool_call_id": one, "content": "found"} for one in ids]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    request = await target.provider_request(await target.chat.create(messages=[ASKED, message, *results], tools=TOOLS))
    parts = [part for turn in request.turns for part in turn.parts]
    yield expect("signatures", [part.signature for part in parts if part.signature], equals=[SIGNATURE])


@signatures_in_ids.mutant(killed_by="signatures", trips=("translation.*", "tools.*"))
class HidesSignaturesInIds(TranslatingRelay):
    """The ids of calls end with the signature, and nobody looks for it there."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def hide(message: dict[str, Any]) -> None:
            signed = [block["signature"] for block in message.get("thinking_blocks") or ()]
            for call in message.get("tool_calls") or ():
                given = dig(call, "extra_content", "google", "thought_signature")
                call["id"] = "__thought__".join(map(str, filter(None, [call["id"], given, *signed])))

        return edits.messages(response, hide)
