"""Images that the client gives as data."""

from typing import Any

from hopcheck import ON_CHAT, Findings, Operation, Target, case, expect
from hopcheck.cases.translation.turns import EditsMessages

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
JPEG = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////wAALCAABAAEBAREA"
URLS = (f"data:image/png;base64,{PNG}", f"data:image/jpeg;base64,{JPEG}")
QUESTION: list[dict[str, Any]] = [
    {"type": "text", "text": "Which of"},
    {"type": "image_url", "image_url": {"url": URLS[0], "detail": "low"}},
    {"type": "image_url", "image_url": {"url": URLS[1]}},
    {"type": "text", "text": "is larger?"},
]


@case(
    "translation.data-images",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["OAI ChatCompletionRequestMessageContentPartImage", "anthropic: image source", "gemini: inlineData"],
)
async def data_images(target: Target, ask: Operation) -> Findings:
    """Images that are given as data reach the provider in order, each with its bytes and its type."""
    request = await target.provider_request(await ask(messages=[{"role": "user", "content": QUESTION}]))
    images = [part.text for turn in request.turns for part in turn.parts if part.kind == "image"]
    yield expect("data", [url.partition(",")[2] for url in images], equals=[PNG, JPEG])
    types = [url.removeprefix("data:").partition(";")[0] for url in images]
    if any(types):  # not every dialect says what an image is
        yield expect("types", types, equals=["image/png", "image/jpeg"])


class EditsImages(EditsMessages):
    """The addresses of images are changed."""

    def address(self, url: str) -> str | None:
        """The address that is translated; None leaves the image out."""
        return url

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "content": self._parts(one["content"])} for one in messages]

    def _parts(self, content: Any) -> Any:
        if not isinstance(content, list):
            return content
        parts = [self._part(part) if part["type"] == "image_url" else part for part in content]
        return [part for part in parts if part is not None]

    def _part(self, part: dict[str, Any]) -> dict[str, Any] | None:
        url = self.address(part["image_url"]["url"])
        return url and {**part, "image_url": {"url": url}}  # type: ignore[return-value]


@data_images.mutant(killed_by="data")
class TakesPngAlone(EditsImages):
    """Images of another kind than PNG are left out."""

    def address(self, url: str) -> str | None:
        return url if url.startswith("data:image/png") else None


@data_images.mutant(killed_by="data")
class CutsLongData(EditsImages):
    """What doesn't fit a column of 96 characters is cut."""

    def address(self, url: str) -> str | None:
        head, _, data = url.partition(",")
        return f"{head},{data[:96]}"


@data_images.mutant(killed_by="types")
class CallsAllJpeg(EditsImages):
    """Every image is called a JPEG."""

    providers = ("anthropic", "gemini", "openai_responses")

    def address(self, url: str) -> str | None:
        return url.replace("image/png", "image/jpeg")
