"""Mutants of the cases about limits of a gateway's own."""

import asyncio
import json
import time
from dataclasses import replace

from hopcheck import Events, Failure, IncomingRequest, Relay, RelayConfig, RelayedResponse, incoming
from hopcheck.selftest.independent import violates
from hopcheck_server.relay.limits import RateWindow


class _EditsRefusals(Relay):
    """Base of those that change what refuses a request over its limit."""

    def limited(self, incoming: IncomingRequest, headers: tuple[tuple[str, str], ...]) -> RelayedResponse:
        return self.edit(super().limited(incoming, headers))

    def edit(self, response: RelayedResponse) -> RelayedResponse:
        """Return the response in its place."""
        return response


@violates("rate_limit.429-shape")
class DeclaresRefusalsText(_EditsRefusals):
    """The refusal of a request over the limit is declared to be plain text."""

    def edit(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Type", "text/plain")


@violates("rate_limit.429-shape")
class SaysDetail(_EditsRefusals):
    """The refusal of a request over the limit is a `detail`, the framework's own shape."""

    def edit(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"detail": "Too Many Requests"})


@violates("rate_limit.429-shape")
class UnavailableOverTheLimit(_EditsRefusals):
    """A request over the limit is answered with 503."""

    def edit(self, response: RelayedResponse) -> RelayedResponse:
        return replace(response, status=503)


@violates("rate_limit.concurrency-release", everywhere=True)
class KeepsSlotsOfBrokenStreams(Relay):
    """A stream that broke doesn't give its place back."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.lost: set[str] = set()

    async def broken(self, failure: Failure) -> Events:
        self.lost.add(incoming().id)
        async for event in super().broken(failure):
            yield event

    async def release(self, incoming: IncomingRequest) -> None:
        if incoming.id not in self.lost:
            await super().release(incoming)


@violates("rate_limit.concurrency-release")
class KeepsSlotsOfRefusals(Relay):
    """A request that the provider refused doesn't give its place back."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.lost: set[str] = set()

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        self.lost.add(incoming.id)
        return await super().failed(incoming, failure)

    async def release(self, incoming: IncomingRequest) -> None:
        if incoming.id not in self.lost:
            await super().release(incoming)


@violates("rate_limit.exact")
class CountsTooLate(Relay):
    """Requests that arrive at the same time are all let in before one of them is counted."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        window = self.limits._windows.get((incoming.key, incoming.model))
        if incoming.model in self.config.rate_limits and window is not None:
            used = window.used
            await asyncio.sleep(0.02)
            window.used, now = min(used, window.used), window.used
            refusal = await super().limit(incoming)
            window.used = max(now, window.used) + (refusal is None and now >= window.used)
            return refusal
        return await super().limit(incoming)


@violates("rate_limit.exact")
class LimitsOneTooEarly(Relay):
    """The last request that the limit allows is refused."""

    def __init__(self, config: RelayConfig) -> None:
        limits = {model: (number - 1, window) for model, (number, window) in config.rate_limits.items()}
        super().__init__(replace(config, rate_limits=limits))


@violates("rate_limit.headers")
class LeavesOneMore(Relay):
    """What is left of a limit is one too high."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        left = response.header("x-ratelimit-remaining-requests")
        return response.with_header("x-ratelimit-remaining-requests", str(int(left) + 1)) if left else response


@violates("rate_limit.headers")
class LeavesTheSame(Relay):
    """What is left of a limit is always what the first request left."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        limit = response.header("x-ratelimit-limit-requests")
        return response.with_header("x-ratelimit-remaining-requests", str(int(limit) - 1)) if limit else response


@violates("rate_limit.isolation", everywhere=True)
class KnowsClientsByPrefix(Relay):
    """Clients whose keys begin with the same eight characters share a limit."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        admit = self.limits.admit
        self.limits.admit = lambda key, *rest: admit(key[:8], *rest)  # type: ignore[method-assign]
        try:
            return await super().limit(incoming)
        finally:
            self.limits.admit = admit  # type: ignore[method-assign]


@violates("rate_limit.recovers")
class PunishesClients(Relay):
    """A client that goes over its limit waits for three windows, though Retry-After names one."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().limit(incoming)
        if refusal is not None and incoming.model in self.config.rate_limits:
            _, window_s = self.config.rate_limits[incoming.model]
            window = self.limits._windows[(incoming.key, incoming.model)]
            ahead = time.monotonic() + 2 * window_s
            self.limits._windows[(incoming.key, incoming.model)] = RateWindow(max(window.opened_s, ahead), window.used)
        return refusal


@violates("rate_limit.rejected-not-upstream")
class QueuesWhatItRefuses(Relay):
    """A request over the limit is refused, and asked a little later in the background."""

    def limited(self, incoming: IncomingRequest, headers: tuple[tuple[str, str], ...]) -> RelayedResponse:
        asyncio.ensure_future(self._later(incoming))  # noqa: RUF006
        return super().limited(incoming, headers)

    async def _later(self, incoming: IncomingRequest) -> None:
        await asyncio.sleep(0.1)
        await self._provider.attempt(self._outgoing(incoming, incoming.model), self.config.timeout_s)


@violates("rate_limit.retry-after")
class WaitsInMilliseconds(_EditsRefusals):
    """Retry-After is in milliseconds."""

    def edit(self, response: RelayedResponse) -> RelayedResponse:
        wait = response.header("retry-after")
        return response.with_header("Retry-After", f"{wait}000") if wait else response


@violates("rate_limit.retry-after")
class WaitsForNothing(_EditsRefusals):
    """Retry-After is rounded down, to zero."""

    def edit(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Retry-After", "0")


@violates("rate_limit.429-shape")
class DoublesItsErrors(_EditsRefusals):
    """The refusal's message is the error object, written as a text."""

    def edit(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"error": json.dumps(response.json)})
