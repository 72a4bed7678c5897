"""Faults that show where two things come together, in a second one of a kind, or in a form that its author forgot."""

from __future__ import annotations

from dataclasses import replace

from hopcheck import Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, dig, items, refuse
from tools.gated_faults.conditions.edit_bases import EditsCompletions, EditsRequests
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import COUNTS, MESSAGES, Json, is_chat

FAULTS = Faults()

REFUSALS = {400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429}
"""The statuses of 400 to 499 for which there is a class of exception."""


# from: fallback.taken
@FAULTS.fault(
    r"^fallback\.(taken|stream-pre-first|same-request|reported-model)\[|^[a-z-]+\[[^]]*\]: .*(fallback|backup)"
)
class WhatCantBeReadIsFinal(Relay):
    """A primary whose 200 can't be read (a web page, half an object, nothing) isn't replaced by its fallback."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        """Try another model where the first one didn't answer."""
        return None if failure.kind in ("garbled", "cut") else await super().fall_back(outgoing, failure)


# from: messages.count-tokens
@FAULTS.fault(r"^messages\.(count-tokens|beta-query|api-version)\[count_tokens\]|^[a-z-]+\[count_tokens\]: .*")
class CountsHaveNoBetas(Relay):
    """`/v1/messages/count_tokens?beta=true`, as clients of betas ask for a count, isn't found."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Compare the target, query included."""
        if incoming.path == COUNTS and "?" in incoming.exchange.target:
            return refuse(incoming, 404, "There is nothing here.", code="not_found")
        return await super().check(incoming)


# from: messages.cache-control
@FAULTS.fault(
    r"^(messages\.(cache-control|result-turn)|sessions\.[a-z-]+)\[messages(\.stream)?\]"
    r"|^request-fidelity\[messages(\.stream)?\]: .*(cache|content|message)"
)
class ResultsPartsAreUnmarked(EditsRequests):
    """On Messages, marks for the cache at parts of a tool's result are lost; those at the result itself go upstream."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Write the parts of results anew."""
        if outgoing.incoming.path == MESSAGES:
            blocks = [block for message in items(body, "messages") for block in items(message, "content")]
            results = [block for block in blocks if dig(block, "type") == "tool_result"]
            for part in (part for result in results for part in items(result, "content") if isinstance(part, dict)):
                part.pop("cache_control", None)


# from: chat.n-choices, tools.call-nonstream
@FAULTS.fault(r"^(chat\.n-choices|tools\.[a-z-]+)\[chat\]|^(response-fidelity|[a-z-]+)\[chat\]: .*(call|choice)")
class FurtherChoicesHaveNoCalls(EditsCompletions):
    """Of several choices of a chat in one piece, the calls of the first alone arrive."""

    def edit_choice(self, choice: Json, body: Json) -> None:
        """Leave the others their text."""
        if choice.get("index") and "tool_calls" in choice["message"]:
            del choice["message"]["tool_calls"]


# from: responses.fields
@FAULTS.fault(
    r"^responses\.fields\[responses(\.stream)?\]"
    r"|^request-fidelity\[responses(\.stream)?\]: .*(text|verbosity)"
)
class FormatsAreAllOfText(EditsRequests):
    """On Responses, `text.verbosity` doesn't go upstream next to `text.format`."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Take the format, or else the rest."""
        text = body.get("text") if outgoing.incoming.is_for_responses else None
        if isinstance(text, dict) and text.get("format"):
            body["text"] = {"format": text["format"]}


# from: requests.stream-flag
@FAULTS.fault(
    r"^(requests\.(stream-flag|unknown-params|drop-params-declared)|stream\.obfuscation)\[chat"
    r"|^request-fidelity\[chat(\.stream)?\]: .*(stream_options|obfuscation)"
)
class OptionsAreCounts(EditsRequests):
    """Of a chat's `stream_options`, `include_usage` alone goes upstream; `include_obfuscation: false` doesn't."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Take the option that is known."""
        options = body.get("stream_options") if is_chat(outgoing.incoming) else None
        if isinstance(options, dict):
            body["stream_options"] = {name: value for name, value in options.items() if name == "include_usage"}


# from: messages.thinking-returned
@FAULTS.fault(
    r"^(messages\.(thinking-returned|redacted-thinking)|sessions\.[a-z-]+)\[messages(\.stream)?\]"
    r"|^request-fidelity\[messages(\.stream)?\]: .*(thinking|content|message)"
)
class OneThoughtForEachTurn(EditsRequests):
    """On Messages, the second and later thoughts of one turn of the model's don't go back upstream."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Take the first thought for the turn's."""
        for message in items(body, "messages") if outgoing.incoming.path == MESSAGES else []:
            blocks = items(message, "content")
            thoughts = [at for at, block in enumerate(blocks) if dig(block, "type") == "thinking"]
            if thoughts[1:]:
                message["content"] = [block for at, block in enumerate(blocks) if at not in thoughts[1:]]


# from: responses.stored
@FAULTS.fault(
    r"^responses\.(stored|background|previous|provider-errors)\[responses\]|^[a-z-]+\[responses\]: .*(delet|404)"
)
class ForgottenIsForgotten(Relay):
    """To delete a stored response that the provider doesn't have is answered with a success, not with its 404."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Say what the client wants to hear."""
        response = await super().failed(incoming, failure)
        if incoming.method != "DELETE" or failure.status != 404:
            return response
        gone = {"id": incoming.path.rpartition("/")[2], "object": "response", "deleted": True}
        return replace(response, status=200).with_json(gone)


# from: errors.message-useful
@FAULTS.fault(
    r"^(errors\.message-useful|messages\.error-types|responses\.provider-errors|translation\.context-exceeded)\["
    r"|^[a-z-]+\[[^]]*\]: .*(message|words|\bcode\b|param\b).*(error|provider|lost|missing)"
)
class CharsetsHideErrors(Relay):
    """A provider's error whose type is `application/json; charset=utf-8` loses its words, its code and its param."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Read what is declared to be JSON."""
        kind = (failure.head.header("content-type") or "").lower() if failure.head else ""
        if kind.startswith("application/json") and kind != "application/json":
            failure = Failure(failure.kind, failure.detail, failure.head)
        return await super().failed(incoming, failure)


# from: errors.status-preserved
@FAULTS.fault(
    r"^(errors\.(status-preserved|quota|sdk-class|other-forms|message-useful)|messages\.error-types"
    r"|responses\.provider-errors)\[|^[a-z-]+\[[^]]*\]: .*status"
)
class OtherRefusalsAreFailures(Relay):
    """A provider's refusal with a status that clients have no class for (402, 410, 424, 451) becomes a 500."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Look the status up."""
        response = await super().failed(incoming, failure)
        is_other = 400 <= response.status < 500 and response.status not in REFUSALS
        return replace(response, status=500) if is_other else response
