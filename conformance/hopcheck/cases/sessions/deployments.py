"""Sessions of a model that several deployments serve: their state is of use to the one alone that made it."""

import json
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
    expect,
    reply,
)
from hopcheck.cases.sessions.histories import turns_of
from hopcheck.cases.sessions.states import received, states_of

SESSIONS = 2

FOLLOW_UPS = 4
"""For each session: a gateway that takes turns, or draws lots, is seen in one of them."""


SESSION_HEADERS = {"messages": "x-claude-code-session-id", "responses": "session-id"}
"""Where Claude Code and Codex name a session: a gateway may go by that as well."""


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
        named = {SESSION_HEADERS[ask.surface]: f"5e551040-0000-4000-8000-{session:012}"}
        fields: dict[str, Any] = {"model": model, "script": f"{ask.name}-{session}", "headers": named}
        made = state(ask.name, session)
        first = await ask(**fields, **_asking(ask))
        home = (await target.forwarded(first)).key
        for number in range(FOLLOW_UPS):
            attempt = await target.forwarded(await ask(**fields, **_follow_up(ask, first, number)))
            strays += [number] if attempt.key != home else []
            changed += [one for one in states_of(attempt.json) if one != made]
    yield expect("follow-ups that go elsewhere", strays, equals=[])
    yield expect("state that comes back changed", changed, equals=[])


def _asking(ask: Operation) -> dict[str, Any]:
    """What asks for state to be sent."""
    return {"include": ["reasoning.encrypted_content"], "store": False} if ask.surface == "responses" else {}


def _follow_up(ask: Operation, first: Any, number: int) -> dict[str, Any]:
    """The next request of a session: with its whole history, or (every second one of Responses) with the id alone."""
    writes, signed = turns_of(ask), received(first)
    if ask.surface == "responses" and number % 2:
        previous = dig(first.final, "id") if hasattr(first, "final") else first.at("id")
        return {"previous_response_id": previous, "text": "And now?"}
    if not signed:
        raise NotApplicable("no state reaches the client: the cases about reasoning say so")
    made = writes.calls("Hello", [], signed=signed)
    return {**writes.history([*writes.question("Hello?"), *made, *writes.question("And now?")]), **_asking(ask)}


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
        text = outgoing.body.decode()
        for state in states_of(outgoing.json):
            text = text.replace(state, state[:200])
        return outgoing.with_json(json.loads(text)) if any(states_of(outgoing.json)) else outgoing
