"""Traces that go on through the gateway."""

import asyncio
from dataclasses import replace

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Response,
    Target,
    case,
    expect,
)

TRACES = [f"{place:x}" * 32 for place in (1, 2, 3, 10)]


@case(
    "http.traceparent",
    level="SHOULD",
    on=FORWARDED,
    refs=["W3C Trace Context 3.2", "litellm#4419", "litellm#14670", "litellm#40124"],
    needs=["traceparent", "two_sided"],
)
async def traceparent(target: Target, ask: Operation) -> Findings:
    """A request's trace goes on upstream under its trace id, and in no other request, however many run at once."""

    async def trace(answer: Response) -> str:
        field = (await target.forwarded(answer)).header("traceparent") or ""
        return "-".join(field.split("-")[1:2])

    headers = [
        {"traceparent": f"00-{one}-00f067aa0ba902b7-{'01' if place else '00'}", "tracestate": f"hop={one}"}
        for place, one in enumerate(TRACES)  # the first isn't sampled
    ]
    answers = await asyncio.gather(*(ask(headers=one) for one in headers))
    yield expect("trace ids", [await trace(answer) for answer in answers], equals=TRACES)
    states = [(await target.forwarded(answer)).header("tracestate") or "" for answer in answers]
    kept = all(f"hop={one}" in state for one, state in zip(TRACES, states, strict=True))
    yield expect("trace states", states, holds=kept, to="each trace's own, alone or behind the gateway's")
    after = [await trace(await ask()), await trace(await _later_on_a_connection(target, ask))]
    yield expect("others' trace in a request without one", [one for one in TRACES if one in after], equals=[])


async def _later_on_a_connection(target: Target, ask: Operation) -> Response:
    """The answer to a request without a trace, on a connection that has had one with a trace."""
    connection = await target.connect()
    await ask(connection=connection, headers={"traceparent": f"00-{TRACES[0]}-00f067aa0ba902b7-01"})
    later = await ask(connection=connection if connection.reusable else None)
    connection.close()
    return await ask() if later.status is None else later  # `http.keepalive` is about connections that end


@traceparent.mutant(killed_by="trace ids", trips=("isolation.headers",))
class StartsTracesAnew(Relay):
    """Every upstream request begins a trace of its own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("traceparent", f"00-{outgoing.incoming.id}-00f067aa0ba902b7-01")


@traceparent.mutant(killed_by="trace states")
class ForgetsTheState(Relay):
    """The trace goes on, and what others have noted on it is left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, headers=tuple(one for one in outgoing.headers if one[0].lower() != "tracestate"))


@traceparent.mutant(killed_by="others' trace in a request without one")
class RemembersTheTrace(Relay):
    """The trace is kept where the next request finds it."""

    latest = ""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self.latest = outgoing.incoming.header("traceparent") or self.latest
        return outgoing.with_header("traceparent", self.latest) if self.latest else outgoing
