"""Why a chat answer ended."""

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, function_tools, refuse, reply

ENDS = {
    "stop": reply.chat("Hello."),
    "length": reply.chat("Hello, I was about to", finish="length"),
    "content_filter": reply.chat("Hello, I", finish="content_filter"),
    "tool_calls": reply.chat("I look it up.", tools=[reply.call("look_up", '{"q":"x"}')]),
}
"""By the finish reason that the provider gives."""


@case(
    "chat.finish-reason",
    level="MUST",
    refs=["litellm#12481", "litellm#12862", "maximhq/bifrost#3638", "maximhq/bifrost#6123"],
    upstream={**ENDS, "silent": reply.chat("", finish="length")},
)
async def finish_reason(target: Target) -> Findings:
    """An answer's finish reason is the one that the provider gave."""
    offered = function_tools("look_up")
    answers = {reason: await target.chat.create(script=reason, tools=offered) for reason in ENDS}
    reasons = {reason: answer.at("choices", 0, "finish_reason") for reason, answer in answers.items()}
    yield expect("finish reasons", reasons, equals={reason: reason for reason in ENDS})
    silent = (await target.chat.create(script="silent")).at("choices", 0, "finish_reason")
    yield expect("finish reason without a text", silent, equals="length")


@finish_reason.mutant(killed_by="finish reasons", trips=("tools.*", "stream.nonstream-parity", "chat.*"))
class AlwaysStops(Relay):
    """Every answer claims to have ended by itself."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(finish_reason="stop"))


@finish_reason.mutant(killed_by="finish reasons", trips=("tools.*",))
class TextWins(Relay):
    """A turn with text and a tool call ends with `stop`, so agents never make the call."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def end(choice: dict[str, Any]) -> None:
            if choice["message"].get("tool_calls") and choice["message"].get("content"):
                choice["finish_reason"] = "stop"

        return edits.choices(response, end)


@finish_reason.mutant(killed_by="finish reason without a text", trips=("chat.*", "tools.*"))
class WantsText(Relay):
    """An answer without a text or a call is a failure."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        message = dig(response.json, "choices", 0, "message")
        is_empty = dig(message, "content") == "" and not dig(message, "tool_calls")
        return refuse(response.incoming, 502, "The provider gave no text.") if is_empty else response
