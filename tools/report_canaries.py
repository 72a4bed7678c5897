"""Runs in which a key stands in every form and in every place, and the search for it in all reports made of them.

`python -m tools.report_canaries 2000` makes the reports of that many exchanges, and counts those that show the key.
"""

from __future__ import annotations

import base64
import codecs
import datetime
import html
import io
import json
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from rich.console import Console

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding, Level
from hopcheck.cassettes.secrets.decoding import decoded, joined_texts
from hopcheck.cli.gate_arguments import RENDERINGS, known_cases
from hopcheck.client.config import TargetConfig
from hopcheck.engine.verdict import Masked, Occurrence, Outcome, Verdict
from hopcheck.report.build import build
from hopcheck.report.render.terminal import print_report
from hopcheck.report.run_summary import Replay, RunSummary
from tools.canary_forms import FORMS
from tools.cassette_canaries import SECRETS

PART = 8
"""This many characters of a key in a row are a part of it that must not be shown."""

CASE = "chat.content-exact"


def _exchange(side: str = "client", **changes: Any) -> dict[str, Any]:
    request = {"method": "POST", "url": "http://h/v1", "headers": [["accept", "*/*"]], "body": "{}"}
    response = {"status": 200, "headers": [["server", "x"]], "body": "{}", "ended": "complete"}
    for place, value in changes.items():
        message, _, name = place.partition("_")
        (request if message == "request" else response)[name] = value
    return {"side": side, "exchange": 0, "at": 0.1, "request": request, "response": response, "events": []}


def _events(pieces: list[str], field: str = "content") -> dict[str, Any]:
    texts = [f"data: {json.dumps({'choices': [{'delta': {field: one}}]})}\n\n" for one in pieces]
    streamed = [{"at": 0.1, "data": text} for text in texts]
    return {**_exchange(response_body="".join(texts)), "events": streamed}


def _pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _failing(expected: Any, actual: Any) -> dict[str, Any]:
    return {"findings": (Finding("text", False, expected, actual),)}


def _occurrence(cause: str, detail: str) -> dict[str, Any]:
    return {"occurrences": (Occurrence("contract.response", cause, detail, Level.MUST, "chat", 0),)}


def _holding(exchange: dict[str, Any]) -> dict[str, Any]:
    return {"exchanges": (exchange,), **_failing(1, 2)}


SIDES = ("client", "upstream")

MESSAGES: dict[str, Callable[[str], dict[str, Any]]] = {
    "url": lambda text: {"request_url": f"http://h/v1/{text}/x"},
    "query": lambda text: {"request_url": f"http://h/v1?key={text}&x=1"},
    "request header": lambda text: {"request_headers": [["x-key", text]]},
    "request header's name": lambda text: {"request_headers": [[f"x-{text}", "1"]]},
    "request body": lambda text: {"request_body": json.dumps({"a": [{"b": text}]})},
    "request body, raw": lambda text: {"request_body": f"see {text} there"},
    "request body, a name": lambda text: {"request_body": json.dumps({text: 1})},
    "request body, where it is cut": lambda text: {"request_body": "." * 4080 + text},
    "response header": lambda text: {"response_headers": [["www-authenticate", f"Bearer error={text}"]]},
    "response header's name": lambda text: {"response_headers": [[text, "1"]]},
    "response body": lambda text: {"response_body": json.dumps({"error": {"message": f"bad key {text}"}})},
    "response body, broken": lambda text: {"response_body": f'{{"error": "{text}'},
    "response body, where it is cut": lambda text: {"response_body": "." * 4090 + text},
    "response's end": lambda text: {"response_ended": f"reset: {text}"},
    "response body, bytes": lambda text: {"response_body": f"\x80{text}".encode("latin-1", "replace")},
}
"""Places of an exchange's messages."""

Place = Callable[[str], dict[str, Any]]


def _on_side(side: str, change: Callable[[str], dict[str, Any]]) -> Place:
    return lambda text: _holding(_exchange(side, **change(text)))


def _in_events(size: int) -> Place:
    return lambda text: _holding(_events(_pieces(text, size)))


PLACES: dict[str, Place] = {
    **{f"{side}: {name}": _on_side(side, change) for side in SIDES for name, change in MESSAGES.items()},
    **{f"events of {size} letters": _in_events(size) for size in (1, 3, 7, 11)},
    "one event": lambda text: _holding(_events(["a", text, "b"])),
    "a comment": lambda text: _holding({**_exchange(), "events": [{"at": 0.1, "data": f": {text}\n\n"}]}),
    "an event's name": lambda text: _holding({**_exchange(), "events": [{"at": 0.1, "data": f"event: {text}\n\n"}]}),
    "an event that is cut": lambda text: _holding(_events(["." * 4050 + text])),
    "reasoning in pieces": lambda text: _holding(_events(_pieces(text, 4), "reasoning_content")),
    "expected": lambda text: _failing(text, "another"),
    "actual": lambda text: _failing("another", text),
    "actual, in a list": lambda text: _failing([], ["x", text]),
    "actual, in pieces": lambda text: _failing([], _pieces(text, 5)),
    "actual, in an object": lambda text: _failing({}, {"a": {"b": text}}),
    "actual, a name": lambda text: _failing({}, {text: 1}),
    "actual, bytes": lambda text: _failing(b"", text.encode()),
    "actual, an exception": lambda text: _failing(None, ValueError(text)),
    "actual, long": lambda text: _failing("." * 5000, "." * 4790 + text + "." * 900),
    "actual, where it is cut": lambda text: _failing("." * 5000, "." * 4085 + text),
    "check": lambda text: {"findings": (Finding(f"status of {text}", False, 1, 2),)},
    "reason": lambda text: {"reason": f"no connection: {text}", "outcome": Outcome.UNTESTABLE},
    "a crash": lambda text: {"reason": f"Traceback:\n  ValueError: {text}", "outcome": Outcome.BROKEN},
    "notes": lambda text: {"notes": (f"waited for {text}",), **_failing(1, 2)},
    "curl line": lambda text: {"reproduce": f"curl -H 'x-key: {text}' http://h", **_failing(1, 2)},
    "complaint": lambda text: _occurrence(f"error.type: expected a string, not {text}", "in full"),
    "complaint in full": lambda text: _occurrence("error.type is odd", f"{'.' * 100} not {text}"),
    "complaint, cut": lambda text: _occurrence("error.type is odd", f"not {text[: len(text) * 3 // 4]}…, and more"),
    "untestable by": lambda text: {"untestable_by": f"acceptance: {text}", "outcome": Outcome.UNTESTABLE},
    "masked": lambda text: {"masked": (Masked(f"contract.response: {text}", "text"),), **_failing(1, 2)},
    "run: note": lambda text: {"run": {"notes": (f"the pace is {text}",)}},
    "run: end": lambda text: {"run": {"ended_early": f"after ten times {text}"}},
    "run: cassettes": lambda text: {"run": {"replay": Replay(f"cassettes/{text}", [text], 1, [f"{text} is missing"])}},
    "run: suggestion": lambda text: {"run": {"suggestions": [{"declare": f"x = {text}", "sentence": text}]}},
}
"""Places of a run, and the verdict (or of the summary of the run) with a text there."""


