"""Content codings, as a client reads them. Holds no case."""

import contextlib
import zlib
from collections.abc import Iterator

from hopcheck import Response

MAX_BYTES = 1024 * 1024
"""What a body may become when it is decompressed: no case compresses more."""


def decoded(answer: Response, accepted: str) -> Iterator[tuple[int, bytes]]:
    """What a client reads of a body: its pieces with their times, up to where they can't be decoded.

    Args:
        answer: The answer.
        accepted: The one coding that the client takes, apart from `identity`.
    """
    coding = (answer.header("content-encoding") or "identity").lower()
    if coding not in ("identity", accepted):
        return
    inflate = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    left = MAX_BYTES
    with contextlib.suppress(zlib.error):
        for at_ns, data in answer.chunks:
            if left <= 0:
                return
            piece = inflate.decompress(data, left) if inflate else data
            left -= len(piece)
            yield at_ns, piece
