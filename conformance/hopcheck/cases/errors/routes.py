"""Asking in the wrong place, or in the wrong way."""

from typing import Any

from hopcheck import (
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    expect,
)


@case(
    "errors.method-not-allowed",
    level="SHOULD",
    on=["chat", "responses", "messages", "count_tokens", "embeddings"],
    because="a GET doesn't say whether a stream is wanted",
    needs=["parses"],
    refs=["RFC 9110 15.5.6"],
)
async def method_not_allowed(target: Target, ask: Operation) -> Findings:
    """GET where only POST is served is answered with 405 and Allow, or 404, and an error object."""
    answer = await target.request("GET", ask.path)
    yield expect("status", answer.status, one_of=[405, 404])
    allow = answer.listed("allow")
    yield expect("Allow", allow, holds=answer.status == 404 or "POST" in allow, to="POST among the methods of a 405")
    is_anthropic = ask.surface == "messages"
    shape: tuple[Any, ...] = (
        ("ErrorResponse", answer.json, "anthropic-messages") if is_anthropic else ("Error", answer.json)
    )
    yield expect("error object", contract_violations(*shape), equals=[])


@case(
    "errors.unknown-path",
    level="SHOULD",
    because="an unknown path belongs to no operation",
    needs=["parses"],
    refs=["RFC 9110 15.5.5", "OAI Error"],
)
async def unknown_path(target: Target) -> Findings:
    """A path that isn't served is answered with 404 and an error object."""
    bodies = {"GET": None, "POST": {"model": target.models.chat}}
    answers = [await target.request(method, "/hopcheck/no-such-path", body=body) for method, body in bodies.items()]
    yield expect("status", [answer.status for answer in answers], equals=[404, 404])
    wrong = [complaint for answer in answers for complaint in contract_violations("Error", answer.json)]
    yield expect("error object", wrong, equals=[])


class Misroutes(Relay):
    """What is asked in the wrong place is answered in another way."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        return self.lost(refusal) if refusal is not None and incoming.method == "GET" else refusal

    def lost(self, refusal: RelayedResponse) -> RelayedResponse:
        """The refusal, which mutants change."""
        return refusal


@method_not_allowed.mutant(killed_by="status", trips=("errors.unknown-path",))
@unknown_path.mutant(killed_by="status", trips=("errors.method-not-allowed",))
class IsAlwaysWell(Misroutes):
    """Whatever isn't known gets the start page of the web interface."""

    def lost(self, refusal: RelayedResponse) -> RelayedResponse:
        return RelayedResponse(
            refusal.incoming, 200, [("Content-Type", "text/html")], b"<!doctype html><div id=root></div>"
        )


@method_not_allowed.mutant(killed_by="Allow", trips=("http.*",))
class KeepsMethodsSecret(Misroutes):
    """A 405 doesn't say what is allowed."""

    def lost(self, refusal: RelayedResponse) -> RelayedResponse:
        return refusal.with_header("Allow", None)


@method_not_allowed.mutant(killed_by="error object", trips=("errors.unknown-path",))
@unknown_path.mutant(killed_by="error object", trips=("errors.method-not-allowed",))
class SaysDetail(Misroutes):
    """The web framework's own answers are left as they are."""

    def lost(self, refusal: RelayedResponse) -> RelayedResponse:
        return refusal.with_json({"detail": "Not Found"})
