"""What hostile servers do to HTTP: heads, framing, connections."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.behaviours import Behaviour, counted, dripping, endless, leaving, once
from tests.hostile.messages import END, HEAD, STREAM, chunk, completion, event, response

_OK = b"HTTP/1.1 200 OK\r\n"
_CUT = HEAD + b'Content-Length: 100\r\n\r\n{"a'

ENDLESS: dict[str, Callable[[], Behaviour]] = {
    "endless body": lambda: endless(HEAD + b"\r\n", b"x"),
    "endless chunks": lambda: endless(STREAM, chunk(b"x" * 100)),
    "endless chunks of one byte": lambda: endless(STREAM, chunk(b"x")),
    "endless header": lambda: endless(_OK + b"X-A: ", b"a"),
    "endless header's name": lambda: endless(_OK, b"a"),
    "endless headers": lambda: endless(_OK, b"X-A: b\r\n"),
    "endless headers of other names": lambda: counted(_OK, lambda number: b"X-%d: b\r\n" % number),
    "endless reason": lambda: endless(b"HTTP/1.1 200 ", b"OK"),
    "endless version": lambda: endless(b"HTTP/1.", b"1"),
    "endless interim responses": lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless early hints": lambda: endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "endless chunk extension": lambda: endless(STREAM + b"5;a=", b"b"),
    "endless trailers": lambda: endless(STREAM + b"0\r\n", b"X-A: b\r\n"),
    "endless chunk size": lambda: endless(STREAM, b"0"),
    "endless responses": lambda: endless(response(completion()), response(completion())),
    "endless blank lines": lambda: endless(b"", b"\r\n"),
    "endless records of TLS": lambda: endless(b"", b"\x16\x03\x03\x00\x01\x00"),
    "endless redirects": lambda: counted(
        b"", lambda number: response(b"", b"Location: /v1/%d" % number, status=b"307 Temporary Redirect")
    ),
    "endless blanks behind a completion": lambda: endless(STREAM + chunk(completion()), chunk(b" " * 1000)),
    "endless junk behind a completion": lambda: endless(response(completion()), b"\0"),
    "endless continuation lines": lambda: endless(_OK + b"X-A: b\r\n", b" c\r\n"),
}
"""Servers that never come to an end, as fast as they are read."""

DRIPS: dict[str, Callable[[], Behaviour]] = {
    "nothing": lambda: once(b""),
    "a silent stream": lambda: once(STREAM + event('{"choices":[]}')),
    "a silent continue": lambda: once(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a drip of a status line": lambda: dripping(b"HTTP/1.1 200 "),
    "a drip of a header": lambda: dripping(_OK + b"X-A: "),
    "a drip of headers": lambda: dripping(_OK, b"X-A: b\r\n"),
    "a drip of a body": lambda: dripping(HEAD + b"Content-Length: 100000\r\n\r\n"),
    "a drip of a chunk's size": lambda: dripping(STREAM, b"0"),
    "a drip of a chunk's extension": lambda: dripping(STREAM + b"5;a="),
    "a drip within a chunk": lambda: dripping(STREAM + b"fffff\r\n"),
    "a drip of chunks": lambda: dripping(STREAM, chunk(b":")),
    "a drip of trailers": lambda: dripping(STREAM + b"0\r\n", b"X-A: b\r\n"),
    "a drip of comments": lambda: dripping(STREAM, chunk(b": keep-alive\n\n")),
    "a drip of deltas": lambda: dripping(STREAM, event('{"choices":[{"index":0,"delta":{"content":"a"}}]}')),
    "a drip after [DONE]": lambda: dripping(STREAM + event("[DONE]"), event("[DONE]")),
    "bursts of deltas": lambda: dripping(STREAM, event('{"choices":[{"index":0,"delta":{"content":"a"}}]}') * 10_000),
    "bursts of chunks": lambda: dripping(STREAM, chunk(b"x") * 50_000),
    "closes and stays": lambda: dripping(HEAD + b"Connection: close\r\n\r\n", b" "),
    "a drip of interim responses": lambda: dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
}
"""Servers that are slow or silent at one place."""

BROKEN: dict[str, Callable[[], Behaviour]] = {
    "not HTTP": lambda: once(b"SSH-2.0-OpenSSH_9.7\r\n"),
    "an alert of TLS": lambda: leaving(b"\x15\x03\x01\x00\x02\x02\x28"),
    "HTTP/2": lambda: once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" * 20),
    "HTTP/0.9": lambda: leaving(completion()),
    "HTTP/9.9": lambda: once(response(completion()).replace(b"1.1", b"9.9", 1)),
    "a status of four digits": lambda: once(response(completion(), status=b"2000 OK")),
    "a status of 99": lambda: once(response(completion(), status=b"099 OK")),
    "a status of 999": lambda: once(response(completion(), status=b"999 What")),
    "no status": lambda: once(response(completion(), status=b"OK OK")),
    "leaves at once": lambda: leaving(b""),
    "resets at once": lambda: leaving(b"", reset=True),
    "resets within a head": lambda: leaving(_OK + b"X-A", reset=True),
    "resets within a body": lambda: leaving(_CUT, reset=True),
    "resets within a stream": lambda: leaving(STREAM + event('{"choices":[]}'), reset=True),
    "a head that is cut": lambda: leaving(_OK + b"X-A"),
    "a body that is cut": lambda: leaving(_CUT),
    "a length beyond all": lambda: once(HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}"),
    "a length below zero": lambda: once(HEAD + b"Content-Length: -1\r\n\r\n{}"),
    "a chunk beyond all": lambda: once(STREAM + b"FFFFFFFFFFFFFFFF\r\nabc"),
    "a chunk below zero": lambda: once(STREAM + b"-5\r\nabcde\r\n" + END),
    "a chunk longer than its size": lambda: once(STREAM + b"1\r\nabcde\r\n" + END),
    "a length with a sign": lambda: once(HEAD + b"Content-Length: +2\r\n\r\n{}"),
    "a length in hex": lambda: once(HEAD + b"Content-Length: 0x2\r\n\r\n{}"),
    "a length twice in a field": lambda: once(HEAD + b"Content-Length: 2, 2\r\n\r\n{}"),
    "a length in other digits": lambda: once(HEAD + "Content-Length: \u0662\r\n\r\n{}".encode()),
    "an empty length": lambda: once(HEAD + b"Content-Length: \r\n\r\n{}"),
    "chunked twice": lambda: once(HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + chunk(completion()) + END),
    "chunked in disguise": lambda: once(HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + chunk(completion()) + END),
    "a chunk's extension of 900 KB": lambda: once(STREAM + b"5;a=" + b"b" * 900_000 + b"\r\nabcde\r\n" + END),
    "a million chunks": lambda: once(STREAM + chunk(b" ") * 1_000_000 + chunk(completion()) + END),
    "chunks that end in line feeds": lambda: once((STREAM + chunk(completion()) + END).replace(b"\r\n", b"\n")),
    "lines that end in line feeds": lambda: once(response(completion()).replace(b"\r\n", b"\n")),
    "lines that end in carriage returns": lambda: once(response(completion()).replace(b"\r\n", b"\r")),
    "the preface of HTTP/2": lambda: once(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a request": lambda: once(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    "two answers": lambda: once(response(completion()) * 2),
    "an answer of another request ahead": lambda: once(
        response(b"{}", status=b"404 Not Found") + response(completion())
    ),
    "a reset behind a chunk's size": lambda: leaving(STREAM + b"ffff\r\n", reset=True),
    "cookies of 900 KB": lambda: once(response(completion(), *[b"Set-Cookie: a=" + b"b" * 480] * 1_800)),
    "emoji and surrogates in headers": lambda: once(
        response(completion(), "X-A: \U0001f600".encode(), b"X-Request-Id: \xed\xa0\xbd\xed\xb8\x80", b"Server: \0")
    ),
    "two lengths": lambda: once(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a length and chunks": lambda: once(HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + END),
    "an unknown transfer coding": lambda: once(HEAD + b"Transfer-Encoding: gzip, rot13\r\n\r\n{}"),
    "a length that is too short": lambda: once(HEAD + b"Content-Length: 2\r\n\r\n" + completion()),
    "a 204 with a body": lambda: once(response(completion(), status=b"204 No Content")),
    "a 304 with a body": lambda: once(response(completion(), status=b"304 Not Modified")),
    "trailers that are headers": lambda: once(STREAM + event("[DONE]") + b"0\r\nContent-Length: 5\r\nHost: a\r\n\r\n"),
    "many trailers": lambda: once(STREAM + b"0\r\n" + b"".join(b"X-%d: y\r\n" % at for at in range(50_000)) + b"\r\n"),
    "many fields": lambda: once(response(completion(), *[b"X-%d: y" % number for number in range(1_900)])),
    "odd bytes in headers": lambda: once(response(completion(), b"X-\x80: \xff\xfe", b"Server: \x1b[31m\xe9")),
    "a header without a colon": lambda: once(response(completion(), b"nothing here")),
    "a header without a name": lambda: once(response(completion(), b": nothing")),
    "an upgrade": lambda: once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc"),
    "an upgrade that floods": lambda: endless(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", b"\x81\x01a"
    ),
    "an interim upgrade": lambda: once(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + response(completion())),
    "a redirect to itself": lambda: once(
        response(b"", b"Location: /v1/chat/completions", status=b"302 Found"),
    ),
    "a redirect to a file": lambda: once(response(b"", b"Location: file:///etc/passwd", status=b"307 Temporary")),
    "a redirect without an address": lambda: once(response(b"", status=b"308 Permanent Redirect")),
    "a redirect of 900 KB": lambda: once(response(b"", b"Location: /" + b"a" * 900_000, status=b"301 Moved")),
}
"""Servers whose HTTP is wrong."""
