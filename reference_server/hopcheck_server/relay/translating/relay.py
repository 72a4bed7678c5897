"""The translating relay: like the healthy one, but that it translates each request, response, stream and error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hopcheck_server.relay import errors
from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.messages import Events, IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.translating import chat_events, chat_responses, message_requests
from hopcheck_server.relay.translating.provider import TranslatingClient

Json = dict[str, Any]

VERSION = "2023-06-01"
"""The version of Anthropic's API, which every request names."""


class TranslatingRelay(Relay):
    """Translates chat completions; a mutant overrides one of the translations."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._provider = TranslatingClient(config.upstream, self)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """The request as a message's, with the key in Anthropic's header."""
        key = self.config.upstream_keys.get(outgoing.model, self.config.upstream_key)
        kept = tuple(pair for pair in outgoing.headers if pair[0] != "Authorization")
        headers = (("x-api-key", key), ("anthropic-version", VERSION), *kept)
        return replace(outgoing, path="/messages", headers=headers).with_json(self.to_message(outgoing.json))

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse also what has no translation."""
        refusal = await super().check(incoming)
        if refusal is not None or incoming.method != "POST":
            return refusal
        try:
            self.to_message(incoming.json or {})
        except (AttributeError, KeyError, TypeError, ValueError):
            return errors.refuse(incoming, 400, "The request can't be translated for its provider.")
        return None

    def to_message(self, body: Json) -> Json:
        """A request for a message that asks what a request for a chat completion asks."""
        return message_requests.translated(body)

    def to_completion(self, message: Json, model: str) -> Json:
        """A chat completion with what a message says."""
        return chat_responses.completion(message, model)

    def to_error(self, body: Json, status: int) -> Json:
        """OpenAI's error object with what Anthropic's says."""
        return chat_responses.error(body)

    def to_status(self, status: int) -> int:
        """The status that an error of the provider's is passed on with."""
        return status

    def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        """The chunks of a stream of events; it ends with `[DONE]` if the message does end."""
        return chat_events.chunks(events, model, include_usage=include_usage)
