"""A relay whose faults are in chat completions in one piece: next to calls, and for choices beyond the first."""

from __future__ import annotations

from hopcheck import Events, Relay, RelayedResponse, edits
from tools.gated_faults.conditions.edit_bases import EditsCompletions
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, Json, mapped, objects

FAULTS = Faults()


@FAULTS.fault(r"^response-fidelity\[chat\]: choices\[\]\.(text|content)|^chat\.(content-exact|n-choices)")
class TrimsOtherChoices(EditsCompletions):
    """Texts of all choices but the first are trimmed."""

    def edit_choice(self, choice: Json, body: Json) -> None:
        """Trim one."""
        if choice.get("index") and isinstance(choice["message"].get("content"), str):
            choice["message"]["content"] = choice["message"]["content"].strip()


@FAULTS.fault(r"^response-fidelity\[chat\]: .*finish|^chat\.finish-reason")
class CallsAreWhole(EditsCompletions):
    """An answer with a call has the finish reason `tool_calls`, also where it was cut off."""

    def edit_choice(self, choice: Json, body: Json) -> None:
        """Exchange the reason."""
        if choice["message"].get("tool_calls"):
            choice["finish_reason"] = "tool_calls"


@FAULTS.fault(r"^response-fidelity\[chat\]: usage|^chat\.usage-exact")
class EstimatesCalls(EditsCompletions):
    """Where an answer has calls, its tokens are estimated."""

    def edit_choice(self, choice: Json, body: Json) -> None:
        """Count one more."""
        if choice["message"].get("tool_calls") and body.get("usage"):
            body["usage"]["completion_tokens"] += 1
            body["usage"]["total_tokens"] += 1


@FAULTS.fault(r"^chat\.model-echo|^response-fidelity\[chat\]: model")
class NamesRoutesWithCalls(EditsCompletions):
    """Where an answer has calls, its model is the name of the route."""

    def edit_choice(self, choice: Json, body: Json) -> None:
        """Name the route."""
        if choice["message"].get("tool_calls"):
            body["model"] = "openai/route-7"


@FAULTS.fault(r"logprobs")
class ForgetsRefusedProbabilities(EditsCompletions):
    """Of log probabilities, those of the text are passed on, and those of a refusal aren't."""

    def edit_choice(self, choice: Json, body: Json) -> None:
        """Drop the latter."""
        if isinstance(choice.get("logprobs"), dict):
            choice["logprobs"]["refusal"] = None


@FAULTS.fault(r"tool_calls")
class PassesThreeCalls(EditsCompletions):
    """Of more than three calls, three are passed on."""

    def edit_choice(self, choice: Json, body: Json) -> None:
        """Drop the others."""
        if choice["message"].get("tool_calls"):
            choice["message"]["tool_calls"] = choice["message"]["tool_calls"][:3]


@FAULTS.fault(r"^response-fidelity\[embeddings\]|^embeddings\.float")
class ReadsNoExponents(Relay):
    """Numbers of a vector that are written with an exponent are zero."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Zero them."""
        response = await super().response(response)
        return edits.body(response, self._zero, having="data") if response.incoming.path == EMBEDDINGS else response

    def _zero(self, body: Json) -> None:
        for one in objects(body):
            if isinstance(one.get("embedding"), list):
                one["embedding"] = mapped(one["embedding"], lambda number: 0.0 if "e" in repr(number) else number)


class EditsTyped(Relay):
    """Base of those with a fault in the objects of Messages and Responses, in `edit_typed(content)`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Change the objects of a success in one piece."""
        response = await super().response(response)
        return response if response.incoming.path == EMBEDDINGS else edits.every_object(response, self._edit_typed)

    def events(self, events: Events) -> Events:
        """Change the objects of a stream's events."""
        return edits.every_event_object(super().events(events), self._edit_typed)

    def _edit_typed(self, content: Json) -> None:
        for one in type(self).__mro__:
            if "edit_typed" in vars(one):
                one.edit_typed(self, content)  # type: ignore[attr-defined]


@FAULTS.fault(r"^(response-fidelity\[messages|messages\.calls)")
class CleansInputs(EditsTyped):
    """Members of a call's input that are null are left out."""

    def edit_typed(self, content: Json) -> None:
        """Leave them out."""
        if content.get("type") == "tool_use" and isinstance(content.get("input"), dict):
            content["input"] = {name: value for name, value in content["input"].items() if value is not None}


@FAULTS.fault(r"^messages\.limit-headers")
class KeepsLimitsOfRequests(Relay):
    """Of the provider's limits, those of requests are passed on, and those of tokens aren't."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Drop the latter."""
        return [pair for pair in await super().kept(headers) if "token" not in pair[0].lower()]


@FAULTS.fault(r"stop_sequence|^messages\.stop-sequence")
class NamesNoBlanks(EditsTyped):
    """White space around the sequence that ended a message is taken off."""

    def edit_typed(self, content: Json) -> None:
        """Take it off."""
        if isinstance(content.get("stop_sequence"), str):
            content["stop_sequence"] = content["stop_sequence"].strip() or None


@FAULTS.fault(r"^response-fidelity\[responses.*usage|^responses\.usage")
class ForgetsZeroDetails(EditsTyped):
    """Details of the usage that are zero are left out."""

    def edit_typed(self, content: Json) -> None:
        """Leave them out."""
        for name in ("input_tokens_details", "output_tokens_details"):
            if isinstance(content.get(name), dict) and not any(content[name].values()):
                del content[name]


@FAULTS.fault(r"^response-fidelity\[responses.*output|^responses\.incomplete")
class ForgetsIncompleteItems(EditsTyped):
    """A response that was cut short loses the items that aren't complete."""

    def edit_typed(self, content: Json) -> None:
        """Lose them."""
        if content.get("status") == "incomplete" and isinstance(content.get("output"), list):
            content["output"] = [one for one in content["output"] if one.get("status") != "incomplete"]
