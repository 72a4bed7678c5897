"""What the server refuses before any handler sees it."""

from __future__ import annotations

import pytest
from served import echo, serve, talk

from hopcheck_server.wire import request_reader


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00"])
def test_what_is_no_request_is_refused(request_: bytes) -> None:
    received = serve(echo, lambda server: talk(server, request_))
    assert received == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


def test_a_body_that_is_too_large_is_refused_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reader, "MAX_BODY_BYTES", 10)
    chunk = b"6\r\nabcdef\r\n"
    request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 5 + b"0\r\n\r\n"
    received = serve(echo, lambda server: talk(server, request))
    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"a" * 5_000,
        b"GET / HTTP/1.1\r\nX-A: " + b"a" * 5_000,
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 700,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=" + b"b" * 5_000,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: b\r\n" * 700,
    ],
)
def test_what_has_no_end_around_a_body_is_refused(request_: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reader, "MAX_OVERHEAD_BYTES", 4_000)
    received = serve(echo, lambda server: talk(server, request_))
    assert received == b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"


def test_a_long_body_in_short_chunks_is_none_of_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reader, "MAX_OVERHEAD_BYTES", 100)
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    request = head + b"1\r\na\r\n" * 500 + b"0\r\n\r\n"
    assert serve(echo, lambda server: talk(server, request)).startswith(b"HTTP/1.1 200 ")
