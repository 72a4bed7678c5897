"""A walk: requests of every kind one after another and across each other, and what must hold after each step.

Every request has a word of its own, which its marker, its question and its answer hold: a word that turns up where
another one belongs says whose request was mixed up with whose. Knows nothing of how steps are chosen.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hopcheck.client import Answer, Live, Stream, Target, dig
from hopcheck.client.untestable import describe
from hopcheck.engine.run import RunContext
from hopcheck.fuzz.faults import FAULTS, HUNG, SILENT
from hopcheck.fuzz.operations import OWN, WALK, WELL
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script, Turn

BETWEEN_S = 0.05
"""Between two looks at a target that isn't well yet."""

SETTLE_S = 0.2
"""How long an attempt may go on at the upstream after its answer."""

_WORD = re.compile(r"zq[0-9a-f]{8}")


class Strayed(AssertionError):
    """Something doesn't hold; the text tells what, and every step that led there.

    Attributes:
        check: Which of the checks of a walk.
        said: What doesn't hold.
        steps: What led there, in words.
    """

    def __init__(self, check: str, said: str, steps: Sequence[str]) -> None:
        self.check, self.said = check, said
        self.steps = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
        story = "".join(f"\n  {step}" for step in self.steps)
        super().__init__(f"{said}, after{story or ' nothing at all'}")


@dataclass(frozen=True)
class Opened:
    """A stream whose beginning was read.

    Attributes:
        live: The stream.
        word: Its word.
        whole: Whether its provider has sent all of it, or hangs.
        narrow: Whether it takes one of the places of a limit.
    """

    live: Live
    word: str
    whole: bool
    narrow: bool


