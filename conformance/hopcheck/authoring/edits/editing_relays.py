"""Relays that differ from the healthy one by an edit; mutants inherit from them."""

from __future__ import annotations

from typing import Any

from hopcheck.authoring.edits.body_edits import every_object, without_fields
from hopcheck.authoring.edits.event_edits import every_event_object
from hopcheck_server.relay import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse


class EditsObjects(Relay):
    """Base of mutants with a fault in objects of some kind, wherever these stand in bodies and events."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Change the objects of a success in one piece."""
        return every_object(response, self.edit)

    def events(self, events: Events) -> Events:
        """Change the objects of a stream's events."""
        return every_event_object(events, self.edit)

    def edit(self, content: dict[str, Any]) -> None:
        """Change an object in place."""


class DropsFields(Relay):
    """Base of mutants that leave fields out of every request."""

    fields: tuple[str, ...] = ()

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave them out."""
        return without_fields(outgoing, *self.fields)


class EditsErrors(Relay):
    """Base of mutants with a fault in what a client is answered when the provider has failed."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Change the answer."""
        return self.edit(await super().failed(incoming, failure), failure)

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        """The answer to the client."""
        return response


class BeginsDespiteErrors(EditsErrors):
    """Base of mutants that answer a stream which begins with an error with a 200 and this body."""

    begun = b""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        """Begin the stream."""
        if failure.kind != "error-event":
            return response
        response.status, response.body = 200, self.begun
        return response.with_header("Content-Type", "text/event-stream")
