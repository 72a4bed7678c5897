"""The target as a case sees it: ask something, look at what came back, look at what the upstream saw.

Waiting, HTTP and parsing live here, so that cases read as requirements. Nothing here judges.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

from hopcheck.config import Declares, Models, TargetConfig
from hopcheck.target.answers import Answer, Sent, Stream
from hopcheck.target.bodies import Input, chat_body, embedding_body, encode
from hopcheck.target.burst import Burst, burst_over
from hopcheck.target.live import Live
from hopcheck.target.nonces import random_nonces
from hopcheck_server.http1.client import ConnectFailed, Connection
from hopcheck_server.http1.pool import Origin
from hopcheck_server.upstream import marker as markers
from hopcheck_server.upstream.control import Control
from hopcheck_server.upstream.journal import Attempt

RECOVERY_S = 30.0
"""How long a target may take to come out of a cooldown."""

SETTLE_S = 2.0
"""How long an attempt that arrived may go on after the client's answer ended."""


class Untestable(Exception):
    """The question could not be put to the target; the text says why."""


class Target:
    """The proxy under test, for one case.

    Attributes:
        config: Where it is and what it declares.
        chat: Asks for chat completions.
        embeddings: Asks for embeddings.
        answers: Everything that was asked so far, in order.
        notes: Waits and repeats, for the report.
        patience_s: How long silence is borne before an answer counts as hung.
    """

    def __init__(
        self,
        config: TargetConfig,
        control: Control | None,
        *,
        case_id: str = "hopcheck",
        nonces: Iterator[str] | None = None,
        patience_s: float = 30.0,
        expects_limits: bool = False,
        shared: dict[str, asyncio.Task[Any]] | None = None,
    ) -> None:
        """Bind a target to a case.

        Args:
            config: The target.
            control: The upstream behind it; None where there is none of ours.
            case_id: Names the scripts.
            nonces: Yields a nonce per request; None makes random ones.
            patience_s: See the attribute.
            expects_limits: A 429 of the target's own is what the case asks about, so it isn't asked again.
            shared: What the cases of a run have in common, by name.
        """
        self.config = config
        self.patience_s = patience_s
        self.answers: list[Answer] = []
        self.notes: list[str] = []
        self.chat = Chat(self)
        self.embeddings = Embeddings(self)
        self._control = control
        self._case_id = case_id
        self._nonces = nonces or random_nonces()
        self._expects_limits = expects_limits
        self._shared = {} if shared is None else shared
        self._origin = Origin.of(config.base_url)

    @property
    def declares(self) -> Declares:
        """What the target says that it does."""
        return self.config.declares

    @property
    def models(self) -> Models:
        """What healthy requests name."""
        return self.config.models

    @property
    def timed_model(self) -> str:
        """The model that the declared timeout holds for: the chat model, unless another one is declared."""
        return self.declares.timeout_model or self.models.chat

    @property
    def base_path(self) -> str:
        """The path of the base URL: `/v1`, as a rule."""
        return self._origin.prefix

    def marker(self, script: str = "") -> str:
        """A fresh marker for one of the case's scripts."""
        return markers.make(f"{self._case_id}~{script}" if script else self._case_id, next(self._nonces))

    def headers(self, key: str | None = None, more: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
        """What a client sends: its key (None: the configured one; "": none), the target's own headers, and more."""
        token = self.config.api_key if key is None else key
        named = {
            "Host": self._origin.authority,
            **({"Authorization": f"Bearer {token}"} if token else {}),
            "Accept": "*/*",
            **self.config.headers,
            **(more or {}),
        }
        return list(named.items())

    async def connect(self) -> Connection:
        """Open a connection to the target.

        Raises:
            Untestable: Nothing listens there.
        """
        try:
            return await self._origin.connect(timeout_s=min(10.0, self.patience_s))
        except ConnectFailed as error:
            raise Untestable(str(error)) from error

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        marker: str = "",
        connection: Connection | None = None,
    ) -> Answer:
        """Send any request and read the whole answer.

        Args:
            method: The HTTP method.
            path: Below the base URL (`/models`), or from the root where it starts with `//` (`//health`).
            body: Bytes are sent as they are, anything else as JSON; None sends no body.
            key: None sends the configured key, "" none.
            headers: More of them, or other values for the usual ones.
            marker: The marker that the body holds, so that `seen` can be asked about it.
            connection: Use this one and leave it open; None opens one and closes it.
        """
        async with await self.open(method, path, body, key, headers, marker, Answer, connection) as live:
            if await live.head() is not None:
                await live.rest()
            return live.answer

    async def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        marker: str = "",
        kind: type[Answer] = Stream,
        connection: Connection | None = None,
    ) -> Live:
        """Send any request, and return while its answer is still to come (see `request`)."""
        raw = b"" if body is None else body if isinstance(body, bytes) else encode(body)
        typed = {"Content-Type": "application/json"} if body is not None else {}
        pairs = self.headers(key, {**typed, **(headers or {})})
        if body is not None:
            pairs.append(("Content-Length", str(len(raw))))
        used = connection or await self.connect()
        target = path[1:] if path.startswith("//") else self._origin.prefix + path
        at_ns = await used.send(method, target, pairs, raw)
        url = f"{self._origin.scheme}://{self._origin.authority}{target}"
        answer = kind(Sent(marker, method, url, tuple(pairs), raw, at_ns))
        self.answers.append(answer)
        return Live(used, answer, self.patience_s, (lambda: None) if connection else used.close)

    async def seen(self, answer: Answer | str, *, attempts: int = 1, settle_s: float = SETTLE_S) -> list[Attempt]:
        """What the upstream saw of a request: its attempts, once each has ended (or `settle_s` have passed).

        Args:
            answer: The answer to the request, or its marker.
            attempts: Wait until so many have come; the default doesn't wait for one that hasn't come by now.
            settle_s: The longest wait, in seconds.

        Raises:
            Untestable: There is no upstream of ours.
        """
        marker = answer if isinstance(answer, str) else answer.marker
        control = self._two_sided()
        arrived = await control.attempts(marker)
        if len(arrived) < attempts and attempts == 1:
            return arrived
        return await control.wait(marker, attempts=attempts, ended=True, timeout_s=settle_s)

    async def arrival(self, marker: str, *, timeout_s: float = 5.0) -> Attempt:
        """Wait until a request's first attempt is at the upstream, and return it while it may go on.

        Raises:
            Untestable: None came in time.
        """
        arrived = await self._two_sided().wait(marker, attempts=1, ended=False, timeout_s=timeout_s)
        if not arrived:
            raise Untestable("the request did not reach the upstream")
        return arrived[0]

    async def forwarded(self, answer: Answer) -> Attempt:
        """The request as the upstream got it, in the attempt that was answered last.

        Raises:
            Untestable: It did not get there.
        """
        attempts = await self.seen(answer)
        if not attempts:
            raise Untestable(f"the request did not reach the upstream; the target answered {describe(answer)}")
        return attempts[-1]

    async def received(self, answer: Answer) -> Any:
        """The JSON body that the upstream got in the last attempt; None if it got none, which a refusal may explain."""
        attempts = await self.seen(answer)
        return attempts[-1].json if attempts else None

    async def burst(self) -> Burst:
        """The run's burst over the declared rate limit; the first case that asks for it sends it.

        Raises:
            Untestable: No window was free.
        """
        limit = self.declares.rate_limit
        assert limit is not None, "the case must need rate_limit"
        if "burst" not in self._shared:
            sending = burst_over(self, limit.models[0], limit.requests, limit.window_s)
            self._shared["burst"] = asyncio.ensure_future(sending)
        burst: Burst = await asyncio.shield(self._shared["burst"])
        self.answers += [answer for answer in burst.answers if answer not in self.answers]
        return burst

    async def unmarked(self, since_ns: int) -> list[Attempt]:
        """What reached the upstream without a marker at that time (CLOCK_MONOTONIC) or later, whoever sent it.

        Raises:
            Untestable: There is no upstream of ours.
        """
        return await self._two_sided().unmarked(since_ns)

    async def connections(self) -> int:
        """How many connections the upstream has had; a later one's number in an attempt is higher.

        Raises:
            Untestable: There is no upstream of ours.
        """
        return await self._two_sided().opened()

    async def release(self, marker: str) -> None:
        """Let go of what the upstream left hanging."""
        await self._two_sided().release(marker)

    def _two_sided(self) -> Control:
        if self._control is None:
            raise Untestable("there is no upstream of hopcheck's behind the target")
        return self._control

    async def recovered(self, *, within_s: float = RECOVERY_S) -> bool:
        """Wait until a plain marked request gets through; false if none did in that time."""
        begun = time.monotonic()
        while True:
            probe = Target(self.config, self._control, patience_s=self.patience_s, expects_limits=True)
            if (await probe.chat.create()).status == 200:
                waited = time.monotonic() - begun
                if waited > 1:
                    self.notes.append(f"waited {waited:.0f} s until the target was out of its cooldown")
                return True
            if time.monotonic() - begun > within_s:
                return False
            await asyncio.sleep(0.5)  # between two probes of a target that announces nothing

    async def cooled_down(self, answer: Answer) -> bool:
        """Whether a 429 is a target's cooldown: its own, though no limit was asked about."""
        if answer.status != 429 or self._expects_limits or self._control is None or not answer.marker:
            return False
        if await self._control.attempts(answer.marker):
            return False
        self.notes.append("a 429 without an upstream attempt was asked again")
        return True

    def log(self) -> str:
        """What the target has logged so far.

        Raises:
            Untestable: The log file can't be read.
        """
        try:
            return Path(self.config.log_file).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Untestable(f"the log file can't be read: {error}") from error

    def sdk(self) -> AsyncOpenAI:
        """The official client, pointed at the target, without retries. Use it as a context manager."""
        return AsyncOpenAI(
            base_url=self.config.base_url,
            api_key=self.config.api_key or "none",
            max_retries=0,
            timeout=self.patience_s,
            default_headers=dict(self.config.headers),
        )


