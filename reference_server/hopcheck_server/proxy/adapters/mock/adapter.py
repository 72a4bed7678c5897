"""The adapter of mock mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.mock.mock_chats import chunks, completion
from hopcheck_server.proxy.adapters.mock.mock_embeddings import embedding_list
from hopcheck_server.proxy.adapters.mock.mock_messages import message, message_events, token_count
from hopcheck_server.proxy.adapters.mock.mock_responses import completed_response, response_events
from hopcheck_server.proxy.adapters.model_list import LLMModel, llm_models_response
from hopcheck_server.proxy.adapters.streams.relays import relay_for
from hopcheck_server.proxy.adapters.streams.stream_relay import StreamRelay
from hopcheck_server.proxy.errors import ProxyError, model_not_found
from hopcheck_server.proxy.json_text import encode
from hopcheck_server.proxy.settings import Settings

CREATED = 1_700_000_000
"""The models' creation time, which must not be the time of the request."""

COMPLETE: dict[str, Callable[[Call], dict[str, Any]]] = {
    "/v1/chat/completions": completion,
    "/v1/embeddings": embedding_list,
    "/v1/messages": message,
    "/v1/messages/count_tokens": token_count,
    "/v1/responses": completed_response,
}
"""What answers a call in one piece, by path."""

STREAMED: dict[str, Callable[[Call], Iterator[bytes]]] = {
    "/v1/chat/completions": chunks,
    "/v1/messages": message_events,
    "/v1/responses": response_events,
}
"""What answers it by a stream, in blocks with a pause between them."""


class MockAdapter(BaseLLMAdapter):
    """Answers requests for any model with the same words, in a stream one word at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def answer(self, call: Call) -> AdapterResponse | AdapterStream:
        """Answer with fixed words and a count of the words in the request as usage."""
        path = call.path.partition("?")[0]
        if path not in COMPLETE:
            raise ProxyError(404, "A mock stores no responses.", "not_found")
        if call.streams and path in STREAMED:
            # Its own events take the way of an upstream's, so that one that is cut off ends in the same way.
            relay = relay_for(call, _unchanged, _unexpected)
            return AdapterStream(self._paced(relay, STREAMED[path](call)), relay.in_band, _nothing_to_close)
        return AdapterResponse(encode(COMPLETE[path](call)))

    async def _paced(self, relay: StreamRelay, blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
        for number, block in enumerate(blocks):
            if number:
                # The pause makes it look like a real stream.
                await asyncio.sleep(self._settings.mock_delay_s)
            yield relay.feed(block)

    async def models(self, key: str | None = None) -> AdapterResponse:
        """List the default models."""
        return AdapterResponse(encode({"object": "list", "data": [_entry(name) for name in self._names()]}))

    async def model(self, model_id: str, key: str | None = None) -> AdapterResponse:
        """Return one of the default models."""
        if model_id not in self._names():
            raise model_not_found(model_id)
        return AdapterResponse(encode(_entry(model_id)))

    async def llm_models(self, key: str | None = None) -> AdapterResponse:
        """List the default models; a mock has no context length."""
        names = self._names()
        return llm_models_response(
            LLMModel(id=name, name=name, provider="mock", context_length=None, is_available=True) for name in names
        )

    async def check_ready(self) -> None:
        """Return: a mock is always ready."""

    def _names(self) -> list[str]:
        names = (self._settings.default_model, self._settings.default_embedding_model)
        return [name for name in names if name]


async def _nothing_to_close() -> None:
    return


def _unchanged(event: dict[str, Any]) -> None:
    return


def _unexpected(error: Any) -> ProxyError:
    return ProxyError(500, "A mock doesn't fail.")


def _entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "mock"}
