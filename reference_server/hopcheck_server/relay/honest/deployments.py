"""Honest relays that know in other ways which of a model's deployments a session belongs to."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

from hopcheck_contracts.sse import EventParser
from hopcheck_server.relay.messages import Events, IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay

MARK = re.compile(rb'"at(\d);')
"""What stands in front of a marked text: the number of a deployment."""

ENCRYPTED = re.compile(rb'("encrypted_content":\s*")([^"]+)')


class GoesBySessions(Relay):
    """Of several deployments, a session has the one that its id names, whatever the conversation carries."""

    def deployment(self, incoming: IncomingRequest, model: str) -> str:
        keys = self.config.deployments.get(model)
        session = incoming.header("x-claude-code-session-id") or incoming.header("session-id")
        if not keys or not session:
            return super().deployment(incoming, model)
        return keys[zlib.crc32(session.encode()) % len(keys)]


class MarksWhatIsEncrypted(Relay):
    """Encrypted reasoning has a mark of its deployment in front, which is taken off before it goes back there."""

    def deployment(self, incoming: IncomingRequest, model: str) -> str:
        keys, mark = self.config.deployments.get(model), MARK.search(incoming.body)
        return keys[int(mark[1])] if keys and mark else super().deployment(incoming, model)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.model not in self.config.deployments:
            return outgoing
        return replace(outgoing, body=MARK.sub(b'"', outgoing.body))

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return replace(response, body=self._marked(response.body))

    async def events(self, events: Events) -> Events:
        async for event in events:
            for marked in EventParser().feed(self._marked(event.raw)):
                yield marked

    def _marked(self, text: bytes) -> bytes:
        return ENCRYPTED.sub(lambda found: found[1] + self._mark(found[2].decode()) + found[2], text)

    def _mark(self, state: str) -> bytes:
        homes, deployments = self.deployments.homes, self.config.deployments
        numbers = [keys.index(homes[state]) for keys in deployments.values() if homes.get(state) in keys]
        return b"at%d;" % numbers[0] if numbers else b""
