"""What else a message of a chat answer can hold."""

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, reply

CITATION = {"url": "https://example.org/", "title": "Example", "start_index": 0, "end_index": 5}
ANNOTATIONS = [{"type": "url_citation", "url_citation": CITATION}]
AUDIO = {"id": "audio_1", "data": "UklGRg==", "expires_at": 1893456000, "transcript": "Hello."}
FUNCTION_CALL = {"name": "look_up", "arguments": '{"q": 1}'}

MESSAGES = {
    "refusal": reply.chat(message={"refusal": "I can't help with that."}),
    "annotations": reply.chat("Hello.", message={"annotations": ANNOTATIONS}),
    "audio": reply.chat(message={"audio": AUDIO}),
    "function_call": reply.chat(message={"function_call": FUNCTION_CALL}, finish="function_call"),
}
"""By the field that the provider's message has in addition to role and content."""


async def _field_received(target: Target, field: str) -> Any:
    return dig((await target.chat.create(script=field)).message, field)


@case(
    "chat.refusal-annotations",
    level="SHOULD",
    refs=["OAI ChatCompletionResponseMessage", "litellm 1.106: refusal moves to provider_specific_fields"],
    upstream=MESSAGES,
)
async def refusal_annotations(target: Target) -> Findings:
    """A message's further fields keep their names: refusal, annotations, audio, and a function call, which ends it."""
    yield expect("refusal", await _field_received(target, "refusal"), equals="I can't help with that.")
    yield expect("annotations", await _field_received(target, "annotations"), equals=ANNOTATIONS)
    yield expect("audio", await _field_received(target, "audio"), equals=AUDIO)
    answer = await target.chat.create(script="function_call")
    yield expect("function_call", dig(answer.message, "function_call"), equals=FUNCTION_CALL)
    reason = answer.at("choices", 0, "finish_reason")
    yield expect("finish reason of a function call", reason, equals="function_call", level="MUST")


class _Drops(Relay):
    field = ""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message.pop(self.field, None))


@refusal_annotations.mutant(killed_by="refusal")
class DropsRefusals(_Drops):
    """A refusal looks like an answer without text."""

    field = "refusal"


@refusal_annotations.mutant(killed_by="annotations")
class DropsAnnotations(_Drops):
    """A text loses its sources."""

    field = "annotations"


@refusal_annotations.mutant(killed_by="audio")
class DropsAudio(_Drops):
    """The audio of a response is lost."""

    field = "audio"


@refusal_annotations.mutant(killed_by="function_call")
class DropsFunctionCalls(_Drops):
    """A call in the older form is lost."""

    field = "function_call"


@refusal_annotations.mutant(killed_by="finish reason of a function call")
class StopsAtFunctionCalls(Relay):
    """A response that is a call in the older form ends with `stop`, so that nobody makes the call."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def end(choice: dict[str, Any]) -> None:
            if choice["finish_reason"] == "function_call":
                choice["finish_reason"] = "stop"

        return edits.choices(response, end)
