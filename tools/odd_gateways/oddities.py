"""Odd JSON, odd bodies, odd streams and odd heads."""

from __future__ import annotations

from collections.abc import Mapping

VALUES: tuple[bytes, ...] = (
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e308",
    b"1e999",
    b"-1E-999",
    b"1.0",
    b"NaN",
    b"-Infinity",
    b"9" * 400,
    b"9" * 20_000,
    b"0." + b"7" * 20_000,
    b'""',
    b'" "',
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\\u001b[31m\\u0007"',
    b'"\\u202e\\ufeff\\ufffe"',
    b'"<script>alert(1)</script>"',
    b'"]]>&x;{{7*7}}%s%n"',
    b'"[bold]x[/nope]"',
    b'"' + b"a" * 50_000 + b'"',
    b"[]",
    b"{}",
    b"[[]]",
    b"[null]",
    b"[1, true, [], {}]",
    b'{"": {}}',
    b'{"0": 1}',
    b'{"index": "0"}',
    b"[" * 90 + b"]" * 90,
    b"[" * 200_000 + b"]" * 200_000,
    b'{"a":' * 90 + b"1" + b"}" * 90,
    b"[" + b"{}," * 5_000 + b"{}]",
    b'{"type": [], "index": {}, "delta": 5, "id": 7, "function": "f", "usage": "u"}',
)
"""JSON that may stand where another value is expected; some of it is beyond what JSON has."""

BODIES: Mapping[str, bytes] = {
    **{f"value-{number}": value for number, value in enumerate(VALUES)},
    "nothing": b"",
    "a-NUL": b"\0",
    "no-UTF-8": b'{"a": "\xff\xfe\xc3"}',
    "raw-surrogates": b'{"choices": "\xed\xa0\x80"}',
    "UTF-16": '{"choices": []}'.encode("utf-16"),
    "a-BOM": b"\xef\xbb\xbf{}",
    "half": b'{"choices": [{"index": 0, "mess',
    "two": b"{}{}",
    "quotes": b"'{}'",
    "a-comment": b'{"a": 1 /* b */}',
    "a-comma": b'{"choices": [],}',
    "white-space": b" \n\t\r" * 1_000,
    "HTML": b"<!doctype html><title>502</title><script>alert(1)</script>",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "events": b"data: {}\n\ndata: [DONE]\n\n",
    "lines": b"\r\n" * 10_000,
    "odd-choices": b'{"choices": [1, null, true, [], {}, {"message": 5}, {"delta": []}]}',
    "odd-calls": b'{"choices": [{"index": 0, "message": {"tool_calls": {"a": 1}}}, {"message": {"tool_calls": [5]}}]}',
    "odd-blocks": b'{"type": "message", "role": 5, "content": [1, null, {"type": []}], "usage": {"input_tokens": "a"}}',
    "odd-output": b'{"object": "response", "output": [1, null, {"type": "message", "content": 5}], "usage": []}',
    "odd-embeddings": b'{"data": [{"index": 1e9, "embedding": "!"}, {"embedding": [null, "a", 1e999]}, 5]}',
    "odd-models": b'{"data": [{"id": 5}, {"id": null}, [], "a", {"id": "\\ud800"}]}',
    "odd-error": b'{"error": {"message": [], "type": 5, "code": {}, "param": [1]}}',
    "an-error-of-text": b'{"error": "no"}',
    "an-error-of-errors": b'{"type": "error", "error": {"error": {"error": {"message": "\\u0000"}}}}',
}
"""What may stand in place of a body, or of each event's data."""

STREAMS: Mapping[str, bytes] = {
    "no-event": b"",
    "half-an-event": b'data: {"choices": [',
    "no-line-end": b'data: {"choices": []}',
    "fields-only": b"data\nid\nevent\nretry\n\n" * 50,
    "odd-fields": b"data:\0\nid: \0\nretry: -1\nretry: 99999999999999999999\nevent: \xff\n\n",
    "carriage-returns": b"data: {}\r\rdata: {}\r\r",
    "endings-mixed": b"data: {}\n\r\ndata: [DONE]\r\n\n",
    "done-first": b"data: [DONE]\n\ndata: {}\n\n",
    "done-many-times": b"data: [DONE]\n\n" * 500,
    "many-lines": b"data: 1\n" * 5_000 + b"\n",
    "odd-events": b"event: content_block_delta\ndata: {}\n\nevent: message_stop\ndata: 5\n\nevent: error\ndata: []\n\n",
    "odd-blocks": b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 1e99, "delta": []}\n\n'
    b'event: content_block_start\ndata: {"type": "content_block_start", "index": "a", "content_block": 7}\n\n'
    b'event: message_start\ndata: {"type": "message_start", "message": []}\n\n',
    "odd-responses": b'event: response.output_text.delta\ndata: {"type": "response.output_text.delta", "delta": 5}\n\n'
    b'event: response.completed\ndata: {"type": "response.completed", "response": [], "sequence_number": "x"}\n\n',
    "lines-of-JSON": b'{"message": {"content": 5}}\n{"done": "yes"}\n',
}
"""What may stand in place of all bytes of a stream."""

HEADS: Mapping[str, tuple[int, tuple[tuple[str, str], ...]]] = {
    "status-299": (299, ()),
    "status-999": (999, ()),
    "status-418": (418, ()),
    "status-302": (302, (("Location", "http://[::1"),)),
    "status-429": (
        429,
        (("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"), ("x-ratelimit-remaining-requests", "9e9")),
    ),
    "status-503": (503, (("Retry-After", "-5"),)),
    "odd-types": (200, (("Content-Type", "\xff; charset=\x80"), ("Content-Type", ";;;="))),
    "odd-limits": (200, (("x-ratelimit-reset-requests", "9" * 5_000), ("x-ratelimit-limit-requests", "-5"))),
    "odd-names": (200, (("X-\x80", "\xff"), ("set-cookie", "\x1b[31m"), ("x-request-id", "a" * 8_000))),
    "odd-coding": (200, (("Content-Encoding", "gzip, br, rot13"),)),
    "deflate": (200, (("Content-Encoding", "deflate"),)),
}
"""A status (200: the one that it had) and header fields."""
