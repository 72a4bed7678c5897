"""The numbers of embeddings."""

import base64
import binascii
import struct
from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, contract_violations, edits, expect, reply

BYTES = struct.pack("<5f", 0.1, -0.7390625, 3.1415927e-05, 1.17549435e-38, 0.99999994)
VECTOR = list(struct.unpack("<5f", BYTES))
"""Numbers that need every bit of a 32-bit float, so they are the same whichever way they travel."""


@case(
    "embeddings.float",
    level="MUST",
    refs=["OAI CreateEmbeddingResponse"],
    needs=["embeddings"],
    upstream=reply.embedding(VECTOR),
)
async def as_floats(target: Target) -> Findings:
    """An embedding arrives as a list of the provider's numbers, none of them rounded."""
    answer = await target.embeddings.create(encoding_format="float")
    yield expect("shape", contract_violations("EmbeddingList", answer.json), equals=[])
    yield expect("vector", answer.at("data", 0, "embedding"), equals=VECTOR)


class _EditsVectors(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/embeddings":
            return response
        return edits.body(
            response, lambda body: [item.update(self.edited(item)) for item in body["data"]], having="data"
        )

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        return item


@as_floats.mutant(killed_by="shape")
class CallsThemLists(_EditsVectors):
    """An embedding says that it is a list."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"object": "list"}


@as_floats.mutant(killed_by="vector", trips=("embeddings.*",))
class Rounds(_EditsVectors):
    """Numbers are rounded to six places."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        vector = item["embedding"]
        return {"embedding": [round(number, 6) for number in vector] if isinstance(vector, list) else vector}


@case(
    "embeddings.base64",
    level="MUST",
    refs=["openai-python#1490", "mem0#4057", "infinity#349", "text-embeddings-inference#288"],
    needs=["embeddings"],
    upstream=reply.embedding(VECTOR),
)
async def as_base64(target: Target) -> Findings:
    """An embedding asked for in base64 arrives so, and official clients, which always ask so, read the numbers."""
    answer = await target.embeddings.create(encoding_format="base64")
    yield expect("vector in base64", _decoded(answer.at("data", 0, "embedding")), equals=VECTOR)
    yield expect("vector that the official client reads", await _read_by_client(target), equals=VECTOR)


def _decoded(text: Any) -> Any:
    """The numbers of a base64 text; what it is instead, where it is none."""
    try:
        raw = base64.b64decode(text, validate=True)
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))
    except (TypeError, ValueError, binascii.Error, struct.error):
        return f"not base64 of floats: {text!r:.80}"


async def _read_by_client(target: Target) -> Any:
    async with target.sdk() as client:
        try:
            read = await client.embeddings.create(model=target.models.embedding, input=f"hello {target.marker()}")
            return read.data[0].embedding
        except Exception as error:  # whatever a client stumbles over is the finding
            return f"{type(error).__name__}: {error}"


@as_base64.mutant(killed_by="vector in base64", trips=("embeddings.*",))
class AlwaysLists(_EditsVectors):
    """Whatever is asked for, an embedding is a list of numbers."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        vector = item["embedding"]
        return {"embedding": _decoded(vector) if isinstance(vector, str) else vector}


@as_base64.mutant(killed_by="vector that the official client reads")
class ClaimsCompression(Relay):
    """To clients that accept compressed answers, embeddings are labelled as compressed, and aren't."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        asked = "gzip" in (response.incoming.header("accept-encoding") or "")
        labelled = asked and response.incoming.path == "/v1/embeddings"
        return response.with_header("Content-Encoding", "gzip") if labelled else response
