"""Mutants of the cases about requests to OpenAI's Responses."""

from typing import Any

from hopcheck import Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits, items
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


class _EditsItems(Relay):
    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for item in items(body, "input"):
            self.edit(item)
        return outgoing.with_json(body)

    def edit(self, item: Json) -> None:
        """Change an item in place."""


@violates("responses.call-turn")
class SpeaksOfResults(_EditsItems):
    """The results of custom tools are those of functions."""

    def edit(self, item: Json) -> None:
        if item.get("type") == "custom_tool_call_output":
            item["type"] = "function_call_output"


@violates("responses.call-turn")
class TidiesArguments(_EditsItems):
    """Blanks in the arguments of earlier calls are removed."""

    def edit(self, item: Json) -> None:
        if "arguments" in item:
            item["arguments"] = item["arguments"].replace(" ", "")


@violates("responses.fields")
class PutsInstructionsFirst(Relay):
    """Instructions become an item of the input."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        if "instructions" not in body:
            return outgoing
        given = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
        body["input"] = [{"role": "system", "content": body.pop("instructions")}, *given]
        return outgoing.with_json(body)


@violates("responses.fields")
class LoosensSchemas(Relay):
    """No schema is strict."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for tool in items(body, "tools"):
            tool.pop("strict", None)
        return outgoing.with_json(body)


@violates("responses.input-parts")
class NamesNoFiles(_EditsItems):
    """Files have no names."""

    def edit(self, item: Json) -> None:
        for part in items(item, "content"):
            part.pop("filename", None)


@violates("responses.previous")
class ReadsIdsAsItsOwn(Relay):
    """The id of the response before is taken for one of the gateway's own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "previous_response_id", lambda name: f"own_{name}")


@violates("responses.previous")
class GoesOnWithoutThePast(Relay):
    """Where the provider doesn't know the response before, the conversation begins anew."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if b"previous_response" not in failure.body:
            return response
        response.status = 200
        return response.with_json({"id": "resp_1", "object": "response", "status": "completed", "output": []})


@violates("responses.reasoning-returned")
class SummarizesOnly(_EditsItems):
    """Of reasoning, the summary is sent back."""

    def edit(self, item: Json) -> None:
        item.pop("encrypted_content", None)


@violates("responses.reasoning-returned")
class LimitsEffort(Relay):
    """Every model thinks with medium effort."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "reasoning", lambda asked: {**asked, "effort": "medium"})
