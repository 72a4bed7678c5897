"""What hostile servers put into well-framed responses: codings, JSON, events, refusals."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import brotli

from tests.hostile.behaviours import Behaviour, by_path, counted, endless, once
from tests.hostile.messages import (
    END,
    HEAD,
    STREAM,
    bomb,
    chunk,
    completion,
    error,
    event,
    filled,
    response,
    stream,
)


def _coded(body: bytes, coding: bytes) -> Behaviour:
    return once(response(body, b"Content-Encoding: " + coding))


def _delta(fields: str) -> str:
    return f'{{"choices":[{{"index":0,"delta":{fields}}}]}}'


def _fails(status: bytes, *headers: bytes) -> Behaviour:
    return once(response(b"", *headers, status=status))


CODINGS: dict[str, Callable[[], Behaviour]] = {
    "a gzip bomb": lambda: _coded(bomb(), b"gzip"),
    "a gzip bomb in itself": lambda: _coded(gzip.compress(bomb(), 9), b"gzip, gzip"),
    "a deflate bomb": lambda: _coded(bomb(15), b"deflate"),
    "a brotli bomb": lambda: _coded(brotli.compress(b"x" * 100_000_000, quality=5), b"br"),
    "broken gzip": lambda: _coded(b"\x1f\x8b\x08\x00broken", b"gzip"),
    "gzip that is none": lambda: _coded(completion(), b"gzip"),
    "gzip of many members": lambda: _coded(gzip.compress(b"") * 100_000, b"gzip"),
    "gzip whose header has no end": lambda: endless(
        HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0", b"a"
    ),
    "a gzip bomb called deflate": lambda: _coded(bomb(), b"deflate"),
    "a deflate bomb called gzip": lambda: _coded(bomb(15), b"gzip"),
    "a raw deflate bomb": lambda: _coded(bomb(-15), b"deflate"),
    "a gzip bomb called br": lambda: _coded(bomb(), b"br"),
    "a gzip bomb called nothing": lambda: once(response(bomb())),
    "a gzip bomb in an error": lambda: once(response(bomb(), b"Content-Encoding: gzip", status=b"429 Too Many")),
    "a gzip bomb of events": lambda: once(
        response(bomb(31, b"data: {}\n\n"), b"Content-Encoding: gzip").replace(
            b"application/json", b"text/event-stream"
        )
    ),
    "zstd that is none": lambda: _coded(completion(), b"zstd"),
    "endless junk behind gzip": lambda: endless(
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(completion()), b"\0"
    ),
    "many codings": lambda: _coded(completion(), b", ".join([b"gzip"] * 5_000)),
    "an unknown coding": lambda: _coded(completion(), b"rot13"),
}
"""Compressed bodies."""

BODIES: dict[str, Callable[[], Behaviour]] = {
    "deep arrays": lambda: once(response(completion("[" * 200_000 + "]" * 200_000))),
    "rather deep arrays": lambda: once(response(completion("[" * 900 + "]" * 900))),
    "deep objects": lambda: once(response(b'{"a":' * 200_000)),
    "a number of a million digits": lambda: once(response(completion(created="1" * 1_000_000))),
    "a fraction of a million digits": lambda: once(response(completion(created="0." + "1" * 1_000_000 + "e-9"))),
    "a huge exponent": lambda: once(response(completion(created="1e999999999"))),
    "a negative huge exponent": lambda: once(response(completion(created="-1e400000"))),
    "endless arrays": lambda: endless(HEAD + b"Content-Length: 1000000000\r\n\r\n", b"["),
    "endless objects": lambda: endless(HEAD + b"Content-Length: 1000000000\r\n\r\n", b'{"a":'),
    "an index of a billion": lambda: once(
        response(completion(choices='[{"index":1000000000,"message":{"content":"a"}}]'))
    ),
    "an index below zero": lambda: once(response(completion(choices='[{"index":-1,"message":{"content":"a"}}]'))),
    "tokens below zero": lambda: once(response(completion(usage='{"prompt_tokens":-1,"total_tokens":1e308}'))),
    "a byte order mark": lambda: once(response(b"\xef\xbb\xbf" + completion())),
    "two documents": lambda: once(response(completion() * 2)),
    "an odd charset": lambda: once(
        response(bomb(15)).replace(b"application/json", b"application/json; charset=zlib_codec")
    ),
    "markup": lambda: once(
        error(json.dumps("[/] [/nobody] [bold red]x ]]> </td><script>alert(1)</script> | ``` \v \x85"))
    ),
    "markup in a completion": lambda: once(
        response(completion(json.dumps("[/] ]]> <!-- | ``` \u2028 \v"), model='"[/x]"'))
    ),
    "NaN": lambda: once(response(completion(created="NaN"))),
    "lone surrogates": lambda: once(response(completion('"\\ud800 \\udfff"', id='"\\udc00"', model='"\\ud83d"'))),
    "raw surrogates": lambda: once(response(completion('"\ud800"'))),
    "NULs": lambda: once(response(completion('"\\u0000"', id='"\\u0000"'), b"X-Request-Id: a\x01b")),
    "escape sequences": lambda: once(error('"\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m"')),
    "bytes that aren't UTF-8": lambda: once(response(completion().replace(b"hello", b"\xff\xfe\xc3"))),
    "UTF-16": lambda: once(response(completion().decode().encode("utf-16"))),
    "odd types": lambda: once(response(b'{"id":[],"object":{},"choices":{"0":1},"usage":"x","error":5,"model":null}')),
    "choices of numbers": lambda: once(response(completion(choices="[1,null,true,[],{}]"))),
    "a list": lambda: once(response(b"[1,2,3]")),
    "an empty body": lambda: once(response(b"")),
    "many objects": lambda: once(response(completion(filled("{}", 1_000_000)))),
    "many choices": lambda: once(response(completion(choices=filled('{"index":0}', 60_000)))),
    "many names": lambda: once(response(completion("{" + ",".join(f'"{at}":0' for at in range(90_000)) + "}"))),
    "the same name many times": lambda: once(response(b"{" + b'"choices":[],' * 300_000 + b'"a":1}')),
    "words for patterns": lambda: once(response(completion(json.dumps("a" * 200_000 + "/usr/" + "b/" * 60_000)))),
    "long words of keys": lambda: once(response(completion(json.dumps("sk-" * 300_000)))),
    "an error of a megabyte": lambda: once(error(json.dumps("a b" * 300_000))),
    "an error of lists": lambda: once(error("[" * 90 + "]" * 90)),
    "a giant list of models": lambda: by_path(
        "/models",
        once(response(b'{"data":[' + b'{"id":"a"},' * 700_000 + b"5]}")),
        once(error('"no such model"', status=b"404 Not Found")),
    ),
}
"""Bodies in one piece."""

STREAMS: dict[str, Callable[[], Behaviour]] = {
    "endless events": lambda: endless(STREAM, event('{"choices":[]}')),
    "endless deltas": lambda: endless(STREAM, event(_delta('{"content":"a"}'))),
    "endless comments": lambda: endless(STREAM, chunk(b":\n\n")),
    "endless event": lambda: endless(STREAM + chunk(b"data: "), chunk(b"a" * 1000)),
    "endless data lines": lambda: endless(STREAM, chunk(b"data: a\n")),
    "endless ids": lambda: endless(STREAM, chunk(b"id: a\n")),
    "endless field": lambda: endless(STREAM, chunk(b"a" * 1000)),
    "endless carriage returns": lambda: endless(STREAM, chunk(b"\r" * 1000)),
    "endless [DONE]": lambda: endless(STREAM, event("[DONE]")),
    "endless tool calls": lambda: counted(
        STREAM, lambda at: event(_delta(f'{{"tool_calls":[{{"index":{at},"function":{{"arguments":"["}}}}]}}'))
    ),
    "a million comments": lambda: once(STREAM + chunk(b":\n" * 1_000_000) + event("[DONE]") + END),
    "events of NULs": lambda: once(stream("\0" * 5_000, "\0{}\0", "[DONE]\0", "[DONE]")),
    "events that end in carriage returns": lambda: once(
        STREAM + chunk(b"data: " + _delta('{"content":"a"}').encode() + b"\r\rdata: [DONE]\r\r") + END
    ),
    "events with odd line ends": lambda: once(stream(_delta('{"content":"a\u2028b\x85c\x0bd\x1ce"}'), "[DONE]")),
    "events behind byte order marks": lambda: once(
        STREAM + (chunk(b"\xef\xbb\xbf") + event(_delta('{"content":"a"}'))) * 3 + event("[DONE]") + END
    ),
    "events that say when to retry": lambda: once(
        STREAM + chunk(b"retry: " + b"9" * 5_000 + b"\nid: " + b"\0" * 99 + b"\ndata: [DONE]\n\n") + END
    ),
    "calls of an index of a billion": lambda: once(
        stream(_delta('{"tool_calls":[{"index":1000000000,"function":{"arguments":"{"}}]}'), "[DONE]")
    ),
    "calls of an index below zero": lambda: once(
        stream(_delta('{"tool_calls":[{"index":-5,"function":{"arguments":"{"}}]}'), "[DONE]")
    ),
    "events of odd JSON": lambda: once(
        stream("[" * 5000, "\ud800", '"\\ud800"', "1" * 100_000, "null", '{"choices":[5]}', "[DONE]")
    ),
    "odd deltas": lambda: once(
        stream(*map(_delta, ("5", "[]", '{"content":{}}', '{"tool_calls":{"0":1}}', '{"tool_calls":[5,{"index":[]}]}')))
    ),
    "an event of 7 MB": lambda: once(stream(_delta(f'{{"content":"{"a" * 7_000_000}"}}'), "[DONE]")),
}
"""Streams of events."""

REFUSALS: dict[str, Callable[[], Behaviour]] = {
    "Retry-After of an hour": lambda: _fails(b"429 Too Many Requests", b"Retry-After: 3600"),
    "Retry-After beyond all": lambda: _fails(b"503 Service Unavailable", b"Retry-After: 99999999999999999999"),
    "Retry-After of many digits": lambda: _fails(b"429 Too Many Requests", b"Retry-After: " + b"9" * 100_000),
    "Retry-After in the year 9999": lambda: _fails(
        b"429 Too Many Requests", b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"
    ),
    "Retry-After of no date": lambda: _fails(b"503 Service Unavailable", b"Retry-After: Mon, 99 Foo 20x6 -1:99 +9999"),
    "Retry-After of no number": lambda: _fails(b"429 Too Many Requests", b"Retry-After: nan", b"Retry-After: -1e9"),
    "Retry-After in other digits": lambda: _fails(b"503 Service Unavailable", "Retry-After: \u0663\u00b2".encode()),
    "odd limits": lambda: _fails(
        b"429 Too Many Requests",
        b"x-ratelimit-limit-requests: -5",
        b"x-ratelimit-remaining-requests: 1e999",
        b"x-ratelimit-reset-requests: " + b"9" * 5_000 + b"d",
    ),
}
"""Refusals that say how long to wait."""
