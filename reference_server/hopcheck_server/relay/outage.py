"""A relay while its backend is down: it is not ready, lists the models of before, and uses the direct provider."""

from __future__ import annotations

from dataclasses import replace

from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import IncomingRequest, OutgoingRequest, RelayedResponse, dump

LISTS = ("/v1/models", "/v1/llm/models")


class Outages:
    """The methods of a relay for outages.

    Attributes:
        up: Whether the backend can be reached; the suite turns it off and on.
    """

    config: RelayConfig
    up = True

    async def ready(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse because requests can't be served; None if they can."""
        if self.up:
            return None
        message = "The provider can't be reached."
        return refuse(incoming, 503, message, code="provider_unreachable", headers=(("Retry-After", "1"),))

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        """Mark a list of models as the one from before the outage."""
        marked = response.with_header("Age", "0").with_header("x-llm-proxy-stale", "true")
        if response.incoming.path != "/v1/llm/models":
            return marked
        models = [{**model, "is_available": model["id"] in self.config.direct} for model in response.json]
        return replace(marked, body=dump(models))

    async def stand_in(self, outgoing: OutgoingRequest) -> OutgoingRequest | None:
        """Make the attempt at the direct provider; None if it doesn't serve the model."""
        named = self.config.direct.get(outgoing.model)
        if named is None:
            return None
        keyed = outgoing.with_header("Authorization", f"Bearer {self.config.direct_key}")
        return keyed if named == keyed.json.get("model") else keyed.with_json({**keyed.json, "model": named})

    async def direct_headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that mark a response of the direct provider."""
        return (("x-llm-proxy-fallback", "direct"),)
