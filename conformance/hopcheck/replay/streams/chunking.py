"""Other ways to cut a recorded stream into chunks. To whoever reads event streams well, all of them say the same.

Pure: knows neither sockets nor clocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple, get_args

from hopcheck.cassettes import Interaction
from hopcheck.replay.streams.variants import can_be_retold, retold
from hopcheck.report.redaction import REDACTED

Chunks = Literal["recorded", "per-event", "one-byte", "split-utf8", "coalesced"]
"""As recorded; one event each; one byte each; cut inside every character of several bytes and every blank line; one."""

CHUNKINGS: tuple[Chunks, ...] = get_args(Chunks)

ONE_BY_ONE = 1024
"""Bytes of a stream that leave one by one; what follows leaves as recorded. A chunk a byte is work for a proxy: a
hundred thousand of them take it a minute."""

_BLANK = re.compile(rb"(?:\r\n|\r|\n)(?:\r\n|\r|\n)")
_WIDE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")


class StreamPiece(NamedTuple):
    """Bytes that leave as one chunk, and when, in microseconds since the request was there."""

    at_us: int
    data: bytes


class StreamVariant(NamedTuple):
    """A stream in other words.

    Attributes:
        ways: See `retelling.retold`.
        chunks: How that is cut; as recorded is an event a chunk.
    """

    ways: frozenset[str]
    chunks: Chunks = "recorded"


StreamForm = Chunks | StreamVariant
"""How a stream is told: cut otherwise, or in other words."""


def pieces_of(interaction: Interaction, telling: StreamForm = "recorded", secret: str = "") -> list[StreamPiece]:
    """A recorded body, cut for playing. Only event streams are ever cut anew, or retold.

    Args:
        interaction: What was recorded.
        telling: How to cut it, or in which ways to retell it.
        secret: Stands where a secret was taken out of the cassette; "" leaves what takes its place there.
    """
    frames = zip(interaction.wire.frames, interaction.pieces, strict=True)
    recorded = [StreamPiece(frame.at_us, _with(secret, data)) for frame, data in frames]
    if not is_stream(interaction):
        return recorded
    if isinstance(telling, str):
        return recut(recorded, telling)
    if not can_be_retold(interaction):
        return recorded
    told = StreamPiece(recorded[-1].at_us, retold(b"".join(piece.data for piece in recorded), telling.ways))
    return recut(recut([told], "per-event"), telling.chunks)


def _with(secret: str, data: bytes) -> bytes:
    return data.replace(REDACTED.encode(), secret.encode()) if secret else data


def is_stream(interaction: Interaction) -> bool:
    """Whether the answer is an event stream that came in chunks."""
    media_type = (interaction.response and interaction.response.header("content-type")) or ""
    return interaction.wire.framing == "chunked" and media_type.startswith("text/event-stream")


def recut(recorded: list[StreamPiece], chunks: Chunks) -> list[StreamPiece]:
    """Cut a body anew. A piece leaves when the recorded one left that holds its last byte."""
    body = b"".join(piece.data for piece in recorded)
    if chunks == "recorded" or not body:
        return recorded
    ends = sorted({end for end in _ends(body, chunks, recorded) if 0 < end < len(body)} | {len(body)})
    due = iter(zip(accumulate(len(piece.data) for piece in recorded), recorded, strict=True))
    last, frame = next(due)
    cut: list[StreamPiece] = []
    for start, end in pairwise([0, *ends]):
        while last < end:
            last, frame = next(due)
        cut.append(StreamPiece(frame.at_us, body[start:end]))
    return cut


def _ends(body: bytes, chunks: Chunks, recorded: list[StreamPiece]) -> Iterable[int]:
    match chunks:
        case "per-event":
            return [blank.end() for blank in _BLANK.finditer(body)]
        case "one-byte":
            return [*range(1, min(ONE_BY_ONE, len(body))), *accumulate(len(piece.data) for piece in recorded)]
        case "split-utf8":
            inside = [found.start() + 1 for pattern in (_WIDE, _BLANK) for found in pattern.finditer(body)]
            return [*accumulate(len(piece.data) for piece in recorded), *inside]
        case _:
            return ()
