"""Images that the client gives by their addresses."""

import asyncio
import json
from urllib.parse import urlsplit

from hopcheck import Findings, IncomingRequest, Operation, RelayedResponse, Target, case, expect, listener
from hopcheck.cases.translation.images import EditsImages


@case(
    "translation.image-addresses",
    level="MUST",
    on="chat",
    because="whether an image is fetched doesn't depend on how the response is sent",
    refusable=True,
    needs=["two_sided", "translates"],
    refs=["CWE-918", "OAI image_url", "ollama: images are base64"],
)
async def image_addresses(target: Target, ask: Operation) -> Findings:
    """An address isn't taken for an image's data, and makes a gateway ask nobody on its own network."""
    marker = target.marker()
    async with listener() as elsewhere:
        image = {"type": "image_url", "image_url": {"url": f"{elsewhere.url}/cat.png"}}
        content = [{"type": "text", "text": f"What is it? {marker}"}, image]
        body = {"model": target.models.chat, "messages": [{"role": "user", "content": content}]}
        response = await target.request(ask.method, ask.path, body=json.dumps(body).encode(), marker=marker)
    asked = [head for head in elsewhere.heads if b"cat.png" in head]
    yield expect("requests to the gateway's own network", len(asked), equals=0)
    requests = [await target.provider_request(response)] if await target.seen(response) else []
    parts = [part.text for one in requests for turn in one.turns for part in turn.parts if part.kind == "image"]
    as_data = [text for text in parts if text.startswith("data:") and elsewhere.url in text]
    yield expect("addresses sent as data", as_data, equals=[])


@image_addresses.mutant(killed_by="requests to the gateway's own network")
class FetchesImages(EditsImages):
    """An image is fetched, whatever its address."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        for message in (incoming.json or {}).get("messages", ()):
            for part in message["content"] if isinstance(message.get("content"), list) else ():
                url = urlsplit(part.get("image_url", {}).get("url", ""))
                if url.scheme == "http":
                    reader, writer = await asyncio.open_connection(url.hostname, url.port)
                    writer.write(f"GET {url.path} HTTP/1.0\r\n\r\n".encode())
                    await reader.read()
                    writer.close()
        return await super().check(incoming)


@image_addresses.mutant(killed_by="addresses sent as data")
class TakesAddressesForData(EditsImages):
    """What stands in the place of an image is its data."""

    def address(self, url: str) -> str | None:
        return url if url.startswith("data:") else f"data:image/png;base64,{url}"
