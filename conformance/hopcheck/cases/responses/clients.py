"""The official client reads a stream to its final response."""

from typing import Any

from hopcheck import Findings, Operation, Relay, Target, case, edits, expect, function_tools, reply

CALLS = (reply.call("clock", '{"zone":', '"UTC"}', id="call_hop1"), reply.call("clock", "{}", id="call_hop2"))


@case(
    "responses.sdk-stream",
    level="MUST",
    on="responses.stream",
    refs=["openai-python responses.stream()", "openai-python: Cannot complete response with unfinished output items"],
    needs=["call_ids"],
    upstream=reply.chat("So", ": ", tools=CALLS),
)
async def sdk_stream(target: Target, ask: Operation) -> Findings:
    """The official client puts a stream together to the response that the provider gave, and raises nothing."""
    async with target.sdk() as client:
        found = await _text_and_calls(target, ask, client)
    yield expect("raised", found if isinstance(found, str) else "", equals="")
    if isinstance(found, str):
        return
    yield expect("text", found[0], equals="So: ")
    yield expect("calls", found[1], equals=[["call_hop1", '{"zone":"UTC"}'], ["call_hop2", "{}"]])


async def _text_and_calls(target: Target, ask: Operation, client: Any) -> tuple[Any, Any] | str:
    """What a program reads of the final response; the exception's name and text where it can't."""
    tools = [{"type": "function", **one["function"], "strict": False} for one in function_tools("clock")]
    try:
        async with client.responses.stream(model=ask.model, input=f"Go. {target.marker()}", tools=tools) as stream:
            final = await stream.get_final_response()
        calls = [[one.call_id, one.arguments] for one in final.output if one.type == "function_call"]
        return final.output_text, calls
    except Exception as error:  # whatever it is, a program that uses the client gets it
        return f"{type(error).__name__}: {error}"


@sdk_stream.mutant(killed_by="raised", trips=("responses.unknown-events",))
class BeginsLate(Relay):
    """A stream begins with its first item."""

    def events(self, events: Any) -> Any:
        return edits.drop_events(events, "response.created", "response.in_progress")


class _EditsFinal(Relay):
    def events(self, events: Any) -> Any:
        return edits.every_event_object(events, self.edit)

    def edit(self, content: dict[str, Any]) -> None:
        """Change an object."""


@sdk_stream.mutant(killed_by="text", trips=("responses.*",))
class FinallySilent(_EditsFinal):
    """The final response has calls alone."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            content["output"] = [one for one in content["output"] if one["type"] != "message"]


@sdk_stream.mutant(killed_by="calls", trips=("responses.other-items",))
class JoinsCalls(_EditsFinal):
    """The final response has one call for each function."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            content["output"] = content["output"][:2]
