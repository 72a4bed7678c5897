"""Mutants of the cases about tools."""

import json
from typing import Any

from hopcheck import Events, OutgoingRequest, Relay, RelayedResponse, edits
from hopcheck.selftest.independent import violates

Call = dict[str, Any]


class _EditsTools(Relay):
    """Base of those that change a request's tools, or what chooses among them."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        self.edit(body)
        return outgoing if body == outgoing.json else outgoing.with_json(body)

    def edit(self, body: dict[str, Any]) -> None:
        """Change it in place."""


class EditsPieces(Relay):
    """Base of those that change the pieces of a stream's calls."""

    def events(self, events: Events) -> Events:
        state: dict[Any, Any] = {}

        def edit(choice: dict[str, Any]) -> None:
            for piece in choice["delta"].get("tool_calls") or []:
                self.edit(piece, state)

        return edits.chunk_choices(events, edit)

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        """Change one in place; `state` belongs to the stream."""


class _EditsCalls(Relay):
    """Base of those that change the calls of an answer in one piece."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message.get("tool_calls") and self.edit(message["tool_calls"]))

    def edit(self, calls: list[Call]) -> None:
        """Change them in place."""


@violates("tools.arguments-bytes")
class SortsArguments(_EditsCalls):
    """Arguments that are JSON come back with their keys in order."""

    def edit(self, calls: list[Call]) -> None:
        for call in calls:
            try:
                parsed = json.loads(call["function"]["arguments"])
            except ValueError:
                continue
            call["function"]["arguments"] = json.dumps(parsed, sort_keys=True)


@violates("tools.arguments-bytes")
class ClosesArguments(_EditsCalls):
    """Arguments that are no JSON come back as an empty object."""

    def edit(self, calls: list[Call]) -> None:
        for call in calls:
            try:
                json.loads(call["function"]["arguments"])
            except ValueError:
                call["function"]["arguments"] = "{}"


@violates("tools.call-nonstream")
class FirstCallHasItsType(_EditsCalls):
    """From the second call on, calls have no type."""

    def edit(self, calls: list[Call]) -> None:
        for call in calls[1:]:
            call.pop("type", None)


@violates("tools.call-nonstream")
class SortsCalls(_EditsCalls):
    """Calls come in the order of their ids, and those with equal names in reverse."""

    def edit(self, calls: list[Call]) -> None:
        calls.sort(key=lambda call: (call["function"]["name"], call["id"]))


@violates("tools.custom-call", on="chat")
class TakesCustomCallsForFunctions(_EditsCalls):
    """A call of a custom tool becomes one of a function, whose arguments are the input."""

    def edit(self, calls: list[Call]) -> None:
        for call in calls:
            if custom := call.pop("custom", None):
                call.update(type="function", function={"name": custom["name"], "arguments": custom["input"]})


@violates("tools.custom-call", on="chat.stream")
class EndsInputsEarly(EditsPieces):
    """Of a streamed input, the first piece with a text arrives."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        custom = piece.get("custom", {})
        if state.get(piece["index"]):
            custom.pop("input", None)
        state[piece["index"]] = state.get(piece["index"]) or custom.get("input")


@violates("tools.custom-tool")
class ForgetsGrammars(_EditsTools):
    """A custom tool goes upstream without its format."""

    def edit(self, body: dict[str, Any]) -> None:
        for tool in body.get("tools") or []:
            tool.get("custom", {}).pop("format", None)


@violates("tools.empty-args", on="chat")
class WritesNoArgumentsAsNull(_EditsCalls):
    """The arguments of a call without any are null."""

    def edit(self, calls: list[Call]) -> None:
        for call in calls:
            call["function"]["arguments"] = call["function"]["arguments"] or None


@violates("tools.empty-args", on="chat.stream")
class WaitsForArguments(EditsPieces):
    """A streamed call without arguments has no field for them."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        if piece.get("function", {}).get("arguments") in ("", "{}"):
            piece["function"]["arguments"] = "null"


@violates("tools.roundtrip")
class ForcesAnyTool(_EditsTools):
    """A choice that names a function becomes `required`."""

    def edit(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("tool_choice"), dict):
            body["tool_choice"] = "required"


@violates("tools.roundtrip")
class LeavesNoneOut(_EditsTools):
    """The choice `none` is left out, and parallel calls are allowed again."""

    def edit(self, body: dict[str, Any]) -> None:
        if body.get("tool_choice") == "none":
            del body["tool_choice"]


@violates("tools.roundtrip")
class AllowsAllTools(_EditsTools):
    """A choice among some tools becomes `auto`."""

    def edit(self, body: dict[str, Any]) -> None:
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
            body["tool_choice"] = "auto"


@violates("tools.strict-schema")
class WritesNullable(_EditsTools):
    """A schema that may be null is written in another dialect, with `nullable`."""

    def edit(self, body: dict[str, Any]) -> None:
        if body.get("tools"):
            body["tools"] = self.edited(body["tools"])

    def edited(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.edited(one) for one in value]
        if not isinstance(value, dict):
            return value
        some = value.get("anyOf")
        if isinstance(some, list) and {"type": "null"} in some and len(some) == 2:
            other = next(one for one in some if one != {"type": "null"})
            value = {**{name: one for name, one in value.items() if name != "anyOf"}, **other, "nullable": True}
        return {name: self.edited(one) for name, one in value.items()}


@violates("tools.strict-schema")
class DropsFalsyDefaults(_EditsTools):
    """A default that is zero, false, empty or null is left out."""

    def edit(self, body: dict[str, Any]) -> None:
        self.clean(body.get("tools"))

    def clean(self, value: Any) -> None:
        if isinstance(value, dict) and "default" in value and not value["default"]:
            del value["default"]
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            self.clean(one)


@violates("tools.text-around-call", everywhere=True)
class StopsTextAtCalls(Relay):
    """In a stream, text after the first call is lost."""

    def events(self, events: Events) -> Events:
        state: dict[str, bool] = {}

        def edit(choice: dict[str, Any]) -> None:
            state["called"] = state.get("called", False) or bool(choice["delta"].get("tool_calls"))
            if state["called"]:
                choice["delta"].pop("content", None)

        return edits.chunk_choices(events, edit)


@violates("tools.text-and-call")
class StopsThoughItCalls(Relay):
    """An answer with text and a call has the finish reason `stop`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def edit(choice: dict[str, Any]) -> None:
            if choice["message"].get("content") and choice["message"].get("tool_calls"):
                choice["finish_reason"] = "stop"

        return edits.choices(response, edit)
