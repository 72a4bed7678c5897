"""Exchanges with a secret in every place that HTTP has, as bytes on the wire, from a seeded generator.

`python -m tools.cassette_canaries 10000` saves cassettes of that many exchanges, and counts the secrets on disk.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import string
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from hopcheck.cassettes import Cassette, Provenance, SecretFound, save
from hopcheck.cassettes.recording.builder import CassetteBuilder
from hopcheck.cassettes.recording.exchanges import ConnectionReader
from hopcheck.cassettes.secrets.decoding import decoded
from hopcheck.cassettes.secrets.scanner import rules
from hopcheck.cassettes.secrets.scrub import Scrub
from hopcheck_server.wire.pipe import PipeEvent, Side

MADE = Provenance(tool="0.1.0", recorded="2026-11-23")
URL64 = string.ascii_letters + string.digits + "-_"
BASE62 = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits


def _some(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def _jwt(rng: random.Random) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    claims = base64.urlsafe_b64encode(json.dumps({"sub": _some(rng, BASE62, 12)}).encode()).decode().rstrip("=")
    return f"{head}.{claims}.{_some(rng, URL64, 43)}"


SECRETS: dict[str, Callable[[random.Random], str]] = {
    "openai": lambda rng: f"sk-proj-{_some(rng, URL64, 48)}",
    "old openai": lambda rng: f"sk-{_some(rng, BASE62, 48)}",
    "anthropic": lambda rng: f"sk-ant-api03-{_some(rng, URL64, 60)}",
    "google": lambda rng: f"AIza{_some(rng, URL64, 35)}",
    "google token": lambda rng: f"ya29.{_some(rng, URL64, 60)}",
    "aws": lambda rng: f"AKIA{_some(rng, UPPER, 16)}",
    "jwt": _jwt,
    "github": lambda rng: f"ghp_{_some(rng, BASE62, 36)}",
    "slack": lambda rng: f"xoxb-{_some(rng, string.digits, 12)}-{_some(rng, BASE62, 24)}",
    "hugging face": lambda rng: f"hf_{_some(rng, BASE62, 34)}",
    "no form": lambda rng: _some(rng, BASE62, 40),
    "hex": lambda rng: _some(rng, "0123456789abcdef", 40),
}
"""Kinds of secrets."""

Traffic = tuple[bytes, bytes]


def as_traffic(
    path: str = "/v1/chat/completions",
    asked: dict[str, str] | None = None,
    request: bytes = b'{"model":"m"}',
    phrase: str = "OK",
    answer_headers: dict[str, str] | None = None,
    response: bytes = b'{"id":"chatcmpl-1"}',
) -> Traffic:
    """The bytes of a request, and of its response."""
    given = {"host": "h", "content-type": "application/json", **(asked or {}), "content-length": str(len(request))}
    answered = {"content-type": "application/json", **(answer_headers or {}), "content-length": str(len(response))}
    return _head(f"POST {path} HTTP/1.1", given) + request, _head(f"HTTP/1.1 200 {phrase}", answered) + response


def _head(first: str, headers: dict[str, str]) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")


def _stream(events: list[bytes], trailer: str = "", extension: str = "") -> Traffic:
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(event), extension.encode(), event) for event in events)
    head = _head("HTTP/1.1 200 OK", {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
    return as_traffic()[0], head + chunks + b"0\r\n" + trailer.encode() + b"\r\n"


def _deltas(secret: str, size: int) -> list[bytes]:
    pieces = [secret[at : at + size] for at in range(0, len(secret), size)]
    choices = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    return [b"data: %b\n\n" % json.dumps(choice).encode() for choice in choices]


def _nested(secret: str) -> bytes:
    return json.dumps({"a": [{"b": {"c": [1, {"d": f"use {secret} please"}]}}]}).encode()


HTTP_PLACES: dict[str, Callable[[str], Traffic]] = {
    "path": lambda s: as_traffic(path=f"/v1/{s}/chat"),
    "query": lambda s: as_traffic(path=f"/v1/chat?key={s}&x=1"),
    "quoted query": lambda s: as_traffic(path=f"/v1/chat?x={quote(quote(s, safe=''), safe='')}"),
    "absolute url": lambda s: as_traffic(path=f"http://user:{s}@h/v1/chat"),
    "authorization": lambda s: as_traffic(asked={"authorization": f"Bearer {s}"}),
    "authorization, repeated": lambda s: as_traffic(
        asked={"authorization": f"Bearer {s}"}, response=json.dumps({"error": f"bad key {s}"}).encode()
    ),
    "basic authorization": lambda s: as_traffic(
        asked={"authorization": f"Basic {base64.b64encode(f'user:{s}'.encode()).decode()}"}
    ),
    "own header": lambda s: as_traffic(asked={"x-my-key": s}),
    "kept header": lambda s: as_traffic(asked={"user-agent": f"client/1.0 {s}"}),
    "header's name": lambda s: as_traffic(asked={f"x-{s.replace('.', '')}": "1"}),
    "kept family's name": lambda s: as_traffic(answer_headers={f"x-ratelimit-{s.replace('.', '')}": "1"}),
    "cookie": lambda s: as_traffic(asked={"cookie": f"session={s}; theme=dark"}),
    "body": lambda s: as_traffic(request=json.dumps({"api_key": s}).encode()),
    "nested body": lambda s: as_traffic(request=_nested(s)),
    "body's key": lambda s: as_traffic(request=json.dumps({s: 1}).encode()),
    "escaped body": lambda s: as_traffic(request=('{"a":"' + "".join(f"\\u{ord(c):04x}" for c in s) + '"}').encode()),
    "base64 in the body": lambda s: as_traffic(
        request=json.dumps({"a": base64.b64encode(s.encode()).decode()}).encode()
    ),
    "base64 twice": lambda s: as_traffic(
        request=json.dumps({"a": base64.b64encode(base64.b64encode(b"see " + s.encode())).decode()}).encode()
    ),
    "form": lambda s: as_traffic(asked={"content-type": "text/plain"}, request=f"a=1&password={s}".encode()),
    "status message": lambda s: as_traffic(phrase=f"OK {s}"),
    "set-cookie": lambda s: as_traffic(answer_headers={"set-cookie": f"session={s}; HttpOnly"}),
    "kept response header": lambda s: as_traffic(answer_headers={"www-authenticate": f"Bearer error={s}"}),
    "provider's header": lambda s: as_traffic(answer_headers={"llm_provider-server": s}),
    "response": lambda s: as_traffic(response=_nested(s)),
    "broken json": lambda s: as_traffic(response=f'{{"error": "{s}'.encode()),
    "event stream": lambda s: _stream([f"data: {json.dumps({'content': s})}\n\n".encode(), b"data: [DONE]\n\n"]),
    "event in pieces": lambda s: _stream(_deltas(s, 7)),
    "event in letters": lambda s: _stream(_deltas(s, 1)),
    "across chunks": lambda s: _stream([b'data: {"content":"' + s[:9].encode(), s[9:].encode() + b'"}\n\n']),
    "comment in the stream": lambda s: _stream([f": {s}\n\n".encode(), b"data: [DONE]\n\n"]),
    "event's name": lambda s: _stream([f"event: {s}\ndata: {{}}\n\n".encode()]),
    "trailer": lambda s: _stream([b"data: [DONE]\n\n"], trailer=f"x-key: {s}\r\n"),
    "chunk extension": lambda s: _stream([b"data: [DONE]\n\n"], extension=f";key={s}"),
}
"""Places that HTTP has, and what traffic looks like with a secret there."""

FORM = "application/x-www-form-urlencoded"


def _typed(media_type: str, body: str) -> Traffic:
    return as_traffic(asked={"content-type": media_type}, request=body.encode())


def _compressed(coding: str, compress: Callable[[bytes], bytes]) -> Callable[[str], Traffic]:
    return lambda s: as_traffic(answer_headers={"content-encoding": coding}, response=compress(_nested(s)))


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(data) + deflate.flush()


def _unread(data: bytes) -> bytes:
    return b"\x28\xb5\x2f\xfd" + zlib.compress(data)  # stands for codings that aren't undone here


BODY_PLACES: dict[str, Callable[[str], Traffic]] = {
    "JSON in JSON": lambda s: as_traffic(request=json.dumps({"a": json.dumps({"password": s})}).encode()),
    "JSON in JSON in JSON": lambda s: as_traffic(
        request=json.dumps({"a": json.dumps(json.dumps({"password": s}))}).encode()
    ),
    "a call's arguments": lambda s: as_traffic(
        response=json.dumps({"tool_calls": [{"function": {"arguments": json.dumps({"api_key": s})}}]}).encode()
    ),
    "first of a form": lambda s: _typed(FORM, f"password={s}&a=1"),
    "part of a form": lambda s: _typed(
        "multipart/form-data; boundary=x", f'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n{s}\r\n--x--'
    ),
    "part with a type": lambda s: _typed(
        "multipart/form-data; boundary=x",
        f'--x\r\nContent-Disposition: form-data; name="key"\r\nContent-Type: text/plain\r\n\r\n{s}\r\n--x--',
    ),
    "an element of XML": lambda s: _typed("application/xml", f"<a><password>{s}</password></a>"),
    "an element with a prefix": lambda s: _typed("application/xml", f'<a><x:password type="b">{s}</x:password></a>'),
    "an attribute of XML": lambda s: _typed("application/xml", f'<a user="b" password="{s}"/>'),
    "YAML": lambda s: _typed("application/yaml", f"auth:\n  user: a\n  password: {s}\n"),
    "YAML in a list": lambda s: _typed("application/yaml", f"auth:\n- password: '{s}'\n"),
    "YAML in JSON": lambda s: as_traffic(request=json.dumps({"a": f"auth:\n  password: {s}\n"}).encode()),
    "an INI file": lambda s: _typed("text/plain", f"[a]\npassword = {s}\n"),
    "variables": lambda s: _typed("text/plain", f"export A=1\nAPI_KEY={s}\n"),
    "a header in a body": lambda s: _typed("text/plain", f"GET / HTTP/1.1\r\nCookie: {s}\r\n\r\n"),
    "a connection's string": lambda s: _typed("text/plain", f"Server=db;User Id=a;Password={s};Encrypt=yes"),
    "a storage account": lambda s: _typed("text/plain", f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={s}"),
    "a database's address": lambda s: _typed("text/plain", f"postgres://user:{s}@db:5432/a"),
    "a private key": lambda s: _typed(
        "text/plain", f"-----BEGIN RSA PRIVATE KEY-----\n{s}\n-----END RSA PRIVATE KEY-----"
    ),
    "UTF-16": lambda s: as_traffic(response=json.dumps({"password": s}).encode("utf-16")),
    "UTF-16, big-endian": lambda s: as_traffic(response=json.dumps({"password": s}).encode("utf-16-be")),
    "gzip": _compressed("gzip", gzip.compress),
    "gzip of two members": _compressed("gzip", lambda data: gzip.compress(b"{}") + gzip.compress(data)),
    "deflate": _compressed("deflate", zlib.compress),
    "raw deflate": _compressed("deflate", _deflated),
    "gzip twice": _compressed("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "br": _compressed("br", _unread),
    "zstd": _compressed("zstd", _unread),
    "capitals of a name": lambda s: as_traffic(request=json.dumps({"PASSWORD": s}).encode()),
    "after an id's name": lambda s: as_traffic(response=json.dumps({"id": f"fc-{s}"}).encode()),
}
"""Places within bodies of other media types and codings."""

PLACES = {**HTTP_PLACES, **BODY_PLACES}
"""All places."""


def saved(delivery: Traffic, folder: Path, name: str) -> Path | None:
    """Save the cassette of one exchange; None where that was refused."""
    reader = ConnectionReader()
    sides: tuple[tuple[Side, bytes], ...] = (("client", delivery[0]), ("server", delivery[1]))
    for at, (side, data) in enumerate(sides, start=1):
        reader.feed(PipeEvent(at * 1_000_000, side, "data", data))
    maker = CassetteBuilder(0, "http://127.0.0.1:4000", Scrub(more=rules()), {})
    try:
        return save(Cassette(name, MADE, maker.interactions(reader.exchanges)), folder)
    except SecretFound:
        return None


def holds(path: Path, secret: str) -> bool:
    """Whether a file holds a secret, in any form that can be undone."""
    raw = secret.encode()
    return any(raw in form for form in decoded(path.read_bytes()))


def main(number: int) -> int:
    """Save this number of exchanges; returns the number of secrets that are on disk."""
    rng, found, refused = random.Random(1), 0, 0  # noqa: S311  (a seeded generator gives the same exchanges every time)
    with tempfile.TemporaryDirectory() as folder:
        for count in range(number):
            kind, place = list(SECRETS)[count % len(SECRETS)], list(PLACES)[count // len(SECRETS) % len(PLACES)]
            secret = SECRETS[kind](rng)
            path = saved(PLACES[place](secret), Path(folder), "canary")
            refused += path is None
            if path is not None and holds(path, secret):
                found += 1
                print(f"{kind} in {place} is on disk: {secret}")
    print(f"{number} exchanges with a secret: {found} on disk; {refused} were refused, the others written without it")
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000) > 0)
