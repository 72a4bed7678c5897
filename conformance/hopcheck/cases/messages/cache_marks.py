"""What is to be cached."""

from typing import Any

from hopcheck import (
    ON_MESSAGES,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
)
from hopcheck.cases.messages.block_edits import EditsBlocks

EPHEMERAL, HOUR = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}


RESULT = {"type": "tool_result", "tool_use_id": "toolu_hop1", "content": "Grey.", "cache_control": HOUR}


INNER = {"type": "text", "text": "Grey.", "cache_control": EPHEMERAL}
IN_PARTS = {"type": "tool_result", "tool_use_id": "toolu_hop1", "content": [INNER]}
CACHED: dict[str, Any] = {
    "system": [{"type": "text", "text": "Be brief.", "cache_control": HOUR}],
    "tools": [{"name": "weather", "input_schema": SCHEMA, "cache_control": EPHEMERAL}],
}


@case(
    "messages.cache-control",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API prompt caching", "litellm: cache_control is lost on the way to other surfaces"],
    needs=["two_sided"],
)
async def cache_control(target: Target, ask: Operation) -> Findings:
    """Marks of what is to be cached reach the provider where they stand: at the system's text, tools, and messages."""
    text = {"type": "text", "text": "A long document.", "cache_control": EPHEMERAL}
    called = {"type": "tool_use", "id": "toolu_hop1", "name": "weather", "input": {"city": "Oslo"}}
    messages = [
        {"role": "user", "content": [text]},
        {"role": "assistant", "content": [called]},
        {"role": "user", "content": [RESULT]},
    ]
    body = (await target.forwarded(await ask(extra=CACHED, messages=messages))).json
    yield expect("system", dig(body, "system"), equals=CACHED["system"])
    yield expect("tools", dig(body, "tools"), equals=CACHED["tools"])
    yield expect("message", dig(body, "messages", 0, "content", 0), equals=text)
    yield expect("result", dig(body, "messages", 2, "content", 0), equals=RESULT)
    body = (await target.forwarded(await ask(messages=[*messages[:2], {"role": "user", "content": [IN_PARTS]}]))).json
    yield expect("result in parts", dig(body, "messages", 2, "content", 0), equals=IN_PARTS)


@cache_control.mutant(killed_by="system", trips=("sessions.agent-history",))
class JoinsTheSystem(Relay):
    """What the system says is one text."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(
            outgoing,
            "system",
            lambda given: given if isinstance(given, str) else "\n".join(one["text"] for one in given),
        )


def _unmarked(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "cache_control"} for one in blocks]


@cache_control.mutant(killed_by="tools")
class CachesNoTools(Relay):
    """Tools are sent without marks."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "tools", _unmarked)


@cache_control.mutant(killed_by="message")
class CachesNoMessages(Relay):
    """Blocks of messages are sent without marks."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def unmarked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [
                {**one, "content": _unmarked(one["content"])} if isinstance(one["content"], list) else one
                for one in messages
            ]

        return edits.request_field(outgoing, "messages", unmarked)


@cache_control.mutant(killed_by="result")
class CachesNoResults(EditsBlocks):
    """Results of tools are sent without marks."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*_unmarked(blocks)] if any(one["type"] == "tool_result" for one in blocks) else blocks


@cache_control.mutant(killed_by="result")
class ForgetsLifetimes(EditsBlocks):
    """Marks in messages have no lifetime."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "cache_control": EPHEMERAL} if "cache_control" in one else one for one in blocks]


@cache_control.mutant(killed_by="result in parts")
class MarksBlocksAlone(EditsBlocks):
    """A mark within a result's content isn't sent."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "content": _unmarked([INNER])} if one.get("content") == [INNER] else one for one in blocks]
