"""More inputs in one request than a gateway may send at once."""

from collections.abc import Iterator
from typing import Any

from hopcheck import Findings, OutgoingRequest, Relay, RelayedResponse, Target, case, dig, edits, expect, items

ODD = [
    "two\nlines",
    "and\r\nmore",
    "  spaces ",
    "\ttab",
    "Grüße a\u0308 \u2028 👩\u200d🚀",
    "UPPER lower",
    "<b>&amp;",
    "12.50",
]
INPUTS = [*ODD, *(f"text number {place}" for place in range(len(ODD), 130))]
"""Texts that nobody may tidy up, and many others."""


@case("embeddings.many-inputs", level="MUST", refs=["OAI CreateEmbeddingRequest"], needs=["embeddings", "two_sided"])
async def many_inputs(target: Target) -> Findings:
    """Of 130 inputs, each arrives as it is, and gets an embedding under its own index; the usage is that of all."""
    response = await target.embeddings.create(INPUTS, encoding_format="float")
    indexes = [dig(item, "index") for item in items(response.json, "data")]
    yield expect("indexes", indexes, equals=list(range(len(INPUTS))))
    asked = {text for attempt in await target.seen(response) for text in _texts(attempt.json)}
    # The last one has the marker, too.
    yield expect("inputs upstream", sum(text in asked for text in INPUTS), equals=len(INPUTS) - 1)
    vectors = [str(dig(item, "embedding")) for item in items(response.json, "data")]
    yield expect("different vectors", len(set(vectors)), equals=len(INPUTS))


def _texts(value: Any) -> Iterator[str]:
    """All texts of a JSON value, wherever a provider's API has them."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield from (text for one in inner for text in _texts(one))
    if isinstance(value, str):
        yield value


@many_inputs.mutant(killed_by="indexes", trips=("embeddings.*",))
class CountsEachBatchAnew(Relay):
    """The embeddings are those of batches of sixteen, and each batch is numbered from 0."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def renumber(body: dict[str, Any]) -> None:
            for place, item in enumerate(body["data"]):
                item["index"] = place % 16

        return edits.body(response, renumber, having="data") if "embeddings" in response.incoming.path else response


@many_inputs.mutant(killed_by="inputs upstream", also=("indexes",))
class TakesSixteen(Relay):
    """More inputs than sixteen are left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.path != "/v1/embeddings":
            return outgoing
        return edits.request_field(outgoing, "input", lambda given: given[:16] if isinstance(given, list) else given)


@many_inputs.mutant(killed_by="different vectors")
class RepeatsTheFirst(Relay):
    """Every embedding beyond the sixteenth is that of the first input."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def repeat(body: dict[str, Any]) -> None:
            for item in body["data"][16:]:
                item["embedding"] = body["data"][0]["embedding"]

        return edits.body(response, repeat, having="data") if "embeddings" in response.incoming.path else response


@many_inputs.mutant(killed_by="inputs upstream")
class EmbedsOneLine(Relay):
    """Line ends become spaces, as old advice has it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def join(given: Any) -> Any:
            return [one.replace("\n", " ") if isinstance(one, str) else one for one in given]

        return edits.request_field(outgoing, "input", lambda given: join(given) if isinstance(given, list) else given)
