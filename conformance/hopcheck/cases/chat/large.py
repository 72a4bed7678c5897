"""Chat requests and answers of some megabytes."""

import base64
import hashlib
from typing import Any

from hopcheck import (
    Findings,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    dig,
    edits,
    expect,
    items,
    refuse,
    reply,
)

PAGE = "".join(f"{number:07d} " for number in range(131_072))  # 1 MiB, no piece of which is like another
TEXT = PAGE * 4 + "end"
IMAGE = "data:image/png;base64," + base64.b64encode(PAGE.encode() * 3).decode()
PART = (1 << 18) - 2  # of them, in characters, where a run doesn't ask in full


def _print_of(text: Any) -> str:
    """A long text in a few words: its length, and a digest."""
    if not isinstance(text, str):
        return repr(text)
    return f"{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"


TEXT_PRINT = {True: _print_of(TEXT), False: _print_of(TEXT[:PART])}
IMAGE_PRINT = {in_full: _print_of(url.partition(",")[2]) for in_full, url in ((True, IMAGE), (False, IMAGE[:PART]))}


@case(
    "chat.large-response",
    level="SHOULD",
    refs=["envoyproxy/ai-gateway#494", "envoyproxy/ai-gateway#1662"],
    isolation="exclusive",
    floods=True,
    upstream={"": reply.chat(TEXT), "part": reply.chat(TEXT[:PART])},
)
async def large_response(target: Target) -> Findings:
    """An answer of 4 MiB arrives whole."""
    answer = await target.chat.create(script="" if target.in_full else "part")
    yield expect("text", _print_of(dig(answer.message, "content")), equals=TEXT_PRINT[target.in_full])


@large_response.mutant(killed_by="text")
class CapsAnswers(Relay):
    """A text ends after its first mebibyte."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def cap(message: dict[str, Any]) -> None:
            message["content"] = message["content"] and message["content"][: 1 << 20]

        return edits.messages(response, cap)


@case(
    "chat.large-request",
    level="SHOULD",
    refusable=True,
    refs=["envoyproxy/ai-gateway#805", "RFC 9110 15.5.14"],
    needs=["two_sided"],
    isolation="exclusive",
    floods=True,
)
async def large_request(target: Target) -> Findings:
    """A request with an image of 4 MiB gets through as it is, or is refused with a 413 in OpenAI's shape."""
    url = IMAGE if target.in_full else IMAGE[:PART]
    asked = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = await target.chat.create(messages=[{"role": "user", "content": asked}])
    yield expect("status", answer.status, one_of=[200, 413])
    if answer.status == 413 and not target.declares.transparent:
        yield expect("refusal", contract_violations("Error", answer.json), equals=[])
    elif answer.status == 200:
        parts = items(await target.openai_form(answer), "messages", 0, "content")
        urls = [str(dig(part, "image_url", "url")) for part in parts if dig(part, "type") == "image_url"]
        data = [_print_of(url.partition(",")[2]) for url in urls]
        yield expect("images", data, equals=[IMAGE_PRINT[target.in_full]])


class _WhenLarge(Relay):
    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return self.refusal(incoming) if len(incoming.body) > 1 << 20 else await super().check(incoming)

    def refusal(self, incoming: IncomingRequest) -> RelayedResponse:
        return refuse(incoming, 400, "The body can't be read.")


@large_request.mutant(killed_by="status")
class CallsItUnreadable(_WhenLarge):
    """A body that is too large for the proxy is refused as malformed."""


@large_request.mutant(killed_by="refusal")
class RefusesWithAPage(_WhenLarge):
    """The web server in front refuses large bodies with its own page."""

    def refusal(self, incoming: IncomingRequest) -> RelayedResponse:
        return RelayedResponse(incoming, 413, [("Content-Type", "text/html")], b"<h1>413 Request Entity Too Large</h1>")


@large_request.mutant(killed_by="images")
class ShrinksImages(Relay):
    """Images are made smaller on the way."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if len(outgoing.body) <= 1 << 20:
            return outgoing
        body = outgoing.json
        body["messages"][0]["content"][1]["image_url"]["url"] = IMAGE[: 1 << 20]
        return outgoing.with_json(body)
