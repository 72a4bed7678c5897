"""Streams of the Responses and of the Messages surface: good ones pass, broken ones are refused for their rule."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import message_streams
import pytest
import response_streams

from hopcheck_contracts.grammar import messages, responses
from hopcheck_contracts.grammar.stream_reader import Breach
from hopcheck_contracts.sse import EventParser

Check = Callable[[bytes], list[Breach]]

GOOD = [
    pytest.param(check, raw, id=f"{surface}-{name}")
    for surface, check, streams in (
        ("messages", messages.check_stream, message_streams.GOOD),
        ("responses", responses.check_stream, response_streams.GOOD),
    )
    for name, raw in streams.items()
]
BROKEN_MESSAGES = [
    pytest.param(messages.check_stream, rule, raw, id=f"messages-{name}")
    for name, (rule, raw) in message_streams.BROKEN.items()
]
BROKEN_RESPONSES = [
    pytest.param(responses.check_stream, rule, raw, id=f"responses-{name}")
    for name, (rule, raw) in response_streams.BROKEN.items()
]


def test_every_rule_is_broken_by_a_stream() -> None:
    assert {rule for rule, _ in message_streams.BROKEN.values()} == set(messages.MessageRule)
    assert {rule for rule, _ in response_streams.BROKEN.values()} == set(responses.ResponseRule)


def test_there_are_forty_of_each() -> None:
    for module in (message_streams, response_streams):
        assert len(set(module.GOOD.values())) >= 40
        assert len({raw for _, raw in module.BROKEN.values()}) >= 40


@pytest.mark.parametrize(("check", "raw"), GOOD)
def test_good(check: Check, raw: bytes) -> None:
    assert check(raw) == []


@pytest.mark.parametrize(("check", "rule", "raw"), [*BROKEN_MESSAGES, *BROKEN_RESPONSES])
def test_broken(check: Check, rule: StrEnum, raw: bytes) -> None:
    breaches = check(raw)
    assert breaches
    assert breaches[0].rule == rule, list(map(str, breaches))
    assert all(len(str(one)) < 300 for one in breaches)


@pytest.mark.parametrize("size", [1, 7])
def test_read_piece_by_piece(size: int) -> None:
    for check, raw in (
        (messages.check_events, message_streams.GOOD["comments"]),
        (responses.check_events, response_streams.GOOD["comments"]),
    ):
        parser = EventParser()
        events = [event for at in range(0, len(raw), size) for event in parser.feed(raw[at : at + size])]
        assert check(events) == []
