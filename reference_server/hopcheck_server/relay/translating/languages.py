"""What differs between the providers that the translating relay speaks to: one entry each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hopcheck_server.relay.messages import Events
from hopcheck_server.relay.streams import events_of
from hopcheck_server.relay.translating import (
    candidate_pieces,
    contents_requests,
    item_pieces,
    item_requests,
    line_pieces,
    message_pieces,
    message_requests,
    ollama_requests,
)
from hopcheck_server.relay.translating.pieces import Piece

Json = dict[str, Any]

HeaderPairs = tuple[tuple[str, str], ...]

ANTHROPIC_VERSION = "2023-06-01"
"""The version of Anthropic's API, which every request names."""


class PieceReader(Protocol):
    """Reads one response: its only body, or its events one after another."""

    def read(self, payload: Json) -> Iterable[Piece]:
        """The pieces that it says.

        Raises:
            KeyError: It isn't of the provider's form.
            TypeError: The same.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLanguage:
    """A provider's API.

    Attributes:
        path: Where requests go, below the provider's root, by the model and whether a stream is asked for.
        headers: What every request has, with the key.
        request: Translates a request for a chat completion.
        reader: Makes the reader of one response.
        media_type: That of its streams.
        events: Splits a stream.
    """

    path: Callable[[str, bool], str]
    headers: Callable[[str], HeaderPairs]
    request: Callable[[Json], Json]
    reader: Callable[[], PieceReader]
    media_type: str = "text/event-stream"
    events: Callable[[AsyncIterator[bytes]], Events] = events_of


def _gemini_path(model: str, streams: bool) -> str:
    method = "streamGenerateContent?alt=sse" if streams else "generateContent"
    return f"/v1beta/models/{model}:{method}"


LANGUAGES: Mapping[str, ProviderLanguage] = {
    "anthropic": ProviderLanguage(
        path=lambda model, streams: "/v1/messages",
        headers=lambda key: (("x-api-key", key), ("anthropic-version", ANTHROPIC_VERSION)),
        request=message_requests.translated,
        reader=message_pieces.MessageReader,
    ),
    "gemini": ProviderLanguage(
        path=_gemini_path,
        headers=lambda key: (("x-goog-api-key", key),),
        request=contents_requests.translated,
        reader=candidate_pieces.CandidateReader,
    ),
    "ollama": ProviderLanguage(
        path=lambda model, streams: "/api/chat",
        headers=lambda key: (("Authorization", f"Bearer {key}"),),
        request=ollama_requests.translated,
        reader=line_pieces.LineReader,
        media_type="application/x-ndjson",
        events=line_pieces.lines_of,
    ),
    "openai_responses": ProviderLanguage(
        path=lambda model, streams: "/v1/responses",
        headers=lambda key: (("Authorization", f"Bearer {key}"),),
        request=item_requests.translated,
        reader=item_pieces.ItemReader,
    ),
}
"""By the name of the upstream's dialect."""
