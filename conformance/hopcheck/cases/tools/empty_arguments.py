"""Calls of functions that take nothing."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Event,
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
    function_tools,
    items,
    reply,
)

NOTHING = {"absent": reply.chat(tools=[reply.call("clock")]), "object": reply.chat(tools=[reply.call("clock", "{}")])}


@case("tools.empty-args", level="SHOULD", on=ON_CHAT, refs=["litellm#11262"], upstream=NOTHING)
async def empty_args(target: Target, ask: Operation) -> Findings:
    """A call without arguments arrives as a call whose arguments are an empty string or an empty object."""
    responses = {kind: await ask(script=kind, tools=function_tools("clock")) for kind in NOTHING}
    calls = {kind: [[call["name"], call["arguments"]] for call in one.tool_calls()] for kind, one in responses.items()}
    empty = all(made in ([["clock", ""]], [["clock", "{}"]]) for made in calls.values())
    yield expect("calls", calls, holds=empty, to='one call of clock with "" or "{}" in each')


@empty_args.mutant(killed_by="calls", on="chat", trips=("tools.custom-call",))
class NothingIsNull(Relay):
    """Empty arguments become null."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def empty(message: dict[str, Any]) -> None:
            for call in items(message, "tool_calls"):
                call["function"]["arguments"] = call["function"]["arguments"] or None

        return edits.messages(response, empty)


@empty_args.mutant(killed_by="calls", on="chat.stream", trips=("tools.custom-call",))
class WaitsForArguments(Relay):
    """A stream's call is held back until a piece of its arguments comes, which for some never does."""

    async def events(self, events: Events) -> Events:
        held: list[Event] = []
        async for event in events:
            arguments = [dig(call, "function", "arguments") for call in calls_of(event)]
            if arguments and not any(arguments):
                held.append(event)
                continue
            for early in held if arguments else ():
                yield early
            held = [] if arguments else held
            yield event


def calls_of(event: Event) -> list[Any]:
    """The parts of tool calls that an event brings."""
    return items(event.json, "choices", 0, "delta", "tool_calls")
