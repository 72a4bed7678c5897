"""The odd gateways, as relays: what one says or asks is odd wherever it says or asks something."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from hopcheck_server.relay import Relay, RelayConfig
from hopcheck_server.relay.messages import Events, OutgoingRequest, RelayedResponse, dump
from hopcheck_server.relay.translating import TranslatingRelay
from tools.odd_gateways.oddities import BODIES, HEADS, STREAMS, VALUES
from tools.odd_gateways.places import with_odd_value

MARK = "hopcheck:"
"""What the upstream knows a request by: it has to arrive."""

SEEDS = 8
"""How many gateways of a kind draw their oddities."""


@dataclass(frozen=True)
class OddGateway:
    """Attributes: name: fit for a URL; relay: its class; provider: whose dialect it speaks to its provider."""

    name: str
    relay: type[Relay]
    provider: str = ""


class SaysOdd(Relay):
    """Every body, and the data of every event, is what `odd` makes of the right one."""

    odd: ClassVar[Callable[[bytes], bytes]]

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if not response.streamed:
            response.body = type(self).odd(response.body)
        return response

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            data = type(self).odd((event.data or "").encode("utf-8", "replace"))
            name = f"event: {event.event}\n".encode() if event.event else b""
            yield name + b"data: " + data.replace(b"\n", b"\ndata: ") + b"\n\n"


class StreamsOdd(Relay):
    """Every stream is the same few bytes."""

    raw: ClassVar[bytes]

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for _ in events:
            pass
        yield self.raw


class HeadsOdd(Relay):
    """Every response has an odd head."""

    status: ClassVar[int]
    fields: ClassVar[tuple[tuple[str, str], ...]]

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        response.headers = [*response.headers, *self.fields]
        response.status = response.status if self.status == 200 else self.status
        return response


class InFrontOfVLLM(Relay):
    """The provider is vLLM."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(replace(config, upstream=config.upstream.replace("/v1", "/vllm/v1")))


class InFrontOfOllama(Relay):
    """The provider is Ollama; responses are passed on as they are."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(replace(config, upstream=config.upstream.replace("/v1", "/ollama")))

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        path = "/api/embed" if outgoing.path.endswith("embeddings") else "/api/chat"
        return replace(await super().request(outgoing), path=path)


class InFrontOfGemini(Relay):
    """The provider is Gemini; responses are passed on as they are."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(replace(config, upstream=config.upstream.replace("/v1", "/gemini/v1beta")))

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        asked = (await super().request(outgoing)).json
        parts = [{"text": dump(asked.get("messages", asked.get("input"))).decode()}]
        method = "streamGenerateContent?alt=sse" if asked.get("stream") is True else "generateContent"
        contents = {"contents": [{"role": "user", "parts": parts}], "generationConfig": {"temperature": 0.5}}
        return replace(outgoing, path=f"/models/{outgoing.model}:{method}").with_json(contents)


PROVIDERS: Mapping[str, type[Relay]] = {
    "": Relay,
    "anthropic": TranslatingRelay,
    "gemini": InFrontOfGemini,
    "ollama": InFrontOfOllama,
    "vllm": InFrontOfVLLM,
}
"""Relays in front of providers, by dialect."""


def _asking(base: type[Relay], draw: random.Random) -> type[Relay]:
    class AsksOdd(base):  # type: ignore[valid-type, misc]
        async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
            sent: OutgoingRequest = await super().request(outgoing)
            return replace(sent, body=with_odd_value(sent.body, draw.choice(VALUES), draw, MARK))

    return AsksOdd


def _saying(odd: Callable[[bytes], bytes], base: type[Relay] = Relay) -> type[Relay]:
    return type("SaysThis", (SaysOdd, base), {"odd": staticmethod(odd)})


def _at_a_place(draw: random.Random) -> Callable[[bytes], bytes]:
    return lambda body: with_odd_value(body, draw.choice(VALUES), draw)


def _drawn(kind: str, seed: int) -> random.Random:
    return random.Random(f"{kind}:{seed}")  # noqa: S311 - a seeded generator draws the same oddities every time


def odd_gateways() -> Iterator[OddGateway]:
    """Gateways that say each oddity, and for each provider some that draw what they say or ask, and where."""
    for name, body in BODIES.items():
        yield OddGateway(f"says-{name}", _saying(lambda _, body=body: body))  # type: ignore[misc]
    for name, raw in STREAMS.items():
        yield OddGateway(f"streams-{name}", type("StreamsThis", (StreamsOdd,), {"raw": raw}))
    for name, (status, fields) in HEADS.items():
        attributes: dict[str, Any] = {"status": status, "fields": fields}
        yield OddGateway(f"heads-{name}", type("HeadsThis", (HeadsOdd,), attributes))
    for seed in range(SEEDS):
        yield OddGateway(f"changes-{seed}", _saying(_at_a_place(_drawn("says", seed))))
        for provider, base in PROVIDERS.items():
            asks = _asking(base, _drawn(f"asks:{provider}", seed))
            yield OddGateway(f"asks-{provider or 'openai'}-{seed}", asks, provider)
            if provider:
                odd = _at_a_place(_drawn(f"says:{provider}", seed))
                yield OddGateway(f"changes-{provider}-{seed}", _saying(odd, base), provider)
