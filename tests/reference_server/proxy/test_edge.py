"""Clients without a key: what their heads, connections and bodies may take, on raw sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn

from hopcheck_server.proxy.app import create_app
from hopcheck_server.proxy.edge.limits import MAX_PIPELINED, UnreadTimer
from hopcheck_server.proxy.server import listen, server_options
from hopcheck_server.proxy.settings import Settings

KEY = "sk-edge-key-0123456789"
CHAT = b'{"messages":[{"role":"user","content":"hi"}]}'


@contextmanager
def served(**settings: object) -> Iterator[int]:
    """The mock, on a port."""
    made = Settings(internal_api_key=KEY, mock_delay_s=0, **settings)
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(made), **server_options(made)))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(head_timeout_s=0.3, max_clients=50, max_json_values=1000) as one:
        yield one


@pytest.fixture
def patient() -> Iterator[int]:
    """One that waits for heads for longer than a test takes."""
    with served(head_timeout_s=60, max_clients=50) as one:
        yield one


def answer(port: int, sent: bytes) -> bytes:
    """All that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def post(*fields: bytes, body: bytes = CHAT, version: bytes = b"1.1", host: bytes = b"Host: h") -> bytes:
    own = (b"Authorization: Bearer " + KEY.encode(), b"Content-Type: application/json")
    lines = [b"POST /v1/chat/completions HTTP/" + version, *filter(None, [host]), *own, *fields]
    if not any(b"ransfer" in field for field in fields):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + body


CLOSE = b"Connection: close"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (post(CLOSE), 200),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 200_000, 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-A: b\r\n" * 300 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX-A: ", 408),
        (b"GE", 408),
        (post(CLOSE, host=b""), 400),
        (post(CLOSE, b"Host: other"), 400),
        (post(CLOSE, b"Transfer-Encoding: identity, chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(CHAT), CHAT)), 400),
        (post(CLOSE, body=b'{"model":"a","messages":[{"role":"user","content":"model"}],"model":"b"}'), 400),
        (post(CLOSE, body=b'{"messages":[' + b"[]," * 2000 + b"1]}"), 413),
    ],
)
def test_what_is_too_much_or_odd_is_refused(port: int, sent: bytes, status: int) -> None:
    got = answer(port, sent)
    assert got.startswith(b"HTTP/1.1 %d " % status)
    assert (b'"error"' in got) is (status != 200)


@pytest.mark.parametrize("offer", [b"h2c", b"websocket"])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_upgrade_is_declined_and_the_body_kept(port: int, offer: bytes, chunked: bool) -> None:
    offers = (b"Upgrade: " + offer, b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAAQAAP__")
    framed = post(*offers, b"Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(CHAT), CHAT))
    got = answer(port, (framed if chunked else post(*offers)) + post(CLOSE))
    assert got.count(b"HTTP/1.1 200 OK") == 2


def test_a_client_of_http_1_0_gets_no_chunks(port: int) -> None:
    stream = CHAT[:-1] + b',"stream":true}'
    head, _, body = answer(port, post(body=stream, version=b"1.0", host=b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"transfer-encoding" not in head
    assert body.startswith(b"data: ")
    assert body.endswith(b"data: [DONE]\n\n")


@contextmanager
def held(port: int, sent: bytes, number: int = 50) -> Iterator[list[socket.socket]]:
    """As many connections as there may be, on each of which this was sent."""
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in range(number)]
        for connection in opened:
            connection.sendall(sent)
        yield opened


def test_silent_connections_are_closed(port: int) -> None:
    with held(port, b"") as idle:
        assert [one.recv(100) for one in idle] == [b""] * 50


@pytest.mark.parametrize(("sent", "farewell"), [(b"", b""), (b"GET / HTTP/1.1\r\nX-A: ", b"HTTP/1.1 503 ")])
def test_a_connection_that_says_nothing_gives_way(patient: int, sent: bytes, farewell: bytes) -> None:
    with held(patient, sent) as silent:
        assert answer(patient, post(CLOSE)).startswith(b"HTTP/1.1 200 ")
        assert silent[0].recv(13) == farewell


def test_more_requests_than_there_may_be_connections_are_refused(patient: int) -> None:
    with held(patient, post()[:-1], 49), socket.create_connection(("127.0.0.1", patient), timeout=20) as last:
        last.sendall(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")
        assert last.recv(13) == b"HTTP/1.1 200 "  # so the heads before it have been read
        refused = answer(patient, post(CLOSE))
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b'"overloaded"' in refused


@pytest.mark.parametrize("asked", [b"GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n", post()])
def test_requests_that_wait_behind_others_are_bounded(patient: int, asked: bytes) -> None:
    *_, last = got = answer(patient, asked * 100).split(b"HTTP/1.1 ")[1:]
    assert len(got) == MAX_PIPELINED + 1
    assert {one[:3] for one in got} == ({b"200"} if b"POST" in asked else {b"401"})
    assert b"connection: close" in last


def test_requests_that_wait_behind_others_are_all_served(patient: int) -> None:
    got = answer(patient, post() * MAX_PIPELINED + post(CLOSE))
    assert got.count(b"HTTP/1.1 200 ") == MAX_PIPELINED + 1


@pytest.mark.parametrize(
    ("waiting", "is_aborted"), [([9, 9], True), ([9, 8, 8, 8], True), ([9, 8, 8, 0, 0], False), ([0], False)]
)
def test_what_waits_for_a_client_has_its_time(waiting: list[int], is_aborted: bool) -> None:
    """The timer looks when it starts, when it ends, and when it starts again."""

    class Waiting(asyncio.Transport):
        aborted = False

        def get_write_buffer_size(self) -> int:
            size = waiting.pop(0)
            if not waiting:
                looked.set()
            return size

        def abort(self) -> None:
            self.aborted = True

    async def wait() -> None:
        UnreadTimer(transport, 0.001).start()
        await looked.wait()

    looked, transport = asyncio.Event(), Waiting()
    asyncio.run(wait())
    assert transport.aborted is is_aborted
