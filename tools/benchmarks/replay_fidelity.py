"""How true a replay is: chunks byte for byte, and how far their times are from the recorded ones.

`python tools/benchmarks/replay_fidelity.py [FOLDER]`. The replay runs as a process of its own; this one asks it for the
streams of the cassettes, one after another, and reads each with its times.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import uvloop

from hopcheck.cassettes import Cassette, Interaction, load_all
from hopcheck.replay.streams.chunking import is_stream
from hopcheck_server.chain import serve
from hopcheck_server.wire.client import Broken, ClientConnection

FOLDER = Path(__file__).parents[2] / "cassettes" / "litellm-1.106.2"

PER_CASSETTE = 3
"""Streams of a cassette that are asked for."""


@dataclass
class Found:
    """What was measured.

    Attributes:
        streams: How many were asked for.
        frames: How many chunks came.
        unlike: Streams whose chunks weren't those recorded.
        late_ms: How much later than recorded each chunk came, in milliseconds.
    """

    streams: int = 0
    frames: int = 0
    unlike: list[str] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)


async def measure(folder: Path) -> Found:
    cassettes = load_all(folder)
    found = Found()
    with tempfile.TemporaryDirectory() as logs:
        command = [sys.executable, "-m", "hopcheck", "replay", str(folder), "--port", "0"]
        async with serve(command, name="the replay", log_file=Path(logs) / "replay.log") as served:
            for case, cassette in cassettes.items():
                for one in _streams(cassette):
                    await _ask(served.port, case, one, found)
    return found


def _streams(cassette: Cassette) -> list[Interaction]:
    """The first few streams, but for those that wait until their case lets go of the provider."""
    held = {entry.marker for entry in cassette.journal if entry.ended == "released"}
    return [one for one in cassette.interactions if is_stream(one) and one.request.marker not in held][:PER_CASSETTE]


async def _ask(port: int, case: str, one: Interaction, found: Found) -> None:
    connection = await ClientConnection.open("127.0.0.1", port)
    body = one.request.body
    headers = [("host", "replay"), ("content-type", "application/json"), ("content-length", str(len(body)))]
    sent_ns = await connection.send(one.request.method, one.request.path, headers, body)
    pieces: list[tuple[int, bytes]] = []
    try:
        await connection.head(10)
        async for piece in connection.chunks(10):
            pieces.append(piece)
            if one.delivery.ended == "left" and len(pieces) == len(one.delivery.frames):
                break
    except Broken as broken:
        if broken.ended != one.delivery.ended:
            found.unlike.append(f"{case}: {broken}")
    connection.abort()
    found.streams += 1
    found.frames += len(pieces)
    if [data for _, data in pieces] != one.pieces:
        found.unlike.append(case)
    else:
        found.late_ms += [
            (at_ns - sent_ns) / 1e6 - frame.at_us / 1e3
            for (at_ns, _), frame in zip(pieces, one.delivery.frames, strict=True)
        ]


def main(folder: Path) -> int:
    found = uvloop.run(measure(folder))
    off = sorted(abs(late) for late in found.late_ms)
    p95 = quantiles(off, n=20)[-1]
    print(f"{found.streams} streams, {found.frames} chunks of {folder}")
    print(f"unlike those recorded: {len(found.unlike)} {found.unlike[:5]}")
    print(f"off the recorded times, ms: median {median(off):.2f}, p95 {p95:.2f}, most {max(off):.2f}")
    return 1 if found.unlike else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
