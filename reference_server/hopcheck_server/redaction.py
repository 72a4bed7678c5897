"""Takes secrets out of what is written down: keys that are known, in all forms, and what was left of them.

What makes a report from an exchange takes a `SecretRedactor`, so that nothing is cut before the keys are gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from hopcheck_server.secret_search import SecretSearch

REDACTED = "[redacted]"

_CACHED_CHARACTERS = 200  # a report has the same short texts a hundred thousand times


class SecretRedactor:
    """Replaces secrets: whole ones as they are, quoted or escaped, and parts of eight characters in any form."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Learn the secrets; empty ones are passed over."""
        known = sorted({secret for secret in secrets if secret})
        self._whole = sorted({form for one in known for form in _written_forms(one)}, key=len, reverse=True)
        self._search = SecretSearch(known)
        self._short_text = lru_cache(maxsize=4096)(self._text)
        self._long_text = lru_cache(maxsize=8)(self._text)  # the same on both sides of a target
        self._pair = lru_cache(maxsize=4096)(self._split)
        self._stream = lru_cache(maxsize=8)(self._lines)

    def text(self, text: str) -> str:
        """Replace every secret in a text."""
        return self._short_text(text) if len(text) <= _CACHED_CHARACTERS else self._long_text(text)

    def _text(self, text: str) -> str:
        for form in self._whole:
            text = text.replace(form, REDACTED)
        return _without(text, self._search.spans(text))

    def value(self, value: Any) -> Any:
        """The same JSON value without the secrets in its strings and keys, also those that are split over a list."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self.value(item) for key, item in value.items()}
            case list():
                return [self.value(item) for item in self.pieces(value)]
            case _:
                return value

    def pieces(self, values: Sequence[Any]) -> list[Any]:
        """The same values; where strings among them have a secret only together, what each has of it is replaced."""
        places = [place for place, value in enumerate(values) if isinstance(value, str)]
        if len(places) < 2:
            return list(values)
        texts = tuple(values[place] for place in places)
        is_pair = len(texts) == 2 and len(texts[0]) + len(texts[1]) <= _CACHED_CHARACTERS  # a header, as a rule
        hidden = dict(zip(places, self._pair(texts) if is_pair else self._split(texts), strict=True))
        return [hidden.get(place, value) for place, value in enumerate(values)]

    def _split(self, texts: Sequence[str]) -> Sequence[str]:
        spans = self._search.spans("".join(texts)) if len(texts) > 1 else []
        if not spans:
            return texts
        pieces, at = [], 0
        for text in texts:
            own = [(max(start, at) - at, min(end, at + len(text)) - at) for start, end in spans]
            pieces.append(_without(text, [(start, end) for start, end in own if start < end]))
            at += len(text)
        return pieces

    def exchange(self, exchange: Mapping[str, Any]) -> dict[str, Any]:
        """The same exchange (see `exchange_excerpt`) without secrets, also without those split over its events."""
        shown = {**exchange, "events": self._of_events(exchange.get("events", ()))}
        for side in ("request", "response"):
            if (message := shown.get(side)) and "data:" in (message.get("body") or ""):
                shown[side] = {**message, "body": "\n".join(self.lines(message["body"].split("\n")))}
        return {**self.value(shown)}

    def _of_events(self, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        sizes = [event["data"].count("\n") + 1 for event in events]
        lines = iter(self.lines([line for event in events for line in event["data"].split("\n")]))
        return [
            {**event, "data": "\n".join(next(lines) for _ in range(size))}
            for event, size in zip(events, sizes, strict=True)
        ]

    def lines(self, lines: Sequence[str]) -> list[str]:
        """The lines of an event stream without the secrets that are split over strings of several events."""
        return self._stream(tuple(lines))

    def _lines(self, lines: Sequence[str]) -> list[str]:
        found: dict[str, list[tuple[int, str]]] = {}
        for number, line in enumerate(lines):
            for path, text in _strings_of(line):
                found.setdefault(path, []).append((number, text))
        shown = list(lines)
        for pieces in found.values():
            for (number, text), hidden in zip(pieces, self._split([text for _, text in pieces]), strict=True):
                if hidden != text:
                    shown[number] = _replaced(shown[number], text, hidden)
        return shown


def _written_forms(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + REDACTED + text[end:]
    return text


def _replaced(line: str, text: str, hidden: str) -> str:
    """A line of JSON with another text in the place of a string."""
    for ensure_ascii in (False, True):
        line = line.replace(json.dumps(text, ensure_ascii=ensure_ascii), json.dumps(hidden, ensure_ascii=ensure_ascii))
    return line


def _strings_of(line: str) -> Iterator[tuple[str, str]]:
    """The strings of an event's data, each with its path."""
    if not line.startswith("data:"):
        return
    try:
        value = json.loads(line[5:])
    except (ValueError, RecursionError):
        return
    yield from _strings(value, "")


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in value.items():
                yield from _strings(item, f"{path}.{key}")
        case list():
            for place, item in enumerate(value):
                yield from _strings(item, f"{path}[{place}]")
