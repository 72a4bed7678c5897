"""Mutants of the cases about embeddings."""

from typing import Any

from hopcheck import OutgoingRequest, Relay, RelayedResponse, edits
from hopcheck.selftest.independent import violates


class _EditsVectors(Relay):
    """Base of those that change an embedding."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self.edit_all, having="data")

    def edit_all(self, body: dict[str, Any]) -> None:
        for place, entry in enumerate(body["data"]):
            if "embedding" in entry:
                self.edit(place, entry)

    def edit(self, place: int, entry: dict[str, Any]) -> None:
        """Change one."""


@violates("embeddings.base64")
class WritesUrlSafeBase64(_EditsVectors):
    """Base64 is written in the alphabet for URLs."""

    def edit(self, place: int, entry: dict[str, Any]) -> None:
        if isinstance(entry["embedding"], str):
            entry["embedding"] = entry["embedding"].replace("+", "-").replace("/", "_")


@violates("embeddings.base64")
class AsksForNumbersAlways(edits.DropsFields):
    """The wanted encoding is left out on the way to the provider."""

    fields = ("encoding_format",)


@violates("embeddings.batch-order")
class NumbersVectorsAnew(_EditsVectors):
    """Embeddings are numbered in the order in which they stand in the provider's answer."""

    def edit(self, place: int, entry: dict[str, Any]) -> None:
        entry["index"] = place


@violates("embeddings.batch-order")
class AsksOnceForEqualInputs(Relay):
    """Inputs that are equal are asked for once, and answered once."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "input", self.distinct)

    def distinct(self, given: Any) -> Any:
        return (
            [one for place, one in enumerate(given) if one not in given[:place]] if isinstance(given, list) else given
        )


@violates("embeddings.batch-order")
class WritesTokensAsText(Relay):
    """Token arrays become texts of numbers."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "input", self.texts)

    def texts(self, given: Any) -> Any:
        if not isinstance(given, list):
            return given
        return [" ".join(map(str, one)) if isinstance(one, list) else one for one in given]


@violates("embeddings.float")
class WritesSixDecimals(_EditsVectors):
    """Numbers have six digits after the point."""

    def edit(self, place: int, entry: dict[str, Any]) -> None:
        if isinstance(entry["embedding"], list):
            entry["embedding"] = [round(one, 6) for one in entry["embedding"]]


@violates("embeddings.float")
class ScalesVectors(_EditsVectors):
    """Every vector is scaled to length one."""

    def edit(self, place: int, entry: dict[str, Any]) -> None:
        vector = entry["embedding"]
        if isinstance(vector, list):
            length = sum(one * one for one in vector) ** 0.5 or 1.0
            entry["embedding"] = [one / length for one in vector]


@violates("embeddings.many-inputs")
class NumbersBatchesFromZero(_EditsVectors):
    """Inputs are asked for in batches of 32, and each batch's indexes begin with zero."""

    def edit(self, place: int, entry: dict[str, Any]) -> None:
        entry["index"] %= 32


@violates("embeddings.many-inputs")
class CountsOneBatch(Relay):
    """Of more than 32 inputs, the usage is that of the first batch."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self.edit, having="data")

    def edit(self, body: dict[str, Any]) -> None:
        if len(body["data"]) > 32:
            body["usage"] = {name: value // 2 for name, value in body["usage"].items()}


@violates("embeddings.usage-dimensions")
class WritesDimensionsAsText(Relay):
    """The wanted number of dimensions goes upstream as a text."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "dimensions", str)


@violates("embeddings.usage-dimensions")
class ForgetsTotals(Relay):
    """The total of the tokens is zero."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body["usage"].update(total_tokens=0), having="data")
