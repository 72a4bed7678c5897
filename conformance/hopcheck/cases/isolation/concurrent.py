"""Concurrent streams stay apart."""

import asyncio

from hopcheck import (
    FORWARDED,
    Event,
    Events,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    event_of,
    expect,
    reply,
)

STREAMS = 64

NAMES = [f"s{number}" for number in range(STREAMS)]


@case(
    "isolation.concurrent",
    level="MUST",
    because="it floods the target with streams; identity is held on every exchange",
    on="chat.stream",
    refs=["gatewayproof", "litellm#25447", "new-api#5446", "kilocode#14080"],
    upstream={name: reply.stream(*(f"[{name}:{part}]" for part in range(2)), pace_s=0.1) for name in NAMES},
    isolation="exclusive",
    floods=True,
)
async def concurrent(target: Target) -> Findings:
    """Of 64 streams at once, each carries its own text and nothing of another's."""
    names = NAMES[: target.many(STREAMS)]
    streams = await asyncio.gather(*(target.chat.stream(script=name) for name in names))
    wrong = {
        name: stream.joined()
        for name, stream in zip(names, streams, strict=True)
        if stream.joined() != "".join(f"[{name}:{part}]" for part in range(2))
    }
    yield expect("streams with another text than theirs", dict(list(wrong.items())[:3]), equals={})


@concurrent.mutant(killed_by="streams with another text than theirs", trips=("stream.*", "tools.*"))
class SharesItsBuffer(Relay):
    """The text that is being put together is kept on the application, not on the request."""

    _last = ""

    async def events(self, events: Events) -> Events:
        async for event in events:
            text = dig(event.json, "choices", 0, "delta", "content")
            yield self._mixed(event, text) if text else event

    def _mixed(self, event: Event, text: str) -> Event:
        previous, SharesItsBuffer._last = SharesItsBuffer._last, text
        if not previous.startswith("[s") or previous.partition(":")[0] == text.partition(":")[0]:
            return event
        payload = event.json
        payload["choices"][0]["delta"]["content"] = previous
        return event_of(payload)


@case(
    "isolation.headers",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#40124"],
    upstream=reply.chat("Hello", delay_s=0.02),
    needs=["traceparent"],
)
async def headers(target: Target, ask: Operation) -> Findings:
    """Of requests at once, each one's trace id goes upstream with its own request."""
    traces = [f"{number:032x}" for number in range(1, 17)]
    asked = (ask(headers={"traceparent": f"00-{trace}-00000000000000aa-01"}) for trace in traces)
    mixed = {}
    for trace, answer in zip(traces, await asyncio.gather(*asked), strict=True):
        sent = (await target.forwarded(answer)).header("traceparent") or ""
        if trace not in sent:
            mixed[trace] = sent
    yield expect("requests with another trace id", mixed, equals={})


@headers.mutant(killed_by="requests with another trace id", trips=("http.traceparent", "retry.declared"))
class SharesItsHeaders(Relay):
    """Headers are collected in one dict for the whole process, and read when the request is sent."""

    _trace = ""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self._trace = outgoing.incoming.header("traceparent") or self._trace
        await asyncio.sleep(0.005)  # the time in which another request overwrites it
        return outgoing.with_header("traceparent", self._trace) if self._trace else outgoing
