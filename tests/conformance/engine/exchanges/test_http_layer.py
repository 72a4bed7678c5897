"""What a server's HTTP layer says for itself is no answer of the API's; what the API says is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hopcheck.client import Response
from hopcheck.client.config import Declares
from hopcheck.client.responses import SentRequest
from hopcheck.engine.wire_contracts import RESPONSE, judge_exchanges
from hopcheck.engine.wire_origins import WireEvidence
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse

CHAT = "/v1/chat/completions"
MARKER = "hopcheck:a.b~~chat:1"
HTML, PLAIN, JSON = "text/html", "text/plain", "application/json"
LARGE_HEAD = (("X-Large", "x" * 9000),)


def responded(
    status: int, media_type: str, *, path: str = CHAT, method: str = "POST", headers: Any = (), marker: str = MARKER
) -> Response:
    sent = SentRequest(marker, method, f"http://h{path}", headers, b"{", 0)
    body = b'{"detail": "No."}' if media_type == JSON else b"<h1>No.</h1>"
    return Response(sent, status, [("Content-Type", media_type)], [(1, body)], "complete")


def attempt(status: int) -> Attempt:
    sent = SentResponse(status, [("content-type", JSON)], b'{"error": {"message": "No.", "type": "x"}}')
    return Attempt(MARKER, "a.b", 1, "m", "POST", CHAT, [], b"{}", 1, 1, response=sent)


def judged(response: Response, attempts: Any = (), **declares: Any) -> bool:
    """Whether a response was held to the contract, by which it is wrong."""
    evidence = WireEvidence([response], list(attempts), declares=Declares(**declares))
    judgement = asyncio.run(judge_exchanges(evidence))
    return any(one.check == RESPONSE for one in judgement.occurrences)


@pytest.mark.parametrize("status", [413, 414, 431, 502, 503, 504])
@pytest.mark.parametrize("media_type", [HTML, PLAIN, ""])
def test_refusals_for_size_and_gateway_pages_are_the_http_layers(status: int, media_type: str) -> None:
    assert not judged(responded(status, media_type))


@pytest.mark.parametrize("status", [400, 413, 431, 502])
def test_what_is_json_is_the_apis(status: int) -> None:
    assert judged(responded(status, JSON, headers=LARGE_HEAD))


def test_a_plain_400_is_the_http_layers_where_the_head_was_large() -> None:
    assert not judged(responded(400, PLAIN, headers=LARGE_HEAD))
    assert judged(responded(400, PLAIN))


@pytest.mark.parametrize("status", [401, 404, 422, 500])
def test_other_errors_are_the_apis_whatever_they_are_written_in(status: int) -> None:
    assert judged(responded(status, HTML))


def test_a_page_after_the_provider_was_asked_is_the_gateways_own() -> None:
    assert judged(responded(502, HTML), [attempt(500)])


@pytest.mark.parametrize(
    ("method", "path", "declares", "held"),
    [
        ("GET", "/v1/models", {}, True),
        ("GET", "/v1/models", {"models": False}, False),
        ("POST", "/v1/embeddings", {"embeddings": True}, True),
        ("POST", "/v1/embeddings", {}, False),
        ("OPTIONS", CHAT, {}, False),
        ("GET", "/v1/health", {}, False),
        ("GET", "/v1/hopcheck/nowhere", {}, False),
    ],
)
def test_a_404_owes_an_error_object_where_the_target_serves_it(
    method: str, path: str, declares: Any, held: bool
) -> None:
    assert judged(responded(404, PLAIN, method=method, path=path), **declares) is held


def test_a_byte_proxy_is_not_held_to_what_it_says_for_itself() -> None:
    assert not judged(responded(500, HTML), transparent=True)
    assert not judged(responded(502, HTML), [attempt(502)], transparent=True)


def test_a_byte_proxy_is_held_to_what_it_made_of_an_answer() -> None:
    assert judged(responded(500, JSON), [attempt(500)], transparent=True)
