"""A slow provider holds up its own requests, not others'."""

import asyncio

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    Relay,
    RelayConfig,
    ServerExchange,
    Target,
    case,
    expect,
    reply,
)

LONG_S = 3.0
"""Far longer than an answer takes that waits for nobody."""


@case(
    "isolation.blocking",
    level="MUST",
    on=FORWARDED,
    refs=["claude-code-proxy#114", "LLM-API-Key-Proxy#39"],
    upstream={"": reply.chat("Hello"), "slow": reply.hang("headers")},
    isolation="exclusive",
)
async def blocking(target: Target, ask: Operation) -> Findings:
    """While one request waits for its provider, another is answered."""
    async with await ask.open(script="slow") as slow:
        waiting = await target.arrival(slow.response.marker)
        other = asyncio.ensure_future(ask())
        await asyncio.wait({other}, timeout=LONG_S)
        in_time = other.done()
        await target.release(slow.response.marker)
        (waiting, *_) = await target.seen(slow.response.marker)
        answer = await other
    yield expect("the other's answer came first", in_time and answer.ended_at_ns < waiting.ended_ns, equals=True)


@blocking.mutant(killed_by="the other's answer came first", trips=("*",))
class OneAfterAnother(Relay):
    """Requests are answered one after another, as by a blocking client in an event loop."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._turn = asyncio.Lock()

    async def serve(self, exchange: ServerExchange, prefix: str = "") -> None:
        async with self._turn:
            await super().serve(exchange, prefix)
