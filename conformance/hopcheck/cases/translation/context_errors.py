"""Refusals of conversations that are longer than the model's context."""

from types import MappingProxyType
from typing import Any

from hopcheck import (
    ON_CHAT,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    RelayedResponse,
    Target,
    TranslatingRelay,
    case,
    dig,
    expect,
    reply,
)
from hopcheck.cases.translation.statuses import ChangesStatus

TOO_LONG = {
    "anthropic": "prompt is too long: 210000 tokens > 200000 maximum",
    "gemini": "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
    "ollama": "the input length exceeds the context length",
}
"""What the providers say when a conversation is longer than the model's context."""

OTHER = "This model's maximum context length is 4096 tokens. However, you requested 5001 tokens."
SCRIPTS = {
    "": reply.status(400, {"message": OTHER}),
    **{name: reply.status(400, {"message": words}) for name, words in TOO_LONG.items()},
}


@case(
    "translation.context-exceeded",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["OAI context_length_exceeded", "litellm#6578", "codex: context_length_exceeded"],
    upstream=SCRIPTS,
)
async def context_exceeded(target: Target, ask: Operation) -> Findings:
    """A conversation that is too long is refused with 400, the provider's words, and OpenAI's code for it."""
    script = target.provider if target.provider in TOO_LONG else ""
    response = await ask(script=script)
    yield expect("status", response.status, equals=400)
    words = TOO_LONG.get(target.provider, OTHER)
    yield expect("provider's words", str(dig(response.error, "message")), contains=words)
    yield expect("code", dig(response.error, "code"), equals="context_length_exceeded", level="SHOULD")


@context_exceeded.mutant(killed_by="status")
class TakesItForAFailure(ChangesStatus):
    """What a provider refuses is a failure of the gateway's backend."""

    statuses = MappingProxyType({400: 502})


@context_exceeded.mutant(killed_by="provider's words", trips=("translation.too-large",))
class TranslatesWordsAway(TranslatingRelay):
    """Of an error, only that there was one is translated."""

    def to_error(self, body: dict[str, Any], status: int) -> dict[str, Any]:
        return {"error": {**super().to_error(body, status).get("error", {}), "message": "The provider refused."}}


@context_exceeded.mutant(killed_by="code")
class GivesTheStatusForACode(TranslatingRelay):
    """An error's code is its status."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return response.with_json({"error": {**response.json["error"], "code": str(response.status)}})
