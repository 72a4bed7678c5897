"""What an embeddings request can set, and what its answer says that it used."""

from hopcheck import Findings, OutgoingRequest, Relay, RelayedResponse, Target, case, dig, edits, expect, reply

USED = {"prompt_tokens": 4321, "total_tokens": 4321}


@case(
    "embeddings.usage-dimensions",
    level="SHOULD",
    refs=["OAI CreateEmbeddingRequest"],
    needs=["embeddings"],
    upstream=reply.embedding([0.25, 0.5], usage=USED),
)
async def usage_dimensions(target: Target) -> Findings:
    """The wanted number of dimensions reaches the provider, and the client gets the provider's token counts."""
    answer = await target.embeddings.create(encoding_format="float", dimensions=2)
    yield expect("counts", {name: answer.at("usage", name) for name in USED}, equals=USED)
    answers = [answer, await target.embeddings.create(encoding_format="base64", dimensions=2)]
    wanted = [dig((await target.forwarded(one)).json, "dimensions") for one in answers]
    yield expect("forwarded dimensions", wanted, equals=[2, 2])


@usage_dimensions.mutant(killed_by="counts")
class CountsNothing(Relay):
    """The usage of embeddings is reported as zero."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/embeddings":
            return response
        return edits.body(response, lambda body: body.update(usage=dict.fromkeys(USED, 0)), having="data")


@usage_dimensions.mutant(killed_by="forwarded dimensions")
class EncodesInFull(Relay):
    """Vectors in base64 have all their dimensions."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        kept = {name: value for name, value in outgoing.json.items() if name != "dimensions"}
        return outgoing.with_json(kept) if outgoing.json.get("encoding_format") == "base64" else outgoing


@usage_dimensions.mutant(killed_by="forwarded dimensions")
class DropsDimensions(Relay):
    """The wanted number of dimensions is dropped."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        kept = {name: value for name, value in outgoing.json.items() if name != "dimensions"}
        return outgoing.with_json(kept) if "dimensions" in outgoing.json else outgoing
