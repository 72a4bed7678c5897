"""Turns that don't alternate."""

from typing import Any

from hopcheck import ON_CHAT, Findings, Operation, Target, TranslatingRelay, case, expect

TEXTS = ("First this.", "Then that.", "I see both.", "Both, indeed.", "And last this.")
ROLES = ("user", "user", "assistant", "assistant", "user")
IN_A_ROW: list[dict[str, Any]] = [{"role": role, "content": text} for role, text in zip(ROLES, TEXTS, strict=True)]


@case(
    "translation.consecutive-turns",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["anthropic: consecutive turns are combined", "gemini: contents"],
)
async def consecutive_turns(target: Target, ask: Operation) -> Findings:
    """Several messages of one side in a row all reach the provider, in order, as that side's."""
    request = await target.provider_request(await ask(messages=IN_A_ROW))
    yield expect("roles", [turn.role for turn in request.turns], equals=["user", "assistant", "user"])
    joined = ["\n".join(part.text for part in turn.parts) for turn in request.turns]
    places = [[text in one for text in TEXTS] for one in joined]
    wanted = [[True, True, False, False, False], [False, False, True, True, False], [False] * 4 + [True]]
    yield expect("texts by turn", places, equals=wanted)


class EditsMessages(TranslatingRelay):
    """Messages are changed before they are translated."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The messages that are translated."""
        return messages

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        return super().to_request({**body, "messages": self.edited(body["messages"])})


@consecutive_turns.mutant(killed_by="texts by turn")
class KeepsTheLastOfEach(EditsMessages):
    """Sides have to alternate, so of several messages in a row the last one is kept."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        following = [one["role"] for one in messages[1:]]
        pairs = zip(messages, [*following, ""], strict=True)
        return [one for one, after in pairs if one["role"] != after or one["role"] == "tool"]


@consecutive_turns.mutant(killed_by="roles", trips=("translation.*",))
class MakesThemAlternate(EditsMessages):
    """Sides have to alternate, so every second message is the model's."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "role": ("user", "assistant")[place % 2]} for place, one in enumerate(messages)]


PREFILL: list[dict[str, Any]] = [
    {"role": "user", "content": "Name three rivers, as a list."},
    {"role": "assistant", "content": "1. The Danube"},
]


@case(
    "translation.last-assistant-turn",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refusable=True,
    refs=["anthropic: prefill", "gemini: contents"],
)
async def last_assistant_turn(target: Target, ask: Operation) -> Findings:
    """A conversation that ends with the model's own words reaches the provider so, or is refused."""
    response = await ask(messages=PREFILL)
    refused = response.status == 400 and not await target.seen(response)
    turns = [] if refused else (await target.provider_request(response)).turns
    roles = ["user", "assistant"] if refused else [turn.role for turn in turns]
    yield expect("roles", roles, equals=["user", "assistant"])
    words = PREFILL[1]["content"] if refused else "".join(part.text for turn in turns[-1:] for part in turn.parts)
    yield expect("the model's words", words, equals=PREFILL[1]["content"])


@last_assistant_turn.mutant(killed_by="roles")
class AsksToContinue(EditsMessages):
    """A conversation has to end with the user, so a sentence is added."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        is_open = messages[-1]["role"] == "assistant"
        return [*messages, {"role": "user", "content": "Please continue."}] if is_open else messages


@last_assistant_turn.mutant(killed_by="the model's words")
class ClosesTheLine(EditsMessages):
    """Every message is made a sentence, so the model can't go on where it stood."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        *before, last = messages
        is_open = last["role"] == "assistant"
        return [*before, {**last, "content": f"{last['content']}."}] if is_open else messages
