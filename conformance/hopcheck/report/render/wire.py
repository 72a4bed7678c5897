"""A case's exchanges as a timed log of both sides: what left and came when, on one axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

from hopcheck.report.render.values import lines_visible, visible

Exchange = Mapping[str, Any]
Kind = Literal["request", "head", "event", "end"]

LANES_SHOWN = 12
_LINE = 240
_PAUSE_MS = 50.0  # a longer silence has a line of its own
_KINDS: tuple[Kind, ...] = ("request", "head", "event", "end")


@dataclass(frozen=True)
class Moment:
    """Something that was seen on one side.

    Attributes:
        at_ms: When; milliseconds since the case began.
        side: "client" or "upstream".
        exchange: Which exchange it belongs to, like "c1" or "u1.2".
        kind: What happened.
        line: In one line, with control characters made visible.
        detail: Headers and body, or "".
        pause_ms: How long nothing had happened before, where that was long; else 0.
        failing: Whether a finding that doesn't hold is about this exchange.
    """

    at_ms: float
    side: str
    exchange: str
    kind: Kind
    line: str
    detail: str = ""
    pause_ms: float = 0.0
    failing: bool = False


@dataclass(frozen=True)
class Lane:
    """An exchange on the time axis; places are percent of its length.

    Attributes:
        exchange: Its name, like "c1" or "u1.2".
        side: "client" or "upstream".
        start: Where its request stands.
        end: Where the last thing of it stands.
        events: Where each event stands.
        failing: Whether a finding that doesn't hold is about this exchange.
    """

    exchange: str
    side: str
    start: float
    end: float
    events: tuple[float, ...]
    failing: bool = False


def moments(exchanges: Sequence[Exchange]) -> list[Moment]:
    """Everything that was seen, in the order of time."""
    named = zip(_names(exchanges), exchanges, strict=True)
    seen = [moment for name, exchange in named for moment in _seen(name, exchange)]
    seen.sort(key=lambda moment: (moment.at_ms, _KINDS.index(moment.kind)))
    return list(_with_pauses(seen))


def lanes(exchanges: Sequence[Exchange]) -> tuple[list[Lane], float]:
    """The exchanges on one time axis, and its length in milliseconds."""
    grouped: dict[str, list[Moment]] = {}
    for moment in moments(exchanges):
        grouped.setdefault(moment.exchange, []).append(moment)
    length = max((one.at_ms for group in grouped.values() for one in group), default=0.0) or 1.0

    def place(at_ms: float) -> float:
        return round(min(100.0, max(0.0, at_ms / length * 100)), 2)

    drawn = [
        Lane(
            name,
            group[0].side,
            place(group[0].at_ms),
            place(group[-1].at_ms),
            tuple(place(one.at_ms) for one in group if one.kind == "event"),
            group[0].failing,
        )
        for name, group in grouped.items()
    ]
    shown = sorted(drawn, key=lambda lane: (not lane.failing, lane.start))[:LANES_SHOWN]
    return sorted(shown, key=lambda lane: (lane.side, lane.start)), length


def _names(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """A name for each exchange: `c3` is the client's third request in its case, `u3` and `u3.2` its attempts."""
    known = [one["exchange"] for one in exchanges if one["exchange"] is not None]
    unknown = count(max(known, default=-1) + 2)  # beyond those whose place is known
    seen: Counter[str] = Counter()
    for one in exchanges:
        name = f"{one['side'][0]}{one['exchange'] + 1 if one['exchange'] is not None else next(unknown)}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}.{seen[name]}"


def _seen(name: str, exchange: Exchange) -> Iterator[Moment]:
    request, response, events = exchange["request"], exchange["response"], exchange["events"]
    failing = bool(exchange.get("failing"))
    begun = Moment(exchange["at"] * 1000, exchange["side"], name, "request", "", failing=failing)
    yield replace(begun, line=visible(f"{request['method']} {request['url']}"), detail=_message(request))
    for event in events:
        line, detail = _folded(event["data"])
        yield replace(begun, at_ms=event["at"] * 1000, kind="event", line=line, detail=detail)
    if exchange["events_left_out"]:
        note = f"… {exchange['events_left_out']} events are not shown"
        yield replace(begun, at_ms=events[-1]["at"] * 1000, kind="event", line=note)
    if response is None:
        return
    last = max([exchange["at"], response["at"] or 0, *(event["at"] for event in events)])
    if response["status"] is not None or response["headers"]:
        first = response["at"] if response["at"] is not None else events[0]["at"] if events else exchange["at"]
        status = str(response["status"]) if response["status"] is not None else "headers"
        yield replace(begun, at_ms=first * 1000, kind="head", line=status, detail=_headers(response))
    ended = response["ended_at"] if response["ended_at"] is not None else last
    line = visible(f"{response['ended'] or 'ended'}, {response['body_bytes']} bytes")
    body = "" if events else lines_visible(response["body"])
    yield replace(begun, at_ms=ended * 1000, kind="end", line=line, detail=body)


def _folded(data: str) -> tuple[str, str]:
    """An event in one line, and in full where the line is not enough."""
    line = visible(data)
    return (line, "") if len(line) <= _LINE else (line[: _LINE - 20] + " …", lines_visible(data))


def _headers(message: Mapping[str, Any]) -> str:
    return "\n".join(visible(f"{name}: {value}") for name, value in message["headers"])


def _message(message: Mapping[str, Any]) -> str:
    body = lines_visible(message["body"])
    left_out = message["body_bytes"] - len(message["body"].encode())
    note = f"\n… {left_out} more bytes" if left_out > 0 else ""
    return _headers(message) + (f"\n\n{body}{note}" if body else "")


def _with_pauses(seen: Sequence[Moment]) -> Iterator[Moment]:
    before = seen[0].at_ms if seen else 0.0
    for moment in seen:
        pause = moment.at_ms - before
        yield replace(moment, pause_ms=pause) if pause >= _PAUSE_MS else moment
        before = moment.at_ms
