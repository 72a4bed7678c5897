"""Log probabilities of a chat answer."""

from typing import Any

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, edits, expect, refuse, reply


def _entry(*tokens: tuple[str, float]) -> dict[str, Any]:
    """An item of `logprobs.content`: the token that was chosen, then those that it was chosen from."""
    top = [{"token": text, "logprob": value, "bytes": list(text.encode())} for text, value in tokens]
    return {**top[0], "top_logprobs": top}


ENTRIES = [_entry(("Gr\u00fc", -0.31725305), ("Ha", -1.5)), _entry(("ezi", -1.1920929e-07), ("\u00dfi", -9999.0))]


_CHOICE = {
    "index": 0,
    "message": {"role": "assistant", "content": None, "refusal": "Gr\u00fcezi"},
    "logprobs": {"content": None, "refusal": ENTRIES},
    "finish_reason": "stop",
}
REFUSED = {
    "id": "chatcmpl-refused",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [_CHOICE],
    "usage": dict(reply.USAGE),
}


@case(
    "chat.logprobs",
    refusable=True,
    level="SHOULD",
    refs=["vllm#4795", "vllm#3179", "vllm#3707"],
    upstream={"": reply.chat("Gr\u00fc", "ezi", logprobs=ENTRIES), "refused": reply.json_body(REFUSED)},
)
async def logprobs(target: Target) -> Findings:
    """Log probabilities arrive as the provider gave them, and can be asked for without alternatives."""
    answer = await target.chat.create(logprobs=True, top_logprobs=2)
    yield expect("tokens", answer.at("choices", 0, "logprobs", "content"), equals=ENTRIES)
    refused = await target.chat.create(logprobs=True, top_logprobs=2, script="refused")
    yield expect("tokens of a refusal", refused.at("choices", 0, "logprobs", "refusal"), equals=ENTRIES)
    plain = await target.chat.create(logprobs=True)
    yield expect("status without top_logprobs", plain.status, equals=200)


@logprobs.mutant(killed_by="tokens")
class DropsLogprobs(Relay):
    """The answer has no log probabilities."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(logprobs=None))


@logprobs.mutant(killed_by="tokens")
class DropsAlternatives(Relay):
    """Every token is there, without its alternatives."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def shorten(choice: dict[str, Any]) -> None:
            for entry in (choice.get("logprobs") or {}).get("content") or ():
                entry["top_logprobs"] = []

        return edits.choices(response, shorten)


@logprobs.mutant(killed_by="tokens of a refusal")
class DropsThoseOfRefusals(Relay):
    """Of log probabilities, those of the text are passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def drop(choice: dict[str, Any]) -> None:
            if choice.get("logprobs"):
                choice["logprobs"]["refusal"] = None

        return edits.choices(response, drop)


@logprobs.mutant(killed_by="status without top_logprobs")
class WantsBoth(Relay):
    """`logprobs` without `top_logprobs` is refused, though the API allows it."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        body = incoming.json or {}
        if body.get("logprobs") and body.get("top_logprobs") is None:
            return refuse(incoming, 400, "top_logprobs is missing.", param="top_logprobs")
        return await super().check(incoming)
