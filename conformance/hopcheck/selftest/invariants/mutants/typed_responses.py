"""Relays that change messages and responses on their way to the client."""

from __future__ import annotations

from typing import Any

from hopcheck.authoring import edits
from hopcheck.authoring.edits import EditsObjects
from hopcheck.client.operations import ON_MESSAGES, ON_RESPONSES
from hopcheck.selftest.invariants.registry import invariant_mutant

TYPED = (*ON_MESSAGES, *ON_RESPONSES)


@invariant_mutant("response-fidelity", *TYPED)
class MisspellsTexts(EditsObjects):
    """A letter of every text is another one."""

    def edit(self, content: dict[str, Any]) -> None:
        edits.text(content, lambda text: text.replace("l", "1"))


@invariant_mutant("response-fidelity", *TYPED)
class LosesSignatures(EditsObjects):
    """What a provider signs its reasoning with is lost."""

    def edit(self, content: dict[str, Any]) -> None:
        for name in ("signature", "encrypted_content"):
            if name in content:
                content[name] = ""


@invariant_mutant("response-fidelity", *TYPED)
class NamesCallsAnew(EditsObjects):
    """Calls have ids of the relay's own."""

    def edit(self, content: dict[str, Any]) -> None:
        name = {"tool_use": "id", "function_call": "call_id"}.get(str(content.get("type")))
        if name:
            content[name] = f"{content[name]}_own"


@invariant_mutant("response-fidelity", *TYPED)
class CallsNobody(EditsObjects):
    """Every call has the same arguments."""

    def edit(self, content: dict[str, Any]) -> None:
        for name, value in (("input", {}), ("arguments", "{}"), ("partial_json", "")):
            if name in content:
                content[name] = value
        if content.get("type") == "response.function_call_arguments.delta":
            content["delta"] = ""


@invariant_mutant("response-fidelity", *TYPED)
class NeverCutsShort(EditsObjects):
    """Whatever ended a response, it was complete."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("stop_reason") == "max_tokens":
            content["stop_reason"] = "end_turn"
        if content.get("incomplete_details"):
            content.update(incomplete_details=None, status="completed")


@invariant_mutant("response-fidelity", *TYPED)
class CountsOneToken(EditsObjects):
    """The input has one token more than the provider counted."""

    def edit(self, content: dict[str, Any]) -> None:
        if "input_tokens" in content:
            content["input_tokens"] += 1


@invariant_mutant("response-fidelity", *TYPED)
class ForgetsCaches(EditsObjects):
    """What a cache was read for isn't counted."""

    def edit(self, content: dict[str, Any]) -> None:
        for name in ("cached_tokens", "cache_read_input_tokens"):
            if name in content:
                content[name] = 0


@invariant_mutant("response-fidelity", *TYPED)
class HidesThoughts(EditsObjects):
    """What the model thought is empty."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("thinking"):
            content["thinking"] = ""
        if content.get("type") in ("summary_text", "response.reasoning_summary_text.done"):
            content["text"] = ""
        if content.get("type") == "response.reasoning_summary_text.delta":
            content["delta"] = ""
