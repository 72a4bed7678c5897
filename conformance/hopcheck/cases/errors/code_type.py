"""An error's code is a word."""

from typing import Any

from hopcheck import (
    OF_OPENAI,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    expect,
    reply,
)

PROVIDERS = 1301
"""The provider's code."""


@case(
    "errors.code-type",
    level="MUST",
    on=OF_OPENAI,
    because="Anthropic's errors have no code",
    needs=["parses"],
    refs=["OAI Error", "litellm#4970"],
    upstream={
        "": reply.status(400, {"code": PROVIDERS}),
        "no-code": reply.status(400, {"code": None}),
        "server": reply.status(500, {"code": PROVIDERS}),
    },
    isolation="cooldown",
)
async def code_type(target: Target, ask: Operation) -> Findings:
    """An error's code is a string or null, also where the provider's is a number.

    A number that is passed on as it came is the provider's own: that it is put right is a SHOULD.
    """
    own = await ask(model="hopcheck-no-such-model")
    provider = {name: await ask(script=name) for name in ("", "no-code", "server")}
    is_own = not await target.seen(own)  # a target that knows no models passes on what its provider says of this one
    for name, answers in (("proxy's own", [own] if is_own else []), ("provider's", [*provider.values()])):
        codes = [dig(answer.error, "code") for answer in answers]
        wrong = [code for code in codes if not (code is None or isinstance(code, str))]
        relayed = all(code == PROVIDERS for code in wrong)
        level: Any = "SHOULD" if relayed else None
        yield expect(f"{name} code", codes, holds=not wrong, to="a string or null", level=level)


def _coded(response: RelayedResponse, code: Any) -> RelayedResponse:
    body = response.json
    return response.with_json({"error": {**body["error"], "code": code}})


@code_type.mutant(
    killed_by="proxy's own code", trips=("errors.*", "llm_proxy.*", "messages.own-errors", "responses.own-errors")
)
class CodeIsTheStatus(Relay):
    """An error's code is its HTTP status, as a number."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        return refusal and _coded(refusal, refusal.status)


@code_type.mutant(killed_by="provider's code")
class KeepsNumbers(Relay):
    """A provider's code is taken over as it is, a number as a number."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        code = dig(response.json, "error", "code")
        return _coded(response, int(code)) if isinstance(code, str) and code.isdigit() else response
