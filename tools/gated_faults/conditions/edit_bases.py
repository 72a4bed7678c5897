"""Bases of faults that edit requests, responses or chunks: a relay of several faults makes all their edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck import Events, OutgoingRequest, Relay, RelayedResponse, edits
from tools.gated_faults.parts import Json


def own_methods(relay: Relay, name: str) -> list[Callable[..., Any]]:
    """The methods of that name that each of a relay's classes has of its own."""
    return [vars(one)[name] for one in type(relay).__mro__ if name in vars(one)]


class EditsRequests(Relay):
    """Base of those with a fault in a request's body, in `edit_request(body, outgoing)`."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Change the body."""
        outgoing = await super().request(outgoing)
        body = outgoing.json
        before = repr(body)
        for edit in own_methods(self, "edit_request"):
            edit(self, body, outgoing)
        return outgoing if repr(body) == before else outgoing.with_json(body)


class EditsCompletions(Relay):
    """Base of those with a fault in a chat completion in one piece, in `edit_choice(choice, body)`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Change each choice."""
        response = await super().response(response)
        return edits.body(response, self._edit_choices) if own_methods(self, "edit_choice") else response

    def _edit_choices(self, body: Json) -> None:
        for choice in body["choices"]:
            for edit in own_methods(self, "edit_choice"):
                edit(self, choice, body)


class EditsChunks(Relay):
    """Base of those with a fault in the chunks of a stream, in `edit_delta(choice, chunk)`."""

    async def events(self, events: Events) -> Events:
        """Change each choice of each chunk."""
        async for event in super().events(events):
            yield edits.chunk(event, self._edit_deltas)

    def _edit_deltas(self, chunk: Json) -> None:
        for choice in chunk["choices"]:
            for edit in own_methods(self, "edit_delta"):
                edit(self, choice, chunk)
