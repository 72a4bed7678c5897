"""The replay server: takes LiteLLM's place, plays recorded responses, and keeps a journal of the proxy's requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic_ns
from typing import Self

from hopcheck.cassettes import Canonical, Cassette
from hopcheck.replay.attempts import ReplayedAttempt
from hopcheck.replay.fixed_responses import (
    FixedResponse,
    fixed_response,
    missing_recording,
    model_in,
    models_of,
    wrong_key,
)
from hopcheck.replay.index import CassetteIndex, PlayableInteraction, cassette_of, key_of
from hopcheck.replay.journal import ReplayJournal
from hopcheck.replay.mismatch import explain
from hopcheck.replay.playback import InteractionPlayer
from hopcheck.replay.scripted_backend import forward, is_scripted
from hopcheck.replay.streams.chunking import Chunks, StreamForm
from hopcheck_server.upstream.control.access import ControlAccess
from hopcheck_server.upstream.control.routes import PREFIX, serve_control
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.script.turns import Scripts
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.server import PeerLeft, Server, ServerExchange
from hopcheck_server.wire.tasks import Closing

SETTLED_S = 1.0
"""How long a proxy may take to hang up once its client has; after that the server ends the exchange."""


class ReplayServer(Closing):
    """Plays cassettes to a proxy.

    Attributes:
        index: The recorded interactions.
        journal: The proxy's requests, and the attempts at the provider they would cause.
        chunks: How streams are chunked.
        misses: Requests that no recording answers, as sentences, by cassette ("" for those without a marker).
        key: The key that LiteLLM's clients must show; "" accepts any.
        secret: Played where a secret was redacted, if the proxy shows no key; else its key is played, which it must not
            pass on. "" leaves the redaction.
        scripted_backend: Answers the requests whose marker `is_scripted`; with None, cassettes answer those, too.
    """

    def __init__(
        self,
        cassettes: Mapping[str, Cassette],
        *,
        scale: Callable[[str], float] = lambda name: 1.0,
        chunks: Chunks = "recorded",
        key: str = "",
        secret: str = "",
        scripted_backend: Upstream | None = None,
        on_miss: Callable[[str], None] = lambda miss: None,
        on_end: Callable[[ReplayedAttempt], None] = lambda played: None,
    ) -> None:
        """Does not listen yet.

        Args:
            cassettes: By name.
            scale: How long a recorded second lasts, in seconds, for a cassette.
            chunks: How streams are chunked.
            key: See the attribute.
            secret: See the attribute.
            scripted_backend: See the attribute.
            on_miss: Called with each miss.
            on_end: Called with each request that has ended.
        """
        self.index = CassetteIndex.of(cassettes)
        self.journal = ReplayJournal()
        self.chunks: Chunks = chunks
        self.misses: dict[str, list[str]] = {}
        self.key = key
        self.secret = secret
        self.scripted_backend = scripted_backend
        self._scale = scale
        self._on_miss = on_miss
        self._on_end = on_end
        self._models = models_of(cassettes)
        self._stream_forms: dict[str, StreamForm] = {}
        self._exchanges: dict[ReplayedAttempt, ServerExchange] = {}
        self._access = ControlAccess()
        self._server = Server(self._handle)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        self._host = host
        await self._server.start(host, port)
        self._access.publish(self._server.port)
        return self

    @property
    def url(self) -> str:
        """Where it is reached from this host, without `/v1`."""
        return f"http://127.0.0.1:{self._server.port}"

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Stop listening while the context lasts: connections are refused."""
        port = self._server.port
        self._server.refuse_connections()
        try:
            yield
        finally:
            await self._server.start(self._host, port)

    @property
    def missed(self) -> list[str]:
        """All misses."""
        return [miss for misses in self.misses.values() for miss in misses]

    @property
    def opened(self) -> int:
        """How many connections there have been."""
        return self._server.opened

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        self._access.withdraw()
        await self._server.aclose()

    # What cases ask of an upstream's control.

    def load(self, scripts: Scripts) -> None:
        """Note which scripts were played in the recordings: the provider's responses are rendered from them."""
        self.journal.scripts.update(scripts)

    def release(self, marker: str) -> None:
        """Release what the provider holds."""
        self.journal.release(marker)

    def forget(self, marker: str) -> None:
        """End the marker's open exchanges, and drop its requests from the journal."""
        self.release(marker)
        for played in self.journal.open_requests(marker):
            exchange = self._exchanges.get(played)
            if exchange is not None:
                self.journal.end(played, "released", monotonic_ns())
                exchange.abort()
        self.journal.forget(marker)

    def rewind(self, marker: str, form: StreamForm | None) -> None:
        """Let a marker's recordings be played again, without delays and in that form; None restores the usual form."""
        self.index.rewind(marker)
        if form is None:
            self._stream_forms.pop(marker, None)
        else:
            self._stream_forms[marker] = form

    # How it responds.

    async def _handle(self, exchange: ServerExchange) -> None:
        if exchange.target.startswith(PREFIX):
            await serve_control(self, exchange, self._access)
            return
        played = ReplayedAttempt.of(exchange)
        key, played.marker = key_of(exchange.method, exchange.target, exchange.body)
        if self.scripted_backend is not None and is_scripted(Marker.find(exchange.body)):
            await forward(exchange, self.scripted_backend)
            return
        played.script = Marker.parse(played.marker).script if played.marker else ""
        played.model = model_in(exchange.body) or ""
        played.is_repeated = played.marker in self._stream_forms
        answer = self._decide(played, key)
        self.journal.add(played)
        exchange.on_gone = lambda: self.journal.end(played, "hung-up", monotonic_ns())
        self._exchanges[played] = exchange
        try:
            await self._answer(exchange, played, answer)
        except PeerLeft:
            self.journal.end(played, "hung-up", monotonic_ns())
        finally:
            del self._exchanges[played]
            self._on_end(played)

    def _decide(self, played: ReplayedAttempt, key: Canonical) -> PlayableInteraction | FixedResponse:
        """Find the recording that answers a request, or a fixed response."""
        marker = played.marker
        if self.key and played.key != self.key:
            why = f"{key.method} {key.path}: the key is not the one that the proxy must show to LiteLLM"
            return self._missed(played, why)
        played.recording = self.index.take(key, marker)
        if played.recording is not None:
            played.scale = 0.0 if played.is_repeated else self._scale(played.recording.cassette)
            return played.recording
        known = fixed_response(key.method, key.path, self._models)
        if known is not None:
            played.is_fixed = True
            return known
        return self._missed(played, explain(key, self.index.candidates(marker)))

    def _missed(self, played: ReplayedAttempt, why: str) -> FixedResponse:
        played.miss = why
        self.misses.setdefault(cassette_of(played.marker), []).append(why)
        self._on_miss(why)
        return wrong_key() if self.key and played.key != self.key else missing_recording(why)

    async def _answer(
        self, exchange: ServerExchange, played: ReplayedAttempt, answer: PlayableInteraction | FixedResponse
    ) -> None:
        if isinstance(answer, FixedResponse):
            await exchange.respond(answer.status, answer.media_type, answer.body)
            self.journal.end(played, "answered", monotonic_ns())
            return
        form = self._stream_forms.get(played.marker, self.chunks)
        secret = self.secret and (played.key or self.secret)
        ending = await InteractionPlayer(exchange, played, answer, form, secret).play()
        self.journal.end(played, ending, monotonic_ns())
