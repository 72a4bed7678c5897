"""What preflight says of servers that can't be tested: one sentence, in bounded time and memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from hopcheck.client.config import Models, TargetConfig
from hopcheck.client.responses import Response, SentRequest
from hopcheck.gate import preflight
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate
from hopcheck.gate.unfit import Unfit, complaint_about, listed_models
from hopcheck_server.upstream.control.port_holder import describe_holder
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse
from hopcheck_server.upstream.server import Upstream

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n"


async def _is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.transport.abort()


async def _drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.02)  # a slow server


async def _floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while not writer.is_closing():
        writer.write(b" " * 65536)
        await writer.drain()


async def _cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD + b'{"choices":')
    writer.close()


async def _speaks_no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await reader.read()


async def _sentence(handler: Handler) -> str:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server, await Upstream.start({}) as upstream:
        port = server.sockets[0].getsockname()[1]
        config = TargetConfig(name="t", base_url=f"http://127.0.0.1:{port}/v1", upstream_url=upstream.url)
        with pytest.raises(Unfit) as caught:
            await gate(GateOptions(config=config, cases=[]), asyncio.Event(), lambda *_: None)
    return str(caught.value)


@pytest.mark.parametrize(
    ("handler", "sentence"),
    [
        (_is_silent, "took the connection but did not answer within"),
        (_resets, "took the connection and closed it without an answer"),
        (_drips, "began to answer a plain request with 200, and was not through after"),
        (_floods, "began to answer a plain request with 200, and was not through after"),
        (_cuts, "began to answer a plain request with 200 and broke off"),
        (_speaks_no_http, "took the connection but gave no HTTP answer"),
    ],
)
def test_an_odd_server_is_described_in_time(monkeypatch, handler: Handler, sentence: str) -> None:
    monkeypatch.setattr(preflight, "PREFLIGHT_TIMEOUT_S", 1.0)
    assert sentence in asyncio.run(_sentence(handler))


CONFIG = TargetConfig(name="t", base_url="http://gateway/v1")


def complaint(status: int, *headers: tuple[str, str], attempt: Attempt | None = None) -> str:
    sent = SentRequest("", "POST", "http://gateway/v1/chat/completions", (), b"{}", 0)
    error = b'{"error": {"message": "no", "type": "t"}}'
    response = Response(sent, status, list(headers), [(0, error)], "complete")
    return complaint_about(CONFIG, response, "http://upstream:9100", attempt)


@pytest.mark.parametrize(
    ("status", "headers", "sentence"),
    [
        (429, [("Retry-After", "3600")], "its rate limit is used up. Wait for the 3,600 s that it names"),
        (429, [], "its rate limit is used up. Wait until that is over"),
        (503, [("Retry-After", "5")], "it isn't ready, or its provider is away. Wait for the 5 s that it names"),
        (308, [("Location", "https://g/v1/chat/completions")], "Give https://g/v1 as the URL."),
        (307, [("Location", "/login")], "sends its clients to /login; the gate follows no redirect"),
        (302, [], "no place that it names"),
        (302, [("Location", "http://[::1/v1/chat/completions")], "Give the URL to which it leads."),
        (301, [("Location", "/" + "a" * 900_000)], "aaa…; the gate follows no redirect"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, headers: list[tuple[str, str]], sentence: str) -> None:
    assert sentence in complaint(status, *headers)


@pytest.mark.parametrize(
    ("body", "headers", "sentence"),
    [
        (
            b'{"choices": [{"ind',
            [("Content-Type", "application/json")],
            "says that it is JSON and isn't: it is cut off",
        ),
        (b"\x1f\x8b\x08", [("Content-Encoding", "gzip")], "is compressed (gzip), though hopcheck asks for no"),
        (b"<!doctype html>", [("Content-Type", "text/html")], "is no OpenAI-compatible answer"),
    ],
)
def test_a_body_without_an_answer_says_what_it_is(body: bytes, headers: list[tuple[str, str]], sentence: str) -> None:
    sent = SentRequest("", "POST", "http://gateway/v1/chat/completions", (), b"{}", 0)
    response = Response(sent, 200, headers, [(0, body)], "complete")
    assert sentence in complaint_about(CONFIG, response, "", None)


@pytest.mark.parametrize(
    ("path", "answer", "sentence"),
    [
        ("/v1/messages", b"{}", "POST /v1/messages, which is Anthropic's API. Configure its provider"),
        ("/v1beta/models/m:generateContent?key=1", b"{}", "which is Gemini's API"),
        ("/api/chat", b"{}", "which is Ollama's own API"),
        ("/v1/responses", b"{}", "which is OpenAI's Responses API"),
        ("/chat/completions/v1", b"{}", "which no provider serves"),
        ("/v1/chat/completions", b'{"error": {"type": "missing_recording"}}', "is `hopcheck replay`, which has no"),
    ],
)
def test_what_the_upstream_does_not_serve_is_named(path: str, answer: bytes, sentence: str) -> None:
    attempt = Attempt("", "", 1, "", "POST", path, [], b"", 1, 0, response=SentResponse(404, [], answer))
    assert sentence in complaint(404, attempt=attempt)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nOllama is running", "by its answer it is Ollama"),
        (b"HTTP/1.1 404 X\r\nServer: uvicorn\r\nContent-Length: 0\r\n\r\n", "GET / with 404, as the server 'uvicorn'"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "it gives no HTTP answer"),
    ],
)
def test_who_holds_a_port_is_described(answer: bytes, words: str) -> None:
    async def main() -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            return await describe_holder(server.sockets[0].getsockname()[1])

    assert words in asyncio.run(main())


LISTED = {"object": "list", "data": [{"id": f"model-{number}"} for number in range(1, 8)]}


@pytest.mark.parametrize(
    ("model", "body", "sentence"),
    [
        ("fake-model", LISTED, " It lists model-1, model-2, model-3, model-4, model-5, and 2 more."),
        ("model-7", LISTED, ""),
        ("fake-model", {"data": []}, ""),
        ("fake-model", {"error": {}}, ""),
    ],
)
def test_a_refused_model_leads_to_those_that_are_listed(model: str, body: object, sentence: str) -> None:
    config = TargetConfig(name="t", base_url="http://gateway/v1", models=Models(chat=model))
    sent = SentRequest("", "GET", "http://gateway/v1/models", (), b"", 0)
    response = Response(sent, 200, [], [(0, json.dumps(body).encode())], "complete")
    assert listed_models(config, response) == sentence
