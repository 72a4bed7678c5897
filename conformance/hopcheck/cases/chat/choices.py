"""Several choices in one chat answer."""

from collections.abc import Sequence
from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, items, reply

TEXTS = ("first", "second", "third")


def completion(order: Sequence[int]) -> dict[str, Any]:
    """A completion whose choices stand in another order than that of their indexes."""
    texts = {index: {"role": "assistant", "content": TEXTS[index], "refusal": None} for index in order}
    choices = [
        {"index": index, "message": message, "finish_reason": "stop", "logprobs": None}
        for index, message in texts.items()
    ]
    common = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "usage": dict(reply.USAGE)}
    return {**common, "choices": choices}


@case(
    "chat.n-choices",
    level="MUST",
    needs=["choices"],
    refs=["litellm#15962", "litellm#8977"],
    upstream={
        "": reply.chat(choices=[reply.choice(text) for text in TEXTS]),
        "mixed": reply.json_body(completion((2, 0, 1))),
    },
)
async def n_choices(target: Target) -> Findings:
    """With `n` above one, every choice arrives, each under the index that the provider gave it."""
    answers = [await target.chat.create(n=3, script=script) for script in ("", "mixed")]
    choices = [
        sorted(([dig(one, "index"), dig(one, "message", "content")] for one in items(answer.json, "choices")), key=str)
        for answer in answers
    ]
    yield expect("choices by index", choices, equals=[[[index, text] for index, text in enumerate(TEXTS)]] * 2)


@n_choices.mutant(killed_by="choices by index")
class FirstChoiceOnly(Relay):
    """Of several choices, only the first is kept."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(choices=body["choices"][:1]))


@n_choices.mutant(killed_by="choices by index")
class AllAreFirst(Relay):
    """Every choice has the index 0."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(index=0))
