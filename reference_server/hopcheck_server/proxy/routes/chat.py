"""`POST /v1/chat/completions`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ..adapters.base import Answer
from ..requests import read_chat
from ..responses import EventStreamResponse, json_response
from .context import adapter_of, settings_of, while_connected

router = APIRouter()


@router.post("/v1/chat/completions", response_model=None)
async def create_chat_completion(request: Request) -> Response:
    """Answer a chat, complete or as a stream."""
    call = await read_chat(request, settings_of(request))
    answer = await while_connected(request, adapter_of(request).chat(call))
    return json_response(answer) if isinstance(answer, Answer) else EventStreamResponse(answer)
