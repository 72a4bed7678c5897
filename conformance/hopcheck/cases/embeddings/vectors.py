"""The numbers of embeddings."""

from typing import Any

from hopcheck import Findings, Target, case, contract_violations, dig, expect, items, reply
from hopcheck.cases.embeddings.exact_vectors import INPUTS, VECTORS, EditsVectors

SHORT = [0.5]


@case(
    "embeddings.float",
    level="MUST",
    refs=["OAI CreateEmbeddingResponse"],
    needs=["embeddings"],
    upstream={"": reply.embedding(*VECTORS), "short": reply.embedding(SHORT)},
)
async def as_floats(target: Target) -> Findings:
    """Embeddings arrive as lists of the provider's numbers, none of them rounded."""
    answer = await target.embeddings.create(INPUTS, encoding_format="float")
    yield expect("shape", contract_violations("EmbeddingList", answer.json), equals=[])
    yield expect("vectors", [dig(one, "embedding") for one in items(answer.json, "data")], equals=VECTORS)
    short = await target.embeddings.create("one", encoding_format="float", script="short")
    yield expect("a vector of one number", short.at("data", 0, "embedding"), equals=SHORT)


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


@as_floats.mutant(killed_by="a vector of one number")
class UnpacksNumbers(EditsVectors):
    """A vector of one number is that number."""

    def edited(self, item: dict[str, Any]) -> dict[str, Any]:
        vector = item["embedding"]
        return {"embedding": vector[0] if isinstance(vector, list) and len(vector) == 1 else vector}
