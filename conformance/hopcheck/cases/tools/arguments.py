"""The text of a call's arguments, which is the model's own, to the byte."""

import json
from typing import Any

from hopcheck import (
    Findings,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    expect,
    function_tools,
    items,
    reply,
)

SOUND = (
    '{ "b" : 1,\t"a":2 , "a": 3}\n',
    '{"escaped":"\\u00e9\\/\\ud83d\\ude00","plain":"é/😀\u2028","slash":"C:\\\\new"}',
    '{"n":12345678901234567890123,"f":0.1000000000000000055,"z":1.0,"e":1E400,"s":-0}',
    '{"file": "' + "é, and so on; " * 5_000 + '"}',
)
"""JSON that is another text once it has been read and written again, and as long as a file."""

(ECHO,) = function_tools("echo")
ODD = ('{"city":"Os', "city=Oslo", '"{}"', "[1,]", "NaN")
"""What models send too, and an agent's own parser must get to see."""


def calls(texts: tuple[str, ...]) -> Any:
    """An answer with one call for each of the texts."""
    return reply.chat(tools=[reply.call("echo", text, id=f"call_hop{place}") for place, text in enumerate(texts)])


@case(
    "tools.arguments-bytes",
    level="MUST",
    because="streamed calls have cases of their own",
    refs=["OAI ChatCompletionMessageToolCall", "litellm#20480"],
    upstream={"sound": calls(SOUND), "odd": calls(ODD)},
)
async def arguments_bytes(target: Target) -> Findings:
    """A call's arguments keep their text to the byte, in both directions: spaces, escapes, numbers, broken JSON."""
    sound, odd = [await target.chat.create(script=script, tools=[ECHO]) for script in ("sound", "odd")]
    yield expect("JSON arguments", texts(sound.tool_calls()), equals=list(SOUND))
    yield expect("other arguments", texts(odd.tool_calls()), equals=list(ODD))
    made = [
        {"id": f"call_hop{place}", "type": "function", "function": {"name": "echo", "arguments": text}}
        for place, text in enumerate(SOUND)
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in made]
    assistant = {"role": "assistant", "content": "", "tool_calls": made}
    history = [{"role": "user", "content": "Echo."}, assistant, *results, {"role": "user", "content": "Again."}]
    got = await target.forwarded(await target.chat.create(messages=history, tools=[ECHO], script="sound"))
    sent_back = [dig(call, "function", "arguments") for call in items(got.json, "messages", 1, "tool_calls")]
    yield expect("arguments in the history", sent_back, equals=list(SOUND))


def texts(made: list[dict[str, Any]]) -> list[Any]:
    """The arguments of calls."""
    return [call["arguments"] for call in made]


def again(text: str) -> str:
    """JSON, read and written again; what isn't JSON as it is."""
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text


@arguments_bytes.mutant(killed_by="JSON arguments", trips=("tools.call-nonstream", "tools.custom-call"))
class ReadsAndWrites(Relay):
    """Arguments are parsed, and written again."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return change_arguments(response, again)


@arguments_bytes.mutant(killed_by="JSON arguments", trips=("tools.custom-call",))
class CutsArguments(Relay):
    """Arguments have at most 8,192 characters."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return change_arguments(response, lambda text: text[:8192])


@arguments_bytes.mutant(killed_by="other arguments", trips=("tools.custom-call",))
class RepairsArguments(Relay):
    """Arguments that aren't a JSON object are replaced by an empty one."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return change_arguments(response, lambda text: text if again(text).startswith("{") else "{}")


def change_arguments(response: RelayedResponse, change: Any) -> RelayedResponse:
    """Change the arguments of every call of an answer in one piece."""

    def every(message: dict[str, Any]) -> None:
        for call in items(message, "tool_calls"):
            call["function"]["arguments"] = change(call["function"]["arguments"])

    return edits.messages(response, every)


@arguments_bytes.mutant(killed_by="arguments in the history", trips=("tools.*", "requests.*", "sessions.*"))
class NormalizesHistory(Relay):
    """The arguments of earlier calls are parsed, and written again."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for function in [call["function"] for one in body.get("messages", ()) for call in items(one, "tool_calls")]:
            function["arguments"] = again(function["arguments"])
        return outgoing.with_json(body)
