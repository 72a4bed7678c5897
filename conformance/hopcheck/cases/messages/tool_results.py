"""Calls and their results, as a client sends them back."""

from typing import Any

from hopcheck import (
    ON_MESSAGES,
    Findings,
    Operation,
    Target,
    case,
    expect,
    items,
)
from hopcheck.cases.messages.block_edits import EditsBlocks
from hopcheck.cases.messages.blocks import IMAGE
from hopcheck.cases.messages.tool_blocks import DEEP

FAILED = {"type": "tool_result", "tool_use_id": "call_2", "is_error": True, "content": [{"type": "text", "text": "no"}]}


SEEN = {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "grey"}, IMAGE]}


SILENT = {"type": "tool_result", "tool_use_id": "call_3", "content": ""}


WORDS = {"type": "text", "text": "Now say which coat to take."}


USES = [
    {"type": "tool_use", "id": "call_1", "name": "weather", "input": DEEP},
    *({"type": "tool_use", "id": f"call_{number}", "name": "clock", "input": {}} for number in (2, 3)),
]


HISTORY: list[dict[str, Any]] = [
    {"role": "assistant", "content": USES},
    {"role": "user", "content": [FAILED, SEEN, SILENT, WORDS]},
]


@case(
    "messages.result-turn",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API tool use: tool_result", "litellm: is_error is lost"],
    needs=["two_sided"],
)
async def result_turn(target: Target, ask: Operation) -> Findings:
    """Calls and results in the history reach the provider: in their order, with ids, images, and what failed."""
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("weather", "clock")]
    marker = target.marker()
    # A marker stands at the end, too: who loses what comes last is recognised by this one.
    asked = {"role": "user", "content": f"Weather and time in Oslo? {marker}"}
    body = {**(ask.body(marker, {"messages": [asked, *HISTORY]}) or {}), "tools": tools}
    answer = await target.request(ask.method, ask.path, body=body, headers=ask.headers, marker=marker)
    got = (await target.forwarded(answer)).json
    yield expect("calls", items(got, "messages", 1, "content"), equals=USES)
    yield expect("results", items(got, "messages", 2, "content")[:3], equals=[FAILED, SEEN, SILENT])
    yield expect("words after them", items(got, "messages", 2, "content")[3:4], equals=[WORDS])


@result_turn.mutant(killed_by="calls")
class CallsLately(EditsBlocks):
    """Of several calls, the last is sent."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return blocks[-1:] if blocks[0]["type"] == "tool_use" else blocks


@result_turn.mutant(killed_by="results")
class ExplainsSilence(EditsBlocks):
    """A result without content says that there is none."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "content": "(none)"} if one.get("content") == "" else one for one in blocks]


@result_turn.mutant(killed_by="results")
class NothingFailed(EditsBlocks):
    """That a tool failed isn't passed on."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in one.items() if name != "is_error"} for one in blocks]


@result_turn.mutant(killed_by="words after them", trips=("messages.*", "sessions.*"))
class ResultsOnly(EditsBlocks):
    """What a user says after the results isn't sent."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        results = [one for one in blocks if one["type"] == "tool_result"]
        return results or blocks
