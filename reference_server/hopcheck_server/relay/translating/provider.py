"""The client for a provider of another dialect: what it gives back is OpenAI's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Protocol

from hopcheck_server.relay.messages import Events, Failure, OutgoingRequest, dump
from hopcheck_server.relay.provider import ProviderClient, ProviderResponse, begun
from hopcheck_server.relay.streams import body_of
from hopcheck_server.relay.translating.languages import ProviderLanguage
from hopcheck_server.wire.client import Head

Json = dict[str, Any]


class Translations(Protocol):
    """What of a provider's responses is translated."""

    def to_completion(self, payload: Json, model: str) -> Json:
        """A whole response."""

    def to_error(self, body: Json, status: int) -> Json:
        """The body of an error."""

    def to_status(self, status: int) -> int:
        """The status of an error."""

    def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        """A stream."""


class TranslatingClient(ProviderClient):
    """Makes attempts, and translates what they are answered."""

    def __init__(self, url: str, language: ProviderLanguage, translations: Translations) -> None:
        super().__init__(url)
        self._language = language
        self._translations = translations

    async def attempt(self, outgoing: OutgoingRequest, timeout_s: float) -> ProviderResponse:
        """Send one attempt (see `ProviderClient`)."""
        connection, head = await self._exchange(outgoing, timeout_s)
        try:
            body = body_of(connection, head, timeout_s)
            if head.status == 200 and (head.header("content-type") or "").startswith(self._language.media_type):
                events = self._chunks(self._language.events(body), outgoing)
                return ProviderResponse(head, events=await begun(events), connection=connection)
            whole = b"".join([data async for data in body])
            self._pool.give(connection)
        except BaseException:
            connection.abort()
            raise
        return self._whole(outgoing, head, whole)

    def _chunks(self, events: Events, outgoing: OutgoingRequest) -> Events:
        options = (outgoing.incoming.json or {}).get("stream_options")
        include_usage = isinstance(options, dict) and options.get("include_usage") is True
        return self._translations.to_chunks(events, outgoing.model, include_usage=include_usage)

    def _whole(self, outgoing: OutgoingRequest, head: Head, body: bytes) -> ProviderResponse:
        payload = _object(body)
        if head.status >= 300:
            status = self._translations.to_status(head.status)
            translated = dump(self._translations.to_error(payload or {}, head.status))
            raise Failure("status", f"the provider answered {status}", replace(head, status=status), translated)
        completion = self._completion(payload or {}, outgoing.model)
        if completion is not None and "error" in completion:
            raise Failure("error-event", "the provider's response is an error", body=dump(completion))
        if completion is None or outgoing.incoming.streams:
            raise Failure("garbled", "the provider's response is not of the form that was asked for", head, body)
        return ProviderResponse(head, dump(completion))

    def _completion(self, payload: Json, model: str) -> Json | None:
        try:
            completion = self._translations.to_completion(payload, model)
        except (KeyError, TypeError, AttributeError):
            return None
        return completion if completion.get("choices") or "error" in completion else None


def _object(body: bytes) -> Json | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
