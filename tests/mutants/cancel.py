"""Mutants of the cases about clients that hang up, and about what is left behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hopcheck import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayConfig,
    RelayedResponse,
    edits,
    incoming,
)
from hopcheck.selftest.independent import violates


class _KnowsItsWork(Relay):
    """Knows which request a task answers, and how many events of its stream have left."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.requests: dict[asyncio.Task, IncomingRequest] = {}
        self.sent: dict[asyncio.Task, int] = {}

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self.requests[asyncio.current_task()] = incoming
        return await super().check(incoming)

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        work = asyncio.current_task()
        async for event in events:
            self.sent[work] = self.sent.get(work, 0) + 1
            yield event.raw


@violates("cancel.before-first")
class LooksForClientsWhenItWrites(_KnowsItsWork):
    """A client that leaves before the first event is noticed when that event is to be written."""

    async def hang_up(self, work: asyncio.Task) -> None:
        if self.sent.get(work):
            work.cancel()


@violates("cancel.no-retry")
class AsksAgainForTheBill(_KnowsItsWork):
    """When a client has left, its request is sent once more in the background, to learn what it costs."""

    async def hang_up(self, work: asyncio.Task) -> None:
        incoming = self.requests.get(work)
        work.cancel()
        if incoming is not None and incoming.json is not None:
            asyncio.ensure_future(self._again(incoming))  # noqa: RUF006

    async def _again(self, incoming: IncomingRequest) -> None:
        with contextlib.suppress(Failure):
            await self._provider.attempt(self._outgoing(incoming, incoming.model), self.config.timeout_s)


@violates("cancel.nonstream")
class GivesGraceToWaiters(_KnowsItsWork):
    """A client that waits for an answer in one piece and leaves may come back for eight seconds."""

    async def hang_up(self, work: asyncio.Task) -> None:
        incoming = self.requests.get(work)
        if incoming is not None and not incoming.streams:
            await asyncio.wait({work}, timeout=8)
        work.cancel()


@violates("cancel.silent-stream")
class LooksForClientsBetweenEvents(_KnowsItsWork):
    """A client that leaves while its stream is silent is noticed at the next event."""

    async def hang_up(self, work: asyncio.Task) -> None:
        begun = self.sent.get(work, 0)
        while not work.done() and self.sent.get(work, 0) == begun:
            await asyncio.wait({work}, timeout=0.05)
        work.cancel()


@violates("cancel.stream")
class ReadsToTheEnd(_KnowsItsWork):
    """A stream that has begun is read to its end, so that its usage can be counted."""

    async def hang_up(self, work: asyncio.Task) -> None:
        if self.sent.get(work, 0) > 1:
            await asyncio.wait({work}, timeout=8)
        work.cancel()

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        work = asyncio.current_task()
        async for event in events:
            self.sent[work] = self.sent.get(work, 0) + 1
            if not self.requests[work].exchange.is_closed:
                yield event.raw


@violates("cancel.slot-release")
class LosesEverySecondSlot(Relay):
    """Of the slots of clients that hang up, every second one isn't given back."""

    lost = 0

    async def release(self, incoming: IncomingRequest) -> None:
        if asyncio.current_task().cancelling():
            self.lost += 1
            if self.lost % 2 == 0:
                return
        await super().release(incoming)


@violates("resources.conn-leak", everywhere=True)
class ForgetsEveryTenthStream(Relay):
    """Of the streams whose clients leave, every tenth stays open at the provider."""

    left = 0

    async def hang_up(self, work: asyncio.Task) -> None:
        self.left += 1
        if self.left % 10:
            work.cancel()


@violates("resources.pool", everywhere=True)
class HoldsAHundredConnections(Relay):
    """At most a hundred requests are at the provider, a common client's default; others wait."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._room = asyncio.Semaphore(100)

    async def _forward(self, incoming: IncomingRequest) -> None:
        async with self._room:
            await super()._forward(incoming)


@violates("timeout.after-alive")
class PoisonsOneRequest(Relay):
    """After an answer that can't be read, the rest of it is taken for the answer to the next request."""

    poisoned = False

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if self.poisoned:
            self.poisoned = False
            return await super().failed(incoming, Failure("garbled", "the rest of another answer came"))
        return await super().limit(incoming)

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        self.poisoned = failure.kind == "garbled"
        return await super().failed(incoming, failure)


@violates("timeout.connect")
class CallsItARateLimit(Relay):
    """A provider that refuses connections is taken for one that is limited: 429."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "connect":
            return self.limited(incoming, ())
        return await super().failed(incoming, failure)


@violates("timeout.stream-idle-not-total")
class LimitsWholeStreams(Relay):
    """A stream is cut when it takes one and a half times its timeout in all."""

    async def sound(self, events: Events) -> Events:
        limit_s = 1.5 * self.config.timeouts.get(incoming().model, self.config.timeout_s)
        end = asyncio.get_running_loop().time() + limit_s
        async for event in super().sound(events):
            if asyncio.get_running_loop().time() > end:
                raise Failure("timeout", "the stream took too long")
            yield event


@violates("timeout.ttfb")
class TriesSilenceAgain(Relay):
    """A silent provider is asked once more, so that a client waits for two timeouts."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.kind == "timeout" and outgoing.attempt_on_model == 1:
            return 0.0
        return await super().retry(outgoing, failure)


@violates("timeout.ttfb")
class CallsTimeoutsInternal(Relay):
    """A silent provider results in an internal error that doesn't name the timeout."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind != "timeout":
            return response
        response.status = 500
        return edits.body(response, lambda body: body["error"].update(message="Oops.", code=None), having="error")
