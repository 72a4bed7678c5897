"""The third relay's faults."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from hopcheck import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits, event_of
from tools.gated_faults.fault import Faults

FAULTS = Faults()
EMBEDDINGS = "/v1/embeddings"


@FAULTS.fault(r"^(response-fidelity\[chat\.stream\]: .*tool_calls|tools\.stream-)")
class ShortensStreamedIds(Relay):
    """The id of a streamed call has eight characters."""

    async def events(self, events: Events) -> Events:
        """Cut it."""
        async for event in super().events(events):
            yield edits.chunk(event, self._cut)

    def _cut(self, chunk: dict[str, Any]) -> None:
        for choice in chunk["choices"]:
            for call in choice["delta"].get("tool_calls") or ():
                if call.get("id"):
                    call["id"] = call["id"][:8]


@FAULTS.fault(r"^cache\.off-by-default\[embeddings\]")
class RemembersVectors(Relay):
    """Embeddings are remembered by what was asked."""

    def __init__(self, config: Any) -> None:
        """Nothing is remembered yet."""
        super().__init__(config)
        self._vectors: dict[bytes, RelayedResponse] = {}

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Answer from memory."""
        known = self._vectors.get(incoming.body) if incoming.path == EMBEDDINGS else None
        return replace(known, incoming=incoming) if known else await super().check(incoming)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Remember a success."""
        response = await super().response(response)
        if response.incoming.path == EMBEDDINGS and response.status == 200:
            self._vectors[response.incoming.body] = response
        return response


@FAULTS.fault(r"^(error-shape\[chat\.stream\]|stream\.error-mid|contract\.event\[chat\.stream\])")
class ForgetsCodesMidway(Relay):
    """An error in mid-stream has a message alone."""

    async def events(self, events: Events) -> Events:
        """Take the rest out."""
        async for event in super().events(events):
            error = event.json.get("error") if isinstance(event.json, dict) else None
            yield event_of({"error": {"message": error.get("message")}}) if isinstance(error, dict) else event


@FAULTS.fault(r"^(request-fidelity\[chat(\.stream)?\]: seed|requests\.sampling-params)")
class SeedsAreText(Relay):
    """A seed goes upstream as a text."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Write it so."""
        return edits.request_field(await super().request(outgoing), "seed", str)


@FAULTS.fault(r"^errors\.method-not-allowed")
class AllowsNothing(Relay):
    """A 405 doesn't say which methods are allowed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Take the header out."""
        response = await super().response(response)
        return response.with_header("Allow", None) if response.status == 405 else response


@FAULTS.fault(r"^(http\.traceparent\[embeddings\]|isolation\.headers\[embeddings\])")
class BeginsTracesOfVectors(Relay):
    """Embeddings begin a trace of their own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Exchange the trace id for a new one."""
        outgoing = await super().request(outgoing)
        if outgoing.incoming.path != EMBEDDINGS or not outgoing.incoming.header("traceparent"):
            return outgoing
        return outgoing.with_header("traceparent", f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01")


@FAULTS.fault(r"^(request-fidelity\[chat(\.stream)?\]: response_format|requests\.response-format)")
class LoosensSchemas(Relay):
    """A strict response format isn't strict upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Loosen it."""
        return edits.request_field(await super().request(outgoing), "response_format", self._loosen)

    def _loosen(self, wanted: Any) -> Any:
        if isinstance(wanted, dict) and "json_schema" in wanted:
            wanted["json_schema"]["strict"] = False
        return wanted


@FAULTS.fault(r"^timeout\.ttfb")
class SilenceIsTooMany(Relay):
    """A silent provider results in a 400."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Change the status."""
        response = await super().failed(incoming, failure)
        return replace(response, status=400) if failure.kind == "timeout" else response


@FAULTS.fault(r"^auth\.key-not-in-logs\[chat\.stream\]")
class LogsStreamers(Relay):
    """The log's line about a stream has the client's key."""

    async def log(self, response: RelayedResponse) -> str:
        """Add it."""
        line = await super().log(response)
        return f"{line} key={response.incoming.key}" if response.streamed else line


@FAULTS.fault(r"^rate_limit\.concurrency-release")
class KeepsPlacesOfErrors(Relay):
    """A request that the provider answered with a server error keeps its place among those in flight."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Take another place."""
        if failure.status >= 500 and incoming.model in self.config.concurrency_limits:
            self.limits.in_flight[incoming.model] += 1
        return await super().failed(incoming, failure)
