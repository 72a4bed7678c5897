"""The seventh relay's faults: retries, fallbacks, limits, and what remains of one request in the next."""

from __future__ import annotations

from hopcheck import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    edits,
    incoming,
)
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import is_chat

FAULTS = Faults()


@FAULTS.fault(r"^fallback\.taken")
class WaitsInsteadOfFallingBack(Relay):
    """A primary whose 429 names a Retry-After isn't replaced by its fallback."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        """Refuse it."""
        is_timed = failure.status == 429 and failure.head is not None and failure.head.header("retry-after")
        return None if is_timed else await super().fall_back(outgoing, failure)


@FAULTS.fault(r"^attempts\[.*: in a retry")
class FallsBackWithLess(Relay):
    """A fallback is asked with model, question and stream alone."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave out the rest."""
        outgoing = await super().request(outgoing)
        if outgoing.model not in self.config.fallbacks.values() or outgoing.attempt == 1:
            return outgoing
        kept = ("model", "messages", "stream", "stream_options")
        return outgoing.with_json({name: value for name, value in outgoing.json.items() if name in kept})


@FAULTS.fault(r"^fallback\.stream-pre-first\[chat\.stream\]: counts")
class CountsPrimariesAlone(Relay):
    """The stream of a fallback has no counts."""

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        """Note who is replaced."""
        self.__dict__.setdefault("replaced", set()).add(outgoing.incoming.id)
        return await super().fall_back(outgoing, failure)

    async def events(self, events: Events) -> Events:
        """Leave them out."""
        backup = incoming().id in self.__dict__.get("replaced", ())
        async for event in super().events(events):
            if not (backup and (edits.chunk_of(event) or {}).get("usage")):
                yield event


@FAULTS.fault(r"^retry\.declared\[.*: lengths")
class RetriesLargeRequestsShort(Relay):
    """A request of more than 8 KiB is sent again with its last messages alone: its body was read once."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Cut it."""
        outgoing = await super().request(outgoing)
        if outgoing.attempt_on_model == 1 or len(outgoing.body) < 8192:
            return outgoing
        return edits.request_field(outgoing, "messages", lambda messages: messages[-1:])


@FAULTS.fault(r"^retry\.honours-retry-after|^retry-after")
class HurriesAfter503(Relay):
    """A Retry-After that comes with a 503 isn't waited for."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Don't wait."""
        wait_s = await super().retry(outgoing, failure)
        if failure.status == 503 and outgoing.attempt_on_model <= self.config.retries:
            return self.config.backoff_s
        return wait_s


@FAULTS.fault(r"^retry-after\[.*: a success has")
class KeepsHeadersOfFailures(Relay):
    """A success after a retry has the Retry-After of the attempt that failed."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Note it."""
        value = failure.head.header("retry-after") if failure.head else None
        if value:
            outgoing.incoming.extra_headers += (("Retry-After", value),)
        return await super().retry(outgoing, failure)


@FAULTS.fault(r"^rate_limit\.concurrency-release\[chat\]: status afterwards")
class KeepsPlacesOfFailures(Relay):
    """A request that its provider answered with a server error keeps its place among those in flight."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Take another place."""
        if failure.status >= 500 and incoming.model in self.config.concurrency_limits:
            self.limits.in_flight[incoming.model] += 1
        return await super().failed(incoming, failure)


@FAULTS.fault(r"^rate_limit\.exact")
class CountsStreamsApart(Relay):
    """Streams have a limit of their own, twice as high."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Let every second stream pass uncounted."""
        if incoming.streams and incoming.model in self.config.rate_limits:
            self.uncounted = not getattr(self, "uncounted", False)
            if self.uncounted:
                self.limits.in_flight[incoming.model] += 1
                return None
        return await super().limit(incoming)


@FAULTS.fault(r"^request-fidelity\[.*: temperature is added")
class RemembersTemperatures(Relay):
    """A request without a temperature gets that of the one before it: the defaults are shared and changed."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Fill it in."""
        outgoing = await super().request(outgoing)
        body = outgoing.json
        if not is_chat(outgoing.incoming):
            return outgoing
        last, self.last = getattr(self, "last", None), body.get("temperature")
        return outgoing if last is None or "temperature" in body else outgoing.with_json({**body, "temperature": last})


@FAULTS.fault(r"^auth\.required\[.*: status on a connection")
class KnowsConnections(Relay):
    """A connection on which a right key came needs no key any more."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Look the connection up."""
        known = self.__dict__.setdefault("known", set())
        connection = incoming.exchange.connection
        refusal = await super().authorize(incoming)
        if refusal is None:
            known.add(connection)
        return refusal if connection not in known else None
