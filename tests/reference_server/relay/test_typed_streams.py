"""Streams of typed events end with their own last event, and what breaks them shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay import Failure
from hopcheck_server.relay.surfaces import responses_surface
from hopcheck_server.relay.surfaces.typed_streams import checked


def passed(*events: Event) -> tuple[list[Event], Failure | None]:
    """What is passed on, and the failure that it ends in."""
    got: list[Event] = []

    async def given() -> AsyncIterator[Event]:
        for event in events:
            yield event

    async def main() -> Failure | None:
        try:
            async for event in checked(given()):
                got.append(event)  # noqa: PERF401  (what came before a failure counts)
        except Failure as failure:
            return failure
        return None

    return got, asyncio.run(main())


def typed(kind: str, **fields: Any) -> Event:
    return event_of({"type": kind, **fields}, kind)


@pytest.mark.parametrize("last", ["message_stop", "response.completed", "response.incomplete", "error"])
def test_nothing_follows_what_ends_a_stream(last: str) -> None:
    events = typed("ping"), typed(last)
    got, failure = passed(*events, event_of("[DONE]"))
    assert (tuple(got), failure) == (events, None)


def test_comments_pass_and_events_are_named() -> None:
    comment = Event(b": hello\n\n", comments=("hello",))
    nameless = event_of({"type": "message_stop"})
    got, _ = passed(comment, Event(b"\n", data=""), nameless)
    assert got == [comment, typed("message_stop")]


@pytest.mark.parametrize("event", [event_of("no JSON"), event_of([1]), event_of({"no": "type"})])
def test_what_is_malformed_is_a_failure(event: Event) -> None:
    assert passed(event)[1].kind == "garbled"  # type: ignore[union-attr]


def test_an_early_end_is_a_failure_that_has_the_next_number() -> None:
    got, failure = passed(typed("response.created", sequence_number=4), typed("response.in_progress"))
    assert failure is not None
    assert (len(got), failure.kind, failure.next_number) == (2, "cut", 6)
    ending = responses_surface.error_event("It broke.", "stream_broken", failure.next_number)
    assert json.loads(ending.data or "") == {
        "type": "error", "sequence_number": 6, "code": "stream_broken", "message": "It broke.", "param": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"type": "response.failed", "response": {"error": {"message": "x"}}}, {"message": "x"}),
        ({"type": "response.failed"}, {"message": "The response failed."}),
        ({"type": "error", "message": "x", "code": "y"}, {"message": "x", "code": "y", "param": None}),
        ({"type": "error", "error": {"message": "x"}}, {"message": "x", "code": None, "param": None}),
        ({"type": "response.created"}, None),
    ],
)
def test_the_error_of_an_event(payload: Any, error: Any) -> None:
    assert responses_surface.error_of(payload) == error
