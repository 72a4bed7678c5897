"""Faults that show in a place which its author forgot: another position, moment, status, or kind of request."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from hopcheck import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    dig,
    edits,
    event_of,
    incoming,
    items,
)
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, MESSAGES

FAULTS = Faults()

OF_THE_ACCOUNT = ("set-cookie", "openai-organization", "openai-project", "anthropic-organization-id")
"""A provider's headers that are about the operator's account there."""

LOOKUP = "/v1/models/"

ENDS = ("response.completed", "response.incomplete")
"""Events that hold the whole of a response."""


# from: fallback.not-on-client-error
@FAULTS.fault(r"^fallback\.not-on-client-error\[|^(attempts|error-shape)\[[^]]*\]: .*(422|fallback|backup|client)")
class UnprocessableGoesOn(Relay):
    """A request that the primary refuses with 422, as vLLM and FastAPI do, is replayed to the fallback."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        """Try another model, which may understand it."""
        backup = await super().fall_back(outgoing, failure)
        return self.config.fallbacks.get(outgoing.model) if failure.status == 422 else backup


# from: auth.response-headers
@FAULTS.fault(r"^auth\.response-headers\[|^[a-z-]+\[[^]]*\]: .*(cookie|organization|account)")
class ErrorsNameTheAccount(Relay):
    """A provider's refusal reaches the client with its cookies and the name of the operator's account; success not."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Pass the headers of an error on as they are."""
        response = await super().failed(incoming, failure)
        own = failure.head.headers if failure.head else []
        passed = [pair for pair in own if pair[0].lower() in OF_THE_ACCOUNT]
        return replace(response, headers=[*response.headers, *passed])


# from: auth.alt-headers
@FAULTS.fault(r"^auth\.(alt-headers|not-forwarded|upstream-key-used)\[messages|^[a-z-]+\[messages[^]]*\]: .*(key|cred)")
class SecondCredentialGoesOn(Relay):
    """On Messages, the `Authorization` of a client whose key is in `x-api-key` goes upstream like other headers."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Replace the one header that held the key."""
        outgoing = await super().request(outgoing)
        request = outgoing.incoming
        second = request.header("authorization") if request.is_anthropic and request.header("x-api-key") else None
        return outgoing.with_header("Authorization", second) if second else outgoing


# from: messages.result-turn, sessions.agent-history
@FAULTS.fault(
    r"^(messages\.(result-turn|parts)|sessions\.(agent-history|compacted|prefix-stable))\[messages"
    r"|^request-fidelity\[messages(\.stream)?\]: .*(content|text|block|message|turn)"
)
class ResultsHaveNoWords(Relay):
    """On Messages, texts that follow a call's results in the same turn of the user don't go upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Take a turn with results for one of a tool, which says nothing else."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == MESSAGES else {}
        changed = False
        for message in items(body, "messages"):
            kinds = [dig(block, "type") for block in items(message, "content")]
            if "tool_result" in kinds and "text" in kinds[kinds.index("tool_result") :]:
                first = kinds.index("tool_result")
                blocks = enumerate(message["content"])
                message["content"] = [block for at, block in blocks if at < first or kinds[at] != "text"]
                changed = True
        return outgoing.with_json(body) if changed else outgoing


# from: messages.content-exact
@FAULTS.fault(
    r"^messages\.(content-exact|pieces|other-blocks|calls|thinking|redacted-thinking)\[messages\.stream\]"
    r"|^(response-fidelity|stream-grammar)\[messages\.stream\]: .*(text|content|block)"
)
class BlocksBeginEmpty(Relay):
    """In a stream of messages, the words that stand in a text's `content_block_start` already are lost."""

    async def events(self, events: Events) -> Events:
        """Begin each text anew."""
        async for event in super().events(events):
            content: Any = event.json if incoming().path == MESSAGES else None
            is_start = dig(content, "type") == "content_block_start" and bool(dig(content, "content_block", "text"))
            if is_start:
                content["content_block"]["text"] = ""
            yield event_of(content, event.event) if is_start else event


