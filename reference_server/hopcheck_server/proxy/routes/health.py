"""`GET /health/live` and `GET /health/ready`: open to everybody, and telling nobody much."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ..adapters.base import Answer
from ..documentation import UPSTREAM_FAILS, answers, described
from ..responses import json_response
from ..schemas import Health
from .context import adapter_of, settings_of, while_connected

router = APIRouter()
READ = ["GET", "HEAD"]


@router.api_route(
    "/health/live",
    methods=READ,
    response_class=Response,
    **described("isLive", answers("Health"), is_open=True),
)
async def live(request: Request) -> Response:
    """Say that the process answers."""
    return _healthy(request, "ok")


@router.api_route(
    "/health/ready",
    methods=READ,
    response_class=Response,
    **described("isReady", answers("Health"), *UPSTREAM_FAILS, is_open=True),
)
async def ready(request: Request) -> Response:
    """Say whether requests can be served: 200, or the error that they would get. Makes no provider call."""
    await while_connected(request, adapter_of(request).check_ready())
    return _healthy(request, "ready")


def _healthy(request: Request, status: str) -> Response:
    settings = settings_of(request)
    health = Health(status=status, version=settings.version, mode=settings.llm_mode)
    return json_response(Answer(health.model_dump_json().encode()))
