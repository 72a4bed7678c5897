"""Histories of some hundred kilobytes, which agents send again with every request."""

from typing import Any

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
    function_tools,
    refuse,
    reply,
    without_additions,
)
from hopcheck.cases.sessions.histories import AgentCall, ChatTurns, turns_of, written

STEPS = 52
"""Each reads a file of 5 KB, so that the body of a request has some 275 KB."""

LINES = 112

TOOLS = function_tools("read_file")


def file_of(step: int) -> str:
    """A file's text, no line of which is like another's."""
    return "".join(f"{step:03d}.{line:03d}\tlet größe = read(path);  // {step * line}\n" for line in range(LINES))


def history(writes: ChatTurns) -> list[dict[str, Any]]:
    """A session of an agent that has read many files."""
    made = writes.question("Read all of them.")
    for step in range(STEPS):
        made += writes.calls(f"File {step}.", [AgentCall(f"call_{step}", "read_file", f'{{"path": "{step}.rs"}}')])
        made += writes.results({f"call_{step}": file_of(step)})
    return [*made, *writes.question("What do they do?")]


@case(
    "sessions.large-history",
    level="MUST",
    on=GENERATING,
    refs=["Claude Code and Codex: every request repeats the session, until it is compacted"],
    needs=["two_sided"],
    isolation="exclusive",
    floods=True,
    upstream=reply.chat("They read."),
)
async def large_history(target: Target, ask: Operation) -> Findings:
    """A session whose history has 275 KB is answered, and each of its turns reaches the provider as it was sent."""
    response = await ask(**turns_of(ask).history(history(turns_of(ask))), tools=TOOLS)
    yield expect("status", response.status, equals=200)
    wanted, arrived = written(response.sent.json), written((await target.forwarded(response)).json)
    yield expect("turns", len(arrived), equals=len(wanted))
    changed = [place for place, one in enumerate(wanted) if without_additions(dig(arrived, place), one) != one]
    yield expect("turns that are changed", changed, equals=[])


@large_history.mutant(killed_by="status", trips=("chat.large-request",))
class TakesAQuarter(Relay):
    """Requests beyond 256 KB are refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_large = len(incoming.body) > 256_000
        return refuse(incoming, 413, "Too large.", code="too_large") if is_large else await super().check(incoming)


@large_history.mutant(killed_by="turns", trips=("sessions.*",))
class KeepsAHundred(Relay):
    """Of a conversation, the first turn and the last hundred are sent."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, lambda turns: [*turns[:1], *turns[-100:]] if len(turns) > 101 else turns)


@large_history.mutant(killed_by="turns that are changed", trips=("chat.*", "requests.*", "tools.*"))
class CutsLongTexts(Relay):
    """A text ends after 4,096 characters."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, _cut)


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value[:4096]
    if isinstance(value, dict):
        return {name: _cut(one) for name, one in value.items()}
    return [_cut(one) for one in value] if isinstance(value, list) else value
