"""How a body is put on the wire: by length, in chunks or until the connection's end; plain or compressed."""

from __future__ import annotations

import zlib
from typing import Literal

from hopcheck_server.upstream.script.turns import Delivery

Mode = Literal["length", "chunked", "close"]

_GZIP = 31  # zlib's window size for a gzip header, at its largest window


def mode_of(delivery: Delivery, *, stream: bool, http10: bool) -> Mode:
    """Choose the framing."""
    if delivery.content_length is not None:
        return "length"
    if delivery.framing == "close" or (
        http10 and (stream or delivery.framing == "chunked")
    ):  # HTTP/1.0 knows no chunks
        return "close"
    return "chunked" if stream or delivery.framing == "chunked" else "length"


def lines(mode: Mode, length: int, *, gzip: bool, close: bool) -> bytes:
    """The header lines that say how the body is framed and whether the connection is kept, with the blank line."""
    framed = {"length": f"content-length: {length}\r\n", "chunked": "transfer-encoding: chunked\r\n", "close": ""}[mode]
    encoded = "content-encoding: gzip\r\n" if gzip else ""
    return f"{framed}{encoded}{'connection: close' if close else 'connection: keep-alive'}\r\n\r\n".encode()


class Encoder:
    """Turns body bytes into wire bytes, a write at a time; what is written can be read at once."""

    def __init__(self, mode: Mode, *, gzip: bool) -> None:
        self._chunked = mode == "chunked"
        self._zip = zlib.compressobj(wbits=_GZIP) if gzip else None

    def encode(self, data: bytes) -> bytes:
        """Encode the next bytes of the body."""
        if self._zip:
            data = self._zip.compress(data) + self._zip.flush(zlib.Z_SYNC_FLUSH)
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def finish(self) -> bytes:
        """Encode the body's end."""
        tail = self._zip.flush(zlib.Z_FINISH) if self._zip else b""
        if not self._chunked:
            return tail
        return (b"%x\r\n%b\r\n" % (len(tail), tail) if tail else b"") + b"0\r\n\r\n"


class Encoded(Encoder):
    """Gives what was encoded beforehand, because the head says how much it is."""

    def __init__(self, writes: list[bytes]) -> None:
        self._writes = iter(writes)

    def encode(self, data: bytes) -> bytes:
        """The next write."""
        return next(self._writes)

    def finish(self) -> bytes:
        """The last write."""
        return next(self._writes)
