"""Knows whether LiteLLM is there: asks it again and again, and at once when a request has met with trouble."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace

from hopcheck_server.proxy.adapters.base import AdapterResponse
from hopcheck_server.proxy.errors import ProxyError, UpstreamLost, upstream_down

log = logging.getLogger("hopcheck.proxy")


@dataclass(frozen=True, slots=True)
class BackendHealth:
    """How LiteLLM is.

    Attributes:
        wrong: What is wrong with it, for a sentence; "" if nothing is.
        code: The same in a word.
        serves: Whether requests should be sent there.
    """

    wrong: str = ""
    code: str | None = None
    serves: bool = True


WELL = BackendHealth()
UNKNOWN = BackendHealth("has not been asked yet", "upstream_silent")
SILENT = BackendHealth("does not answer", "upstream_silent")
UNREACHABLE = BackendHealth("can't be reached", "upstream_unreachable", serves=False)


def _unwell(error: ProxyError) -> BackendHealth:
    # 502 to 504 are a load balancer's words for the same thing; whoever answers anything else may answer requests.
    return BackendHealth(f"answers {error.status} when asked", "upstream_unwell", serves=not 502 <= error.status <= 504)


class BackendWatch:
    """Looks at LiteLLM while the proxy runs.

    Args:
        ask: Asks whether it lives; raises ProxyError. Bounds its own time.
        interval_s: Between two questions, in seconds.
        silence_s: For how long it may leave them unanswered before it counts as down; before that it may be busy.
        back: Is called when LiteLLM is found well after it was not, and at the beginning. Given up if that comes again.

    Attributes:
        condition: What was found last.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[object]],
        interval_s: float,
        silence_s: float,
        back: Callable[[], Coroutine[object, object, object]],
    ) -> None:
        self.condition = UNKNOWN
        self._ask = ask
        self._interval_s = interval_s
        self._silence_s = silence_s
        self._back = back
        self._answered = time.monotonic()
        self._looked = 0.0
        self._looking = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[object]] = {}

    async def start(self) -> None:
        """Look once, and go on looking until `aclose`."""
        await self._look()
        self._begin("looking", self._keep_looking())

    async def aclose(self) -> None:
        """Look no more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def check(self) -> None:
        """Return if LiteLLM is well.

        Raises:
            ProxyError: 503, with what is wrong.
        """
        if self.condition.wrong:
            raise upstream_down(self.condition.wrong, self.condition.code)

    async def confirms_outage(self) -> bool:
        """Look now, because a request found nobody there, or was cut off; whether LiteLLM is down indeed."""
        noticed = time.monotonic()
        async with self._looking:
            if self._looked < noticed:
                await self._look()
        return not self.condition.serves

    async def _keep_looking(self) -> None:
        was_well = False
        while True:
            if not self.condition.wrong and not was_well:
                # Beside the looking: it may fall silent amid it.
                self._begin("back", self._back())
            was_well = not self.condition.wrong
            await asyncio.sleep(self._interval_s)  # LiteLLM announces neither its end nor its beginning
            async with self._looking:
                await self._look()

    def _begin(self, name: str, work: Coroutine[object, object, object]) -> None:
        """Do something beside all else, and give up what has that name already."""
        if before := self._tasks.get(name):
            before.cancel()
        self._tasks[name] = asyncio.create_task(work)

    async def _look(self) -> None:
        began = time.monotonic()
        found = await self._found()
        if found is SILENT:
            is_patient = time.monotonic() - self._answered < self._silence_s
            found = replace(SILENT, serves=self.condition.serves and is_patient)
        else:
            self._answered = time.monotonic()
        if found != self.condition:
            _tell(found)
        self.condition, self._looked = found, began

    async def _found(self) -> BackendHealth:
        try:
            await self._ask()
        except UpstreamLost:
            return UNREACHABLE
        except ProxyError as error:
            return SILENT if error.code == "upstream_timeout" else _unwell(error)
        return WELL


def _tell(condition: BackendHealth) -> None:
    if condition.wrong:
        log.warning("LiteLLM %s%s.", condition.wrong, "" if condition.serves else " and isn't asked any more")
    else:
        log.info("LiteLLM answers.")


@dataclass(slots=True)
class ResponseMemory:
    """The last good answer of a kind, and when it came."""

    answer: AdapterResponse | None = None
    at: float = 0.0

    def keep(self, answer: AdapterResponse) -> AdapterResponse:
        """Remember it."""
        self.answer, self.at = answer, time.monotonic()
        return answer

    def recall(self) -> AdapterResponse | None:
        """The answer, marked as old, with its age in whole seconds; None if there was none."""
        if self.answer is None:
            return None
        age = {"x-llm-proxy-stale": "true", "age": str(int(time.monotonic() - self.at))}
        return replace(self.answer, headers={**self.answer.headers, **age})
