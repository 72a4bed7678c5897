"""An upstream that an official client asks, and the provider's contract for all that passes between them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hopcheck_contracts import sse
from hopcheck_contracts.documents import Provider
from hopcheck_contracts.schemas import validate_event, validate_raw_response, validate_request
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse

sys.path.insert(0, str(Path(__file__).parent))  # in pytest's importlib mode a test's folder is not on the path

from marker_text import MARKER, UNSCRIPTED


def _payloads(sent: SentResponse) -> Iterator[str]:
    """The events, or the lines, of a stream."""
    media_type = next((value for name, value in sent.headers if name.lower() == "content-type"), "")
    if media_type.startswith("text/event-stream"):
        yield from (event.data for event in sse.parse(sent.body))
    elif media_type.startswith("application/x-ndjson"):
        yield from sent.body.decode().splitlines()


def violations(provider: Provider, attempt: Attempt) -> list[str]:
    """What of an exchange isn't as the provider's contract has it."""
    sent = attempt.response
    assert sent is not None
    payload = json.loads(attempt.body) if attempt.body else None
    return [
        *map(str, validate_request(provider, attempt.method, attempt.path, payload)),
        *map(str, validate_raw_response(provider, attempt.method, attempt.path, sent.status, sent.headers, sent.body)),
        *(str(one) for data in _payloads(sent) for one in validate_event(provider, data)),
    ]


@pytest.fixture
def with_client(wire) -> Callable[..., Any]:
    """Lets a client ask an upstream that plays a turn, and holds each exchange to the provider's contract.

    The fixture's value takes the provider, the turn, and a coroutine function that is given the upstream's root URL;
    it gives what that function returns, and the attempts.
    """

    def run(provider: Provider, turn: Any, act: Callable[[str], Awaitable[Any]]) -> tuple[Any, list[Attempt]]:
        async def main(upstream: Any) -> tuple[Any, list[Attempt]]:
            before = asyncio.all_tasks()
            result = await act(f"http://127.0.0.1:{upstream.port}")
            # Clients that end early leave their generators to the loop, which closes them.
            await wire.until(lambda: not upstream.connections and asyncio.all_tasks() <= before)
            marked = [one for marker in (MARKER, UNSCRIPTED) for one in upstream.journal.attempts(marker)]
            return result, [*marked, *upstream.journal.unmarked()]

        result, attempts = wire.serve({"a.b": turn}, main)
        assert attempts
        assert {f"{one.path}: {each}" for one in attempts for each in violations(provider, one)} == set()
        return result, attempts

    return run
