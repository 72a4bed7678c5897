"""Mutants of the cases about requests for Anthropic's Messages."""

from dataclasses import replace
from typing import Any

from hopcheck import OutgoingRequest, Relay, edits, items
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


class _EditsBlocks(Relay):
    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for message in items(body, "messages"):
            for block in items(message, "content"):
                self.edit(block)
        return outgoing.with_json(body)

    def edit(self, block: Json) -> None:
        """Change a block in place."""


@violates("messages.api-version")
class SpeaksTheNewest(Relay):
    """Every request asks for the newest version."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("anthropic-version", "2026-01-01")


@violates("messages.api-version")
class AddsBetas(Relay):
    """The betas that a client names are replaced by those that the gateway knows."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("anthropic-beta", "prompt-caching-2024-07-31")


@violates("messages.beta-query")
class AsksForNoBetas(Relay):
    """A query says that no beta is wanted."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, path=outgoing.path.replace("beta=true", "beta=false"))


@violates("messages.cache-control")
class CachesForMinutes(Relay):
    """Nothing is cached for an hour."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, body=outgoing.body.replace(b',"ttl":"1h"', b""))


@violates("messages.fields")
class StopsNever(Relay):
    """Sequences that stop a message aren't passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "stop_sequences", lambda _: [])


@violates("messages.fields")
class OffersFunctions(Relay):
    """Of the tools, those with a schema are offered."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "tools", lambda tools: [one for one in tools if "input_schema" in one])


@violates("messages.parts")
class ShowsPngAsJpeg(_EditsBlocks):
    """Every image is a JPEG."""

    def edit(self, block: Json) -> None:
        if block.get("type") == "image":
            block["source"]["media_type"] = "image/jpeg"


@violates("messages.result-turn")
class SeesNothing(_EditsBlocks):
    """The results of tools are texts alone."""

    def edit(self, block: Json) -> None:
        if block.get("type") == "tool_result" and isinstance(block["content"], list):
            block["content"] = [one for one in block["content"] if one["type"] == "text"]


@violates("messages.thinking-returned")
class SignsAnew(_EditsBlocks):
    """Signatures of earlier thoughts are left out."""

    def edit(self, block: Json) -> None:
        block.pop("signature", None)
