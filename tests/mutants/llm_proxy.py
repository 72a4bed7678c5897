"""Mutants of the cases about LLM-Proxy's own requirements, and about lists of models."""

import asyncio
import time
from dataclasses import replace

from hopcheck import IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits, refuse
from hopcheck.selftest.independent import violates


@violates("llm_proxy.control-fields")
class IgnoresFalsyControls(Relay):
    """A control field that is zero, false, empty or null isn't seen, and goes upstream."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal is None or b"control_field" not in refusal.body:
            return refusal
        return None if not incoming.json[refusal.json["error"]["param"]] else refusal


@violates("llm_proxy.control-fields")
class DropsControls(Relay):
    """A control field is taken out, and the rest of the request goes upstream."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal is None or b"control_field" not in refusal.body:
            return refusal
        name = refusal.json["error"]["param"]
        incoming.json.pop(name)
        incoming.body = OutgoingRequest(incoming, "", "", (), b"").with_json(incoming.json).body
        return await self.check(incoming)


@violates("llm_proxy.default-model", everywhere=True)
class HasNoDefaultForStreams(Relay):
    """A stream needs a model's name."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.streams and not incoming.model:
            return refuse(incoming, 400, "model is missing.", param="model")
        return await super().check(incoming)


@violates("llm_proxy.default-model")
class TakesTheLastModel(Relay):
    """A request that names no model is answered by another one than the default."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.model:
            return outgoing
        return outgoing.with_json({**outgoing.json, "model": "backup-model"})


@violates("llm_proxy.models-list")
class AvailabilityIsText(Relay):
    """Whether a model is available is a text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/llm/models" or response.status != 200:
            return response
        return response.with_json([{**one, "is_available": "yes"} for one in response.json])


@violates("llm_proxy.models-list")
class ForgetsProviders(Relay):
    """The second and every later model has an empty provider."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/llm/models" or response.status != 200:
            return response
        first, *rest = response.json
        return response.with_json([first, *({**one, "provider": ""} for one in rest)])


class _KnowsOutages(Relay):
    """Knows whether there has been an outage."""

    was_down_until = 0.0

    async def turn(self, *, up: bool) -> None:
        await super().turn(up=up)
        self.was_down_until = time.monotonic()

    @property
    def is_back(self) -> bool:
        """Whether there was one, and it is over."""
        return self.up and bool(self.was_down_until)


@violates("llm_proxy.outage-direct", everywhere=True)
class SaysSoEverAfter(_KnowsOutages):
    """After an outage, answers still say that they come from past the backend."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-llm-proxy-fallback", "direct") if self.is_back else response


@violates("llm_proxy.outage-direct", everywhere=True)
class SaysNothingInStreams(Relay):
    """Streams from past the backend don't say so."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-llm-proxy-fallback", None) if response.streamed else response


@violates("llm_proxy.outage-models")
class CallsAllAvailable(Relay):
    """While the backend is down, every model that was listed last is called available."""

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        marked = await super().remembered(response)
        if response.incoming.path != "/v1/llm/models":
            return marked
        return marked.with_json([{**one, "is_available": True} for one in marked.json])


@violates("llm_proxy.outage-models")
class MarksOneListAlone(Relay):
    """While the backend is down, the list in OpenAI's shape isn't marked as old."""

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        return response if response.incoming.path == "/v1/models" else await super().remembered(response)


@violates("llm_proxy.outage-ready", everywhere=True)
class StaysUnready(_KnowsOutages):
    """Readiness stays false for half a minute after the backend is back."""

    async def ready(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if self.is_back and time.monotonic() < self.was_down_until + 30:
            return refuse(incoming, 503, "The provider can't be reached.", code="provider_unreachable")
        return await super().ready(incoming)


@violates("llm_proxy.outage-ready", everywhere=True)
class DiesWithTheBackend(Relay):
    """Liveness turns false with readiness."""

    async def _own(self, incoming: IncomingRequest) -> RelayedResponse:
        unready = await self.ready(incoming) if incoming.path == "/health/live" else None
        return unready or await super()._own(incoming)


@violates("llm_proxy.outage-refused")
class WaitsForTheBackend(Relay):
    """While the backend is down, a request waits seven seconds for it to come back."""

    async def failed(self, incoming: IncomingRequest, failure) -> RelayedResponse:
        if failure.kind == "connect":
            await asyncio.sleep(7)
        return await super().failed(incoming, failure)


@violates("llm_proxy.outage-refused", everywhere=True)
class RefusesStreamsWith502(Relay):
    """While the backend is down, streams are refused with 502 and without a time to wait."""

    async def failed(self, incoming: IncomingRequest, failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind != "connect" or not incoming.streams:
            return response
        return replace(response.with_header("Retry-After", None), status=502)


class EditsEntries(Relay):
    """Base of those that change the list of models in OpenAI's shape."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/models":
            return response
        return edits.body(response, lambda body: body.update(data=self.edit(body["data"])), having="data")

    def edit(self, entries: list) -> list:
        """Return the entries to list."""
        return entries