class Walk:
    """One walk through a target.

    Attributes:
        story: Its steps so far, in words.
    """

    words = itertools.count()

    def __init__(self, setting: RunContext, control: Control, grace_s: float) -> None:
        """Nothing is asked yet.

        Args:
            setting: The target.
            control: The upstream behind it.
            grace_s: How long the target may take to be well again after a step, in seconds.
        """
        self.story: list[str] = []
        self._control = control
        self._grace_s = grace_s
        self._target = Target(
            setting.config, control, case_id=WALK.id, read_timeout_s=setting.read_timeout_s, expects_limits=True
        )
        self._open: list[Opened] = []

    @property
    def narrow(self) -> str | None:
        """A model with a limit of requests in flight, while there is more than one place left."""
        limit = self._target.declares.concurrency_limit
        taken = sum(opened.narrow for opened in self._open)
        return limit.model if limit and taken < limit.requests - 1 else None

    @property
    def has_limit(self) -> bool:
        """Whether the target says that it has a limit of requests in a time."""
        return self._target.declares.rate_limit is not None

    # The steps.

    async def answered(self, *, stream: bool, other: bool) -> None:
        """A healthy request."""
        self._tell(f"{'a stream' if stream else 'an answer'} for {'another user' if other else 'a user'}")
        await self._healthy(stream=stream, key=self._key(other=other))

    async def fails(self, fault: str, *, stream: bool) -> None:
        """A request whose provider fails."""
        self._tell(f"{'a stream' if stream else 'an answer'}, for which the provider has {fault}")
        word = await self._word(FAULTS[fault])
        await self._own(await self._ask(word, stream=stream), word)

    async def refused(self, *, key: bool) -> None:
        """A request that the target must refuse itself."""
        self._tell("a wrong key" if key else "a request without messages")
        target = self._target
        answer = await (target.chat.create(key="wrong") if key else target.chat.create(messages=[]))
        await self._own(answer, "")

    async def used_up(self) -> None:
        """A limit is used up, and more."""
        limit = self._target.declares.rate_limit
        assert limit is not None
        self._tell(f"{limit.requests + 1} requests at once, where {limit.requests} are allowed")
        words = [await self._word() for _ in range(limit.requests + 1)]
        asked = (self._ask(word, stream=False, model=limit.models[0]) for word in words)
        for word, answer in zip(words, await asyncio.gather(*asked), strict=True):
            await self._own(answer, word)

    async def opens(self, *, whole: bool, model: str | None = None) -> Opened:
        """A stream is begun, and left for later; of that model, if it is one with a limit."""
        self._tell(f"a stream{' of the limited model' if model else ''} is begun{'' if whole else ', and hangs'}")
        word = await self._word(None if whole else HUNG)
        live = await self._target.chat.open(script=word, model=model or self._target.models.chat)
        if await live.head() is not None:
            await live.event()
        opened = Opened(live, word, whole, model is not None)
        self._open.append(opened)
        return opened

    async def reads_on(self, opened: Opened) -> None:
        """A stream is read to its end, if it has one; else its client leaves."""
        if not opened.whole:
            await self.leaves(opened)
            return
        self._tell("a stream that was begun is read to its end")
        self._open.remove(opened)
        async with opened.live:
            await opened.live.rest()
        await self._whole(opened.live.stream, opened.word)

    async def leaves(self, opened: Opened) -> None:
        """A client leaves amid its stream."""
        self._tell("the client of a stream that was begun leaves")
        self._open.remove(opened)
        opened.live.hang_up()
        await self._own(opened.live.answer, opened.word)

    async def gives_up(self) -> None:
        """A client leaves before it has been answered."""
        self._tell("a client leaves before it is answered")
        word = await self._word(SILENT)
        live = await self._target.chat.open(script=word, stream=False)
        await self._control.wait(live.answer.marker, attempts=1, ended=False, timeout_s=SETTLE_S)
        live.hang_up()

    async def all_leave(self) -> None:
        """Whoever has a stream open leaves."""
        for opened in list(self._open):
            await self.leaves(opened)

    # What must hold after each.

    async def well(self) -> None:
        """The target answers: all models, within the time that it is given.

        Raises:
            Strayed: It doesn't, or with something of another request.
        """
        await self._healthy(stream=False, key=None)
        if self.narrow:
            await self._healthy(stream=True, key=None, model=self.narrow)

    async def end(self) -> None:
        """Leave everything, and let the upstream let go."""
        for opened in self._open:
            opened.live.hang_up()
        for marker in dict.fromkeys(answer.marker for answer in self._target.answers if answer.marker):
            await self._control.forget(marker)

    # How.

    def _tell(self, step: str) -> None:
        self.story.append(step)

    def _key(self, *, other: bool) -> str | None:
        return self._target.config.second_api_key or None if other else None

    async def _word(self, turn: Turn | None = None) -> str:
        """A fresh word, and a script that says it."""
        word = f"zq{next(self.words):08x}"
        await self._control.load({f"{WALK.id}~{word}": Script(turns=(turn or reply.chat("The word is ", word, "."),))})
        return word

    async def _ask(self, word: str, *, stream: bool, key: str | None = None, model: str = "") -> Answer:
        asked = self._target.chat.stream if stream else self._target.chat.create
        return await asked(script=word, key=key, model=model or self._target.models.chat)

    async def _healthy(self, *, stream: bool, key: str | None, model: str = "") -> None:
        """Ask until the answer comes, as long as it may take: nothing announces that a target is well again."""
        deadline = time.monotonic() + self._grace_s
        while True:
            word = await self._word()
            answer = await self._ask(word, stream=stream, key=key, model=model)
            if answer.status == 200 or time.monotonic() >= deadline:
                break
            await self._own(answer, word)
            await asyncio.sleep(BETWEEN_S)
        if answer.status != 200:
            raise self._strayed(WELL, f"a healthy request{f' to {model}' if model else ''} got {describe(answer)}")
        await self._whole(answer, word)

    async def _whole(self, answer: Answer, word: str) -> None:
        """An answer says its word, and nothing else."""
        await self._own(answer, word)
        text = answer.joined() if isinstance(answer, Stream) else dig(answer.message, "content")
        if text != f"The word is {word}.":
            raise self._strayed(WELL, f'a healthy request was answered {text!r}, not "The word is {word}."')

    async def _own(self, answer: Answer, word: str) -> None:
        """Neither an answer nor what reached the provider for it holds another request's word."""
        self._look(word, "an answer", answer.headers, answer.body)
        for attempt in await self._control.attempts(answer.marker) if answer.marker else ():
            self._look(word, "a request to the provider", [("", attempt.path), *attempt.headers], attempt.body)

    def _look(self, word: str, where: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        text = "\n".join(map(": ".join, headers)) + body.decode("utf-8", "replace")
        others = set(_WORD.findall(text)) - {word}
        if others:
            raise self._strayed(OWN, f"{where} holds {min(others)}, another request's word")

    def _strayed(self, check: str, said: str) -> Strayed:
        return Strayed(check, said, self.story)
