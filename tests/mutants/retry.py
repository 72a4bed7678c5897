"""Mutants of the cases about retries and sessions."""

from hopcheck import (
    ON_CHAT,
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    edits,
    incoming,
)
from hopcheck.selftest.independent import violates


@violates("retry.backoff")
class HammersLimits(Relay):
    """A 429 that names no time to wait is tried six times, without a pause."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.status == 429 and failure.retry_after_s is None and outgoing.attempt_on_model < 6:
            return 0.0
        return await super().retry(outgoing, failure)


@violates("retry.backoff")
class HammersOverloads(Relay):
    """A 529 is tried six times, without a pause."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.status == 529 and outgoing.attempt_on_model < 6:
            return 0.0
        return await super().retry(outgoing, failure)


@violates("retry.budget")
class CountsFromZero(Relay):
    """A 500 or 502 gets one attempt more than was declared."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.status in (500, 502) and outgoing.attempt_on_model == self.config.retries + 1:
            return 0.05
        return await super().retry(outgoing, failure)


@violates("retry.budget")
class RetriesInTwoLayers(Relay):
    """A connection that is reset is tried again by the client's library, and each time by the relay."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.kind == "cut":
            return 0.0 if outgoing.attempt_on_model < 2 * (self.config.retries + 1) else None
        return await super().retry(outgoing, failure)


@violates("retry.conn-reset")
class HangsUpLikeTheProvider(Relay):
    """A connection that the provider resets ends the client's, too, without a response."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None if failure.kind == "cut" else await super().retry(outgoing, failure)

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "cut":
            raise ConnectionResetError
        return await super().failed(incoming, failure)


@violates("retry.declared")
class RetriesStatusesOnly(Relay):
    """Statuses are retried, and connections that were reset aren't."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return await super().retry(outgoing, failure) if failure.kind == "status" else None


@violates("retry.declared")
class GivesUpOnGateways(Relay):
    """A 502 isn't retried."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None if failure.status == 502 else await super().retry(outgoing, failure)


@violates("retry.honours-retry-after")
class HonoursItWith429(Relay):
    """A Retry-After counts with a 429, and not with a 503."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.status == 503 and failure.retry_after_s:
            return 0.05 if outgoing.attempt_on_model <= self.config.retries else None
        return await super().retry(outgoing, failure)


@violates("retry.not-after-first-byte")
class BeginsAgainBeforeText(Relay):
    """A stream that breaks before its first text begins again, though the client has its first chunk."""

    async def sound(self, events: Events) -> Events:
        texts = 0
        try:
            async for event in super().sound(events):
                texts += bool(edits.text_of(edits.chunk_of(event) or {}))
                yield event
        except Failure:
            if texts:
                raise
            answer = await self._provider.attempt(self._outgoing(incoming(), incoming().model), self.config.timeout_s)
            async for event in super().sound(answer.events):
                yield event


@violates("retry.not-after-first-byte")
class GoesOnWithTheRest(Relay):
    """A stream that breaks is asked for again, and goes on where the first one broke."""

    async def broken(self, failure: Failure) -> Events:
        answer = await self._provider.attempt(self._outgoing(incoming(), incoming().model), self.config.timeout_s)
        try:
            async for event in super().sound(answer.events):
                if not (edits.chunk_of(event) or {"choices": [{"delta": {}}]})["choices"][0]["delta"].get("role"):
                    yield event
        except Failure as second:
            async for event in super().broken(second):
                yield event


@violates("retry.not-on-4xx")
class RetriesUnprocessable(Relay):
    """A 422 is sent again once."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.status == 422 and outgoing.attempt_on_model == 1:
            return 0.05
        return await super().retry(outgoing, failure)


@violates("sessions.prefix-stable", on=ON_CHAT)
class CompactsToolResults(Relay):
    """In a history of more than six messages, the results of tools but the last one are shortened."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        messages = body.get("messages", [])
        results = [message for message in messages if message.get("role") == "tool"] if len(messages) > 6 else []
        for message in results[:-1]:
            message["content"] = "[shortened]"
        return outgoing.with_json(body) if results else outgoing


@violates("sessions.prefix-stable", on=ON_CHAT)
class PutsTheTimeInFront(Relay):
    """The number of the turn is added to the system's message."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "messages", self.dated)

    def dated(self, messages: list) -> list:
        return [{"role": "system", "content": f"Turn {len(messages)}."}, *messages]