class Chat:
    """Asks for chat completions. Keyword arguments are the body's fields; `OMIT` leaves one out."""

    path = "/chat/completions"

    def __init__(self, target: Target) -> None:
        """Belongs to a target."""
        self._target = target

    def body(self, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a request: a short question to the healthy model, with these fields instead or beside."""
        return chat_body(self._target.models.chat, marker, dict(fields))

    async def create(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        connection: Connection | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Answer:
        """Ask for an answer in one piece.

        Args:
            script: Which of the case's scripts the upstream plays.
            key: None sends the configured key, "" none.
            headers: More of them.
            connection: Use this one and leave it open.
            extra: Body fields whose names are taken by these arguments.
            fields: Body fields.
        """
        return await self._ask(Answer, script, key, headers, connection, {**fields, **(extra or {})})

    async def stream(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        connection: Connection | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Stream:
        """Ask for a stream, and read it to its end (see `create`)."""
        asked = {"stream": True, **fields, **(extra or {})}
        answer = await self._ask(Stream, script, key, headers, connection, asked)
        assert isinstance(answer, Stream)
        return answer

    async def open(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Live:
        """Ask, and return while the answer is still to come; `stream=True` by default (see `create`)."""
        target = self._target
        marker = target.marker(script)
        body = self.body(marker, {"stream": True, **fields})
        return await target.open("POST", self.path, body, key, headers, marker)

    async def _ask(
        self,
        kind: type[Answer],
        script: str,
        key: str | None,
        headers: Mapping[str, str] | None,
        connection: Connection | None,
        fields: Mapping[str, Any],
    ) -> Answer:
        target = self._target
        for last in (False, True):
            marker = target.marker(script)
            body = self.body(marker, fields)
            async with await target.open("POST", self.path, body, key, headers, marker, kind, connection) as live:
                if await live.head() is not None:
                    await live.rest()
            if last or not await target.cooled_down(live.answer):
                break
            if not await target.recovered():
                raise Untestable("target in cooldown")
        return live.answer


class Embeddings:
    """Asks for embeddings."""

    path = "/embeddings"

    def __init__(self, target: Target) -> None:
        """Belongs to a target."""
        self._target = target

    async def create(
        self,
        given: Input = "hello",
        *,
        script: str = "",
        key: str | None = None,
        **fields: Any,
    ) -> Answer:
        """Ask for embeddings of a text or a token array, or of several."""
        target = self._target
        marker = target.marker(script)
        body = embedding_body(target.models.embedding, marker, given, fields)
        return await target.request("POST", self.path, body=body, key=key, marker=marker)


def describe(answer: Answer) -> str:
    """An answer in a few words, for reasons."""
    if answer.status is None:
        return f"nothing ({answer.detail or answer.ended})"
    said = answer.error
    text = said.get("message") if isinstance(said, dict) else answer.text
    return f"{answer.status} {json.dumps(str(text)[:160], ensure_ascii=False)}"
