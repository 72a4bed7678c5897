"""Records any client of any OpenAI-compatible server through a tee between them, until it is stopped.

Requests with a marker go to the cassette of their case; all others, in their order, to one cassette with the
recording's name. There is no journal, since what the server does with its provider isn't known.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hopcheck import __version__
from hopcheck.cassettes.model import Cassette, Interaction, Provenance
from hopcheck.cassettes.recording.builder import CassetteBuilder
from hopcheck.cassettes.recording.exchanges import RecordedExchange
from hopcheck.cassettes.recording.wiretap import tapped
from hopcheck.cassettes.secrets.scanner import rules
from hopcheck.cassettes.secrets.scrub import Scrub
from hopcheck.cassettes.store import fault, save
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.pool import Origin

_TRUNCATED = frozenset({"cut", "reset", "garbled", "too-large"})
_SETTLE_S = 2.0


@dataclass
class ClientRecordingResult:
    """The result of a recording of other clients.

    Attributes:
        saved: The cassettes' files.
        left_out: The request of each exchange that isn't in them, with the reason.
    """

    saved: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ClientRecorder:
    """Records what passes between clients and a server.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        server: The server's address, without a path.
        folder: Where the cassettes go.
        name: The name of the cassette for requests without a marker.
    """

    host: str
    port: int
    server: str
    folder: Path
    name: str

    async def until(self, stopped: asyncio.Event, ready: Callable[[str], None]) -> ClientRecordingResult:
        """Record until `stopped` is set; `ready` is called with the address once it can be used.

        Raises:
            OSError: The port is taken, or a cassette can't be written.
        """
        began_ns = time.monotonic_ns()
        async with tapped(self.server, self.port, self.host, as_host=True) as wiretap:
            ready(f"http://{self.host}:{wiretap.pipe.port}")
            await stopped.wait()
            await wiretap.settled(_SETTLE_S)
            exchanges = wiretap.take()
        return keep(exchanges, began_ns, self.server, self.folder, self.name)


def keep(
    exchanges: Iterable[RecordedExchange], began_ns: int, server: str, folder: Path, name: str
) -> ClientRecordingResult:
    """Save the exchanges that can be saved, and list the others."""
    origin = Origin.of(server)
    builder = CassetteBuilder(began_ns, f"{origin.scheme}://{origin.authority}", Scrub(more=rules()), {})
    result = ClientRecordingResult()
    cassettes: dict[tuple[str, str], list[Interaction]] = {}
    for one in builder.interactions(exchanges):
        why = f"its response ended as `{one.delivery.ended}`" if one.delivery.ended in _TRUNCATED else fault(one)
        if why:
            result.left_out.append(f"{one.request.method} {one.request.path.partition('?')[0]}: {why}")
        else:
            marker = Marker.find(one.request.body)
            cassettes.setdefault((marker.case, marker.operation) if marker else (name, ""), []).append(one)
    provenance = Provenance(__version__, datetime.datetime.now(datetime.UTC).date().isoformat())
    result.saved = [
        save(Cassette(case, provenance, tuple(ones), operation=operation), folder)
        for (case, operation), ones in cassettes.items()
    ]
    return result
