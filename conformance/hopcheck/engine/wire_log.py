"""What crossed the wire, as JSON for the report, and as a curl line for people."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hopcheck.client.responses import Response, SentRequest
from hopcheck.client.streams import Stream
from hopcheck_server.upstream.journal.journal import Attempt

READ = 65536
"""Bytes of a body or an event that are read for the report, which itself keeps less and hides secrets first."""

CURL_SHOWN = 65536
"""Bytes of a body that a curl line holds."""

BODY_FILE = "request.body"
"""The file from which a curl line takes a larger body; `hopcheck reproduce` writes it."""

_AUTOMATIC = frozenset({("accept", "*/*"), ("connection", "keep-alive")})
"""Request headers that curl sends of itself, or need not send, besides `Host` and `Content-Length`."""


def wire_log(
    responses: Sequence[Response],
    attempts: Iterable[Attempt],
    begun_ns: int,
    *,
    failing: Sequence[int] = (),
    shown: Collection[int] = (),
    variables: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Both sides of a case's exchanges: the failing ones with their attempts first, then the others by their times.

    Args:
        responses: The client's side.
        attempts: The provider's side.
        begun_ns: When the case began; the log's times are seconds since then, or since its first request was sent.
        failing: The failing exchanges, by their places among the responses, what is shown first at the beginning.
        shown: Other exchanges that are given a curl line.
        variables: Names of variables that stand in curl lines in the place of these values.
    """
    begun_ns = min([begun_ns, *(response.sent.at_ns for response in responses)])  # a burst may be older than its case
    asked = {response.marker: number for number, response in enumerate(responses) if response.marker}
    lines = {
        number: curl_line(responses[number].sent, variables) for number in {*failing, *shown} if number < len(responses)
    }
    log = [
        {
            **_client(response, begun_ns),
            "exchange": number,
            "reproduce": lines.get(number, ""),
            "large_body": response.sent.body if number in lines and len(response.sent.body) > CURL_SHOWN else b"",
        }
        for number, response in enumerate(responses)
    ]
    log += [{**_upstream(attempt, begun_ns), "exchange": asked.get(attempt.marker)} for attempt in attempts]
    places = {number: place for place, number in enumerate(failing)}
    marked = [{**entry, "failing": entry["exchange"] in places} for entry in log]
    return sorted(marked, key=lambda entry: (places.get(entry["exchange"], len(places)), float(entry["at"])))


def _client(response: Response, begun_ns: int) -> dict[str, Any]:
    sent = response.sent
    streamed = isinstance(response, Stream) and response.media_type == "text/event-stream"
    return {
        "side": "client",
        "at": _seconds(sent.at_ns, begun_ns),
        "request": {"method": sent.method, "url": sent.url, "headers": _pairs(sent.headers), **_body(sent.body)},
        "response": {
            "status": response.status,
            "headers": _pairs(response.headers),
            **_body(response.body),
            "at": _moment(response.head_at_ns, begun_ns),
            "ended": response.ended,
            "ended_at": _moment(response.ended_at_ns, begun_ns),
        },
        "events": _events(response, begun_ns) if streamed else [],
    }


def _events(response: Response, begun_ns: int) -> list[dict[str, Any]]:
    assert isinstance(response, Stream)
    return [
        {"at": _seconds(timed.at_ns, begun_ns), "data": timed.event.raw[:READ].decode("utf-8", "replace")}
        for timed in response.events
    ]


def _upstream(attempt: Attempt, begun_ns: int) -> dict[str, Any]:
    given = attempt.response
    size = sum(count for _, count in attempt.sent)
    response: dict[str, Any] = {
        "status": given.status if given else None,
        "headers": _pairs(given.headers) if given else [],
        "body": given.body[:READ].decode("utf-8", "replace") if given else "",
        "body_bytes": size,
        "at": _moment(attempt.head_sent_ns, begun_ns),
        "ended": attempt.ended or "open",
        "ended_at": _moment(attempt.ended_ns, begun_ns),
    }
    return {
        "side": "upstream",
        "at": _seconds(attempt.received_ns, begun_ns),
        "request": {
            "method": attempt.method,
            "url": attempt.path,
            "headers": _pairs(attempt.headers),
            **_body(attempt.body),
        },
        "response": response,
        "events": list(_writes(attempt, begun_ns)) if len(attempt.sent) > 1 else [],
    }


def _writes(attempt: Attempt, begun_ns: int) -> Iterator[dict[str, Any]]:
    """What the provider wrote, write by write: an event each in a stream."""
    body, place = attempt.response.body if attempt.response else b"", 0
    for at_ns, size in attempt.sent:
        data = body[place : place + min(size, READ)].decode("utf-8", "replace")
        yield {"at": _seconds(at_ns, begun_ns), "data": data or f"{size} bytes"}
        place += size


def _body(body: bytes) -> dict[str, Any]:
    return {"body": body[:READ].decode("utf-8", "replace"), "body_bytes": len(body)}


def _pairs(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _moment(at_ns: int, begun_ns: int) -> float | None:
    return _seconds(at_ns, begun_ns) if at_ns else None


def _seconds(at_ns: int, begun_ns: int) -> float:
    return round((at_ns - begun_ns) / 1e9, 6)


def curl_line(sent: SentRequest, variables: Mapping[str, str] | None = None) -> str:
    """A curl line that sends a request again.

    Args:
        sent: The request.
        variables: Names of variables, by the values in whose place they stand.
    """
    known = variables or {}
    method = ["--head"] if sent.method == "HEAD" else ["-i", "-X", sent.method]  # curl waits for the body of -X HEAD
    line = shlex.join(["curl", "-sS", "-N", *method, sent.url])
    for name, value in sent.headers:
        if not _is_automatic(name.lower(), value):
            line += f" -H {_quoted(f'{name}: {value}', known)}"
    return line + (f" --data-binary {_body_argument(sent.body, known)}" if sent.body else "")


def _is_automatic(name: str, value: str) -> bool:
    return name in ("host", "content-length") or (name, value) in _AUTOMATIC


def _body_argument(body: bytes, variables: Mapping[str, str]) -> str:
    if len(body) > CURL_SHOWN:
        return f"@{BODY_FILE}"
    text = body.decode("utf-8", "replace")
    return _quoted(f"./{text}" if text.startswith("@") else text, variables)


def _quoted(text: str, variables: Mapping[str, str]) -> str:
    """A text as a shell's word, with variables in the places of their values."""
    values = sorted(filter(None, variables), key=len, reverse=True)
    if not any(value in text for value in values):
        return shlex.quote(text)
    parts = re.split(f"({'|'.join(map(re.escape, values))})", text)
    plain = not set("".join(parts[::2])) & set('"$`\\!')
    words = [_variable(variables[part], follows) if place % 2 else part for place, (part, follows) in _following(parts)]
    if plain:
        return f'"{"".join(words)}"'
    return "".join(f'"{word}"' if place % 2 else shlex.quote(word) for place, word in enumerate(words) if word)


def _following(parts: Sequence[str]) -> Iterator[tuple[int, tuple[str, str]]]:
    """The parts of a text, each with the next one."""
    return enumerate(zip(parts, [*parts[1:], ""], strict=True))


def _variable(name: str, follows: str) -> str:
    """A variable as a shell writes it, apart from the letter that follows."""
    return f"${{{name}}}" if re.match(r"\w", follows) else f"${name}"
