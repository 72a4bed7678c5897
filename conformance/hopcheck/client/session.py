"""The connection between a case and its target: makes marked requests, sends them, and keeps their responses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hopcheck.client.bodies import CHAT_PATH, EMBEDDINGS_PATH, chat_body, embedding_body, encode
from hopcheck.client.config import TargetConfig
from hopcheck.client.pacing.paced_side import PacedSide
from hopcheck.client.pending_response import BodyRoom, PendingResponse
from hopcheck.client.providers.expressible import dialect_of, require_expressible
from hopcheck.client.providers.nonces import random_nonces
from hopcheck.client.responses import Response, SentRequest, Untestable
from hopcheck.client.session_options import DEFAULT_OPTIONS, SessionOptions
from hopcheck.client.streams import Stream
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.script.marker import Marker, script_name
from hopcheck_server.wire.client import ClientConnection, ConnectFailed
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.responses import MIB, ReadingBudget

MAX_BODY_BYTES = 6 * MIB
"""No more is read of a case's responses, each and in all; the largest that a case asks for has 4 MiB."""

MAX_PIECES = 100_000
"""A response's body may come in these many pieces; each costs more memory than a byte."""

TOTAL_TIMEOUTS = 4
"""A response must have ended after this many read timeouts, however it drips."""


