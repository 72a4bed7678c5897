"""Relays that change requests on their way to the provider."""

from __future__ import annotations

from typing import Any

from hopcheck.client.operations import GENERATING
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_server.relay import OutgoingRequest, Relay

CHATS = ("chat", "chat.stream")


class _Edits(Relay):
    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        self.edit(body)
        return outgoing.with_json(body)

    def edit(self, body: dict[str, Any]) -> None:
        """Change the body in place."""


@invariant_mutant("request-fidelity", *GENERATING, "count_tokens")
class CutsHistory(_Edits):
    """Only the latest message is sent."""

    def edit(self, body: dict[str, Any]) -> None:
        name = "messages" if "messages" in body else "input"
        body[name] = body.get(name, [])[-1:]


@invariant_mutant("request-fidelity", *CHATS)
class ForgetsDescriptions(_Edits):
    """The descriptions of tools are lost."""

    def edit(self, body: dict[str, Any]) -> None:
        for tool in body.get("tools", ()):
            tool["function"].pop("description", None)


@invariant_mutant("request-fidelity", *GENERATING)
class SetsSeed(_Edits):
    """Every request gets a seed."""

    def edit(self, body: dict[str, Any]) -> None:
        body["seed"] = 7


@invariant_mutant("request-fidelity", *CHATS)
class DropsUser(_Edits):
    """The field `user` is dropped, though that isn't declared."""

    def edit(self, body: dict[str, Any]) -> None:
        body.pop("user", None)


@invariant_mutant("request-fidelity", "embeddings")
class KeepsTwoInputs(_Edits):
    """Of several inputs, the last two are embedded."""

    def edit(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("input"), list):
            body["input"] = body["input"][-2:]


@invariant_mutant("request-fidelity", "embeddings")
class IgnoresDimensions(_Edits):
    """The number of dimensions isn't passed on."""

    def edit(self, body: dict[str, Any]) -> None:
        body.pop("dimensions", None)
