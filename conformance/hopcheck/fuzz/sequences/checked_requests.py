"""Requests of which each has a word of its own, and the checks of what they are answered.

The word stands in a request's marker, its question and its response: a foreign one shows which two requests were mixed
up.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hopcheck.client import Response, SessionOptions, Stream, Target, dig
from hopcheck.client.responses import describe
from hopcheck.engine.context import RunContext
from hopcheck.engine.exchanges.forecast import EXCUSING_NEEDS
from hopcheck.fuzz.fuzz_cases import fuzz_case
from hopcheck.fuzz.invariants import broken_invariants
from hopcheck.fuzz.operations import INVARIANTS, RECOVERY, SEPARATION, SEQUENCES
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


class CheckedRequests:
    """Requests to one target, each checked on its own.

    Attributes:
        story: The steps so far, in words.
    """

    words = itertools.count()

    def __init__(self, context: RunContext, control: Control, grace_s: float) -> None:
        """Begin without steps.

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

    async def holds(self) -> None:
        """The invariants hold on every exchange of the sequence.

        Raises:
            SequenceFailure: One doesn't.
        """
        broken = await broken_invariants(self._case, self._target, self._context)
        if broken:
            raise self._failure(INVARIANTS, "; ".join(broken))

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
