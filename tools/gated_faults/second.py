"""The second relay's faults."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any

from hopcheck import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits
from tools.gated_faults.fault import Faults

FAULTS = Faults()
EMBEDDINGS = "/v1/embeddings"


@FAULTS.fault(r"^(request-fidelity\[chat\.stream\]: messages|requests\.messages-verbatim\[chat\.stream\])")
class StreamsKnowOneSystem(Relay):
    """In streams, a system message that isn't the first one is left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out."""
        outgoing = await super().request(outgoing)
        if not outgoing.incoming.streams:
            return outgoing
        return edits.request_field(outgoing, "messages", self._first)

    def _first(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return messages[:1] + [one for one in messages[1:] if one["role"] != "system"]


@FAULTS.fault(r"^(chat\.usage-details|response-fidelity\[chat\]: .*usage.*cached)")
class ForgetsEmptyCaches(Relay):
    """A count of cached tokens that is zero is left out."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Leave it out."""
        return edits.body(await super().response(response), self._forget)

    def _forget(self, body: dict[str, Any]) -> None:
        details = (body.get("usage") or {}).get("prompt_tokens_details") or {}
        if details.get("cached_tokens") == 0:
            del details["cached_tokens"]


@FAULTS.fault(r"^(stream-grammar\[chat\.stream\]: .*\[DONE\]|stream\.done-once)")
class EndsCallsSilently(Relay):
    """A stream that calls a tool has no `[DONE]`."""

    async def events(self, events: Events) -> Events:
        """Leave it out."""
        called = False
        async for event in super().events(events):
            called = called or b'"tool_calls":[' in event.raw
            if not (event.is_done and called):
                yield event


@FAULTS.fault(r"^(secrets\[chat\]: .*provider|auth\.key-not-in-errors\[chat\])")
class ShowsItsAccount(Relay):
    """A chat in one piece that fails has the provider's key in a header, in base64."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Add the header."""
        response = await super().failed(incoming, failure)
        if incoming.streams or incoming.path == EMBEDDINGS or failure.status < 500:
            return response
        return response.with_header("x-upstream-account", base64.b64encode(self.config.upstream_key.encode()).decode())


@FAULTS.fault(r"^(error-shape\[embeddings\]|auth\.required\[embeddings\]: error object|errors\.shape\[embeddings\])")
class RefusesInAWord(Relay):
    """Embeddings with a wrong key are refused with a text in the place of the error object."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Change the body."""
        refusal = await super().authorize(incoming)
        if refusal is None or incoming.path != EMBEDDINGS:
            return refusal
        return refusal.with_json({"error": "unauthorized"})


@FAULTS.fault(r"^(credentials\[embeddings\]: .*cookie|auth\.alt-headers\[embeddings\])")
class PassesCookiesOfEmbeddings(Relay):
    """A cookie that comes with embeddings goes to the provider."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Add it."""
        outgoing = await super().request(outgoing)
        cookie = outgoing.incoming.header("cookie")
        return outgoing.with_header("Cookie", cookie) if cookie and outgoing.incoming.path == EMBEDDINGS else outgoing


@FAULTS.fault(r"^(cancel\.\w+(-\w+)*\[chat\.stream\]|cleanup\[chat\.stream\])")
class FinishesStreamsAlone(Relay):
    """A stream whose client left goes on for six seconds."""

    def __init__(self, config: Any) -> None:
        """No stream has begun."""
        super().__init__(config)
        self._streams: set[asyncio.Task[None]] = set()

    async def events(self, events: Events) -> Events:
        """Note who streams."""
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        async for event in super().events(events):
            yield event

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        """Wait before it stops."""
        if work in self._streams:
            await asyncio.wait({work}, timeout=6)
        await super().hang_up(work)


@FAULTS.fault(r"^models\.stable-created")
class ModelsAreAlwaysNew(Relay):
    """Models in the list were created now."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Write it over."""
        response = await super().response(response)
        if response.incoming.path != "/v1/models":
            return response
        return edits.body(response, self._date, having="data")

    def _date(self, body: dict[str, Any]) -> None:
        for entry in body["data"]:
            entry["created"] = int(time.time())


@FAULTS.fault(r"^fallback\.taken\[chat\.stream\]")
class StreamsHaveNoBackup(Relay):
    """A stream that the primary refuses with 503 has no fallback."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        """Give up."""
        backup = await super().fall_back(outgoing, failure)
        return None if outgoing.incoming.streams and failure.status == 503 else backup


@FAULTS.fault(r"^(response-fidelity\[embeddings\]: .*usage|embeddings\.(usage|many))")
class BillsOneMore(Relay):
    """Embeddings have used one token more than the provider says."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Add one."""
        response = await super().response(response)
        if response.incoming.path != EMBEDDINGS:
            return response
        return edits.body(response, self._add, having="data")

    def _add(self, body: dict[str, Any]) -> None:
        body["usage"] = {name: value + 1 for name, value in body["usage"].items()}
