"""Responses that the upstream has stored: asked for by id, with what the API's query has."""

from __future__ import annotations

import httpx2
import pytest
from raw_upstream import UPSTREAM_KEY, RawUpstream, says_json, streams

from .typed_events import ANSWER, EVENTS, RESPONSES

PATH = f"{RESPONSES}/resp_1-a="


@pytest.mark.parametrize("transport", ["raw", "openai"])
@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", PATH, PATH),
        ("GET", f"{PATH}?include[]=a&include[]=b&api_base=x", f"{PATH}?include%5B%5D=a&include%5B%5D=b"),
        ("DELETE", PATH, PATH),
        ("POST", f"{PATH}/cancel", f"{PATH}/cancel"),
        ("GET", f"{PATH}/input_items?limit=2&after=x", f"{PATH}/input_items?limit=2&after=x"),
    ],
)
def test_it_is_asked_for_as_the_client_asks(
    shared_start, upstream: RawUpstream, transport: str, method: str, path: str, sent: str
) -> None:
    client = shared_start(backend="openai", transport=transport)
    upstream.script = says_json(ANSWER[RESPONSES])
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()) == (200, ANSWER[RESPONSES])
    (received,) = upstream.received
    assert (received.method, received.path.replace("=?", "%3D?")) == (method, sent.replace("a=", "a%3D"))
    assert received.values("authorization") == [f"Bearer {UPSTREAM_KEY}"]
    assert received.body == b""


def test_its_events_are_asked_for(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = streams(*EVENTS[RESPONSES])
    assert provider.get(f"{PATH}?stream=true&starting_after=1").content == b"".join(EVENTS[RESPONSES])
    assert upstream.received[0].path.endswith("?stream=true&starting_after=1")


def test_one_that_is_unknown(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json({"error": {"message": "No such response.", "code": "not_found"}}, "404 X")
    answer = provider.get(PATH)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "No such response."


@pytest.mark.parametrize("odd", ["..", "%2E%2E", "a%2Fb", "a%3Fb", "x" * 5000])
def test_an_id_that_could_lead_elsewhere(provider: httpx2.Client, upstream: RawUpstream, odd: str) -> None:
    assert provider.get(httpx2.URL(str(provider.base_url) + f"{RESPONSES}/{odd}")).status_code == 404
    assert upstream.received == []
