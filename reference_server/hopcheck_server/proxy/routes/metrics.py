"""`GET /metrics`, in Prometheus's text format."""

from __future__ import annotations

import asyncio
from typing import cast

from fastapi import APIRouter, Request, Response

from hopcheck_server.proxy.telemetry.metrics import CONTENT_TYPE, Metrics

router = APIRouter()


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Counts and times of this process."""
    metrics = cast("Metrics", request.app.state.metrics)
    # Formatting them takes milliseconds, during which streams would stand still.
    return Response(await asyncio.to_thread(metrics.text), media_type=CONTENT_TYPE)
