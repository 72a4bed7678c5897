"""A request sequence: requests of every kind, one after another and overlapping, and what must hold after each.

Every request has a word of its own, which stands in its marker, its question and its response: a foreign word shows
which two requests were mixed up. Knows nothing of how steps are chosen.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from hopcheck.client import PendingResponse
from hopcheck.engine.context import RunContext
from hopcheck.fuzz.sequences.checked_requests import CheckedRequests
from hopcheck.fuzz.sequences.faults import FAULTS, HUNG, SILENT
from hopcheck_server.upstream.control.client import Control

RECOVERY_POLL_S = 0.05
"""Between two requests to a target that hasn't recovered yet."""

SETTLE_S = 0.2
"""How long an attempt may continue at the upstream after its response."""

_WORD = re.compile(r"zq[0-9a-f]{8}")


@dataclass(frozen=True)
class OpenStream:
    """A stream of which the beginning was read.

    Attributes:
        live: The stream.
        word: Its word.
        whole: Whether its provider sends all of it; else the stream hangs.
        narrow: Whether it counts towards a limit of concurrent requests.
    """

    live: PendingResponse
    word: str
    whole: bool
    narrow: bool


class RequestSequence(CheckedRequests):
    """One sequence of requests to a target."""

    def __init__(self, context: RunContext, control: Control, grace_s: float) -> None:
        super().__init__(context, control, grace_s)
        self._open: list[OpenStream] = []

    @property
    def narrow(self) -> str | None:
        """The model with a limit of concurrent requests, while more than one request is left of it."""
        limit = self._target.declares.concurrency_limit
        taken = sum(opened.narrow for opened in self._open)
        return limit.model if limit and taken < limit.requests - 1 else None

    @property
    def has_limit(self) -> bool:
        """Whether the target declares a rate limit."""
        return self._target.declares.rate_limit is not None

    # Steps.

    async def answered(self, *, stream: bool, other: bool) -> None:
        """A healthy request."""
        self._record(f"{'a stream' if stream else 'an answer'} for {'another user' if other else 'a user'}")
        await self._healthy(stream=stream, key=self._key(other=other))

    async def fails(self, fault: str, *, stream: bool) -> None:
        """A request whose provider fails."""
        self._record(f"{'a stream' if stream else 'an answer'}, for which the provider has {fault}")
        word = await self._word(FAULTS[fault])
        await self._own(await self._ask(word, stream=stream), word)

    async def refused(self, *, key: bool) -> None:
        """A request that the target must refuse itself."""
        self._record("a wrong key" if key else "a request without messages")
        target = self._target
        answer = await (target.chat.create(key="wrong") if key else target.chat.create(messages=[]))
        await self._own(answer, "")

    async def used_up(self) -> None:
        """A limit is used up, and more."""
        limit = self._target.declares.rate_limit
        assert limit is not None
        self._record(f"{limit.requests + 1} requests at once, where {limit.requests} are allowed")
        words = [await self._word() for _ in range(limit.requests + 1)]
        asked = (self._ask(word, stream=False, model=limit.models[0]) for word in words)
        for word, answer in zip(words, await asyncio.gather(*asked), strict=True):
            await self._own(answer, word)

    async def opens(self, *, whole: bool, model: str | None = None) -> OpenStream:
        """A stream is begun, and left for later; of that model, if it is one with a limit."""
        self._record(f"a stream{' of the limited model' if model else ''} is begun{'' if whole else ', and hangs'}")
        word = await self._word(None if whole else HUNG)
        live = await self._target.chat.open(script=word, model=model or self._target.models.chat)
        if await live.head() is not None:
            await live.event()
        opened = OpenStream(live, word, whole, model is not None)
        self._open.append(opened)
        return opened

    async def reads_on(self, opened: OpenStream) -> None:
        """A stream is read to its end, if it has one; else its client leaves."""
        if not opened.whole:
            await self.leaves(opened)
            return
        self._record("a stream that was begun is read to its end")
        self._open.remove(opened)
        async with opened.live:
            await opened.live.rest()
        await self._whole(opened.live.stream, opened.word)

    async def leaves(self, opened: OpenStream) -> None:
        """A client hangs up during its stream."""
        self._record("the client of a stream that was begun leaves")
        self._open.remove(opened)
        opened.live.hang_up()
        await self._own(opened.live.response, opened.word)

    async def gives_up(self) -> None:
        """A client leaves before it has been answered."""
        self._record("a client leaves before it is answered")
        word = await self._word(SILENT)
        live = await self._target.chat.open(script=word, stream=False)
        await self._control.wait(live.response.marker, attempts=1, ended=False, timeout_s=SETTLE_S)
        live.hang_up()

    async def all_leave(self) -> None:
        """Every client with an open stream hangs up."""
        for opened in list(self._open):
            await self.leaves(opened)

    # Checks after each step.

    async def well(self) -> None:
        """The target answers healthy requests again, within its time to recover.

        Raises:
            SequenceFailure: It doesn't, or a response holds content of another request.
        """
        await self._healthy(stream=False, key=None)
        if self.narrow:
            await self._healthy(stream=True, key=None, model=self.narrow)

    async def end(self) -> None:
        """Close all streams, and let the upstream forget the sequence."""
        for opened in self._open:
            opened.live.hang_up()
        for marker in dict.fromkeys(answer.marker for answer in self._target.responses if answer.marker):
            await self._control.forget(marker)
