"""The upstream: a server in the caller's event loop that plays scripts and keeps the journal.

Started with `async with await Upstream.start(scripts) as upstream`; a proxy is then pointed at `upstream.url`.
"""

from __future__ import annotations

import asyncio
import errno
from collections import OrderedDict
from dataclasses import replace
from typing import Self

from hopcheck_server.upstream.control import routes as control_routes
from hopcheck_server.upstream.dialects.openai import Renderer
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.journal import Journal, Place
from hopcheck_server.upstream.playback.clock import Clock
from hopcheck_server.upstream.playback.rendered import RenderedResponse
from hopcheck_server.upstream.protocol import Connection
from hopcheck_server.upstream.reader import Heads
from hopcheck_server.upstream.reading import Reading, Readings
from hopcheck_server.upstream.repeats import Repeats
from hopcheck_server.upstream.script.echo import echoed
from hopcheck_server.upstream.script.turns import Delivery, Script, Scripts, Turn
from hopcheck_server.wire.closing import Closing

BACKLOG = 2048

DONE_KEPT = 10_000
"""How many markers of finished cases are remembered."""

_DEFAULT = Turn()


class PortInUse(OSError):
    """The port that the upstream should listen on is held by something else."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"port {port} of {host} is in use")
        self.port = port


class Upstream(Closing):
    """A scripted provider on a port of its own.

    Attributes:
        scripts: What is played, by script name; may be changed while it runs.
        journal: What arrived.
        host: The address that it listens on.
        port: The port that it listens on.
        connections: Those that are open.
        opened: How many there have been; the latest has this number.
        heads: Request heads that are remembered.
        repeats: Whole requests that are remembered.
        clock: What paced answers wait for.
    """

    def __init__(self, scripts: Scripts, host: str, *, open_control: bool = False) -> None:
        self.scripts: dict[str, Script] = dict(scripts)
        self.journal = Journal()
        self.connections: set[Connection] = set()
        self._numbered: dict[int, Connection] = {}
        self.host = host
        self.port = 0
        self._open_control = open_control
        self.heads: Heads = {}
        self.repeats = Repeats(self.scripts)
        self.clock = Clock()
        self._readings = Readings()
        self._renderer = Renderer()
        self.opened = 0
        self._done: OrderedDict[str, None] = OrderedDict()
        self._tasks: set[asyncio.Task[RenderedResponse]] = set()
        self._empty = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._closed = False

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
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: Connection(upstream), host, port, backlog=BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(host, port) from error
            raise
        upstream._server = server
        upstream.port = server.sockets[0].getsockname()[1]
        return upstream

    @property
    def url(self) -> str:
        """Where it is reached from this host."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def load(self, scripts: Scripts) -> None:
        """Add scripts, replacing those of the same name; markers of finished cases count as new again."""
        self.scripts.update(scripts)
        self._done.clear()
        self.repeats.clear()

    def release(self, marker: str) -> None:
        """End the attempts of a marker that are still going on, as a case's end does.

        What comes later with the same marker (a retry, say) gets the default answer, so that nothing hangs again.
        """
        self._done[marker] = None
        self.repeats.clear()
        if len(self._done) > DONE_KEPT:
            self._done.popitem(last=False)
        for number in self.journal.going_on(marker):
            connection = self._numbered.get(number)
            if connection is not None and connection.plays(marker):
                connection.release()

    def forget(self, marker: str) -> None:
        """Release a marker, and drop what the journal holds of it."""
        self.release(marker)
        self.journal.forget(marker)

    async def aclose(self) -> None:
        """Stop listening, end all connections, and wait until they are gone. May be called again."""
        if self._server is None:
            return
        server, self._server, self._closed = self._server, None, True
        server.close()
        for task in self._tasks:
            task.cancel()
        for connection in list(self.connections):
            connection.release()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.connections:
            await self._empty.wait()
        self.clock.close()
        await server.wait_closed()

    # What connections ask of it.

    def joined(self, connection: Connection) -> None:
        """Note that a connection was made; one that was accepted just before the listening ended is dropped."""
        self.connections.add(connection)
        self._numbered[connection.number] = connection
        if self._closed:
            connection.release()

    def left(self, connection: Connection) -> None:
        """Note that a connection is gone."""
        self.connections.discard(connection)
        self._numbered.pop(connection.number, None)
        if self._closed and not self.connections:
            self._empty.set()

    def number(self) -> int:
        """The next connection's number."""
        self.opened += 1
        return self.opened

    def decide(self, arrival: Arrival) -> tuple[Turn, Reading]:
        """Put an attempt into the journal and decide what it is answered."""
        read = self._readings.read(arrival.head, arrival.body)
        arrival.model = read.ask.model
        if not read.marker:
            self.journal.add(arrival)
            return _DEFAULT, read
        arrival.marker, arrival.script = read.marker, read.script
        place = self.journal.add(arrival)
        script = self.scripts.get(read.script)
        if script is None or read.marker in self._done:
            return _DEFAULT, read
        return _turn(script, arrival, place), read

    def answer(self, arrival: Arrival, turn: Turn, read: Reading) -> tuple[RenderedResponse, Delivery]:
        """Render what was decided."""
        answer = self._renderer.render(turn, read.ask, read.seed, arrival.number)
        if arrival.head.method == b"HEAD":
            answer.empty, answer.plain = True, False
        if turn.delivery.gzip and not arrival.head.takes_gzip:
            return answer, replace(turn.delivery, gzip=False)
        return answer, turn.delivery

    def control(self, connection: Connection, arrival: Arrival) -> asyncio.Task[RenderedResponse]:
        """Begin to answer a control request."""
        request = arrival.attempt()
        allowed = self._open_control or connection.is_local
        task = asyncio.get_running_loop().create_task(control_routes.respond(self, request, allowed=allowed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _turn(script: Script, arrival: Arrival, place: Place) -> Turn:
    """Choose a script's turn for an attempt."""
    if script.steady:
        return script.turns[0]
    total, on_route, first_route = place
    turn = script.turn(
        total=total,
        on_route=on_route,
        first_route=first_route,
        model=arrival.model,
        key=arrival.head.key if script.by_key else "",
    )
    return echoed(turn, arrival.head.key) if turn.echo else turn
