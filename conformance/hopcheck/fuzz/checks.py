"""Judges one played example by both sides of the target. Pure: values in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from hopcheck.authoring.findings import Finding, Level, expect
from hopcheck.client import Stream, describe
from hopcheck.client.config import TargetConfig
from hopcheck.fuzz import operations, two_sides
from hopcheck.fuzz.comparison import differences
from hopcheck.fuzz.example import raw_body
from hopcheck.fuzz.player import PlayedExample
from hopcheck_contracts.grammar.chat import check_events
from hopcheck_contracts.schemas import validate_raw_response


def judge(played: PlayedExample, config: TargetConfig, secrets: Sequence[str]) -> list[Finding]:
    """Every finding about one example, in the order of the checks; checks after a failed one may be missing.

    Args:
        played: The example with its response and its attempts.
        config: The target, for its declarations.
        secrets: Keys that no response may show, the provider's among them.
    """
    levels = operations.OPERATIONS[played.example.operation].checks
    return [
        Finding(one.check, one.ok, one.expected, one.actual, Level(levels[one.check]))
        for one in _findings(played, config, secrets)
    ]


def _findings(played: PlayedExample, config: TargetConfig, secrets: Sequence[str]) -> Iterator[Finding]:
    answer = played.answer
    ended = answer.status is not None and answer.ended == "complete"
    ending = f"{answer.status}, {answer.ended} {answer.detail}".strip()
    yield expect(operations.WHOLE, ending, holds=ended, to="an HTTP answer that ends as it was framed")
    if not ended:
        return
    yield expect(operations.SECRETS, _shown(played, secrets), equals=[])
    yield expect(operations.SERVER_ERRORS, _summary(answer), holds=(answer.status or 0) < 500, to="no 5xx")
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


def _shown(played: PlayedExample, secrets: Sequence[str]) -> list[str]:
    """Where a response shows a key, unless the request or the provider contained that text."""
    turn, body = played.example.turn, played.body
    scripted = [turn.events or (), turn.error.fields if turn.error else {}]
    given = raw_body(body) + (turn.body or b"") + raw_body(scripted)
    known = [*secrets, *(attempt.key for attempt in played.attempts or ())]
    return [place for key in known if key.encode() not in given for place in played.answer.where(key)]


def _summary(answer: Stream) -> str:
    return describe(answer) if (answer.status or 0) >= 400 else str(answer.status)


def _complaints(played: PlayedExample) -> list[str]:
    answer, method, path = played.answer, played.example.method, f"/v1{played.example.path}"
    found = validate_raw_response("openai-compatible", method, path, answer.status or 0, answer.headers, answer.body)
    return [str(one) for one in found]


def _refused(played: PlayedExample) -> Iterator[Finding]:
    yield expect(operations.REFUSED, played.answer.status, one_of=[400, 422])
    if played.attempts is not None:
        yield expect(operations.STOPPED, len(played.attempts), equals=0)


def _described(played: PlayedExample) -> Finding:
    """One finding, whether there is such a model or not."""
    asked, answer = unquote(played.answer.sent.url.rpartition("/models/")[2]), played.answer
    described = answer.at("id") if answer.status == 200 else answer.status
    return expect(operations.MODEL, described, one_of=[asked, 400, 403, 404, 405, 422])


def _passed(played: PlayedExample, config: TargetConfig) -> Iterator[Finding]:
    """The checks of a valid request; they end early if the target itself refused it."""
    answer, attempts = played.answer, played.attempts
    refused = 400 <= (answer.status or 0) < 500 and not attempts
    yield expect(operations.ACCEPTED, _summary(answer), holds=not refused, to="no refusal of the target's own")
    if refused:
        return
    yield expect(operations.STATUS, _summary(answer), equals="200")
    if answer.status != 200:
        return
    if attempts is not None:
        yield expect(operations.ATTEMPTS, len(attempts), equals=1)
        if not attempts:
            return
        sent = two_sides.request(played, config)
        yield expect(operations.REQUEST, differences(*two_sides.part(sent, required=True)), equals=[])
        yield expect(operations.MORE_REQUEST, differences(*two_sides.part(sent, required=False)), equals=[])
    if played.example.operation == operations.CHAT.id and played.body.get("stream"):
        yield _grammar(played)
    if attempts is not None:
        yield from _answered(played)


def _grammar(played: PlayedExample) -> Finding:
    asked = (played.body.get("stream_options") or {}).get("include_usage") is True
    events = [timed.event for timed in played.answer.events]
    breaches = check_events(events, n=played.body.get("n") or 1, wants_usage=asked or None)
    return expect(operations.GRAMMAR, [str(one) for one in breaches], equals=[])


def _answered(played: PlayedExample) -> Iterator[Finding]:
    if played.example.operation == operations.EMBEDDINGS.id:
        yield expect(operations.ANSWER, differences(*two_sides.vectors(played)), equals=[])
        return
    given, got = two_sides.chat(played)
    required = two_sides.required_fields(given), two_sides.required_fields(got)
    yield expect(operations.ANSWER, differences(*required, more=True), equals=[])
    optional = two_sides.optional_fields(given), two_sides.optional_fields(got)
    yield expect(operations.MORE_ANSWER, differences(*optional, more=True), equals=[])
