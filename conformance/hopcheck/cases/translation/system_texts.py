"""System texts, wherever they stand in the conversation."""

from typing import Any

from hopcheck import ON_CHAT, Findings, Operation, Target, TranslatingRelay, case, expect

SYSTEMS = ("Answer in verse.", "Never name a price.", "The user is called Ada.", "From here on, answer in prose.")
CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": SYSTEMS[0]},
    {"role": "developer", "content": [{"type": "text", "text": SYSTEMS[1]}, {"type": "text", "text": SYSTEMS[2]}]},
    {"role": "user", "content": "What does it cost?"},
    {"role": "assistant", "content": "More than a rhyme."},
    {"role": "system", "content": SYSTEMS[3]},
    {"role": "user", "content": "And now?"},
]
"""Two at the beginning, one of them in parts, and one after a turn of each side."""


@case(
    "translation.system-texts",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["OAI ChatCompletionRequestSystemMessage", "anthropic: system", "gemini: systemInstruction"],
)
async def system_texts(target: Target, ask: Operation) -> Findings:
    """Every system text reaches the provider once, in order, and none as the model's own.

    Where the dialect has one place for them, a later one may stand there or in a turn of the user's.
    """
    request = await target.provider_request(await ask(messages=CONVERSATION))
    of_user = [part.text for turn in request.turns for part in turn.parts if turn.role == "user"]
    of_model = [part.text for turn in request.turns for part in turn.parts if turn.role == "assistant"]
    texts = "\n".join([*request.system, *of_user])
    yield expect("times each arrives", [texts.count(text) for text in SYSTEMS], equals=[1] * len(SYSTEMS))
    first = sorted(SYSTEMS[:3], key="\n".join(request.system).find)
    yield expect("order of the first ones", first, equals=list(SYSTEMS[:3]))
    taken = [text for text in SYSTEMS if any(text in one for one in of_model)]
    yield expect("taken for the model's own", taken, equals=[])


def without(body: dict[str, Any], wanted: Any) -> dict[str, Any]:
    """A request without the messages of that kind."""
    return {**body, "messages": [one for one in body["messages"] if not wanted(one)]}


@system_texts.mutant(killed_by="times each arrives")
class KeepsTheFirstSystem(TranslatingRelay):
    """The provider has one place for a system text, and gets the first one."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        first = next((one for one in body.get("messages", ()) if one["role"] == "system"), None)
        return super().to_request(without(body, lambda one: one["role"] == "system" and one is not first))


@system_texts.mutant(killed_by="times each arrives")
class KnowsNoDeveloper(TranslatingRelay):
    """The role developer is unknown, and its messages are left out."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        return super().to_request(without(body, lambda one: one["role"] == "developer"))


@system_texts.mutant(killed_by="order of the first ones")
class PutsNewestFirst(TranslatingRelay):
    """System texts are put in front of the others as they are met, so that the last one stands first."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        systems = [one for one in body["messages"] if one["role"] in ("system", "developer")]
        rest = without(body, lambda one: one in systems)["messages"]
        return super().to_request({**body, "messages": [*reversed(systems), *rest]})


@system_texts.mutant(killed_by="taken for the model's own", also=["times each arrives"])
class TakesThemForTheModels(TranslatingRelay):
    """Whatever isn't the user's is the model's own."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        known = ("user", "assistant", "tool")
        messages = [one if one["role"] in known else {**one, "role": "assistant"} for one in body["messages"]]
        return super().to_request({**body, "messages": messages})