# from: responses.stored
@FAULTS.fault(r"^responses\.(stored|background)\[responses\]|^request-fidelity\[responses\]: .*(query|path|stored)")
class StoredIsAskedPlainly(Relay):
    """What a client asks of a stored response in the query (`include`, `limit`, `after`) doesn't go upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Ask for the path alone."""
        outgoing = await super().request(outgoing)
        is_stored = outgoing.incoming.is_for_responses and outgoing.incoming.method == "GET"
        return replace(outgoing, path=outgoing.path.partition("?")[0]) if is_stored else outgoing


# from: responses.annotations
@FAULTS.fault(
    r"^responses\.(annotations|sdk-stream)\[responses\.stream\]"
    r"|^(response-fidelity|stream-grammar)\[responses\.stream\]: .*(annotation|source)"
)
class SourcesComeLast(Relay):
    """In a stream of Responses, the events that add a text's sources are left out; its final form has them."""

    async def events(self, events: Events) -> Events:
        """Keep the events of texts."""
        async for event in edits.drop_events(super().events(events), "response.output_text.annotation.added"):
            yield event


# from: responses.reasoning
@FAULTS.fault(
    r"^(responses\.(reasoning|sdk-stream|other-items)|sessions\.same-deployment)\[responses\.stream\]"
    r"|^(response-fidelity|stream-grammar)\[responses\.stream\]: .*(reasoning|encrypted)"
)
class TheEndIsOpen(Relay):
    """In a stream of Responses, reasoning has its encrypted content in its own event, but not in the final response."""

    async def events(self, events: Events) -> Events:
        """Leave it out of the event that ends the response."""
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            output = items(content, "response", "output") if dig(content, "type") in ENDS else []
            sealed = [item for item in output if dig(item, "encrypted_content")]
            for item in sealed:
                del item["encrypted_content"]
            yield event_of(content, event.event) if sealed else event


# from: responses.calls
@FAULTS.fault(
    r"^(responses\.(calls|sdk-stream)|sessions\.[a-z-]+)\[responses\.stream\]"
    r"|^(response-fidelity|stream-grammar)\[responses\.stream\]: .*(argument|call)"
)
class WholeArgumentsAreTidy(Relay):
    """In a stream of Responses, a call's whole arguments are written anew, compactly; their pieces are as they were."""

    async def events(self, events: Events) -> Events:
        """Write what was read."""
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            kind = dig(content, "type")
            whole = [content] if kind == "response.function_call_arguments.done" else []
            whole += [content["item"]] if kind == "response.output_item.done" else []
            whole += items(content, "response", "output") if kind in ENDS else []
            tidied = [one for one in whole if self._tidies(one)]
            yield event_of(content, event.event) if tidied else event

    def _tidies(self, content: Any) -> bool:
        arguments = dig(content, "arguments")
        try:
            compact = json.dumps(json.loads(arguments), ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError):
            return False
        is_other = bool(compact != arguments)
        content["arguments"] = compact
        return is_other


# from: models.get
@FAULTS.fault(r"^models\.get\[models\]|^errors\.(odd-model|unknown-model)\[")
class DatedNamesAreKnown(Relay):
    """The lookup describes a model that isn't served if its name begins with a served one's (`NAME-2024-01-01`)."""

    async def models(self, incoming: IncomingRequest) -> tuple[str, ...]:
        """Know the dated versions of each model."""
        names = await super().models(incoming)
        asked = unquote(incoming.path.removeprefix(LOOKUP)) if incoming.path.startswith(LOOKUP) else ""
        is_dated = asked not in names and any(asked.startswith(f"{name}-") for name in names)
        return (*names, asked) if is_dated else names


# from: embeddings.many-inputs
@FAULTS.fault(
    r"^embeddings\.(batch-order|many-inputs|usage-[a-z]+)\[embeddings\]"
    r"|^response-fidelity\[embeddings\]: .*(usage|token)"
)
class TokensAreCountedByInputs(Relay):
    """Where the inputs are arrays of tokens, the usage of their embeddings counts the arrays, not the tokens."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Count what is in the list."""
        response = await super().response(response)
        request = response.incoming
        content: Any = response.json if response.status == 200 and request.path == EMBEDDINGS else None
        arrays = [one for one in items(request.json, "input") if isinstance(one, list)]
        if not arrays or not isinstance(dig(content, "usage"), dict):
            return response
        usage = {**content["usage"], "prompt_tokens": len(arrays), "total_tokens": len(arrays)}
        return response.with_json({**content, "usage": usage})
