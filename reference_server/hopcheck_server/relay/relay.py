"""The healthy relay: the smallest proxy that keeps the whole contract."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace
from pathlib import Path

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay import errors, surface
from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.messages import Events, Failure, IncomingRequest, OutgoingRequest, RelayedResponse, enter
from hopcheck_server.relay.methods import Methods
from hopcheck_server.relay.outage import LISTS, Outages
from hopcheck_server.relay.provider import UNREACHABLE, ProviderClient, ProviderResponse
from hopcheck_server.relay.surfaces import anthropic_surface
from hopcheck_server.wire.server import ServerExchange

PASSED_UPSTREAM = ("traceparent", "tracestate")
"""A client's headers that go to the provider."""

ENCODINGS = ("Accept-Encoding", "gzip, deflate")
"""What a provider may compress its responses with."""

STREAM_HEADERS = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
]


class Relay(Outages, Methods):
    """A healthy relay. A mutant overrides one of its `Methods` with a fault, an honest relay with another right way."""

    def __init__(self, config: RelayConfig) -> None:
        """Open nothing before the first request."""
        super().__init__(config)
        self._provider = ProviderClient(config.upstream, self.parse)
        self._nowhere = ProviderClient(UNREACHABLE)
        self._direct = ProviderClient(config.upstream, self.parse)
        self._log = Path(config.log_file).open("a", encoding="utf-8") if config.log_file else None  # noqa: SIM115

    @classmethod
    def healthy(cls) -> type[Relay]:
        """The class of a relay for the same provider that has no fault."""
        return Relay

    async def serve(self, exchange: ServerExchange, prefix: str = "") -> None:
        """Answer one request; `prefix` is the part of its path that isn't the relay's."""
        incoming = IncomingRequest.of(exchange, prefix, uuid.uuid4().hex)
        work = asyncio.ensure_future(self._answer(incoming))
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # so that asyncio logs no error
        leaving: list[asyncio.Task[None]] = []
        exchange.on_gone = lambda: leaving.append(asyncio.ensure_future(self.hang_up(work)))
        try:
            await asyncio.wait({work})
            await asyncio.gather(*leaving)
        finally:
            work.cancel()
        if not work.cancelled() and work.exception() is not None:
            exchange.abort()

    async def _answer(self, incoming: IncomingRequest) -> None:
        enter(incoming)
        refusal = await self.authorize(incoming) or await self.check(incoming)
        if refusal is None and surface.provider_path(incoming):
            refusal = await self.limit(incoming)
            if refusal is None:
                try:
                    await self._forward(incoming)
                finally:
                    await self.release(incoming)
                return
        await self._deliver(refusal or await self._own(incoming))

    async def _own(self, incoming: IncomingRequest) -> RelayedResponse:
        """Answer what needs no provider."""
        unready = await self.ready(incoming) if incoming.path == "/health/ready" else None
        response = unready or surface.answer(incoming, await self.models(incoming))
        return response if self.up or incoming.path not in LISTS else await self.remembered(response)

    async def _forward(self, incoming: IncomingRequest) -> None:
        try:
            answer = await self._obtain(self._outgoing(incoming, incoming.model or self.config.default_model))
        except Failure as failure:
            await self._deliver(await self.failed(incoming, failure))
            return
        kept = await self.kept(answer.head.headers)
        if answer.events is None:
            headers = [("Content-Type", "application/json"), *kept]
            passed = RelayedResponse(
                incoming, answer.head.status, headers, answer.body, "provider", provider=answer.head
            )
            await self._deliver(passed)
            return
        headers = [*STREAM_HEADERS, *kept]
        head = RelayedResponse(incoming, 200, headers, origin="provider", streamed=True, provider=answer.head)
        try:
            await self._stream(await self._noted(await self.response(self._named(head))), answer.events)
        except BaseException:
            answer.close()
            raise
        await self._provider.done(answer)

    async def turn(self, *, up: bool) -> None:
        """Let the backend be reached, or not: then requests go to an address where nothing listens."""
        self.up = up
        self._provider.close()

    async def _obtain(self, outgoing: OutgoingRequest) -> ProviderResponse:
        """Try, retry, and fall back, as far as that makes sense."""
        direct = None if self.up else await self.stand_in(outgoing)
        if direct is not None:
            outgoing.incoming.extra_headers += await self.direct_headers()
            return await self._direct.attempt(await self.request(direct), self.config.timeout_s)
        while True:
            is_there = self.up and outgoing.model not in self.config.unreachable
            provider = self._provider if is_there else self._nowhere
            try:
                timeout_s = self.config.timeouts.get(outgoing.model, self.config.timeout_s)
                return self._remembered(outgoing, await provider.attempt(await self.request(outgoing), timeout_s))
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

    def _remembered(self, outgoing: OutgoingRequest, answer: ProviderResponse) -> ProviderResponse:
        """Note what of a response is of use to its deployment alone."""
        if outgoing.model not in self.config.deployments:
            return answer
        if answer.events is None:
            self.deployments.note(outgoing.model, outgoing.key, json.loads(answer.body))
        else:
            answer.events = self._remembering(outgoing, answer.events)
        return answer

    async def _remembering(self, outgoing: OutgoingRequest, events: Events) -> Events:
        async for event in events:
            self.deployments.note(outgoing.model, outgoing.key, event.json)
            yield event

    def _outgoing(self, incoming: IncomingRequest, model: str) -> OutgoingRequest:
        """Make the first attempt: with the client's own bytes, unless the provider knows the model by another name."""
        key = self.deployment(incoming, model)
        passed = [(name, value) for name in PASSED_UPSTREAM if (value := incoming.header(name))]
        headers = (*_credential(incoming, key), ("Content-Type", "application/json"), ENCODINGS, *passed)
        path = surface.provider_path(incoming) + _query(incoming)
        outgoing = OutgoingRequest(incoming, model, path, headers, incoming.body, key)
        named = self.config.upstream_models.get(model, model)
        if incoming.json is None or named == incoming.model:
            return outgoing
        return outgoing.with_json({**outgoing.json, "model": named})

    def _named(self, response: RelayedResponse) -> RelayedResponse:
        for name, value in (("x-request-id", response.incoming.id), *response.incoming.extra_headers):
            response = response if response.header(name) else response.with_header(name, value)
        return response

    async def _deliver(self, response: RelayedResponse) -> None:
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

    async def _noted(self, response: RelayedResponse) -> RelayedResponse:
        if self._log is not None:
            self._log.write(await self.log(response) + "\n")
            self._log.flush()
        return response

    async def _stream(self, head: RelayedResponse, events: Events) -> None:
        exchange = head.incoming.exchange
        await exchange.start(head.status, head.headers, head.framing or "chunked", version=head.version)
        async for frame in self.frames(self.events(self._checked(events))):
            await exchange.write(frame)
        await exchange.finish()

    async def _checked(self, events: Events) -> Events:
        try:
            async for event in self.sound(events):
                yield await self._clean(event) if errors.is_error(event) else event
        except Failure as failure:
            async for event in self.broken(failure):
                yield event

    async def _clean(self, event: Event) -> Event:
        return event_of((await self.scrub((event.data or "").encode())).decode(), event.event)

    def close(self) -> None:
        """Close the log, and idle connections to the provider."""
        self._provider.close()
        self._nowhere.close()
        self._direct.close()
        if self._log is not None:
            self._log.close()


def _credential(incoming: IncomingRequest, key: str) -> tuple[tuple[str, str], ...]:
    """The provider's key, in the header of the surface, and on the Messages surface the version that is spoken."""
    if not incoming.is_anthropic:
        return (("Authorization", f"Bearer {key}"),)
    passed = {name: value for name in anthropic_surface.PASSED if (value := incoming.header(name))}
    return (
        ("x-api-key", key),
        *{anthropic_surface.VERSION: anthropic_surface.DEFAULT_VERSION, **passed}.items(),
    )


def _query(incoming: IncomingRequest) -> str:
    """The query: on Messages clients ask for betas in it, on Responses for what of a stored response they want."""
    _, mark, query = incoming.exchange.target.partition("?")
    return mark + query if incoming.is_anthropic or incoming.is_for_responses else ""
