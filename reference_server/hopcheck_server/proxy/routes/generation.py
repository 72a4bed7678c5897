"""The requests that an upstream answers anew: chats, embeddings, messages and their tokens, responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.requests import read_chat, read_embeddings, read_message, read_response, read_token_count
from hopcheck_server.proxy.responses import response_of
from hopcheck_server.proxy.routes.context import adapter_of, settings_of, while_connected
from hopcheck_server.proxy.settings import Settings

Read = Callable[[Request, Settings], Awaitable[Call]]

READERS: dict[str, Read] = {
    "/v1/chat/completions": read_chat,
    "/v1/embeddings": read_embeddings,
    "/v1/messages": read_message,
    "/v1/messages/count_tokens": read_token_count,
    "/v1/responses": read_response,
}
"""What reads the body of a POST, by path."""


def _endpoint(read: Read) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        """Answer, complete or as a stream."""
        call = await read(request, settings_of(request))
        return response_of(await while_connected(request, adapter_of(request).answer(call)))

    return answer


ENDPOINTS = {path: _endpoint(read) for path, read in READERS.items()}
"""They are also called without FastAPI's work around them (see `Shortcut`)."""

router = APIRouter()

for path, endpoint in ENDPOINTS.items():
    router.post(path)(endpoint)
