"""A provider made of a bare asyncio server: it sends exactly the bytes of a test, and keeps the requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from hopcheck_server.proxy.adapters.factory import WATCH_NAME

KEY = "client-key-canary-51f0"
UPSTREAM_KEY = "upstream-key-canary-77aa"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**CHAT, "stream": True}


@dataclass
class ReceivedRequest:
    """One request as it arrived."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass
class Turn:
    """Lets a script speak, and waits for the proxy to hang up."""

    received: ReceivedRequest
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    upstream: RawUpstream

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_hangup(self) -> None:
        """Return when the proxy has closed the connection, and tell the test."""
        with contextlib.suppress(ConnectionError):
            await self.reader.read()
        self.upstream.hung_up.set()

    async def hang_up(self) -> None:
        """Close the connection, and tell the test when that is done: a request sent before may still meet it."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
        self.upstream.hung_up.set()

    def reset(self) -> None:
        self.writer.transport.abort()


Script = Callable[[Turn], Awaitable[None]]


def response(body: bytes, status: str = "200 OK", content_type: str = "application/json", *extra: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *extra]
    return "\r\n".join([*lines, "", ""]).encode() + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_END = b"0\r\n\r\n"


def data_of(text: str) -> list[str]:
    """The data lines of a stream."""
    return [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data:")]


def frame(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def says(data: bytes) -> Script:
    """Say this, and keep the connection."""

    async def script(turn: Turn) -> None:
        await turn.say(data)

    return script


def says_json(value: Any, status: str = "200 OK", *extra: str) -> Script:
    return says(response(json.dumps(value).encode(), status, "application/json", *extra))


def streams(*events: bytes, end: bytes = STREAM_END) -> Script:
    """One HTTP chunk per event."""
    return says(STREAM_HEAD + b"".join(frame(event) for event in events) + end)


@dataclass
class RawUpstream:
    """Runs in a thread of its own, on a free port; `script` answers whatever has no entry in `by_path`.

    What the proxy asks on its own account is answered by `watched`, and not written down.
    """

    script: Script = field(default_factory=lambda: says_json({}))
    watched: Script = field(default_factory=lambda: says_json("I'm alive!"))
    by_path: dict[str, Script] = field(default_factory=dict)
    received: list[ReceivedRequest] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    port: int = 0

    def __enter__(self) -> RawUpstream:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def permit(self) -> None:
        """Let the script that waits for permission go on."""
        self._loop.call_soon_threadsafe(self._permissions.put_nowait, None)

    async def permission(self) -> None:
        await self._permissions.get()

    def forget(self) -> None:
        """Be as new, for the next test."""
        self.script = says_json({})
        self.watched = says_json("I'm alive!")
        self.by_path.clear()
        self.received.clear()
        self.reached.clear()
        self.hung_up.clear()
        self.connections = 0
        self._permissions = asyncio.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def chats(self) -> list[ReceivedRequest]:
        return [received for received in self.received if received.path.endswith("/chat/completions")]

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._permissions: asyncio.Queue[None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # One turn of the loop for the transports to say goodbye.
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            while not writer.is_closing():
                received = await self._hear(number, reader)
                turn = Turn(received, reader, writer, self)
                if received.values("user-agent") == [WATCH_NAME]:
                    await self.watched(turn)
                    continue
                if not number:
                    self.connections += 1
                    number = received.connection = self.connections
                self.received.append(received)
                await self.by_path.get(received.path, self.script)(turn)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _hear(self, number: int, reader: asyncio.StreamReader) -> ReceivedRequest:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        fields = [line.partition(":") for line in head[1:] if line]
        headers = [(name, value.strip()) for name, _, value in fields]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        return ReceivedRequest(method, path, headers, await reader.readexactly(length), number)


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    """A chat stream's data event."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**head, "choices": [choice], **more}).encode() + b"\n\n"


ROLE = chunk({"role": "assistant", "content": ""})
HELLO = chunk({"content": "Hello"})
STOP = chunk(finish="stop")
DONE = b"data: [DONE]\n\n"
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


def ask(client: httpx2.Client, body: dict[str, Any]) -> socket.socket:
    """Send a chat over a socket of one's own, so that one can hang up, or read to the end, as one likes."""
    raw = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(raw)}\r\n\r\n"
    )
    connection = socket.create_connection((client.base_url.host, client.base_url.port), timeout=10)
    connection.sendall(head.encode() + raw)
    return connection
