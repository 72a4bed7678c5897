"""A provider for one test file: it does what a request's text says, attempt by attempt, and remembers who asked.

`do:500,hang,200 nonce` in the text means: a 500 for the first attempt with that nonce, silence for the second, an
answer for the third and all later ones. `held` is an answer when the test lets it go. It knows nothing of streams.
"""

import asyncio
import json
import re
from contextlib import suppress
from typing import Any

_HEAD = re.compile(rb"POST (\S+) .*?content-length: (\d+)", re.IGNORECASE | re.DOTALL)
_SCRIPT = re.compile(rb"do:([\w,]+) (\w+)")
_ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "answering-model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 8, "total_tokens": 18},
}
_REFUSAL = {"error": {"message": "as scripted", "type": "scripted", "param": None, "code": None}}


class Provider:
    """Attributes: port; attempts: for each nonce the requests that came, as (head, body)."""

    def __init__(self) -> None:
        self.port = 0
        self.attempts: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.let_go = asyncio.Event()
        self._news = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.sleep(0)  # lets the handlers see the end of their connections

    def models(self, nonce: str) -> list[str]:
        return [body["model"] for _, body in self.attempts.get(nonce, [])]

    async def arrival(self, nonce: str, count: int = 1) -> None:
        """Wait until that many attempts have arrived."""
        while len(self.models(nonce)) < count:
            self._news.clear()
            await self._news.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked = _HEAD.match(head)
                body = await reader.readexactly(int(asked.group(2))) if asked else b"{}"
                if (status := await self._status(head, body, reader)) is None:
                    break
                answer = json.dumps(_ANSWER if status == 200 else _REFUSAL).encode()
                writer.write(b"HTTP/1.1 %d Scripted\r\ncontent-type: application/json\r\n" % status)
                writer.write(b"content-length: %d\r\n\r\n%s" % (len(answer), answer))
        self._open.discard(writer)
        writer.close()

    async def _status(self, head: bytes, body: bytes, reader: asyncio.StreamReader) -> int | None:
        script = _SCRIPT.search(body)
        if not script:
            return 200
        attempts = self.attempts.setdefault(script.group(2).decode(), [])
        attempts.append((head.decode(), json.loads(body)))
        self._news.set()
        turns = script.group(1).decode().split(",")
        turn = turns[min(len(attempts), len(turns)) - 1]
        if turn == "hang":
            await reader.read()
            return None
        if turn == "held":
            await self.let_go.wait()
            return 200
        return int(turn)
