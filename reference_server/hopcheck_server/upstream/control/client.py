"""How a judge speaks to the upstream, in the same process or in another one."""

from __future__ import annotations

import asyncio
import json
from time import monotonic
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlencode

from hopcheck_server.upstream.control.access import TOKEN_HEADER, token_for
from hopcheck_server.upstream.control.routes import Controlled
from hopcheck_server.upstream.journal.attempt import Attempt, Times, from_json
from hopcheck_server.upstream.script.transfer import dump
from hopcheck_server.upstream.script.turns import Scripts
from hopcheck_server.wire.client import Broken, ClientConnection, ConnectFailed
from hopcheck_server.wire.pool import Origin, Pool

ANSWER_TIMEOUT_S = 10.0
"""How long an upstream may take to answer what needs no waiting."""

POLL_S = 30.0
"""How long one request waits at the upstream; a longer wait is several requests."""

PROBE_TIMEOUT_S = 2.0


class ControlFailed(Exception):
    """The upstream couldn't be asked, or refused; the text says why."""


class Control(Protocol):
    """What a judge asks of an upstream."""

    async def load(self, scripts: Scripts) -> None:
        """Add scripts, replacing those of the same name."""

    async def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far."""

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """The attempts of a marker once that many have come and (if `ended`) ended, or after `timeout_s` seconds."""

    async def release(self, marker: str) -> None:
        """End the attempts that are still going on."""

    async def forget(self, marker: str) -> None:
        """Release a marker, and drop what is kept of it."""

    async def take(self, script: str) -> list[Times]:
        """When the ended attempts of a script went through; their markers are forgotten."""

    async def unmarked(self, since_ns: int) -> list[Attempt]:
        """The attempts without a marker that came at that time (CLOCK_MONOTONIC) or later."""

    async def opened(self) -> int:
        """How many connections there have been; a later one has a higher number."""

    async def aclose(self) -> None:
        """Let go of the upstream; it goes on running."""


class LocalControl:
    """Control of an upstream in this event loop."""

    def __init__(self, upstream: Controlled) -> None:
        self._upstream = upstream

    async def load(self, scripts: Scripts) -> None:
        """Add scripts."""
        self._upstream.load(scripts)

    async def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far."""
        return self._upstream.journal.attempts(marker)

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """Wait for attempts."""
        return await self._upstream.journal.wait(marker, attempts=attempts, ended=ended, timeout_s=timeout_s)

    async def release(self, marker: str) -> None:
        """End what is going on."""
        self._upstream.release(marker)

    async def forget(self, marker: str) -> None:
        """Release and forget."""
        self._upstream.forget(marker)

    async def take(self, script: str) -> list[Times]:
        """Take the times of a script."""
        return self._upstream.journal.take(script)

    async def unmarked(self, since_ns: int) -> list[Attempt]:
        """Attempts without a marker."""
        return self._upstream.journal.unmarked(since_ns)

    async def opened(self) -> int:
        """How many connections there have been."""
        return self._upstream.opened

    async def aclose(self) -> None:
        """Nothing to let go of."""


class RemoteControl:
    """Control of an upstream in another process, over HTTP. Methods raise `ControlFailed` if it can't be asked."""

    def __init__(self, url: str) -> None:
        self._pool = Pool(Origin.of(url))
        self._token = token_for(self._pool.origin)

    async def load(self, scripts: Scripts) -> None:
        """Add scripts."""
        await self._ask("PUT", "scripts", dump(scripts))

    async def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far."""
        return _attempts(await self._ask("GET", f"journal/{quote(marker)}?responses=1"))

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """Wait for attempts."""
        deadline = monotonic() + timeout_s
        while True:
            wait_s = max(0.0, min(deadline - monotonic(), POLL_S))
            query = urlencode({"attempts": attempts, "ended": int(ended), "timeout_s": wait_s, "responses": 1})
            seen = _attempts(await self._ask("GET", f"journal/{quote(marker)}?{query}", wait_s=wait_s))
            ready = len(seen) >= attempts and (not ended or all(attempt.ended for attempt in seen))
            if ready or monotonic() >= deadline:
                return seen

    async def release(self, marker: str) -> None:
        """End what is going on."""
        await self._ask("POST", f"journal/{quote(marker)}/release")

    async def forget(self, marker: str) -> None:
        """Release and forget."""
        await self._ask("DELETE", f"journal/{quote(marker)}")

    async def take(self, script: str) -> list[Times]:
        """Take the times of a script."""
        return [Times(*entry) for entry in (await self._ask("DELETE", f"times/{quote(script)}"))["times"]]

    async def unmarked(self, since_ns: int) -> list[Attempt]:
        """Attempts without a marker."""
        return _attempts(await self._ask("GET", f"unmarked?since_ns={since_ns}"))

    async def opened(self) -> int:
        """How many connections there have been."""
        return int((await self._ask("GET", "health"))["opened"])

    async def aclose(self) -> None:
        """Close what is idle."""
        self._pool.close()

    async def _ask(self, method: str, path: str, body: bytes = b"", *, wait_s: float = 0.0) -> Any:
        target = f"{self._pool.origin.prefix}/_hopcheck/{path}"
        try:
            connection = await self._pool.take(timeout_s=ANSWER_TIMEOUT_S)
        except ConnectFailed as failed:
            raise ControlFailed(str(failed)) from failed
        try:
            headers = [("host", self._pool.origin.authority), (TOKEN_HEADER, self._token)]
            return await _exchange(connection, method, target, headers, body, wait_s)
        except (Broken, ValueError) as error:
            connection.abort()
            raise ControlFailed(f"{method} {target}: {error}") from error
        except BaseException:  # cancelled in the middle: nobody else can use this connection
            connection.abort()
            raise
        finally:
            self._pool.give(connection)


async def _exchange(
    connection: ClientConnection,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    body: bytes = b"",
    wait_s: float = 0.0,
) -> Any:
    """Ask, and read the JSON of a 200; ValueError if it is something else."""
    about_body = [("content-type", "application/json"), ("content-length", str(len(body)))]
    await connection.send(method, target, [*headers, *about_body], body)
    head = await connection.head(ANSWER_TIMEOUT_S + wait_s)
    answer = b"".join([data async for _, data in connection.chunks(ANSWER_TIMEOUT_S)])
    if head.status != 200:
        raise ValueError(f"{head.status} {answer[:200].decode('utf-8', 'replace')}")
    return json.loads(answer)


def _attempts(value: Any) -> list[Attempt]:
    return [from_json(attempt) for attempt in value["attempts"]]


async def probe(port: int, host: str = "127.0.0.1") -> Literal["ours", "other", "free"]:
    """Find out who holds a port: an upstream of ours, something else, or nobody."""
    try:
        connection = await ClientConnection.open(host, port, timeout_s=PROBE_TIMEOUT_S)
    except ConnectFailed as failed:
        return "free" if isinstance(failed.__cause__, ConnectionRefusedError) else "other"
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            await connection.send("GET", "/_hopcheck/health", [("host", f"{host}:{port}")])
            head = await connection.head()
            body = b"".join([data async for _, data in connection.chunks()])
        health = json.loads(body)
    except (Broken, ValueError, TimeoutError):
        return "other"
    finally:
        connection.abort()
    return "ours" if head.status == 200 and isinstance(health, dict) and "hopcheck" in health else "other"
