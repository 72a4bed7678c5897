"""`POST /v1/chat/completions`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hopcheck_server.proxy.adapters.base import AdapterResponse
from hopcheck_server.proxy.requests import read_chat
from hopcheck_server.proxy.responses import EventStreamResponse, json_response
from hopcheck_server.proxy.routes.context import adapter_of, settings_of, while_connected

PATH = "/v1/chat/completions"

router = APIRouter()


@router.post(PATH)
async def create_chat_completion(request: Request) -> Response:
    """Answer a chat, complete or as a stream."""
    call = await read_chat(request, settings_of(request))
    response = await while_connected(request, adapter_of(request).chat(call))
    return json_response(response) if isinstance(response, AdapterResponse) else EventStreamResponse(response)
