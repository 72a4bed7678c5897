"""Fields of a request's body by which LiteLLM, behind a proxy, lets itself be steered."""

from typing import Any

from hopcheck import (
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    contract_violations,
    expect,
    refuse,
)

FIELDS: dict[str, Any] = {
    "api_key": "sk-somebody-elses",
    "api_base": "http://127.0.0.1:9/v1",
    "extra_headers": {"x-test": "1"},
    "extra_body": {"seed": 1},
    "num_retries": 0,
    "fallbacks": [],
    "timeout": 30,
    "mock_response": "Hello.",
    "cache": {"no-cache": True},
    "tags": ["test"],
}
"""One of each kind: where a request goes and as whom, how often, where to next, what is answered, who is charged."""


@case(
    "llm_proxy.control-fields",
    level="MUST",
    refusable=True,
    refs=["litellm 1.106: obeys them in anybody's body"],
    needs=["refuses_control_fields", "embeddings", "two_sided"],
    trips_on=("errors.*:*",),
)
async def control_fields(target: Target) -> Findings:
    """A client's body that holds one of LiteLLM's control fields is refused with a 400 and never goes upstream."""
    chats = {name: await target.chat.create(extra={name: value}) for name, value in FIELDS.items()}
    yield expect("accepted in chat", _accepted(chats), equals={})
    embeddings = {name: await target.embeddings.create(**{name: value}) for name, value in FIELDS.items()}
    yield expect("accepted in embeddings", _accepted(embeddings), equals={})
    asked = [answer for answers in (chats, embeddings) for answer in answers.values()]
    yield expect(
        "errors that aren't OpenAI's shape",
        [text for one in asked for text in contract_violations("Error", one.json)],
        equals=[],
    )
    yield expect("attempts upstream", sum([len(await target.seen(one)) for one in asked]), equals=0)


def _accepted(answers: dict[str, Response]) -> dict[str, int | None]:
    return {name: answer.status for name, answer in answers.items() if answer.status != 400}


class _Forgets(Relay):
    """Fields are forgotten in the check."""

    def forgotten(self, incoming: IncomingRequest) -> set[str]:
        """What is taken out before the relay looks."""
        return set()

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        body = incoming.json
        incoming.json = body and {name: value for name, value in body.items() if name not in self.forgotten(incoming)}
        refusal = await super().check(incoming)
        incoming.json = body
        return refusal


@control_fields.mutant(killed_by="accepted in chat")
class ForgetsOne(_Forgets):
    """The list of refused fields lacks one."""

    def forgotten(self, incoming: IncomingRequest) -> set[str]:
        return {"mock_response"}


@control_fields.mutant(killed_by="accepted in embeddings")
class ChecksChatOnly(_Forgets):
    """Embeddings requests are passed on unchecked."""

    def forgotten(self, incoming: IncomingRequest) -> set[str]:
        return set(FIELDS) if incoming.path == "/v1/embeddings" else set()


@control_fields.mutant(killed_by="errors that aren't OpenAI's shape")
class RefusesInItsOwnWords(Relay):
    """The refusal has the web framework's shape."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        refused = response.status == 400 and b"control_field" in response.body
        return response.with_json({"detail": "Extra inputs are not permitted"}) if refused else response


@control_fields.mutant(killed_by="attempts upstream")
class RefusesTooLate(_Forgets):
    """The field is noticed when the answer comes back."""

    def forgotten(self, incoming: IncomingRequest) -> set[str]:
        return set(FIELDS)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        held = set(FIELDS) & (response.incoming.json or {}).keys()
        return refuse(response.incoming, 400, f"{min(held)} is not a client's to set.") if held else response
