"""Other ways to cut a recorded stream into chunks, all of which mean the same to a correct reader of event streams.

The module knows neither sockets nor clocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple, get_args

from hopcheck.cassettes import Interaction
from hopcheck.replay.streams.variants import can_be_rewritten, rewritten
from hopcheck_server.redaction import REDACTED

Chunks = Literal["recorded", "per-event", "one-byte", "split-utf8", "coalesced"]
"""As recorded; an event a chunk; a byte a chunk; cut inside multi-byte characters and blank lines; all in one chunk."""

CHUNKINGS: tuple[Chunks, ...] = get_args(Chunks)

SINGLE_BYTES = 1024
"""The number of bytes that `one-byte` sends one by one; the rest is sent as recorded. A hundred thousand chunks would
take a proxy a minute."""

_BLANK = re.compile(rb"(?:\r\n|\r|\n)(?:\r\n|\r|\n)")
_WIDE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")


class StreamPiece(NamedTuple):
    """Bytes that are sent as one chunk, and when, in microseconds since the request."""

    at_us: int
    data: bytes


class StreamVariant(NamedTuple):
    """A stream with the same meaning in other lines and chunks.

    Attributes:
        ways: See `variants.rewritten`.
        chunks: How it is chunked; `recorded` is one event a chunk.
    """

    ways: frozenset[str]
    chunks: Chunks = "recorded"


StreamForm = Chunks | StreamVariant
"""The form in which a stream is played: rechunked, or as a variant."""


def pieces_of(interaction: Interaction, form: StreamForm = "recorded", secret: str = "") -> list[StreamPiece]:
    """The chunks in which a recorded body is played. Only event streams are rechunked or rewritten.

    Args:
        interaction: The recorded interaction.
        form: How to chunk it, or its variant.
        secret: Replaces what was redacted on the cassette; "" leaves the redaction.
    """
    frames = zip(interaction.delivery.frames, interaction.pieces, strict=True)
    recorded = [StreamPiece(frame.at_us, _with(secret, data)) for frame, data in frames]
    if not is_stream(interaction):
        return recorded
    if isinstance(form, str):
        return recut(recorded, form)
    if not can_be_rewritten(interaction):
        return recorded
    whole = b"".join(piece.data for piece in recorded)
    variant = StreamPiece(recorded[-1].at_us, rewritten(whole, form.ways))
    return recut(recut([variant], "per-event"), form.chunks)


def _with(secret: str, data: bytes) -> bytes:
    return data.replace(REDACTED.encode(), secret.encode()) if secret else data


def is_stream(interaction: Interaction) -> bool:
    """Whether the response is an event stream in chunks."""
    media_type = (interaction.response and interaction.response.header("content-type")) or ""
    return interaction.delivery.framing == "chunked" and media_type.startswith("text/event-stream")


def recut(recorded: list[StreamPiece], chunks: Chunks) -> list[StreamPiece]:
    """Cut a body into other chunks; each is sent at the time of the recorded chunk with its last byte."""
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
            return [*range(1, min(SINGLE_BYTES, len(body))), *accumulate(len(piece.data) for piece in recorded)]
        case "split-utf8":
            inside = [found.start() + 1 for pattern in (_WIDE, _BLANK) for found in pattern.finditer(body)]
            return [*accumulate(len(piece.data) for piece in recorded), *inside]
        case _:
            return ()
