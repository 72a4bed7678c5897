"""Answers and errors that are wrong for one status, one place or one neighbour alone."""

from __future__ import annotations

import base64
import struct
from typing import Any

from hopcheck import Events, Failure, IncomingRequest, Relay, RelayedResponse, dig, event_of, incoming, items, refuse
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import COUNTS, EMBEDDINGS, MESSAGES, is_chat

FAULTS = Faults()

COARSE = 0xFFFFE000
"""The bits of a number that graphics cards calculate with: 10 of its 23 digits."""

ENDS = frozenset({"response.completed", "response.incomplete"})


@FAULTS.fault(r"^models\.get\[")
class KnowsOneWayToEscape(Relay):
    """A model whose id is escaped in small letters (`team%2fslashed-model`) isn't found, only in capitals."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse the id as it stands in the path."""
        name = incoming.path.removeprefix("/v1/models/")
        if name != incoming.path and "%2f" in name:
            return refuse(incoming, 404, f"There is no model {name!r}.", code="model_not_found", param="model")
        return await super().check(incoming)


@FAULTS.fault(
    r"^response-fidelity\[messages\]: .*(signature|thinking)"
    r"|^(messages\.(thinking|thinking-returned|other-blocks)|sessions\.same-deployment)\[messages\]"
)
class SignsEverythingAlike(Relay):
    """In a message in one piece, further blocks of thinking have the signature of the first."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Keep one signature for a message."""
        response = await super().response(response)
        content = response.json if response.status == 200 and response.incoming.path == MESSAGES else None
        thoughts = [block for block in items(content, "content") if dig(block, "type") == "thinking"]
        for thought in thoughts[1:]:
            thought["signature"] = thoughts[0].get("signature")
        return response.with_json(content) if len(thoughts) > 1 else response


@FAULTS.fault(r"^http\[[^]]*\]: .*(retry-after|more than once)|^retry-after\[|^errors\.retry-after\[")
class AsksToWaitTwice(Relay):
    """A provider's 503 with a Retry-After has two of them: the provider's, and the relay's own."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Add one to the provider's."""
        response = await super().failed(incoming, failure)
        if failure.status == 503 and response.header("retry-after"):
            response.headers.append(("Retry-After", "1"))
        return response


@FAULTS.fault(r"^response-fidelity\[embeddings\]|^embeddings\.(base64|batch-order|many-inputs)\[")
class FurtherVectorsAreCoarse(Relay):
    """In base64, the vectors of all inputs but the first have lost digits."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Round them as TF32 does."""
        response = await super().response(response)
        is_vectors = response.status == 200 and response.incoming.path == EMBEDDINGS
        content = response.json if is_vectors else None
        further = [one for one in items(content, "data")[1:] if isinstance(dig(one, "embedding"), str)]
        for one in further:
            one["embedding"] = self._coarse(one["embedding"])
        return response.with_json(content) if further else response

    def _coarse(self, vector: str) -> str:
        raw = base64.b64decode(vector)
        form = f"<{len(raw) // 4}I"
        numbers = struct.unpack(form, raw[: struct.calcsize(form)])
        return base64.b64encode(struct.pack(form, *(number & COARSE for number in numbers))).decode()


@FAULTS.fault(
    r"^(errors\.(status-preserved|sdk-class)|responses\.provider-errors)\[responses"
    r"|^error-shape\[responses(\.stream)?\]: .*(status|class|409)"
)
class ConflictsAreItsOwnFault(Relay):
    """On Responses, a provider's 409 (a conversation that another request holds) becomes 500."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Answer it like what isn't known."""
        response = await super().failed(incoming, failure)
        if incoming.is_for_responses and failure.status == 409:
            response.status = 500
        return response


@FAULTS.fault(
    r"^identity\[responses\.stream\]|^(stream-grammar|response-fidelity)\[responses\.stream\]: .*(\bids?\b|identity)"
    r"|^responses\.(same-ids|previous|sdk-stream)\[|^isolation\."
)
class EndsWithTheLatestId(Relay):
    """Of two streams of Responses at once, the one that began first ends with the other's response id."""

    latest_id: Any = None

    async def events(self, events: Events) -> Events:
        """Keep the id of the stream that is running: there is one place for it."""
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            kind, own_id = dig(content, "type"), dig(content, "response", "id")
            if kind == "response.created":
                self.latest_id = own_id
            if kind in ENDS and own_id and self.latest_id and own_id != self.latest_id:
                content["response"]["id"] = self.latest_id
                yield event_of(content, event.event)
            else:
                yield event


@FAULTS.fault(r"^response-fidelity\[chat\]: .*content|^(tools\.text-and-call|chat\.content-exact)\[")
class BlanksNextToCallsAreNothing(Relay):
    """In a completion in one piece, a text of white space alone becomes null next to a call."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Take such a text for none."""
        response = await super().response(response)
        content = response.json if response.status == 200 and is_chat(response.incoming) else None
        messages = [dig(choice, "message") for choice in items(content, "choices")]
        blank = [one for one in messages if dig(one, "tool_calls") and self._is_blank(dig(one, "content"))]
        for message in blank:
            message["content"] = None
        return response.with_json(content) if blank else response

    def _is_blank(self, text: Any) -> bool:
        return isinstance(text, str) and bool(text) and not text.strip()


@FAULTS.fault(r"^error-shape\[count_tokens\]|^messages\.count-tokens\[|^response-fidelity\[count_tokens\]")
class EstimatesForTheBusy(Relay):
    """A count of tokens for which the provider is overloaded (529) is estimated, with status 200."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Take four bytes for a token."""
        response = await super().failed(incoming, failure)
        if incoming.path != COUNTS or failure.status != 529:
            return response
        counted = RelayedResponse(incoming, 200, [("Content-Type", "application/json")])
        return counted.with_json({"input_tokens": len(incoming.body) // 4})
