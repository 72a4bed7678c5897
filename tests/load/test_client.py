"""The measuring client, against servers that answer byte by byte what the test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from hopcheck_load.measurement.client import ExchangeFailed, MeasuringConnection
from hopcheck_server.wire.pool import Origin

REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Said: Yes\r\n\r\nhi"
READ_TIMEOUT_S = 20.0


@contextmanager
def server(*connections: Sequence[bytes]) -> Iterator[MeasuringConnection]:
    """Answer requests, connection by connection; an empty answer closes instead."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(READ_TIMEOUT_S)

        def serve() -> None:
            for answers in connections:
                peer, _ = listening.accept()
                with peer:
                    for answer in answers:
                        peer.recv(65536)
                        peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        line = MeasuringConnection(Origin.of(f"http://127.0.0.1:{listening.getsockname()[1]}"), READ_TIMEOUT_S)
        try:
            yield line
        finally:
            line.close()
            thread.join(READ_TIMEOUT_S)


def ask(line: MeasuringConnection):
    line.connect()
    return line.exchange(REQUEST)


def test_one_connection_for_all():
    with server([OK, OK, OK]) as line:
        answers = [ask(line) for _ in range(3)]
        assert line.opened == 1
    assert [answer.body for answer in answers] == [b"hi"] * 3
    assert answers[0].headers["x-said"] == "Yes"
    assert all(one.sent_ns <= one.head_ns <= one.done_ns for one in answers)


def test_a_connection_that_the_server_closes_is_made_anew():
    closing = OK.replace(b"X-Said: Yes", b"Connection: close")
    with server([closing], [OK]) as line:
        assert [ask(line).body, ask(line).body] == [b"hi", b"hi"]
        assert line.opened == 2


def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    with server([OK], [OK]) as line:
        ask(line)
        peeked = line._socket
        peeked.recv(1, socket.MSG_PEEK)  # until the server has closed
        assert ask(line).body == b"hi"
        assert line.opened == 2


def test_chunks_of_one_read_came_together():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    with server([chunked]) as line:
        answer = ask(line)
    assert answer.body == b"abcde"
    assert len(answer.reads) <= 2


def test_interim_answers_are_passed_over():
    with server([b"HTTP/1.1 100 Continue\r\n\r\n" + OK]) as line:
        answer = ask(line)
    assert (answer.status, answer.body) == (200, b"hi")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", b"\x16\x03\x01 this is not HTTP\r\n\r\n"]
)
def test_answers_that_do_not_come_to_their_end(answer):
    with server([answer]) as line, pytest.raises(ExchangeFailed):
        ask(line)


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ExchangeFailed, match="no connection"):
        MeasuringConnection(Origin.of(f"http://127.0.0.1:{port}"), READ_TIMEOUT_S).connect()
