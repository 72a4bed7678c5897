"""No caching unless somebody asked for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

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

WHOLE = ("chat", "responses", "messages", "embeddings")


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


class Remembers(Relay):
    """Something is known of the requests that came before, by their bodies."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.known: dict[bytes, Any] = {}


@off_by_default.mutant(killed_by="attempts at the provider", on=STREAMED)
class CachesStreams(Remembers):
    """The events of a stream are kept, and sent again to any client that sends the same body."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.body not in self.known:
            return await super().limit(incoming)
        head = [("Content-Type", "text/event-stream")]
        return RelayedResponse(incoming, 200, head, self.known[incoming.body], "provider")

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        sent = b""
        async for frame in super().frames(events):
            sent += frame
            yield frame
        self.known[incoming().body] = sent


@off_by_default.mutant(killed_by="attempts at the provider", on=WHOLE, trips=("http.request-id", "responses.stored"))
class Caches(Remembers):
    """Responses are cached, and served again to any client that sends the same body."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        kept = self.known.get(incoming.body)
        return replace(kept, incoming=incoming) if kept else await super().limit(incoming)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 200 and response.origin == "provider" and not response.streamed:
            self.known[response.incoming.body] = response
        return response


@off_by_default.mutant(killed_by="attempts at the provider", on=["chat"])
class CachesWhatIsSettled(Caches):
    """Where a request has a temperature of 0 and a seed, its answer is taken to be always the same."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        asked = response.incoming.json or {}
        return await super().response(response) if asked.get("temperature") == 0 and "seed" in asked else response


class RefusesKnown(Remembers):
    """A body that is known is refused."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.body in self.known:
            return refuse(incoming, 409, "The same request was made before.")
        self.known[incoming.body] = True
        return await super().limit(incoming)


@off_by_default.mutant(killed_by="attempts of two at once")
class SharesFlights(RefusesKnown):
    """While a request is on its way, its equals are refused."""

    async def release(self, incoming: IncomingRequest) -> None:
        self.known.pop(incoming.body, None)
        await super().release(incoming)


@off_by_default.mutant(killed_by="status of the second answer", trips=("responses.stored",))
class RefusesDuplicates(RefusesKnown):
    """A body that was seen before is taken for an accident."""
