"""Metrics and the log: what they count, and that they hold no contents, no keys and no names that clients choose."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from raw_upstream import (
    CHAT,
    COMPLETION,
    DONE,
    HELLO,
    KEY,
    ROLE,
    STOP,
    STREAM,
    STREAM_HEAD,
    UPSTREAM_KEY,
    RawUpstream,
    Turn,
    ask,
    frame,
    says_json,
    streams,
)

from hopcheck_server.proxy import create_app, load_settings
from hopcheck_server.proxy.telemetry.kinds import OWN_KINDS, ROUTES
from hopcheck_server.proxy.telemetry.log import JSONFormatter
from hopcheck_server.proxy.telemetry.metrics import ADDED_S

CHATS = "/v1/chat/completions"
CANARY = "canary-0b7d"

Samples = dict[tuple[str, ...], float]


def samples(client: httpx2.Client) -> Samples:
    """Every sample, by its name, its route, and the values of its other labels."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {named(one.name, dict(one.labels)): one.value for family in families for one in family.samples}


def named(name: str, labels: dict[str, str]) -> tuple[str, ...]:
    return (name, *([labels.pop("route")] if "route" in labels else []), *labels.values())


def risen(before: Samples, after: Samples, *names: str) -> dict[tuple[str, ...], float]:
    """What has grown of some metrics; of a histogram its count. `/metrics` itself isn't looked at."""
    wanted = [name.removesuffix("_count") for name in names]
    grown = {at: value - before.get(at, 0.0) for at, value in after.items() if value > before.get(at, 0.0)}
    return {
        (name.removesuffix("_count"), *labels): rise
        for (name, *labels), rise in grown.items()
        if name.removesuffix("_count") in wanted and labels[0] != "/metrics"
    }


EVENTS = ("llm_proxy_requests_total", "llm_proxy_errors_total", "llm_proxy_cancelled_total")
TIMES = tuple(f"llm_proxy_{name}_seconds" for name in ("request", "upstream", "time_to_first_token", "added"))


