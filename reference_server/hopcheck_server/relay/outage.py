"""What a relay does while its backend is down: it says so, remembers the models, and goes past it where it may."""

from __future__ import annotations

from dataclasses import replace

from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import IncomingRequest, OutgoingRequest, RelayedResponse, dump

LISTS = ("/v1/models", "/v1/llm/models")


class Outages:
    """A relay's share of methods for outages; each is small enough to get wrong.

    Attributes:
        up: Whether the backend can be reached: the suite's switch (`hopcheck_server.chain.switch`).
    """

    config: RelayConfig
    up = True

    async def ready(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Say that requests can't be served; None if they can."""
        if self.up:
            return None
        message = "The provider can't be reached."
        return refuse(incoming, 503, message, code="provider_unreachable", headers=(("Retry-After", "1"),))

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        """A list of models as it was said last, before the backend went down."""
        marked = response.with_header("Age", "0").with_header("x-llm-proxy-stale", "true")
        if response.incoming.path != "/v1/llm/models":
            return marked
        models = [{**model, "is_available": model["id"] in self.config.direct} for model in response.json]
        return replace(marked, body=dump(models))

    async def stand_in(self, outgoing: OutgoingRequest) -> OutgoingRequest | None:
        """The request as it goes past a backend that is down, to a provider that stands in; None: nobody does."""
        named = self.config.direct.get(outgoing.model)
        if named is None:
            return None
        keyed = outgoing.with_header("Authorization", f"Bearer {self.config.direct_key}")
        return keyed if named == keyed.json.get("model") else keyed.with_json({**keyed.json, "model": named})

    async def direct_headers(self) -> tuple[tuple[str, str], ...]:
        """By what a client sees that its request went past the backend."""
        return (("x-llm-proxy-fallback", "direct"),)
