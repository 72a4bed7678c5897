"""An outage under traffic: how requests ended, and which problems are reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hopcheck.client import Response, Stream
from hopcheck.client.responses import SentRequest
from hopcheck.outage.timeline import ANSWERED, CUT, DIRECT, REFUSED, WRONG, Asked, Timeline, outcome_of
from hopcheck_server.relay.errors import error_body

SENT = SentRequest("", "POST", "http://x", (), b"", 0)
COMPLETION = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}
ERROR = error_body("down", 503)
AGAIN = [("Retry-After", "2")]
PAST = [("x-llm-proxy-fallback", "direct")]


def answer_of(
    kind: type[Response], status: int, body: Any, headers: list[tuple[str, str]], ended: str = "complete"
) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    media = "text/event-stream" if raw.startswith(b"data") else "application/json"
    return kind(SENT, status, [("Content-Type", media), *headers], [(1, raw)], ended)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (answer_of(Response, 200, COMPLETION, []), ANSWERED),
        (answer_of(Response, 200, COMPLETION, PAST), DIRECT),
        (answer_of(Response, 200, {"choices": []}, []), WRONG),
        (answer_of(Response, 503, ERROR, AGAIN), REFUSED),
        (answer_of(Stream, 503, ERROR, AGAIN), REFUSED),
        (answer_of(Response, 503, ERROR, []), WRONG),
        (answer_of(Response, 503, {"detail": "no"}, AGAIN), WRONG),
        (answer_of(Response, 502, ERROR, AGAIN), WRONG),
        (answer_of(Response, 200, COMPLETION, [], ended="timeout"), WRONG),
        (answer_of(Stream, 200, b"data: {}\n\ndata: [DONE]\n\n", []), ANSWERED),
        (answer_of(Stream, 200, b"data: {}\n\ndata: [DONE]\n\n", PAST), DIRECT),
        (answer_of(Stream, 200, b"data: {}\n\ndata: " + json.dumps(ERROR).encode() + b"\n\n", []), CUT),
        (answer_of(Stream, 200, b"data: {}\n\n", []), WRONG),
        (answer_of(Stream, 200, b"data: {}\n\n", [], ended="cut"), WRONG),
    ],
)
def test_outcomes(answer: Response, outcome: str) -> None:
    assert outcome_of(answer)[0] == outcome


def timeline(*asked: Asked, **events: float) -> Timeline:
    usual = {"killed": 3.0, "unready": 3.5, "started": 8.0, "back": 20.0, "ready": 20.5}
    return Timeline(asked=list(asked), events={**usual, **events})


def test_nothing_to_complain_about() -> None:
    ordinary = [Asked(at, 0.1, critical=False, streamed=False, outcome=REFUSED) for at in (4.0, 5.0)]
    critical = [Asked(4.0, 0.1, critical=True, streamed=False, outcome=DIRECT)]
    under_way = [Asked(2.9, 0.2, critical=one, streamed=True, outcome=CUT) for one in (True, False)]
    assert timeline(*ordinary, *critical, *under_way).complaints() == []


@pytest.mark.parametrize(
    ("asked", "events", "words"),
    [
        (Asked(4.0, 10.0, False, False, WRONG, "no answer"), {}, "1 requests ended otherwise: no answer"),
        (Asked(4.0, 0.1, True, False, REFUSED), {}, "1 requests for the critical model were not answered"),
        (Asked(4.0, 0.1, True, True, CUT), {}, "1 requests for the critical model were not answered"),
        (Asked(1.0, 0.1, False, False, ANSWERED), {"unready": 5.5}, "the proxy unready 2.50 s later"),
        (Asked(1.0, 0.1, False, False, ANSWERED), {"ready": 23.0}, "the proxy ready 3.00 s later"),
    ],
)
def test_complaints(asked: Asked, events: dict[str, float], words: str) -> None:
    (complaint,) = timeline(asked, **events).complaints()
    assert words in complaint


def test_a_missing_event_is_a_problem() -> None:
    one = timeline()
    del one.events["ready"]
    assert one.complaints() == ["LiteLLM was back, and the proxy ready never later; allowed are 2 s"]
