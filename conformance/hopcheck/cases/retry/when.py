"""What is tried again, and what is not."""

from hopcheck import (
    FORWARDED,
    ON_MESSAGES,
    Event,
    Events,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    event_of,
    expect,
    incoming,
    reply,
)

REFUSALS = (400, 401, 403, 404, 422)


@case(
    "retry.not-on-4xx",
    level="MUST",
    on=(*FORWARDED, *ON_MESSAGES),
    refs=["failoverbench S12", "failoverbench S13"],
    upstream={str(status): reply.status(status) for status in REFUSALS},
    isolation="cooldown",
)
async def not_on_4xx(target: Target, ask: Operation) -> Findings:
    """A request that the provider refuses as wrong is not sent again."""
    attempts = {status: len(await target.seen(await ask(script=str(status)))) for status in REFUSALS}
    yield expect("attempts", attempts, equals=dict.fromkeys(REFUSALS, 1))


@not_on_4xx.mutant(killed_by="attempts", trips=("errors.*", "auth.*", "retry.*"))
class TriesEverythingAgain(Relay):
    """Every status but 200 is taken for a passing fault."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return 0.01 if outgoing.attempt_on_model <= self.config.retries else None


@case(
    "retry.not-after-first-byte",
    level="MUST",
    because="it is about a stream that has begun",
    on="chat.stream",
    refs=["nanobot#4038", "hive#6541", "cadis#412", "litellm#32835"],
    upstream={
        "": [reply.stream("Hel", "lo", cut_after_events=2, pace_s=0.1), reply.stream("Hel", "lo")],
        "role": [reply.stream("Hel", "lo", cut_after_events=1, pace_s=0.1), reply.stream("Hel", "lo")],
    },
)
async def not_after_first_byte(target: Target) -> Findings:
    """Once a client has some of a stream, a retry does not begin it again in the same answer."""
    stream = await target.chat.stream()
    continued = ["HelHello"] if target.declares.continues else []  # a second attempt goes on behind what was sent
    yield expect("text", stream.joined(), one_of=["", "Hel", "Hello", *continued])
    begun = await target.chat.stream(script="role")
    roles = sum("role" in delta for delta in begun.deltas())
    yield expect("first chunks, where the first came alone", roles, at_most=1)


@not_after_first_byte.mutant(killed_by="text", trips=("stream.*", "fallback.*"))
class BeginsAgain(Relay):
    """A stream that broke is replaced by a new one, behind what was sent already."""

    async def broken(self, failure: Failure) -> Events:
        for text in ("Hel", "lo"):
            yield _piece({"content": text}, None)
        yield _piece({}, "stop")


def _piece(delta: dict[str, str], finish: str | None) -> Event:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event_of({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


@case(
    "retry.conn-reset",
    level="SHOULD",
    on=(*FORWARDED, *ON_MESSAGES),
    refs=["failoverbench S05"],
    upstream=[*[reply.chat("lost", cut="reset", cut_at=-1)] * 2, reply.chat("Hello")],
)
async def conn_reset(target: Target, ask: Operation) -> Findings:
    """A connection that the provider resets before it answers is tried again, or results in a clean error."""
    # Twice, since a client library may by itself replace a pooled connection that turns out to be dead.
    answer = await ask()
    outcome = "an answer" if answer.status == 200 else contract_violations("Error", answer.json) or "an error"
    yield expect("status", answer.status, one_of=[200, 502, 503, 504])
    if not target.declares.transparent:
        yield expect("answer or error", outcome, one_of=["an answer", "an error"])


@conn_reset.mutant(killed_by="answer or error", trips=("errors.*", "stream.*", "chat.*", "timeout.*"))
class SaysItInWords(Relay):
    """The error about an unreachable provider is plain text."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind in ("cut", "connect", "timeout"):
            response.body = b"upstream connect error"
        return response


@conn_reset.mutant(killed_by="status", trips=("chat.*", "stream.*", "timeout.*"))
class BlamesTheRequest(Relay):
    """A reset is reported as a client error."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 400 if failure.kind == "cut" else response.status
        return response


@not_after_first_byte.mutant(killed_by="first chunks, where the first came alone")
class BeginsAgainAfterTheRole(Relay):
    """A stream of which the client has no text yet begins again, its first chunk included."""

    async def broken(self, failure: Failure) -> Events:
        again = await self._provider.attempt(self._outgoing(incoming(), incoming().model), self.config.timeout_s)
        events = [event async for event in again.events or ()]
        whole = any(event.is_done for event in events)
        yield events[0]
        async for event in super().broken(failure):
            yield event
        assert whole
