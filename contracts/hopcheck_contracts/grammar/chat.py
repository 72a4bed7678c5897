"""The order of a chat stream's events: what no schema of a single event can say.

Pure: takes events, or the bytes of a whole stream, and gives breaches, each under the name of its rule. Knows nothing
of the request but what it is given: how many choices, and whether the usage was wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.event_kinds import is_error, is_prompt_filter
from hopcheck_contracts.grammar.stream_reader import Breach, StreamReader
from hopcheck_contracts.sse import Event
from hopcheck_contracts.violations import shown


class Rule(StrEnum):
    """What a stream keeps to; each value is the rule's name in reports."""

    SCHEMA = "schema"
    """Every event fits its schema."""
    ENCODING = "encoding"
    """The stream is UTF-8."""
    COMPLETE_EVENTS = "complete-events"
    """Every event is ended by a blank line."""
    SAME_IDENTITY = "same-identity"
    """`id`, `model` and `created` are the same in every piece."""
    ROLE_FIRST = "role-first"
    """A choice names its role before, or with, the first thing that it says."""
    ONE_FINISH = "one-finish"
    """Every choice has one finish reason."""
    FINISH_LAST = "finish-last"
    """A choice says nothing after its finish reason."""
    CHOICES = "choices"
    """There are as many choices as were asked for."""
    USAGE_LAST = "usage-last"
    """No choice says anything after the usage."""
    ONE_USAGE = "one-usage"
    """The usage is sent once where it was asked for, and at most once anywhere."""
    TOOL_CALL_START = "tool-call-start"
    """A tool call's first piece names its id and its tool."""
    TOOL_CALL_ID = "tool-call-id"
    """A tool call keeps its id."""
    ERROR_LAST = "error-last"
    """After an error nothing of the answer follows."""
    ONE_DONE = "one-done"
    """`[DONE]` is sent once; after an error it may be left out."""
    DONE_LAST = "done-last"
    """Nothing follows `[DONE]`."""


def check_stream(
    raw: bytes, *, n: int | None = None, wants_usage: bool | None = None, boundary: Boundary = "openai-compatible"
) -> list[Breach]:
    """Check the bytes of a whole stream.

    Args:
        raw: The body, decoded if it was compressed.
        n: How many answers were asked for; None if that isn't known.
        wants_usage: Whether the usage was asked for; None if that isn't known.
        boundary: Whose contract single events are held to.
    """
    return _Reader(boundary, n, wants_usage).read(raw)


def check_events(
    events: Iterable[Event],
    *,
    n: int | None = None,
    wants_usage: bool | None = None,
    boundary: Boundary = "openai-compatible",
    rest: bytes = b"",
) -> list[Breach]:
    """Check a stream that has been read already; see `check_stream`.

    Args:
        events: All of them, comments included.
        n: See `check_stream`.
        wants_usage: See `check_stream`.
        boundary: See `check_stream`.
        rest: What follows the last event without its end.
    """
    return _Reader(boundary, n, wants_usage).judge(events, rest)


class _Choice:
    """What one choice has sent so far."""

    def __init__(self) -> None:
        self.has_role = False
        self.spoke = False
        self.finish: str | None = None
        self.call_ids: dict[int, str] = {}


