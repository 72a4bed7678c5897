"""Converts a cassette to the plain document in its file and back: vcrpy's format, version 1, with keys of our own.

vcrpy reads `interactions[].request`, `interactions[].response` and `metadata`. It accepts no further key in a request,
and ignores all others. This module knows nothing of YAML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from hopcheck.cassettes.journal_entry import Frame, JournalEntry, Pairs
from hopcheck.cassettes.model import (
    Cassette,
    Interaction,
    Provenance,
    RecordedDelivery,
    RecordedRequest,
    RecordedResponse,
    RecordedVerdict,
)

SCHEMA = 2
"""The version of the keys that are not vcrpy's."""


class MalformedCassette(ValueError):
    """A document is no cassette; the text says where it differs."""


def to_document(cassette: Cassette) -> dict[str, Any]:
    """The document of a cassette. Interactions without a response have a key of their own: vcrpy can't play them."""
    verdict = {"verdict": _plain(cassette.verdict)} if cassette.verdict else {}
    about = {"schema": SCHEMA, **_named(cassette), **_plain(cassette.provenance), **verdict}
    document = {
        "version": 1,
        "metadata": {"hopcheck": about},
        "interactions": [_interaction(one) for one in cassette.interactions if one.response],
        "unanswered": [_interaction(one) for one in cassette.interactions if not one.response],
        "journal": [_entry(entry) for entry in cassette.journal],
    }
    return {key: value for key, value in document.items() if value or key == "interactions"}


def from_document(document: Any) -> Cassette:
    """Read a document as `to_document` writes it.

    Raises:
        MalformedCassette: It is something else.
    """
    try:
        return _cassette(document)
    except KeyError as error:
        raise MalformedCassette(f"it lacks the key {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise MalformedCassette(f"it is not laid out as a cassette: {error}") from None


def _cassette(document: Any) -> Cassette:
    about = dict(document["metadata"]["hopcheck"])
    if (schema := about.pop("schema")) != SCHEMA:
        raise MalformedCassette(f"its schema is {schema}; this hopcheck reads {SCHEMA}")
    case, operation, provider = about.pop("case"), about.pop("operation", ""), about.pop("provider", "")
    verdict = about.pop("verdict", None)
    exchanges = [*map(_read_interaction, document["interactions"] + document.get("unanswered", []))]
    exchanges.sort(key=lambda one: one.delivery.at_us)
    journal = tuple(map(_read_entry, document.get("journal", ())))
    judged = RecordedVerdict(**{**verdict, "causes": tuple(verdict.get("causes", ()))}) if verdict else None
    return Cassette(case, Provenance(**about), tuple(exchanges), journal, judged, operation, provider)


def _named(cassette: Cassette) -> dict[str, str]:
    """What the cassette is of; where there is no operation or no provider, there is no key for it either."""
    named = {"case": cassette.case, "operation": cassette.operation, "provider": cassette.provider}
    return {key: value for key, value in named.items() if value or key == "case"}


def _interaction(one: Interaction) -> dict[str, Any]:
    request = one.request
    written: dict[str, Any] = {
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": _grouped(request.headers),
            "body": text_or_bytes(request.body),
        }
    }
    if one.response is not None:
        written["response"] = {
            "status": {"code": one.response.status, "message": one.response.reason},
            "headers": _grouped(one.response.headers),
            "body": {"string": text_or_bytes(one.response.body)},
        }
    written["delivery"] = _plain(one.delivery)
    if one.repeat != 1:
        written["repeat"] = one.repeat
    return written


def _read_interaction(written: Mapping[str, Any]) -> Interaction:
    asked, answered, delivery = written["request"], written.get("response"), dict(written["delivery"])
    request = RecordedRequest(asked["method"], asked["uri"], _pairs(asked["headers"]), _bytes(asked["body"]))
    response = None
    if answered:
        status = answered["status"]
        body = _bytes(answered["body"]["string"])
        response = RecordedResponse(status["code"], status["message"], _pairs(answered["headers"]), body)
    delivery["frames"] = _frames(delivery.get("frames", ()))
    return Interaction(request, response, RecordedDelivery(**delivery), written.get("repeat", 1))


def _entry(entry: JournalEntry) -> dict[str, Any]:
    return {**_plain(entry), "headers": _grouped(entry.headers), "body": text_or_bytes(entry.body)}


def _read_entry(written: Mapping[str, Any]) -> JournalEntry:
    return JournalEntry(
        **{
            **written,
            "headers": _pairs(written["headers"]),
            "body": _bytes(written["body"]),
            "sent": _frames(written.get("sent", ())),
        }
    )


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass as a mapping, without the fields that have their defaults."""
    defaults = {item.name: item.default for item in fields(value)}
    plain = {name: item for name, item in asdict(value).items() if item != defaults[name]}
    for name in {"frames", "sent"} & plain.keys():
        plain[name] = [list(frame) for frame in plain[name]]
    if "causes" in plain:
        plain["causes"] = list(plain["causes"])
    return plain


def text_or_bytes(body: bytes) -> str | bytes:
    """A body as text if it is UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body


def _bytes(written: str | bytes | None) -> bytes:
    return written.encode() if isinstance(written, str) else written or b""


def _frames(written: Iterable[Iterable[int]]) -> tuple[Frame, ...]:
    return tuple(Frame(*frame) for frame in written)


def _grouped(headers: Pairs) -> dict[str, list[str]]:
    """Headers as vcrpy has them: a list of values by name, in the order in which the names first occur."""
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _pairs(grouped: Mapping[str, Iterable[str]]) -> Pairs:
    return tuple((name, value) for name, values in grouped.items() for value in values)
