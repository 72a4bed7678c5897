"""Why a message ends."""

from typing import Any

from hopcheck import ON_MESSAGES, EditsObjects, Findings, Operation, Target, case, expect, function_tools, reply
from hopcheck.cases.messages.blocks import both, content_of, ending_of

REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "refused": "refusal",
    "paused": "pause_turn",
    "context_exceeded": "model_context_window_exceeded",
}
SEQUENCE = "\n\nHuman: "
"""With white space around it, as sequences often have."""

STORIES = {name: reply.chat("Hel", finish=name) for name in REASONS if name != "tool_calls"}


@case(
    "messages.stop-reasons",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API stop reasons", "litellm: pause_turn becomes stop", "Claude Code resumes paused turns"],
    upstream={**STORIES, "tool_calls": reply.chat(tools=[reply.call("clock", "{}")])},
)
async def stop_reasons(target: Target, ask: Operation) -> Findings:
    """Each of the API's stop reasons reaches the client as it is, that of a paused turn included."""
    found = {name: ending_of(await ask(script=name, tools=function_tools("clock")))[0] for name in REASONS}
    yield expect("stop reasons", found, equals=REASONS)


@stop_reasons.mutant(killed_by="stop reasons")
class EndsPausedTurns(EditsObjects):
    """A reason that isn't in the table is `end_turn`."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("stop_reason") in ("pause_turn", "model_context_window_exceeded"):
            content["stop_reason"] = "end_turn"


@case(
    "messages.stop-sequence",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API stop reasons: stop_sequence"],
    upstream=both({"type": "text", "text": "Hel"}, stop_reason="stop_sequence", stop_sequence=SEQUENCE),
)
async def stop_sequence(target: Target, ask: Operation) -> Findings:
    """Which of the client's sequences ended a message is named."""
    response = await ask(script=ask.name, stop=[SEQUENCE, "STOP"])
    yield expect("ending", list(ending_of(response)), equals=["stop_sequence", SEQUENCE])


@stop_sequence.mutant(killed_by="ending")
class TrimsTheSequence(EditsObjects):
    """White space around the sequence is taken off."""

    def edit(self, content: dict[str, Any]) -> None:
        if isinstance(content.get("stop_sequence"), str):
            content["stop_sequence"] = content["stop_sequence"].strip()


@stop_sequence.mutant(killed_by="ending")
class NamesNoSequence(EditsObjects):
    """Which sequence it was isn't known."""

    def edit(self, content: dict[str, Any]) -> None:
        if "stop_sequence" in content:
            content["stop_sequence"] = None


@case(
    "messages.empty-content",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API stop reasons: empty responses"],
    upstream=reply.chat(),
)
async def empty_content(target: Target, ask: Operation) -> Findings:
    """A message without blocks that has ended is a success, and stays one."""
    response = await ask()
    yield expect("status", response.status, equals=200)
    yield expect("message", [content_of(response), ending_of(response)[0]], equals=[[], "end_turn"])


@empty_content.mutant(
    killed_by="status", trips=("messages.*", "auth.*", "cache.*", "http.*", "retry.*", "sessions.*", "stream.*")
)
class WantsContent(EditsObjects):
    """A message without blocks is an error."""

    async def response(self, response: Any) -> Any:
        if response.status == 200 and (response.streamed or b'"content":[]' in response.body):
            response.status = 500
        return response


@empty_content.mutant(killed_by="message", on="messages")
class FillsIn(EditsObjects):
    """Where a message has no blocks, an empty text stands in."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("content") == []:
            content["content"] = [{"type": "text", "text": ""}]


@empty_content.mutant(killed_by="message", on="messages.stream", trips=("messages.*",))
class CallsItLength(EditsObjects):
    """A stream without blocks was too long."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("stop_reason"):
            content["stop_reason"] = "max_tokens"
