"""Changes to the blocks of requests, for mutants. Holds no case."""

from typing import Any

from hopcheck import OutgoingRequest, Relay, items

Json = dict[str, Any]


class EditsBlocks(Relay):
    """Base of mutants with a fault in the blocks of a request's messages."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for message in items(body, "messages"):
            if isinstance(message["content"], list):
                message["content"] = self.edit(message["content"])
        return outgoing.with_json(body)

    def edit(self, blocks: list[Json]) -> list[Json]:
        """What is sent in the place of a message's blocks."""
        return blocks
