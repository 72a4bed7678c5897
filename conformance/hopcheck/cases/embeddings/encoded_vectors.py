"""Embeddings in base64."""

import base64
import binascii
import struct
from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, expect, items, reply
from hopcheck.cases.embeddings.exact_vectors import INPUTS, VECTORS, EditsVectors


@case(
    "embeddings.base64",
    level="MUST",
    refs=["openai-python#1490", "mem0#4057", "infinity#349", "text-embeddings-inference#288"],
    needs=["embeddings"],
    upstream=reply.embedding(*VECTORS),
)
async def as_base64(target: Target) -> Findings:
    """Embeddings asked for in base64 arrive so, and official clients, which always ask so, read the numbers."""
    answer = await target.embeddings.create(INPUTS, encoding_format="base64")
    vectors = [_decoded(dig(one, "embedding")) for one in items(answer.json, "data")]
    yield expect("vectors in base64", vectors, equals=VECTORS)
    yield expect("vector that the official client reads", await _read_by_client(target), equals=VECTORS[0])


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


@as_base64.mutant(killed_by="vectors in base64", trips=("embeddings.*",))
class RoundsOthers(EditsVectors):
    """Every embedding but the first loses digits, where it is in base64."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        vector = _decoded(item["embedding"]) if isinstance(item["embedding"], str) else None
        if not item["index"] or not isinstance(vector, list):
            return {}
        return {"embedding": base64.b64encode(struct.pack(f"<{len(vector)}e", *vector)).decode()}


@as_base64.mutant(killed_by="vectors in base64", trips=("embeddings.*",))
class AlwaysLists(EditsVectors):
    """Whatever is asked for, an embedding is a list of numbers."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        vector = item["embedding"]
        return {"embedding": _decoded(vector) if isinstance(vector, str) else vector}


@as_base64.mutant(killed_by="vector that the official client reads", trips=("errors.sdk-class",))
class ClaimsCompression(Relay):
    """To clients that accept compressed answers, embeddings are labelled as compressed, and aren't."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        asked = "gzip" in (response.incoming.header("accept-encoding") or "")
        labelled = asked and response.incoming.path == "/v1/embeddings"
        return response.with_header("Content-Encoding", "gzip") if labelled else response
