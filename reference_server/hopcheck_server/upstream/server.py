"""The upstream: a server in the caller's event loop that plays scripts and keeps the journal.

Started with `async with await Upstream.start(scripts) as upstream`; a proxy is then pointed at `upstream.url`.
"""

from __future__ import annotations

import errno
from functools import partial
from time import monotonic_ns
from typing import Self

from hopcheck_server.upstream.control.access import ControlAccess
from hopcheck_server.upstream.control.routes import PREFIX, serve_control
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Ending
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.playback.clock import Clock
from hopcheck_server.upstream.playback.player import Player
from hopcheck_server.upstream.playback.rendered import RenderedResponse
from hopcheck_server.upstream.responder import Responder
from hopcheck_server.upstream.script.marker import find_script
from hopcheck_server.upstream.script.turns import Script, Scripts
from hopcheck_server.wire.connection import ServerConnection, Work
from hopcheck_server.wire.exchange import ServerExchange
from hopcheck_server.wire.server import Server
from hopcheck_server.wire.tasks import Closing


class PortInUse(OSError):
    """The port that the upstream should listen on is held by something else."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"port {port} of {host} is in use")
        self.port = port


class Upstream(Closing):
    """A scripted provider on a port of its own.

    Attributes:
        journal: What arrived.
        host: The address that it listens on.
    """

    def __init__(self, scripts: Scripts, host: str, *, open_control: bool = False) -> None:
        self.journal = Journal()
        self.host = host
        self._access = ControlAccess(open_control=open_control)
        self._responder = Responder(scripts, self.journal)
        self._clock = Clock()
        self._players: dict[Arrival, Player] = {}  # that have not ended, also those whose turn has not come
        self._server = Server(self._handle)

    @classmethod
    async def start(
        cls, scripts: Scripts | None = None, *, host: str = "127.0.0.1", port: int = 0, open_control: bool = False
    ) -> Self:
        """Start listening.

        Args:
            scripts: What to play.
            host: The address to listen on.
            port: The port to listen on; 0 takes a free one.
            open_control: Whether peers from other hosts may use the control routes.

        Raises:
            PortInUse: Something else holds the port.
            OSError: It can't listen there for another reason.
        """
        upstream = cls(scripts or {}, host, open_control=open_control)
        try:
            await upstream._server.start(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(host, port) from error
            raise
        upstream._access.publish(upstream.port)
        return upstream

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """Where it is reached from this host."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def scripts(self) -> dict[str, Script]:
        """What is played, by script name; may be changed while it runs."""
        return self._responder.scripts

    @property
    def connections(self) -> set[ServerConnection]:
        """Those that are open."""
        return self._server.connections

    @property
    def opened(self) -> int:
        """How many connections there have been; the latest has this number."""
        return self._server.opened

    def load(self, scripts: Scripts) -> None:
        """Add scripts, replacing those of the same name; markers of finished cases count as new again."""
        self._responder.load(scripts)

    def release(self, marker: str) -> None:
        """End the attempts of a marker that are still going on, as a case's end does.

        What comes later with the same marker (a retry, say) gets the default response, so that nothing hangs again.
        """
        self._responder.finish(marker)
        for arrival in tuple(self.journal.arrivals(marker)):
            if not arrival.ended:
                self._release(self._players[arrival])

    def forget(self, marker: str) -> None:
        """Release a marker, and drop what the journal holds of it."""
        self.release(marker)
        self.journal.forget(marker)

    async def aclose(self) -> None:
        """Stop listening, end all connections, and wait until they are gone. May be called again."""
        self._access.withdraw()
        for player in tuple(self._players.values()):
            self._release(player)
        await self._server.aclose()
        self._clock.close()

    def _release(self, player: Player) -> None:
        self._end(player, "released")
        player.exchange.release()

    def _handle(self, exchange: ServerExchange) -> Work:
        """Put an attempt into the journal, and decide what it is answered when its turn has come."""
        if exchange.target.startswith(PREFIX):
            return serve_control(self, exchange, self._access)
        arrival = Arrival.of(exchange)
        arrival.marker, arrival.script = find_script(exchange.body)
        response, delivery = self._responder.respond(arrival)
        if response.is_plain and exchange.keep_alive:
            return partial(self._send, exchange, arrival, response)
        player = Player(exchange, arrival, response, delivery, self._clock, self._end)
        self._players[arrival] = player
        return player.step

    def _send(self, exchange: ServerExchange, arrival: Arrival, response: RenderedResponse) -> None:
        """Send a plain response in one write. A player would double a request's cost (73 µs, not 36, I/O apart)."""
        arrival.head_sent_ns = now_ns = monotonic_ns()
        body = response.body
        exchange.line.write(response.message(body))
        arrival.response_head, arrival.response_parts = response.head, response.pieces
        arrival.sent = now_ns, len(body)
        self.journal.end(arrival, "answered", now_ns)
        exchange.line.end(exchange)

    def _end(self, player: Player, ending: Ending) -> None:
        player.stop()
        if self._players.pop(player.arrival, None) is not None:
            self.journal.end(player.arrival, ending, monotonic_ns())
