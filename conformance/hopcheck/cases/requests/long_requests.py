"""Long conversations and many tools, as agents send them."""

from typing import Any

from hopcheck import GENERATING, Findings, Operation, OutgoingRequest, Relay, Target, case, dig, expect, items
from hopcheck.cases.requests.fields import replaced

HISTORY = [
    {"role": ("user", "assistant")[place % 2], "content": f"This is message {place} of the conversation."}
    for place in range(100)
] + [{"role": "user", "content": "And now?"}]

PAGE = "A line of a long document, with an end that shows.\n" * 4000
"""200 KB of text."""

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{place}" if place % 2 else f"namespace-{place}__tool",
            "description": f"Does what number {place} stands for.",
            "parameters": {"type": "object", "properties": {"value": {"type": "string", "description": "What for."}}},
        },
    }
    for place in range(100)
]


@case(
    "requests.long-history",
    level="MUST",
    on=GENERATING,
    refs=["OAI CreateChatCompletionRequest", "litellm#15399"],
    needs=["two_sided"],
)
async def long_history(target: Target, ask: Operation) -> Findings:
    """A conversation of a hundred messages, and a message of 200 KB, reach the upstream whole."""
    got = (await target.forwarded(await ask(messages=HISTORY))).json
    texts = [dig(one, "content") for one in items(got, "messages")]
    yield expect("messages", len(texts), equals=len(HISTORY))
    others = [place for place, one in enumerate(HISTORY[:-1]) if texts[place : place + 1] != [one["content"]]]
    yield expect("messages with another text, or in another place", others, equals=[])
    page = await ask(messages=[{"role": "user", "content": PAGE}])
    text = dig((await target.forwarded(page)).json, "messages", 0, "content")
    whole = isinstance(text, str) and text.startswith(PAGE.rstrip())
    yield expect("200 KB of text", len(text) if isinstance(text, str) else None, holds=whole, to="all of it")


@long_history.mutant(killed_by="messages")
class KeepsTwenty(Relay):
    """Of a conversation, the first message and the last nineteen are kept, to save tokens."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replaced(outgoing, "messages", lambda messages: [*messages[:1], *messages[1:][-19:]])


@long_history.mutant(killed_by="messages with another text, or in another place")
class SummarizesTheOldest(Relay):
    """In a long conversation, the text of the oldest messages is replaced."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def shorten(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            old = len(messages) - 50
            return [{**one, "content": "…"} if place < old else one for place, one in enumerate(messages)]

        return replaced(outgoing, "messages", shorten)


@long_history.mutant(killed_by="200 KB of text")
class CutsLongTexts(Relay):
    """A text is cut at 128 KiB."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def cut(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{**one, "content": f"{one['content'][:131072]} {one['content'][-80:]}"} for one in messages]

        return replaced(outgoing, "messages", cut) if len(outgoing.body) > 150_000 else outgoing


@case(
    "requests.many-tools",
    level="MUST",
    on=GENERATING,
    refs=["OAI CreateChatCompletionRequest", "litellm#11911"],
    needs=["two_sided"],
)
async def many_tools(target: Target, ask: Operation) -> Findings:
    """A hundred tools reach the upstream, each with its name, its description and its parameters."""
    got = items((await target.forwarded(await ask(tools=TOOLS))).json, "tools")
    names = [dig(one, "function", "name") for one in got]
    yield expect("names", names, equals=[one["function"]["name"] for one in TOOLS])
    lost = [name for name, one in zip(names, got, strict=True) if not dig(one, "function", "description")]
    yield expect("without a description", lost, equals=[])
    wrong = [dig(one, "function", "name") for one, sent in zip(got, TOOLS, strict=False) if one != sent]
    yield expect("changed otherwise", wrong, equals=[])


@many_tools.mutant(killed_by="names")
class TakesSixtyFour(Relay):
    """More than 64 tools are too many, so the rest is left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replaced(outgoing, "tools", lambda tools: tools[:64])


@many_tools.mutant(killed_by="without a description", trips=("tools.*", "requests.*"))
class ForgetsDescriptions(Relay):
    """Of a tool, the name and the parameters are passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def bare(tool: dict[str, Any]) -> dict[str, Any]:
            function = {name: value for name, value in tool["function"].items() if name != "description"}
            return {**tool, "function": function}

        return replaced(outgoing, "tools", lambda tools: [bare(tool) for tool in tools])


@many_tools.mutant(killed_by="changed otherwise", trips=("tools.*", "requests.*"))
class ForgetsWhatParametersMean(Relay):
    """The descriptions of a tool's parameters are taken for comments."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def bare(tool: dict[str, Any]) -> dict[str, Any]:
            parameters = {"type": "object", "properties": {"value": {"type": "string"}}}
            return {**tool, "function": {**tool["function"], "parameters": parameters}}

        return replaced(outgoing, "tools", lambda tools: [bare(tool) for tool in tools] if len(tools) > 64 else tools)
