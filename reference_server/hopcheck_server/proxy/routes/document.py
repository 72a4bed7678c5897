"""`GET /openapi.json`: the contract of this proxy, as the suite has it."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter, Request, Response

from hopcheck_contracts.documents import document
from hopcheck_server.proxy.adapters.base import AdapterResponse
from hopcheck_server.proxy.json_text import encode
from hopcheck_server.proxy.responses import json_response
from hopcheck_server.proxy.routes.context import READ_METHODS

router = APIRouter()


@router.api_route("/openapi.json", methods=READ_METHODS)
async def get_document(request: Request) -> Response:
    """Describe the API."""
    return json_response(AdapterResponse(_encoded()))


@cache
def _encoded() -> bytes:
    return encode(document("llm-proxy"))
