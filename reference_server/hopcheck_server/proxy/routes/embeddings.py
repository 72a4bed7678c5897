"""`POST /v1/embeddings`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hopcheck_server.proxy.requests import read_embeddings
from hopcheck_server.proxy.responses import json_response
from hopcheck_server.proxy.routes.context import adapter_of, settings_of, while_connected

PATH = "/v1/embeddings"

router = APIRouter()


@router.post(PATH)
async def create_embeddings(request: Request) -> Response:
    """Answer with one vector per input."""
    call = await read_embeddings(request, settings_of(request))
    return json_response(await while_connected(request, adapter_of(request).embeddings(call)))
