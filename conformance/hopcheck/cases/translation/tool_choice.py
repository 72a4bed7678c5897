"""Which of the tools the model has to call, or must not."""

from typing import Any, ClassVar

from hopcheck import ON_CHAT, Findings, Operation, Target, TranslatingRelay, case, expect, function_tools

TOOLS = function_tools("look_up", "write_down")
NAMED = {"type": "function", "function": {"name": "write_down"}}
CHOICES: dict[str, Any] = {"auto": "auto", "required": "required", "write_down": NAMED}
"""Each choice by the word that all dialects share for it."""


@case(
    "translation.tool-choice",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["OAI ChatCompletionToolChoiceOption", "anthropic: tool_choice", "gemini: functionCallingConfig"],
)
async def tool_choice(target: Target, ask: Operation) -> Findings:
    """That the model must call a tool, or a certain one, reaches the provider in its own words."""
    found = {}
    for word, choice in CHOICES.items():
        request = await target.provider_request(await ask(tools=TOOLS, tool_choice=choice))
        found[word] = request.tool_choice or "auto"
    yield expect("choices", found, equals={word: word for word in CHOICES})


class EditsChoice(TranslatingRelay):
    """The choice is changed before the request is translated."""

    providers: ClassVar[tuple[str, ...]] = ("anthropic", "gemini", "openai_responses")

    def chosen(self, choice: Any) -> Any:
        """The choice that is translated."""
        return choice

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        changed = {"tool_choice": self.chosen(body["tool_choice"])} if body.get("tool_choice") else {}
        return super().to_request({**body, **changed})


@tool_choice.mutant(killed_by="choices")
class KnowsNoRequired(EditsChoice):
    """`required` isn't among the words that are translated, and becomes `auto`."""

    def chosen(self, choice: Any) -> Any:
        return "auto" if choice == "required" else choice


@tool_choice.mutant(killed_by="choices")
class NamesNoTool(EditsChoice):
    """A named tool becomes any."""

    def chosen(self, choice: Any) -> Any:
        return "required" if isinstance(choice, dict) else choice


@case(
    "translation.tool-choice-none",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["OAI ChatCompletionToolChoiceOption", "litellm#12463"],
)
async def tool_choice_none(target: Target, ask: Operation) -> Findings:
    """That no tool may be called reaches the provider, or no tools do, where its dialect has no word for it."""
    request = await target.provider_request(await ask(tools=TOOLS, tool_choice="none"))
    asked = [request.tool_choice, len(request.tools)]
    yield expect("calls are ruled out", asked, holds=asked[0] == "none" or not asked[1], to="none, or no tools")


@tool_choice_none.mutant(killed_by="calls are ruled out")
class DropsTheChoice(TranslatingRelay):
    """Of the choices, those are translated that ask for a call."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        drops = body.get("tool_choice") == "none"
        return super().to_request({name: value for name, value in body.items() if not drops or name != "tool_choice"})
