"""Refusals of the gateway itself."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    expect,
)

JSON = {"Content-Type": "application/json"}


WRONG: dict[str, Any] = {
    "nothing asked": {"input": []},
    "a number": {"input": 7},
    "no such model": {"model": "hopcheck-no-such-model"},
}


@case(
    "responses.own-errors",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Error", "OAI Responses: create"],
    needs=["own_keys", "parses", "two_sided"],
)
async def own_errors(target: Target, ask: Operation) -> Findings:
    """Refusals have OpenAI's shape and the right class: for a wrong key, no JSON, no input, an unknown model."""
    answers = {name: await ask(extra=fields) for name, fields in WRONG.items()}
    answers["no JSON"] = await target.request("POST", ask.path, body=b'{"input": ', headers=JSON)
    answers["a wrong key"] = await ask(key="hopcheck-wrong-key")
    odd = {name: one.status for name, one in answers.items() if not 400 <= (one.status or 0) < 500}
    yield expect("statuses that blame nobody, or the server", odd, equals={})
    shapes = {name: found for name, one in answers.items() if (found := contract_violations("Error", one.json))}
    yield expect("errors of another shape", shapes, equals={})


@own_errors.mutant(
    killed_by="statuses that blame nobody, or the server", trips=("responses.provider-errors", "errors.missing-fields")
)
class CrashesOnInput(Relay):
    """An input that is neither text nor a list ends in an internal error."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 400 and b"input" in response.body:
            response.status = 500
        return response


@own_errors.mutant(
    killed_by="errors of another shape",
    trips=("errors.*", "auth.*", "messages.*", "responses.*", "fallback.*", "llm_proxy.*", "timeout.*"),
)
class SaysDetail(Relay):
    """Errors have the shape of a web framework."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"detail": "No."}) if response.status >= 400 else response
