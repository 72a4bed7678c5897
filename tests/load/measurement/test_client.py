"""The measuring client, against servers that send given bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from hopcheck_load.measurement.client import ExchangeFailed, MeasuringConnection, ResponseBounds
from hopcheck_server.wire.pool import Origin

REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Test: Yes\r\n\r\nhi"
BOUNDS = ResponseBounds(silence_s=20.0, total_s=20.0)


@contextmanager
def server(*connections: Sequence[bytes]) -> Iterator[MeasuringConnection]:
    """Answer requests, connection by connection; an empty response closes instead."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(BOUNDS.silence_s)

        def serve() -> None:
            for responses in connections:
                peer, _ = listening.accept()
                with peer:
                    for response in responses:
                        peer.recv(65536)
                        peer.sendall(response)

        thread = threading.Thread(target=serve)
        thread.start()
        connection = MeasuringConnection(Origin.of(f"http://127.0.0.1:{listening.getsockname()[1]}"), BOUNDS)
        try:
            yield connection
        finally:
            connection.close()
            thread.join(BOUNDS.silence_s)


def ask(connection: MeasuringConnection):
    connection.connect()
    return connection.exchange(REQUEST)


def test_one_connection_for_all():
    with server([OK, OK, OK]) as connection:
        responses = [ask(connection) for _ in range(3)]
        assert connection.opened == 1
    assert [response.body for response in responses] == [b"hi"] * 3
    assert responses[0].headers["x-test"] == "Yes"
    assert all(one.sent_ns <= one.head_ns <= one.done_ns for one in responses)


def test_a_connection_that_the_server_closes_is_made_anew():
    closing = OK.replace(b"X-Test: Yes", b"Connection: close")
    with server([closing], [OK]) as connection:
        assert [ask(connection).body, ask(connection).body] == [b"hi", b"hi"]
        assert connection.opened == 2


def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    with server([OK], [OK]) as connection:
        ask(connection)
        peeked = connection._socket
        peeked.recv(1, socket.MSG_PEEK)  # until the server has closed
        assert ask(connection).body == b"hi"
        assert connection.opened == 2


def test_chunks_of_one_read_came_together():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    with server([chunked]) as connection:
        response = ask(connection)
    assert response.body == b"abcde"
    assert len(response.reads) <= 2


def test_interim_responses_are_skipped():
    with server([b"HTTP/1.1 100 Continue\r\n\r\n" + OK]) as connection:
        response = ask(connection)
    assert (response.status, response.body) == (200, b"hi")


@pytest.mark.parametrize(
    "response", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", b"\x16\x03\x01 this is not HTTP\r\n\r\n"]
)
def test_incomplete_responses_fail(response):
    with server([response]) as connection, pytest.raises(ExchangeFailed):
        ask(connection)


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc", "another protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 3_000, "more than 2000 header fields"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3_000, "more than 2000 header fields"),
    ],
)
def test_what_is_no_response_or_too_much_of_one_fails(response, sentence):
    with server([response]) as connection, pytest.raises(ExchangeFailed, match=sentence):
        ask(connection)


def test_a_response_that_does_not_end_in_time_fails():
    in_no_time = ResponseBounds(silence_s=20.0, total_s=0.0)
    with server([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"]) as connection:
        connection._bounds = in_no_time
        with pytest.raises(ExchangeFailed, match="had not ended after 0 s"):
            ask(connection)


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ExchangeFailed, match="no connection"):
        MeasuringConnection(Origin.of(f"http://127.0.0.1:{port}"), BOUNDS).connect()
