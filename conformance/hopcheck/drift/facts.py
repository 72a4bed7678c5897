"""The facts of a cassette: named values by which two cassettes are compared.

The facts of a stream don't depend on how its text is split into events. For a field of its events, a fact lists the
values in order, without repetitions: `assistant, absent`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from hopcheck.cassettes import Interaction, JournalEntry, RecordedResponse
from hopcheck.drift import volatile
from hopcheck.report.excerpts import as_text
from hopcheck_contracts import sse

Facts = dict[str, Any]
"""Values that can be shown and compared, by name."""

ABSENT = "absent"

_OF_OTHERS = frozenset({"cookie"})
"""Header fields that depend on earlier cases: LiteLLM returns every cookie that a provider has set."""

_JOINED = (".content", ".arguments", ".refusal", ".reasoning_content", ".text")
"""Fields whose values are joined to one text."""


def of_interaction(one: Interaction) -> Facts:
    """The facts of the response to the proxy."""
    if one.response is None:
        return {"status": "no response", "end": one.delivery.ended}
    return {"end": one.delivery.ended, "framing": one.delivery.framing, **of_response(one.response)}


def of_response(response: RecordedResponse, *, whole: bool = True) -> Facts:
    """The facts of a response, or only of its head."""
    head: Facts = {"status": response.status, **_headers(response.headers)}
    return {**head, **_body(response)} if whole else head


def is_finished(response: RecordedResponse) -> bool:
    """Whether a stream holds its end or an error, whatever the connection did then."""
    return any(_kind(event) in ("[DONE]", "error") for event in sse.parse(_decoded(response)))


def of_attempt(entry: JournalEntry) -> Facts:
    """The facts of an attempt at the provider."""
    found: Facts = {"method": entry.method, "path": volatile.of_text(entry.path), "credential": entry.key or "none"}
    found["end"] = entry.ended or "still open"
    found.update({f"header {name}": "there" for name, _ in entry.headers if name not in _OF_OTHERS})
    found.update(_json_or_text(entry.body))
    return found


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a JSON value with their paths: `choices[0].message.content`.

    Empty containers and lists of plain values are leaves. The items of a `data` list, as in the API's listings, share
    their paths: `data[].id`.
    """
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from flatten(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for place, item in enumerate(value):
            yield from flatten(item, f"{path}[]" if path == "data" else f"{path}[{place}]")
    else:
        yield path, value


def _headers(headers: Iterable[tuple[str, str]]) -> Facts:
    return {f"header {name.lower()}": volatile.of_header(name, value) for name, value in headers}


def _body(response: RecordedResponse) -> Facts:
    body = _decoded(response)
    kind = (response.header("content-type") or "").partition(";")[0].strip()
    return _stream(body) if kind == "text/event-stream" else _json_or_text(body)


def _decoded(response: RecordedResponse) -> bytes:
    coding, body = response.header("content-encoding"), response.body
    try:
        return gzip.decompress(body) if coding == "gzip" else zlib.decompress(body) if coding == "deflate" else body
    except (OSError, EOFError, zlib.error):  # truncated: shown undecoded
        return body


def _json_or_text(body: bytes) -> Facts:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {"body": volatile.of_text(body.decode("utf-8", "replace"))} if body else {}
    found: dict[str, list[Any]] = {}
    for path, leaf in flatten(value):
        found.setdefault(f"body {path}".rstrip(), []).append(volatile.of_field(path, leaf))
    return {name: leaves[0] if len(leaves) == 1 else _runs(map(as_text, leaves)) for name, leaves in found.items()}


def _stream(body: bytes) -> Facts:
    events = sse.parse(body)
    read = [(_kind(event), dict(flatten(_parsed(event.data)))) for event in events]
    found: Facts = {"order of events": _runs(kind for kind, _ in read)}
    if any(event.comments for event in events):
        found["comments"] = "there"
    pieces = [fields for kind, fields in read if kind not in ("[DONE]", "comment")]
    for path in dict.fromkeys(path for fields in pieces for path in fields):
        found[f"event {path}".rstrip()] = _of_field(path, pieces)
    return found


def _kind(event: sse.Event) -> str:
    if event.data is None:
        return "comment"
    if event.data == sse.DONE_DATA:
        return "[DONE]"
    value = _parsed(event.data)
    if not isinstance(value, dict):
        return "no JSON"
    if "error" in value:
        return "error"
    return "usage" if value.get("usage") and not value.get("choices") else "piece"


def _parsed(data: str | None) -> Any:
    try:
        return json.loads(data or "null")
    except (ValueError, RecursionError):
        return data


def _of_field(path: str, pieces: list[dict[str, Any]]) -> Any:
    if path.endswith(_JOINED):
        texts = [fields[path] for fields in pieces if isinstance(fields.get(path), str)]
        return volatile.of_text("".join(texts)) if texts else _values(path, pieces)
    return _values(path, pieces)


def _values(path: str, pieces: list[dict[str, Any]]) -> str:
    return _runs(as_text(volatile.of_field(path, fields[path])) if path in fields else ABSENT for fields in pieces)


def _runs(values: Iterable[str]) -> str:
    return ", ".join(value for value, _ in groupby(values))
