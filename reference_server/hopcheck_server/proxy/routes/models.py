"""`GET /v1/models`, `GET /v1/models/{id}`, and this proxy's own `GET /v1/llm/models`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hopcheck_server.proxy.requests import upstream_key_of
from hopcheck_server.proxy.responses import json_response
from hopcheck_server.proxy.routes.context import READ_METHODS, adapter_of, while_connected

router = APIRouter()


@router.api_route("/v1/models", methods=READ_METHODS)
async def list_models(request: Request) -> Response:
    """List the models."""
    return json_response(await while_connected(request, adapter_of(request).models(upstream_key_of(request))))


@router.api_route("/v1/models/{model_id:path}", methods=READ_METHODS)
async def get_model(request: Request, model_id: str) -> Response:
    """Describe one model; its id may hold slashes."""
    return json_response(await while_connected(request, adapter_of(request).model(model_id, upstream_key_of(request))))


@router.api_route("/v1/llm/models", methods=READ_METHODS)
async def list_llm_models(request: Request) -> Response:
    """List the models with provider and context length."""
    return json_response(await while_connected(request, adapter_of(request).llm_models(upstream_key_of(request))))
