"""Who may control the upstream over HTTP, and what it says to what it refuses."""

from __future__ import annotations

import asyncio

import pytest

from hopcheck_server.upstream.control.access import TOKEN_HEADER, ControlAccess, token_for
from hopcheck_server.upstream.control.client import ControlFailed, RemoteControl, probe
from hopcheck_server.upstream.control.routes import serve_control
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import Server, ServerExchange

MARKER = "hopcheck:a.b~~chat:1"


def test_control_is_not_journalled(wire):
    async def act(upstream):
        control = RemoteControl(upstream.url)
        await control.attempts(MARKER)
        await control.aclose()
        return upstream.journal.unmarked()

    assert wire.serve({}, act) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost"}, 200),
        ({"host": "[::1]:9100"}, 200),
        ({"host": "rebound.example:9100"}, 403),
        ({"host": "127.0.0.1.example"}, 403),
        ({"host": ""}, 403),
        ({"Origin": "http://rebound.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({TOKEN_HEADER: ""}, 403),
        ({TOKEN_HEADER: "another"}, 403),
    ],
)
def test_control_is_for_programs_that_know_the_token(wire, headers, status):
    async def act(upstream):
        shown = {TOKEN_HEADER: token_for(Origin.of(upstream.url))} | headers
        return await wire.ask(upstream, method="GET", path="/_hopcheck/unmarked", headers=shown)

    got = wire.serve({}, act)
    assert got.status == status
    assert set(got.json) == ({"attempts"} if status == 200 else {"error"})
    assert "access-control-allow-origin" not in got.headers


@pytest.mark.parametrize(("open_control", "status"), [(False, 403), (True, 200)])
def test_peers_from_other_hosts_may_not_control(wire, monkeypatch, open_control, status):
    monkeypatch.setattr(ServerExchange, "is_local", property(lambda _: False))

    async def act(upstream):
        access = ControlAccess(open_control=open_control)

        async def handle(exchange):
            await serve_control(upstream, exchange, access)

        async with await Server(handle).start() as server:
            shown = {TOKEN_HEADER: access.token, "host": "upstream:9100"}
            return (await wire.ask(server, method="GET", path="/_hopcheck/unmarked", headers=shown)).status

    assert wire.serve({}, act) == status


def test_the_token_is_the_owners_alone_and_goes_with_the_server(wire, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    async def act(upstream):
        (file,) = (tmp_path / "hopcheck" / "control").iterdir()
        assert file.name == str(upstream.port)
        return file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777

    assert wire.serve({}, act) == (0o600, 0o700)
    assert not list((tmp_path / "hopcheck" / "control").iterdir())


def test_both_sides_can_be_given_a_token(wire, monkeypatch, tmp_path):
    monkeypatch.setenv("HOPCHECK_CONTROL_TOKEN", "given-to-both")

    async def act(upstream):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        control = RemoteControl(upstream.url)
        try:
            return await control.unmarked(0)
        finally:
            await control.aclose()

    assert wire.serve({}, act) == []


@pytest.mark.parametrize(
    ("method", "path", "payload", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "scripts", {}, 404),
        ("PUT", "scripts", b"[", 400),
        ("PUT", "scripts", {"a": {"turns": 1}}, 400),
        ("GET", "journal/x?timeout_s=soon", None, 400),
        ("GET", "health", None, 200),
    ],
)
def test_what_control_says(wire, method, path, payload, status):
    async def act(upstream):
        shown = {TOKEN_HEADER: token_for(Origin.of(upstream.url))}
        return await wire.ask(upstream, payload, method=method, path=f"/_hopcheck/{path}", headers=shown)

    got = wire.serve({}, act)
    assert got.status == status
    assert set(got.json) == ({"hopcheck", "opened"} if status == 200 else {"error"})


def test_an_upstream_that_is_gone_is_an_error_of_its_own(wire):
    async def act(upstream):
        await upstream.aclose()
        with pytest.raises(ControlFailed, match=str(upstream.port)):
            await RemoteControl(upstream.url).attempts(MARKER)
        return True

    assert wire.serve({}, act)


def test_something_else_in_its_place_is_an_error_too():
    async def main():
        serving = []

        async def serve(reader, writer):
            serving.append(asyncio.current_task())
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            control = RemoteControl(f"http://127.0.0.1:{port}")
            with pytest.raises(ControlFailed):
                await control.attempts(MARKER)
            await control.aclose()
            seen = await probe(port)
            await asyncio.gather(*serving)
            return seen

    assert asyncio.run(main()) == "other"


def test_probing(wire):
    async def act(upstream):
        ours = await probe(upstream.port)
        await upstream.aclose()
        return ours, await probe(upstream.port)

    assert wire.serve({}, act) == ("ours", "free")
