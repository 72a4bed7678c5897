"""What can be asked of a stored response: it, its input, to end it, to forget it."""

import time
from dataclasses import replace
from typing import Any

from hopcheck import (
    Findings,
    IncomingRequest,
    NotApplicable,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    refuse,
)

ASKED = {
    "retrieved": ("GET", ""),
    "items": ("GET", "/input_items"),
    "cancelled": ("POST", "/cancel"),
    "deleted": ("DELETE", ""),
}
NOT_SERVED = (404, 405, 501)


@case(
    "responses.stored",
    level="MUST",
    on="responses",
    because="a response is stored however it was sent",
    refs=["OAI Responses: get, delete, cancel, input_items", "litellm: not supported is a 500"],
    needs=["two_sided"],
)
async def stored(target: Target, ask: Operation) -> Findings:
    """A stored response is the provider's to show, end and forget: under its id, or as what isn't served."""
    created = await ask(store=True)
    name = str(created.at("id"))
    found = {what: await target.request(method, f"{ask.path}/{name}{rest}") for what, (method, rest) in ASKED.items()}
    statuses = {what: one.status for what, one in found.items()}
    served = {what for what, status in statuses.items() if status == 200}
    yield expect(
        "statuses", statuses, holds={*statuses.values()} <= {200, *NOT_SERVED}, to="200, or that it isn't served"
    )
    if {*statuses.values()} <= {*NOT_SERVED}:
        raise NotApplicable("the target shows no stored responses")
    ids = {what: found[what].at("id") for what in ("retrieved", "cancelled", "deleted") if what in served}
    answered = await _provider_id(target, created)
    yield expect(
        "ids",
        ids,
        holds=all(one in (name, answered) for one in ids.values()),
        to="that of the response which was asked for",
        level="SHOULD",
    )
    if "items" in served:
        since_ns = time.monotonic_ns()
        await target.request("GET", f"{ask.path}/{name}/input_items?limit=1&order=asc")
        asked = " ".join(one.path for one in await target.unmarked(since_ns) if f"{answered}/input_items" in one.path)
        yield expect("question about its items", asked, contains="limit=1&order=asc", level="SHOULD")
    lost = {how: await target.request(how, f"{ask.path}/resp_no-such-response") for how in ("GET", "DELETE")}
    lacking = {"GET": (400, 404), "DELETE": (400, *NOT_SERVED)}
    there = {how: one.status for how, one in lost.items() if one.status not in lacking[how]}
    yield expect("ways in which one that isn't there is found", there, equals={})


async def _provider_id(target: Target, created: Any) -> Any:
    attempt = await target.forwarded(created)
    body = attempt.response.body.decode() if attempt.response else ""
    return body.partition('"id":"')[2].partition('"')[0]


@stored.mutant(killed_by="statuses", trips=("auth.stored-not-forwarded",))
class CrashesOnIds(Relay):
    """What is asked of a stored response ends in an internal error."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_stored = incoming.path.startswith("/v1/responses/")
        return refuse(incoming, 500, "not supported") if is_stored else await super().check(incoming)


@stored.mutant(killed_by="ids", trips=("auth.stored-not-forwarded",))
class ShowsTheLatest(Relay):
    """Whatever response is asked for, it is the same one."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if "/responses/" not in outgoing.path or "no-such" in outgoing.path:
            return outgoing
        _, _, rest = outgoing.path.removeprefix("/responses/").partition("/")
        return OutgoingRequest(
            outgoing.incoming, outgoing.model, f"/responses/resp_hoplatest/{rest}".rstrip("/"), outgoing.headers, b""
        )


@stored.mutant(killed_by="question about its items")
class AsksForEverything(Relay):
    """What of a stored response is wanted isn't passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, path=outgoing.path.partition("?")[0])


@stored.mutant(killed_by="ways in which one that isn't there is found")
class FindsEverything(Relay):
    """A response that isn't there is an empty one."""

    async def failed(self, incoming: IncomingRequest, failure: Any) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        is_lost = incoming.method == "GET" and failure.status == 404
        return RelayedResponse(incoming, 200, response.headers, b"{}") if is_lost else response
