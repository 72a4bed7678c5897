"""Several clients: keys that are hashes at rest, change without a restart, and stand for upstream keys."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from raw_upstream import (
    CHAT,
    COMPLETION,
    DONE,
    KEY,
    ROLE,
    STOP,
    STREAM,
    UPSTREAM_KEY,
    RawUpstream,
    says_json,
    streams,
)

from hopcheck.cli import main
from hopcheck_server.proxy import ProxySettingsError, load_settings
from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, Call
from hopcheck_server.proxy.adapters.failover.direct import DirectProvider
from hopcheck_server.proxy.adapters.mock.adapter import MockAdapter
from hopcheck_server.proxy.client_keys import Client, parse_clients
from hopcheck_server.proxy.settings import clients_of
from hopcheck_server.proxy.surfaces import surface

PATH = "/v1/chat/completions"
SEARCH, BILLING = "search-key-canary-1", "billing-key-canary-2"
VIRTUAL = "virtual-key-canary-3"


def line(name: str, key: str, source: str = "") -> str:
    return f"{name} {hashlib.sha256(key.encode()).hexdigest()} {source}".strip()


@pytest.fixture
def keys_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("hopcheck_server.proxy.client_keys.LOOK_S", -1)
    (tmp_path / "virtual").write_text(f"{VIRTUAL}\n")
    path = tmp_path / "clients.keys"
    path.write_text("\n".join(["# who", line("search", SEARCH, f"{tmp_path}/virtual"), "", line("billing", BILLING)]))
    return path


@pytest.fixture
def as_client(start: Any, keys_file: Path) -> Callable[[str, dict[str, Any]], httpx2.Response]:
    client = start(client_keys_file=keys_file)

    def post(key: str, body: dict[str, Any] = CHAT) -> httpx2.Response:
        answer: httpx2.Response = client.post(PATH, json=body, headers={"authorization": f"Bearer {key}"})
        return answer

    post.client = client  # type: ignore[attr-defined]
    return post


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])
def test_each_client_has_its_upstream_key(as_client: Any, upstream: RawUpstream, body: dict[str, Any]) -> None:
    upstream.script = streams(ROLE, STOP, DONE) if body is STREAM else says_json(COMPLETION)
    assert [as_client(key, body).status_code for key in (SEARCH, BILLING, KEY, "nobody")] == [200, 200, 200, 401]
    sent = [received.values("authorization") for received in upstream.received]
    assert sent == [[f"Bearer {VIRTUAL}"], [f"Bearer {UPSTREAM_KEY}"], [f"Bearer {UPSTREAM_KEY}"]]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/m", "/v1/llm/models"])
def test_lists_are_those_of_the_clients_key(as_client: Any, upstream: RawUpstream, path: str) -> None:
    upstream.script = says_json({"object": "list", "data": [{"id": "m", "object": "model", "created": 1}]})
    assert as_client.client.get(path, headers={"authorization": f"Bearer {SEARCH}"}).status_code == 200
    assert {value for one in upstream.received for value in one.values("authorization")} == {f"Bearer {VIRTUAL}"}


def test_keys_change_without_a_restart(as_client: Any, upstream: RawUpstream, keys_file: Path) -> None:
    upstream.script = says_json(COMPLETION)
    both = keys_file.read_text()
    keys_file.write_text(f"{both}\n{line('search', 'the-new-key')}")
    assert [as_client(key).status_code for key in (SEARCH, "the-new-key")] == [200, 200]
    keys_file.write_text(line("search", "the-new-key"))
    assert [as_client(key).status_code for key in (SEARCH, "the-new-key", KEY)] == [401, 200, 200]


@pytest.mark.parametrize("wrong", ["search", "search 12ab", f"{line('a', 'b')} $NOT_SET_ANYWHERE", None])
def test_a_file_with_a_mistake_changes_nothing(
    as_client: Any, upstream: RawUpstream, keys_file: Path, wrong: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.script = says_json(COMPLETION)
    if wrong is None:
        keys_file.unlink()
    else:
        keys_file.write_text(wrong)
    assert [as_client(key).status_code for key in (SEARCH, "nobody")] == [200, 401]
    assert "The clients' keys stay as they were." in caplog.text
    assert "canary" not in caplog.text


def test_an_echoed_upstream_key_is_masked(as_client: Any, upstream: RawUpstream) -> None:
    upstream.script = says_json(
        {"error": {"message": f"no budget for {VIRTUAL}", "type": "x"}}, "429 Too Many Requests"
    )
    answer = as_client(SEARCH)
    assert answer.status_code == 429
    assert VIRTUAL not in answer.text


def test_metrics_name_the_client(as_client: Any, upstream: RawUpstream) -> None:
    upstream.script = says_json(COMPLETION)
    as_client(SEARCH)
    assert 'llm_proxy_client_requests_total{client="search",status="200"} 1.0' in as_client.client.get("/metrics").text


def test_the_direct_provider_never_gets_the_upstream_key() -> None:
    asked: list[Call] = []

    class Provider(MockAdapter):
        async def answer(self, call: Call) -> AdapterResponse | AdapterStream:
            asked.append(call)
            return await super().answer(call)

    direct = DirectProvider(Provider(load_settings()), {"m": "m"}, ["chat"])
    asyncio.run(direct.answer(Call(surface.CHAT, "/v1/chat/completions", json.dumps(CHAT).encode(), CHAT, {}, VIRTUAL)))
    assert [call.key for call in asked] == [None]


def test_clients_alone_are_enough() -> None:
    keys = clients_of(load_settings(llm_mode="litellm", internal_api_key="", client_keys=line("a", SEARCH)))
    assert keys.find(SEARCH.encode()) == Client("a")
    assert keys.find(b"") is None


def test_the_mistakes_of_the_settings_quote_no_key(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for given in (
        {"client_keys": "a"},
        {"client_keys": line("a", "b", f"{tmp_path}/empty")},
        {"client_keys_file": tmp_path / "none"},
    ):
        with pytest.raises(ProxySettingsError) as caught:
            load_settings(**given)
        assert len(caught.value.mistakes) == 1


def test_a_new_key_and_its_line_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--new-key", "search"]) == 0
    key, made = (text.rpartition(": ")[2] for text in capsys.readouterr().out.splitlines())
    clients = parse_clients([made])
    assert clients == {hashlib.sha256(key.encode()).digest(): Client("search")}
