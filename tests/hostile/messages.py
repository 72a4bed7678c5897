"""The bytes of responses: whole ones, streams, and what compresses to next to nothing."""

from __future__ import annotations

import zlib
from functools import cache

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def completion(content: str = '"hello"', **more: str) -> bytes:
    """A chat completion; the arguments are JSON."""
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


def response(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with its length."""
    lines = b"".join(line + b"\r\n" for line in (b"Content-Type: application/json", *headers))
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, lines, len(body), body)


def error(message: str, *headers: bytes, status: bytes = b"400 Bad Request") -> bytes:
    """A response with an error; the message is JSON."""
    body = f'{{"error":{{"message":{message},"type":"x","code":null,"param":null}}}}'
    return response(body.encode("utf-8", "surrogatepass"), *headers, status=status)


def chunk(data: bytes) -> bytes:
    """A chunk of a body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(data: str) -> bytes:
    """An event of a stream, in a chunk of its own."""
    return chunk(f"data: {data}\n\n".encode("utf-8", "surrogatepass"))


def stream(*data: str) -> bytes:
    """A whole stream of events."""
    return STREAM + b"".join(map(event, data)) + END


def filled(value: str, count: int) -> str:
    """An array of the same value many times."""
    return "[" + ",".join([value] * count) + "]"


@cache
def bomb(wbits: int = 31, of: bytes = b"x") -> bytes:
    """300 MB compressed piece by piece: what this process takes would count as memory of the one that it starts."""
    deflate, block = zlib.compressobj(1, wbits=wbits), of * (1_000_000 // len(of))
    pieces = [deflate.compress(b'{"a":"' if of == b"x" else b""), *(deflate.compress(block) for _ in range(300))]
    pieces.append(deflate.flush())
    return b"".join(pieces)
