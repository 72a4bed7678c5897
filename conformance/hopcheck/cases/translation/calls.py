"""Calls that the model makes: several at once, and without ids of their own."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    Target,
    case,
    expect,
    function_tools,
    items,
    reply,
)
from hopcheck.cases.translation.edited_calls import AfterTextOnly, EditsCalls

NAMES = ("weather", "clock", "weather")
ARGUMENTS = ('{"city":"Oslo"}', '{"zone":"CET"}', '{"city":"Rome"}')
TOOLS = function_tools("weather", "clock")
CALLS = [
    reply.call(name, *(arguments[:8], arguments[8:]), id=f"call_hop{place}")
    for place, (name, arguments) in enumerate(zip(NAMES, ARGUMENTS, strict=True))
]
SCRIPTS = {"": reply.chat(tools=CALLS), "after-text": reply.chat("Let me ", "see.", tools=CALLS)}


def plain(text: Any) -> str:
    """Arguments without white space."""
    return "".join(str(text).split())


@case(
    "translation.parallel-calls",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["OAI ChatCompletionMessageToolCallChunk", "litellm#12134", "litellm#24155"],
    upstream=SCRIPTS,
)
async def parallel_calls(target: Target, ask: Operation) -> Findings:
    """Each of several calls in one response has a place of its own, its name, its arguments and an id of its own."""
    places = {}
    for script in SCRIPTS:
        response = await ask(tools=TOOLS, script=script)
        calls = response.tool_calls()
        given = [call.get("index") for call in items(response.json, "choices", 0, "message", "tool_calls")]
        places[script] = [place for place, index in enumerate(given) if index not in (None, place)]
        made = [[call["index"], call["name"], plain(call["arguments"])] for call in calls]
        wanted = [[place, name, ARGUMENTS[place]] for place, name in enumerate(NAMES)]
        yield expect(f"calls {script}".strip(), made, equals=wanted)
        ids = {call["id"] for call in calls if isinstance(call["id"], str) and call["id"]}
        yield expect(f"ids {script}".strip(), len(ids), equals=len(NAMES))
    if not ask.streams:  # only a stream's calls need one
        yield expect("calls that name another place", places, equals={script: [] for script in SCRIPTS}, level="SHOULD")


@parallel_calls.mutant(killed_by="calls", on="chat.stream")
class NumbersCallsByEvent(EditsCalls):
    """Every event's calls are numbered from 0, so clients join all calls into one."""

    def edit(self, call: dict[str, Any]) -> None:
        call["index"] = 0


@parallel_calls.mutant(killed_by="calls", on="chat")
class RunsArgumentsTogether(EditsCalls):
    """The arguments of a call are lost where there are several."""

    def edit(self, call: dict[str, Any]) -> None:
        call["function"]["arguments"] = "{}"


@parallel_calls.mutant(killed_by="ids")
class NamesIdsByFunction(EditsCalls):
    """A call's id is made of its function's name, and two calls of one function share it."""

    def edit(self, call: dict[str, Any]) -> None:
        if call.get("id"):
            call["id"] = f"call_{call['function']['name']}"


@parallel_calls.mutant(killed_by="calls after-text", on="chat.stream")
class CountsTheTextAsACall(AfterTextOnly):
    """A call's place is that of its content block, among which the text is one."""

    def edit(self, call: dict[str, Any]) -> None:
        call["index"] += 1


@parallel_calls.mutant(killed_by="calls after-text", on="chat")
class ForgetsNamesAfterText(AfterTextOnly):
    """Of a message that has a text, calls have no names."""

    def edit(self, call: dict[str, Any]) -> None:
        call["function"]["name"] = ""


@parallel_calls.mutant(killed_by="ids after-text")
class GivesOneIdAfterText(AfterTextOnly):
    """Calls that follow a text all have the message's id."""

    def edit(self, call: dict[str, Any]) -> None:
        if call.get("id"):
            call["id"] = "call_1"


@parallel_calls.mutant(killed_by="calls that name another place", on="chat")
class PutsEveryCallFirst(EditsCalls):
    """Each call of a message says that it is the first."""

    def edit(self, call: dict[str, Any]) -> None:
        call["index"] = 0