class _Reader(StreamReader):
    schema, encoding, complete_events = Rule.SCHEMA, Rule.ENCODING, Rule.COMPLETE_EVENTS

    def __init__(self, boundary: Boundary, n: int | None, wants_usage: bool | None) -> None:
        super().__init__(boundary)
        self._n = n
        self._wants_usage = wants_usage
        self._identity: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self._usages = 0
        self._dones = 0
        self._has_unfit = False

    def take_done(self) -> None:
        self._dones += 1

    def take_data(self, event: Event, data: str) -> None:
        if self._dones:
            self.breach(Rule.DONE_LAST, "comes after [DONE]")
        super().take_data(event, data)

    def take_unfit(self, event: Event) -> None:
        self._has_unfit = True
        self.failed = self.failed or is_error(event.shared_json)

    def take_payload(self, event: Event) -> None:
        self._take_payload(event.shared_json)

    def end(self) -> None:
        if self._dones != 1 and not (self.failed and self._dones == 0):
            self.breach(Rule.ONE_DONE, f"says [DONE] {self._dones} times")
        if self.failed or self._has_unfit:
            return  # nobody knows what the unfit events had to say
        for index, choice in sorted(self._choices.items()):
            if choice.finish is None:
                self.breach(Rule.ONE_FINISH, f"choice {index} has no finish reason")
        self._end_choices(self._n)
        if self._wants_usage is True and not self._usages:
            self.breach(Rule.ONE_USAGE, "has no usage, which was asked for")

    def _end_choices(self, n: int | None) -> None:
        """Without a word on how many were asked for, there is one at least, and no gap between them."""
        seen = sorted(self._choices)
        if seen != list(range(n or max(len(seen), 1))):
            self.breach(Rule.CHOICES, f"has choices {shown(seen)}, where {n or 'any number'} from 0 on were expected")

    def _take_payload(self, payload: Mapping[str, Any]) -> None:
        if self.failed:
            self.breach(Rule.ERROR_LAST, "comes after an error")
        if is_error(payload):
            self.failed = True
            return
        if is_prompt_filter(payload):
            return
        self._check_identity(payload)
        spoke = False
        for piece in payload["choices"]:
            spoke |= self._take_choice(piece)
        self._take_usage(payload.get("usage"), spoke)

    def _check_identity(self, payload: Mapping[str, Any]) -> None:
        for name in ("id", "model", "created"):
            known = self._identity.setdefault(name, payload[name])
            if known != payload[name]:
                self.breach(Rule.SAME_IDENTITY, f"{name} is {shown(payload[name])}, and was {shown(known)}")

    def _take_choice(self, piece: Mapping[str, Any]) -> bool:
        """Read what an event says of one choice; gives whether it adds anything to the answer."""
        delta, finish = piece["delta"], piece.get("finish_reason")
        says = any(value for name, value in delta.items() if name != "role")
        if not (says or finish or "role" in delta or piece["index"] in self._choices):
            return False  # an empty piece, as some servers send with the usage, is no choice
        choice = self._choices.setdefault(piece["index"], _Choice())
        choice.has_role = choice.has_role or bool(delta.get("role"))
        if (says or finish) and not (choice.has_role or choice.spoke):
            self.breach(Rule.ROLE_FIRST, f"choice {piece['index']} begins without a role")
        choice.spoke = choice.spoke or says or bool(finish)
        if says and choice.finish is not None:
            self.breach(Rule.FINISH_LAST, f"choice {piece['index']} goes on after {choice.finish!r}")
        self._take_finish(choice, finish, piece["index"])
        self._take_calls(choice, delta.get("tool_calls") or ())
        return says or bool(finish)

    def _take_finish(self, choice: _Choice, finish: str | None, index: int) -> None:
        if finish and choice.finish is not None:
            self.breach(Rule.ONE_FINISH, f"choice {index} ends again, with {finish!r}")
        choice.finish = choice.finish or finish

    def _take_calls(self, choice: _Choice, calls: Iterable[Mapping[str, Any]]) -> None:
        for call in calls:
            index, call_id = call["index"], call.get("id")
            tool = call.get("function") or call.get("custom") or {}
            if index not in choice.call_ids:
                if not (call_id and tool.get("name")):
                    self.breach(Rule.TOOL_CALL_START, f"tool call {index} begins without its id or name")
                choice.call_ids[index] = call_id or ""
            elif call_id and call_id != choice.call_ids[index]:
                self.breach(Rule.TOOL_CALL_ID, f"tool call {index} was {shown(choice.call_ids[index])} before")

    def _take_usage(self, usage: Any, spoke: bool) -> None:
        if spoke and self._usages:
            self.breach(Rule.USAGE_LAST, "goes on after the usage")
        if usage is None:
            return
        self._usages += 1
        if self._usages > 1:
            self.breach(Rule.ONE_USAGE, "tells the usage again")
