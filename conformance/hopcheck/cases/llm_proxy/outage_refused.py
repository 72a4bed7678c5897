"""Requests, while the backend is down."""

import asyncio

from hopcheck import (
    Failure,
    Findings,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    backend_down,
    case,
    contract_violations,
    expect,
)

BOUND_S = 5.0
"""How long a client may be left waiting for a refusal, in seconds."""


@case(
    "llm_proxy.outage-refused",
    level="MUST",
    refs=["LLM-Proxy API"],
    needs=["llm_proxy", "outage"],
    isolation="exclusive",
    trips_on=("errors.*:*", "fallback.all-fail:*", "retry.*:*", "timeout.connect:*"),
)
async def outage_refused(target: Target) -> Findings:
    """While the backend is down, requests end soon, with 503, Retry-After and an error of OpenAI's shape."""
    async with backend_down(target):
        chat, stream = await asyncio.gather(target.chat.create(), target.chat.stream())
    after, asked = await target.chat.create(), {"chat": chat, "stream": stream}
    yield expect("status", {name: one.status for name, one in asked.items()}, equals={"chat": 503, "stream": 503})
    wrong = [text for one in asked.values() for text in contract_violations("Error", one.json)]
    yield expect("what is wrong with the errors", wrong, equals=[])
    waits = {name: one.header("retry-after") for name, one in asked.items()}
    names_a_time = all(one.retry_after_s is not None for one in asked.values())
    yield expect("Retry-After", waits, holds=names_a_time, to="whole seconds, or a date")
    longest_s = round(max(one.elapsed_s for one in asked.values()), 2)
    yield expect("seconds", longest_s, at_most=BOUND_S)
    yield expect("status after the outage", after.status, equals=200)


class _TellsOutage(Relay):
    """Base of those that tell an outage wrongly."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return response if self.up else self.reworded(response)

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        """The error as this relay words it."""
        return response


@outage_refused.mutant(killed_by="status")
class ApologizesInAnAnswer(_TellsOutage):
    """The outage arrives as an assistant's message."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        response.status = 200
        message = {"role": "assistant", "content": "I am having trouble. Please try again later."}
        return response.with_json({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


@outage_refused.mutant(killed_by="what is wrong with the errors")
class SaysItsOwnWay(_TellsOutage):
    """The error is the web framework's."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"detail": "Service Unavailable"})


@outage_refused.mutant(killed_by="Retry-After")
class DoesNotSayWhen(_TellsOutage):
    """The refusal has no Retry-After."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Retry-After", None)


@outage_refused.mutant(killed_by="seconds")
class KeepsTrying(Relay):
    """A backend that refuses connections is tried again for a while, with the client waiting."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        wait_s = await super().retry(outgoing, failure)
        return wait_s if wait_s is None or self.up else 2.6


@outage_refused.mutant(killed_by="status after the outage")
class GivesUpForGood(Relay):
    """After an outage the answers stay errors."""

    _failures = 0

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        self._failures += not self.up
        return await super().failed(incoming, failure)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if self._failures and self.up and response.incoming.path == "/v1/chat/completions":
            response.status = 503
        return response
