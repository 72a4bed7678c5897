"""Targets that are broken on purpose, on raw sockets: each answers chats well, or at once, in one hostile way."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

Behaviour = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]
"""Answers one request (its bytes are given)."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIP_S = 0.5  # between two bytes of a target that drips


def _completion(content: str = '"hello"', **more: str) -> bytes:
    fields = {
        "id": '"chatcmpl-1"',
        "object": '"chat.completion"',
        "created": "1700000000",
        "model": '"fake-model"',
        "choices": f'[{{"index":0,"message":{{"role":"assistant","content":{content}}},"finish_reason":"stop"}}]',
        "usage": '{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}',
        **more,
    }
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode(
        "utf-8", "surrogatepass"
    )


def _answer(body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in headers)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(data: str) -> bytes:
    return _chunk(f"data: {data}\n\n".encode("utf-8", "surrogatepass"))


def once(data: bytes) -> Behaviour:
    """Sends this, and keeps the connection open."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(data)
        await writer.drain()

    return behave


def endless(first: bytes, more: bytes) -> Behaviour:
    """Sends the second part for ever."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(first)
        block = more * max(1, 65536 // len(more))
        while True:
            writer.write(block)
            await writer.drain()

    return behave


def dripping(first: bytes, more: bytes = b"a") -> Behaviour:
    """Sends the second part again and again, slowly."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(first)
        while True:
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(DRIP_S)

    return behave


def leaving(data: bytes, *, reset: bool = False) -> Behaviour:
    """Sends this, and goes."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(data)
        await writer.drain()
        writer.transport.abort() if reset else writer.close()

    return behave


async def echo(writer: asyncio.StreamWriter, request: bytes) -> None:
    """Sends back all that it got, keys included, in a header and an error."""
    shown = request.partition(b"\r\n\r\n")[0].decode("latin-1")
    error = json.dumps({"error": {"message": shown, "type": "x", "code": None, "param": None}}).encode()
    status = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
    writer.write(status + b"Content-Length: %d\r\n\r\n" % len(error) + error)
    await writer.drain()


def _bomb(wbits: int = 31) -> bytes:
    """300 MB compressed piece by piece: what this process takes would count as memory of the one that it starts."""
    deflate = zlib.compressobj(9, wbits=wbits)
    pieces = [deflate.compress(b'{"a":"'), *(deflate.compress(b"x" * 1_000_000) for _ in range(300)), deflate.flush()]
    return b"".join(pieces)


def _filled(values: str, count: int) -> str:
    return "[" + ",".join([values] * count) + "]"


BEHAVIOURS: dict[str, Callable[[], Behaviour]] = {
    "endless body": lambda: endless(HEAD + b"\r\n", b"x"),
    "endless chunks": lambda: endless(STREAM, _chunk(b"x" * 100)),
    "endless chunks of one byte": lambda: endless(STREAM, _chunk(b"x")),
    "endless events": lambda: endless(STREAM, _event('{"choices":[]}')),
    "endless comments": lambda: endless(STREAM, _chunk(b":\n\n")),
    "endless event": lambda: endless(STREAM + _chunk(b"data: "), _chunk(b"a" * 1000)),
    "endless data lines": lambda: endless(STREAM, _chunk(b"data: a\n")),
    "endless header": lambda: endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "endless headers": lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "endless reason": lambda: endless(b"HTTP/1.1 200 ", b"OK"),
    "endless interim responses": lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless early hints": lambda: endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "endless chunk extension": lambda: endless(STREAM + b"5;a=", b"b"),
    "endless trailers": lambda: endless(STREAM + b"0\r\n", b"X-A: b\r\n"),
    "endless chunk size": lambda: endless(STREAM, b"0"),
    "endless answers": lambda: endless(_answer(_completion()), _answer(_completion())),
    "endless blank lines": lambda: endless(b"", b"\r\n"),
    "nothing": lambda: once(b""),
    "not HTTP": lambda: once(b"SSH-2.0-OpenSSH_9.7\r\n"),
    "a drip of a status line": lambda: dripping(b"HTTP/1.1 200 "),
    "a drip of a header": lambda: dripping(b"HTTP/1.1 200 OK\r\nX-A: "),
    "a drip of a body": lambda: dripping(HEAD + b"Content-Length: 100000\r\n\r\n"),
    "a drip of chunks": lambda: dripping(STREAM, _chunk(b":")),
    "a drip of comments": lambda: dripping(STREAM, _chunk(b": keep-alive\n\n")),
    "a drip of interim responses": lambda: dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a silent stream": lambda: once(STREAM + _event('{"choices":[]}')),
    "leaves at once": lambda: leaving(b""),
    "resets at once": lambda: leaving(b"", reset=True),
    "resets within a body": lambda: leaving(HEAD + b'Content-Length: 100\r\n\r\n{"a', reset=True),
    "a body that is cut": lambda: leaving(HEAD + b'Content-Length: 100\r\n\r\n{"a'),
    "a length beyond all": lambda: once(HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}"),
    "a chunk beyond all": lambda: once(STREAM + b"FFFFFFFFFFFFFFFF\r\nabc"),
    "two lengths": lambda: once(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a gzip bomb": lambda: once(_answer(_bomb(), b"Content-Encoding: gzip")),
    "a gzip bomb in itself": lambda: once(_answer(gzip.compress(_bomb(), 9), b"Content-Encoding: gzip, gzip")),
    "a deflate bomb": lambda: once(_answer(_bomb(15), b"Content-Encoding: deflate")),
    "broken gzip": lambda: once(_answer(b"\x1f\x8b\x08\x00broken", b"Content-Encoding: gzip")),
    "deep arrays": lambda: once(_answer(_completion("[" * 200_000 + "]" * 200_000))),
    "rather deep arrays": lambda: once(_answer(_completion("[" * 900 + "]" * 900))),
    "deep objects": lambda: once(_answer(b'{"a":' * 200_000)),
    "a number of a million digits": lambda: once(_answer(_completion(created="1" * 1_000_000))),
    "a fraction of a million digits": lambda: once(_answer(_completion(created="0." + "1" * 1_000_000 + "e-9"))),
    "a huge exponent": lambda: once(_answer(_completion(created="1e999999999"))),
    "NaN": lambda: once(_answer(_completion(created="NaN"))),
    "lone surrogates": lambda: once(_answer(_completion('"\\ud800 \\udfff"', id='"\\udc00"', model='"\\ud83d"'))),
    "raw surrogates": lambda: once(_answer(_completion('"\ud800"'))),
    "NULs": lambda: once(_answer(_completion('"\\u0000"', id='"\\u0000"'), b"X-Request-Id: a\x01b")),
    "bytes that aren't UTF-8": lambda: once(_answer(_completion().replace(b"hello", b"\xff\xfe\xc3"))),
    "UTF-16": lambda: once(_answer(_completion().decode().encode("utf-16"))),
    "odd bytes in headers": lambda: once(_answer(_completion(), b"X-\x80: \xff\xfe", b"Server: \x1b[31m\xe9")),
    "odd types": lambda: once(_answer(b'{"id":[],"object":{},"choices":{"0":1},"usage":"x","error":5,"model":null}')),
    "choices of numbers": lambda: once(_answer(_completion(choices="[1,null,true,[],{}]"))),
    "a list": lambda: once(_answer(b"[1,2,3]")),
    "an empty body": lambda: once(_answer(b"")),
    "many objects": lambda: once(_answer(_completion(_filled("{}", 1_000_000)))),
    "many choices": lambda: once(_answer(_completion(choices=_filled('{"index":0}', 60_000)))),
    "words for patterns": lambda: once(_answer(_completion(json.dumps("a" * 200_000 + "/usr/" + "b/" * 60_000)))),
    "events of odd JSON": lambda: once(
        STREAM
        + b"".join(map(_event, ("[" * 5000, "\ud800", '"\\ud800"', "1" * 100_000, "null", '{"choices":[5]}', "[DONE]")))
        + b"0\r\n\r\n"
    ),
    "many fields": lambda: once(_answer(_completion(), *[b"X-%d: y" % number for number in range(1_900)])),
    "Retry-After of an hour": lambda: once(
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    ),
    "Retry-After beyond all": lambda: once(
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n"
    ),
    "a redirect to itself": lambda: once(
        b"HTTP/1.1 302 Found\r\nLocation: /v1/chat/completions\r\nContent-Length: 0\r\n\r\n"
    ),
    "an upgrade": lambda: once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc"),
    "HTTP/2": lambda: once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" * 20),
    "echoes keys": lambda: echo,
}


class HostileTarget:
    """A target that answers the first chats well, and then behaves in its way; `async with` listens."""

    def __init__(self, name: str, well: int = 0) -> None:
        """Does not listen yet; `well` requests are answered well."""
        self._behaviour = BEHAVIOURS[name]()
        self._well = well
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> str:
        """Listen; returns the base URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=32 * 1024 * 1024)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while True:
                request = await _request(reader)
                if self._well > 0:
                    self._well -= 1
                    writer.write(_answer(_completion()))
                    continue
                await self._behaviour(writer, request)
        writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)


def main() -> None:
    """Serve one behaviour (`python -m tests.hostile.targets NAME WELL`), and print the URL."""
    import sys

    async def serve() -> None:
        async with HostileTarget(sys.argv[1], int(sys.argv[2])) as url:
            print(url, flush=True)
            await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
