"""What crossed the wire, as JSON for the report, and as a curl line for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hopcheck.client.responses import Response, SentRequest
from hopcheck.client.streams import Stream
from hopcheck_server.upstream.journal.journal import Attempt

READ = 16384
"""Bytes of a body or an event that are read for the report, which itself keeps less and hides secrets first."""

CURL_SHOWN = 4096
"""Bytes of a body that a curl line holds."""


def wire_log(
    responses: Sequence[Response], attempts: Iterable[Attempt], begun_ns: int, key: str = ""
) -> list[dict[str, Any]]:
    """Both sides of a case's exchanges, in the order of their times.

    Args:
        responses: The client's side.
        attempts: The provider's side.
        begun_ns: When the case began; the log's times are seconds since then.
        key: The client's key, in whose place $API_KEY stands in curl lines.
    """
    asked = {response.marker: number for number, response in enumerate(responses) if response.marker}
    log = [
        {**_client(response, begun_ns), "exchange": number, "reproduce": _curl(response.sent, key)}
        for number, response in enumerate(responses)
    ]
    log += [{**_upstream(attempt, begun_ns), "exchange": asked.get(attempt.marker)} for attempt in attempts]
    return sorted(log, key=lambda entry: float(entry["at"]))


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
        {"at": _seconds(timed.at_ns, begun_ns), "data": timed.event.raw.decode("utf-8", "replace")[:READ]}
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
        data = body[place : place + size].decode("utf-8", "replace")[:READ]
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


def reproduce(responses: Sequence[Response], key: str = "") -> str:
    """A curl line that puts a case's first request again. "" if nothing was asked.

    Args:
        responses: Those to the case's requests.
        key: The client's key, in whose place $API_KEY stands.
    """
    return _curl(responses[0].sent, key) if responses else ""


def _curl(sent: SentRequest, key: str) -> str:
    method = ["--head"] if sent.method == "HEAD" else ["-i", "-X", sent.method]  # curl waits for the body of -X HEAD
    line = shlex.join(["curl", "-sS", "-N", *method, sent.url])
    for name, value in sent.headers:
        if name.lower() not in ("host", "content-length", "accept"):
            line += f" -H {_quoted(f'{name}: {value}', key)}"
    if sent.body:
        text = sent.body.decode("utf-8", "replace")
        line += f" --data-binary {shlex.quote(text)}" if len(sent.body) <= CURL_SHOWN else " --data-binary @body"
    return line


def _quoted(text: str, key: str) -> str:
    if not key or key not in text:
        return shlex.quote(text)
    before, _, after = text.partition(key)
    plain = not set(before + after) & set('"$`\\!')
    return f'"{before}$API_KEY{after}"' if plain else f'{shlex.quote(before)}"$API_KEY"{shlex.quote(after)}'
