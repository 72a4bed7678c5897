"""What isn't text in a message, as the upstream gets it."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
    without_additions,
)

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
NOWHERE = "https://images.hopcheck.invalid/a%2Fcat.png?a=1&b=%20&c=%3D+x%7E#top"
"""No server answers at this URL, since .invalid is reserved: one that arrives wasn't fetched."""

IMAGES: list[dict[str, Any]] = [
    {"type": "text", "text": "before"},
    {"type": "image_url", "image_url": {"url": NOWHERE, "detail": "high"}},
    {"type": "text", "text": "between"},
    {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
    {"type": "image_url", "image_url": {"url": GIF}},
]
ORDER = ["text", "image_url", "text", "image_url", "image_url", "text"]
"""Of the images, and of the text with the marker behind them in each of the messages."""
FILES: list[dict[str, Any]] = [
    {"type": "input_audio", "input_audio": {"data": "UklGRiQAAABXQVZF", "format": "wav"}},
    {"type": "input_audio", "input_audio": {"data": "SUQzBAAAAAAA", "format": "mp3"}},
    {"type": "file", "file": {"filename": "ä b.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}},
]


@case(
    "requests.image-parts",
    level="MUST",
    on=ON_CHAT,
    refs=["OAI ContentPartImage", "maximhq/bifrost#4402"],
    needs=["two_sided"],
)
async def image_parts(target: Target, ask: Operation) -> Findings:
    """Images reach the upstream as they were sent: URL or data, detail, and their place among the text."""
    answered = {"role": "assistant", "content": "Cats."}
    answer = await ask(messages=[{"role": "user", "content": IMAGES}, answered, {"role": "user", "content": IMAGES}])
    messages = items((await target.forwarded(answer)).json, "messages")
    got = [items(message, "content") for message in messages[::2]]
    yield expect("order of parts", [[dig(part, "type") for part in parts] for parts in got], equals=[ORDER, ORDER])
    images = [[dig(part, "image_url") for part in parts if dig(part, "type") == "image_url"] for parts in got]
    sent = [[part["image_url"] for part in IMAGES if "image_url" in part]] * 2  # a detail may be added
    yield expect("images", without_additions(images, sent), equals=sent)


def edited(outgoing: OutgoingRequest, edit: Any) -> OutgoingRequest:
    """The same request, each message that has parts with those that `edit` makes of them."""

    def every(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**one, "content": edit(one["content"])} if isinstance(one["content"], list) else one for one in messages
        ]

    return edits.request_field(outgoing, "messages", every)


@image_parts.mutant(killed_by="order of parts", trips=("requests.audio-file-parts", "chat.large-request"))
class TextFirst(Relay):
    """A message's text is put together, before its images."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edited(outgoing, lambda parts: sorted(parts, key=lambda part: part["type"] != "text"))


@image_parts.mutant(killed_by="order of parts", trips=("chat.large-request",))
class KeepsImagesOfTheLastMessage(Relay):
    """Images of earlier messages have been seen, and aren't sent again."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        last = edits.request_field(outgoing, "messages", lambda messages: messages[-1:]).json.get("messages")
        earlier = edited(outgoing, lambda parts: [part for part in parts if part["type"] != "image_url"])
        return edits.request_field(earlier, "messages", lambda messages: [*messages[:-1], *(last or [])])


@image_parts.mutant(killed_by="images")
class ForgetsDetail(Relay):
    """Of an image only its URL is passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def bare(part: dict[str, Any]) -> dict[str, Any]:
            return {**part, "image_url": {"url": part["image_url"]["url"]}} if "image_url" in part else part

        return edited(outgoing, lambda parts: [bare(part) for part in parts])


@case(
    "requests.audio-file-parts",
    level="SHOULD",
    on=ON_CHAT,
    refs=["OAI ContentPartAudio", "OAI ContentPartFile"],
    needs=["two_sided"],
)
async def audio_file_parts(target: Target, ask: Operation) -> Findings:
    """Audio and file parts reach the upstream as they were sent."""
    got = await target.received(await ask(messages=[{"role": "user", "content": FILES}]))
    yield expect("parts", items(got, "messages", 0, "content")[: len(FILES)], equals=FILES)


@audio_file_parts.mutant(killed_by="parts")
class KnowsTextAndImages(Relay):
    """Parts of other kinds than text and images are left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edited(outgoing, lambda parts: [part for part in parts if part["type"] in ("text", "image_url")])
