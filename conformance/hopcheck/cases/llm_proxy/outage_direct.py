"""Critical models, while the backend is down."""

from typing import Any

from hopcheck import (
    Events,
    Findings,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    backend_down,
    case,
    dig,
    event_of,
    expect,
    reply,
)

HEADER = "x-llm-proxy-fallback"


@case(
    "llm_proxy.outage-direct",
    level="MUST",
    refs=["LLM-Proxy API"],
    needs=["llm_proxy", "outage", "direct_fallback"],
    isolation="exclusive",
    upstream=reply.chat("Hel", "lo"),
    trips_on=("requests.single-attempt:*", "stream.*:*"),
)
async def outage_direct(target: Target) -> Findings:
    """While the backend is down, critical models are answered past it, streams too; answers say so, and only then."""
    critical: dict[str, Any] = {"model": target.declares.direct_fallback}
    before = await target.chat.create(**critical)
    async with backend_down(target):
        chat, stream = await target.chat.create(**critical), await target.chat.stream(**critical)
    after = await target.chat.create(**critical)
    yield expect("status", [chat.status, stream.status], equals=[200, 200])
    yield expect("text", [dig(chat.message, "content"), stream.joined()], equals=["Hello", "Hello"])
    yield expect("the stream's end", stream.data[-1:], equals=["[DONE]"])
    yield expect(HEADER, [chat.header(HEADER), stream.header(HEADER)], equals=["direct", "direct"])
    attempts = [len(await target.seen(one)) for one in (chat, stream)]
    yield expect("attempts", attempts, equals=[1, 1])
    unmarked = [(one.status, one.header(HEADER)) for one in (before, after)]
    yield expect("before and after", unmarked, equals=[(200, None), (200, None)])


@outage_direct.mutant(killed_by="status")
class HasNoStandIn(Relay):
    """What was promised to be answered without the backend isn't."""

    async def stand_in(self, outgoing: OutgoingRequest) -> OutgoingRequest | None:
        return None


class _Past(Relay):
    """Base of those that go past the backend, and do it wrongly."""

    _goes_past = False

    async def stand_in(self, outgoing: OutgoingRequest) -> OutgoingRequest | None:
        direct = await super().stand_in(outgoing)
        self._goes_past = direct is not None
        return direct


@outage_direct.mutant(killed_by="text")
class AnswersForTheProvider(_Past):
    """The answer is one that was kept for such cases."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if self.up or not self._goes_past or response.streamed or response.status != 200:
            return response
        kept = response.json
        kept["choices"][0]["message"]["content"] = "We are back soon."
        return response.with_json(kept)


@outage_direct.mutant(killed_by="the stream's end")
class LosesTheEnd(_Past):
    """The stand-in's stream is passed on without its last event."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if self.up or event.data != "[DONE]":
                yield event
        if not self.up:
            yield event_of({"choices": []})


@outage_direct.mutant(killed_by=HEADER)
class DoesNotTell(Relay):
    """The response doesn't show that another provider has answered."""

    async def direct_headers(self) -> tuple[tuple[str, str], ...]:
        return ()


@outage_direct.mutant(killed_by="attempts")
class AsksTwice(_Past):
    """The stand-in is asked whether it answers, and then asked."""

    async def stand_in(self, outgoing: OutgoingRequest) -> OutgoingRequest | None:
        direct = await super().stand_in(outgoing)
        if direct is not None:
            (await self._direct.attempt(direct, self.config.timeout_s)).close()
        return direct


@outage_direct.mutant(killed_by="before and after")
class KeepsSayingSo(_Past):
    """The mark stays on answers that came by the backend again."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header(HEADER, "direct") if self._goes_past else response
