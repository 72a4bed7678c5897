"""The kinds of requests of a soak: what the provider does, what the client does, and how each has to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from hopcheck.client import PendingResponse, Response, Stream, Target
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script, Turn

WORDS = [f"word{number} " for number in range(20)]
LARGE = ["x" * 16_384] * 64
"""A megabyte in a stream: more than the buffers on the way hold."""

SLOW_READS, SLOW_READ_S = 8, 0.25

Ask = Callable[[Target], Awaitable[str]]
"""Asks once; returns how it ended."""

AnyResponse = TypeVar("AnyResponse", bound=Response)


@dataclass(frozen=True)
class RequestKind:
    """One kind of request.

    Attributes:
        name: In the table.
        turn: What the provider does.
        ask: What the client does.
        expected: How it may end; anything else is an error of the proxy's own.
    """

    name: str
    turn: Turn
    ask: Ask
    expected: frozenset[str]

    @property
    def script(self) -> str:
        """The name of its script, which is in its markers."""
        return f"soak.{self.name}"


async def _response(target: Target) -> str:
    return _ended(await target.chat.create())


async def _stream(target: Target) -> str:
    return _ended(await target.chat.stream())


async def _bad_request(target: Target) -> str:
    return _ended(await target.chat.create(temperature="hot"))


def _ended(response: Response) -> str:
    if response.ended != "complete":
        return f"{response.status or 'no answer'}, then {response.ended}"
    if not isinstance(response, Stream) or response.status != 200:
        return str(response.status)
    return "200, [DONE]" if response.data[-1:] == ["[DONE]"] else "200, error" if response.error else "200, no end"


async def _hang_up(target: Target) -> str:
    async with await target.chat.open() as live:
        await live.event()
        live.hang_up()
    return f"{live.response.status}, left"


async def _hang_up_early(target: Target) -> str:
    async with await target.chat.open() as live:
        live.hang_up()
    return "left"


async def _slow_reader(target: Target) -> str:
    async with await target.chat.open() as live:
        await _read_slowly(live)
        return _ended(await live.rest())


async def _read_slowly(live: PendingResponse) -> None:
    for _ in range(SLOW_READS):
        await live.event()
        await asyncio.sleep(SLOW_READ_S)  # this is what is slow about the reader


def _kind(name: str, turn: Turn, ask: Ask, *expected: str) -> RequestKind:
    return RequestKind(name, turn, ask, frozenset(expected))


KINDS = (
    _kind("response", reply.chat("Hello"), _response, "200"),
    _kind("stream", reply.chat(*WORDS), _stream, "200, [DONE]"),
    _kind("paced-stream", reply.chat(*WORDS, pace_s=0.05), _stream, "200, [DONE]"),
    _kind("slow-reader", reply.chat(*LARGE), _slow_reader, "200, [DONE]"),
    _kind("hang-up", reply.chat(*WORDS, pace_s=0.05), _hang_up, "200, left"),
    _kind("early-hang-up", reply.chat(*WORDS, delay_s=1.0), _hang_up_early, "left"),
    _kind("bad-request", reply.chat("Hello"), _bad_request, "400"),
    _kind("error-429", reply.status(429, headers={"retry-after": "1"}), _response, "429"),
    _kind("error-500", reply.status(500), _response, "500"),
    _kind("html", reply.html(502), _response, "502"),
    _kind("not-json", reply.raw(200, "what", "application/json"), _response, "502"),
    _kind("cut-stream", reply.chat(*WORDS, cut_after_events=3), _stream, "200, error", "502"),
)
"""Asked in turn."""


def scripts() -> dict[str, Script]:
    """What the provider plays."""
    return {kind.script: reply.script_of(kind.turn) for kind in KINDS}
