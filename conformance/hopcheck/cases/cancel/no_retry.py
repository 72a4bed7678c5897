"""A client that hangs up has not asked for another attempt."""

import asyncio
from weakref import WeakKeyDictionary

from hopcheck import (
    FORWARDED,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayConfig,
    Target,
    case,
    expect,
    reply,
)

QUIET_S = 0.6
"""Long enough for a retry or a fallback to begin."""


@case(
    "cancel.no-retry",
    level="MUST",
    on=FORWARDED,
    refs=["litellm 1.106: attempts go on after the client left"],
    upstream=reply.hang("headers"),
)
async def no_retry(target: Target, ask: Operation) -> Findings:
    """A client's hanging up is answered with no further attempt: no retry and no fallback."""
    fallback = target.declares.fallback
    primary = {"model": fallback.primary} if fallback and ask.generates else {}
    async with await ask.open(extra=primary) as live:
        await target.arrival(live.response.marker)
        live.hang_up()
    attempts = await target.seen(live.response.marker, attempts=2, settle_s=QUIET_S)
    yield expect("attempts", len(attempts), equals=1)


@no_retry.mutant(
    killed_by="attempts", trips=("cancel.*", "isolation.concurrent", "resources.*", "stream.*", "retry.declared")
)
class TriesAgainForNobody(Relay):
    """A dropped connection looks like a failure of the provider, so the request is sent again."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._asked: WeakKeyDictionary[asyncio.Task[None], IncomingRequest] = WeakKeyDictionary()

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        work.cancel()
        await asyncio.wait({work})
        if work in self._asked:
            self._again = asyncio.gather(self._answer(self._asked[work]), return_exceptions=True)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        work = asyncio.current_task()
        if work is not None:
            self._asked[work] = outgoing.incoming
        return outgoing

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None
