"""A body that isn't the JSON object which it should be is the client's mistake."""

import json
from typing import Any

from hopcheck import (
    FORWARDED,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    refuse,
)

BROKEN = {
    "cut short": b'{"model": "fake-model", "messages": [',
    "cut in a text": b'{"model": "fake-mo',
    "no JSON": b"Say hello.",
    "empty": b"",
    "deep": b'{"messages": ' + b"[" * 20_000,
}


@case(
    "errors.invalid-json",
    level="MUST",
    on=FORWARDED,
    needs=["parses"],
    refs=["RFC 9110 15.5.1", "RFC 9110 15.5.21", "OAI Error"],
)
async def invalid_json(target: Target, ask: Operation) -> Findings:
    """A body that isn't a JSON object is answered with 400 or 422; one that isn't JSON should be with 400."""
    got = {name: (await target.request(ask.method, ask.path, body=body)).status for name, body in BROKEN.items()}
    yield expect("no JSON", got, holds={*got.values()} <= {400, 422}, to="400 or 422 for each")
    yield expect("no JSON, exactly", got, equals=dict.fromkeys(BROKEN, 400), level="SHOULD")
    numbers = [(await target.request(ask.method, ask.path, body=body)).status for body in _not_numbers(ask)]
    yield expect(
        "NaN and infinities", numbers, holds={*numbers} <= {400, 422}, to="400 or 422 for each", level="SHOULD"
    )
    marker = target.marker()
    lists = ([{"role": "user", "content": f"Hi. {marker}"}], [ask.body(marker, {})])
    arrays = [(await target.request(ask.method, ask.path, body=body, marker=marker)).status for body in lists]
    yield expect("no object", arrays, holds={*arrays} <= {400, 422}, to="400 or 422 for each")


def _not_numbers(ask: Operation) -> list[bytes]:
    """Requests with what some languages write for a number, and JSON doesn't have."""
    body = json.dumps(ask.body("", {})).encode()
    return [body[:-1] + b', "temperature": %b}' % word for word in (b"NaN", b"-Infinity")]


@invalid_json.mutant(killed_by="NaN and infinities")
class TakesNaN(Relay):
    """What Python reads as a number is one."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.json is None and b"N" in incoming.body:
            incoming.json = _read(incoming.body)
        return await super().check(incoming)


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return {**content, "temperature": None} if isinstance(content, dict) and "temperature" in content else None


@invalid_json.mutant(killed_by="no JSON", trips=("sessions.agent-history",))
class CrashesOnDepth(Relay):
    """A body that is nested too deeply for the parser is a server error."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.body.count(b"[") > 1000:
            return refuse(incoming, 500, "maximum recursion depth exceeded")
        return await super().check(incoming)


@invalid_json.mutant(killed_by="no JSON", trips=("responses.*",))
class CrashesOnSyntax(Relay):
    """Nobody has thought of a body that can't be parsed."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and not incoming.body.endswith((b"}", b"]")):
            return refuse(incoming, 500, "Internal server error.")
        return await super().check(incoming)


@invalid_json.mutant(killed_by="no JSON, exactly", trips=("responses.stored",))
class SyntaxIsContent(Relay):
    """A body that can't be parsed is unprocessable, as web frameworks have it."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and not incoming.body.endswith((b"}", b"]")):
            return refuse(incoming, 422, "JSON decode error.")
        return await super().check(incoming)


@invalid_json.mutant(killed_by="no object")
class CrashesOnArrays(Relay):
    """What was parsed is taken for an object."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.body.startswith(b"["):
            return refuse(incoming, 500, "'list' object has no attribute 'get'")
        return await super().check(incoming)
