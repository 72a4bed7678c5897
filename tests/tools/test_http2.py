"""The comparison of HTTP/1.1 and HTTP/2: each arm begins as often as the others, and medians are printed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from tools import http2
from tools.http2 import RESPONSE, Arm, Block


def test_arms_take_turns_and_medians_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    async def block(arm: Arm, script: str) -> Block:
        asked.append(arm.name)
        number = len(asked)
        return Block(number / 1000, 2 * number / 1000, number / 10_000)

    monkeypatch.setattr(http2, "block", block)
    litellm: Any = None
    asyncio.run(http2.compare([Arm("a", litellm), Arm("b", litellm, http2=True), Arm("c", litellm)], RESPONSE, 3))
    assert asked == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.split() == ["response", "a", "p50", "6.0", "ms", "p95", "12.0", "ms", "CPU", "0.60", "ms"]


async def first_bytes(*, spoken: bool) -> bytes:
    """What a client of an arm sends first."""
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.set_result(await reader.readexactly(4))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as listener:
        litellm: Any = SimpleNamespace(
            base_url=f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", master_key="k"
        )
        async with Arm("x", litellm, http2=spoken).client() as client:
            with suppress(httpx2.TransportError):
                await client.post("/chat/completions", json={})
    return await got


def test_a_client_speaks_its_arms_protocol_from_the_first_byte() -> None:
    pytest.importorskip("h2", reason="the group yardsticks isn't installed")
    assert [asyncio.run(first_bytes(spoken=spoken)) for spoken in (False, True)] == [b"POST", b"PRI "]
