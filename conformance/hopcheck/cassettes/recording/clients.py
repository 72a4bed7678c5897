"""Records any client of any OpenAI-compatible server: a tee between them, until somebody ends it.

What carries a marker goes to the cassette of its case; all else to one cassette of the session, in its order. There is no
journal: nobody knows what the server does behind itself.
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

_TRUNCATED = frozenset({"cut", "reset", "garbled"})
_SETTLE_S = 2.0


@dataclass
class ClientRecordingResult:
    """What a session came to.

    Attributes:
        saved: The cassettes' files.
        left_out: For each exchange that isn't in them: its request, and why.
    """

    saved: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ClientRecorder:
    """What is to be recorded.

    Attributes:
        host: The address that clients are listened for on.
        port: The port; 0 takes a free one.
        server: The server's address, without a path.
        folder: Where the cassettes go.
        name: The session's.
    """

    host: str
    port: int
    server: str
    folder: Path
    name: str

    async def until(self, stopped: asyncio.Event, tell: Callable[[str], None]) -> ClientRecordingResult:
        """Record until `stopped` is set; `tell` is told the address when it can be used.

        Raises:
            OSError: The port is taken, or a cassette can't be written.
        """
        began_ns = time.monotonic_ns()
        async with tapped(self.server, self.port, self.host, as_host=True) as wiretap:
            tell(f"http://{self.host}:{wiretap.pipe.port}")
            await stopped.wait()
            await wiretap.settled(_SETTLE_S)
            exchanges = wiretap.take()
        return keep(exchanges, began_ns, self.server, self.folder, self.name)


def keep(
    exchanges: Iterable[RecordedExchange], began_ns: int, server: str, folder: Path, name: str
) -> ClientRecordingResult:
    """Save what passed, and say what can't be saved."""
    origin = Origin.of(server)
    maker = CassetteBuilder(began_ns, f"{origin.scheme}://{origin.authority}", Scrub(more=rules()), {})
    heard = ClientRecordingResult()
    cassettes: dict[str, list[Interaction]] = {}
    for one in maker.interactions(exchanges):
        why = f"its answer ended as `{one.wire.ended}`" if one.wire.ended in _TRUNCATED else fault(one)
        if why:
            heard.left_out.append(f"{one.request.method} {one.request.path.partition('?')[0]}: {why}")
        else:
            marker = Marker.find(one.request.body)
            cassettes.setdefault(marker.case if marker else name, []).append(one)
    made = Provenance(__version__, datetime.datetime.now(datetime.UTC).date().isoformat())
    heard.saved = [save(Cassette(case, made, tuple(ones)), folder) for case, ones in cassettes.items()]
    return heard
