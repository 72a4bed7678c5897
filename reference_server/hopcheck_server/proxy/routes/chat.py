"""`POST /v1/chat/completions`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ..adapters.base import Answer
from ..documentation import UPSTREAM_FAILS, answers, described
from ..requests import read_chat
from ..responses import EventStreamResponse, json_response
from .context import adapter_of, settings_of, while_connected

router = APIRouter()


@router.post(
    "/v1/chat/completions",
    response_class=Response,
    **described(
        "createChatCompletion",
        answers("ChatCompletion", limits=True, stream="ChatCompletionServerSentEvent"),
        *(400, 401, 404, 408, 413, 415, 429),
        *UPSTREAM_FAILS,
        body="ProxyChatRequest",
    ),
)
async def create_chat_completion(request: Request) -> Response:
    """Answer a chat, complete or as a stream."""
    call = await read_chat(request, settings_of(request))
    answer = await while_connected(request, adapter_of(request).chat(call))
    return json_response(answer) if isinstance(answer, Answer) else EventStreamResponse(answer)
