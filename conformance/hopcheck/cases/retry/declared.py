"""Retries that are declared happen."""

import asyncio
from typing import Any

from hopcheck import (
    FORWARDED,
    ON_MESSAGES,
    Failure,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    items,
    reply,
)

FAULTS = {
    "500": [reply.status(500), reply.chat("Hello")],
    **{str(status): [reply.status(status), reply.chat("Hello")] for status in (502, 503)},
    "503-timed": [reply.status(503, headers={"Retry-After": "0"}), reply.chat("Hello")],
    "choices": [reply.status(500), reply.chat(choices=[reply.choice("one"), reply.choice("two")])],
    "reset": [*[reply.chat("lost", cut="reset", cut_at=-1)] * 2, reply.chat("Hello")],
}
"""Failures that pass; a connection is reset twice, as a client library may itself replace one that is dead."""

LONG = "once more, " * 6_500
"""70 KB: a request may be too long to be kept in one piece until it is sent again."""

TRACE = "6" * 32
HEADERS = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "Cookie": "session=hopcheck-retried"}
"""What the first attempt has of them, or hasn't, a retry has or hasn't; credentials and betas are judged always."""


@case(
    "retry.declared",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#24320", "failoverbench S02"],
    needs=["retries"],
    isolation="cooldown",
    upstream=FAULTS,
)
async def declared(target: Target, ask: Operation) -> Findings:
    """Where retries are declared, a provider's failure that passes doesn't reach the client."""
    faults = [one for one in FAULTS if one != "choices" and (one != "reset" or target.declares.retries >= 2)]
    headers = HEADERS | ({"anthropic-beta": "context-management-2025-06-27"} if ask.name in ON_MESSAGES else {})
    got = await asyncio.gather(*(ask(script=fault, headers=headers) for fault in faults))
    answers = dict(zip(faults, got, strict=True))
    answers["a long request"] = large = await ask(script="500", **_long(ask))
    if ask.name == "chat" and target.declares.choices:
        answers["several choices"] = await ask(script="choices", n=2)
    statuses = {fault: answer.status for fault, answer in answers.items()}
    yield expect("statuses", statuses, equals=dict.fromkeys(statuses, 200))
    sent = {len(attempt.body) for attempt in await target.seen(large)}
    yield expect("lengths of a long request's attempts", len(sent), equals=1)
    traces = {TRACE in (attempt.header("traceparent") or "") for attempt in await target.seen(answers["500"])}
    yield expect("the trace in the first attempt and in retries", len(traces), equals=1, level="SHOULD")


def _long(ask: Operation) -> dict[str, Any]:
    if not ask.generates:
        return {"text": LONG}
    answer = {"role": "assistant", "content": "Once more."}
    return {"messages": [{"role": "user", "content": LONG}, answer, {"role": "user", "content": "And again."}]}


@declared.mutant(killed_by="statuses", trips=("retry.*",))
class NeverRetries(Relay):
    """The number of retries is read from a setting that nobody looks at."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None


@declared.mutant(killed_by="statuses", trips=("retry.*",))
class OnlyRetriesLimits(Relay):
    """Nothing but a 429 is worth another attempt."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return await super().retry(outgoing, failure) if failure.status == 429 else None


@declared.mutant(killed_by="statuses", on="chat")
class TriesOneChoiceAgain(Relay):
    """Several choices are too expensive to be asked for again."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return None if outgoing.json.get("n") else await super().retry(outgoing, failure)


@declared.mutant(killed_by="the trace in the first attempt and in retries")
class TracesTheFirstAttempt(Relay):
    """A retry has no trace."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing if outgoing.attempt == 1 else outgoing.with_header("traceparent", None)


@declared.mutant(killed_by="credentials", on=FORWARDED)
class RetriesWithCookies(Relay):
    """A retry has the client's cookies."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        cookie = outgoing.incoming.header("cookie")
        return outgoing.with_header("Cookie", cookie) if cookie and outgoing.attempt > 1 else outgoing


@declared.mutant(killed_by="lengths of a long request's attempts")
class ReadsBodiesOnce(Relay):
    """Of a long request, the first 64 KiB are still there when it is sent again."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.attempt == 1 or len(outgoing.body) < 2**16:
            return outgoing
        cut = {"input": str(outgoing.json.get("input"))[-1000:], "messages": items(outgoing.json, "messages")[-1:]}
        return outgoing.with_json({**outgoing.json, **{name: cut[name] for name in cut if name in outgoing.json}})
