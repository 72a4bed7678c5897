"""The target as a case sees it: ask something, look at what came back, look at what the upstream saw.

Waiting, HTTP and parsing live here, so that cases read as requirements. Nothing here judges.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcheck.client.bodies import encode
from hopcheck.client.burst import Burst, burst_over
from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.client.nonces import random_nonces
from hopcheck.client.operations import Chat, Embeddings
from hopcheck.client.pending import Live
from hopcheck.client.responses import Answer, Sent
from hopcheck.client.sdk import official_client
from hopcheck.client.streams import Stream
from hopcheck.client.untestable import Untestable
from hopcheck.client.upstream_side import UpstreamSide
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.script.marker import Marker, script_name
from hopcheck_server.wire.client import ClientConnection, ConnectFailed
from hopcheck_server.wire.pool import Origin

if TYPE_CHECKING:
    from openai import AsyncOpenAI

RECOVERY_S = 30.0
"""How long a target may take to come out of a cooldown."""


class Target(UpstreamSide):
    """The proxy under test, for one case.

    Attributes:
        config: Where it is and what it declares.
        chat: Asks for chat completions.
        embeddings: Asks for embeddings.
        answers: Everything that was asked so far, in order.
        notes: Waits and repeats, for the report.
        read_timeout_s: How long silence is borne before an answer counts as hung.
        recovery_s: How long it may take to come out of a cooldown.
    """

    def __init__(
        self,
        config: TargetConfig,
        control: Control | None,
        *,
        case_id: str = "hopcheck",
        operation: str = "chat",
        nonces: Iterator[str] | None = None,
        read_timeout_s: float = 30.0,
        recovery_s: float = RECOVERY_S,
        expects_limits: bool = False,
        shared: dict[str, asyncio.Task[Any]] | None = None,
        flood: float = 1.0,
    ) -> None:
        """Bind a target to a case.

        Args:
            config: The target.
            control: The upstream behind it; None where there is none of ours.
            case_id: Names the scripts.
            operation: The operation that the case is run on; it stands in markers.
            nonces: Yields a nonce per request; None makes random ones.
            read_timeout_s: See the attribute.
            recovery_s: See the attribute.
            expects_limits: A 429 of the target's own is what the case asks about, so it isn't asked again.
            shared: What the cases of a run have in common, by name.
            flood: Which part of its requests a flooding case sends; below 1, long answers are shorter, too.
        """
        super().__init__(control)
        self.config = config
        self.read_timeout_s = read_timeout_s
        self.recovery_s = recovery_s
        self.answers: list[Answer] = []
        self.notes: list[str] = []
        self.chat = Chat(self)
        self.embeddings = Embeddings(self)
        self._case_id = case_id
        self._operation = operation
        self._nonces = nonces or random_nonces()
        self._expects_limits = expects_limits
        self._shared = {} if shared is None else shared
        self._flood = flood
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

    def many(self, number: int) -> int:
        """How many requests a case that wants so many sends in this run: as a rule, so many."""
        return max(4, round(number * self._flood))

    @property
    def in_full(self) -> bool:
        """Whether a case that sends much sends all of it: as a rule, it does."""
        return self._flood >= 1

    @property
    def base_path(self) -> str:
        """The path of the base URL: `/v1`, as a rule."""
        return self._origin.prefix

    def marker(self, script: str = "") -> str:
        """A fresh marker for one of the case's scripts."""
        return str(Marker.make(script_name(self._case_id, script), self._operation, next(self._nonces)))

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

    async def connect(self) -> ClientConnection:
        """Open a connection to the target.

        Raises:
            Untestable: Nothing listens there.
        """
        try:
            return await self._origin.connect(timeout_s=min(10.0, self.read_timeout_s))
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
        connection: ClientConnection | None = None,
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
        connection: ClientConnection | None = None,
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
        return Live(used, answer, self.read_timeout_s, (lambda: None) if connection else used.close)

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

    async def recovered(self, *, within_s: float | None = None) -> bool:
        """Wait until a plain marked request gets through; false if none did in that time, else in `recovery_s`."""
        bound_s = self.recovery_s if within_s is None else within_s
        begun = time.monotonic()
        while True:
            probe = Target(self.config, self._control, read_timeout_s=self.read_timeout_s, expects_limits=True)
            if (await probe.chat.create()).status == 200:
                waited = time.monotonic() - begun
                if waited > 1:
                    self.notes.append(f"waited {waited:.0f} s until the target was out of its cooldown")
                return True
            if time.monotonic() - begun > bound_s:
                return False
            await asyncio.sleep(0.5)  # between two probes of a target that announces nothing

    async def cooled_down(self, answer: Answer) -> bool:
        """Whether a 429 is a target's cooldown: its own, though no limit was asked about."""
        if answer.status != 429 or self._expects_limits or self._control is None or not answer.marker:
            return False
        return not await self._control.attempts(answer.marker)

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
        return official_client(self.config, self.read_timeout_s)
