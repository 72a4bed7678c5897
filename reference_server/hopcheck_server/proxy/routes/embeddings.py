"""`POST /v1/embeddings`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ..documentation import UPSTREAM_FAILS, answers, described
from ..requests import read_embeddings
from ..responses import json_response
from .context import adapter_of, settings_of, while_connected

router = APIRouter()


@router.post(
    "/v1/embeddings",
    response_class=Response,
    **described(
        "createEmbeddings",
        answers("EmbeddingList", limits=True),
        *(400, 401, 404, 408, 413, 415, 429),
        *UPSTREAM_FAILS,
        body="ProxyEmbeddingRequest",
    ),
)
async def create_embeddings(request: Request) -> Response:
    """Answer with one vector per input."""
    call = await read_embeddings(request, settings_of(request))
    return json_response(await while_connected(request, adapter_of(request).embeddings(call)))
