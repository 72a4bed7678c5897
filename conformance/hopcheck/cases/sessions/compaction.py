"""Sessions that were compacted: a summary stands for most of their turns."""

import json
from typing import Any, ClassVar

from hopcheck import (
    GENERATING,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    edits,
    expect,
    reply,
    without_additions,
)
from hopcheck.cases.sessions.histories import turns_of, written
from hopcheck.cases.sessions.prefix import TOOLS, history

SUMMARY = "Summary of the session: four questions were answered."

BEFORE = 5

KEPT = 4
"""How many of the last turns' messages stay as they were."""


@case(
    "sessions.compacted",
    level="MUST",
    on=GENERATING,
    refs=["Claude Code: /compact", "OAI Responses: compaction", "Anthropic API: compaction"],
    needs=["two_sided"],
    upstream=reply.chat("Hello"),
)
async def compacted(target: Target, ask: Operation) -> Findings:
    """After a client has compacted its session, the provider gets the summary and the turns left, and no others."""
    writes = turns_of(ask)
    whole = history(writes, BEFORE)
    rest = [*writes.summary(SUMMARY), *writes.answer("I go on."), *history(writes, 1)]
    await ask(**writes.history(whole), tools=TOOLS)
    response = await ask(**writes.history(rest), tools=TOOLS)
    sent, got = written(response.sent.json), written((await target.forwarded(response)).json)
    yield expect("turns", len(got), equals=len(sent))
    yield expect("what was compacted", without_additions(got, sent), equals=sent)


@compacted.mutant(
    killed_by="turns",
    everywhere=True,
    trips=("sessions.*", "requests.*", "responses.*", "tools.result-turn", "tools.arguments-bytes"),
)
class RemembersSessions(Relay):
    """A session goes on from what was asked in it before, as the gateway has it."""

    before: ClassVar[dict[str, list[Any]]] = {}

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def remembered(turns: list[Any]) -> list[Any]:
            if len(turns) < KEPT:
                return turns
            session = f"{outgoing.path} {outgoing.incoming.streams}"
            known = self.before.get(session, [])
            self.before[session] = turns
            return [*known, *turns] if len(known) > len(turns) else turns

        return edits.conversation(outgoing, remembered)


@compacted.mutant(killed_by="what was compacted", trips=("sessions.*",))
class ShortensSummaries(Relay):
    """What looks like a summary is cut to its first words."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if SUMMARY.encode() not in outgoing.body:
            return outgoing
        text = outgoing.body.decode().replace(SUMMARY, SUMMARY.partition(":")[0])
        return outgoing.with_json(json.loads(text))


@compacted.mutant(killed_by="turns", on=("responses", "responses.stream"), trips=("sessions.*",))
class KnowsNoCompaction(Relay):
    """Items of types that the gateway doesn't know are left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, lambda turns: [one for one in turns if one.get("type") != "compaction"])
