"""Good streams pass, and broken ones are refused for the rule that they break."""

from __future__ import annotations

import pytest
from chat_streams import BROKEN, COUNTS, DONE, FAULT, FIRST, GOOD, HEL, PLAIN, STOP, USAGE, chunk, say, stream, without

from hopcheck_contracts.grammar.chat import Rule, check_events, check_stream
from hopcheck_contracts.sse import EventParser
from hopcheck_contracts.violations import MAX_VIOLATIONS


def test_there_are_forty_of_each() -> None:
    assert len(GOOD) >= 40
    assert len(BROKEN) >= 40
    assert {rule for rule, _ in BROKEN.values()} == set(Rule)
    assert len(set(GOOD.values()) | {raw for _, raw in BROKEN.values()}) == len(GOOD) + len(BROKEN)


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str) -> None:
    assert check_stream(GOOD[name]) == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    rule, raw = BROKEN[name]
    breaches = check_stream(raw)
    assert breaches[0].rule == rule, list(map(str, breaches))
    assert all(len(str(one)) < 300 for one in breaches)


@pytest.mark.parametrize("name", [name for name, (rule, _) in BROKEN.items() if rule != Rule.SCHEMA])
def test_broken_in_one_way_only(name: str) -> None:
    """Where single events are right, nothing but the one rule is named."""
    rule, raw = BROKEN[name]
    assert {one.rule for one in check_stream(raw)} <= {rule, Rule.CHOICES if not raw else rule}


@pytest.mark.parametrize("size", [1, 7])
def test_read_piece_by_piece(size: int) -> None:
    parser = EventParser()
    raw = GOOD["comments"]
    events = [event for at in range(0, len(raw), size) for event in parser.feed(raw[at : at + size])]
    assert check_events(events) == []


def test_what_an_unfit_event_had_to_say_is_not_missed() -> None:
    """Where no chunk names its model, nobody knows whether choices, finish reasons or usage came with them."""
    raw = stream(*(without(one, "model") for one in (FIRST, HEL, chunk(say(finish="stop"), usage=COUNTS))), DONE)
    assert {one.rule for one in check_stream(raw, n=1, wants_usage=True)} == {Rule.SCHEMA}


def test_an_error_next_to_choices_is_one() -> None:
    failed = chunk(say(finish="error"), **FAULT)
    assert check_stream(stream(FIRST, failed)) == []
    assert [one.rule for one in check_stream(stream(FIRST, failed, HEL))] == [Rule.ERROR_LAST]


TWO = stream(*(chunk(say("x", role="assistant", at=at, finish="stop")) for at in (0, 1)), DONE)


@pytest.mark.parametrize(
    ("raw", "n", "wants_usage", "rule"),
    [
        (PLAIN, 1, False, None),
        (PLAIN, 2, None, Rule.CHOICES),
        (TWO, 2, None, None),
        (TWO, 1, None, Rule.CHOICES),
        (PLAIN, None, True, Rule.ONE_USAGE),
        (stream(FIRST, STOP, USAGE, DONE), None, True, None),
        (stream(FIRST, chunk(say(finish="stop"), usage=COUNTS), DONE), None, True, None),
    ],
)
def test_what_was_asked_for(raw: bytes, n: int | None, wants_usage: bool | None, rule: Rule | None) -> None:
    found = [one.rule for one in check_stream(raw, n=n, wants_usage=wants_usage)]
    assert found == ([rule] if rule else [])


def test_few_of_many_breaches_are_reported() -> None:
    assert len(check_stream(stream(*["x" * 5000] * 100))) == MAX_VIOLATIONS


def test_litellms_errors_are_its_own() -> None:
    raw = stream(FIRST, {"error": {"message": "x", "type": None, "code": "500"}}, DONE)
    assert [one.rule for one in check_stream(raw)] == [Rule.SCHEMA]
    assert check_stream(raw, boundary="litellm") == []
