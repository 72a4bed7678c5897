"""A body that isn't the JSON object which it should be is the client's mistake."""

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
    marker = target.marker()
    lists = ([{"role": "user", "content": f"Hi. {marker}"}], [ask.body(marker, {})])
    arrays = [(await target.request(ask.method, ask.path, body=body, marker=marker)).status for body in lists]
    yield expect("no object", arrays, holds={*arrays} <= {400, 422}, to="400 or 422 for each")


@invalid_json.mutant(killed_by="no JSON")
class CrashesOnSyntax(Relay):
    """Nobody has thought of a body that can't be parsed."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and not incoming.body.endswith((b"}", b"]")):
            return refuse(incoming, 500, "Internal server error.")
        return await super().check(incoming)


@invalid_json.mutant(killed_by="no JSON, exactly")
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


@case(
    "errors.content-type",
    level="SHOULD",
    on=FORWARDED,
    needs=["parses"],
    refusable=True,
    refs=["RFC 9110 15.5.16", "Fetch 2.2.2"],
)
async def content_type(target: Target, ask: Operation) -> Findings:
    """JSON that is declared to be plain text is refused: browsers send that to other sites without asking first."""
    # The second is what a browser's fetch() declares by itself.
    kinds = ("text/plain", "text/plain;charset=UTF-8")
    statuses = [(await ask(headers={"Content-Type": kind})).status for kind in kinds]
    yield expect("status", statuses, holds={*statuses} <= {415, 400, 422}, to="415, 400 or 422 for each")


@content_type.mutant(killed_by="status")
class ReadsAnything(Relay):
    """The body is parsed whatever it is declared to be."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        return None if refusal and refusal.status == 415 else refusal
