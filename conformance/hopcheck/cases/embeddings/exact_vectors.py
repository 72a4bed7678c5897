"""Vectors that lose something where numbers are rounded, and relays that edit vectors."""

import struct
from typing import Any

from hopcheck import Relay, RelayedResponse, edits

NUMBERS = (0.1, -0.7390625, 3.1415927e-05, 1.17549435e-38, 0.99999994)
VECTORS = [list(struct.unpack("<5f", struct.pack("<5f", *NUMBERS[at:], *NUMBERS[:at]))) for at in range(3)]
"""Numbers that need every bit of a 32-bit float, so they are the same whichever way they travel."""

INPUTS = ["one", "two", "three"]


class EditsVectors(Relay):
    """Edits each embedding of a response."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Edit those of the embeddings' own route."""
        if response.incoming.path != "/v1/embeddings":
            return response
        return edits.body(
            response, lambda body: [item.update(self.edited(item)) for item in body["data"]], having="data"
        )

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        """What of an embedding is replaced."""
        return item
