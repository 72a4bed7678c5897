"""Sessions of a model that several deployments serve: their state is of use to the one alone that made it."""

from typing import Any

from hopcheck import (
    ON_MESSAGES,
    ON_RESPONSES,
    Findings,
    IncomingRequest,
    NotApplicable,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    reply,
)
from hopcheck.cases.messages.blocks import content_of
from hopcheck.cases.responses.thoughts import ENCRYPTED
from hopcheck.cases.responses.written import output_of
from hopcheck.cases.sessions.histories import turns_of, written

SESSIONS = 2

FOLLOW_UPS = 4
"""For each session: a gateway that takes turns, or draws lots, is seen in one of them."""


def state(name: str, session: int) -> str:
    """What a deployment signs in a session on an operation: no two are the same, as in life."""
    return f"EqoBCkgI+{name}/{session}+" * 16


SCRIPTS = {
    f"{name}-{session}": reply.chat("Hello", reasoning=("Let me", " see."), signature=state(name, session))
    for name in (*ON_MESSAGES, *ON_RESPONSES)
    for session in range(SESSIONS)
}


@case(
    "sessions.same-deployment",
    level="SHOULD",
    on=(*ON_MESSAGES, *ON_RESPONSES),
    because="chat completions carry no state of a deployment",
    refs=["Anthropic API extended thinking: signatures", "OAI Responses: encrypted reasoning is of one organization"],
    needs=["balanced", "two_sided"],
    upstream=SCRIPTS,
)
async def same_deployment(target: Target, ask: Operation) -> Findings:
    """Signed thinking, encrypted reasoning and stored responses go back to the deployment that made them, unchanged."""
    model = target.declares.balanced.get(ask.surface)
    if model is None:
        raise NotApplicable("no model with several deployments is declared for this API")
    strays, changed = [], []
    for session in range(SESSIONS):
        fields: dict[str, Any] = {"model": model, "script": f"{ask.name}-{session}"}
        made = state(ask.name, session)
        first = await ask(**fields, **_asking(ask))
        home = (await target.forwarded(first)).key
        for number in range(FOLLOW_UPS):
            attempt = await target.forwarded(await ask(**fields, **_follow_up(ask, first, number)))
            strays += [number] if attempt.key != home else []
            changed += [one for one in _states(attempt.json) if one != made]
    yield expect("follow-ups that go elsewhere", strays, equals=[])
    yield expect("state that comes back changed", changed, equals=[])


def _asking(ask: Operation) -> dict[str, Any]:
    """What asks for state to be sent."""
    return {"include": [ENCRYPTED], "store": False} if ask.surface == "responses" else {}


def _follow_up(ask: Operation, first: Any, number: int) -> dict[str, Any]:
    """The next request of a session: with its whole history, or (every second one of Responses) with the id alone."""
    writes = turns_of(ask)
    if ask.surface == "responses" and number % 2:
        previous = dig(first.final, "id") if hasattr(first, "final") else first.at("id")
        return {"previous_response_id": previous, "text": "And now?"}
    made = output_of(first) if ask.surface == "responses" else [{"role": "assistant", "content": content_of(first)}]
    if not any(_states({writes.field: made})):
        raise NotApplicable("no state reaches the client: the cases about reasoning say so")
    return {**writes.history([*writes.question("Hello?"), *made, *writes.question("And now?")]), **_asking(ask)}


def _states(body: Any) -> list[Any]:
    blocks = [block for turn in written(body) for block in _blocks(turn)]
    return [one for block in blocks if (one := dig(block, "signature") or dig(block, "encrypted_content"))]


def _blocks(turn: Any) -> list[Any]:
    content = dig(turn, "content")
    return [turn, *content] if isinstance(content, list) else [turn]


@same_deployment.mutant(killed_by="follow-ups that go elsewhere")
class TakesTurns(Relay):
    """Every request goes to the next deployment."""

    def deployment(self, incoming: IncomingRequest, model: str) -> str:
        self.deployments.homes.clear()
        return super().deployment(incoming, model)


@same_deployment.mutant(killed_by="follow-ups that go elsewhere", on=ON_RESPONSES)
class ForgetsWhoStored(Relay):
    """Only what a request carries says where it belongs, not the id of the response before."""

    def deployment(self, incoming: IncomingRequest, model: str) -> str:
        if "previous_response_id" in (incoming.json or {}):
            self.deployments.homes.clear()
        return super().deployment(incoming, model)


@same_deployment.mutant(killed_by="state that comes back changed", trips=("messages.*", "responses.*", "sessions.*"))
class ShortensState(Relay):
    """Signatures and encrypted content are cut at 200 characters."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def shortened(turns: Any) -> Any:
            for block in (block for turn in turns for block in _blocks(turn)) if isinstance(turns, list) else ():
                for name in ("signature", "encrypted_content"):
                    if isinstance(dig(block, name), str):
                        block[name] = block[name][:200]
            return turns

        return edits.conversation(outgoing, shortened)