def test_an_answer_is_counted_and_timed(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(COMPLETION)
    before = samples(litellm)
    litellm.post(CHATS, json=CHAT)
    assert risen(before, samples(litellm), *EVENTS, *TIMES) == {
        ("llm_proxy_requests_total", CHATS, "200"): 1,
        ("llm_proxy_request_seconds", CHATS): 1,
        ("llm_proxy_upstream_seconds", CHATS): 1,
        ("llm_proxy_added_seconds", CHATS): 1,
    }


def test_a_stream_has_a_first_token(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = streams(ROLE, HELLO, STOP, DONE)
    before = samples(litellm)
    litellm.post(CHATS, json=STREAM)
    grown = risen(before, samples(litellm), *TIMES)
    assert {name for name, _ in grown} == set(TIMES)
    assert set(grown.values()) == {1}


def test_what_was_waited_for_is_not_what_was_added(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    """The sums fit into each other: a request takes what the upstream takes, and what the proxy adds."""
    upstream.script = says_json(COMPLETION)
    before = samples(litellm)
    litellm.post(CHATS, json=CHAT)
    after = samples(litellm)
    took = {name: after[f"{name}_sum", CHATS] - before.get((f"{name}_sum", CHATS), 0.0) for name in TIMES}
    assert took["llm_proxy_upstream_seconds"] > 0
    assert took["llm_proxy_added_seconds"] > 0
    both = took["llm_proxy_upstream_seconds"] + took["llm_proxy_added_seconds"]
    assert both <= took["llm_proxy_request_seconds"] + 1e-9


async def cut(turn: Turn) -> None:
    turn.reset()


@pytest.mark.parametrize(
    ("script", "body", "status", "kind"),
    [
        (says_json({"error": {"message": "x", "code": CANARY}}, "429 X"), CHAT, "429", "rate_limited"),
        (says_json({"error": {"message": "x", "code": CANARY}}, "500 X"), CHAT, "500", "upstream_error"),
        (says_json({"error": {"message": "x", "code": CANARY}}, "404 X"), CHAT, "404", "refused"),
        (says_json({}, "401 X"), CHAT, "502", "upstream_auth_error"),
        (cut, CHAT, "502", "upstream_cut"),
        (streams(ROLE, HELLO), STREAM, "200", "upstream_cut"),
        (says_json(COMPLETION), {**CHAT, "api_base": CANARY}, "400", "refused"),
    ],
)
def test_errors_are_counted_by_kind(
    litellm: httpx2.Client, upstream: RawUpstream, script: Any, body: dict[str, Any], status: str, kind: str
) -> None:
    upstream.script = script
    before = samples(litellm)
    litellm.post(CHATS, json=body)
    assert risen(before, samples(litellm), *EVENTS) == {
        ("llm_proxy_requests_total", CHATS, status): 1,
        ("llm_proxy_errors_total", CHATS, kind): 1,
    }


def test_who_hangs_up_is_counted(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    async def begins(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + frame(ROLE))
        await turn.until_hangup()

    upstream.script = begins
    before = samples(litellm)
    with ask(litellm, STREAM) as connection:
        connection.recv(1)
        assert samples(litellm)["llm_proxy_requests_in_flight", CHATS] == 1
    assert upstream.hung_up.wait(10)
    while samples(litellm)["llm_proxy_requests_in_flight", CHATS]:
        pass
    grown = risen(before, samples(litellm), *EVENTS)
    assert grown == {("llm_proxy_requests_total", CHATS, "200"): 1, ("llm_proxy_cancelled_total", CHATS): 1}


def test_no_label_is_a_clients_to_choose(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json({**COMPLETION, "id": CANARY})
    litellm.post(CHATS, json={**CHAT, "model": CANARY, "user": CANARY, "metadata": {"a": CANARY}})
    litellm.get(f"/v1/models/{CANARY}")
    litellm.get(f"/{CANARY}")
    litellm.request(CANARY.upper(), "/v1/models", headers={"x-request-id": CANARY})
    text = litellm.get("/metrics").text
    assert CANARY not in text.lower()
    by_route = [at for at in samples(litellm) if at[0].startswith("llm_proxy_") and "_client_" not in at[0]]
    routes = {at[1] for at in by_route if len(at) > 1}
    assert routes == set(ROUTES)
    words = OWN_KINDS | {"rate_limited", "refused", "upstream_error"}
    errors = [at for at in samples(litellm) if at[0] == "llm_proxy_errors_total"]
    assert {at[2] for at in errors} <= words


@pytest.mark.parametrize(("who", "statuses"), [("key", (401, 200)), ("open", (200, 200)), ("off", (401, 404))])
def test_who_may_read_them(who: str, statuses: tuple[int, int]) -> None:
    app = create_app(load_settings(metrics=who, internal_api_key=KEY))

    async def ask_twice() -> tuple[int, int]:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://proxy") as client:
            with_key = await client.get("/metrics", headers={"authorization": f"Bearer {KEY}"})
            return (await client.get("/metrics")).status_code, with_key.status_code

    assert asyncio.run(ask_twice()) == statuses


def test_the_docs_name_every_metric(litellm: httpx2.Client) -> None:
    page = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(llm_proxy_\w+)`", page, re.MULTILINE))
    kinds = re.findall(r"^# TYPE (llm_proxy_\w+) ", litellm.get("/metrics").text, re.MULTILINE)
    assert named == {name for name in kinds if not name.endswith("_created")}


def test_buckets_of_what_is_added() -> None:
    assert (ADDED_S[0], ADDED_S[-1]) == (0.00005, 1.0)
    assert list(ADDED_S) == sorted(ADDED_S)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the proxy logs, in JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger("hopcheck.proxy")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield written
    logger.setLevel(level)
    logger.removeHandler(handler)


def lines(log: io.StringIO, client: httpx2.Client) -> list[dict[str, Any]]:
    client.get("/health/live", headers={"x-request-id": "the-last-one"})
    while '"the-last-one"' not in log.getvalue():
        client.get("/health/live")
    return [
        json.loads(line) for line in log.getvalue().splitlines() if '"/health/' not in line and '"/metrics"' not in line
    ]


def test_a_line_for_each_request(litellm: httpx2.Client, upstream: RawUpstream, log: io.StringIO) -> None:
    upstream.script = streams(ROLE, HELLO, STOP, DONE)
    litellm.post(CHATS, json=STREAM, headers={"x-request-id": "the-id"})
    upstream.script = says_json({}, "500 X")
    litellm.post(CHATS, json=CHAT)
    stream, failed = lines(log, litellm)
    assert (stream["request_id"], stream["method"], stream["path"]) == ("the-id", "POST", CHATS)
    assert (stream["status"], stream["stream"], stream["level"]) == (200, True, "info")
    assert stream["duration_ms"] >= stream["upstream_ms"] > 0
    assert stream["added_ms"] > 0
    assert (failed["status"], failed["error"]) == (500, "upstream_error")


def test_no_line_holds_contents_or_keys(litellm: httpx2.Client, upstream: RawUpstream, log: io.StringIO) -> None:
    message = {"role": "user", "content": CANARY}
    upstream.script = says_json({"error": {"message": f"{CANARY} {UPSTREAM_KEY} {KEY}"}}, "500 X")
    litellm.post(CHATS, json={**CHAT, "messages": [message], "user": CANARY}, params={"key": KEY})
    litellm.get(f"/v1/models/{CANARY}")
    litellm.get(f"/v2/{KEY}/sk-{CANARY}")
    assert [line["path"] for line in lines(log, litellm)][-1] == "'/v2/[redacted]/[redacted]'"
    assert not [word for word in (CANARY, UPSTREAM_KEY, KEY) if word in log.getvalue()]


def test_an_exceptions_text_stays_out(log: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("hopcheck.proxy").exception("It failed.")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    line = next(line for line in lines if line["message"] == "It failed.")  # other proxies may say something meanwhile
    assert line["exception"] == "ValueError"
    assert "test_telemetry" in line["at"]
    assert CANARY not in log.getvalue()
