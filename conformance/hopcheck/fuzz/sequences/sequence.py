"""A request sequence: requests of every kind, one after another and overlapping, and what must hold after each.

Every request has a word of its own, which stands in its marker, its question and its response: a foreign word shows
which two requests were mixed up. Knows nothing of how steps are chosen.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hopcheck.client import PendingResponse, Response, SessionOptions, Stream, Target, dig
from hopcheck.client.responses import describe
from hopcheck.engine.context import RunContext
from hopcheck.engine.exchanges.forecast import EXCUSING_NEEDS
from hopcheck.fuzz.fuzz_cases import fuzz_case
from hopcheck.fuzz.invariants import broken_invariants
from hopcheck.fuzz.operations import INVARIANTS, RECOVERY, SEPARATION, SEQUENCES
from hopcheck.fuzz.sequences.faults import FAULTS, HUNG, SILENT
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script, Turn

RECOVERY_POLL_S = 0.05
"""Between two requests to a target that hasn't recovered yet."""

SETTLE_S = 0.2
"""How long an attempt may continue at the upstream after its response."""

_WORD = re.compile(r"zq[0-9a-f]{8}")


class SequenceFailure(AssertionError):
    """A check failed; the text has the problem, and every step that led to it.

    Attributes:
        check: The name of the check.
        problem: What is wrong.
        steps: The steps that led to it, in words.
    """

    def __init__(self, check: str, problem: str, steps: Sequence[str]) -> None:
        self.check, self.problem = check, problem
        self.steps = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
        story = "".join(f"\n  {step}" for step in self.steps)
        super().__init__(f"{problem}, after{story or ' nothing at all'}")


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


class RequestSequence:
    """One sequence of requests to a target.

    Attributes:
        story: Its steps so far, in words.
    """

    words = itertools.count()

    def __init__(self, context: RunContext, control: Control, grace_s: float) -> None:
        """Start an empty sequence.

        Args:
            context: The target.
            control: The upstream behind it.
            grace_s: How long the target may take to recover after a step, in seconds.
        """
        self.story: list[str] = []
        self._control = control
        self._context = context
        self._case = replace(fuzz_case(SEQUENCES), needs=SEQUENCES.needs | EXCUSING_NEEDS)
        self._grace_s = grace_s
        options = SessionOptions(
            case_id=SEQUENCES.id, read_timeout_s=context.read_timeout_s, expects_limits=True, pace=context.pace
        )
        self._target = Target(context.config, control, options)
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

    async def holds(self) -> None:
        """The invariants hold on every exchange of the sequence.

        Raises:
            SequenceFailure: One doesn't.
        """
        broken = await broken_invariants(self._case, self._target, self._context)
        if broken:
            raise self._failure(INVARIANTS, "; ".join(broken))

    async def end(self) -> None:
        """Close all streams, and let the upstream forget the sequence."""
        for opened in self._open:
            opened.live.hang_up()
        for marker in dict.fromkeys(answer.marker for answer in self._target.responses if answer.marker):
            await self._control.forget(marker)

    # Helpers.

    def _record(self, step: str) -> None:
        self.story.append(step)

    def _key(self, *, other: bool) -> str | None:
        return self._target.config.second_api_key or None if other else None

    async def _word(self, turn: Turn | None = None) -> str:
        """A new word, and a script that answers with it."""
        word = f"zq{next(self.words):08x}"
        answer = turn or reply.chat("The word is ", word, ".")
        await self._control.load({f"{SEQUENCES.id}~{word}": Script(turns=(answer,))})
        return word

    async def _ask(self, word: str, *, stream: bool, key: str | None = None, model: str = "") -> Response:
        asked = self._target.chat.stream if stream else self._target.chat.create
        return await asked(script=word, key=key, model=model or self._target.models.chat)

    async def _healthy(self, *, stream: bool, key: str | None, model: str = "") -> None:
        """Ask until a 200 comes or the time is over: no event announces that a target has recovered."""
        deadline = time.monotonic() + self._grace_s
        while True:
            word = await self._word()
            answer = await self._ask(word, stream=stream, key=key, model=model)
            if answer.status == 200 or time.monotonic() >= deadline:
                break
            await self._own(answer, word)
            await asyncio.sleep(RECOVERY_POLL_S)
        if answer.status != 200:
            raise self._failure(RECOVERY, f"a healthy request{f' to {model}' if model else ''} got {describe(answer)}")
        await self._whole(answer, word)

    async def _whole(self, answer: Response, word: str) -> None:
        """Check that a response consists of its word, and nothing else."""
        await self._own(answer, word)
        text = answer.joined() if isinstance(answer, Stream) else dig(answer.message, "content")
        if text != f"The word is {word}.":
            raise self._failure(RECOVERY, f'a healthy request was answered {text!r}, not "The word is {word}."')

    async def _own(self, answer: Response, word: str) -> None:
        """Check that neither a response nor its attempts at the provider hold another request's word."""
        self._look(word, "an answer", answer.headers, answer.body)
        for attempt in await self._control.attempts(answer.marker) if answer.marker else ():
            self._look(word, "a request to the provider", [("", attempt.path), *attempt.headers], attempt.body)

    def _look(self, word: str, where: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        text = "\n".join(map(": ".join, headers)) + body.decode("utf-8", "replace")
        others = set(_WORD.findall(text)) - {word}
        if others:
            raise self._failure(SEPARATION, f"{where} holds {min(others)}, another request's word")

    def _failure(self, check: str, problem: str) -> SequenceFailure:
        return SequenceFailure(check, problem, self.story)
