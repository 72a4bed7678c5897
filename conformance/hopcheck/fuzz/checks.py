"""Judges one played example. Pure: takes what was sent, said, forwarded and answered, and gives findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from hopcheck.authoring.findings import Finding, Level, expect
from hopcheck.client import Stream, describe
from hopcheck.client.config import TargetConfig
from hopcheck.fuzz import operations, sides
from hopcheck.fuzz.comparison import differences
from hopcheck.fuzz.example import raw_body
from hopcheck.fuzz.player import Played
from hopcheck_contracts.grammar.chat import check_events
from hopcheck_contracts.schemas import validate_raw_response


def judge(played: Played, config: TargetConfig, secrets: Sequence[str]) -> list[Finding]:
    """Every finding about one example, in the order of what is looked at; after a failing one the rest may be missing.

    Args:
        played: What happened.
        config: The target, for what it declares.
        secrets: Keys that no answer may show, the provider's among them.
    """
    levels = operations.OPERATIONS[played.example.operation].checks
    return [
        Finding(one.check, one.ok, one.expected, one.actual, Level(levels[one.check]))
        for one in _findings(played, config, secrets)
    ]


def _findings(played: Played, config: TargetConfig, secrets: Sequence[str]) -> Iterator[Finding]:
    answer = played.answer
    ended = answer.status is not None and answer.ended == "complete"
    said = f"{answer.status}, {answer.ended} {answer.detail}".strip()
    yield expect(operations.WHOLE, said, holds=ended, to="an HTTP answer that ends as it was framed")
    if not ended:
        return
    yield expect(operations.SECRETS, _shown(played, secrets), equals=[])
    yield expect(operations.SERVER_ERRORS, _said(answer), holds=(answer.status or 0) < 500, to="no 5xx")
    yield expect(operations.CONTRACT, _complaints(played), equals=[])
    match played.example.operation:
        case operations.CHAT.id | operations.EMBEDDINGS.id:
            yield from _passed(played, config)
        case operations.CHAT_REFUSALS.id | operations.EMBEDDINGS_REFUSALS.id:
            yield from _refused(played)
        case operations.ONE_MODEL.id:
            yield _described(played)
        case operations.ROUTES.id:
            yield expect(operations.ROUTE, answer.status, one_of=[404, 405, 415, 400, 422])


def _shown(played: Played, secrets: Sequence[str]) -> list[str]:
    """Where an answer shows a key, unless the request or the provider happened to hold that text."""
    turn, body = played.example.turn, played.body
    told = raw_body(body) + (turn.body or b"") + raw_body(list(turn.events or ()))
    known = [*secrets, *(attempt.key for attempt in played.attempts or ())]
    return [place for key in known if key.encode() not in told for place in played.answer.where(key)]


def _said(answer: Stream) -> str:
    return describe(answer) if (answer.status or 0) >= 400 else str(answer.status)


def _complaints(played: Played) -> list[str]:
    answer, method, path = played.answer, played.example.method, f"/v1{played.example.path}"
    found = validate_raw_response("openai-compatible", method, path, answer.status or 0, answer.headers, answer.body)
    return [str(one) for one in found]


def _refused(played: Played) -> Iterator[Finding]:
    yield expect(operations.REFUSED, played.answer.status, one_of=[400, 422])
    if played.attempts is not None:
        yield expect(operations.STOPPED, len(played.attempts), equals=0)


def _described(played: Played) -> Finding:
    """One finding, whether there is such a model or not."""
    asked, answer = unquote(played.answer.sent.url.rpartition("/models/")[2]), played.answer
    said = answer.at("id") if answer.status == 200 else answer.status
    return expect(operations.MODEL, said, one_of=[asked, 400, 403, 404, 405, 422])


def _passed(played: Played, config: TargetConfig) -> Iterator[Finding]:
    """What is owed to a request that keeps the contract; one that the target refuses by itself is owed no more."""
    answer, attempts = played.answer, played.attempts
    refused = 400 <= (answer.status or 0) < 500 and not attempts
    yield expect(operations.ACCEPTED, _said(answer), holds=not refused, to="no refusal of the target's own")
    if refused:
        return
    yield expect(operations.STATUS, _said(answer), equals="200")
    if answer.status != 200:
        return
    if attempts is not None:
        yield expect(operations.ATTEMPTS, len(attempts), equals=1)
        if not attempts:
            return
        sent = sides.request(played, config)
        yield expect(operations.REQUEST, differences(*sides.part(sent, owed=True)), equals=[])
        yield expect(operations.MORE_REQUEST, differences(*sides.part(sent, owed=False)), equals=[])
    if played.example.operation == operations.CHAT.id and played.body.get("stream"):
        yield _grammar(played)
    if attempts is not None:
        yield from _answered(played)


def _grammar(played: Played) -> Finding:
    asked = (played.body.get("stream_options") or {}).get("include_usage") is True
    events = [timed.event for timed in played.answer.events]
    breaches = check_events(events, n=played.body.get("n") or 1, wants_usage=asked or None)
    return expect(operations.GRAMMAR, [str(one) for one in breaches], equals=[])


def _answered(played: Played) -> Iterator[Finding]:
    if played.example.operation == operations.EMBEDDINGS.id:
        yield expect(operations.ANSWER, differences(*sides.vectors(played)), equals=[])
        return
    said, came = sides.chat(played)
    yield expect(operations.ANSWER, differences(sides.spoken(said), sides.spoken(came), more=True), equals=[])
    yield expect(operations.MORE_ANSWER, differences(sides.beside(said), sides.beside(came), more=True), equals=[])
