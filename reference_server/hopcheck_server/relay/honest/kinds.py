"""Honest relays of another kind than most gateways, which declare what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay


class AsksForNoKey(Relay):
    """Anybody is served, with the operator's key."""

    declares: ClassVar[Mapping[str, Any]] = {"auth": "none"}

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Let everybody pass."""
        return None


class PassesKeysOn(AsksForNoKey):
    """The client's own key goes to the provider, whichever it is, and what the provider says about it comes back."""

    declares: ClassVar[Mapping[str, Any]] = {"auth": "passthrough"}

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Send the client's key."""
        return outgoing.with_header("Authorization", f"Bearer {outgoing.incoming.key}")

    async def scrub(self, text: bytes) -> bytes:
        """Show a key to its owner."""
        return text


class ListsNoModels(Relay):
    """There is no list of models."""

    declares: ClassVar[Mapping[str, Any]] = {"models": False}

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse to list them."""
        is_list = incoming.path.startswith("/v1/models")
        return refuse(incoming, 404, "Not found.") if is_list else await super().check(incoming)


class GivesOneChoice(Relay):
    """More than one choice is refused."""

    declares: ClassVar[Mapping[str, Any]] = {"choices": False}

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse to give several."""
        several = isinstance(incoming.json, dict) and incoming.json.get("n", 1) != 1
        return refuse(incoming, 400, "n must be 1.") if several else await super().check(incoming)
