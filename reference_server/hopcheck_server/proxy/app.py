"""The application: adapter, middleware, routes, and one shape for all errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException

from hopcheck_server.proxy.adapters.base import BaseLLMAdapter
from hopcheck_server.proxy.adapters.factory import make_adapter
from hopcheck_server.proxy.auth import ClientAuth
from hopcheck_server.proxy.drain import Drain
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.memory.body_limit import BodyLimit
from hopcheck_server.proxy.memory.budget import ByteBudget
from hopcheck_server.proxy.middleware import Preflight, RequestContext, Shortcut
from hopcheck_server.proxy.redaction import Redactor
from hopcheck_server.proxy.responses import error_response
from hopcheck_server.proxy.routes import document, generation, health, metrics, models, stored_responses
from hopcheck_server.proxy.settings import Settings, clients_of
from hopcheck_server.proxy.telemetry.metrics import Metrics
from hopcheck_server.proxy.telemetry.traces import no_traces, open_telemetry

EXPOSED = ["x-request-id", "request-id", "retry-after", "age", "x-llm-proxy-stale", "x-llm-proxy-fallback"]
"""The header fields that scripts of other origins may read."""


def create_app(settings: Settings, adapter: BaseLLMAdapter | None = None) -> FastAPI:
    """Make the application; `adapter` replaces the one for these settings."""
    app = FastAPI(
        title="LLM-Proxy",
        version=settings.version,
        lifespan=_lifespan,
        redirect_slashes=False,
        # The contract is served by a route of its own, which needs the key, and there are no pages about it.
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.settings = settings
    app.state.drain = Drain(settings.drain_delay_s)
    app.state.byte_budget = ByteBudget(settings.max_held_bytes, settings.connect_timeout_s)
    app.state.client_keys = clients_of(settings)
    app.state.redactor = Redactor(lambda: {*settings.secrets, *app.state.client_keys.upstream_keys})
    app.state.adapter = adapter or make_adapter(settings, app.state.redactor)
    app.state.metrics = Metrics(lambda: cast("BaseLLMAdapter", app.state.adapter).is_healthy)
    app.state.traces, app.state.end_traces = (
        open_telemetry(settings.version) if settings.otel else (no_traces, _nothing_to_end)
    )
    watched = [metrics] if settings.metrics != "off" else []
    for routes in (generation, stored_responses, models, health, document, *watched):
        app.include_router(routes.router)
    app.add_exception_handler(ProxyError, _on_proxy_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    _add_middleware(app, settings)
    return app


def _nothing_to_end() -> None:
    return


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    adapter: BaseLLMAdapter = app.state.adapter
    await adapter.start()
    app.state.drain.watch_signals()
    yield
    await adapter.aclose()
    await asyncio.to_thread(app.state.end_traces)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Innermost first: each one added wraps those before it."""
    app.add_middleware(Shortcut, endpoints=generation.ENDPOINTS)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, budget=app.state.byte_budget)
    open_paths = ("/metrics",) if settings.metrics == "open" else ()
    app.add_middleware(ClientAuth, keys=app.state.client_keys, open_paths=open_paths)
    app.add_middleware(Preflight)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    state = app.state
    app.add_middleware(
        RequestContext, metrics=state.metrics, redactor=state.redactor, drain=state.drain, traces=state.traces
    )


async def _on_proxy_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProxyError)
    return error_response(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: unknown paths and wrong methods."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        message, code = f"This path does not answer {request.method}.", "method_not_allowed"
    elif error.status_code == 404:
        message, code = f"Unknown request URL: {request.method} {request.url.path[:200]}.", "unknown_url"
    else:
        message, code = str(error.detail), None
    return error_response(ProxyError(error.status_code, message, code, headers=error.headers))
