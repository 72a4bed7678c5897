"""Mutants of the cases about sessions of agents."""

import itertools
from typing import Any

from hopcheck import Events, IncomingRequest, OutgoingRequest, Relay, dig, edits
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


class _EditsTurns(Relay):
    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, self.edit)

    def edit(self, turns: list[Json]) -> list[Json]:
        """What is sent in the place of the turns."""
        return turns


@violates("sessions.agent-history")
class JoinsLineEnds(Relay):
    """What tools printed on Windows gets the line ends of Unix."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, _with_unix_ends)


def _with_unix_ends(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    if isinstance(value, dict):
        return {name: _with_unix_ends(one) for name, one in value.items()}
    return [_with_unix_ends(one) for one in value] if isinstance(value, list) else value


@violates("sessions.agent-history")
class ForgetsOldTurns(_EditsTurns):
    """A conversation begins with its fiftieth last turn."""

    def edit(self, turns: list[Json]) -> list[Json]:
        return turns[-50:]


@violates("sessions.agent-history", on=("messages", "messages.stream"))
class MarksNothing(Relay):
    """System texts go upstream as one, without marks for the cache."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def joined(system: Any) -> Any:
            return "\n".join(str(one["text"]) for one in system) if isinstance(system, list) else system

        return edits.request_field(outgoing, "system", joined)


@violates("sessions.compacted")
class KeepsTheFirstTurn(_EditsTurns):
    """A turn that looks like a summary is no turn of the user's, and is left out."""

    def edit(self, turns: list[Json]) -> list[Json]:
        return [one for one in turns if "ummary" not in str(one)]


@violates("sessions.parallel-calls")
class RunsOneAtATime(_EditsTurns):
    """Results follow in the order of their calls."""

    def edit(self, turns: list[Json]) -> list[Json]:
        for turn in turns:
            if isinstance(turn.get("content"), list):
                turn["content"].sort(key=lambda block: str(dig(block, "tool_use_id") or ""))
        keyed = itertools.groupby(turns, key=lambda one: one.get("role") == "tool" or "output" in one)
        return [one for is_result, group in keyed for one in (sorted(group, key=_call_of) if is_result else group)]


def _call_of(turn: Json) -> str:
    return str(turn.get("tool_call_id") or turn.get("call_id"))


@violates("sessions.same-deployment")
class RemembersOne(Relay):
    """Where state belongs is remembered of the first session alone."""

    def deployment(self, incoming: IncomingRequest, model: str) -> str:
        homes = self.deployments.homes
        self.deployments.homes = dict([*homes.items()][:1])
        return super().deployment(incoming, model)


@violates("sessions.same-deployment", on=("messages.stream", "responses.stream"))
class NotesNoStreams(Relay):
    """Only what comes in one piece is remembered."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            self.deployments.homes.clear()
            yield event
        self.deployments.homes.clear()


@violates("sessions.large-history")
class FoldsRepeatedLines(Relay):
    """Of two lines in a row that begin alike, the second is left out once a request has 200 KB."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, _folded) if len(outgoing.body) > 200_000 else outgoing


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        lines = value.splitlines(keepends=True)
        return "".join(line for line, before in zip(lines, ["", *lines], strict=False) if line[:6] != before[:6])
    if isinstance(value, dict):
        return {name: _folded(one) for name, one in value.items()}
    return [_folded(one) for one in value] if isinstance(value, list) else value


@violates("sessions.large-history")
class AnswersWhatItCanRead(Relay):
    """Of a long conversation the newest turns that fit into 128 KB are sent."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, _newest) if len(outgoing.body) > 128_000 else outgoing


def _newest(turns: Any) -> Any:
    kept, size = [], 0
    for turn in reversed(turns):
        size += len(str(turn))
        if size > 128_000:
            break
        kept.append(turn)
    return kept[::-1] or turns
