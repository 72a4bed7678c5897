"""The healthy relay: the thinnest proxy that keeps the whole contract, cut into methods small enough to get wrong.

A counterexample is a subclass that overrides one method; an honest variant likewise. Two compose by inheritance.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.http1.server import Exchange
from hopcheck_server.relay import errors, surface
from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.limits import Limits
from hopcheck_server.relay.messages import Events, Failure, Incoming, Outgoing, Response, enter
from hopcheck_server.relay.provider import UNREACHABLE, Answer, Provider
from hopcheck_server.relay.streams import checked, events_of

PASSED_UPSTREAM = ("traceparent", "tracestate")
"""A client's headers that go to the provider."""

STREAM_HEADERS = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
]


class Relay:
    """A healthy relay. Override one method to be wrong in one way, or different in an honest one.

    Attributes:
        declares: What this relay says of itself beside, or instead of, what every relay declares (keys of a target
            file's `[declares]`).
    """

    declares: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, config: RelayConfig) -> None:
        """Set up; nothing is opened before the first request."""
        self.config = config
        self.limits = Limits()
        self._provider = Provider(config.upstream, self.parse)
        self._nowhere = Provider(UNREACHABLE)
        self._log = Path(config.log_file).open("a", encoding="utf-8") if config.log_file else None  # noqa: SIM115

    # What a counterexample overrides.

    async def authorize(self, incoming: Incoming) -> Response | None:
        """Refuse a client without a valid key; None lets it pass."""
        if incoming.key in self.config.client_keys or incoming.method == "OPTIONS" or incoming.path == "/health":
            return None
        challenge = (("WWW-Authenticate", "Bearer"),)
        return errors.refuse(
            incoming, 401, "The API key is missing or wrong.", code="invalid_api_key", headers=challenge
        )

    async def check(self, incoming: Incoming) -> Response | None:
        """Refuse what can't be answered, before anything goes upstream; None lets it pass."""
        refusal = surface.check_route(incoming)
        if refusal is None and incoming.method == "POST":
            refusal = surface.check_body(incoming, await self.models(incoming), self.config.default_model)
        return refusal

    async def limit(self, incoming: Incoming) -> Response | None:
        """Count the request against its model's limits; None lets it pass."""
        model = incoming.model
        if model in self.config.rate_limits:
            requests, window_s = self.config.rate_limits[model]
            admission = self.limits.admit(incoming.key, model, requests, window_s)
            if not admission.admitted:
                return self.limited(incoming, admission.headers())
            incoming.told = admission.headers()
        room = self.config.concurrency_limits.get(model)
        if room is not None and self.limits.in_flight[model] >= room:
            return self.limited(incoming, (("Retry-After", "1"),))
        self.limits.in_flight[model] += 1
        return None

    def limited(self, incoming: Incoming, headers: tuple[tuple[str, str], ...]) -> Response:
        """The answer to a request over its limit."""
        message = f"The limit of {incoming.model} is used up."
        return errors.refuse(incoming, 429, message, code="rate_limit_exceeded", headers=headers)

    async def release(self, incoming: Incoming) -> None:
        """Give back what `limit` took, however the request ended."""
        self.limits.in_flight[incoming.model] -= 1

    async def models(self, incoming: Incoming) -> tuple[str, ...]:
        """The models that this client may use."""
        return self.config.models

    async def request(self, outgoing: Outgoing) -> Outgoing:
        """What goes upstream; called for every attempt."""
        return outgoing

    async def retry(self, outgoing: Outgoing, failure: Failure) -> float | None:
        """Seconds to wait before another attempt on the same model, or None for no more."""
        budget = self.config.timeout_retries if failure.kind == "timeout" else self.config.retries
        worth_it = failure.kind != "status" or failure.status == 429 or failure.status >= 500
        if not worth_it or outgoing.attempt_on_model > budget:
            return None
        asked = failure.retry_after_s
        if asked is not None and asked > self.config.patience_s:
            return None
        backoff_s: float = self.config.backoff_s * 2 ** (outgoing.attempt_on_model - 1)
        return max(asked or 0.0, backoff_s)

    async def fall_back(self, outgoing: Outgoing, failure: Failure) -> str | None:
        """The model to go on with, or None to give up."""
        if failure.kind == "status" and failure.status != 429 and failure.status < 500:
            return None
        return self.config.fallbacks.get(outgoing.model)

    async def failed(self, incoming: Incoming, failure: Failure) -> Response:
        """The answer when no attempt brought one."""
        return errors.failed(incoming, failure)

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Which of a provider's headers go to the client with an answer."""
        return [(name, value) for name, value in headers if name.lower() in errors.FORWARDED]

    async def response(self, response: Response) -> Response:
        """What goes back to the client: every answer, and a stream's head."""
        return response

    async def scrub(self, text: bytes) -> bytes:
        """Take keys out of an error that a provider worded."""
        return errors.scrubbed(text, self.config.secrets)

    async def log(self, response: Response) -> str:
        """The line that is logged of an answer."""
        return f"{response.incoming.id} {response.incoming.method} {response.incoming.path} {response.status}"

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        """The events of a provider's stream, out of its bytes as they are read."""
        return events_of(body)

    def sound(self, events: Events) -> Events:
        """The provider's events as far as they are sound, and ended as they should be; else `Failure` is raised."""
        return checked(events)

    async def events(self, events: Events) -> Events:
        """What a stream says, event by event."""
        async for event in events:
            yield event

    async def broken(self, failure: Failure) -> Events:
        """What a client is told when a stream breaks after it began."""
        yield event_of(errors.error_body(f"The stream broke: {failure.detail}.", 502, code="stream_broken"))

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        """A stream's bytes, one write each."""
        async for event in events:
            yield event.raw

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        """The client left while `work` was answering it: stop, which closes the provider's connection."""
        work.cancel()

    # How they play together.

    async def serve(self, exchange: Exchange, prefix: str = "") -> None:
        """Answer one request; `prefix` is the part of its path that isn't the relay's."""
        incoming = Incoming.of(exchange, prefix, uuid.uuid4().hex)
        work = asyncio.ensure_future(self._answer(incoming))
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, whoever awaits it
        leaving: list[asyncio.Task[None]] = []
        exchange.on_gone = lambda: leaving.append(asyncio.ensure_future(self.hang_up(work)))
        try:
            await asyncio.wait({work})
            await asyncio.gather(*leaving)
        finally:
            work.cancel()
        if not work.cancelled() and work.exception() is not None:
            exchange.abort()

    async def _answer(self, incoming: Incoming) -> None:
        enter(incoming)
        refusal = await self.authorize(incoming) or await self.check(incoming)
        if refusal is None and incoming.path in surface.FORWARDED and incoming.method == "POST":
            refusal = await self.limit(incoming)
            if refusal is None:
                try:
                    await self._forward(incoming)
                finally:
                    await self.release(incoming)
                return
        await self._deliver(refusal or surface.answer(incoming, await self.models(incoming)))

    async def _forward(self, incoming: Incoming) -> None:
        try:
            answer = await self._obtain(self._outgoing(incoming, incoming.model or self.config.default_model))
        except Failure as failure:
            await self._deliver(await self.failed(incoming, failure))
            return
        kept = await self.kept(answer.head.headers)
        if answer.events is None:
            headers = [("Content-Type", "application/json"), *kept]
            passed = Response(incoming, answer.head.status, headers, answer.body, "provider", provider=answer.head)
            await self._deliver(passed)
            return
        headers = [*STREAM_HEADERS, *kept]
        head = Response(incoming, 200, headers, origin="provider", streamed=True, provider=answer.head)
        try:
            await self._stream(await self._noted(await self.response(self._named(head))), answer.events)
        except BaseException:
            answer.close()
            raise
        await self._provider.done(answer)

    async def _obtain(self, outgoing: Outgoing) -> Answer:
        """Try, try again, and fall back, as far as it makes sense."""
        while True:
            provider = self._nowhere if outgoing.model in self.config.unreachable else self._provider
            try:
                timeout_s = self.config.timeouts.get(outgoing.model, self.config.timeout_s)
                return await provider.attempt(await self.request(outgoing), timeout_s)
            except Failure as failure:
                wait_s = await self.retry(outgoing, failure)
                if wait_s is not None:
                    await asyncio.sleep(wait_s)  # the back-off itself: there is no event to wait for
                    on_model = outgoing.attempt_on_model + 1
                    outgoing = replace(outgoing, attempt=outgoing.attempt + 1, attempt_on_model=on_model)
                    continue
                backup = await self.fall_back(outgoing, failure)
                if backup is None:
                    raise
                outgoing = replace(self._outgoing(outgoing.incoming, backup), attempt=outgoing.attempt + 1)

    def _outgoing(self, incoming: Incoming, model: str) -> Outgoing:
        """The request as it goes to a model's provider: its own bytes, unless the model has another name there."""
        key = self.config.upstream_keys.get(model, self.config.upstream_key)
        passed = [(name, value) for name in PASSED_UPSTREAM if (value := incoming.header(name))]
        headers = (("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"), *passed)
        outgoing = Outgoing(incoming, model, surface.FORWARDED[incoming.path], headers, incoming.body)
        named = self.config.upstream_models.get(model, model)
        return outgoing if named == incoming.model else outgoing.with_json({**outgoing.json, "model": named})

    def _named(self, response: Response) -> Response:
        for name, value in (("x-request-id", response.incoming.id), *response.incoming.told):
            response = response if response.header(name) else response.with_header(name, value)
        return response

    async def _deliver(self, response: Response) -> None:
        if response.status >= 400:
            response.body = await self.scrub(response.body)
        response = await self._noted(await self.response(self._named(response)))
        exchange, framing = response.incoming.exchange, response.framing or "length"
        headers = list(response.headers)
        if framing == "length":
            headers.append(("Content-Length", str(len(response.body))))
        await exchange.start(response.status, headers, framing, version=response.version)
        if response.incoming.method != "HEAD":
            await exchange.write(response.body)
            await exchange.finish()

    async def _noted(self, response: Response) -> Response:
        if self._log is not None:
            self._log.write(await self.log(response) + "\n")
            self._log.flush()
        return response

    async def _stream(self, head: Response, events: Events) -> None:
        exchange = head.incoming.exchange
        await exchange.start(head.status, head.headers, head.framing or "chunked", version=head.version)
        async for frame in self.frames(self.events(self._checked(events))):
            await exchange.write(frame)
        await exchange.finish()

    async def _checked(self, events: Events) -> Events:
        try:
            async for event in self.sound(events):
                yield await self._clean(event) if errors.tells(event) else event
        except Failure as failure:
            async for event in self.broken(failure):
                yield event

    async def _clean(self, event: Event) -> Event:
        return event_of((await self.scrub((event.data or "").encode())).decode())

    def close(self) -> None:
        """Close the log, and idle connections to the provider."""
        self._provider.close()
        self._nowhere.close()
        if self._log is not None:
            self._log.close()
