"""Error bodies of servers that call themselves compatible."""

import json

from hopcheck import (
    FORWARDED,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    expect,
    reply,
)

TEXT = "The engine is out of memory."
FORMS = {
    "a text": reply.raw(400, json.dumps({"error": TEXT}), "application/json"),
    "a message at the top": reply.raw(400, json.dumps({"message": TEXT, "type": "invalid"}), "application/json"),
    "a detail": reply.raw(400, json.dumps({"detail": TEXT}), "application/json"),
    "a list": reply.raw(400, json.dumps([{"error": {"message": TEXT, "status": "FAILED"}}]), "application/json"),
    "nothing": reply.raw(400, "", "application/json"),
    "plain text": reply.raw(400, TEXT, "text/plain"),
    "after white space": reply.raw(400, "\n\n  " + json.dumps({"error": {"message": TEXT}}), "application/json"),
}
"""Error bodies of servers that call themselves OpenAI-compatible."""


@case(
    "errors.other-forms",
    level="SHOULD",
    on=FORWARDED,
    needs=["parses"],
    refs=["vllm error bodies", "ollama error bodies", "litellm#8648"],
    upstream={name.replace(" ", "-"): turn for name, turn in FORMS.items()},
)
async def other_forms(target: Target, ask: Operation) -> Findings:
    """A provider's error in another form keeps its status, and becomes an error object."""
    answers = {name: await ask(script=name.replace(" ", "-")) for name in FORMS}
    statuses = {name: answer.status for name, answer in answers.items()}
    yield expect("statuses", statuses, equals=dict.fromkeys(FORMS, 400))
    wrong = {name: contract_violations("Error", answer.json) for name, answer in answers.items()}
    yield expect("error objects", {name: found for name, found in wrong.items() if found}, equals={})


class Rereads(Relay):
    """What comes of an error in another form."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        try:
            known = isinstance(json.loads(failure.body)["error"]["message"], str)
        except (ValueError, TypeError, KeyError):
            known = False
        return response if known or not failure.body else self.unknown(response, failure)

    def unknown(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        """The response to one that isn't OpenAI's."""
        return response


@other_forms.mutant(killed_by="statuses", trips=("errors.*",))
class UnknownIsOurs(Rereads):
    """An error that can't be read is an internal error."""

    def unknown(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        response.status = 500
        return response


@other_forms.mutant(killed_by="statuses")
class SilenceIsOurs(Relay):
    """An error without a body is a gateway's error."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind == "status" and not failure.body:
            response.status = 502
        return response


@other_forms.mutant(killed_by="error objects", trips=("errors.*", "responses.error-first"))
class UnknownIsPassedOn(Rereads):
    """An error that can't be read is passed on as it is."""

    def unknown(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        response.body = failure.body
        return response
