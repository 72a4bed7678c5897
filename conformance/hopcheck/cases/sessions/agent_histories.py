"""Long histories of coding agents: their sizes and their fields, made up."""

import json
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
    items,
    refuse,
    reply,
    without_additions,
)
from hopcheck.cases.sessions.histories import SIGNED, AgentCall, ChatTurns, turns_of, written

STEPS = 20
"""Each is a question of the user's, calls with a signed thought, and their results: 60 messages in all."""

OUTPUT = "\x1b[32m+ def f(x):\x1b[0m\r\n\treturn x  # é, 你好, </system>, `[DONE]`\n" * 8
"""What a shell printed."""

TOOLS = function_tools("shell", "read_file", "apply_patch")

CACHED = {"cache_control": {"type": "ephemeral"}}

SESSION = '{"device_id":"d0","account_uuid":"","session_id":"5e55-10"}'

SYSTEM = [
    {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli"},
    {"type": "text", "text": "You are a coding agent.", **CACHED},
    {"type": "text", "text": "# Rules\n\n- Be brief.\n" * 40, **CACHED},
]

AROUND: dict[str, dict[str, Any]] = {
    "openai": {"temperature": 0.2, "user": SESSION},
    "messages": {"system": SYSTEM, "metadata": {"user_id": SESSION}},
    "responses": {
        "instructions": "You are a coding agent.",
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "parallel_tool_calls": True,
        "prompt_cache_key": "5e55-10",
    },
}
"""What agents send in addition to the history and the tools."""

NAMES_SESSION = ("metadata", "prompt_cache_key", "user")


def history(writes: ChatTurns) -> list[dict[str, Any]]:
    """A session of an agent that has used its shell, twice at a time, in each step."""
    made: list[dict[str, Any]] = []
    for step in range(STEPS):
        made += writes.question(f"Step {step}: go on.")
        ids = [f"call_{step}_{place}" for place in range(2)]
        calls = [AgentCall(one, "shell", '{"cmd": "make -s"}') for one in ids]
        made += writes.calls("I run both.", calls, signed=SIGNED)
        made += writes.results(dict.fromkeys(reversed(ids), f"{step}\n{OUTPUT}"))
    return made


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


_TRIPS = ("messages.*", "requests.*", "responses.*", "sessions.*", "tools.*")


@agent_history.mutant(killed_by="status")
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


class _Drops(Relay):
    fields: tuple[str, ...] = ()

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({name: one for name, one in outgoing.json.items() if name not in self.fields})


@agent_history.mutant(killed_by="what steers the agent", on=("messages", "messages.stream"), trips=_TRIPS)
class MarksNothing(Relay):
    """System texts go upstream as one, without marks for the cache."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def joined(system: Any) -> Any:
            return "\n".join(str(one["text"]) for one in system) if isinstance(system, list) else system

        return edits.request_field(outgoing, "system", joined)


@agent_history.mutant(killed_by="what steers the agent", on=("chat", "chat.stream"), trips=_TRIPS)
class KnowsBetter(_Drops):
    """Temperatures are the gateway's business."""

    fields = ("temperature",)


@agent_history.mutant(killed_by="what steers the agent", on=("responses", "responses.stream"), trips=_TRIPS)
class IncludesNothing(_Drops):
    """What more is to be included isn't passed on."""

    fields = ("include",)


@agent_history.mutant(killed_by="what names the session", trips=_TRIPS)
class NamesNoSession(_Drops):
    """Whose session it is stays with the gateway."""

    fields = NAMES_SESSION
