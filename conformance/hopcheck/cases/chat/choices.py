"""Several choices in one chat answer."""

from collections.abc import Sequence
from typing import Any

from hopcheck import (
    Findings,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    dig,
    edits,
    expect,
    function_tools,
    items,
    reply,
)

TEXTS = ("first", " second\n", "third")
ENDS = ("stop", "length", "content_filter")
NAMES = ("clock", "weather", "diary")
CALLING = [
    reply.choice(tool_calls=(reply.call(name, "{}", id=f"call_hop{place}"),), finish="tool_calls")
    for place, name in enumerate(NAMES)
]


def completion(order: Sequence[int]) -> dict[str, Any]:
    """A completion whose choices stand in another order than that of their indexes."""
    texts = {index: {"role": "assistant", "content": TEXTS[index], "refusal": None} for index in order}
    choices = [
        {"index": index, "message": message, "finish_reason": ENDS[index], "logprobs": None}
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
        "": reply.chat(choices=[reply.choice(text, finish=end) for text, end in zip(TEXTS, ENDS, strict=True)]),
        "mixed": reply.json_body(completion((2, 0, 1))),
        "calls": reply.chat(choices=CALLING),
    },
)
async def n_choices(target: Target) -> Findings:
    """With `n` above one, every choice arrives, each under the index that the provider gave it."""
    answers = [await target.chat.create(n=3, script=script) for script in ("", "mixed")]
    choices = [_by_index(answer, "message", "content") for answer in answers]
    yield expect("choices by index", choices, equals=[[[index, text] for index, text in enumerate(TEXTS)]] * 2)
    ends = [_by_index(answer, "finish_reason") for answer in answers]
    yield expect("finish reasons by index", ends, equals=[[[index, end] for index, end in enumerate(ENDS)]] * 2)
    called = await target.chat.create(n=3, script="calls", tools=function_tools(*NAMES))
    names = _by_index(called, "message", "tool_calls", 0, "function", "name")
    yield expect("calls by index", names, equals=[[index, name] for index, name in enumerate(NAMES)])


def _by_index(answer: Response, *path: str | int) -> list[list[Any]]:
    """`[index, value]` of each choice, in the order of the indexes."""
    return sorted(([dig(one, "index"), dig(one, *path)] for one in items(answer.json, "choices")), key=str)


@n_choices.mutant(killed_by="choices by index")
class FirstChoiceOnly(Relay):
    """Of several choices, only the first is kept."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(choices=body["choices"][:1]))


@n_choices.mutant(killed_by="choices by index")
class TrimsOthers(Relay):
    """White space around the texts of further choices is taken off."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def trim(choice: dict[str, Any]) -> None:
            if choice["index"]:
                choice["message"]["content"] = choice["message"]["content"].strip()

        return edits.choices(response, trim)


@n_choices.mutant(killed_by="choices by index")
class AllAreFirst(Relay):
    """Every choice has the index 0."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(index=0))


@n_choices.mutant(killed_by="finish reasons by index", trips=("chat.finish-reason",))
class FinishAlike(Relay):
    """The finish reason of the first choice is that of all."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def copy(body: dict[str, Any]) -> None:
            for choice in body["choices"]:
                choice["finish_reason"] = body["choices"][0]["finish_reason"]

        return edits.body(response, copy)


@n_choices.mutant(killed_by="calls by index")
class CallsForTheFirst(Relay):
    """Of several choices, the first alone has calls."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def drop(choice: dict[str, Any]) -> None:
            if choice["index"]:
                choice["message"].pop("tool_calls", None)

        return edits.choices(response, drop)
