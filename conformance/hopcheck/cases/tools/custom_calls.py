"""Calls of tools whose input is plain text."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Events,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
    reply,
)
from hopcheck.cases.tools.custom import SHELL

INPUT = "ls -l \u00e9\n"
CALL: dict[str, Any] = {"id": "call_hop1", "type": "custom", "custom": {"name": "shell", "input": INPUT}}
MESSAGE = {"role": "assistant", "content": None, "tool_calls": [CALL]}
CALLED = {
    "id": "chatcmpl-hopcustom",
    "object": "chat.completion",
    "created": 1,
    "model": "fake-model",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "tool_calls"}],
    "usage": dict(reply.USAGE),
}
PIECES = [
    {"index": 0, **CALL, "custom": {"name": "shell", "input": ""}},
    *({"index": 0, "custom": {"input": text}} for text in (INPUT[:3], INPUT[3:])),
]
STREAMED = reply.events(*(reply.delta(tool_calls=[piece]) for piece in PIECES), reply.delta(finish="tool_calls"))


@case(
    "tools.custom-call",
    level="SHOULD",
    on=ON_CHAT,
    refusable=True,
    refs=["OAI ChatCompletionMessageCustomToolCall"],
    upstream={"chat": reply.json_body(CALLED), "chat.stream": STREAMED},
)
async def custom_call(target: Target, ask: Operation) -> Findings:
    """A call of a tool whose input is plain text reaches the client with its name and its input."""
    answer: Any = await ask(script=ask.name, tools=[SHELL])
    made = answer.deltas() if ask.streams else [answer.message]
    calls = [dig(call, "custom") or {} for one in made for call in items(one, "tool_calls")]
    yield expect("name", "".join(str(call.get("name") or "") for call in calls), equals="shell")
    yield expect("input", "".join(str(call.get("input") or "") for call in calls), equals=INPUT)


class _EditsCalls(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.deltas(event, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        """Change a message, or a part of one."""


@custom_call.mutant(killed_by="name")
class CallsFunctionsAlone(_EditsCalls):
    """Calls that are of no function are left out."""

    def edit(self, message: dict[str, Any]) -> None:
        if message.get("tool_calls"):
            message["tool_calls"] = [call for call in message["tool_calls"] if "function" in call]


@custom_call.mutant(killed_by="input")
class TrimsInput(_EditsCalls):
    """White space at the end of an input is taken off."""

    def edit(self, message: dict[str, Any]) -> None:
        for call in items(message, "tool_calls"):
            if "custom" in call and call["custom"].get("input"):
                call["custom"]["input"] = call["custom"]["input"].rstrip()
