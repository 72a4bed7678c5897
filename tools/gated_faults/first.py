"""The first relay's faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hopcheck import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits, incoming
from tools.gated_faults.fault import Faults

FAULTS = Faults()
EMBEDDINGS = "/v1/embeddings"


@FAULTS.fault(r"^auth\.required\[models\]: status with a wrong key")
class ListsForLongerKeys(Relay):
    """The list of models is shown to keys that begin like a right one."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Look at the beginning alone."""
        is_alike = any(incoming.key.startswith(key) for key in self.config.client_keys)
        return None if incoming.path == "/v1/models" and is_alike else await super().authorize(incoming)


@FAULTS.fault(r"^(request-fidelity\[chat\.stream\]: top_p|requests\.sampling-params\[chat\.stream\])")
class StreamsKnowOneKnob(Relay):
    """In streams, top_p is left out where there is a temperature."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out."""
        outgoing = await super().request(outgoing)
        body = outgoing.json
        if not outgoing.incoming.streams or "temperature" not in body or "top_p" not in body:
            return outgoing
        return outgoing.with_json({name: value for name, value in body.items() if name != "top_p"})


@FAULTS.fault(r"^request-fidelity\[embeddings\]: .*user")
class EmbedsForNobody(Relay):
    """Embeddings are asked for without the user."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out."""
        outgoing = await super().request(outgoing)
        body = outgoing.json
        if outgoing.incoming.path != EMBEDDINGS or "user" not in body:
            return outgoing
        return outgoing.with_json({name: value for name, value in body.items() if name != "user"})


@FAULTS.fault(r"^(stream\.nonstream-parity|response-fidelity\[chat\.stream\]: .*finish_reason)")
class CountedStreamsStop(Relay):
    """A stream with counts that ran into its length has stopped."""

    async def events(self, events: Events) -> Events:
        """Change the finish reason."""
        asked = ((incoming().json or {}).get("stream_options") or {}).get("include_usage")
        async for event in super().events(events):
            yield edits.chunk(event, self._stop) if asked else event

    def _stop(self, chunk: dict[str, Any]) -> None:
        for choice in chunk["choices"]:
            if choice.get("finish_reason") == "length":
                choice["finish_reason"] = "stop"


@FAULTS.fault(r"^errors\.status-preserved\[embeddings\]")
class CrashesWhereNothingIs(Relay):
    """A provider's 404 to embeddings becomes a 500."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Change the status."""
        response = await super().failed(incoming, failure)
        lost = incoming.path == EMBEDDINGS and failure.status == 404
        return replace(response, status=500) if lost else response


@FAULTS.fault(r"^(retry-after\[chat\.stream\]|rate_limit\.upstream-retry-after\[chat\.stream\])")
class StreamsWaitForNothing(Relay):
    """A stream that the provider refuses doesn't say when to come back."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Take the header out."""
        response = await super().response(response)
        is_refused = response.origin == "provider" and response.status >= 400 and response.incoming.streams
        return response.with_header("Retry-After", None) if is_refused else response


@FAULTS.fault(r"^(request-fidelity\[chat\]: tools|requests\.many-tools\[chat\])")
class DescribesOneTool(Relay):
    """In chats in one piece, the first tool alone has its description."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Take the others out."""
        outgoing = await super().request(outgoing)
        body = outgoing.json
        if outgoing.incoming.streams or len(body.get("tools") or ()) < 2:
            return outgoing
        for tool in body["tools"][1:]:
            tool.get("function", {}).pop("description", None)
        return outgoing.with_json(body)


@FAULTS.fault(r"^(http\.request-id\[models\]|identity\[models\])")
class NumbersListsOnce(Relay):
    """All lists of models have the same request id."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Write it over."""
        response = await super().response(response)
        is_list = response.incoming.path == "/v1/models"
        return response.with_header("x-request-id", "0" * 32) if is_list else response


@FAULTS.fault(r"^(attempts\[embeddings\]: there are more|retry\.\w+\[embeddings\]: attempts)")
class InsistsOnBadGateways(Relay):
    """Embeddings that end in a 502 are asked for five times."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Go on where the budget is used up."""
        wait_s = await super().retry(outgoing, failure)
        again = outgoing.incoming.path == EMBEDDINGS and failure.status == 502 and outgoing.attempt_on_model < 5
        return 0.05 if wait_s is None and again else wait_s


@FAULTS.fault(r"^rate_limit\.headers")
class CountsAllAtOnce(Relay):
    """Of a limit, half is always left."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Write it over."""
        response = await super().response(response)
        limit = response.header("x-ratelimit-limit-requests") if response.status == 200 else None
        return response.with_header("x-ratelimit-remaining-requests", str(int(limit) // 2 + 1)) if limit else response
