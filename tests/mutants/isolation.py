"""Mutants of the cases about requests that must not touch each other."""

import asyncio
from typing import Any

from hopcheck import Events, IncomingRequest, OutgoingRequest, Relay, RelayConfig, RelayedResponse, edits
from hopcheck.selftest.independent import violates


@violates("isolation.blocking")
class WaitsForHeads(Relay):
    """The next request is sent when the provider's answer to the last one has begun."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._turn = asyncio.Lock()

    async def _obtain(self, outgoing: OutgoingRequest) -> Any:
        async with self._turn:
            return await super()._obtain(outgoing)


@violates("isolation.concurrent")
class SharesABuffer(Relay):
    """From forty streams at once on, a text may be written into the buffer of another stream."""

    open = 0
    text: str | None = None

    async def events(self, events: Events) -> Events:
        self.open += 1
        try:
            async for event in events:
                yield edits.chunk(event, self.edit) if self.open >= 40 else event
        finally:
            self.open -= 1

    def edit(self, chunk: dict[str, Any]) -> None:
        for choice in chunk["choices"]:
            if choice["delta"].get("content"):
                mine = choice["delta"]["content"]
                choice["delta"]["content"] = self.text or mine
                self.text = mine


@violates("isolation.headers")
class SharesTheLatestTrace(Relay):
    """A request goes upstream with the trace of the request that arrived last."""

    trace: str | None = None

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self.trace = incoming.header("traceparent") or self.trace
        return await super().check(incoming)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        await asyncio.sleep(0.01)
        if self.trace and outgoing.incoming.header("traceparent"):
            return outgoing.with_header("traceparent", self.trace)
        return outgoing


@violates("isolation.provider-cookies")
class KeepsCookiesPerClient(Relay):
    """A provider's cookie goes to it with the next requests of the same client."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.jar: dict[str, str] = {}

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        cookie = response.provider.header("set-cookie") if response.provider else None
        if cookie:
            self.jar[response.incoming.key] = cookie.partition(";")[0]
        return response

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        cookie = self.jar.get(outgoing.incoming.key)
        return outgoing.with_header("Cookie", cookie) if cookie else outgoing
