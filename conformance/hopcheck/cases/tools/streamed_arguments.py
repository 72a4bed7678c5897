"""The arguments of streamed calls, put together."""

from typing import Any

from hopcheck import Events, Findings, Relay, Target, case, dig, event_of, expect, function_tools, reply
from hopcheck.cases.tools.pieces import edit_parts

PIECES = (
    '{"a',
    '": "',
    "x\\",
    'ny"',
    ", ",
    '"n": 1',
    "22",
    "22",
    "345678901234",
    '890, "e": "\\u00',
    'e9 é"',
    " ",
    "}",
)
"""Cut inside an escape, inside a number, and with pieces that are nothing but a space."""

LONG = ('{"file": "', *["é, and so on; " * 1_000] * 5, '"}')
"""As long as a file."""


@case(
    "tools.stream-args-concat",
    level="MUST",
    because="it is about the deltas of streamed calls",
    on="chat.stream",
    refs=["litellm#20480", "litellm#38926"],
    upstream=reply.stream(
        tools=[
            reply.call("echo", *PIECES),
            reply.call("broken", '{"q": "', id="call_hop2"),
            reply.call("echo", *LONG, id="call_hop3"),
        ]
    ),
)
async def stream_args_concat(target: Target) -> Findings:
    """A streamed call's pieces of arguments, joined, are the provider's text: nothing lost, doubled or tidied up."""
    calls = (await target.chat.stream(tools=function_tools("echo", "broken"))).tool_calls()
    yield expect("arguments", [call["arguments"] for call in calls], equals=["".join(PIECES), '{"q": "', "".join(LONG)])


@stream_args_concat.mutant(
    killed_by="arguments", trips=("tools.empty-args", "tools.stream-interleaved", "sessions.parallel-calls")
)
class SumsUp(Relay):
    """At a call's end its whole arguments are sent again, for clients that don't join them."""

    async def events(self, events: Events) -> Events:
        joined = ""
        async for event in events:
            piece = event.json if isinstance(event.json, dict) else {}
            joined += dig(piece, "choices", 0, "delta", "tool_calls", 0, "function", "arguments") or ""
            if joined and dig(piece, "choices", 0, "finish_reason"):
                delta = {"tool_calls": [{"index": 0, "function": {"arguments": joined}}]}
                yield event_of({**piece, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            yield event


@stream_args_concat.mutant(killed_by="arguments")
class SkipsBlankPieces(Relay):
    """Pieces of arguments that are only white space are dropped as empty."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            arguments = dig(event.json, "choices", 0, "delta", "tool_calls", 0, "function", "arguments")
            if not (arguments and arguments.isspace()):
                yield event


@case(
    "tools.stream-interleaved",
    level="MUST",
    needs=["call_ids"],
    because="it is about the deltas of streamed calls",
    on="chat.stream",
    refs=["OAI ChatCompletionMessageToolCallChunk", "term-llm#314"],
    upstream=reply.stream(
        tools=[reply.call("weather", '{"city":', '"Oslo"}'), reply.call("clock", '{"zone":', '"CET"}', id="call_hop2")],
        interleave=True,
    ),
)
async def stream_interleaved(target: Target) -> Findings:
    """Two calls whose pieces alternate stay apart: each piece keeps its call's index."""
    calls = (await target.chat.stream(tools=function_tools("weather", "clock"))).tool_calls()
    yield expect("arguments", [call["arguments"] for call in calls], equals=['{"city":"Oslo"}', '{"zone":"CET"}'])


@stream_interleaved.mutant(killed_by="arguments")
class BelongsToTheLatest(Relay):
    """Arguments are given to the call that was opened last."""

    async def events(self, events: Events) -> Events:
        latest = 0

        def claim(part: dict[str, Any]) -> None:
            nonlocal latest
            latest = part["index"] = max(latest, part["index"])

        async for event in events:
            yield edit_parts(event, claim)