class TargetSession(PacedSide):
    """The requests that one case sends to its target.

    Attributes:
        config: Where the target is, and what it declares.
        read_timeout_s: How long the target may be silent before its response counts as hung.
        recovery_s: How long the target may take to come out of a cooldown.
        operation: The operation that the case is run on.
        max_body_bytes: After how many bytes of a body it hangs up; None reads all.
    """

    max_body_bytes: int | None = None

    def __init__(
        self, config: TargetConfig, control: Control | None, options: SessionOptions = DEFAULT_OPTIONS
    ) -> None:
        """Begin a session.

        Args:
            config: The target.
            control: The upstream behind it; None where there is none of ours.
            options: For which case, and how patiently.
        """
        super().__init__(control, options)
        self.config = config
        self.read_timeout_s = options.read_timeout_s
        self.recovery_s = options.recovery_s
        self.operation = options.operation
        self._nonces = options.nonces or random_nonces()
        self._dialect = dialect_of(config.provider)
        self._origin = Origin.of(config.base_url)
        total_s = TOTAL_TIMEOUTS * options.read_timeout_s
        self._room = BodyRoom(MAX_BODY_BYTES)
        self._budget = ReadingBudget(body_bytes=MAX_BODY_BYTES, pieces=MAX_PIECES, total_s=total_s)

    @property
    def base_path(self) -> str:
        """The path of the base URL: `/v1`, as a rule."""
        return self._origin.prefix

    def carries_own_key(self, sent: SentRequest) -> bool:
        """Whether a request shows the configured key, or none where none is configured."""
        shown = [value for name, value in sent.headers if name.lower() == "authorization"]
        return shown == ([f"Bearer {self.config.api_key}"] if self.config.api_key else [])

    @property
    def served_models(self) -> frozenset[str]:
        """The models that the target declares, as clients name them."""
        declares, models = self.config.declares, self.config.models
        chain = declares.fallback.chain if declares.fallback else ()
        named = {models.chat, models.embedding, models.messages or models.chat, models.responses or models.chat}
        return frozenset({*named, *chain, *declares.model_map})

    def marker(self, script: str = "") -> str:
        """A fresh marker for one of the case's scripts."""
        return str(Marker.make(script_name(self._options.case_id, script), self.operation, next(self._nonces)))

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
            connection = await self._origin.connect(timeout_s=min(10.0, self.read_timeout_s))
        except ConnectFailed as error:
            raise Untestable(str(error)) from error
        connection.budget = self._budget
        return connection

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
    ) -> Response:
        """Send any request and read the whole response.

        Args:
            method: The HTTP method.
            path: Below the base URL (`/models`), or from the root where it starts with `//` (`//health`).
            body: Bytes are sent as they are, anything else as JSON; None sends no body.
            key: None sends the configured key, "" none.
            headers: More of them, or other values for the usual ones; a Transfer-Encoding says how the body is framed.
            marker: The marker that the body holds, so that `seen` can be asked about it.
            connection: Use this one and leave it open; None opens one and closes it.
        """
        async with await self.open(method, path, body, key, headers, marker, Response, connection) as live:
            if await live.head() is not None:
                await live.rest()
            return live.response

    async def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        marker: str = "",
        kind: type[Response] = Stream,
        connection: ClientConnection | None = None,
    ) -> PendingResponse:
        """Send any request, and return while its response is still to come (see `request`)."""
        if self._dialect is not None:
            require_expressible(self._dialect, body, f"/v1{path}")
        admitted_at = await self.admit()
        raw = b"" if body is None else body if isinstance(body, bytes) else encode(body)
        typed = {"Content-Type": "application/json"} if body is not None else {}
        pairs = self.headers(key, {**typed, **(headers or {})})
        if body is not None and not any(name.lower() == "transfer-encoding" for name, _ in pairs):
            pairs.append(("Content-Length", str(len(raw))))
        used = connection or await self.connect()
        target = path[1:] if path.startswith("//") else self._origin.prefix + path
        at_ns = await used.send(method, target, pairs, raw)
        url = f"{self._origin.scheme}://{self._origin.authority}{target}"
        response = kind(SentRequest(marker, method, url, tuple(pairs), raw, at_ns))
        self.responses.append(response)

        async def refused(live: PendingResponse) -> ClientConnection | None:
            limits = await self.limits(live.response, live.admitted_at)
            return await self._send_again(live, target, connection) if limits else None

        live = PendingResponse(used, response, self.read_timeout_s, closes=connection is None, refused=refused)
        live.admitted_at, live.max_body_bytes, live.room = admitted_at, self.max_body_bytes, self._room
        self.pending[marker] = live
        return live

    async def _send_again(
        self, live: PendingResponse, target: str, connection: ClientConnection | None
    ) -> ClientConnection:
        """Send a refused request once more, as it was, when the pace lets it go."""
        await live.rest()
        if connection is None:
            live.connection.close()
        elif not connection.reusable:
            raise Untestable("the target limits its rate, and closed the connection that the case is about")
        live.admitted_at = await self.admit_again(live)
        used = connection or await self.connect()
        response = live.response
        sent = response.sent
        at_ns = await used.send(sent.method, target, sent.headers, sent.body)
        response.begin_again(replace(sent, at_ns=at_ns))
        return used

    async def recovered(self, *, within_s: float | None = None) -> bool:
        """Wait until a plain marked request gets through; false if none did in that time, else in `recovery_s`."""
        bound_s = self.recovery_s if within_s is None else within_s
        begun = time.monotonic()
        while True:
            if await self._probe() == 200:
                waited = time.monotonic() - begun
                if waited > 1:
                    self.notes.append(f"waited {waited:.0f} s until the target was out of its cooldown")
                return True
            if time.monotonic() - begun > bound_s:
                return False
            await asyncio.sleep(0.5)  # between two probes of a target that announces nothing

    async def cooled_down(self, response: Response) -> bool:
        """Whether a 429 is a target's cooldown: its own, though no limit was asked about."""
        if response.status != 429 or self._options.expects_limits or self._control is None or not response.marker:
            return False
        return not await self._control.attempts(response.marker)

    async def _probe(self) -> int | None:
        """Send a plain marked request of no case, to the model that the case asks; returns its status."""
        models = self.config.models
        embeds = self.operation == "embeddings" and bool(models.embedding)
        plain = SessionOptions(
            operation="embeddings" if embeds else "chat",
            read_timeout_s=self.read_timeout_s,
            expects_limits=True,
            pace=self._options.pace,
        )
        probe = TargetSession(self.config, self._control, plain)
        marker = probe.marker()
        if embeds:
            body = embedding_body(models.embedding, marker, "hello", {})
            return (await probe.request("POST", EMBEDDINGS_PATH, body=body, marker=marker)).status
        body = chat_body(models.chat, marker, {})
        return (await probe.request("POST", CHAT_PATH, body=body, marker=marker)).status
