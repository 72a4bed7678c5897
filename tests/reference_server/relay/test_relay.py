"""The healthy relay's server: many relays by path, and requests that are none of theirs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from hopcheck_server.relay import IncomingRequest, Relay, RelayConfig, RelayedResponse, RelayServer, refuse
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.client import Broken
from hopcheck_server.wire.pool import Origin


class Other(Relay):
    """Refuses everything in its own words."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 403, "other")


class Crashes(Relay):
    """It has a fault of its own."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        raise ZeroDivisionError


async def ask(url: str, target: str, *, key: str = "hopcheck-client-key", method: str = "GET") -> tuple[int, bytes]:
    origin = Origin.of(url)
    connection = await origin.connect()
    try:
        await connection.send(method, target, [("Host", origin.authority), ("Authorization", f"Bearer {key}")])
        head = await connection.head(10)
        return head.status, b"".join([data async for _, data in connection.chunks(10)])
    finally:
        connection.abort()


def serve(relays: dict[str, type[Relay]], target: str, log: Path, **options: str) -> tuple[int, bytes]:
    async def main() -> tuple[int, bytes]:
        async with await Upstream.start() as upstream:
            made = {
                name: relay(RelayConfig(upstream=f"{upstream.url}/v1", log_file=str(log)))
                for name, relay in relays.items()
            }
            async with await RelayServer(made).start() as server:
                return await ask(server.base_url(), target, **options)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/models", 200),
        ("/one/v1/models", 200),
        ("/two/v1/models", 403),
        ("/three/v1/models", 404),
        ("/one", 404),
        ("/one?x=/v1/models", 404),
        ("/v1/models/team%2Fslashed-model", 200),
        ("/health", 200),
        ("http://elsewhere/v1/models", 200),
        ("//[/v1/models", 404),
        ("http://[/v1/models", 404),
    ],
)
def test_relays_are_found_by_path(target: str, status: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert serve({"": Relay, "one": Relay, "two": Other}, target, log)[0] == status
    assert log.read_text().endswith(f" {status}\n")


def test_without_a_relay_at_the_root_other_paths_are_nothing(tmp_path: Path) -> None:
    assert serve({"one": Relay}, "/v1/models", tmp_path / "log") == (404, b"")


def test_a_relay_that_crashes_drops_the_connection(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="cut"):
        serve({"": Crashes}, "/v1/models", tmp_path / "log")


@pytest.mark.parametrize("target", ["//[", "//[/v1/models", "//[/v1/models?x=1"])
def test_a_target_without_a_host_is_answered_with_an_error(target: str, tmp_path: Path) -> None:
    status, body = serve({"": Relay}, target, tmp_path / "log")
    assert status == 404
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


def test_head_and_strangers(tmp_path: Path) -> None:
    assert serve({"": Relay}, "/v1/models", tmp_path / "log", method="HEAD")[0] == 200
    status, body = serve({"": Relay}, "/v1/models", tmp_path / "log", key="sk-stranger")
    assert (status, b"invalid_api_key" in body) == (401, True)
    assert "sk-stranger" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v1/responses/resp_hop12", 200),
        ("GET", "/v1/responses/resp_hop12/input_items?limit=1", 200),
        ("DELETE", "/v1/responses/resp_hop12", 200),
        ("POST", "/v1/responses/resp_hop12/cancel", 200),
        ("GET", "/v1/responses/resp_other", 404),
        ("GET", "/v1/responses/resp_hop12/other", 404),
        ("PUT", "/v1/responses/resp_hop12", 405),
        ("GET", "/v1/responses", 405),
    ],
)
def test_requests_about_stored_responses_are_the_provider_s(
    method: str, target: str, status: int, tmp_path: Path
) -> None:
    assert serve({"": Relay}, target, tmp_path / "log", method=method)[0] == status
