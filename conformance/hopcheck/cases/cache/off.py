"""No caching unless somebody asked for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from hopcheck import (
    FORWARDED,
    STREAMED,
    Events,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayConfig,
    RelayedResponse,
    Target,
    case,
    expect,
    incoming,
    refuse,
    reply,
)


@case(
    "cache.off-by-default",
    level="MUST",
    on=FORWARDED,
    refs=["failoverbench limits", "litellm#25447"],
    upstream={"": reply.chat("Hello"), "slow": reply.chat("Hello", delay_s=0.3)},
)
async def off_by_default(target: Target, ask: Operation) -> Findings:
    """The same request, sent twice, goes to the provider twice."""
    settled = {"temperature": 0, **({"seed": 7} if ask.surface == "openai" else {})}
    first = await ask(extra=settled if ask.generates else None)
    again = await target.request(ask.method, ask.path, body=first.sent.body, marker=first.marker)
    yield expect("status of the second answer", again.status, equals=200)
    yield expect("attempts at the provider", len(await target.seen(first, attempts=2, settle_s=0.5)), equals=2)
    marker = target.marker("slow")
    body = ask.body(marker, {})
    sent = (target.request(ask.method, ask.path, body=body, headers=ask.headers, marker=marker) for _ in range(2))
    await asyncio.gather(*sent)
    yield expect("attempts of two at once", len(await target.seen(marker, attempts=2, settle_s=0.5)), equals=2)


@off_by_default.mutant(killed_by="attempts at the provider", on=STREAMED)
class CachesStreams(Relay):
    """The events of a stream are kept, and sent again to any client that sends the same body."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._kept: dict[bytes, bytes] = {}

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.body not in self._kept:
            return await super().limit(incoming)
        head = [("Content-Type", "text/event-stream")]
        return RelayedResponse(incoming, 200, head, self._kept[incoming.body], "provider")

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        sent = b""
        async for frame in super().frames(events):
            sent += frame
            yield frame
        self._kept[incoming().body] = sent


@off_by_default.mutant(killed_by="attempts at the provider", on=["chat", "responses", "messages", "embeddings"])
class Caches(Relay):
    """Responses are cached, and served again to any client that sends the same body."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._kept: dict[bytes, RelayedResponse] = {}

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        kept = self._kept.get(incoming.body)
        return replace(kept, incoming=incoming) if kept else await super().limit(incoming)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 200 and response.origin == "provider" and not response.streamed:
            self._kept[response.incoming.body] = response
        return response


@off_by_default.mutant(killed_by="attempts at the provider", on=["chat"])
class CachesWhatIsSettled(Caches):
    """Where a request has a temperature of 0 and a seed, its answer is taken to be always the same."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        asked = response.incoming.json or {}
        return await super().response(response) if asked.get("temperature") == 0 and "seed" in asked else response


@off_by_default.mutant(killed_by="attempts of two at once")
class SharesFlights(Relay):
    """While a request is on its way, its equals are refused."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._flights: set[bytes] = set()

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.body in self._flights:
            return refuse(incoming, 409, "The same request is being answered.")
        self._flights.add(incoming.body)
        return await super().limit(incoming)

    async def release(self, incoming: IncomingRequest) -> None:
        self._flights.discard(incoming.body)
        await super().release(incoming)


@off_by_default.mutant(killed_by="status of the second answer")
class RefusesDuplicates(Relay):
    """A body that was seen before is taken for an accident."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._known: set[bytes] = set()

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.body in self._known:
            return refuse(incoming, 409, "This request was made before.")
        self._known.add(incoming.body)
        return await super().limit(incoming)
