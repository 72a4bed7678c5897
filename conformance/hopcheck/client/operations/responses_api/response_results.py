"""What came back of a request for a response, in the terms in which cases ask about any response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hopcheck.client.paths import JSON, dig, items
from hopcheck.client.responses import Response
from hopcheck.client.streams import Stream

INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""Reasons of incomplete responses by the words that cases use for all surfaces; others stay as they are."""

TERMINAL = ("response.completed", "response.incomplete", "response.failed")


@dataclass(slots=True)
class ResponseObject(Response):
    """A response in one piece."""

    @property
    def content(self) -> JSON:
        """The text of all its messages; None if there is none."""
        return text_of_output(self.json)

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """The calls among its items, by their places; it is the only choice."""
        return calls_of_output(self.json) if index == 0 else []


@dataclass(slots=True)
class ResponseStream(Stream):
    """A streamed response."""

    def of_type(self, *kinds: str) -> list[dict[str, JSON]]:
        """The payloads of the events of these types, in order."""
        return [item for item in self.objects if isinstance(item, dict) and item.get("type") in kinds]

    @property
    def final(self) -> JSON:
        """The response as the first event that ends it has it; None if none did."""
        return next((item.get("response") for item in self.of_type(*TERMINAL)), None)

    @property
    def error(self) -> JSON:
        """The error of an `error` event or of a failed response, or the body's error object where it is no stream."""
        for item in self.of_type("error", "response.failed"):
            return item.get("error") or dig(item, "response", "error") or item
        return super(ResponseStream, self).error  # a class with slots is made anew, which a bare super() doesn't know

    def joined(self, key: str = "delta", index: int = 0) -> str:
        """The text of all its messages; other keys than `content` name a kind of deltas, such as `refusal`."""
        kind = "output_text" if key in ("delta", "content", "text") else key
        deltas = self.of_type(f"response.{kind}.delta") if index == 0 else []
        return "".join(item["delta"] for item in deltas if isinstance(item.get("delta"), str))

    def deltas(self, index: int = 0) -> list[dict[str, JSON]]:
        """The events that carry pieces of its text."""
        return self.of_type("response.output_text.delta") if index == 0 else []

    def finishes(self, index: int = 0) -> list[str]:
        """How it ended, in the words that cases use."""
        ended = [item["response"] for item in self.of_type(*TERMINAL[:2]) if isinstance(item.get("response"), dict)]
        return [finish_of(response) for response in ended]

    @property
    def model(self) -> JSON:
        """The model that its first event names."""
        return next((dig(item, "response", "model") for item in self.of_type("response.created", *TERMINAL)), None)

    @property
    def usages(self) -> list[JSON]:
        """The usage of the events that end it."""
        found = [dig(item, "response", "usage") for item in self.of_type(*TERMINAL)]
        return [usage for usage in found if usage is not None]

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """The calls among the items that are done, by their places."""
        done = [item.get("item") for item in self.of_type("response.output_item.done")]
        return calls_of_output({"output": done}) if index == 0 else []

    @property
    def summary(self) -> dict[str, JSON]:
        """What a client makes of it: its text, how it ended, and whether an event ended it."""
        last = next(reversed(self.finishes()), None)
        return {"text": self.joined(), "finish": last, "done": bool(self.of_type(*TERMINAL))}

    @property
    def clean(self) -> bool:
        """Whether a client takes it for a whole response: ended as framed, no error, an event that ends it."""
        return self.ended == "complete" and self.error is None and bool(self.finishes())


def text_of_output(response: JSON) -> str | None:
    """The text of a response's messages; None if there is none."""
    parts = [part for item in items(response, "output") for part in items(item, "content")]
    texts = [part["text"] for part in parts if dig(part, "type") == "output_text" and isinstance(part.get("text"), str)]
    return "".join(texts) if texts else None


def calls_of_output(response: JSON) -> list[dict[str, JSON]]:
    """The calls among a response's items: `{index, id, type, name, arguments}`."""
    calls = [item for item in items(response, "output") if dig(item, "type") == "function_call"]
    return [
        {"index": place, "id": call.get("call_id"), "type": "function", "name": call.get("name"),
         "arguments": call.get("arguments")}
        for place, call in enumerate(calls)
    ]  # fmt: skip


def finish_of(response: Mapping[str, JSON]) -> str:
    """How a response ended, in the words that cases use for all surfaces."""
    if response.get("status") == "incomplete":
        reason = str(dig(response, "incomplete_details", "reason"))
        return INCOMPLETE.get(reason, reason)
    return "tool_calls" if calls_of_output(response) else "stop"
