"""The translating relay: like the healthy one, but that it translates each request, response, stream and error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

from hopcheck_contracts.sse import DONE, Event, event_of
from hopcheck_server.relay import errors
from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.messages import Events, Failure, IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.translating import pieces
from hopcheck_server.relay.translating.languages import LANGUAGES
from hopcheck_server.relay.translating.pieces import ChunkWriter, Piece
from hopcheck_server.relay.translating.provider import TranslatingClient

Json = dict[str, Any]


TOO_LONG = re.compile(r"too long|maximum number of tokens|context length")
"""What providers say of a conversation that is longer than the model's context."""


class TranslatingRelay(Relay):
    """Translates chat completions; a mutant overrides one of the translations.

    Attributes:
        providers: Those that it can stand in front of, by the upstream's names for their dialects; a mutant that is
            wrong with some of them alone names those.
    """

    provider: ClassVar[str] = "anthropic"
    providers: ClassVar[tuple[str, ...]] = tuple(LANGUAGES)

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.language = LANGUAGES[self.provider]
        self._provider = TranslatingClient(config.upstream.removesuffix("/v1"), self.language, self)

    @classmethod
    def healthy(cls) -> type[Relay]:
        """The relay in front of the same provider that has no fault."""
        return speaking(TranslatingRelay, cls.provider)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """The request in the provider's form, with the key where the provider has it."""
        key = self.config.upstream_keys.get(outgoing.model, self.config.upstream_key)
        kept = tuple(pair for pair in outgoing.headers if pair[0] != "Authorization")
        path = self.language.path(str(outgoing.json.get("model")), outgoing.incoming.streams)
        headers = (*self.language.headers(key), *kept)
        return replace(outgoing, path=path, headers=headers).with_json(self.to_request(outgoing.json))

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse also what has no translation."""
        refusal = await super().check(incoming)
        if refusal is not None or incoming.method != "POST":
            return refusal
        try:
            self.to_request(incoming.json or {})
        except (AttributeError, KeyError, TypeError, ValueError):
            return errors.refuse(incoming, 400, "The request can't be translated for its provider.")
        return None

    def to_request(self, body: Json) -> Json:
        """The provider's request that asks what a request for a chat completion asks."""
        return self.language.request(body)

    def to_completion(self, payload: Json, model: str) -> Json:
        """A chat completion with what the provider's response says."""
        return pieces.completion(self.to_pieces(self.language.reader().read(payload)), model)

    def to_error(self, body: Json, status: int) -> Json:
        """OpenAI's error object with what the provider's says, and with the code that clients know."""
        shaped = pieces.error(body, status)
        error = shaped.get("error", {})
        is_too_long = status == 400 and TOO_LONG.search(str(error.get("message")))
        return {"error": {**error, "code": "context_length_exceeded"}} if is_too_long else shaped

    def to_status(self, status: int) -> int:
        """The status that an error of the provider's is passed on with."""
        return status

    def to_pieces(self, found: Iterable[Piece]) -> Iterable[Piece]:
        """The pieces of a response, or of one of a stream's events."""
        return found

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        """The chunks of a stream of events; it ends with `[DONE]` if the response does end.

        Raises:
            Failure: The stream ended before the response did, or what it says can't be read.
        """
        reader, writer = self.language.reader(), ChunkWriter(model, include_usage=include_usage)
        async for event in events:
            for chunk in _written(writer, self._read(reader.read, event)):
                yield event_of(chunk)
                if "error" in chunk:
                    return
            if writer.is_over:
                break
        if not self.is_whole(writer):
            raise Failure("cut", "the provider's stream ended before its response did")
        for chunk in writer.ending():
            yield event_of(chunk)
        yield DONE

    def is_whole(self, writer: ChunkWriter) -> bool:
        """Whether a stream has come to its end, and not only to that of its body."""
        return writer.is_whole

    def _read(self, read: Any, event: Event) -> Iterable[Piece]:
        payload = event.json if event.data else None
        return self.to_pieces(read(payload)) if isinstance(payload, dict) else ()


def _written(writer: ChunkWriter, found: Iterable[Piece]) -> list[Json]:
    try:
        return list(writer.chunks(found))
    except (KeyError, TypeError, AttributeError) as error:
        raise Failure("garbled", "the provider sent a malformed event") from error


def speaking(relay: type[TranslatingRelay], provider: str) -> type[TranslatingRelay]:
    """A translating relay class in front of a certain provider."""
    members = {"provider": provider, "__doc__": relay.__doc__, "__module__": relay.__module__}
    return type(relay.__name__, (relay,), members)
