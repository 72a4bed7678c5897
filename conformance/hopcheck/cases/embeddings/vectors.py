"""The numbers of embeddings."""

from typing import Any

from hopcheck import Findings, Target, case, contract_violations, dig, expect, items, reply
from hopcheck.cases.embeddings.exact_vectors import INPUTS, VECTORS, EditsVectors


@case(
    "embeddings.float",
    level="MUST",
    refs=["OAI CreateEmbeddingResponse"],
    needs=["embeddings"],
    upstream=reply.embedding(*VECTORS),
)
async def as_floats(target: Target) -> Findings:
    """Embeddings arrive as lists of the provider's numbers, none of them rounded."""
    answer = await target.embeddings.create(INPUTS, encoding_format="float")
    yield expect("shape", contract_violations("EmbeddingList", answer.json), equals=[])
    yield expect("vectors", [dig(one, "embedding") for one in items(answer.json, "data")], equals=VECTORS)


@as_floats.mutant(killed_by="shape")
class CallsThemLists(EditsVectors):
    """An embedding says that it is a list."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"object": "list"}


@as_floats.mutant(killed_by="vectors", trips=("embeddings.*",))
class Rounds(EditsVectors):
    """Numbers are rounded to six places."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        vector = item["embedding"]
        return {"embedding": [round(number, 6) for number in vector] if isinstance(vector, list) else vector}
