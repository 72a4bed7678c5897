"""Watches LiteLLM's health: checks it at intervals, and at once when a request has failed."""

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
    """The health of LiteLLM.

    Attributes:
        wrong: The problem, as the predicate of a sentence; "" if there is none.
        code: The problem as an error code.
        serves: Whether requests should be sent to it.
    """

    wrong: str = ""
    code: str | None = None
    serves: bool = True


HEALTHY = BackendHealth()
UNKNOWN = BackendHealth("has not been asked yet", "upstream_silent")
SILENT = BackendHealth("does not answer", "upstream_silent")
UNREACHABLE = BackendHealth("can't be reached", "upstream_unreachable", serves=False)


def _unhealthy(error: ProxyError) -> BackendHealth:
    # With 502 to 504 a load balancer reports an outage; a server with any other status may still answer requests.
    return BackendHealth(f"answers {error.status} when asked", "upstream_unwell", serves=not 502 <= error.status <= 504)


class BackendWatch:
    """Checks LiteLLM's health while the proxy runs.

    Args:
        ask: Asks whether LiteLLM is alive, with a timeout of its own; raises ProxyError.
        interval_s: Seconds between two checks.
        silence_s: Seconds without an answer after which it counts as down; before that it may be busy.
        back: Called when LiteLLM is healthy at first or again; cancelled if that happens once more meanwhile.

    Attributes:
        condition: The result of the last check.
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
        """Check once, and go on checking until `aclose`."""
        await self._look()
        self._begin("looking", self._keep_looking())

    async def aclose(self) -> None:
        """Stop checking."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def check(self) -> None:
        """Return if LiteLLM is healthy.

        Raises:
            ProxyError: 503, with the problem.
        """
        if self.condition.wrong:
            raise upstream_down(self.condition.wrong, self.condition.code)

    async def confirms_outage(self) -> bool:
        """Check now, because a request could not connect or was cut off; whether LiteLLM is down."""
        noticed = time.monotonic()
        async with self._looking:
            if self._looked < noticed:
                await self._look()
        return not self.condition.serves

    async def _keep_looking(self) -> None:
        was_healthy = False
        while True:
            if not self.condition.wrong and not was_healthy:
                # In a task of its own, since LiteLLM may stop answering during it.
                self._begin("back", self._back())
            was_healthy = not self.condition.wrong
            await asyncio.sleep(self._interval_s)  # LiteLLM announces neither its end nor its start
            async with self._looking:
                await self._look()

    def _begin(self, name: str, work: Coroutine[object, object, object]) -> None:
        """Run something in a task, and cancel the one that has its name already."""
        if before := self._tasks.get(name):
            before.cancel()
        self._tasks[name] = asyncio.create_task(work)

    async def _look(self) -> None:
        began = time.monotonic()
        found = await self._found()
        if found is SILENT:
            may_be_busy = time.monotonic() - self._answered < self._silence_s
            found = replace(SILENT, serves=self.condition.serves and may_be_busy)
        else:
            self._answered = time.monotonic()
        if found != self.condition:
            _log_health(found)
        self.condition, self._looked = found, began

    async def _found(self) -> BackendHealth:
        try:
            await self._ask()
        except UpstreamLost:
            return UNREACHABLE
        except ProxyError as error:
            return SILENT if error.code == "upstream_timeout" else _unhealthy(error)
        return HEALTHY


def _log_health(condition: BackendHealth) -> None:
    if condition.wrong:
        log.warning("LiteLLM %s%s.", condition.wrong, "" if condition.serves else " and isn't asked any more")
    else:
        log.info("LiteLLM answers.")


@dataclass(slots=True)
class ResponseMemory:
    """The last successful response of a kind, and its time."""

    response: AdapterResponse | None = None
    at: float = 0.0

    def keep(self, response: AdapterResponse) -> AdapterResponse:
        """Keep a response, and return it."""
        self.response, self.at = response, time.monotonic()
        return response

    def recall(self) -> AdapterResponse | None:
        """Return the response, marked as stale, with its age in whole seconds; None if there was none."""
        if self.response is None:
            return None
        age = {"x-llm-proxy-stale": "true", "age": str(int(time.monotonic() - self.at))}
        return replace(self.response, headers={**self.response.headers, **age})
