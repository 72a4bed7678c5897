"""What a model thought, sent back to its provider."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
)
from hopcheck.cases.responses.thoughts import ENCRYPTED, SECRET

HISTORY = [
    {"role": "user", "content": "Think of a number."},
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "7?"}],
        "encrypted_content": SECRET,
    },
    {"role": "assistant", "content": "I have one."},
    {"role": "user", "content": "Which?"},
]


@case(
    "responses.reasoning-returned",
    level="MUST",
    on=ON_RESPONSES,
    refusable=True,
    refs=["OAI Responses: encrypted reasoning", "codex: store is false, reasoning is sent back"],
    needs=["two_sided"],
)
async def reasoning_returned(target: Target, ask: Operation) -> Findings:
    """Reasoning that a client sends back reaches the provider with its encrypted content, and so does `include`."""
    body = (await target.forwarded(await ask(input=HISTORY, include=[ENCRYPTED], store=False))).json
    thought = [one for one in items(body, "input") if dig(one, "type") == "reasoning"]
    yield expect("encrypted content", [dig(one, "encrypted_content") for one in thought], equals=[SECRET])
    yield expect("include", dig(body, "include"), equals=[ENCRYPTED])
    # A gateway that knows no such model may refuse the effort: then it has dropped nothing.
    asked = await _asked(target, ask)
    yield expect("effort and summary", asked, one_of=[{"effort": "low", "summary": "auto"}, "refused with 400"])


async def _asked(target: Target, ask: Operation) -> Any:
    response = await ask(reasoning={"effort": "low", "summary": "auto"})
    got = await target.received(response)
    return f"refused with {response.status}" if got is None else dig(got, "reasoning")


@reasoning_returned.mutant(killed_by="encrypted content", trips=("responses.call-turn", "sessions.agent-history"))
class ForgetsThoughts(Relay):
    """Of a conversation, messages and calls are sent."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        given = outgoing.json.get("input")
        if not isinstance(given, list):
            return outgoing
        return outgoing.with_json({**outgoing.json, "input": [one for one in given if one.get("type") != "reasoning"]})


@reasoning_returned.mutant(killed_by="include", trips=("sessions.agent-history",))
class IncludesNothing(edits.DropsFields):
    """What more is to be included isn't passed on."""

    fields = ("include",)


@reasoning_returned.mutant(killed_by="effort and summary")
class ThinksAsItLikes(edits.DropsFields):
    """How much to think isn't passed on."""

    fields = ("reasoning",)
