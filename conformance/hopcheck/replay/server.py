"""The replay server: stands in LiteLLM's place, answers what was recorded, and keeps a journal of what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic_ns
from typing import Self

from hopcheck.cassettes import Canonical, Cassette
from hopcheck.replay.attempts import ReplayedAttempt
from hopcheck.replay.fixed_responses import FixedResponse, canned, miss_answer, model_in, models_of, wrong_key
from hopcheck.replay.index import CassetteIndex, PlayableInteraction, case_of, key_of
from hopcheck.replay.journal import ReplayJournal
from hopcheck.replay.mismatch import explain
from hopcheck.replay.playback import InteractionPlayer
from hopcheck.replay.scripted_backend import is_seated, pass_on
from hopcheck.replay.streams.chunking import Chunks, StreamForm
from hopcheck_server.upstream.control import routes as control_routes
from hopcheck_server.upstream.journal.arrival import RequestHead
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.script.turns import Scripts
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.closing import Closing
from hopcheck_server.wire.server import PeerLeft, Server, ServerExchange

SETTLED_S = 1.0
"""How long a proxy may take to hang up once its client has; only then is an exchange ended from here."""


class ReplayServer(Closing):
    """Plays cassettes to a proxy.

    Attributes:
        deck: The recorded interactions.
        journal: What the proxy asked, and what that came to at the provider.
        chunks: How streams are cut.
        misses: Requests that no recording answers, in sentences, by case ("" for those without a marker).
        key: The key that LiteLLM's clients show; "" takes any.
        secret: What is said where a secret was taken out of a cassette, if the proxy shows no key; else that is said, since
            it must not tell it. "" says what stands there.
        seat: Answers the requests whose marker `is_seated`; None has the cassettes answer those, too.
    """

    def __init__(
        self,
        cassettes: Mapping[str, Cassette],
        *,
        scale: Callable[[str], float] = lambda case: 1.0,
        chunks: Chunks = "recorded",
        key: str = "",
        secret: str = "",
        seat: Upstream | None = None,
        told: Callable[[str], None] = lambda miss: None,
        ended: Callable[[ReplayedAttempt], None] = lambda played: None,
    ) -> None:
        """Does not listen yet.

        Args:
            cassettes: By case.
            scale: How long a recorded second lasts, in seconds, for a case ("" for no case).
            chunks: How streams are cut.
            key: See the attribute.
            secret: See the attribute.
            seat: See the attribute.
            told: Is told of each miss.
            ended: Is told of each request when it has ended.
        """
        self.deck = CassetteIndex.of(cassettes)
        self.journal = ReplayJournal()
        self.chunks: Chunks = chunks
        self.misses: dict[str, list[str]] = {}
        self.key = key
        self.secret = secret
        self.seat = seat
        self._scale = scale
        self._told = told
        self._ended = ended
        self._models = models_of(cassettes)
        self._told_otherwise: dict[str, StreamForm] = {}
        self._exchanges: dict[ReplayedAttempt, ServerExchange] = {}
        self._server = Server(self._handle)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        self._host = host
        await self._server.start(host, port)
        return self

    @property
    def url(self) -> str:
        """Where it is reached from this host, without `/v1`."""
        return f"http://127.0.0.1:{self._server.port}"

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Nobody listens here while the context lasts: connections are refused."""
        port = self._server.port
        self._server.leave()
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
        await self._server.aclose()

    # What a judge asks of it, as of an upstream.

    def load(self, scripts: Scripts) -> None:
        """Scripts were played when the cassettes were recorded."""

    def release(self, marker: str) -> None:
        """The case lets go of what the provider left hanging."""
        self.journal.release(marker)

    def forget(self, marker: str) -> None:
        """The case has ended: end what still goes on, and drop what is kept of the marker."""
        self.release(marker)
        for played in self.journal.going_on_of(marker):
            exchange = self._exchanges.get(played)
            if exchange is not None:
                self.journal.end(played, "released", monotonic_ns())
                exchange.abort()
        self.journal.forget(marker)

    def rewind(self, marker: str, telling: StreamForm | None) -> None:
        """Let a marker's recordings be played again, at once and told that way; None goes back to the usual way."""
        self.deck.rewind(marker)
        if telling is None:
            self._told_otherwise.pop(marker, None)
        else:
            self._told_otherwise[marker] = telling

    # How it answers.

    async def _handle(self, exchange: ServerExchange) -> None:
        head = _head(exchange)
        played = ReplayedAttempt(head, exchange.body, exchange.connection, exchange.received_ns)
        if exchange.target.startswith(control_routes.PREFIX):
            await self._control(exchange, played)
            return
        key, played.marker = key_of(exchange.method, exchange.target, exchange.body)
        if self.seat is not None and is_seated(Marker.find(exchange.body)):
            await pass_on(exchange, self.seat)
            return
        played.script = Marker.parse(played.marker).script if played.marker else ""
        played.model = model_in(exchange.body) or ""
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
            self._ended(played)

    def _decide(self, played: ReplayedAttempt, key: Canonical) -> PlayableInteraction | FixedResponse:
        """Find the recording, or the answer that needs none."""
        marker = played.marker
        if self.key and played.head.key != self.key:
            why = f"{key.method} {key.path}: the key is not the one that the proxy was given for LiteLLM"
            return self._missed(played, why)
        played.card = self.deck.draw(key, marker)
        if played.card is not None:
            played.scale = 0.0 if marker in self._told_otherwise else self._scale(played.card.case)
            return played.card
        known = canned(key.method, key.path, self._models)
        if known is not None:
            played.canned = True
            return known
        return self._missed(played, explain(key, self.deck.candidates(marker)))

    def _missed(self, played: ReplayedAttempt, why: str) -> FixedResponse:
        played.miss = why
        self.misses.setdefault(case_of(played.marker), []).append(why)
        self._told(why)
        return wrong_key() if self.key and played.head.key != self.key else miss_answer(why)

    async def _answer(
        self, exchange: ServerExchange, played: ReplayedAttempt, answer: PlayableInteraction | FixedResponse
    ) -> None:
        if isinstance(answer, FixedResponse):
            await _write(exchange, answer)
            self.journal.end(played, "answered", monotonic_ns())
            return
        telling = self._told_otherwise.get(played.marker, self.chunks)
        secret = self.secret and (played.head.key or self.secret)
        ending = await InteractionPlayer(exchange, played, answer, telling, secret).play()
        self.journal.end(played, ending, monotonic_ns())

    async def _control(self, exchange: ServerExchange, asked: ReplayedAttempt) -> None:
        answer = await control_routes.respond(self, asked.attempt(), allowed=exchange.is_local)
        status = int(answer.head.split(b" ", 2)[1])
        await _write(exchange, FixedResponse(status, "application/json", answer.pieces[0]))


async def _write(exchange: ServerExchange, answer: FixedResponse) -> None:
    size = str(len(answer.body))
    await exchange.start(answer.status, [("content-type", answer.media_type), ("content-length", size)], "length")
    await exchange.write(answer.body)
    await exchange.finish()


def _head(exchange: ServerExchange) -> RequestHead:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in exchange.headers]
    return RequestHead(
        exchange.method.encode("latin-1"),
        exchange.target.encode("latin-1"),
        headers,
        keep_alive=exchange.keep_alive,
        http10=False,
        length=len(exchange.body),
    )
