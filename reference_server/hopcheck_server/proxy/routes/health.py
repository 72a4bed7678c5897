"""`GET /health/live` and `GET /health/ready`, which need no key and show no detail."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hopcheck_server.proxy.adapters.base import AdapterResponse
from hopcheck_server.proxy.errors import shutting_down
from hopcheck_server.proxy.json_text import encode
from hopcheck_server.proxy.responses import json_response
from hopcheck_server.proxy.routes.context import READ_METHODS, adapter_of, settings_of, while_connected

router = APIRouter()


@router.api_route("/health/live", methods=READ_METHODS)
async def live(request: Request) -> Response:
    """Answer as long as the process runs."""
    return _healthy(request, "ok")


@router.api_route("/health/ready", methods=READ_METHODS)
async def ready(request: Request) -> Response:
    """Answer 200 if requests can be served, or else with the error that they would get. Makes no provider call.

    While this process stops it isn't ready, though it still serves what comes.
    """
    if request.app.state.drain.begun:
        raise shutting_down()
    await while_connected(request, adapter_of(request).check_ready())
    return _healthy(request, "ready")


def _healthy(request: Request, status: str) -> Response:
    settings = settings_of(request)
    report = {"status": status, "version": settings.version, "mode": settings.llm_mode}
    return json_response(AdapterResponse(encode(report)))
