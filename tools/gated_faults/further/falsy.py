"""Faults of programs that take a zero, an empty text, list or object for nothing, or nothing for a default."""

from __future__ import annotations

from typing import Any

from hopcheck import (
    OutgoingRequest,
    Relay,
    RelayedResponse,
    dig,
    items,
    refuse,
)
from tools.gated_faults.conditions.edit_bases import EditsChunks, EditsRequests
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, MESSAGES, Json, is_chat, objects

FAULTS = Faults()

LEFT = "x-ratelimit-remaining-requests"

ANYTHING = {"type": "object", "properties": {}}
"""The schema of a function that takes whatever it gets."""


# from: embeddings.float
@FAULTS.fault(
    r"^embeddings\.(float|usage-dimensions|batch-order)\[embeddings\]"
    r"|^(response-fidelity|[a-z-]*schema[a-z-]*)\[embeddings\]: .*(embedding|number|list|array|vector)"
)
class SqueezesVectors(Relay):
    """An embedding of one dimension arrives as a number, not as a list of one, since its array was squeezed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Take the lists of one apart."""
        response = await super().response(response)
        content: Any = response.json if response.incoming.path == EMBEDDINGS else None
        short = [one for one in items(content, "data") if len(items(one, "embedding")) == 1]
        for one in short:
            one["embedding"] = one["embedding"][0]
        return response.with_json(content) if short else response


# from: embeddings.batch-order
@FAULTS.fault(r"^embeddings\.(batch-order|many-inputs)\[embeddings\]|^request-fidelity\[embeddings\]: .*(input|token)")
class ZeroIsPadding(EditsRequests):
    """The token 0 ("!" to OpenAI's encodings) is left out of arrays of tokens: it is taken for padding."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Keep the tokens that are true."""
        given = body.get("input") if outgoing.incoming.path == EMBEDDINGS else None
        if isinstance(given, list):
            arrays = [given, *(one for one in given if isinstance(one, list))]
            for array in arrays:
                array[:] = [one for one in array if one != 0 or isinstance(one, bool)] or array


# from: stream.logprobs
@FAULTS.fault(r"^(stream|chat)\.logprobs\[chat\.stream\]|^(response-fidelity|[a-z-]+)\[chat\.stream\]: .*logprob")
class CertainIsUnknown(EditsChunks):
    """In a stream of chats, a log probability of 0.0, that of a token which was certain, becomes -9999.0."""

    def edit_delta(self, choice: Json, chunk: Json) -> None:
        """Give a value where there is none."""
        for one in objects(choice.get("logprobs")):
            if "logprob" in one:
                one["logprob"] = one["logprob"] or -9999.0


# from: messages.calls
@FAULTS.fault(r"^messages\.(calls|other-blocks)\[messages\]|^[a-z-]+\[messages\]: .*(input|call|tool_use|block)")
class EmptyInputIsNone(Relay):
    """In a message in one piece, a call whose input is `{}` has no `input`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Leave out what is empty."""
        response = await super().response(response)
        content: Any = response.json if response.incoming.path == MESSAGES else None
        calls = [one for one in items(content, "content") if dig(one, "type") == "tool_use" and one.get("input") == {}]
        for call in calls:
            del call["input"]
        return response.with_json(content) if calls else response


# from: responses.calls
@FAULTS.fault(r"^responses\.(calls|same-ids)\[responses\]|^[a-z-]+\[responses\]: .*(argument|call)")
class NoArgumentsAreNothing(Relay):
    """In a response in one piece, the arguments `{}` of a call become an empty text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Write the arguments that there are."""
        response = await super().response(response)
        content: Any = response.json if response.incoming.is_for_responses else None
        calls = [one for one in items(content, "output") if dig(one, "arguments") == "{}"]
        for call in calls:
            call["arguments"] = ""
        return response.with_json(content) if calls else response


# from: responses.call-turn, sessions.agent-history
@FAULTS.fault(
    r"^(responses\.call-turn|sessions\.[a-z-]+)\[responses(\.stream)?\]"
    r"|^request-fidelity\[responses(\.stream)?\]: .*(input|item|output|call)"
)
class EmptyOutputsAreNoItems(EditsRequests):
    """On Responses, a call's result that is an empty text doesn't go upstream: a command that printed nothing."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Leave out what says nothing."""
        given = body.get("input") if outgoing.incoming.is_for_responses else None
        if isinstance(given, list):
            body["input"] = [one for one in given if not (isinstance(one, dict) and one.get("output", "-") == "")]


# from: rate_limit.headers
@FAULTS.fault(r"^rate_limit\.(headers|429-shape|retry-after)\[|^[a-z-]+\[[^]]*\]: .*(remaining|limit header)")
class NothingLeftIsUnmentioned(Relay):
    """The last answer that a limit allows doesn't say what is left of it, as that is 0."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Write the number that there is."""
        response = await super().response(response)
        is_last = response.status == 200 and response.incoming.model in self.config.rate_limits
        return response.with_header(LEFT, None) if is_last and response.header(LEFT) == "0" else response


# from: tools.roundtrip
@FAULTS.fault(
    r"^(tools\.(roundtrip|strict-schema)|requests\.many-tools)\[chat(\.stream)?\]"
    r"|^request-fidelity\[chat(\.stream)?\]: .*(tool|parameters)"
)
class FunctionsHaveParameters(EditsRequests):
    """A function of a chat without `parameters`, which the API allows, goes upstream with an empty object's schema."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Give each function its schema."""
        for tool in items(body, "tools") if is_chat(outgoing.incoming) else []:
            function = dig(tool, "function")
            if isinstance(function, dict):
                function["parameters"] = function.get("parameters") or ANYTHING


# from: chat.content-exact, chat.finish-reason
@FAULTS.fault(
    r"^chat\.(content-exact|finish-reason|reasoning-content|usage-exact|usage-details|schema)\[chat\]"
    r"|^[a-z-]+\[chat\]: .*(content|text|status|empty|502)"
)
class EmptyTextsAreFailures(Relay):
    """A chat in one piece whose text is empty (its limit went into reasoning, or it filtered all) becomes a 502."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Refuse what has neither a text nor a call."""
        response = await super().response(response)
        content: Any = response.json if response.status == 200 and is_chat(response.incoming) else None
        messages = [dig(choice, "message") for choice in items(content, "choices")]
        if not any(dig(one, "content") == "" and not dig(one, "tool_calls") for one in messages):
            return response
        return refuse(response.incoming, 502, "The provider gave no text.", code="empty_response")
