"""Several inputs in one embeddings request: texts, or tokens."""

from typing import Any

from hopcheck import (
    Findings,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
    refuse,
    reply,
)

VECTORS = ([0.25, 0.5], [-0.5, 0.125], [1.5, -2.5])
MIXED = {
    "object": "list",
    "data": [{"object": "embedding", "index": index, "embedding": VECTORS[index]} for index in (2, 0, 1)],
    "model": "m",
    "usage": {"prompt_tokens": 5, "total_tokens": 5},
}
"""Embeddings that stand in another order than that of their indexes."""
TOKENS = [[101, 2023, 0, 102], [0, 7]]


def _by_index(answer: Response) -> list[list[Any]]:
    """`[index, vector]` of each embedding, in the order of the indexes."""
    return sorted(([dig(item, "index"), dig(item, "embedding")] for item in items(answer.json, "data")), key=str)


def _expected(count: int) -> list[list[Any]]:
    return [[index, vector] for index, vector in enumerate(VECTORS[:count])]


@case(
    "embeddings.batch-order",
    level="MUST",
    refs=["OAI CreateEmbeddingRequest"],
    needs=["embeddings"],
    upstream={"": reply.embedding(*VECTORS), "mixed": reply.json_body(MIXED)},
)
async def batch_order(target: Target) -> Findings:
    """Of several inputs, texts or token arrays, each embedding has the index of its own, and tokens stay tokens."""
    texts = await target.embeddings.create(["one", "two", "three"], encoding_format="float")
    mixed = await target.embeddings.create(["one", "two", "three"], encoding_format="float", script="mixed")
    equal = await target.embeddings.create(["one", "one", "two"], encoding_format="float")
    vectors = [_by_index(answer) for answer in (texts, mixed, equal)]
    yield expect("vectors of texts, by index", vectors, equals=[_expected(3)] * 3)
    tokens = await target.embeddings.create(TOKENS, encoding_format="float")
    yield expect("vectors of token arrays, by index", _by_index(tokens), equals=_expected(2))
    for attempt in (await target.seen(tokens))[-1:]:
        yield expect("forwarded tokens", dig(attempt.json, "input"), equals=dig(tokens.sent.json, "input"))


@batch_order.mutant(killed_by="vectors of texts, by index", trips=("embeddings.*",))
class NumbersAnew(Relay):
    """Embeddings come back in the order in which they got ready, and are numbered in that order."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/embeddings":
            return response

        def renumber(body: dict[str, Any]) -> None:
            mixed = reversed(body["data"])
            body["data"] = [{**item, "index": index} for index, item in enumerate(mixed)]

        return edits.body(response, renumber, having="data")


@batch_order.mutant(killed_by="vectors of token arrays, by index")
class WantsTexts(Relay):
    """Token arrays are refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if isinstance(dig(incoming.json, "input", 0, 0), int):
            return refuse(incoming, 400, "Send texts.", param="input")
        return await super().check(incoming)


@batch_order.mutant(killed_by="forwarded tokens")
class WritesTokensDown(Relay):
    """Each token array becomes the text of its numbers."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        if not isinstance(dig(body, "input", 0, 0), int):
            return outgoing
        return outgoing.with_json({**body, "input": [str(tokens) for tokens in body["input"]]})