def reports(key: str, text: str, place: str) -> Iterator[str]:
    """All reports of a run with a text in a place; the key is the client's or the provider's."""
    changes = {"outcome": Outcome.DEVIATES, **PLACES[place](text)}
    about = changes.pop("run", {})
    verdict = Verdict(CASE, changes.pop("outcome"), **({"findings": (Finding("x", True, 1, 1),)} | changes))
    theirs = len(key) % 2 == 0
    target = TargetConfig(name="t", base_url="http://h/v1", api_key="" if theirs else key)
    run = RunSummary(
        started=datetime.datetime(2031, 5, 6, tzinfo=datetime.UTC),
        duration_s=1.0,
        selected=1,
        secrets=(key,) if theirs else (),
        **about,
    )
    document = build([verdict], _cases(), target, run)
    yield from (render(document) for render in RENDERINGS.values())
    console = Console(file=io.StringIO(), width=200)
    print_report(document, console, [])
    yield console.file.getvalue()  # type: ignore[attr-defined]


@cache
def _cases() -> Mapping[str, Case]:
    return known_cases()


def shown_part(report: str, key: str) -> str:
    """A part of a key that a report shows, in any form that can be undone; "" if there is none."""
    parts = {key[at : at + PART] for at in range(len(key) - PART + 1)}
    parts = {part.lower() for part in parts if not re.fullmatch("[a-z-]+", part)}  # of `sk-proj-`, say
    parts |= {part[::-1] for part in parts} | {codecs.encode(part, "rot13") for part in parts} | _in_base85(key)
    is_document = report.startswith("{") and '"exchanges"' in report
    for text in _readings(report) if is_document else [report.lower()]:  # the others are made of the document
        if found := next((part for part in parts if part in text), ""):
            return found
    return ""


def _in_base85(key: str) -> set[str]:
    """The parts of a key as they stand in its base85: at multiples of four characters."""
    parts = [key[at : at + PART].encode() for at in range(0, len(key) - PART + 1, 4)]
    return {code(part).decode().lower() for part in parts for code in (base64.a85encode, base64.b85encode)}


def _readings(report: str) -> Iterator[str]:
    """A report as an attentive reader reads it: decoded, without what stands between letters, its streams joined."""
    raw = html.unescape(report).encode("utf-8", "surrogatepass")
    joined = joined_texts(b"".join(_data_lines(report)))
    for text in (
        raw,
        joined,
        raw.replace(b"\\\\", b"\\"),
        raw.replace(b"\n", b""),
        raw.replace(b":", b"").replace(b" ", b""),
    ):
        for one in decoded(text):
            yield one.decode("latin-1").lower()
            yield "".join(letter for letter in one.decode("latin-1").lower() if letter.isalnum() or letter in "-_.")


def _data_lines(report: str) -> Iterator[bytes]:
    for case in json.loads(report).get("cases", ()):
        for exchange in case["exchanges"]:
            yield from (event["data"].encode() for event in exchange["events"])


def canaries(number: int) -> Iterator[tuple[str, str, str, str]]:
    """Forms, places, keys and their texts: the forms and the places in turn, so that each meets many of the others."""
    rng = random.Random(1)  # noqa: S311  (a seeded generator gives the same ones every time)
    kinds, forms, places = list(SECRETS), list(FORMS), list(PLACES)
    for count in range(number):
        form, place = forms[count % len(forms)], places[(count + count // len(forms)) % len(places)]
        key = SECRETS[kinds[count % len(kinds)]](rng)
        yield form, place, key, FORMS[form](key)


def leaks(number: int) -> list[str]:
    """Sentences about the runs, of that many, whose reports show the key."""
    found = []
    for form, place, key, text in canaries(number):
        shown = [part for report in reports(key, text, place) if (part := shown_part(report, key))]
        if shown:
            found.append(f"{form}, {place}: {len(shown)} reports show {shown[0]!r} of {key}")
    return found


def main(number: int) -> int:
    """Print the leaks; returns how many there are."""
    found = leaks(number)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{number} runs with a key in {len(FORMS)} forms and {len(PLACES)} places: {len(found)} show it")
    return len(found)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000) > 0)
