"""The fourth relay's faults."""

from __future__ import annotations

from typing import Any

from hopcheck import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits
from tools.gated_faults.fault import Faults

FAULTS = Faults()
EMBEDDINGS = "/v1/embeddings"


@FAULTS.fault(r"^(stream\.content-exact|response-fidelity\[chat\.stream\]: choices\[\]\.content)")
class TakesFamiliesApart(Relay):
    """Joiners between characters are left out of streams, so one emoji becomes several."""

    async def events(self, events: Events) -> Events:
        """Leave them out."""
        async for event in super().events(events):
            yield edits.chunk(event, self._part)

    def _part(self, chunk: dict[str, Any]) -> None:
        for choice in chunk["choices"]:
            if isinstance(choice["delta"].get("content"), str):
                choice["delta"]["content"] = choice["delta"]["content"].replace("\u200d", "")


@FAULTS.fault(r"^(stream\.n-choices|response-fidelity\[chat\.stream\]: choices is)")
class StreamsTwoChoices(Relay):
    """Of a stream's choices, the third and later ones are left out."""

    async def events(self, events: Events) -> Events:
        """Leave them out."""
        async for event in edits.drop_chunks(super().events(events), self._is_late):
            yield event

    def _is_late(self, chunk: dict[str, Any]) -> bool:
        return any(choice.get("index", 0) > 1 for choice in chunk["choices"])


@FAULTS.fault(r"^requests\.image-parts")
class LooksClosely(Relay):
    """Images are looked at in the detail that the provider chooses."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Choose it."""
        return edits.request_field(await super().request(outgoing), "messages", self._choose)

    def _choose(self, messages: Any) -> Any:
        for message in messages:
            for part in message["content"] if isinstance(message.get("content"), list) else ():
                if "detail" in (part.get("image_url") or {}):
                    part["image_url"]["detail"] = "auto"
        return messages


@FAULTS.fault(r"^(chat\.reasoning-content|response-fidelity\[chat\]: .*reasoning)")
class RenamesReasoning(Relay):
    """A reasoning in one piece arrives under another name."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Rename it."""
        return edits.messages(await super().response(response), self._rename)

    def _rename(self, message: dict[str, Any]) -> None:
        if "reasoning_content" in message:
            message["reasoning"] = message.pop("reasoning_content")


@FAULTS.fault(r"^http\.keepalive")
class ClosesAfterRefusals(Relay):
    """After a 400, the connection ends without a word."""

    async def _deliver(self, response: RelayedResponse) -> None:
        await super()._deliver(response)
        if response.status == 400:
            response.incoming.exchange.abort()


@FAULTS.fault(r"^auth\.options")
class AsksPreflights(Relay):
    """A preflight request needs a key."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Ask for it."""
        if incoming.method != "OPTIONS":
            return await super().authorize(incoming)
        incoming.method = "GET"
        refusal = await super().authorize(incoming)
        incoming.method = "OPTIONS"
        return refusal


@FAULTS.fault(r"^(auth\.ip-headers\[chat\.stream\]|credentials\[chat\.stream\]: .*forwarded)")
class TellsWhereStreamsGo(Relay):
    """A stream goes upstream with its client's address."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Add it."""
        outgoing = await super().request(outgoing)
        return outgoing.with_header("X-Forwarded-For", "127.0.0.1") if outgoing.incoming.streams else outgoing


@FAULTS.fault(r"^(retry\.not-on-4xx\[embeddings\]|attempts\[embeddings\])")
class RepeatsMistakes(Relay):
    """Embeddings that are refused as wrong are asked for once more."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Once more."""
        is_first = outgoing.incoming.path == EMBEDDINGS and outgoing.attempt_on_model == 1
        return 0.01 if is_first and failure.status in (400, 404) else await super().retry(outgoing, failure)


@FAULTS.fault(r"^requests\.long-history")
class ShortensTheMiddle(Relay):
    """A message of more than 100,000 characters loses some of its middle."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Cut it."""
        return edits.request_field(await super().request(outgoing), "messages", self._cut)

    def _cut(self, messages: Any) -> Any:
        for message in messages:
            text = message.get("content")
            if isinstance(text, str) and len(text) > 100_000:
                message["content"] = text[:50_000] + text[-49_000:]
        return messages


@FAULTS.fault(r"^(errors\.quota\[chat\]|error-shape\[chat\]: .*(type|code))")
class TakesAllForHaste(Relay):
    """In chats in one piece, every 429 is a rate limit."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Change type and code."""
        response = await super().failed(incoming, failure)
        if failure.status != 429 or incoming.streams or incoming.path == EMBEDDINGS:
            return response
        return edits.body(response, self._hurry, having="error")

    def _hurry(self, body: dict[str, Any]) -> None:
        body["error"].update(type="requests", code="rate_limit_exceeded")
