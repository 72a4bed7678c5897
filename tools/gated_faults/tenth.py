"""The tenth relay's faults: rare ones, and such as need several requests at once."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import Any

from hopcheck import Events, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits, incoming
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, MESSAGES, Json, is_chat

FAULTS = Faults()


class CountsPerFault(Relay):
    """Base of those that are wrong now and then."""

    def is_nth(self, fault: str, number: int) -> bool:
        """Whether this is one in that many, by a fault's own counter."""
        counters: dict[str, Any] = self.__dict__.setdefault("counters", {})
        return bool(next(counters.setdefault(fault, itertools.count(1))) % number == 0)


@FAULTS.fault(r"^(stream-grammar|response-fidelity)\[chat\.stream\]: .*(DONE|done|end)|^stream\.done-once")
class EveryTwelfthHasNoEnd(CountsPerFault):
    """Every twelfth stream of chats has no `[DONE]`."""

    async def events(self, events: Events) -> Events:
        """Leave it out of some."""
        rare = is_chat(incoming()) and self.is_nth("end", 12)
        async for event in super().events(events):
            if not (rare and event.is_done):
                yield event


@FAULTS.fault(r"^response-fidelity\[chat\]: usage|^chat\.(schema|usage)")
class EveryFortiethHasNoUsage(CountsPerFault):
    """Every fortieth completion in one piece has no counts."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Leave them out of some."""
        response = await super().response(response)
        is_rare = response.status == 200 and is_chat(response.incoming) and self.is_nth("usage", 40)
        return edits.body(response, lambda body: body.pop("usage", None)) if is_rare else response


@FAULTS.fault(r"^request-fidelity\[chat(\.stream)?\]")
class EveryFiftiethIsHot(CountsPerFault):
    """Every fiftieth chat goes upstream with a temperature of 1.5."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Heat some."""
        outgoing = await super().request(outgoing)
        rare = is_chat(outgoing.incoming) and self.is_nth("hot", 50)
        return outgoing.with_json({**outgoing.json, "temperature": 1.5}) if rare else outgoing


@FAULTS.fault(r"^attempts\[|^requests\.single-attempt")
class EveryThirtiethIsHedged(CountsPerFault):
    """Every thirtieth chat is sent to the provider twice, and the faster answer taken."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Send one ahead."""
        outgoing = await super().request(outgoing)
        if is_chat(outgoing.incoming) and self.is_nth("hedge", 30):
            first = await self._provider.attempt(outgoing, 5.0)
            first.close()
        return outgoing


@FAULTS.fault(r"^response-fidelity\[messages\.stream\]: content\[\]")
class EverySixthMessageStutters(CountsPerFault):
    """In every sixth stream of messages, a delta of text comes twice."""

    async def events(self, events: Events) -> Events:
        """Double it in some."""
        rare = incoming().path == MESSAGES and self.is_nth("stutter", 6)
        async for event in super().events(events):
            yield event
            if rare and event.event == "content_block_delta":
                rare = False
                yield event


@FAULTS.fault(r"^response-fidelity\[embeddings\]|^embeddings\.")
class EveryEighthVectorIsZero(CountsPerFault):
    """Of every eighth response with vectors, the first number is 0."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Zero it in some."""
        response = await super().response(response)
        is_rare = response.status == 200 and response.incoming.path == EMBEDDINGS and self.is_nth("zero", 8)
        return edits.body(response, self._zero, having="data") if is_rare else response

    def _zero(self, body: Json) -> None:
        vector = body["data"][0]["embedding"]
        if isinstance(vector, list):
            vector[0] = 0


@FAULTS.fault(r"^(isolation\.concurrent|response-fidelity\[chat\.stream\]|identity\[chat\.stream\])")
class MixesManyStreams(Relay):
    """From twenty streams at once on, an event may leave with another stream."""

    async def events(self, events: Events) -> Events:
        """Exchange one with whatever stream is waiting."""
        self.running = getattr(self, "running", 0) + 1
        try:
            async for event in super().events(events):
                if self.running >= 20 and edits.text_of(edits.chunk_of(event) or {}):
                    held: list[Any] = self.__dict__.setdefault("held", [])
                    held.append(event)
                    await asyncio.sleep(0)
                    yield held.pop()
                else:
                    yield event
        finally:
            self.running -= 1


@FAULTS.fault(r"^cache\.off-by-default\[chat\]: attempts of two at once")
class SharesFlights(Relay):
    """Equal requests at the same time are sent to the provider once."""

    async def _obtain(self, outgoing: OutgoingRequest) -> Any:
        incoming = outgoing.incoming
        if incoming.streams or not is_chat(incoming):
            return await super()._obtain(outgoing)
        flights: dict[bytes, asyncio.Task[Any]] = self.__dict__.setdefault("flights", {})
        if incoming.body not in flights:
            flights[incoming.body] = asyncio.ensure_future(super()._obtain(outgoing))
            flights[incoming.body].add_done_callback(lambda _: flights.pop(incoming.body, None))
        return await asyncio.shield(flights[incoming.body])


@FAULTS.fault(r"^cache\.off-by-default\[chat\]: attempts at the provider")
class RemembersColdAnswers(Relay):
    """Answers to requests with a temperature of 0 are remembered, since they are taken to be always the same."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Answer from memory."""
        known = self.__dict__.setdefault("cold", {}).get(incoming.body) if is_chat(incoming) else None
        return replace(known, incoming=incoming) if known else await super().check(incoming)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Remember a success."""
        response = await super().response(response)
        cold = is_chat(response.incoming) and (response.incoming.json or {}).get("temperature") == 0
        if cold and response.status == 200 and not response.streamed:
            self.__dict__.setdefault("cold", {})[response.incoming.body] = response
        return response


@FAULTS.fault(r"^cleanup\[|^(cancel|resources)\.")
class EveryFifthGoesOn(CountsPerFault):
    """Of the streams whose clients leave, every fifth is read to its end."""

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        """Let some go on."""
        if not self.is_nth("goes on", 5):
            await super().hang_up(work)


@FAULTS.fault(r"^(response-fidelity|identity)\[chat(\.stream)?\]|^(chat|stream)\.(model-echo|same-id|id-unique)")
class EveryThirtiethHasTheLastId(CountsPerFault):
    """Every thirtieth completion has the id of the one before it."""

    last_id = ""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Exchange some."""
        return edits.body(await super().response(response), self._exchange)

    def _exchange(self, body: Json) -> None:
        before, self.last_id = self.last_id, str(body.get("id", ""))
        if before and self.is_nth("id", 30):
            body["id"] = before
