"""Servers that give a client's key back, in every place that HTTP has."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
from collections.abc import Callable

from tests.hostile.behaviours import Behaviour, echo
from tests.hostile.messages import END, HEAD, STREAM, chunk, completion, error, event, response

_AUTHORIZATION = re.compile(rb"(?i)\r\nauthorization: bearer ([^\r\n]+)")
_REFUSED = b"401 Unauthorized"


def _echoing(make: Callable[[bytes], bytes]) -> Behaviour:
    """Answers with what a function makes of the key."""

    async def behave(writer: asyncio.StreamWriter, request: bytes) -> None:
        found = _AUTHORIZATION.search(request)
        writer.write(make(found[1] if found else b"nobody"))
        await writer.drain()

    return behave


def _says(make: Callable[[str], str]) -> Behaviour:
    """Refuses, in the words that a function makes of the key."""
    return _echoing(lambda key: error(json.dumps(make(key.decode())), status=_REFUSED))


def _deltas(key: bytes, size: int) -> bytes:
    pieces = [key[at : at + size].decode() for at in range(0, len(key), size)]
    return b"".join(event(json.dumps({"choices": [{"index": 0, "delta": {"content": one}}]})) for one in pieces)


ECHOES: dict[str, Callable[[], Behaviour]] = {
    "echoes keys": lambda: echo,
    "a key as the reason": lambda: _echoing(lambda key: response(b"{}", status=b"401 " + key)),
    "a key as the status": lambda: _echoing(lambda key: response(b"{}", status=key)),
    "a key as the version": lambda: _echoing(lambda key: b"HTTP/" + key + b" 200 OK\r\n\r\n"),
    "a key as all of the answer": lambda: _echoing(lambda key: key + b"\r\n\r\n"),
    "a key as a header": lambda: _echoing(lambda key: response(completion(), b"X-Request-Id: " + key)),
    "a key as a header's name": lambda: _echoing(lambda key: response(completion(), key + b": 1")),
    "a key as a cookie": lambda: _echoing(lambda key: response(completion(), b"Set-Cookie: session=" + key)),
    "a key as the server": lambda: _echoing(lambda key: response(completion(), b"Server: " + key)),
    "a key as the media type": lambda: _echoing(
        lambda key: response(completion()).replace(b"application/json", b"text/" + key)
    ),
    "a key as a coding": lambda: _echoing(lambda key: response(completion(), b"Content-Encoding: " + key)),
    "a key as a length": lambda: _echoing(lambda key: HEAD + b"Content-Length: " + key + b"\r\n\r\n"),
    "a key as a transfer coding": lambda: _echoing(lambda key: HEAD + b"Transfer-Encoding: " + key + b"\r\n\r\n"),
    "a key as a chunk's size": lambda: _echoing(lambda key: STREAM + key + b"\r\n"),
    "a key as a chunk's extension": lambda: _echoing(lambda key: STREAM + b"2;a=" + key + b"\r\n{}\r\n" + END),
    "a key as a trailer": lambda: _echoing(lambda key: STREAM + chunk(b"{}") + b"0\r\nX-A: " + key + b"\r\n\r\n"),
    "a key in an interim answer": lambda: _echoing(
        lambda key: b"HTTP/1.1 103 " + key + b"\r\nLink: " + key + b"\r\n\r\n" + response(completion())
    ),
    "a key as an address": lambda: _echoing(
        lambda key: response(b"", b"Location: http://user:" + key + b"@h/" + key, status=b"307 Temporary Redirect")
    ),
    "a key as Retry-After": lambda: _echoing(
        lambda key: response(b"", b"Retry-After: " + key, status=b"429 Too Many Requests")
    ),
    "a key as the answer's text": lambda: _echoing(lambda key: response(completion(json.dumps(key.decode())))),
    "a key as the model": lambda: _echoing(lambda key: response(completion(model=json.dumps(key.decode())))),
    "a key as a name": lambda: _echoing(lambda key: response(json.dumps({key.decode(): 1}).encode())),
    "a key as an event's name": lambda: _echoing(lambda key: STREAM + chunk(b"event: " + key + b"\ndata: {}\n\n")),
    "a key in letters": lambda: _echoing(lambda key: STREAM + _deltas(key, 1) + event("[DONE]") + END),
    "a key in pieces": lambda: _echoing(lambda key: STREAM + _deltas(key, 5) + event("[DONE]") + END),
    "a key in gzip": lambda: _echoing(
        lambda key: response(gzip.compress(completion(json.dumps(key.decode()))), b"Content-Encoding: gzip")
    ),
    "a key in base64": lambda: _says(lambda key: f"bad key {base64.b64encode(key.encode()).decode()}"),
    "a key in base85": lambda: _says(lambda key: f"bad key {base64.b85encode(key.encode()).decode()}"),
    "a key cut short": lambda: _says(lambda key: f"bad key {key[:-3]}…"),
    "a key around dots": lambda: _says(lambda key: f"bad key {key[:12]}....{key[-9:]}"),
    "a key behind letters of other alphabets": lambda: _says(lambda key: f"{'%C2%B9' * 40}{key[:11]}-{key[11:]}"),
}
"""Keys in all that a server sends."""
