"""`GET /v1/models`, `GET /v1/models/{id}`, and this proxy's own `GET /v1/llm/models`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ..documentation import UPSTREAM_FAILS, answers, array_of, described
from ..responses import json_response
from .context import adapter_of, while_connected

router = APIRouter()
# FastAPI adds no HEAD to a GET.
READ = ["GET", "HEAD"]


@router.api_route(
    "/v1/models",
    methods=READ,
    response_class=Response,
    **described("listModels", answers("ModelList", remembered=True), 401, *UPSTREAM_FAILS),
)
async def list_models(request: Request) -> Response:
    """List the models."""
    return json_response(await while_connected(request, adapter_of(request).models()))


@router.api_route(
    "/v1/models/{model_id:path}",
    methods=READ,
    response_class=Response,
    **described("getModel", answers("Model", remembered=True), 401, 404, *UPSTREAM_FAILS),
)
async def get_model(request: Request, model_id: str) -> Response:
    """Describe one model; its id may hold slashes."""
    return json_response(await while_connected(request, adapter_of(request).model(model_id)))


@router.api_route(
    "/v1/llm/models",
    methods=READ,
    response_class=Response,
    **described("listLLMModels", answers(array_of("LLMModel"), remembered=True), 401, *UPSTREAM_FAILS),
)
async def list_llm_models(request: Request) -> Response:
    """List the models with provider and context length."""
    return json_response(await while_connected(request, adapter_of(request).llm_models()))
