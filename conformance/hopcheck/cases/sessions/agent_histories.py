"""Long histories as Claude Code and Codex send them: their sizes and their fields."""

import json

from hopcheck import (
    GENERATING,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
    refuse,
    reply,
    without_additions,
)
from hopcheck.cases.sessions.agents import AROUND, NAMES_SESSION, TOOLS, history
from hopcheck.cases.sessions.histories import turns_of, written


@case(
    "sessions.agent-history",
    level="MUST",
    on=GENERATING,
    refs=["Claude Code, Codex and opencode: every request repeats the session", "OpenAI and Anthropic: tool use"],
    needs=["two_sided"],
    upstream=reply.chat("Done."),
)
async def agent_history(target: Target, ask: Operation) -> Findings:
    """An agent's long session reaches the provider turn by turn as it was sent, and so does what goes with it."""
    writes, around = turns_of(ask), AROUND[ask.surface]
    response = await ask(**writes.history(history(writes)), tools=TOOLS, extra=around)
    yield expect("status", response.status, equals=200)
    sent, got = response.sent.json, (await target.forwarded(response)).json
    wanted, arrived = written(sent), written(got)
    yield expect("turns", len(arrived), equals=len(wanted))
    changed = [place for place, one in enumerate(wanted) if without_additions(dig(arrived, place), one) != one]
    yield expect("turns that are changed", changed, equals=[])
    tools = items(sent, "tools")
    yield expect("tools", without_additions(items(got, "tools"), tools), equals=tools)
    steering = {name: value for name, value in around.items() if name not in NAMES_SESSION}
    yield expect("what steers the agent", {name: dig(got, name) for name in steering}, equals=steering)
    declared = target.declares.drops
    naming = {name: value for name, value in around.items() if name in NAMES_SESSION and name not in declared}
    yield expect("what names the session", {name: dig(got, name) for name in naming}, equals=naming, level="SHOULD")


_TRIPS = ("http.chunked-request", "messages.*", "requests.*", "responses.*", "sessions.*", "tools.*")


@agent_history.mutant(
    killed_by="status", trips=("errors.invalid-json", "requests.*", "retry.declared", "sessions.*", "tools.*")
)
class TakesLess(Relay):
    """Requests beyond 16 KB are refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_large = len(incoming.body) > 16 * 1024
        return refuse(incoming, 413, "Too large.", code="too_large") if is_large else await super().check(incoming)


@agent_history.mutant(killed_by="turns", trips=_TRIPS)
class ForgetsTheMiddle(Relay):
    """Of a long conversation, the first turns and the last forty are sent."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, lambda turns: [*turns[:2], *turns[-40:]] if len(turns) > 42 else turns)


@agent_history.mutant(killed_by="turns that are changed", trips=_TRIPS)
class CleansOutput(Relay):
    """Colours of a terminal are taken off, as models don't see them."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if b"\\u001b" not in outgoing.body:
            return outgoing
        text = json.dumps(outgoing.json).replace("\\u001b[32m", "").replace("\\u001b[0m", "")
        return outgoing.with_json(json.loads(text))


@agent_history.mutant(killed_by="tools", trips=_TRIPS)
class OffersFewTools(Relay):
    """Two tools are offered at most."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "tools", lambda tools: tools[:2])


@agent_history.mutant(killed_by="what steers the agent", trips=_TRIPS)
class KnowsBetter(edits.DropsFields):
    """How warm the model is, what it includes and its system texts are the gateway's business."""

    fields = ("temperature", "include", "system")


@agent_history.mutant(killed_by="what names the session", trips=_TRIPS)
class NamesNoSession(edits.DropsFields):
    """Whose session it is stays with the gateway."""

    fields = NAMES_SESSION
