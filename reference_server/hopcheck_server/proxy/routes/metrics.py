"""`GET /metrics`, in Prometheus's text format."""

from __future__ import annotations

import asyncio
from typing import cast

from fastapi import APIRouter, Request, Response

from ..documentation import described, plain_text
from ..telemetry.metrics import CONTENT_TYPE, Metrics

router = APIRouter()


@router.get("/metrics", response_class=Response, **described("getMetrics", plain_text(), 401, 404, 500, "default"))
async def get_metrics(request: Request) -> Response:
    """Counts and times of this process."""
    metrics = cast("Metrics", request.app.state.metrics)
    # Writing them down takes milliseconds, in which streams would stand still.
    return Response(await asyncio.to_thread(metrics.text), media_type=CONTENT_TYPE)
